"""What was agreed or done elsewhere and is booked at once, at the figures that are given."""

from collections.abc import Mapping
from typing import Any

from apps.accounts.queries.wallets import Holder, holder
from apps.core.money import CurrencyMismatch, InvalidAmount, Money
from apps.ledger import templates
from apps.ledger.templates import Variables
from apps.operations import books
from apps.operations.plan import Context, Entry, EventDraft, Plan
from apps.operations.registry import Input
from apps.transfers.models import Kind, Transfer
from apps.transfers.services.making import Named, balances, ended, new_transfer, own_wallet, told
from apps.transfers.services.own import OtherTenant
from apps.transfers.services.posting import missing_accounts

FUND_BANK = (
    "Record the wire to {book}'s account with Fund a bank account, and run this again under the same key."
)
FUND_POOL = "Top the pool of {book} up, and run this again under the same key."


def scopes(data: Input) -> list[tuple[str, str]]:
    """The flag scopes that are touched: of wallets, or of a book and an amount."""
    named = [data[name] for name in ("from_wallet", "to_wallet", "wallet") if data.get(name)]
    wallets = [holder(wallet) for wallet in named]
    tenants = dict.fromkeys(("tenant", wallet.tenant_id) for wallet in wallets)
    amounts = [value for value in data.values() if isinstance(value, Money)]
    return [*tenants, *dict.fromkeys(("currency", amount.currency) for amount in amounts)]


