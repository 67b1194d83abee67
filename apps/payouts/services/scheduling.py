"""Schedules of payouts: set, changed, paused, resumed, ended."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from apps.accounts.queries.tenants import checked_active, tenant_of
from apps.accounts.queries.wallets import WalletNotFound, holder
from apps.core import ids
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.operations import books
from apps.operations.models import Book
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.operations.registry import Input, Target
from apps.payouts.models import Batch, RunOutcome, Schedule, ScheduleRow, ScheduleRun, ScheduleStatus
from apps.payouts.services.drafting import add_maker, told_row
from apps.payouts.services.rows import Entry, check
from apps.payouts.when import Every, When
from apps.providers.formats import calendars

_OF_WHEN: Final = (*("every", "on_day", "first_on", "last_on", "at", "time_zone", "calendar", "on_holiday"),)
SET: Final = (
    *(
        "name",
        "reference",
        "wallet",
        "version",
        "when_short",
        "wait_days",
        "next_on",
        "next_at",
        "changed_at",
    ),
    *_OF_WHEN,
    *("maker_kind", "maker_id", "maker_label", "makers", "origin"),
)
MOVED: Final = (
    *("status", "next_on", "next_at", "waits_since", "made", "why", "makers", "changed_at", "ended_at"),
)


class ScheduleNotFound(DomainError):
    """There is no such schedule, as far as the caller may know."""

    code = "PAYOUT_SCHEDULE_NOT_FOUND"
    http_status = 404


class ScheduleUnclear(DomainError):
    """What is said of its days contradicts itself."""

    code = "PAYOUT_SCHEDULE_UNCLEAR"
    http_status = 422


class ScheduleNever(DomainError):
    """It has no day that is still to come."""

    code = "PAYOUT_SCHEDULE_NEVER"
    http_status = 422


class ScheduleRowsUnfit(DomainError):
    """Rows of a schedule could not be paid."""

    code = "PAYOUT_SCHEDULE_ROWS_UNFIT"
    http_status = 422


class ScheduleStatusUnfit(DomainError):
    """A schedule in this status does not do that."""

    code = "PAYOUT_SCHEDULE_STATUS_UNFIT"
    http_status = 409


class ScheduleDue(DomainError):
    """A day of it is due and not decided yet: it is made soon, or waits for money."""

    code = "PAYOUT_SCHEDULE_DUE"
    http_status = 409


def target(data: Input) -> Iterator[Target]:
    """The schedule, which is locked, and so is its next day."""
    yield Target(Schedule, data["schedule"])


def plan_create_schedule(
    context: Context,
    *,
    tenant: str | None,
    name: str,
    reference: str,
    wallet: str,
    rows: Sequence[Mapping[str, Any]],
    when: Mapping[str, Any],
    when_short: str,
    wait_days: int,
) -> Plan:
    """Pay these rows on each of the days that are still to come."""
    owner = checked_active(tenant_of(context, tenant), "pays")
    book = books.find(books.id_of_tenant(owner.pk) or 0)
    schedule = Schedule(id=ids.new_id("psc"), book_id=book.pk, created_at=context.now)
    schedule.name, schedule.reference, schedule.wallet_id = name, reference, wallet
    schedule.when_short, schedule.wait_days = when_short, wait_days
    _say(context, schedule, when)
    schedule.next_on = _first_day(schedule.when, context.now)
    schedule.next_at = schedule.when.due_at(schedule.next_on)
    made = _rows(schedule, book, rows)
    return Plan(rows=[schedule, *made], result=told(schedule), events=[event_of(schedule, "created")])


def plan_change_schedule(
    context: Context,
    *,
    schedule: str,
    name: str,
    reference: str,
    wallet: str,
    rows: Sequence[Mapping[str, Any]],
    when: Mapping[str, Any],
    when_short: str,
    wait_days: int,
) -> Plan:
    """Replace rows and calendar from the next day on; what was made before stays what it was."""
    found = own_schedule(context, schedule)
    _refuse_ended(found)
    _refuse_due(found, context.now)
    found.version += 1
    found.name, found.reference, found.wallet_id = name, reference, wallet
    found.when_short, found.wait_days = when_short, wait_days
    _say(context, found, when)
    last = found.runs.order_by("-day").values_list("day", flat=True).first()
    found.next_on = _first_day(found.when, context.now, after=last)
    found.next_at = found.when.due_at(found.next_on)
    made = _rows(found, books.find(found.book_id), rows)
    return Plan(
        rows=list(made),
        updates=[Update(found, SET, {"status": found.status})],
        result=told(found),
        events=[event_of(found, "changed")],
    )


def plan_pause_schedule(context: Context, *, schedule: str, reason: str) -> Plan:
    """Let its days pass, also one that waits for money, until it is resumed."""
    found = own_schedule(context, schedule)
    _refuse_unless(found, ScheduleStatus.ACTIVE)
    was = {"status": found.status}
    found.pause()
    found.why, found.waits_since = reason, None
    return moved(context, found, was, "paused")


def plan_resume_schedule(context: Context, *, schedule: str) -> Plan:
    """Pay again from the next day on that is still to come; what was missed stays missed."""
    found = own_schedule(context, schedule)
    _refuse_unless(found, ScheduleStatus.PAUSED)
    was = {"status": found.status}
    past = _past(context, found, RunOutcome.PAUSED)
    found.resume()
    found.why = ""
    add_maker(found, context)
    move_on(found, past[-1].day if past else None, context.now)
    return moved(context, found, was, "resumed", past)


def plan_end_schedule(context: Context, *, schedule: str, reason: str) -> Plan:
    """Never pay by it again. Batches that it has made go on."""
    found = own_schedule(context, schedule)
    _refuse_ended(found)
    was = {"status": found.status}
    past = _past(context, found, RunOutcome.CALLED_OFF)
    found.why = reason
    end(found, context.now)
    return moved(context, found, was, "ended", past)


def own_schedule(context: Context, schedule: str) -> Schedule:
    """The locked schedule, which is the caller's own unless an operator or the system asks."""
    found: Schedule = context.locked[Schedule, schedule]  # type: ignore[assignment]
    if context.actor.book_id not in {None, found.book_id}:
        raise ScheduleNotFound(f"There is no schedule {schedule}.", field="/schedule")
    return found


