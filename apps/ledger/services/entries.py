"""Opening balances, corrections, reversals, and the entries of an imported history."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.core import ids
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger import templates
from apps.ledger.errors import AlreadyReversed
from apps.ledger.models import Account, Balance, JournalEntry, Line, Side
from apps.ledger.services.lookups import find_account, free_entry
from apps.ledger.services.placing import new_account
from apps.operations import books
from apps.operations.models import Book
from apps.operations.plan import BalanceAfter, Context, Entry, EventDraft, HoldUse, Plan, Posting

OPENING, CORRECTIONS = "equity:opening-balances", "suspense:corrections"


class OpeningBalanceLate(DomainError):
    """An opening balance comes before any other line."""

    code = "OPENING_BALANCE_LATE"
    http_status = 409


class ReversalReversed(DomainError):
    """A reversal is not reversed: what happened is posted anew."""

    code = "REVERSAL_NOT_REVERSIBLE"
    http_status = 409


def plan_opening_balance(
    context: Context, *, book: str, account: str, amount: Money, effective_at: datetime | None
) -> Plan:
    """What an account held before it came here; its first line, once. An amount below zero opens it overdrawn."""
    found_book, found = find_account(book, account, amount.currency)
    if Balance.objects.get(pk=found.pk).sequence:
        raise OpeningBalanceLate(
            f"{account} has lines already; a later difference is a correction.", field="/account"
        )
    inward = amount.is_positive == (found.side == Side.CREDIT)
    return _plan_against(
        context,
        found_book,
        found,
        counterpart=OPENING,
        template="opening_balance" if inward else "opening_debit",
        amount=Money(abs(amount.minor), amount.currency),
        kind="opening_balance",
        reference=f"opening:{account}:{amount.currency}",
        description="Opening balance",
        effective_at=effective_at,
        metadata={},
    )


def plan_correction(
    context: Context,
    *,
    book: str,
    account: str,
    direction: str,
    amount: Money,
    reason: str,
    related_type: str,
    related_id: str,
    effective_at: datetime | None,
) -> Plan:
    """Credit or debit an account to put a mistake right, against the corrections account."""
    found_book, found = find_account(book, account, amount.currency)
    return _plan_against(
        context,
        found_book,
        found,
        counterpart=CORRECTIONS,
        template=f"correction_{direction}",
        amount=amount,
        kind="correction",
        reference=f"correction:{context.operation_id}",
        description=reason,
        effective_at=effective_at,
        metadata={"reason": reason, "related_type": related_type, "related_id": related_id},
    )


def plan_reversal(context: Context, *, entry: str, reason: str, effective_at: datetime | None) -> Plan:
    """The mirror of a whole entry, linked to it and of the same template; once."""
    original = free_entry(entry)
    if original.reverses_id:
        raise ReversalReversed(f"{entry} is itself a reversal; post what happened anew.", field="/entry")
    if JournalEntry.objects.filter(reverses=original).exists():
        raise AlreadyReversed(f"The entry {entry} has been reversed already.", field="/entry")
    posted = mirror(original, reason, effective_at=effective_at)
    result = {"entry": posted.id, "reverses": entry, "balances": _balances(posted)}
    return Plan(result=result, posts=[posted], events=[EventDraft("entry.reversed", entry, result)])


def mirror(original: JournalEntry, reason: str, *, effective_at: datetime | None = None) -> Entry:
    """The entry that takes a whole entry back, linked to it."""
    return Entry(
        id=ids.new_id("je"),
        book_id=original.book_id,
        reference=f"reversal:{original.pk}",
        kind="reversal",
        postings=_mirrored_postings(original),
        description=reason,
        metadata={"reason": reason, "reverses": str(original.pk)},
        effective_at=effective_at,
        adjusts=True,
        reverses=str(original.pk),
        template=original.template_id,
    )


def plan_imported_entry(
    context: Context,
    *,
    book: str,
    reference: str,
    kind: str,
    source: str,
    destination: str,
    amount: Money,
    effective_at: datetime | None,
    description: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """One entry of a history kept elsewhere, with the reference it had there."""
    return plan_template_entry(
        context,
        book=book,
        reference=reference,
        template="imported_entry",
        variables={"amount": amount, "source": source, "destination": destination},
        kind=kind,
        effective_at=effective_at,
        description=description,
        metadata=metadata,
    )


def plan_template_entry(
    context: Context,
    *,
    book: str,
    reference: str,
    template: str,
    variables: Mapping[str, Any],
    kind: str,
    effective_at: datetime | None,
    description: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """One entry made by a template, of a history kept elsewhere; amounts as Money or as the API writes them."""
    entry = templates.entry(
        template,
        templates.variables_in(template, variables),
        book_id=books.id_of(book),
        reference=reference,
        kind=kind,
        description=description,
        metadata=metadata,
        effective_at=effective_at,
    )
    result = {"entry": entry.id}
    return Plan(
        result=result,
        posts=[entry],
        events=[EventDraft("entry.imported", entry.id, {"reference": reference})],
    )


def _plan_against(
    context: Context,
    book: Book,
    account: Account,
    *,
    counterpart: str,
    template: str,
    amount: Money,
    kind: str,
    reference: str,
    description: str,
    effective_at: datetime | None,
    metadata: Mapping[str, Any],
) -> Plan:
    entry = templates.entry(
        template,
        {"amount": amount, "account": account.address},
        book_id=book.pk,
        reference=reference,
        kind=kind,
        description=description,
        metadata=metadata,
        effective_at=effective_at,
        adjusts=True,
    )
    result = {"entry": entry.id, "balances": _balances(entry)}
    return Plan(
        result=result,
        posts=[entry],
        accounts=[new_account(book, counterpart, amount.currency, now=context.now)],
        events=[
            EventDraft(f"entry.{kind}", entry.id, {"account": account.address, "amount": amount, **metadata})
        ],
    )


def _balances(entry: Entry) -> dict[str, BalanceAfter]:
    return {
        address: BalanceAfter(address, posting.amount.currency)
        for posting in entry.postings
        for address in (posting.source, posting.destination)
    }


def _mirrored_postings(original: JournalEntry) -> list[Posting]:
    lines = Line.objects.filter(entry=original).select_related("account").order_by("posting", "amount")
    by_posting: dict[int, dict[bool, Line]] = {}
    for line in lines:
        by_posting.setdefault(line.posting, {})[line.amount > 0] = line
    return [_mirrored(pair[False], pair[True]) for _, pair in sorted(by_posting.items(), reverse=True)]


def _mirrored(out: Line, into: Line) -> Posting:
    return Posting(
        source=into.account.address,
        destination=out.account.address,
        amount=Money(into.amount, into.account.currency),
        hold=_mirrored_hold(out),
    )


def _mirrored_hold(out: Line) -> HoldUse | None:
    """What was put into a hold is taken from it, and what was taken from it is given back."""
    if out.hold_id is None:
        return None
    return HoldUse(out.hold_id, "return" if out.account.names_holds else "take")
