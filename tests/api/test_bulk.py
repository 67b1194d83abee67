"""Many commands in one request, answered item by item, now or later."""

import os
import signal
from datetime import timedelta
from typing import Any

import pytest

from apps.accounts.models import Wallet
from apps.api.models import BulkJob, BulkPart
from apps.api.services import bulk
from apps.api.tasks import forget_requests
from apps.core import clock
from tests.api.conftest import Client, Party, key_in_flight, make_key
from tests.support.door import done

LATER = {"Prefer": "respond-async"}


def wallets(count: int, prefix: str = "w") -> list[dict[str, Any]]:
    return [
        {"command": "accounts.create_wallet", "idempotency_key": f"{prefix}{n}", "input": {"currency": "EUR"}}
        for n in range(count)
    ]


def later(by: timedelta) -> int:
    """What a worker does then."""
    with clock.frozen(clock.now() + by):
        return bulk.work_off()


def test_each_item_has_its_own_answer(client: Client, acme: Party, globex: Party) -> None:
    items: list[Any] = [
        *wallets(2),
        {
            "path": "wallets/{wallet}/close",
            "idempotency_key": "c",
            "input": {"wallet": acme.other, "reason": "r"},
        },
        {"command": "accounts.create_wallet", "idempotency_key": "w0", "input": {"currency": "USD"}},
        {"command": "accounts.create_wallet", "idempotency_key": "x", "input": {"currency": "?"}},
        {"command": "ledger.import_entry", "idempotency_key": "y", "input": {}},
        {"command": "accounts.create_wallet", "idempotency_key": "z", "input": []},
        {"command": "accounts.create_wallet", "input": {}},
        "nonsense",
        {"command": "accounts.create_api_key", "idempotency_key": "s", "input": {"name": "n", "scopes": []}},
        {"command": "accounts.suspend_tenant", "idempotency_key": "t", "input": {}},
        {
            "path": "wallets/{wallet}/close",
            "idempotency_key": "d",
            "input": {"wallet": globex.wallet, "reason": "r"},
        },
    ]
    answer = client.post("/v1/bulk", {"items": items})
    assert answer.status_code == 200, answer.text
    shown = [(each["status"], each.get("problem", {}).get("code")) for each in answer.json()["items"]]
    assert shown == [
        (201, None),
        (201, None),
        (200, None),
        (422, "KEY_REUSED"),
        (400, "INPUT_INVALID"),
        (404, "COMMAND_UNKNOWN"),
        (400, "INPUT_INVALID"),
        (400, "KEY_MISSING"),
        (400, "INPUT_INVALID"),
        (400, "NOT_IN_BULK"),
        (403, "AUTHORIZATION_FAILED"),
        (404, "NOT_FOUND"),
    ]
    assert answer.json()["refused"] == 9
    assert answer.json()["items"][0]["result"]["wallet"].startswith("wal_")


def test_a_bulk_again_does_nothing_again(client: Client, acme: Party) -> None:
    first = client.post("/v1/bulk", {"items": wallets(3)}).json()["items"]
    again = client.post("/v1/bulk", {"items": wallets(4)}).json()["items"]
    assert [item["replayed"] for item in again] == [True, True, True, False]
    assert [item["result"] for item in again[:3]] == [item["result"] for item in first]
    assert Wallet.objects.filter(tenant_id=acme.tenant).count() == 6


@pytest.mark.parametrize(
    "body", [{}, {"items": []}, {"items": {}}, {"items": [1], "more": 1}, {"items": None}]
)
def test_a_body_without_items_is_refused(client: Client, body: Any) -> None:
    assert client.post("/v1/bulk", body).json()["code"] == "BODY_INVALID"


def test_later_is_answered_with_a_job(client: Client, acme: Party, globex: Party, asking: Any) -> None:
    items = [*wallets(1_200), {"command": "nonsense", "idempotency_key": "n", "input": {}}]
    asked = client.post("/v1/bulk", {"items": items}, headers=LATER)
    assert asked.status_code == 202
    where = asked.headers["Location"]
    assert asked.json() == client.get(where).json()
    assert (asked.json()["status"], asked.json()["items"], asked.json()["answered"]) == ("queued", 1_201, 0)
    assert client.get(f"{where}/items").json()["items"] == []
    assert "EUR" not in BulkPart.objects.values_list("items", flat=True).query.__str__()
    assert bulk.work_off() == 1
    job = client.get(where).json()
    assert (job["status"], job["answered"], job["refused"]) == ("done", 1_201, 1)
    found, answer = [], client.get(f"{where}/items")
    while True:
        found += answer.json()["items"]
        if "next" not in answer.links:
            break
        answer = client.get(answer.links["next"]["url"])
    assert [item["index"] for item in found] == list(range(1_201))
    assert found[-1]["problem"]["code"] == "COMMAND_UNKNOWN"
    assert Wallet.objects.filter(tenant_id=acme.tenant).count() == 1_202
    assert asking(globex.key).get(where).status_code == 404
    assert asking(globex.key).get(f"{where}/items").status_code == 404