def move_on(schedule: Schedule, day: date | None, now: datetime) -> None:
    """Its next day is the one after this one; it ends where there is none."""
    if day is None or schedule.status == ScheduleStatus.ENDED:
        return
    schedule.waits_since = None
    schedule.next_on = schedule.when.next_day(day)
    schedule.next_at = schedule.when.due_at(schedule.next_on) if schedule.next_on else None
    if schedule.next_on is None:
        end(schedule, now)


def end(schedule: Schedule, now: datetime) -> None:
    """It has no further day."""
    schedule.end()
    schedule.ended_at = now
    schedule.next_on = schedule.next_at = schedule.waits_since = None


def told(schedule: Schedule) -> dict[str, Any]:
    """What a command answers of a schedule."""
    return {
        "schedule": schedule.pk,
        "name": schedule.name,
        "reference": schedule.reference,
        "status": str(schedule.status),
        "version": schedule.version,
        "next_on": schedule.next_on,
        "next_at": schedule.next_at,
    }


def event_of(schedule: Schedule, what: str, **more: Any) -> EventDraft:
    """What the tenant is told of a schedule."""
    data = {**told(schedule), **more}
    return EventDraft(f"payout_schedule.{what}", schedule.pk, data, book_id=schedule.book_id)


def moved(
    context: Context,
    schedule: Schedule,
    was: Mapping[str, Any],
    what: str,
    past: Sequence[ScheduleRun] = (),
) -> Plan:
    """The plan that writes another status; `past` are days that pass with it. Who resumes one that has no day left ends it."""
    schedule.changed_at = context.now
    names = dict.fromkeys([what, "ended"] if schedule.status == ScheduleStatus.ENDED else [what])
    skipped = [
        event_of(schedule, "skipped", day=run.day, outcome=run.outcome, code=run.code, message=run.message)
        for run in past
    ]
    return Plan(
        rows=list(past),
        updates=[Update(schedule, MOVED, was)],
        result=told(schedule),
        events=[*skipped, *(event_of(schedule, name) for name in names)],
    )


def new_run(schedule: Schedule, day: date, outcome: str, now: datetime, **more: Any) -> ScheduleRun:
    """What came of a day."""
    currency = holder(schedule.wallet_id).currency
    return ScheduleRun(
        id=ids.new_id("psr"),
        book_id=schedule.book_id,
        schedule=schedule,
        day=day,
        version=schedule.version,
        outcome=outcome,
        currency=currency,
        ran_at=now,
        **more,
    )


def entries_of(rows: Sequence[ScheduleRow]) -> list[Entry]:
    """Rows of a schedule as those of a batch are given."""
    return [
        _entry(each.number, each.money, each.recipient_id, each.reference, each.description) for each in rows
    ]


