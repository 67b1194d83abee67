"""Endpoints, deliveries, attempts and replays as operators see them, and the outbox."""

import csv
import hashlib
import io
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.console.attention_webhooks import told, watched
from apps.console.noticing import up_to_many_of_each
from apps.core import clock
from apps.operations import sequencer
from apps.operations.models import Book, Event
from apps.webhooks.models import (
    Attempt,
    AttemptVerification,
    Delivery,
    Endpoint,
    EndpointSecret,
    SigningKey,
)
from apps.webhooks.tasks import verify_attempts
from tests.console.plans import queries
from tests.support.door import done, eur
from tests.support.hooked import Answer, Receiver
from tests.support.payouts import later
from tests.support.tenants import World
from tests.support.webhooks import deliver, endpoint, happens

pytestmark = pytest.mark.usefixtures("ledger_db")

ENDPOINTS, DELIVERIES, ATTEMPTS, REPLAYS = (
    f"/ops/webhooks/{name}/" for name in ("endpoint", "delivery", "attempt", "replay")
)
RUNGS = (0, 70, 340, 1_000, 4_000)
"""Seconds after the attempt before, by which each is due."""


@pytest.fixture
def boss(admin: User) -> Client:
    """A browser in which an admin is signed in."""
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def made(acme: World, receiver: Receiver) -> str:
    """An endpoint that is told of new wallets."""
    given = {"description": "Shop", "headers": {"Authorization": "Bearer hush"}}
    return str(endpoint(acme, receiver.url, types=["wallet.created"], **given)["endpoint"])


def text(client: Client, address: str, status: int = 200) -> str:
    """A page, its blanks as one."""
    answer = client.get(address)
    assert answer.status_code == status, address
    return " ".join(answer.content.decode().split())


def send(client: Client, command: str, **given: str) -> Any:
    """Run a command by its form, always with the same key."""
    data = urlencode({**given, "idempotency_key": "k-1", "do": "run"})
    return client.post(f"/ops/do/{command}/", data, content_type="application/x-www-form-urlencoded")


def fails(acme: World, receiver: Receiver, status: int = 503) -> Delivery:
    """A delivery that has failed for good."""
    receiver.always = Answer(status, {"X-Why": "tired"}, b'{"error":"<b>no</b>"}')
    happens(acme)
    passed = 0
    for seconds in RUNGS:
        passed += seconds
        with later(seconds=passed):
            deliver()
    found = Delivery.objects.get()
    assert found.status == "failed"
    return found


