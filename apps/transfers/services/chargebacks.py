"""What a provider takes back of a deposit: the wallet gives what it still has, and owes the rest."""

from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any

from apps.accounts.queries.wallets import Holder, holder
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger import templates
from apps.ledger.models import JournalEntry
from apps.ledger.services.lookups import find_entry
from apps.operations import books
from apps.operations.plan import BalanceAfter, Context, Entry, EventDraft, Plan, Update
from apps.operations.registry import Input, Target
from apps.transfers.arrivals import (
    CREDITED,
    IN_SUSPENSE,
    Chargeback,
    ChargebackStatus,
    Deposit,
    DepositStatus,
)
from apps.transfers.models import Transfer
from apps.transfers.queries.given_back import refunded
from apps.transfers.services.reserves import keeper

POSTED = "Posted by itself: what the wallet still had was taken, the rest is owed."
REFUSED = "The books refused it; the operation of its message says why. Mend that, and post it."
CLOSING = ("status", "note", "entry_id", "closed_at")


class ChargebackClosed(DomainError):
    """Somebody has seen to the chargeback already."""

    code = "CHARGEBACK_CLOSED"
    http_status = 409


class ChargebackNotPostable(DomainError):
    """No wallet has what was taken back."""

    code = "CHARGEBACK_NOT_POSTABLE"
    http_status = 409


class ChargebackToBePosted(DomainError):
    """A wallet has what was taken back: it is debited, not forgotten."""

    code = "CHARGEBACK_TO_BE_POSTED"
    http_status = 409


def target(data: Input) -> Iterator[Target]:
    """The chargeback and what it is taken of, locked."""
    yield Target(Chargeback, data["chargeback"])
    if found := Chargeback.objects.filter(pk=data["chargeback"]).first():
        yield from taken_of(found.deposit)


def taken_of(deposit: Deposit | None) -> Iterator[Target]:
    """A deposit and the pay-in by which a wallet has it, locked: so chargebacks, refunds and a reversal know of each other."""
    if deposit is None:
        return
    yield Target(Deposit, str(deposit.pk))
    if deposit.transfer_id:
        yield Target(Transfer, str(deposit.transfer_id))
        yield from keeper(str(deposit.wallet_id))


def plan_follow(context: Context, chargeback: Chargeback) -> Plan:
    """Debit the wallet that has the deposit, whether or not it has enough; what is not plain goes on the desk.

    What was refunded is not taken a second time by itself: whoever paid would have it twice, and the provider may yet be
    convinced of that. A person contests it there or, if the provider keeps it, posts it.
    """
    deposit = _locked(context, chargeback)
    why = _impossible(chargeback, deposit) or _doubtful(chargeback, deposit)
    waits = copy(chargeback)
    waits.note = why or REFUSED
    desk = Plan(rows=[waits], result={"chargeback": chargeback.pk}, events=[_alarm(waits)])
    if why or deposit is None:
        return desk
    chargeback.note = POSTED
    posts, result = _posted(context, chargeback, deposit, sticks=True)
    return Plan(
        rows=[chargeback],
        updates=[_counted(deposit, chargeback)],
        posts=posts,
        result=result,
        events=[_told(chargeback, deposit, result)],
        if_refused=Plan(result={}, rows=[waits], events=[_alarm(waits)]),
    )


def plan_post_chargeback(context: Context, *, chargeback: str, reason: str) -> Plan:
    """Debit the wallet that has the deposit with what was taken back of it: it owes what it has not."""
    found = _open(context, chargeback)
    deposit = _locked(context, found)
    if (why := _impossible(found, deposit)) or deposit is None:
        raise ChargebackNotPostable(
            f"{why} Correct the books and close it with that entry, or close it saying whose it is.",
            field="/chargeback",
        )
    found.note = reason
    posts, result = _posted(context, found, deposit, sticks=False)
    return Plan(
        updates=[Update(found, CLOSING, {"status": ChargebackStatus.OPEN}), _counted(deposit, found)],
        posts=posts,
        result={**result, "status": found.status},
        events=[_told(found, deposit, result)],
    )


def plan_close_chargeback(context: Context, *, chargeback: str, note: str, entry: str | None) -> Plan:
    """Nothing is to be posted: it is not ours, or an entry that was made by hand has posted it."""
    found = _open(context, chargeback)
    deposit = _locked(context, found)
    has_it = deposit is not None and not _impossible(found, deposit)
    if has_it and entry is None and not _doubtful(found, deposit):
        raise ChargebackToBePosted(
            f"A wallet has the deposit {found.deposit_reference}: run transfers.post_chargeback, or name the entry that"
            " posted it.",
            field="/entry",
        )
    if entry:
        _refuse_other(found, find_entry(entry))
    updates = [_counted(deposit, found)] if entry and has_it and deposit else []
    found.status, found.note, found.entry_id = ChargebackStatus.CLOSED, note, entry
    found.closed_at = context.now
    return Plan(
        updates=[Update(found, CLOSING, {"status": ChargebackStatus.OPEN}), *updates],
        result={"chargeback": found.pk, "status": found.status, "entry": entry},
        events=[EventDraft("chargeback.closed", found.pk, {"chargeback": found.pk, "note": note})],
    )