def plan_book_conversion(
    context: Context,
    *,
    from_wallet: str,
    to_wallet: str,
    sold: Money,
    bought: Money,
    spread: Money | None,
    reference: str,
    description: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """Book an FX deal at a given rate: what is sold and what is bought, of which the spread is ours."""
    source, destination = _pair(context, from_wallet, to_wallet, sold, bought)
    spread = _in(bought, spread, "/spread")
    transfer = _transfer(
        context,
        Kind.CONVERSION,
        source,
        destination,
        sold,
        bought - spread,
        Named(reference, description, metadata),
    )
    variables: Variables = {
        "sold": sold,
        "bought": bought,
        "spread": spread,
        "from": source.available,
        "to": destination.available,
    }
    return _booked(context, transfer, [source, destination], "fx_deal", variables)


def plan_book_otc_trade(
    context: Context,
    *,
    from_wallet: str,
    to_wallet: str,
    counterparty: str,
    paid: Money,
    received: Money,
    fee: Money | None,
    reference: str,
    description: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """Book a trade with a counterparty, as it was agreed: one amount goes there, another comes back, less our fee."""
    source, destination = _pair(context, from_wallet, to_wallet, paid, received)
    fee = _in(received, fee, "/fee")
    transfer = _transfer(
        context,
        Kind.OTC_TRADE,
        source,
        destination,
        paid,
        received - fee,
        Named(reference, description, metadata),
    )
    transfer.terms = {"counterparty": counterparty}
    variables: Variables = {
        "paid": paid,
        "received": received,
        "fee": fee,
        "counterparty": counterparty,
        "from": source.available,
        "to": destination.available,
    }
    return _booked(context, transfer, [source, destination], "otc_trade", variables)


def plan_pay_from_pool(
    context: Context,
    *,
    wallet: str,
    pool: str,
    sold: Money,
    paid: Money,
    fee: Money | None,
    reference: str,
    description: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """Book a payout that a prefunded pool has made, perhaps in another currency; refused while the pool lacks it."""
    source = own_wallet(context, wallet)
    if sold.currency != source.currency:
        raise CurrencyMismatch(
            f"{wallet} is in {source.currency}, not {sold.currency}.", field="/sold/currency"
        )
    fee = _in(sold, fee, "/fee")
    transfer = _transfer(
        context, Kind.POOL_PAYOUT, source, None, sold, paid, Named(reference, description, metadata)
    )
    transfer.fee, transfer.terms = fee.minor, {"pool": pool}
    same = paid.currency == sold.currency
    if same and paid != sold:
        raise CurrencyMismatch(f"{paid} and {sold} are of one currency and differ.", field="/paid")
    variables: Variables = (
        {"amount": paid, "fee": fee, "pool": pool, "held": source.available}
        if same
        else {"sold": sold, "bought": paid, "fee": fee, "pool": pool, "wallet": source.available}
    )
    template = "pool_payout" if same else "pool_payout_fx"
    return _booked(
        context,
        transfer,
        [source],
        template,
        variables,
        {f"pool:{pool}": FUND_POOL.format(book=source.book.slug)},
    )


def plan_top_up_pool(
    context: Context,
    *,
    book: str,
    bank: str,
    pool: str,
    amount: Money,
    reference: str,
    description: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """Move money of a bank account of ours to a payout pool; refused while the bank account lacks it."""
    named = Named(reference, description, metadata)
    transfer = new_transfer(context, Kind.POOL_TOP_UP, books.by_slug(book).pk, amount, named)
    transfer.terms = {"bank": bank, "pool": pool}
    variables: Variables = {"amount": amount, "bank": bank, "pool": pool}
    return _booked(
        context, transfer, [], "pool_top_up", variables, {f"bank:{bank}": FUND_BANK.format(book=book)}
    )


def plan_fund_bank_account(
    context: Context, *, book: str, bank: str, amount: Money, description: str
) -> Plan:
    """Book our own money that was wired to a bank account of ours."""
    entry = templates.entry(
        "bank_funding",
        {"amount": amount, "bank": bank},
        book_id=books.by_slug(book).pk,
        reference=f"funding:{context.operation_id}",
        description=description,
    )
    result = {"entry": entry.id, "book": book, "bank": f"bank:{bank}", "amount": amount}
    return Plan(
        posts=[entry],
        accounts=missing_accounts(context, entry),
        result=result,
        events=[EventDraft("bank.funded", entry.id, result, book_id=entry.book_id)],
    )


def _pair(
    context: Context, from_wallet: str, to_wallet: str, given: Money, got: Money
) -> tuple[Holder, Holder]:
    """Two wallets of one tenant, each in the currency of its amount."""
    source = own_wallet(context, from_wallet, at="/from_wallet")
    destination = holder(to_wallet, field="/to_wallet")
    if destination.book_id != source.book_id:
        raise OtherTenant("Both wallets must be of one tenant.", field="/to_wallet")
    for wallet, amount in ((source, given), (destination, got)):
        if wallet.currency != amount.currency:
            raise CurrencyMismatch(f"{wallet.id} is in {wallet.currency}, the amount in {amount.currency}.")
    if source.currency == destination.currency:
        raise CurrencyMismatch(f"Both wallets are in {source.currency}; make a transfer between them.")
    return source, destination


def _in(amount: Money, part: Money | None, at: str) -> Money:
    """A part of an amount, nothing if it is left out."""
    if part is None:
        return Money.zero(amount.currency)
    if part.currency != amount.currency:
        raise CurrencyMismatch(f"It is taken in {amount.currency}, not in {part.currency}.", field=at)
    if part.is_negative or part > amount:
        raise InvalidAmount(f"It is a part of {amount}; {part} is none.", field=at)
    return part


def _transfer(
    context: Context,
    kind: Kind,
    source: Holder,
    destination: Holder | None,
    amount: Money,
    received: Money,
    named: Named,
) -> Transfer:
    return new_transfer(
        context,
        kind,
        source.book_id,
        amount,
        named,
        source_wallet_id=source.id,
        destination_wallet_id=destination.id if destination else None,
        received=received.minor,
        received_currency=received.currency,
    )


def _booked(
    context: Context,
    transfer: Transfer,
    wallets: list[Holder],
    template: str,
    variables: Variables,
    prefunded: Mapping[str, str] | None = None,
) -> Plan:
    transfer.validate()
    transfer.complete()
    ended(transfer, context)
    entry: Entry = templates.entry(
        template,
        variables,
        book_id=transfer.book_id,
        reference=transfer.pk,
        kind=transfer.kind,
        description=transfer.description,
        metadata={"transfer": transfer.pk},
        prefunded=prefunded,
    )
    received = transfer.received
    result = {
        **told(transfer),
        "received": None if received is None else Money(received, transfer.received_currency),
        "fee": transfer.fee_money,
        "entry": entry.id,
        "balances": balances(wallets),
    }
    return Plan(
        rows=[transfer],
        posts=[entry],
        accounts=missing_accounts(context, entry),
        result=result,
        events=[EventDraft("transfer.completed", transfer.pk, result, book_id=transfer.book_id)],
    )
