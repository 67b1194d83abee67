"""Webhooks as tenants' programs see them: what is missing, who may ask, and what is never shown."""

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import pytest

from apps.accounts.models import Tenant
from apps.operations import sequencer
from apps.webhooks.models import Delivery
from tests.api.conftest import Client, Party, make_key
from tests.support.hooked import Answer, Receiver, receiving
from tests.support.payouts import later
from tests.support.webhooks import deliver

NOBODY = "http://127.0.0.1:9/hook"
LADDER = list(accumulate((70, 340, 1_000, 4_000)))
"""Seconds after the first attempt by which each other is due."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def own(acme: Party, asking: Any) -> Client:
    """A program of the test environment, whose endpoints may be on this machine."""
    return asking(make_key(Tenant.objects.get(test_of_id=acme.tenant).pk)["secret"])


def endpoint(own: Client, url: str, **more: Any) -> str:
    made = own.post("/v1/webhook-endpoints", {"url": url, "types": ["wallet.created"], **more})
    assert made.status_code == 201, made.text
    return str(made.json()["endpoint"])


def wallet(own: Client) -> str:
    return str(own.post("/v1/wallets", {"currency": "EUR"}).json()["wallet"])


def event_of(own: Client, wallet: str) -> dict[str, Any]:
    """The event that told of a wallet."""
    sequencer.sequence()
    told = own.get("/v1/events", params={"subject": wallet, "type": "wallet.created"}).json()["items"]
    assert len(told) == 1
    return dict(told[0])


def missing(own: Client, **params: Any) -> dict[str, list[tuple[str, str]]]:
    """Event and status of what each endpoint has missed."""
    answer = own.get("/v1/events/missing", params=params)
    assert answer.status_code == 200, answer.text
    return {
        each["endpoint"]: [(event["event"], event["status"]) for event in each["events"]]
        for each in answer.json()["items"]
    }


class TestMissing:
    def test_it_is_named_for_the_endpoint_that_has_not_accepted_it(
        self, own: Client, receiver: Receiver
    ) -> None:
        endpoint(own, receiver.url)
        bad = endpoint(own, NOBODY)
        event = event_of(own, wallet(own))
        deliver()
        answer = own.get("/v1/events/missing").json()
        told = {"position": event["position"], "event": event["id"], "type": "wallet.created"}
        assert answer == {
            "since": 0,
            "items": [
                {
                    "endpoint": bad,
                    "url": NOBODY,
                    "endpoint_status": "enabled",
                    "events": [{**told, "status": "pending"}],
                    "is_more": False,
                }
            ],
        }
        named = own.get(f"/v1/events/{event['id']}").json()
        assert (named["position"], named["subject"]) == (event["position"], event["subject"])

    def test_what_has_failed_for_good_is_missing_until_it_is_accepted(
        self, own: Client, receiver: Receiver
    ) -> None:
        bad = endpoint(own, receiver.url)
        event = event_of(own, wallet(own))["id"]
        receiver.always = Answer(500)
        deliver()
        for seconds in LADDER:
            with later(seconds=seconds):
                deliver()
        assert missing(own) == {bad: [(event, "failed")]}
        receiver.always = Answer(204)
        delivery = str(Delivery.objects.get(event=event).pk)
        assert own.post(f"/v1/webhook-deliveries/{delivery}/retry").status_code == 200
        with later(seconds=LADDER[-1] + 1_000):
            deliver()
        assert missing(own) == {}
        receiver.always = Answer(500)
        own.post(f"/v1/webhook-endpoints/{bad}/replay", {"after": 0, "what": "all", "reason": "again"})
        with later(seconds=LADDER[-1] + 2_000):
            deliver()
        assert Delivery.objects.get(event=event).status == "pending"
        assert missing(own) == {}, "what was accepted once is never missing again"

    def test_what_has_no_delivery_yet_is_unmatched(self, own: Client, receiver: Receiver) -> None:
        good, other = endpoint(own, receiver.url), endpoint(own, receiver.url, types=["customer.*"])
        event = event_of(own, wallet(own))["id"]
        assert missing(own) == {good: [(event, "unmatched")]}
        deliver()
        assert missing(own) == {}
        own.post(f"/v1/webhook-endpoints/{good}/disable", {"reason": "work"})
        event = event_of(own, wallet(own))["id"]
        deliver()
        assert missing(own) == {good: [(event, "unmatched")]}
        own.post(f"/v1/webhook-endpoints/{good}/remove", {"reason": "old"})
        assert missing(own) == {}
        assert other not in missing(own)

    def test_it_is_told_in_parts(self, own: Client) -> None:
        bad = endpoint(own, NOBODY)
        events = [event_of(own, wallet(own)) for _ in range(3)]
        deliver()
        events += [event_of(own, wallet(own)) for _ in range(2)]
        ids = [each["id"] for each in events]
        [some] = own.get("/v1/events/missing", params={"limit": 2}).json()["items"]
        assert ([each["event"] for each in some["events"]], some["is_more"]) == (ids[:2], True)
        since = some["events"][-1]["position"]
        answer = own.get("/v1/events/missing", params={"limit": 3, "since": since}).json()
        assert answer["since"] == since
        [rest] = answer["items"]
        assert ([each["event"] for each in rest["events"]], rest["is_more"]) == (ids[2:], False)
        assert missing(own, since=events[-1]["position"]) == {}
        assert [each for each, _ in missing(own)[bad]] == ids

    def test_of_another_tenant_nothing_is_named(self, own: Client, globex: Party, asking: Any) -> None:
        bad = endpoint(own, NOBODY)
        event = event_of(own, wallet(own))["id"]
        other = asking(globex.key)
        assert missing(other) == {}
        theirs = endpoint(other, "https://hooks.globex.example/in")
        wallet(other)
        sequencer.sequence()
        assert list(missing(other)) == [theirs]
        assert missing(own) == {bad: [(event, "unmatched")]}

    def test_an_operator_names_the_tenant(self, own: Client, operator: Client, acme: Party) -> None:
        bad = endpoint(own, NOBODY)
        wallet(own)
        sequencer.sequence()
        test = str(Tenant.objects.get(test_of_id=acme.tenant).pk)
        assert list(missing(operator, tenant=test)) == [bad]
        assert own.get("/v1/events/missing", params={"tenant": test}).status_code == 400

    @pytest.mark.parametrize(
        "params", [{"since": -1}, {"since": "x"}, {"limit": 0}, {"limit": 101}, {"after": 1}]
    )
    def test_what_cannot_be_asked_is_refused_by_name(self, own: Client, params: dict[str, Any]) -> None:
        answer = own.get("/v1/events/missing", params=params)
        assert (answer.status_code, answer.json()["code"]) == (400, "PARAMETER_INVALID")
        assert next(iter(params)) in answer.text


READS = (
    *("/v1/webhook-endpoints", "/v1/webhook-deliveries", "/v1/webhook-attempts", "/v1/webhook-replays"),
    *("/v1/webhook-signing-keys", "/v1/events/missing"),
)


class TestScopes:
    def test_who_may_read_changes_nothing(self, acme: Party, asking: Any) -> None:
        reader = asking(make_key(acme.tenant, "webhooks:read")["secret"])
        assert [reader.get(path).status_code for path in READS] == [200] * len(READS)
        for path in ("webhook-endpoints", "webhook-signing-keys/rotate"):
            answer = reader.post(f"/v1/{path}", {"url": "https://hooks.acme.example/in"})
            assert (answer.status_code, answer.json()["details"]) == (403, {"scope": "webhooks:write"}), path

    def test_who_may_change_reads_nothing(self, acme: Party, asking: Any) -> None:
        writer = asking(make_key(acme.tenant, "webhooks:write")["secret"])
        for path in READS:
            answer = writer.get(path)
            assert (answer.status_code, answer.json()["details"]) == (403, {"scope": "webhooks:read"}), path
        assert endpoint(writer, "https://hooks.acme.example/in")


class TestSecrets:
    def test_they_are_shown_once_and_by_nothing_else(self, own: Client, receiver: Receiver) -> None:
        given = {"url": receiver.url, "headers": {"X-Key": "hush-hush"}}
        made = own.post("/v1/webhook-endpoints", given).json()
        own.post(f"/v1/webhook-endpoints/{made['endpoint']}/test")
        wallet(own)
        deliver()
        assert {each.headers["x-key"] for each in receiver.received} == {"hush-hush"}
        for path in (*READS, "/v1/events", "/v1/operations", "/v1/requests"):
            answer = own.get(path)
            assert answer.status_code == 200, path
            assert "whsec_" not in answer.text, path
            assert "whsk_" not in answer.text, path
            assert "hush-hush" not in answer.text, path
        [shown] = own.get("/v1/webhook-endpoints").json()["items"]
        assert (shown["id"], shown["headers"]) == (made["endpoint"], ["x-key"])

    def test_an_attempt_shows_what_was_sent_and_answered(self, own: Client, receiver: Receiver) -> None:
        made = endpoint(own, receiver.url)
        receiver.answer(503, body=b"asl\xffeep\0", headers={"X-Why": "night"})
        event = event_of(own, wallet(own))
        deliver()
        sequencer.sequence()
        [shown] = own.get("/v1/webhook-attempts", params={"endpoint": made}).json()["items"]
        assert (shown["answered"], shown["failure"], shown["why"]) == (503, "refused", "It answered 503.")
        assert (shown["answer"], shown["answer_headers"]["X-Why"]) == ("asl\ufffdeep\ufffd", "night")
        assert shown["request_headers"]["webhook-id"] == event["id"]
        assert (shown["seal_position"], len(shown["seal"]), shown["address"]) == (1, 64, "127.0.0.1")
        [key] = own.get("/v1/webhook-signing-keys").json()["items"]
        assert key["public"].startswith("whpk_")
