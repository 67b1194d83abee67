"""Schedules of payouts as tests make them, and time that passes for them."""

from datetime import UTC, datetime
from typing import Any

from apps.core import clock
from apps.payouts.models import Schedule, ScheduleRun
from apps.payouts.scheduler import run_due
from tests.support.batches import maker
from tests.support.door import done, eur
from tests.support.tenants import World

MONTHLY = {"every": "month", "on_day": 31, "at": "09:00"}


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def pays(recipient: str, amount: str = "40.00", **more: Any) -> dict[str, Any]:
    """A row of a schedule."""
    return {"recipient": recipient, "amount": eur(amount), **more}


def said(wallet: str, *rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What a schedule is made of."""
    return {"name": "Rent", "wallet": wallet, "rows": list(rows), "when": MONTHLY, **more}


def scheduled(acme: World, wallet: str, *rows: dict[str, Any], **more: Any) -> str:
    """A schedule; its id."""
    given = {"tenant": acme.tenant, "actor": maker(), **said(wallet, *rows, **more)}
    return str(done("payouts.create_schedule", **given)["schedule"])


def run_at(text: str) -> int:
    """Let the beat come once at a moment; how many days it decided."""
    with clock.frozen(at(text)):
        return run_due()


def runs_of(schedule: str) -> list[tuple[str, str]]:
    """Each day that was decided, and what came of it."""
    found = ScheduleRun.objects.filter(schedule=schedule).order_by("day")
    return [(str(day), outcome) for day, outcome in found.values_list("day", "outcome")]


def batch_of(schedule: str, day: str) -> str:
    """The batch of a day."""
    return str(ScheduleRun.objects.get(schedule=schedule, day=day).batch_id)


def next_of(schedule: str) -> str:
    """Its next day, or that there is none."""
    return str(Schedule.objects.get(pk=schedule).next_on)
