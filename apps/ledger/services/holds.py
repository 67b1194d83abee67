"""Reserving money, and settling or releasing what was reserved."""

from apps.core import ids
from apps.core.money import CurrencyMismatch, Money
from apps.ledger.errors import HoldExhausted
from apps.ledger.models import Hold
from apps.ledger.services.lookups import find_hold, remaining_of
from apps.operations import books
from apps.operations.plan import BalanceAfter, Context, Entry, EventDraft, HoldUse, Plan, Posting


def plan_place_hold(
    context: Context, *, book: str, account: str, held_account: str, amount: Money, reason: str
) -> Plan:
    """Move an amount into the reserve account, in the name of a new hold."""
    hold_id = ids.new_id("hld")
    posting = Posting(account, held_account, amount, HoldUse(hold_id, "open"))
    entry = _entry(context, books.id_of(book), "hold", hold_id, [posting], reason)
    result = {"hold": hold_id, "entry": entry.id, "balances": _balances(entry)}
    event = {"account": account, "amount": amount, "reason": reason}
    return Plan(result=result, posts=[entry], events=[EventDraft("hold.placed", hold_id, event)])


def plan_settle_hold(
    context: Context, *, hold: str, destination: str, amount: Money | None, release_rest: bool, reason: str
) -> Plan:
    """Pay a hold out to its destination, wholly or in part; the rest stays held, or goes back at once."""
    found = find_hold(hold)
    remaining = remaining_of(found)
    paid = _part(remaining, amount)
    postings = [_take(found, destination, paid)]
    if release_rest and remaining > paid:
        postings.append(_take(found, found.account.address, remaining - paid))
    return _plan_end(context, found, postings, "hold.settled", reason)


def plan_release_hold(context: Context, *, hold: str, amount: Money | None, reason: str) -> Plan:
    """Give a hold back to the account it was taken from, wholly or in part."""
    found = find_hold(hold)
    postings = [_take(found, found.account.address, _part(remaining_of(found), amount))]
    return _plan_end(context, found, postings, "hold.released", reason)


def _part(remaining: Money, amount: Money | None) -> Money:
    """What is asked of a hold, or all of it; whether so much remains is decided under its lock."""
    if amount and amount.currency != remaining.currency:
        raise CurrencyMismatch(f"{amount} is asked of a hold in {remaining.currency}.", field="/amount")
    if remaining.is_zero:
        raise HoldExhausted("Nothing remains of this hold.", field="/hold")
    return amount or remaining


def _take(hold: Hold, destination: str, amount: Money) -> Posting:
    return Posting(hold.held_account.address, destination, amount, HoldUse(hold.pk, "take"))


def _plan_end(context: Context, hold: Hold, postings: list[Posting], event: str, reason: str) -> Plan:
    entry = _entry(context, hold.book_id, event.replace(".", "_"), hold.pk, postings, reason)
    amounts = [{"to": posting.destination, "amount": posting.amount} for posting in postings]
    result = {"hold": hold.pk, "entry": entry.id, "moved": amounts, "balances": _balances(entry)}
    return Plan(
        result=result,
        posts=[entry],
        events=[EventDraft(event, hold.pk, {"moved": amounts, "reason": reason})],
    )


def _entry(
    context: Context, book_id: int, kind: str, hold_id: str, postings: list[Posting], reason: str
) -> Entry:
    return Entry(
        id=ids.new_id("je"),
        book_id=book_id,
        reference=f"{kind}:{context.operation_id}",
        kind=kind,
        postings=postings,
        description=reason,
        metadata={"hold": hold_id},
    )


def _balances(entry: Entry) -> dict[str, BalanceAfter]:
    return {
        address: BalanceAfter(address, posting.amount.currency)
        for posting in entry.postings
        for address in (posting.source, posting.destination)
    }