def _entry(number: int, amount: Money, recipient: str, reference: str, description: str) -> Entry:
    given = {
        **{"recipient": recipient, "amount": amount.decimal, "currency": amount.currency},
        **({"reference": reference} if reference else {}),
        **({"description": description} if description else {}),
    }
    return Entry(number, given, amount, None, recipient, reference=reference, description=description)


def _say(context: Context, schedule: Schedule, when: Mapping[str, Any]) -> None:
    if holder(schedule.wallet_id).book_id != schedule.book_id:
        raise WalletNotFound(f"There is no wallet {schedule.wallet_id}.", field="/wallet")
    today = context.now.astimezone(ZoneInfo(when["time_zone"])).date()
    said = {**when, "first_on": when["first_on"] or today}
    _refuse_unclear(said, today)
    for name in _OF_WHEN:
        setattr(schedule, name, said[name])
    schedule.changed_at = context.now
    actor = context.actor
    schedule.maker_kind, schedule.maker_id = actor.kind, actor.id
    schedule.maker_label, schedule.origin = actor.label[:200], context.origin
    add_maker(schedule, context)


def _refuse_unclear(said: Mapping[str, Any], today: date) -> None:
    every, on_day = said["every"], said["on_day"]
    most = {Every.WEEK: 7, Every.MONTH: 31}.get(every)
    if most is None and on_day is not None:
        raise ScheduleUnclear("What pays every day, or once, has no day to pay on.", field="/when/on_day")
    if most is not None and (on_day is None or on_day > most):
        raise ScheduleUnclear(
            f"Say on which day of the {every} it pays, from 1 to {most}.", field="/when/on_day"
        )
    if said["first_on"] < today:
        raise ScheduleUnclear(f"{said['first_on']} is past: today is {today}.", field="/when/first_on")
    if said["last_on"] and said["last_on"] < said["first_on"]:
        raise ScheduleUnclear("It ends before it begins.", field="/when/last_on")
    if said["calendar"]:
        calendars.check(said["calendar"], field="/when/calendar")
        if every == Every.DAY and said["on_holiday"] != "skip":
            what = "What pays every day skips days that are no business days: else the next one would pay several times."
            raise ScheduleUnclear(what, field="/when/on_holiday")


def _first_day(when: When, now: datetime, after: date | None = None) -> date:
    found = when.day_after(now, after)
    if found is None:
        raise ScheduleNever("It has no day that is still to come.", field="/when/first_on")
    return found


def _rows(schedule: Schedule, book: Book, rows: Sequence[Mapping[str, Any]]) -> list[ScheduleRow]:
    entries = [
        _entry(number, row["amount"], row["recipient"], row["reference"], row["description"])
        for number, row in enumerate(rows, start=1)
    ]
    checked = check(Batch(book_id=book.pk, wallet_id=schedule.wallet_id), book, entries)
    if wrong := [each for each in checked if each.problems]:
        first = wrong[0]
        raise ScheduleRowsUnfit(
            f"{len(wrong)} of {len(checked)} rows could not be paid. Row {first.number}: {first.problems[0]['message']}",
            field="/rows",
            details={"rows": [told_row(each) for each in wrong]},
        )
    return [
        ScheduleRow(
            id=ids.new_id("psw"),
            book_id=book.pk,
            schedule=schedule,
            version=schedule.version,
            number=each.number,
            recipient_id=each.recipient_id,
            amount=each.amount,
            currency=each.currency,
            reference=each.reference,
            description=each.description,
        )
        for each in checked
    ]


def _past(context: Context, schedule: Schedule, outcome: str) -> list[ScheduleRun]:
    """Days that are due and were not decided, which pass with this outcome."""
    found: list[ScheduleRun] = []
    day = schedule.next_on
    while day and schedule.when.due_at(day) <= context.now:
        found.append(new_run(schedule, day, outcome, context.now))
        day = schedule.when.next_day(day)
    return found


def _refuse_due(schedule: Schedule, now: datetime) -> None:
    if schedule.next_at and schedule.next_at <= now:
        waits = "waits for money" if schedule.waits_since else "is due"
        raise ScheduleDue(
            f"{schedule.next_on} {waits}: change it when that day is decided, or pause it to let that day pass.",
            field="/schedule",
        )


def _refuse_ended(schedule: Schedule) -> None:
    if schedule.status == ScheduleStatus.ENDED:
        raise ScheduleStatusUnfit(f"{schedule.pk} has ended.", field="/schedule")


def _refuse_unless(schedule: Schedule, status: str) -> None:
    if schedule.status != status:
        raise ScheduleStatusUnfit(
            f"{schedule.pk} is {schedule.get_status_display().lower()}, not {status}.", field="/schedule"
        )