def test_too_many_for_now_are_worked_off_later(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.api.bulk_views.AT_ONCE", 2)
    assert client.post("/v1/bulk", {"items": wallets(2)}).status_code == 200
    assert client.post("/v1/bulk", {"items": wallets(3)}).status_code == 202


def test_a_key_keeps_so_many_waiting(client: Client, acme: Party, asking: Any) -> None:
    for _ in range(bulk.MOST_OPEN):
        assert client.post("/v1/bulk", {"items": wallets(1)}, headers=LATER).status_code == 202
    refused = client.post("/v1/bulk", {"items": wallets(1)}, headers=LATER)
    assert (refused.status_code, refused.json()["code"]) == (429, "BULKS_OPEN")
    bulk.work_off()
    assert client.post("/v1/bulk", {"items": wallets(1)}, headers=LATER).status_code == 202
    reader = asking(make_key(acme.tenant, "rates:read")["secret"])
    assert reader.post("/v1/bulk", {"items": wallets(1)}, headers=LATER).status_code == 403


def test_an_item_that_another_is_running_is_not_answered_yet(client: Client, acme: Party) -> None:
    job = client.post("/v1/bulk", {"items": wallets(2)}, headers=LATER).json()["id"]
    with key_in_flight(acme, "w1"):
        bulk.work_off()
    assert BulkJob.objects.get(pk=job).answered == 0
    later(2 * bulk.LEASE)
    after = BulkJob.objects.get(pk=job)
    assert (after.status, after.answered, after.refused) == ("done", 2, 0)


def test_a_bulk_that_breaks_its_workers_is_stopped(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    job = client.post("/v1/bulk", {"items": wallets(1)}, headers=LATER).json()["id"]

    def broken(*_: object) -> Any:
        raise RuntimeError("a defect")

    monkeypatch.setattr(bulk, "answers", broken)
    for turn in range(bulk.TRIES):
        with pytest.raises(RuntimeError):
            later(2 * turn * bulk.LEASE)
    assert later(2 * bulk.TRIES * bulk.LEASE) == 0
    assert BulkJob.objects.get(pk=job).status == "stopped"


def test_what_ended_long_ago_is_forgotten(client: Client) -> None:
    ended, waits = (
        client.post("/v1/bulk", {"items": wallets(1, name)}, headers=LATER).json()["id"] for name in "ab"
    )
    BulkJob.objects.filter(pk=ended).update(finished_at=clock.now(), status="done")
    forget_requests()
    assert BulkJob.objects.count() == 2
    with clock.frozen(clock.now() + timedelta(days=91)):
        forget_requests()
    assert [str(each.pk) for each in BulkJob.objects.all()] == [waits]
    assert BulkPart.objects.count() == 1


def test_items_are_stored_encrypted(client: Client) -> None:
    from django.db import connection

    client.post("/v1/bulk", {"items": wallets(1)}, headers=LATER)
    with connection.cursor() as cursor:
        cursor.execute("SELECT items FROM api_bulkpart")
        assert "create_wallet" not in cursor.fetchone()[0]


def test_a_worker_that_died_is_followed_by_another(client: Client, acme: Party) -> None:
    """The first part was run, and never noted: its keys replay, so nothing is made twice."""
    job = client.post("/v1/bulk", {"items": wallets(700)}, headers=LATER).json()["id"]
    child = os.fork()
    if child == 0:
        _die_after_the_first_part()
    os.waitpid(child, 0)
    assert BulkJob.objects.get(pk=job).status == "running"
    made = Wallet.objects.filter(tenant_id=acme.tenant).count()
    assert made == 502
    assert bulk.work_off() == 0  # the lease still runs
    assert later(2 * bulk.LEASE) == 1
    after = BulkJob.objects.get(pk=job)
    assert (after.status, after.answered, after.refused) == ("done", 700, 0)
    assert Wallet.objects.filter(tenant_id=acme.tenant).count() == 702


def test_a_worker_whose_lease_was_lost_writes_nothing(client: Client) -> None:
    client.post("/v1/bulk", {"items": wallets(2)}, headers=LATER)
    slow = bulk._take(clock.now())
    fast = bulk._take(clock.now() + 2 * bulk.LEASE)
    assert slow is not None
    assert fast is not None
    bulk._work(fast)
    part = BulkPart.objects.get(job=slow)
    assert bulk._note(slow, part, [], clock.now()) is False
    assert BulkJob.objects.get(pk=slow.pk).answered == 2


def test_a_revoked_key_stops_its_bulk(client: Client, acme: Party) -> None:
    job = client.post("/v1/bulk", {"items": wallets(2)}, headers=LATER).json()["id"]
    done("accounts.revoke_api_key", api_key=acme.ids["api_key"], reason="lost")
    later(timedelta(seconds=1))
    assert BulkJob.objects.get(pk=job).status == "stopped"
    assert Wallet.objects.filter(tenant_id=acme.tenant).count() == 2


def _die_after_the_first_part() -> None:
    from django.db import connections

    for each in connections.all():
        each.connection = None
    bulk._note = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
    try:
        bulk.work_off()
    finally:
        os._exit(1)
