"""Drafts of batches: rows are added, mended and left out until all are right, and then submitted."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from apps.accounts.queries.tenants import checked_active, tenant_of
from apps.accounts.queries.wallets import WalletNotFound, holder
from apps.core import clock, ids
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.operations import books, isolation, people
from apps.operations.errors import PermissionDenied
from apps.operations.models import Book
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.operations.registry import Input, Target
from apps.payouts.models import Batch, BatchRow, BatchStatus, RowStatus, Schedule
from apps.payouts.models.batches import Source
from apps.payouts.queries.totals import Count, count_of
from apps.payouts.services.rows import Entry, check
from apps.transfers.services.batched import HELD_FOR

MOST_ROWS: Final = 10_000
WRITTEN: Final = (
    *("number", "given", "problems", "status", "wallet", "recipient", "recipient_version"),
    *("payee", "amount", "currency", "reference", "description"),
)
SUBMITTED: Final = (
    *("status", "submitted_at", "changed_at", "next_step_at", "execute_at", "by_itself"),
    *("maker_kind", "maker_id", "maker_label", "makers", "origin"),
)


class BatchNotFound(DomainError):
    """There is no such batch, as far as the caller may know."""

    code = "BATCH_NOT_FOUND"
    http_status = 404


class NotADraft(DomainError):
    """The batch was submitted: its rows are what they are."""

    code = "BATCH_NOT_A_DRAFT"
    http_status = 409


class RowNotFound(DomainError):
    """The batch has no row of that number."""

    code = "BATCH_ROW_NOT_FOUND"
    http_status = 404


class TooManyRows(DomainError):
    """More rows than a batch has at most."""

    code = "TOO_MANY_ROWS"
    http_status = 422


class RowsWrong(DomainError):
    """Rows are still to be mended or left out."""

    code = "BATCH_ROWS_WRONG"
    http_status = 409


class ExecutedTooLate(DomainError):
    """The time is later than money is held for a batch."""

    code = "BATCH_TOO_LATE"
    http_status = 422


class NothingToPay(DomainError):
    """The batch has no row that could be paid."""

    code = "BATCH_EMPTY"
    http_status = 409


def target(data: Input) -> Iterator[Target]:
    """The batch, which is locked, and so are its rows."""
    yield Target(Batch, data["batch"])


def scopes(data: Input) -> Iterator[tuple[str, str]]:
    """The flag scopes of a batch: whose it is, and the currencies of its rows."""
    found = Batch.objects.filter(pk=data["batch"]).first()
    if found is None:
        return
    if tenant := books.find(found.book_id).tenant_id:
        yield "tenant", tenant
    rows = BatchRow.objects.filter(batch=found, status__in=[RowStatus.READY, RowStatus.RESERVED])
    for currency in rows.order_by("currency").values_list("currency", flat=True).distinct():
        yield "currency", currency


def plan_create_batch(
    context: Context,
    *,
    tenant: str | None,
    name: str,
    wallet: str | None,
    reference: str,
    rows: Sequence[Mapping[str, Any]],
) -> Plan:
    """Begin a batch, with some rows if they are known already. Nothing is held, nothing is asked."""
    batch, book = new_batch(context, tenant, name, wallet, reference, _source(context))
    add_maker(batch, context)
    added = check(batch, book, entries_of(rows, first=1))
    result = {**told(batch), "rows": [told_row(each) for each in added if each.problems]}
    event = EventDraft("payout_batch.created", batch.pk, told(batch), book_id=batch.book_id)
    return Plan(rows=[batch, *added], result=result, events=[event])


def plan_add_rows(context: Context, *, batch: str, rows: Sequence[Mapping[str, Any]]) -> Plan:
    """Add rows to a draft, behind those that are there."""
    found, book = draft_of(context, batch)
    there = list(BatchRow.objects.filter(batch=found).defer("given").order_by("number"))
    if len(there) + len(rows) > MOST_ROWS:
        raise TooManyRows(
            f"The batch has {len(there)} rows; with {len(rows)} more it has more than {MOST_ROWS}.",
            field="/rows",
        )
    first = there[-1].number + 1 if there else 1
    added = check(found, book, entries_of(rows, first=first), beside=there)
    result = {**told(found), "rows": [told_row(each) for each in added if each.problems]}
    return Plan(rows=added, updates=_by_another(found, context), result=result)


def plan_mend_row(context: Context, *, batch: str, number: int, row: Mapping[str, Any]) -> Plan:
    """Give a row of a draft anew, whatever was wrong with it."""
    found, book = draft_of(context, batch)
    known, others = _row_of(found, number)
    [entry] = entries_of([row], first=number)
    [mended] = check(found, book, [entry], beside=others)
    was = {"status": known.status}
    for name in WRITTEN:
        setattr(known, name, getattr(mended, name))
    return Plan(
        updates=[Update(known, WRITTEN, was), *_by_another(found, context)],
        result={**told(found), "row": told_row(known)},
    )


def plan_drop_row(context: Context, *, batch: str, number: int) -> Plan:
    """Leave a row of a draft out; it stays to be seen."""
    found, _book = draft_of(context, batch)
    known, _others = _row_of(found, number)
    was = {"status": known.status}
    known.status = RowStatus.DROPPED
    return Plan(updates=[Update(known, ("status",), was)], result={**told(found), "row": told_row(known)})


def plan_submit_batch(context: Context, *, batch: str, execute_at: datetime | None, by_itself: bool) -> Plan:
    """Have it paid: money is held for each row, other people are asked where that is due, and then it is sent."""
    found, book = draft_of(context, batch)
    if book.tenant_id:
        with isolation.as_platform():
            checked_active(tenant_of(context, str(book.tenant_id), locked=True), "pays")
    count = count_of(found)
    _refuse_unfit(found, count)
    _refuse_new_recipients(context, found)
    refuse_too_late(execute_at, context.now)
    found.submit()
    found.submitted_at = found.changed_at = found.next_step_at = context.now
    found.execute_at, found.by_itself = execute_at, by_itself
    _made_by(found, context)
    result = {**told(found), "payouts": count.ready, "totals": list(count.totals)}
    return Plan(
        updates=[Update(found, SUBMITTED, {"status": BatchStatus.DRAFT})],
        result=result,
        events=[EventDraft("payout_batch.submitted", found.pk, result, book_id=found.book_id)],
    )


def new_batch(
    context: Context, tenant: str | None, name: str, wallet: str | None, reference: str, source: str
) -> tuple[Batch, Book]:
    """A draft of a tenant's, to which its wallets belong."""
    owner = checked_active(tenant_of(context, tenant), "pays")
    book = books.find(books.id_of_tenant(owner.pk) or 0)
    if wallet and holder(wallet).book_id != book.pk:
        raise WalletNotFound(f"There is no wallet {wallet} of {owner.pk}.", field="/wallet")
    batch = Batch(
        id=ids.new_id("bat"),
        book_id=book.pk,
        name=name,
        reference=reference,
        wallet_id=wallet,
        source=source,
        created_at=context.now,
        changed_at=context.now,
    )
    return batch, book


