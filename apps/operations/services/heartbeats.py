"""When each process was last seen alive."""

from datetime import datetime

from apps.operations.models import Heartbeat

WORKER = "worker:"
BEAT = "beat"


def seen(*, names: list[str], now: datetime) -> None:
    """Note that these are alive."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, seen_at=now) for name in names],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["seen_at"],
    )
