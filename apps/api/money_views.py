"""What is in wallets and accounts, and what moved: now, or as of a day and as known at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from rest_framework import serializers

from apps.accounts.models import Tenant, Wallet
from apps.accounts.queries import wallets
from apps.api import cursors, parameters
from apps.api.callers import Caller
from apps.api.cursors import Cursor
from apps.api.errors import NotFound, ParameterInvalid
from apps.api.read_views import missing, paged
from apps.api.reading import as_caller, book_of, own, rows_of
from apps.api.resources.base import OPERATORS_TENANT, Resource, find
from apps.api.resources.figures import (
    AccountBalanceOutput,
    StatementOutput,
    TotalsOutput,
    WalletBalancesOutput,
)
from apps.api.resources.ledger import AccountOutput
from apps.api.view import Answer, ApiView, Asking
from apps.core import clock, ids
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.core.serializer_fields import IdField, InstantField
from apps.ledger.models import Account
from apps.ledger.queries import NOW, AsOf, StatementLine, balance, position_at, statement_page
from apps.operations.models import Book
from apps.rates import queries as rates

PARTS = ("available", "held", "owed")

AS_OF: Mapping[str, serializers.Field[Any, Any, Any, Any]] = {
    "as_of": serializers.DateField(help_text="What took effect up to this day, in the book's time zone."),
    "known_at": InstantField(help_text="What was known at this moment."),
    "position": serializers.IntegerField(
        min_value=0, max_value=2**62, help_text="What was known at this position of the book."
    ),
}
TENANT = {"tenant": IdField("ten", help_text=OPERATORS_TENANT)}
PART = {
    "part": serializers.ChoiceField(list(PARTS), help_text="Which of its accounts; available without it.")
}
PAGE = {
    "limit": parameters.LIMIT,
    "cursor": parameters.CURSOR,
    "order": serializers.ChoiceField(["-sequence", "sequence"], help_text="Newest first, or oldest first."),
}

_NOW = "SELECT * FROM api_wallet_balances(%s, %s, %s, %s::bigint[], %s::uuid[])"


class WalletBalances(ApiView):
    """What is in a wallet: available, held, owed, and what is left of it all."""

    output = WalletBalancesOutput
    scope = "wallets:read"
    known: ClassVar[Mapping[str, Any]] = AS_OF

    def get(self, asking: Asking, id: str) -> Answer:
        """Now, or as of a day and as known at a time."""
        caller = asking.caller
        given = parameters.read(asking.request, self.known) if asking.request.GET else {}
        stored = _stored("wal", id, "wallets")
        if not given:
            return Answer(_balances_now(caller, id, stored))
        with as_caller(caller):
            wallet = _wallet(caller, id)
            as_of = _as_of(wallet.book, given)
            accounts = _accounts(wallet)
            amounts = {part: balance(account, as_of) for part, account in accounts.items()}
        return Answer(_balances(id, wallet.currency, wallet.category, amounts, as_of))


class WalletStatement(ApiView):
    """The statement of a wallet, line by line."""

    output = StatementOutput
    scope = "wallets:read"
    known: ClassVar[Mapping[str, Any]] = {**AS_OF, **PART, **PAGE}

    def get(self, asking: Asking, id: str) -> Answer:
        """The newest page, or the one at the cursor."""
        caller = asking.caller
        given = parameters.read(asking.request, self.known)
        _stored("wal", id, "wallets")
        with as_caller(caller):
            return _statement(asking, _account_of(caller, id, given.get("part", "available")), given)


class AccountDetail(ApiView):
    """One account, by address and currency."""

    output = AccountOutput
    scope = "ledger:read"
    known: ClassVar[Mapping[str, Any]] = TENANT

    def get(self, asking: Asking, address: str, currency: str) -> Answer:
        """The account with its balance of now."""
        caller = asking.caller
        given = parameters.read(asking.request, known_to(caller, self.known))
        resource: Resource = find("accounts")
        with as_caller(caller):
            rows = resource.rows(caller, given.get("tenant")).filter(address=address, currency=currency)
            row = rows.values_list(*resource.columns).first()
            if row is None:
                raise missing(resource)
            return Answer(resource.show([row], caller)[0])


class AccountBalance(ApiView):
    """The balance of an account."""

    output = AccountBalanceOutput
    scope = "ledger:read"
    known: ClassVar[Mapping[str, Any]] = {**AS_OF, **TENANT}

    def get(self, asking: Asking, address: str, currency: str) -> Answer:
        """Now, or as of a day and as known at a time."""
        caller = asking.caller
        given = parameters.read(asking.request, known_to(caller, self.known))
        with as_caller(caller):
            account = _account(caller, address, currency, given)
            as_of = _as_of(account.book, given)
            amount = balance(account, as_of)
        return Answer({"address": address, "currency": currency, "balance": amount, **_told(as_of)})


class AccountStatement(ApiView):
    """The statement of an account, line by line."""

    output = StatementOutput
    scope = "ledger:read"
    known: ClassVar[Mapping[str, Any]] = {**AS_OF, **PAGE, **TENANT}

    def get(self, asking: Asking, address: str, currency: str) -> Answer:
        """The newest page, or the one at the cursor."""
        caller = asking.caller
        given = parameters.read(asking.request, known_to(caller, self.known))
        with as_caller(caller):
            return _statement(asking, _account(caller, address, currency, given), given)


class Totals(ApiView):
    """What all wallets hold together, by category and currency, and in the tenant's base currency."""

    output = TotalsOutput
    scope = "wallets:read"
    known: ClassVar[Mapping[str, Any]] = TENANT

    def get(self, asking: Asking) -> Answer:
        """Now."""
        caller = asking.caller
        given = parameters.read(asking.request, known_to(caller, self.known))
        tenant_id = caller.tenant_id or given.get("tenant")
        if tenant_id is None:
            raise ParameterInvalid("Name the tenant.", details={"parameter": "tenant"})
        with as_caller(caller):
            tenant = Tenant.objects.filter(pk=tenant_id).values_list("pk", "base_currency").first()
            if tenant is None:
                raise NotFound("There is no such tenant.")
            totals = [_total(each) for each in wallets.totals(tenant_id)]
        together = rates.in_base([row["total"] for row in totals], tenant[1], on=clock.now())
        in_base = {"total": together.total, "unknown": list(together.unknown)}
        return Answer({"tenant": tenant[0], "base_currency": tenant[1], "items": totals, "in_base": in_base})


