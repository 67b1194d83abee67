"""From what runs plan to post, to what stands or was refused: in their order, within the transaction of their batch."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection, transaction

from apps.core.errors import DomainError
from apps.operations import posting, writes
from apps.operations.errors import CounterpartyRefused
from apps.operations.plan import Plan
from apps.operations.run import Run

OTHER_SIDE = "The other side cannot take part in this now; whoever it is can say why."

Planned = tuple[Run, Plan]


def post_plans(runs: Iterable[Run], now: datetime) -> None:
    """Post what open runs planned and nobody else must agree to, in one call: two would lock balances in two steps.

    ValueError for accounts of its own of a command that is not declared to run `alone`.
    """
    planned = [(run, run.plan) for run in runs if run.open and run.plan and run.plan.posts and not run.asks]
    own = [run for run, plan in planned if plan.own_accounts]
    if planned and not own:
        _post(planned, now)
    if not own:
        return
    if any(run.command.shares_batches for run in own):
        raise ValueError(
            f"{own[0].command.name} opens accounts of its own, so it must be declared to run alone."
        )
    _post_alone(planned[0], now)


def _post_alone(planned: Planned, now: datetime) -> None:
    """If the ledger refuses it, its own accounts were never there: no account is ever removed."""
    run, plan = planned
    with transaction.atomic():
        writes.insert_missing(plan.own_accounts)
        _post([planned], now)
        if run.error:
            transaction.set_rollback(True)


def _post(planned: Sequence[Planned], now: datetime) -> None:
    writes.insert_missing([account for _, plan in planned for account in plan.accounts])
    groups = [(run.operation_id, plan.posts) for run, plan in planned]
    for (run, _), answer in zip(planned, posting.post(connection.connection, groups, now), strict=True):
        if isinstance(answer, posting.Refused):
            run.error, run.error_sticks = _told_of(run, answer), answer.entry.refusal_sticks
        else:
            run.posted = answer


def _told_of(run: Run, refused: posting.Refused) -> DomainError:
    """The refusal; what it is about in another tenant's book is not the caller's business."""
    if run.tenant_book in {None, refused.entry.book_id}:
        return refused.error
    return CounterpartyRefused(OTHER_SIDE)
