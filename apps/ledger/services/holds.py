"""Reserving money, and settling or releasing what was reserved."""

from collections.abc import Mapping

from apps.core import ids
from apps.core.money import CurrencyMismatch, Money
from apps.ledger import templates
from apps.ledger.errors import HoldExhausted
from apps.ledger.models import Hold
from apps.ledger.services.lookups import free_hold, remaining_of
from apps.ledger.templates import Held
from apps.operations import books
from apps.operations.plan import BalanceAfter, Context, Entry, EventDraft, Moved, Plan


def plan_place_hold(
    context: Context, *, book: str, account: str, held_account: str, amount: Money, reason: str
) -> Plan:
    """Move an amount into the reserve account, in the name of a new hold."""
    held = Held(ids.new_id("hld"), held_account)
    variables: dict[str, Money | str] = {"amount": amount, "account": account, "held": held_account}
    entry = _entry(context, "hold_place", variables, books.id_of(book), "hold", held, reason)
    result = {"hold": held.hold_id, "entry": entry.id, "balances": _balances(entry)}
    event = {"account": account, "amount": amount, "reason": reason}
    return Plan(
        result=result,
        posts=[entry],
        events=[EventDraft("hold.placed", held.hold_id, event, book_id=entry.book_id)],
    )


def plan_settle_hold(
    context: Context, *, hold: str, destination: str, amount: Money | None, release_rest: bool, reason: str
) -> Plan:
    """Pay a hold out to its destination, wholly or in part; the rest stays held, or goes back at once."""
    found = free_hold(hold)
    remaining = remaining_of(found)
    paid = _part(remaining, amount)
    rest = remaining - paid if release_rest and remaining > paid else Money.zero(paid.currency)
    variables = _accounts(found) | {"amount": paid, "rest": rest, "destination": destination}
    return _plan_end(context, found, "hold_settle", variables, "hold.settled", reason)


def plan_release_hold(context: Context, *, hold: str, amount: Money | None, reason: str) -> Plan:
    """Give a hold back to the account it was taken from, wholly or in part."""
    found = free_hold(hold)
    variables = _accounts(found) | {"amount": _part(remaining_of(found), amount)}
    return _plan_end(context, found, "hold_release", variables, "hold.released", reason)


def _part(remaining: Money, amount: Money | None) -> Money:
    """What is asked of a hold, or all of it; whether so much remains is decided under its lock."""
    if amount and amount.currency != remaining.currency:
        raise CurrencyMismatch(f"{amount} is asked of a hold in {remaining.currency}.", field="/amount")
    if remaining.is_zero:
        raise HoldExhausted("Nothing remains of this hold.", field="/hold")
    return amount or remaining


def _accounts(hold: Hold) -> dict[str, Money | str]:
    return {"account": hold.account.address, "held": hold.held_account.address}


def _plan_end(
    context: Context, hold: Hold, template: str, variables: Mapping[str, Money | str], event: str, reason: str
) -> Plan:
    held = Held(hold.pk, hold.held_account.address)
    entry = _entry(context, template, variables, hold.book_id, event.replace(".", "_"), held, reason)
    result = {"hold": hold.pk, "entry": entry.id, "moved": Moved(entry), "balances": _balances(entry)}
    return Plan(
        result=result,
        posts=[entry],
        events=[EventDraft(event, hold.pk, {"moved": Moved(entry), "reason": reason}, book_id=hold.book_id)],
    )


def _entry(
    context: Context,
    template: str,
    variables: Mapping[str, Money | str],
    book_id: int,
    kind: str,
    held: Held,
    reason: str,
) -> Entry:
    return templates.entry(
        template,
        variables,
        book_id=book_id,
        reference=f"{kind}:{context.operation_id}",
        kind=kind,
        description=reason,
        metadata={"hold": held.hold_id},
        held=held,
    )


def _balances(entry: Entry) -> dict[str, BalanceAfter]:
    return {
        address: BalanceAfter(address, posting.amount.currency)
        for posting in entry.postings
        for address in (posting.source, posting.destination)
    }