class TestEndpoints:
    def test_one_says_whose_it_is_what_it_is_told_and_that_nothing_was_sent(
        self, acme: World, made: str, console: Client
    ) -> None:
        for page in (text(console, ENDPOINTS), text(console, f"{ENDPOINTS}{made}/")):
            assert Endpoint.objects.get().url in page
            assert "wallet.created" in page
            assert acme.test_book.name in page
        assert "nothing was sent yet" in text(console, ENDPOINTS)
        assert "Send it a test" in text(console, f"{ENDPOINTS}{made}/")

    def test_how_it_is_doing(self, acme: World, made: str, receiver: Receiver, console: Client) -> None:
        happens(acme)
        deliver()
        assert "accepts" in text(console, ENDPOINTS)
        receiver.always = Answer(500)
        for _ in range(6):
            happens(acme)
        deliver()
        listed, page = text(console, ENDPOINTS), text(console, f"{ENDPOINTS}{made}/")
        assert "all fails" in listed
        assert "left alone until" in listed
        assert "All fails since" in page
        assert "failures in a row" in page
        assert "It answered 500" in page

    def test_what_it_has_missed_is_counted(self, acme: World, made: str, console: Client) -> None:
        done("webhooks.disable_endpoint", endpoint=made, reason="moving house")
        happens(acme)
        happens(acme)
        deliver()
        before = Event.objects.filter(book=acme.test_book).count()
        page = text(console, f"{ENDPOINTS}{made}/")
        assert "moving house" in page
        assert "Nothing is lost" in page
        assert "events behind" in text(console, f"{ENDPOINTS}?status=disabled")
        assert before >= 2

    def test_its_commands_are_those_of_its_status(self, made: str, boss: Client, console: Client) -> None:
        page = f"{ENDPOINTS}{made}/"
        enabled = (
            "send_test",
            "send_raw",
            "replay_range",
            "update_endpoint",
            "rotate_secret",
            "disable_endpoint",
        )
        for name in enabled:
            assert f"/ops/do/webhooks.{name}/?endpoint={made}" in text(boss, page)
            assert f"/ops/do/webhooks.{name}/" not in text(console, page)
        done("webhooks.disable_endpoint", endpoint=made, reason="x")
        assert "/ops/do/webhooks.enable_endpoint/" in text(boss, page)
        assert "/ops/do/webhooks.send_test/" not in text(boss, page)
        done("webhooks.remove_endpoint", endpoint=made, reason="x")
        assert "/ops/do/webhooks." not in text(boss, page)

    def test_no_secret_is_on_any_page(self, acme: World, made: str, receiver: Receiver, boss: Client) -> None:
        happens(acme)
        deliver()
        secret, key = EndpointSecret.objects.get().secret, SigningKey.objects.get()
        attempt, delivery = Attempt.objects.get(), Delivery.objects.get()
        for address in (
            *(ENDPOINTS, f"{ENDPOINTS}{made}/", f"{DELIVERIES}{delivery.pk}/"),
            *(f"{ATTEMPTS}{attempt.pk}/", f"{ATTEMPTS}{attempt.pk}/receipt/"),
            *(f"/ops/accounts/tenant/{acme.test_tenant}/", f"{ENDPOINTS}as/csv/"),
        ):
            answer = boss.get(address)
            page = answer.getvalue().decode()
            assert answer.status_code == 200
            for hidden in (secret, secret.removeprefix("whsec_"), key.private, "hush"):
                assert hidden not in page, address
        assert key.public in text(boss, f"{ENDPOINTS}{made}/")
        assert key.public in text(boss, f"/ops/accounts/tenant/{acme.test_tenant}/")

    def test_a_secret_is_shown_once_when_it_is_rotated(self, made: str, boss: Client) -> None:
        first = send(boss, "webhooks.rotate_secret", endpoint=made, overlap_hours="1").content.decode()
        secret = EndpointSecret.objects.get(ends_at=None).secret
        assert f'data-copy="{secret}"' in first
        again = send(boss, "webhooks.rotate_secret", endpoint=made, overlap_hours="1").content.decode()
        assert "nothing happened twice" in again
        assert secret not in again


