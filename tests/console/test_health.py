"""The three questions that machines ask."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client

from apps.core import clock
from apps.operations.models import Heartbeat


@pytest.mark.parametrize("address", ["/healthz", "/livez"])
def test_alive_asks_nobody(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready_when_everything_is_there(client: Client) -> None:
    Heartbeat.objects.create(name="worker:one", seen_at=clock.now() - timedelta(seconds=50))
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["failed"] == []


@pytest.mark.parametrize(
    ("age", "said"), [(None, "no worker was ever seen"), (timedelta(seconds=75), "last seen 75 s ago")]
)
@pytest.mark.django_db
def test_not_ready_without_a_worker(client: Client, age: timedelta | None, said: str) -> None:
    if age is not None:
        Heartbeat.objects.create(name="worker:one", seen_at=clock.now() - age)
        Heartbeat.objects.create(name="operations.sequence", seen_at=clock.now())
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["failed"] == ["worker"]
    assert answer.json()["checks"]["worker"] == said


@pytest.mark.django_db
def test_not_ready_without_redis(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert "redis" in client.get("/readyz").json()["failed"]


@pytest.mark.django_db
def test_not_ready_without_the_database(client: Client) -> None:
    def out_of_order(*_: Any) -> None:
        raise DatabaseError("gone")

    with connection.execute_wrapper(out_of_order):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["failed"] == ["database", "migrations", "worker"]


@pytest.mark.django_db
def test_not_ready_with_a_migration_missing(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'console'")
    assert (
        client.get("/readyz").json()["checks"]["migrations"]
        == "1 not applied, first console.0001_list_indexes"
    )


def test_the_root_leads_to_the_console(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/ops/"