def own_batch(context: Context, batch: str) -> Batch:
    """The locked batch, which is the caller's own unless an operator or the system asks."""
    found: Batch = context.locked[Batch, batch]  # type: ignore[assignment]
    if context.actor.book_id not in {None, found.book_id}:
        raise BatchNotFound(f"There is no batch {batch}.", field="/batch")
    return found


def draft_of(context: Context, batch: str) -> tuple[Batch, Book]:
    """The locked draft, and its book; NotADraft once it was submitted."""
    found = own_batch(context, batch)
    if found.status != BatchStatus.DRAFT:
        raise NotADraft(
            f"{batch} is {found.get_status_display().lower()}: only the rows of a draft change.",
            field="/batch",
        )
    return found, books.find(found.book_id)


def entries_of(rows: Sequence[Mapping[str, Any]], *, first: int) -> list[Entry]:
    """Rows of a command's input, numbered from the first."""
    return [_entry(number, row) for number, row in enumerate(rows, start=first)]


def told(batch: Batch) -> dict[str, Any]:
    """What a command answers of a batch."""
    return {"batch": batch.pk, "name": batch.name, "reference": batch.reference, "status": str(batch.status)}


def _entry(number: int, row: Mapping[str, Any]) -> Entry:
    amount: Money = row["amount"]
    given = {name: value for name, value in row.items() if value and name != "amount"}
    return Entry(
        number=number,
        given={**given, "amount": amount.decimal, "currency": amount.currency},
        amount=amount,
        wallet=row["wallet"],
        recipient=row["recipient"],
        external_id=row["recipient_external_id"],
        name=row["name"],
        country=row["country"],
        details=row["details"],
        reference=row["reference"],
        description=row["description"],
    )


def _row_of(batch: Batch, number: int) -> tuple[BatchRow, list[BatchRow]]:
    rows = BatchRow.objects.filter(batch=batch)
    found = rows.filter(number=number).first()
    if found is None:
        raise RowNotFound(f"{batch.pk} has no row {number}.", field="/number")
    return found, list(rows.exclude(pk=found.pk).defer("given").order_by("number"))


def _refuse_unfit(batch: Batch, count: Count) -> None:
    if count.wrong:
        raise RowsWrong(
            f"{count.wrong} of {count.rows} rows are still wrong: mend them, or leave them out.",
            field="/batch",
            details={"wrong": count.wrong},
        )
    if not count.ready:
        raise NothingToPay(f"{batch.pk} has no row to pay.", field="/batch")


def add_maker(batch: Batch | Schedule, context: Context) -> bool:
    """Whether somebody else than before has given something of it."""
    with isolation.as_platform():
        makers = sorted({*batch.makers, *people.behind(context.actor.kind, context.actor.id)})
    is_another = bool(makers != batch.makers)
    batch.makers = makers
    return is_another


def _by_another(batch: Batch, context: Context) -> list[Update]:
    was = {"status": batch.status}
    return [Update(batch, ("makers",), was)] if add_maker(batch, context) else []


def refuse_too_late(execute_at: datetime | None, submitted_at: datetime) -> None:
    """Raise ExecutedTooLate where what is held would be given back before."""
    last = submitted_at + HELD_FOR - timedelta(days=1)
    if execute_at and execute_at > last:
        raise ExecutedTooLate(
            f"Money is held for {HELD_FOR.days} days: the latest is {clock.written(last)}.",
            field="/execute_at",
        )


def _refuse_new_recipients(context: Context, batch: Batch) -> None:
    """Who may not make recipients does not make any by a batch."""
    new = BatchRow.objects.filter(batch=batch, status=RowStatus.READY, recipient__isnull=True)
    if not context.actor.can("accounts.create_recipient") and (first := new.order_by("number").first()):
        raise PermissionDenied(
            f"Row {first.number} pays somebody who is no recipient yet, and you may not make recipients.",
            field="/batch",
        )


def _made_by(batch: Batch, context: Context) -> None:
    actor = context.actor
    add_maker(batch, context)
    batch.maker_kind, batch.maker_id, batch.maker_label = actor.kind, actor.id, actor.label[:200]
    batch.origin = context.origin


def _source(context: Context) -> str:
    return Source.API if context.origin == "api" else Source.CONSOLE


def told_row(row: BatchRow) -> dict[str, Any]:
    """What a command answers of a row that is to be mended."""
    return {"number": row.number, "status": str(row.status), "problems": row.problems}
