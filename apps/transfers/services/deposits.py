"""Deposits that providers report: credited to whose they are, or kept in suspense until a person knows."""

from collections.abc import Iterator, Mapping
from copy import copy
from datetime import datetime
from typing import Any, Final

from apps.accounts.models import Wallet
from apps.accounts.queries.wallets import Holder, holder
from apps.core import ids
from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger import templates
from apps.ledger.errors import DuplicateTransaction
from apps.ledger.queries.accounts import is_open
from apps.ledger.services.placing import new_account
from apps.operations import books
from apps.operations.models import Book
from apps.operations.plan import Context, Entry, EventDraft, Plan, Update
from apps.operations.registry import Input, Target
from apps.providers.models import InboundMessage, Provider
from apps.providers.protocol import MessageUnreadable, News
from apps.providers.services.inbox import news_of
from apps.transfers.arrivals import Chargeback, Deposit, DepositStatus
from apps.transfers.models import Kind, Transfer
from apps.transfers.reserves import policies
from apps.transfers.services.chargebacks import plan_follow, taken_of
from apps.transfers.services.making import Named, balances, ended, new_transfer, told
from apps.transfers.services.matching import Match, match
from apps.transfers.services.reserves import keeper, kept_of

SUSPENSE: Final = "suspense:deposits"
"""The account of the platform's book in which money without an owner stands."""

LONGEST_REFERENCE: Final = 120
LONGEST_REMITTANCE: Final = 200
LONGEST_WHY: Final = 500
WHOSE: Final = ("book", "wallet", "transfer", "matched_by", "matched_at", "credited_at", "available_at")

WORKER: Final = Actor.system(
    "deposits",
    {
        "transfers.record_chargeback",
        "transfers.record_deposit",
        "transfers.record_virtual_account",
        "transfers.suspend_deposit",
    },
)
"""Who credits deposits by itself."""


class DepositUnreadable(DomainError):
    """The message does not say of a deposit or a chargeback what must be known."""

    code = "DEPOSIT_UNREADABLE"


class DepositDone(DomainError):
    """The deposit is credited already, or is in suspense already."""

    code = "DEPOSIT_DONE"
    http_status = 409


def of_message(data: Input) -> Iterator[Target]:
    """The message, of which what counts here never changes, and a wallet of which something is kept back."""
    yield Target(InboundMessage, data["message"], lock=False)
    said, news = _said_by(data) if policies() else (None, None)
    if said is None or news is None:
        return
    try:
        found = match(said.provider, _amount(news), news.data)
    except DomainError:
        return  # planning says what is wrong with it
    if found.wallet:
        yield from keeper(str(found.wallet.pk))


def of_chargeback(data: Input) -> Iterator[Target]:
    """The message, and the deposit that is taken back."""
    yield Target(InboundMessage, data["message"], lock=False)
    said, news = _said_by(data)
    if said is None or news is None:
        return
    taken = Deposit.objects.filter(provider=said.provider, reference=str(news.data.get("deposit") or ""))
    yield from taken_of(taken.first())


def of_deposit(data: Input) -> Iterator[Target]:
    """The deposit, which is locked."""
    yield Target(Deposit, data["deposit"])


def plan_record_deposit(context: Context, *, message: str, place: int) -> Plan:
    """Credit the wallet that a deposit names, or put it in suspense; once for each reference of the provider."""
    said, news = _said(context, message, place)
    amount = _amount(news)
    known = Deposit.objects.filter(provider=said.provider, reference=news.reference).first()
    if known:
        return _again(known, amount)
    found = match(said.provider, amount, news.data)
    deposit = _new(context, said, news, amount, found)
    if found.wallet is None:
        return _in_suspense(context, deposit, rows=[deposit])
    _refuse_posted(deposit, found.wallet)
    return _credited(context, deposit, holder(str(found.wallet.pk)))


def plan_suspend_deposit(context: Context, *, deposit: str) -> Plan:
    """Put a deposit in suspense that its wallet could not take."""
    found: Deposit = context.locked[Deposit, deposit]  # type: ignore[assignment]
    if found.status != DepositStatus.RECEIVED:
        raise DepositDone(f"{deposit} is {found.status}.", field="/deposit")
    return _in_suspense(context, found)


def plan_record_chargeback(context: Context, *, message: str, place: int) -> Plan:
    """Debit the wallet that has the deposit; where that is not plain, put it on the desk."""
    said, news = _said(context, message, place)
    amount = _amount(news)
    named = {"provider": said.provider, "reference": news.reference}
    if known := Chargeback.objects.filter(**named).first():
        return Plan(result={"chargeback": known.pk})
    row = Chargeback(
        id=ids.new_id("cbk"),
        message=said,
        deposit_reference=str(news.data.get("deposit") or "")[:120],
        amount=amount.minor,
        currency=amount.currency,
        reason=_text(news.data, "reason", 300),
        received_at=said.received_at,
        **named,
    )
    return plan_follow(context, row)