def known_to(caller: Caller, known: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters, for tenants without the operators' own."""
    return known if caller.is_operator else {name: each for name, each in known.items() if name != "tenant"}


def _stored(prefix: str, text: str, path: str) -> UUID:
    try:
        return ids.decode(prefix, text)
    except DomainError:
        raise missing(find(path)) from None


def _balances_now(caller: Caller, wallet: str, stored: UUID) -> dict[str, Any]:
    addresses = [f"wallet:{wallet}:{part}" for part in PARTS]
    rows = rows_of(caller, _NOW, (stored, addresses, caller.tenant))
    if not rows:
        raise missing(find("wallets"))
    currency, category = rows[0][:2]
    amounts = {part: Money(int(raw), currency) for *_, part, raw in rows if raw is not None}
    return _balances(wallet, currency, category, amounts, NOW)


def _balances(
    wallet: str, currency: str, category: str, amounts: Mapping[str, Money], as_of: AsOf
) -> dict[str, Any]:
    zero = Money.zero(currency)
    available, held, owed = (amounts.get(part, zero) for part in PARTS)
    return {
        "wallet": wallet,
        "currency": currency,
        "category": category,
        "available": available,
        "held": held,
        "owed": owed,
        "total": available + held - owed,
        **_told(as_of),
    }


def _told(as_of: AsOf) -> dict[str, Any]:
    return {"as_of": as_of.effective_on, "position": as_of.position}


def _as_of(book: Book, given: Mapping[str, Any]) -> AsOf:
    on: date | None = given.get("as_of")
    known_at: datetime | None = given.get("known_at")
    position: int | None = given.get("position")
    if known_at is not None and position is not None:
        raise ParameterInvalid("Give known_at or position, not both.", details={"parameter": "position"})
    return AsOf(on, position_at(book.pk, known_at) if known_at else position)


def _wallet(caller: Caller, wallet: str) -> Wallet:
    found: Wallet | None = own(Wallet, "tenant_id", caller).select_related("book").filter(pk=wallet).first()
    if found is None:
        raise missing(find("wallets"))
    return found


def _account_of(caller: Caller, wallet: str, part: str) -> Account:
    """An account of a wallet, with its book. Whose a wallet is never changes, so the process may know it by now."""
    holder = wallets.holders([wallet]).get(wallet)
    if holder is None or caller.book not in {None, holder.book_id}:
        raise missing(find("wallets"))
    account: Account = Account.objects.select_related("book").get(pk=holder.accounts[PARTS.index(part)])
    return account


def _accounts(wallet: Wallet) -> dict[str, Account]:
    addresses = {wallet.available: "available", wallet.held: "held", wallet.owed: "owed"}
    found = Account.objects.filter(book=wallet.book_id, currency=wallet.currency, address__in=list(addresses))
    return {addresses[account.address]: account for account in found}


def _account(caller: Caller, address: str, currency: str, given: Mapping[str, Any]) -> Account:
    book = book_of(caller, given.get("tenant"))
    rows = own(Account, "book_id", caller).select_related("book")
    found: Account | None = rows.filter(book_id=book.pk, address=address, currency=currency).first()
    if found is None:
        raise missing(find("accounts"))
    return found


@dataclass(frozen=True, slots=True)
class _At:
    """Where in a statement a page stands."""

    before: int | None = None
    after: int | None = None


def _statement(asking: Asking, account: Account, given: Mapping[str, Any]) -> Answer:
    descends = given.get("order", "-sequence") == "-sequence"
    name = f"statement {account.pk}"
    at = _at(given.get("cursor"), name, descends)
    as_of = _as_of(account.book, given)
    size = given.get("limit", parameters.PAGE)
    page = statement_page(account, as_of=as_of, before=at.before, after=at.after, size=size)
    older = cursors.written(Cursor((page.before,), before=True), name) if page.before else None
    newer = cursors.written(Cursor((page.after,)), name) if page.after else None
    lines = [_line(line) for line in (reversed(page.lines) if descends else page.lines)]
    return paged(
        asking,
        lines,
        *((newer, older) if descends else (older, newer)),
        account=account.address,
        currency=account.currency,
        opening=page.opening,
        closing=page.closing,
        **_told(as_of),
    )


def _at(cursor: str | None, name: str, descends: bool) -> _At:
    if cursor is None:
        return _At() if descends else _At(after=0)
    read = cursors.read(cursor, name, 1)
    return _At(before=read.values[0]) if read.before else _At(after=read.values[0])


def _line(line: StatementLine) -> dict[str, Any]:
    return {
        "sequence": line.sequence,
        "entry": line.entry_id,
        "reference": line.reference,
        "kind": line.kind,
        "description": line.description,
        "amount": line.amount,
        "balance": line.balance,
        "effective_on": line.effective_on,
        "intended_on": line.intended_on,
        "recorded_at": line.recorded_at,
    }


def _total(total: wallets.Total) -> dict[str, Any]:
    amounts = total.balances
    return {
        "category": total.category,
        "currency": amounts.total.currency,
        "wallets": total.wallets,
        "available": amounts.available,
        "held": amounts.held,
        "owed": amounts.owed,
        "total": amounts.total,
    }
