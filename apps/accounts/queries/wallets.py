"""Whose a wallet is, and what is in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from django.db.backends.signals import connection_created

from apps.accounts.models import Wallet
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger.models import Balance
from apps.operations import books
from apps.operations.models import Book

KEPT = 100_000
"""Wallets whose owners a process remembers."""


class WalletNotFound(DomainError):
    """There is no such wallet, as far as the caller may know."""

    code = "WALLET_NOT_FOUND"
    http_status = 404


@dataclass(frozen=True, slots=True)
class Holder:
    """What never changes of a wallet."""

    id: str
    book_id: int
    currency: str

    @property
    def available(self) -> str:
        """The address of what may be spent."""
        return f"wallet:{self.id}:available"

    @property
    def held(self) -> str:
        """The address of what is reserved."""
        return f"wallet:{self.id}:held"

    @property
    def owed(self) -> str:
        """The address of what an involuntary debit could not take."""
        return f"wallet:{self.id}:owed"

    @property
    def book(self) -> Book:
        """The book of the tenant whose wallet it is."""
        return books.find(self.book_id)

    @property
    def tenant_id(self) -> str:
        """Whose it is."""
        return str(self.book.tenant_id)


@dataclass(frozen=True, slots=True)
class WalletBalances:
    """Available and held are the owner's, owed is what they owe us; total is what is left of it all."""

    available: Money
    held: Money
    owed: Money

    @property
    def total(self) -> Money:
        """Available and held, less owed."""
        return self.available + self.held - self.owed

    @classmethod
    def none(cls, currency: str) -> Self:
        """Nothing."""
        zero = Money.zero(currency)
        return cls(zero, zero, zero)


_holders: dict[str, Holder] = {}


def holder(wallet: str, *, field: str = "/wallet") -> Holder:
    """Whose wallet it is, in what currency; WalletNotFound if there is none."""
    found = holders([wallet]).get(wallet)
    if found is None:
        raise WalletNotFound(f"There is no wallet {wallet}.", field=field)
    return found


def holders(wallets: Iterable[str]) -> dict[str, Holder]:
    """The same for many, without those that do not exist; it asks the database for what the process has not seen."""
    wanted = set(wallets)
    missing = [wallet for wallet in wanted if wallet not in _holders]
    if missing:
        if len(_holders) > KEPT:
            _holders.clear()
        rows = Wallet.objects.filter(pk__in=missing).values_list("pk", "book_id", "currency")
        _holders.update({str(pk): Holder(str(pk), book_id, currency) for pk, book_id, currency in rows})
    return {wallet: _holders[wallet] for wallet in wanted if wallet in _holders}


def forget(**_: object) -> None:
    """Drop what is kept: a new connection may lead to a restored database."""
    _holders.clear()


def balances(wallets: Iterable[Holder]) -> Mapping[str, WalletBalances]:
    """What is in each wallet now, by its id."""
    asked = {wallet.id: wallet for wallet in wallets}
    addresses = {
        address: (wallet.id, part)
        for wallet in asked.values()
        for part, address in (("available", wallet.available), ("held", wallet.held), ("owed", wallet.owed))
    }
    rows = Balance.objects.filter(
        account__book_id__in={wallet.book_id for wallet in asked.values()},
        account__address__in=list(addresses),
    ).values_list("account__address", "currency", "side", "balance")
    found: dict[str, dict[str, Money]] = {wallet: {} for wallet in asked}
    for address, currency, side, raw in rows:
        wallet, part = addresses[address]
        if currency == asked[wallet].currency:
            found[wallet][part] = Money(int(raw) * side, currency)
    return {
        wallet: WalletBalances(
            **{
                part: parts.get(part, Money.zero(asked[wallet].currency))
                for part in ("available", "held", "owed")
            }
        )
        for wallet, parts in found.items()
    }


connection_created.connect(forget, dispatch_uid="forget-wallets")