def plan_suspend_again(context: Context, deposit: Deposit, reason: str) -> Plan:
    """A deposit whose pay-in is reversed is in suspense, where a person assigns it or has it sent back.

    One that was assigned is there by the mirror of its entries; for one that was credited at once the platform takes over
    what the provider has.
    """
    was = {"status": deposit.status}
    posts: list[Entry] = []
    accounts: list[Any] = []
    if deposit.status == DepositStatus.CREDITED:
        posts, accounts = _suspense_entry(context, deposit, books.find(books.platform_id()))
        deposit.entry_id = posts[0].id
    deposit.status, deposit.why = DepositStatus.OPEN, f"Its pay-in was reversed: {reason}"[:LONGEST_WHY]
    deposit.book = deposit.wallet = deposit.transfer = None
    deposit.matched_by, deposit.matched_at = "", None
    deposit.credited_at = deposit.available_at = None
    return Plan(
        posts=posts,
        accounts=accounts,
        updates=[Update(deposit, ("status", "why", "entry_id", *WHOSE), was)],
        result={},
        events=[_suspended(deposit)],
    )


def plan_suspend_return(context: Context, payout: Transfer, back: Money, why: str) -> Plan:
    """What came back of a payout that its wallet can no longer take: in suspense, until a person knows whose it is."""
    deposit = Deposit(
        id=ids.new_id("dep"),
        provider=Provider.objects.get(name=payout.provider),
        reference=f"{payout.pk}:return:{payout.returned}",
        payout=payout,
        amount=back.minor,
        currency=back.currency,
        remittance=payout.reference[:LONGEST_REMITTANCE],
        remitter=str(payout.recipient)[:LONGEST_REMITTANCE],
        status=DepositStatus.RECEIVED,
        why=why,
        received_at=context.now,
        verified_at=context.now,
    )
    return _in_suspense(context, deposit, rows=[deposit])


def provider_entry(
    deposit: Deposit, book_id: int, destination: str, metadata: Mapping[str, Any], *, refusal_sticks: bool
) -> Entry:
    """The money is at the provider, and owed to whoever the destination stands for."""
    source = deposit.provider.account
    return templates.entry(
        "pay_in",
        {"amount": deposit.money, "source": source, "wallet": destination},
        book_id=book_id,
        reference=f"{source}:{deposit.reference}",
        description=description(deposit),
        metadata=metadata,
        refusal_sticks=refusal_sticks,
    )


def pay_in(context: Context, deposit: Deposit, to: Holder) -> Transfer:
    """The transfer by which a wallet has a deposit."""
    transfer = new_transfer(
        context,
        Kind.PAY_IN,
        to.book_id,
        deposit.money,
        Named(description=description(deposit), metadata={"deposit": deposit.pk}),
        destination_wallet_id=to.id,
        provider=deposit.provider.account,
        provider_reference=deposit.reference,
    )
    transfer.validate()
    transfer.complete()
    return ended(transfer, context)


def description(deposit: Deposit) -> str:
    """What statements say of it."""
    said = ": ".join(each for each in (deposit.remitter, deposit.remittance) if each)
    return f"Deposit from {said}" if said else "Deposit"


def account_if_new(
    book: Book, address: str, currency: str, now: datetime, *, floor: int | None = None
) -> list[Any]:
    """The account, if the book has it not yet."""
    if is_open(book.pk, address, currency):
        return []
    return [new_account(book, address, currency, now=now, floor=floor)]


def _said_by(data: Input) -> tuple[InboundMessage | None, News | None]:
    """What a message says, for whoever looks up what is to be locked; nothing where planning says what is wrong with it."""
    said = InboundMessage.objects.filter(pk=data["message"], verified=True).select_related("provider").first()
    try:
        [news] = news_of(said)[data["place"] : data["place"] + 1] if said else []
    except (MessageUnreadable, ValueError):
        return None, None
    return said, news


def _said(context: Context, message: str, place: int) -> tuple[InboundMessage, News]:
    said: InboundMessage = context.locked[InboundMessage, message]  # type: ignore[assignment]
    news = news_of(said)[place : place + 1]
    if not said.verified or not news:
        raise DepositUnreadable(f"{message} does not say this.", field="/message")
    if not 0 < len(news[0].reference) <= LONGEST_REFERENCE or not news[0].reference.isprintable():
        raise DepositUnreadable("It has no reference, or none that can be stored.", field="/message")
    return said, news[0]


