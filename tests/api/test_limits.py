"""How much a key may ask; request ids, versions, and the log."""

import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import override_settings

from apps.accounts.models import Tenant
from apps.api import limits, request_log
from apps.api.models import LoggedRequest
from apps.api.services import retention
from apps.core import clock
from tests.api.conftest import Client, Party, make_key
from tests.support.threads import somebody_else, under_way, wait_until_blocked

CANCEL_WRITER = """
SELECT pg_cancel_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO api_request%'
"""

Noting = Callable[..., None]


@pytest.fixture
def few(transactional_db: Any, monkeypatch: pytest.MonkeyPatch) -> Noting:
    """Notes requests of these paths in a log that has room for three, and is written by the test alone."""
    monkeypatch.setattr(request_log, "MOST", 3)
    log = request_log._Writer()
    log.thread = threading.current_thread()
    monkeypatch.setattr(request_log, "_writer", log)

    def note(*paths: str) -> None:
        for path in paths:
            request_log.note(
                request_log.Asked(
                    id=request_log.new_id(),
                    tenant_id=None,
                    key_id=uuid.uuid4(),
                    request_id="",
                    method="GET",
                    path=path,
                    status=200,
                    code="",
                    milliseconds=1,
                    operation_id="",
                    retry_of="",
                    address="",
                    asked_at=clock.now(),
                )
            )

    return note


def waiting() -> list[str]:
    """The paths of what is not written yet, oldest first."""
    return [asked.path for asked in request_log._writer.waiting]


def test_a_key_asks_so_much_in_a_minute(client: Client, acme: Party, asking: Any) -> None:
    Tenant.objects.filter(pk=acme.tenant).update(requests_per_minute=3)
    answers = [client.get("/v1/wallets") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["RateLimit"].split(";")[1] for answer in answers] == ["r=2", "r=1", "r=0", "r=0"]
    last = answers[-1]
    assert last.headers["RateLimit-Policy"] == '"minute";q=3;w=60'
    assert last.json()["code"] == "RATE_LIMITED"
    assert last.json()["transient"] is True
    assert 1 <= int(last.headers["Retry-After"]) <= 60
    # Another key of the same tenant has a minute of its own.
    assert asking(make_key(acme.tenant)["secret"]).get("/v1/wallets").status_code == 200


def test_what_is_limited_does_nothing(client: Client, acme: Party) -> None:
    Tenant.objects.filter(pk=acme.tenant).update(requests_per_minute=1)
    client.get("/v1/alive")
    assert client.post("/v1/wallets", {"currency": "EUR"}).status_code == 201
    assert client.post("/v1/wallets", {"currency": "EUR"}).status_code == 429


def test_while_redis_is_away_requests_pass(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_own", threading.local())
    try:
        with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
            answer = client.get("/v1/wallets")
            assert client.get("/v1/wallets").status_code == 200
        assert answer.status_code == 200
        assert "RateLimit" not in answer.headers
        assert caplog.text.count("Rate limits are not held") == 1
    finally:
        limits.forget()


def test_a_request_has_an_id_of_the_callers_or_of_ours(client: Client) -> None:
    given = client.get("/v1/wallets", headers={"Request-Id": "mine-42"})
    assert given.headers["Request-Id"] == "mine-42"
    for wrong in ("a b", "x" * 65, "<script>"):
        assert (
            client.get("/v1/wallets", headers={"Request-Id": wrong}).headers["Request-Id"].startswith("req_")
        )
    refused = client.get("/v1/wallets/nothing", headers={"Request-Id": "mine-43"})
    assert refused.json()["request_id"] == "mine-43"


def test_a_version_is_a_date(client: Client) -> None:
    assert client.get("/v1/wallets").headers["Api-Version"] == "2026-11-21"
    assert client.get("/v1/wallets", headers={"Api-Version": "2026-11-21"}).status_code == 200
    answer = client.get("/v1/wallets", headers={"Api-Version": "2019-01-01"})
    assert (answer.status_code, answer.json()["code"]) == (400, "VERSION_UNKNOWN")
    assert answer.json()["details"]["versions"] == ["2026-11-21"]


def test_the_tenant_reads_its_log(client: Client, globex: Party, asking: Any) -> None:
    made = client.post("/v1/customers", {"kind": "person", "name": "Secret Name", "email": "s@acme.example"})
    client.get("/v1/customers/x", headers={"Request-Id": "mine"})
    asking(globex.key).get("/v1/team/members")
    request_log.flush()
    rows = client.get("/v1/requests").json()["items"]
    by_path = {row["path"]: row for row in rows}
    assert by_path["/v1/customers"]["operation"] == made.headers["Operation-Id"]
    assert (by_path["/v1/customers"]["method"], by_path["/v1/customers"]["status"]) == ("POST", 201)
    assert by_path["/v1/customers/x"]["code"] == "NOT_FOUND"
    assert by_path["/v1/customers/x"]["request_id"] == "mine"
    assert "/v1/team/members" not in by_path
    assert "Secret Name" not in str(rows)
    assert (
        client.get("/v1/requests", params={"request_id": "mine"}).json()["items"][0]["path"]
        == "/v1/customers/x"
    )


def test_the_log_survives_a_database_that_is_away(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.get("/v1/wallets")
    request_log.flush()
    before = LoggedRequest.objects.count()
    monkeypatch.setattr(request_log, "_INSERT", "SELECT nothing FROM nowhere, unnest(%s)")
    client.get("/v1/wallets")
    with pytest.raises(Exception, match="placeholders"):
        request_log.flush()
    monkeypatch.undo()
    request_log.flush()
    assert LoggedRequest.objects.count() == before + 1


def test_a_log_that_is_full_forgets_the_oldest(few: Noting) -> None:
    few("1", "2", "3", "4", "5")
    assert waiting() == ["3", "4", "5"]
    request_log.flush()
    assert sorted(LoggedRequest.objects.values_list("path", flat=True)) == ["3", "4", "5"]


def test_what_could_not_be_written_makes_room_for_what_came_meanwhile(few: Noting) -> None:
    few("1", "2", "3")
    with somebody_else() as other:
        other.execute("LOCK api_request IN SHARE MODE")
        with under_way(request_log.flush) as [writing]:
            wait_until_blocked(1)
            few("4", "5")
            other.execute(CANCEL_WRITER)
    assert isinstance(writing.exception(), OperationalError)
    assert waiting() == ["3", "4", "5"]
    request_log.flush()
    assert waiting() == []
    assert sorted(LoggedRequest.objects.values_list("path", flat=True)) == ["3", "4", "5"]


def test_the_log_is_kept_for_ninety_days(client: Client) -> None:
    client.get("/v1/wallets")
    request_log.flush()
    old = LoggedRequest.objects.first()
    assert old is not None
    day = clock.now() - timedelta(days=91)
    milliseconds = int(day.timestamp() * 1000)
    LoggedRequest.objects.filter(pk=old.pk).update(id=uuid.UUID(int=milliseconds << 80 | 1))
    client.get("/v1/wallets")
    request_log.flush()
    count = LoggedRequest.objects.count()
    assert retention.forget_requests(now=clock.now()) == 1
    assert LoggedRequest.objects.count() == count - 1
