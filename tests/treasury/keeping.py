"""Sweep rules as tests use them: accounts with money, a rule, its due times, and what came of them."""

from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

from apps.core import clock
from apps.ledger.queries.accounts import is_open
from apps.operations import books
from apps.treasury.models import SweepExecution, SweepRule
from apps.treasury.tasks import execute_sweeps
from apps.treasury.when import EVERY_DAY, When
from tests.support.door import done, eur, moved, opened
from tests.support.payouts import later

MAIN, PAYOUTS = "bank:ing:main", "bank:ing:payouts"
"""Two parts of one bank account."""

every_five_minutes = When(None, 5, "UTC", EVERY_DAY)

_now = ExitStack()


def filled(address: str, amount: str, *, book: str = "platform", floor: str | None = "0") -> str:
    """An account with our own money; its address."""
    platform = books.id_of(book)
    if not is_open(platform, "equity:funding", "EUR"):
        opened("equity:funding", book=book, floor=None)
    if not is_open(platform, address, "EUR"):
        opened(address, book=book, floor=floor)
    if amount != "0.00":
        moved(address, "equity:funding", amount, book=book)
    return address


def spent(address: str, amount: str) -> None:
    """Money of ours leaves the account."""
    moved("equity:funding", address, amount)


def rule(account: str = PAYOUTS, counter: str = MAIN, **more: Any) -> SweepRule:
    """A rule that is due every five minutes: 1,000.00 at least, 5,000.00 are enough, nothing below 10.00 is moved.

    The first of a test lets it be a minute after a due time, so that all of them are due at the same times.
    """
    if not SweepRule.objects.exists():
        pass_to(every_five_minutes.next_after(clock.now()) + timedelta(minutes=1))
    given = {
        "account": account,
        "counter_account": counter,
        "floor": eur("1000.00"),
        "target": eur("5000.00"),
        "minimum": eur("10.00"),
        "every_minutes": 5,
        "reason": "payouts go out all day",
    }
    made = done("treasury.set_sweep_rule", **given | more)
    return SweepRule.objects.get(pk=made["rule"])


def pass_to(at: datetime) -> None:
    """From now on it is this time, for the rest of the test."""
    _now.close()
    _now.enter_context(clock.frozen(at))


def let_time_run() -> None:
    """The clock is the real one again."""
    _now.close()


def due(kept: SweepRule, times: int = 1) -> list[SweepExecution]:
    """Let so many more of its due times come, and execute; what came of all of them, in order."""
    last = SweepExecution.objects.filter(rule=kept).order_by("-due_at").first()
    at = last.due_at if last else kept.started_at
    for _ in range(times):
        at = kept.when.next_after(at)
        pass_to(at + timedelta(seconds=1))
        execute_sweeps()
    return list(SweepExecution.objects.filter(rule=kept).order_by("due_at"))


def next_due(kept: SweepRule) -> str:
    """Its first due time, as input."""
    return clock.written(kept.when.next_after(kept.started_at))


__all__ = [
    "MAIN",
    "PAYOUTS",
    "due",
    "filled",
    "later",
    "let_time_run",
    "next_due",
    "pass_to",
    "rule",
    "spent",
]
