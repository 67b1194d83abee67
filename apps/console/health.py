"""Whether the process answers, and whether it is ready for traffic."""

from collections.abc import Callable
from datetime import timedelta

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

from apps.core import clock
from apps.operations.models import Heartbeat
from apps.operations.services import heartbeats

FRESH = timedelta(seconds=60)


def alive(request: HttpRequest) -> JsonResponse:
    """The process answers. Asks nobody else: what restarts processes must not follow a database outage."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """200 when everything that a request may need is there; else 503, naming what is not."""
    checks = {name: check() or "ok" for name, check in CHECKS.items()}
    failed = [name for name, answer in checks.items() if answer != "ok"]
    body = {"status": "not ready" if failed else "ready", "failed": failed, "checks": checks}
    return JsonResponse(body, status=503 if failed else 200)


def _database() -> str | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"unreachable: {type(error).__name__}"
    return None


def _migrations() -> str | None:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "unknown while the database is unreachable"
    return f"{len(missing)} not applied, first {missing[0][0]}" if missing else None


def _redis() -> str | None:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
            client.ping()
    except redis.RedisError as error:
        return f"unreachable: {type(error).__name__}"
    return None


def _worker() -> str | None:
    try:
        seen = Heartbeat.objects.filter(name__startswith=heartbeats.WORKER).order_by("-seen_at").first()
    except DatabaseError:
        return "unknown while the database is unreachable"
    if seen is None:
        return "no worker was ever seen"
    age = clock.now() - seen.seen_at
    return None if age <= FRESH else f"last seen {age.total_seconds():.0f} s ago"


CHECKS: dict[str, Callable[[], str | None]] = {
    "database": _database,
    "migrations": _migrations,
    "redis": _redis,
    "worker": _worker,
}