class TestDeliveries:
    def test_one_that_failed_says_why_and_can_be_sent_again(
        self, acme: World, made: str, receiver: Receiver, boss: Client, console: Client
    ) -> None:
        delivery = fails(acme, receiver)
        listed, page = text(boss, f"{DELIVERIES}?status=failed"), text(boss, f"{DELIVERIES}{delivery.pk}/")
        assert "It answered 503" in listed
        assert f'name="deliveries.0" value="{delivery.pk}"' in listed
        assert "It was not accepted in 5 attempts" in page
        assert f"/ops/do/webhooks.retry_delivery/?delivery={delivery.pk}" in page
        assert "deliveries.0" not in text(console, f"{DELIVERIES}?status=failed")
        receiver.always = Answer()
        done("webhooks.retry_deliveries", deliveries=[delivery.pk])
        with later(hours=3):
            deliver()
        page = text(boss, f"{DELIVERIES}{delivery.pk}/")
        assert "Accepted, 200" in page
        assert "sent again once" in page
        assert "It waits for somebody" not in page

    def test_what_is_ticked_stands_in_the_form_that_sends_it_again(
        self, acme: World, made: str, receiver: Receiver, boss: Client
    ) -> None:
        delivery = fails(acme, receiver)
        form = text(boss, f"/ops/do/webhooks.retry_deliveries/?deliveries.7={delivery.pk}")
        assert f'value="{delivery.pk}"' in form
        done("webhooks.disable_endpoint", endpoint=made, reason="x")
        assert "/ops/do/webhooks.retry_deliveries/" not in text(boss, f"{DELIVERIES}?status=failed")
        assert "/ops/do/webhooks.retry_delivery/" not in text(boss, f"{DELIVERIES}{delivery.pk}/")
        assert "First its endpoint is to be enabled" in text(boss, f"{DELIVERIES}{delivery.pk}/")
        done("webhooks.enable_endpoint", endpoint=made)
        all_of_page = f"/ops/do/webhooks.retry_deliveries/?deliveries.0={delivery.pk}"
        assert all_of_page in text(boss, f"{DELIVERIES}?status=failed")

    def test_one_that_failed_can_be_acknowledged(
        self, acme: World, made: str, receiver: Receiver, boss: Client, console: Client
    ) -> None:
        delivery = fails(acme, receiver)
        page, listed = f"{DELIVERIES}{delivery.pk}/", f"{DELIVERIES}?status=failed"
        form = f"/ops/do/webhooks.acknowledge_deliveries/?deliveries.0={delivery.pk}"
        assert form in text(boss, page)
        assert "acknowledge_deliveries" not in text(console, page)
        done("webhooks.disable_endpoint", endpoint=made, reason="x")
        assert f'name="deliveries.0" value="{delivery.pk}"' in text(boss, listed)
        assert f'formaction="{form.partition("?")[0]}"' in text(boss, listed)
        assert form in text(boss, listed)
        assert f'value="{delivery.pk}"' in text(boss, form)
        given = {"deliveries.0": str(delivery.pk), "reason": "the shop was closed"}
        assert send(boss, "webhooks.acknowledge_deliveries", **given).status_code == 200
        said = text(boss, page)
        assert "Acknowledged: nothing is to be done" in said
        assert "the shop was closed" in said
        assert "grace@example.com" in said.partition("Acknowledged: nothing")[2].partition("</header>")[0]
        assert "It waits for somebody" not in said
        assert "acknowledge_deliveries" not in said.partition("Acknowledged: nothing")[0]
        assert str(delivery.pk) not in text(boss, listed)
        assert str(delivery.pk) in text(boss, f"{DELIVERIES}?status=acknowledged")
        [row] = csv.DictReader(io.StringIO(boss.get(f"{DELIVERIES}as/csv/").getvalue().decode()))
        assert row["Why"] == "the shop was closed"

    def test_the_message_is_made_of_its_event_again(
        self, acme: World, made: str, receiver: Receiver, console: Client
    ) -> None:
        happens(acme)
        deliver()
        [came], delivery = receiver.received, Delivery.objects.get()
        answer = console.get(f"{DELIVERIES}{delivery.pk}/")
        assert answer.context["message"].body == came.body
        assert hashlib.sha256(came.body).hexdigest() in answer.content.decode()

    def test_the_message_is_shown_byte_by_byte_as_it_was_sent(
        self, acme: World, made: str, receiver: Receiver, console: Client
    ) -> None:
        done("webhooks.send_raw", endpoint=made, body='{"of": "Ünal <savings>"}')
        deliver()
        [came], delivery = receiver.received, Delivery.objects.get()
        page = text(console, f"{DELIVERIES}{delivery.pk}/")
        assert hashlib.sha256(came.body).hexdigest() in page
        assert "It is not the message as it is made now" not in page
        assert "&lt;savings&gt;" in page
        assert "<savings>" not in page

    def test_a_body_that_is_other_than_what_was_sent_is_told(
        self, acme: World, made: str, receiver: Receiver, console: Client
    ) -> None:
        done("webhooks.send_raw", endpoint=made, body='{"a" : 1}')
        deliver()
        Delivery.objects.update(body='{"a" : 2}')
        page = text(console, f"{DELIVERIES}{Delivery.objects.get().pk}/")
        assert "It is not the message as it is made now" in page

    def test_what_waits_for_another_of_its_object_says_so(
        self, acme: World, receiver: Receiver, console: Client
    ) -> None:
        endpoint(acme, receiver.url, types=["wallet.*"])
        receiver.always = Answer(500)
        done("accounts.update_wallet", wallet=happens(acme), name="b")
        deliver()
        first, second = Delivery.objects.order_by("position")
        assert f"{DELIVERIES}{first.pk}/" in text(console, f"{DELIVERIES}{second.pk}/")
        assert "this waits for what is before it" in text(console, f"{DELIVERIES}{second.pk}/")

    def test_the_list_is_narrowed(self, acme: World, made: str, receiver: Receiver, console: Client) -> None:
        wallet, other = happens(acme), happens(acme)
        deliver()
        found = text(console, f"{DELIVERIES}?q={wallet}")
        assert wallet in found
        assert other not in found
        for narrowed in (
            f"endpoint={made}&status=delivered",
            "type=wallet.created",
            f"tenant={acme.test_tenant}",
        ):
            assert other in text(console, f"{DELIVERIES}?{narrowed}")
        for narrowed in ("status=failed", "type=wallet.closed", f"tenant={acme.tenant}"):
            assert other not in text(console, f"{DELIVERIES}?{narrowed}")

    def test_an_event_and_a_transfer_lead_to_it(self, acme: World, made: str, console: Client) -> None:
        wallet = happens(acme)
        deliver()
        event = Event.objects.get(type="wallet.created", subject=wallet)
        assert f"{DELIVERIES}?q={wallet}" in text(console, f"/ops/operations/event/{event.pk}/")
        paid = {"amount": eur("1.00"), "from_wallet": acme.funded("5.00"), "to_wallet": acme.wallet()}
        transfer = done("transfers.create_transfer", **paid)["transfer"]
        assert f"{DELIVERIES}?q={transfer}" in text(console, f"/ops/transfers/transfer/{transfer}/")