def _refuse_other(chargeback: Chargeback, entry: JournalEntry) -> None:
    """Raise ChargebackToBePosted if the entry does not move as much."""
    moved = entry.lines.filter(
        account__currency=chargeback.currency, amount__in=[chargeback.amount, -chargeback.amount]
    )
    if not moved.exists():
        raise ChargebackToBePosted(
            f"{entry.pk} does not move {chargeback.money}: name the entry that posted the chargeback.",
            field="/entry",
        )


def _open(context: Context, chargeback: str) -> Chargeback:
    found: Chargeback = context.locked[Chargeback, chargeback]  # type: ignore[assignment]
    if found.status != ChargebackStatus.OPEN:
        raise ChargebackClosed(f"{chargeback} is {found.status}: {found.note}", field="/chargeback")
    return found


def _locked(context: Context, chargeback: Chargeback) -> Deposit | None:
    """The deposit, unless it or its pay-in came while the locks were taken."""
    known = chargeback.deposit
    found = context.locked.get((Deposit, str(known.pk))) if known else None
    if not isinstance(found, Deposit):
        return None
    if found.transfer_id and (Transfer, str(found.transfer_id)) not in context.locked:
        return None
    return found


def _impossible(chargeback: Chargeback, deposit: Deposit | None) -> str:
    """Why no wallet can be debited; nothing, if one can."""
    if deposit is None:
        return "The deposit is not known here."
    if deposit.status in IN_SUSPENSE:
        return (
            f"The deposit is {deposit.get_status_display().lower()}: no wallet has it. Assign it first, or record it as sent"
            " back under the chargeback's reference."
        )
    if deposit.status not in CREDITED:
        return f"The deposit is {deposit.get_status_display().lower()}: no wallet has it."
    if deposit.currency != chargeback.currency:
        return f"The deposit was {deposit.money}, in another currency."
    if deposit.charged_back + chargeback.amount > deposit.amount:
        gone = Money(deposit.charged_back, deposit.currency)
        return f"Of {deposit.money} that came {gone} was charged back already."
    return ""


def _doubtful(chargeback: Chargeback, deposit: Deposit | None) -> str:
    """Why a person decides, though a wallet could be debited; nothing, if it is plain."""
    if deposit is None or deposit.transfer is None:
        return ""
    back = refunded(deposit.transfer)
    rest = deposit.amount - deposit.charged_back - chargeback.amount
    if back.minor > rest:
        return f"{back} of the deposit was refunded already: contest it with the provider; if that keeps it, post it."
    others = Chargeback.open_of(deposit).exclude(pk=chargeback.pk)
    if back.minor + sum(each.amount for each in others) > rest:
        return "Another chargeback of the deposit is to be posted, and both are more than came."
    return ""


def _posted(
    context: Context, chargeback: Chargeback, deposit: Deposit, *, sticks: bool
) -> tuple[list[Entry], Mapping[str, Any]]:
    """The entries that debit the wallet, and what is told of it; the chargeback is posted."""
    wallet = holder(str(deposit.wallet_id))
    posts = _entries(chargeback, deposit, wallet, sticks)
    chargeback.status, chargeback.entry_id = ChargebackStatus.POSTED, posts[0].id
    chargeback.closed_at = context.now
    return posts, {
        "chargeback": chargeback.pk,
        "wallet": wallet.id,
        "amount": chargeback.money,
        "reason": chargeback.reason,
        "entry": posts[0].id,
        "balances": {wallet.id: BalanceAfter(wallet.available, wallet.currency)},
    }


def _entries(chargeback: Chargeback, deposit: Deposit, wallet: Holder, sticks: bool) -> list[Entry]:
    """Out of the wallet to the provider's account or, where that is in the platform's book, through what the two books owe
    each other."""
    provider = deposit.provider.account

    def entry(book_id: int, source: str, destination: str) -> Entry:
        return templates.entry(
            "bank_return",
            {"amount": chargeback.money, "wallet": source, "bank": destination},
            book_id=book_id,
            reference=f"{provider}:{chargeback.reference}",
            kind="chargeback",
            description=f"Chargeback {chargeback.reason}".strip(),
            metadata={"chargeback": chargeback.pk, "deposit": deposit.pk},
            involuntary=source == wallet.available,
            refusal_sticks=sticks,
        )

    if deposit.status == DepositStatus.CREDITED:
        return [entry(wallet.book_id, wallet.available, provider)]
    platform = books.find(books.platform_id())
    return [
        entry(wallet.book_id, wallet.available, f"due_from:{platform.slug}"),
        entry(platform.pk, f"due_to:{wallet.book.slug}", provider),
    ]


def _counted(deposit: Deposit, chargeback: Chargeback) -> Update:
    """What was taken back of the deposit so far is not given back again."""
    was = {"charged_back": deposit.charged_back}
    deposit.charged_back += chargeback.amount
    return Update(deposit, ("charged_back",), was)


def _told(chargeback: Chargeback, deposit: Deposit, result: Mapping[str, Any]) -> EventDraft:
    return EventDraft("deposit.charged_back", deposit.pk, result, book_id=deposit.book_id)


def _alarm(chargeback: Chargeback) -> EventDraft:
    said = {
        "reason": "chargeback to be posted",
        "chargeback": chargeback.pk,
        "amount": chargeback.money,
        "deposit": chargeback.deposit_reference,
        "why": chargeback.note,
    }
    return EventDraft("alert.raised", chargeback.pk, said)
