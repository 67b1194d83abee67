"""What becomes of a day of a schedule: a batch, which is submitted at once, or why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from apps.accounts.models import Tenant, WalletStatus
from apps.accounts.queries.tenants import checked_active, tenant_of
from apps.accounts.queries.wallets import balances, holder
from apps.core import ids
from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.operations import books
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.payouts.models import (
    Batch,
    BatchRow,
    RowStatus,
    RunOutcome,
    Schedule,
    ScheduleRow,
    ScheduleRun,
    ScheduleStatus,
    WhenShort,
)
from apps.payouts.models.batches import Source
from apps.payouts.services.drafting import told as told_batch
from apps.payouts.services.rows import check
from apps.payouts.services.scheduling import (
    MOVED,
    entries_of,
    event_of,
    move_on,
    new_run,
    own_schedule,
    told,
)

SCHEDULER: Final = Actor.system("schedules", {"payouts.run_schedule", "payouts.wait_for_money"})
"""Who makes batches of schedules."""

MOST_MADE_UP: Final = 10
"""Days that are made up for after an outage: the latest; those before are missed, and told."""

LONGEST_MESSAGE: Final = 500
ALARMING: Final = {RunOutcome.MISSED, RunOutcome.REFUSED, RunOutcome.SHORT}


class ScheduleNotDue(DomainError):
    """That day is not the schedule's next, or not due yet."""

    code = "PAYOUT_SCHEDULE_NOT_DUE"
    http_status = 409