class TestEvidence:
    def test_an_attempt_shows_what_was_sent_and_what_came_back(
        self, acme: World, made: str, receiver: Receiver, console: Client
    ) -> None:
        receiver.always = Answer(500, {"X-Why": "tired"}, b"<i>no</i>")
        happens(acme)
        deliver()
        attempt = Attempt.objects.get()
        for address in (f"{ATTEMPTS}{attempt.pk}/", f"{DELIVERIES}{attempt.delivery_id}/"):
            page = text(console, address)
            for shown in ("127.0.0.1", "webhook-signature", "X-Why", "tired", "It answered 500."):
                assert shown in page, address
            assert "&lt;i&gt;no&lt;/i&gt;" in page
        assert "Not sealed" in text(console, ATTEMPTS)
        deliver()
        assert "Not sealed" not in text(console, ATTEMPTS)

    def test_a_receipt_proves_itself(
        self, acme: World, made: str, receiver: Receiver, console: Client
    ) -> None:
        receiver.always = Answer(500, {}, b"\xff\x00no")
        happens(acme)
        deliver()
        deliver()
        attempt = Attempt.objects.get()
        answer = console.get(f"{ATTEMPTS}{attempt.pk}/receipt/")
        receipt, sent = json.loads(answer.content), receiver.received[0]
        seal = receipt["seal"]
        start = hashlib.sha256(f"countinghouse:webhooks:{attempt.book_id}".encode()).hexdigest()
        assert (seal["position"], seal["before"]) == (1, start)
        proof = bytes.fromhex(seal["before"]) + seal["text"].encode()
        assert hashlib.sha256(proof).hexdigest() == seal["hash"]
        assert receipt["body"].encode() == sent.body
        sealed = json.loads(seal["text"])
        assert receipt["body_sha256"] in sealed
        assert receipt["answer_sha256"] == hashlib.sha256(b"\xff\x00no").hexdigest()
        assert receipt["answer_sha256"] in sealed
        assert "attachment" in answer["Content-Disposition"]
        assert console.get(f"{ATTEMPTS}wha_01m7z75h000000000000000000/receipt/").status_code == 404

    def test_the_receipts_of_a_list_are_a_chain(
        self, acme: World, made: str, receiver: Receiver, boss: Client
    ) -> None:
        receiver.answer(500, 302, 200)
        for _ in range(3):
            happens(acme)
        deliver()
        deliver()
        answer = boss.get(f"{ATTEMPTS}as/csv/").getvalue().decode()
        rows = sorted(csv.DictReader(io.StringIO(answer)), key=lambda row: int(row["Place"]))
        assert len(rows) == 3
        before = rows[0]["Seal before"]
        for row in rows:
            assert row["Seal before"] == before
            before = hashlib.sha256(bytes.fromhex(before) + row["Sealed text"].encode()).hexdigest()
            assert row["Seal"] == before
            sealed = json.loads(row["Sealed text"])
            assert {row["Body SHA-256"], row["Answer SHA-256"], row["URL"]} <= {
                each for each in sealed if isinstance(each, str)
            }