def _amount(news: News) -> Money:
    amount = Money.parse(str(news.data.get("amount")), str(news.data.get("currency")))
    if not amount.is_positive:
        raise DepositUnreadable(f"{amount} is no amount that came.", field="/message")
    return amount


def _text(data: Mapping[str, Any], name: str, longest: int) -> str:
    """What a provider wrote, without what no column takes."""
    written = str(data.get(name) or "").replace("\x00", "")
    return written.encode(errors="replace").decode()[:longest]


def _new(context: Context, said: InboundMessage, news: News, amount: Money, found: Match) -> Deposit:
    wallet = found.wallet
    return Deposit(
        id=ids.new_id("dep"),
        book_id=wallet.book_id if wallet else None,
        provider=said.provider,
        reference=news.reference,
        message=said,
        amount=amount.minor,
        currency=amount.currency,
        virtual_account=_text(news.data, "virtual_account", 60),
        remittance=_text(news.data, "reference", LONGEST_REMITTANCE),
        remitter=_text(news.data, "remitter", LONGEST_REMITTANCE),
        status=DepositStatus.RECEIVED,
        wallet=wallet,
        matched_by=found.by,
        why=found.why,
        received_at=said.received_at,
        verified_at=said.received_at,
        matched_at=context.now if wallet else None,
    )


def _again(known: Deposit, amount: Money) -> Plan:
    """The provider says it twice: the first counts, and if the second differs, that is told loudly."""
    result = {"deposit": known.pk, "status": known.status}
    if known.money == amount:
        return Plan(result=result)
    said = f"The provider now says {amount} of the deposit {known.reference}; {known.pk} is {known.money}."
    data = {"reason": "contradiction", "deposit": known.pk, "message": said}
    return Plan(result=result, events=[EventDraft("alert.raised", known.pk, data)])


def _refuse_posted(deposit: Deposit, wallet: Wallet) -> None:
    """Somebody may have been faster by hand."""
    named = {"provider": deposit.provider.account, "provider_reference": deposit.reference}
    if by_hand := Transfer.objects.filter(book_id=wallet.book_id, **named).first():
        raise DuplicateTransaction(f"{by_hand.pk} has posted {deposit.reference} already.")


def _credited(context: Context, deposit: Deposit, to: Holder) -> Plan:
    transfer = pay_in(context, deposit, to)
    named = {"transfer": transfer.pk, "deposit": deposit.pk}
    entry = provider_entry(deposit, to.book_id, to.available, named, refusal_sticks=True)
    kept = kept_of(context, transfer, to, sticks=True)
    refused = copy(deposit)
    refused.why = "Its wallet could not take it; the operation of its message says why."
    deposit.status, deposit.transfer = DepositStatus.CREDITED, transfer
    deposit.credited_at = deposit.available_at = context.now
    result = {
        **told(transfer),
        "deposit": deposit.pk,
        "entry": entry.id,
        "reserved": kept.amount,
        "balances": balances([to]),
    }
    opened = account_if_new(to.book, deposit.provider.account, deposit.currency, context.now)
    return Plan(
        rows=[transfer, deposit, *kept.rows],
        posts=[entry, *kept.posts],
        accounts=[*opened, *kept.accounts],
        result=result,
        events=[EventDraft("transfer.completed", transfer.pk, result, book_id=to.book_id)],
        if_refused=Plan(result={}, rows=[refused]),
    )


def _in_suspense(context: Context, deposit: Deposit, rows: list[Any] | None = None) -> Plan:
    was = {"status": DepositStatus.RECEIVED}
    posts, accounts = _suspense_entry(context, deposit, books.find(books.platform_id()))
    deposit.status, deposit.entry_id = DepositStatus.OPEN, posts[0].id
    deposit.book, deposit.wallet, deposit.matched_at = None, None, None
    updates = [] if rows else [Update(deposit, ("status", "entry_id", "book", "wallet", "matched_at"), was)]
    event = _suspended(deposit)
    return Plan(
        rows=rows or [],
        updates=updates,
        posts=posts,
        accounts=accounts,
        result=event.data,
        events=[event],
    )


def _suspense_entry(context: Context, deposit: Deposit, book: Book) -> tuple[list[Entry], list[Any]]:
    """The entry by which the platform's book has the money, and the accounts that it needs."""
    accounts = [
        *account_if_new(book, deposit.provider.account, deposit.currency, context.now),
        *account_if_new(book, SUSPENSE, deposit.currency, context.now, floor=0),
    ]
    entry = provider_entry(deposit, book.pk, SUSPENSE, {"deposit": deposit.pk}, refusal_sticks=False)
    return [entry], accounts


def _suspended(deposit: Deposit) -> EventDraft:
    data = {"deposit": deposit.pk, "status": deposit.status, "amount": deposit.money, "why": deposit.why}
    return EventDraft("deposit.suspended", deposit.pk, data)