class ScheduleShort(DomainError):
    """The wallet has not what the day's payouts come to, and the schedule says to wait for it."""

    code = "PAYOUT_SCHEDULE_SHORT"
    http_status = 409
    transient = True


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of a day: `outcome`, or nothing yet, while it `waits` for money."""

    outcome: str
    code: str = ""
    message: str = ""
    waits: bool = False
    batch: Batch | None = None
    rows: Sequence[BatchRow] = ()
    needed: Money | None = None
    available: Money | None = None

    @property
    def refused(self) -> list[BatchRow]:
        """Rows that can no longer be paid, such as of a closed recipient."""
        return [row for row in self.rows if row.status == RowStatus.REFUSED]


def plan_run_schedule(context: Context, *, schedule: str, day: date) -> Plan:
    """Make the batch of a day that is due, or write down why there is none, and go on to the next day."""
    found = own_schedule(context, schedule)
    if found.next_on != day or found.next_at is None or found.next_at > context.now:
        raise ScheduleNotDue(f"{schedule} is not due for {day}.", field="/day")
    tenant = tenant_of(context, books.find(found.book_id).tenant_id, locked=True)
    decision = decide(found, tenant, context.now)
    if decision.waits:
        raise ScheduleShort(decision.message, field="/day")
    was = {"status": found.status}
    run = _run(found, day, decision, context.now)
    move_on(found, day, context.now)
    found.made += 1 if decision.batch else 0
    found.changed_at = context.now
    result = {**told(found), "day": day, "outcome": run.outcome, "batch": run.batch_id}
    return Plan(
        rows=[*([decision.batch, *decision.rows] if decision.batch else []), run],
        updates=[Update(found, MOVED, was)],
        result=result,
        events=_events(found, run, decision),
    )


def plan_wait_for_money(context: Context, *, schedule: str, day: date) -> Plan:
    """Keep since when a day waits for money, and tell people once."""
    found = own_schedule(context, schedule)
    if found.next_on != day or found.waits_since:
        return Plan(result=told(found))
    tenant = tenant_of(context, books.find(found.book_id).tenant_id, locked=True)
    decision = decide(found, tenant, context.now)
    if not decision.waits:
        return Plan(result=told(found))
    found.waits_since = context.now
    result = {**told(found), "day": day, "needed": decision.needed, "available": decision.available}
    alarm = {**result, "reason": "payout schedule: waits for money"}
    return Plan(
        updates=[Update(found, ("waits_since",), {"status": found.status})],
        result=result,
        events=[EventDraft("alert.raised", found.pk, alarm)],
    )


def decide(schedule: Schedule, tenant: Tenant, now: datetime) -> Decision:
    """What is to become of its next day, as things stand. Nothing is held by it: the ledger has the last word on each row."""
    if outcome := _passes(schedule, now):
        return outcome
    try:
        checked_active(tenant, "pays")
    except DomainError as error:
        return Decision(RunOutcome.REFUSED, error.code, error.message)
    if schedule.wallet.status != WalletStatus.OPEN:
        return Decision(RunOutcome.REFUSED, "WALLET_CLOSED", f"{schedule.wallet_id} is closed.")
    batch = _batch(schedule, now)
    rows = _checked(schedule, batch)
    ready = [row for row in rows if row.status == RowStatus.READY]
    if not ready:
        return Decision(RunOutcome.REFUSED, rows[0].code, rows[0].message)
    return _covered(schedule, batch, rows, now)


def _passes(schedule: Schedule, now: datetime) -> Decision | None:
    """Why the day passes without a look at rows and money."""
    day = _day(schedule)
    if schedule.status == ScheduleStatus.PAUSED:
        return Decision(RunOutcome.PAUSED, message=schedule.why)
    if schedule.when.due_behind(day, now, MOST_MADE_UP) == MOST_MADE_UP:
        what = f"{MOST_MADE_UP} later days are due as well: only those are made up for."
        return Decision(RunOutcome.MISSED, message=what)
    if schedule.when.pays_on(day) is None:
        what = f"{day} is no business day of {schedule.calendar}."
        return Decision(RunOutcome.NO_BUSINESS_DAY, message=what)
    return None


def _covered(schedule: Schedule, batch: Batch, rows: Sequence[BatchRow], now: datetime) -> Decision:
    owner = holder(schedule.wallet_id)
    has = balances([owner])[schedule.wallet_id].available
    ready = [row.amount or 0 for row in rows if row.status == RowStatus.READY]
    needed = Money(sum(ready), owner.currency)
    if has >= needed or schedule.when_short == WhenShort.PAY_WHAT_THERE_IS:
        return Decision(RunOutcome.MADE, batch=batch, rows=rows, needed=needed, available=has)
    until = (schedule.next_at or now) + timedelta(days=schedule.wait_days)
    waits = schedule.when_short == WhenShort.WAIT and now < until
    what = f"{schedule.wallet_id} has {has}, and {needed} is to be paid."
    return Decision(RunOutcome.SHORT, "INSUFFICIENT_BALANCE", what, waits=waits, needed=needed, available=has)


def _checked(schedule: Schedule, batch: Batch) -> list[BatchRow]:
    """Its rows as those of a batch: what can no longer be paid is refused with its reason."""
    template = ScheduleRow.objects.filter(schedule=schedule, version=schedule.version).order_by("number")
    rows = check(batch, books.find(schedule.book_id), entries_of(list(template)))
    for row in rows:
        if row.problems:
            row.status = RowStatus.REFUSED
            row.code = row.problems[0]["code"]
            row.message = row.problems[0]["message"][:LONGEST_MESSAGE]
    return rows


def _batch(schedule: Schedule, now: datetime) -> Batch:
    """A batch that is submitted by who set the schedule."""
    batch: Batch = Batch(
        id=ids.new_id("bat"),
        book_id=schedule.book_id,
        name=f"{schedule.name} {schedule.next_on}",
        reference=schedule.reference,
        wallet_id=schedule.wallet_id,
        source=Source.SCHEDULE,
        maker_kind=schedule.maker_kind,
        maker_id=schedule.maker_id,
        maker_label=schedule.maker_label,
        makers=schedule.makers,
        origin=schedule.origin,
        created_at=now,
        changed_at=now,
        submitted_at=now,
        next_step_at=now,
    )
    batch.submit()
    return batch


def _run(schedule: Schedule, day: date, decision: Decision, now: datetime) -> ScheduleRun:
    found: dict[str, Any] = {
        "needed": decision.needed.minor if decision.needed else None,
        "available": decision.available.minor if decision.available else None,
        "code": decision.code,
        "message": decision.message[:LONGEST_MESSAGE],
        "batch": decision.batch,
    }
    return new_run(schedule, day, decision.outcome, now, **found)


def _events(schedule: Schedule, run: ScheduleRun, decision: Decision) -> list[EventDraft]:
    of_day = {"day": run.day, "outcome": run.outcome, "code": run.code, "message": run.message}
    events = [] if decision.batch else [event_of(schedule, "skipped", **of_day)]
    if decision.batch:
        events = _submitted(schedule, decision.batch, decision)
    if run.outcome in ALARMING or decision.refused:
        refused = [
            {"number": row.number, "code": row.code, "message": row.message} for row in decision.refused
        ]
        reason = "rows refused" if decision.refused else run.get_outcome_display().lower()
        alarm = {**told(schedule), **of_day, "reason": f"payout schedule: {reason}", "rows": refused}
        events.append(EventDraft("alert.raised", schedule.pk, alarm))
    if schedule.status == ScheduleStatus.ENDED:
        events.append(event_of(schedule, "ended"))
    return events


def _submitted(schedule: Schedule, batch: Batch, decision: Decision) -> list[EventDraft]:
    made = {**told_batch(batch), "schedule": schedule.pk}
    payouts = len(decision.rows) - len(decision.refused)
    given = {**made, "payouts": payouts, "totals": [decision.needed]}
    return [
        EventDraft("payout_batch.created", batch.pk, made, book_id=batch.book_id),
        EventDraft("payout_batch.submitted", batch.pk, given, book_id=batch.book_id),
    ]


def _day(schedule: Schedule) -> date:
    if schedule.next_on is None:
        raise ScheduleNotDue(f"{schedule.pk} has ended.", field="/schedule")
    return schedule.next_on