class TestReplays:
    def test_one_shows_how_far_it_is(
        self, acme: World, made: str, receiver: Receiver, console: Client, boss: Client
    ) -> None:
        for _ in range(3):
            happens(acme)
        deliver()
        given = {"endpoint": made, "after": 0, "what": "all", "reason": "they lost it"}
        replay = done("webhooks.replay_range", **given)["replay"]
        page = text(console, f"{REPLAYS}{replay}/")
        assert "Under way" in page
        assert "they lost it" in page
        assert receiver.url in text(console, f"{REPLAYS}?state=running")
        deliver()
        assert "3 of 3" in text(console, f"{REPLAYS}{replay}/")
        assert (
            receiver.url
            not in text(console, f"{REPLAYS}?state=running").partition("</nav>")[2].partition("<tbody>")[2]
        )
        assert f"{REPLAYS}{replay}/" in text(boss, f"{ENDPOINTS}{made}/")


class TestOutbox:
    def test_nothing_waits(self, console: Client) -> None:
        page = text(console, "/ops/outbox/")
        assert "No endpoints yet" in page
        assert "No worker holds an endpoint" in page

    def test_what_waits_for_what(self, acme: World, made: str, receiver: Receiver, console: Client) -> None:
        deliver()
        assert '<span class="figure">0</span><span class="title">events not numbered yet' in text(
            console, "/ops/outbox/"
        )
        happens(acme)
        assert '<span class="figure">0</span><span class="title">events not numbered yet' not in text(
            console, "/ops/outbox/"
        )
        receiver.always = Answer(500)
        deliver()
        page = text(console, "/ops/outbox/")
        assert '<span class="figure">1</span><span class="title">tried again later' in page
        assert '<span class="figure">1</span><span class="title">attempt not sealed yet' in page
        with later(minutes=2):
            page = text(console, "/ops/outbox/")
        assert '<span class="figure">1</span><span class="title">to be sent now' in page
        assert "the oldest message waits" in page

    def test_the_number_of_queries_does_not_depend_on_the_rows(
        self, acme: World, made: str, console: Client
    ) -> None:
        def counted() -> int:
            with queries() as said:
                text(console, "/ops/outbox/")
            return len(said)

        before = counted()
        for number in range(5):
            endpoint(acme, f"http://127.0.0.1:9/{number}")
        happens(acme)
        deliver()
        assert counted() == before

    def test_whether_attempts_are_what_was_sealed(
        self, acme: World, made: str, receiver: Receiver, console: Client
    ) -> None:
        assert "it has not happened yet" in text(console, "/ops/outbox/")
        happens(acme)
        deliver()
        sequencer.sequence()
        verify_attempts()
        assert "1 attempt is what was sealed: all is well." in text(console, "/ops/outbox/")
        assert "not what was sealed" not in text(console, "/ops/")
        AttemptVerification.objects.filter(book=acme.test_book).update(
            found="acme-test: position 1: expected a, found b.", found_at=clock.now()
        )
        assert "acme-test: position 1: expected a, found b." in text(console, "/ops/outbox/")
        assert "all is well" not in text(console, "/ops/outbox/")
        assert "book whose webhook attempts are not what was sealed" in text(console, "/ops/")
        assert 'is-stop" href="/ops/outbox/#verified"' in text(console, "/ops/")

    def test_that_nobody_has_looked_for_days(self, acme: World, made: str, console: Client) -> None:
        title = "since the attempts of all webhooks were verified"
        verify_attempts()
        Book.objects.update(created_at=clock.now() - timedelta(days=30))
        assert title not in text(console, "/ops/")
        AttemptVerification.objects.filter(book=acme.book).update(verified_at=clock.now() - timedelta(days=3))
        assert "3 d" in text(console, "/ops/").partition(title)[0][-400:]
        AttemptVerification.objects.filter(book=acme.book).delete()
        assert "30 d" in text(console, "/ops/").partition(title)[0][-400:]

    def test_it_is_only_looked_at(self, boss: Client) -> None:
        assert boss.post("/ops/outbox/").status_code == 403


