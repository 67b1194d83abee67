"""What providers send is stored as it came, proven or not, once, and answered by what was made of it."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from apps.core import clock
from apps.operations import isolation
from apps.providers.models import InboundConflict, InboundMessage
from apps.providers.services import receiving
from tests.support import payouts
from tests.support.inbound import event, headers, send, stored
from tests.support.payouts import later
from tests.support.sandbox import Sandbox
from tests.support.tenants import world

pytestmark = pytest.mark.usefixtures("ledger_db")


@pytest.fixture(autouse=True)
def _provider(ledger_db: None, sandbox: Sandbox) -> None:
    payouts.provider(sandbox)


class TestStored:
    def test_as_it_came_without_what_lets_a_reader_act_as_the_sender(self) -> None:
        body = event(memo="ä")
        given = headers(body) | {"Authorization": "Bearer x", "Cookie": "a=b", "X-Trace": "t1"}
        answer = Client(REMOTE_ADDR="203.0.113.9").post(
            "/hooks/sandbox-bank/", body, content_type="application/json", headers=given
        )
        assert answer.status_code == 202
        [message] = stored()
        assert bytes(message.body) == body
        assert (message.reference, message.verified, message.status) == ("sbe_1", True, "received")
        assert (message.remote_address, message.copies) == ("203.0.113.9", 1)
        assert message.headers["x-trace"] == "t1"
        assert message.headers["sandbox-signature"] == given["Sandbox-Signature"]
        assert not {"authorization", "cookie"} & set(message.headers)

    def test_the_same_bytes_again_are_counted(self) -> None:
        assert [send(event()) for _ in range(3)] == [202, 200, 200]
        [message] = stored()
        assert message.copies == 3
        assert message.seen_at > message.received_at

    def test_without_an_id_it_is_named_by_what_it_is_about_its_type_and_its_time(self) -> None:
        assert [send(event(), None), send(event(), None)] == [202, 200]
        assert [each.reference for each in stored()] == ["po_1:order.completed:2026-11-21T12:00:00Z"]

    def test_one_reference_of_two_providers_is_two_messages(self, sandbox: Sandbox) -> None:
        payouts.provider(sandbox, "ramp")
        assert [send(event()), send(event(), to="sandbox-ramp")] == [202, 202]

    @pytest.mark.parametrize("body", [b"\xff\x00 no JSON", b"[]", b"{}", b'{"data": {}}', b""])
    def test_what_has_no_name_is_kept_under_its_hash_for_a_person(self, body: bytes) -> None:
        assert [send(body, None), send(body, None)] == [202, 200]
        [message] = stored()
        assert (message.status, message.reference[:11], message.copies) == ("quarantined", "unreadable:", 2)

    @pytest.mark.parametrize("reference", ["a\x00b", "\ud800", "line\nbreak"])
    def test_a_name_that_cannot_be_stored_is_none(self, reference: str) -> None:
        assert send(event(reference=reference), None) == 202
        assert stored()[0].reference.startswith("unreadable:")


class TestNotProven:
    @pytest.mark.parametrize(
        "signature", ["", "t=1,v1=00", f"t=1,v1={'0' * 64}", f"t=999999999999,v1={'0' * 64}", "ä"]
    )
    def test_is_kept_for_a_person_and_refused(self, signature: str) -> None:
        given = {"Sandbox-Signature": signature, "Sandbox-Event-Id": "sbe_1"}
        answer = Client().post(
            "/hooks/sandbox-bank/", event(), content_type="application/json", headers=given
        )
        assert answer.status_code == 401
        [message] = stored()
        assert (message.verified, message.status) == (False, "quarantined")
        assert message.reference.startswith("unverified:")

    def test_with_another_secret_or_an_old_signature(self) -> None:
        with later(minutes=-6):
            old = clock.now()
        assert [send(event(), secret="other"), send(event(), at=old)] == [401, 401]
        assert [each.copies for each in stored()] == [2]

    def test_never_stands_in_the_place_of_the_genuine_one(self) -> None:
        assert send(event("order.failed"), secret="other") == 401
        assert send(event("order.completed")) == 202
        assert send(event("order.failed"), secret="other") == 401
        assert [(each.verified, each.copies) for each in stored()] == [(False, 2), (True, 1)]
        assert not InboundConflict.objects.exists()

    def test_the_same_bytes_with_proof_are_a_message_of_their_own(self) -> None:
        assert [send(event(), secret="other"), send(event())] == [401, 202]
        assert [each.status for each in stored()] == ["quarantined", "received"]

    def test_cannot_fill_the_disk(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(receiving, "UNVERIFIED_PER_MINUTE", 3)
        assert {send(event(n=number), secret="other") for number in range(5)} == {401}
        assert len(stored()) == 3
        assert send(event()) == 202
        with later(minutes=2):
            assert send(event(n=9), secret="other") == 401
        assert len(stored()) == 5


class TestChanged:
    def test_other_bytes_under_a_known_reference_are_kept_apart_and_refused(self) -> None:
        first, second = event("order.completed"), event("order.failed")
        assert [send(first), send(second), send(second), send(first)] == [202, 409, 409, 200]
        [message] = stored()
        [conflict] = InboundConflict.objects.all()
        assert (bytes(message.body), message.copies) == (first, 2)
        assert (bytes(conflict.body), conflict.copies) == (second, 2)
        assert (conflict.message_id, conflict.status) == (message.pk, "open")


class TestRefused:
    def test_an_unknown_provider(self) -> None:
        assert send(event(), to="nobody") == 404
        assert stored() == []

    def test_what_is_too_long(self) -> None:
        assert send(b" " * 1_000_001) == 413
        assert send(b" " * 1_000_000, "sbe_2") == 202

    def test_what_is_no_post(self) -> None:
        assert Client().get("/hooks/sandbox-bank/").status_code == 405


class TestGuards:
    @pytest.mark.parametrize(
        "change",
        ["body = ''", "headers = '{}'", "sha256 = ''", "received_at = now()", "remote_address = 'x'"],
    )
    def test_what_came_stays_as_it_came(self, change: str) -> None:
        send(event())
        with pytest.raises(DatabaseError, match="APPEND_ONLY"), connection.cursor() as cursor:
            cursor.execute(f"UPDATE providers_inboundmessage SET {change}")

    def test_nothing_is_deleted(self) -> None:
        send(event())
        with pytest.raises(DatabaseError, match="APPEND_ONLY"):
            InboundMessage.objects.all().delete()

    def test_what_is_not_proven_is_never_to_be_followed(self) -> None:
        send(event(), secret="other")
        with pytest.raises(DatabaseError, match="message_unverified_is_never_followed"):
            InboundMessage.objects.update(status="received", next_attempt_at=clock.now())

    def test_tenants_cannot_reach_it(self) -> None:
        acme = world("acme")
        send(event())
        circle = isolation.Circle(acme.book.pk, frozenset())
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            isolation.bound(circle),
        ):
            InboundMessage.objects.count()