class TestAttention:
    def notices(self) -> list[str]:
        return [each.title for each in told(up_to_many_of_each(**watched()))]

    def test_what_failed_and_what_was_disabled_for_it(
        self, acme: World, made: str, receiver: Receiver, console: Client
    ) -> None:
        assert self.notices() == []
        delivery = fails(acme, receiver)
        assert self.notices() == ["webhook has failed"]
        page = text(console, "/ops/")
        assert f'is-stop" href="{DELIVERIES}?status=failed"' in page
        done("webhooks.disable_endpoint", endpoint=made, reason="x")
        assert self.notices() == ["webhook has failed"]
        done("webhooks.enable_endpoint", endpoint=made)
        done("webhooks.disable_dead_endpoint", endpoint=made, why="failing")
        assert self.notices() == ["webhook has failed", "endpoint was disabled for failing"]
        assert "endpoint was disabled for failing" in text(console, "/ops/")
        done("webhooks.acknowledge_deliveries", deliveries=[delivery.pk], reason="seen")
        assert self.notices() == ["endpoint was disabled for failing"]
        assert '<span class="figure">0</span><span class="title">failed, wait' in text(
            console, "/ops/outbox/"
        )
        done("webhooks.enable_endpoint", endpoint=made)
        done("webhooks.retry_delivery", delivery=delivery.pk)
        Delivery.objects.update(status="failed", next_attempt_at=None, is_urgent=False)
        assert self.notices() == ["webhook has failed"]
        done("webhooks.remove_endpoint", endpoint=made, reason="x")
        assert self.notices() == []
        assert Delivery.objects.get().pk == delivery.pk


def test_ids_lead_there(acme: World, made: str, boss: Client) -> None:
    happens(acme)
    deliver()
    replay = done("webhooks.replay_range", endpoint=made, after=0, what="all", reason="x")["replay"]
    delivery, attempt = Delivery.objects.get(), Attempt.objects.get()
    for found, address in (
        (made, f"{ENDPOINTS}{made}/"),
        (delivery.pk, f"{DELIVERIES}{delivery.pk}/"),
        (attempt.pk, f"{ATTEMPTS}{attempt.pk}/"),
        (replay, f"{REPLAYS}{replay}/"),
        (SigningKey.objects.get().pk, f"/ops/accounts/tenant/{acme.test_tenant}/"),
        (EndpointSecret.objects.get().pk, f"{ENDPOINTS}{made}/"),
    ):
        assert f'href="{address}"' in boss.get("/ops/search/", {"s": found}).content.decode(), found


def test_the_address_of_old_leads_to_the_form(acme: World, made: str, boss: Client) -> None:
    happens(acme)
    deliver()
    delivery = Delivery.objects.get()
    answer = boss.post(f"/api/admin/webhooks/{delivery.pk}/retry")
    assert answer.headers["Location"] == f"/ops/do/webhooks.retry_delivery/?delivery={delivery.pk}"
