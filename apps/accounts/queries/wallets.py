"""Whose a wallet is, and what is in it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import psycopg
from django.db import connection
from django.db.backends.signals import connection_created

from apps.accounts.models import WalletAddresses, WalletCategory
from apps.core import arrays, ids
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
class Holder(WalletAddresses):
    """What never changes of a wallet. `accounts` are those of what is available, held and owed."""

    id: str
    book_id: int
    currency: str
    accounts: tuple[int, int, int]

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


_holders: dict[str, Holder] = {}

_HOLDERS = """
SELECT id, book_id, currency, available_account_id, held_account_id, owed_account_id
  FROM accounts_wallet WHERE id = ANY (%s::uuid[])
"""
_TOTALS = """
SELECT w.category, w.currency, count(*), sum(a.balance * a.side), sum(h.balance * h.side), sum(o.balance * o.side)
  FROM accounts_wallet w
  JOIN ledger_balance a ON a.account_id = w.available_account_id
  JOIN ledger_balance h ON h.account_id = w.held_account_id
  JOIN ledger_balance o ON o.account_id = w.owed_account_id
 WHERE w.tenant_id = %s AND w.status = 'open'
 GROUP BY 1, 2 ORDER BY 1, 2
"""


def holder(wallet: str, *, field: str = "/wallet") -> Holder:
    """Whose wallet it is, in what currency; WalletNotFound if there is none."""
    found = holders([wallet]).get(wallet)
    if found is None:
        raise WalletNotFound(f"There is no wallet {wallet}.", field=field)
    return found


def holders(wallets: Iterable[str]) -> dict[str, Holder]:
    """The same for many, without those that do not exist; it asks the database for what the process has not seen."""
    wanted = set(wallets)
    kept = _holders  # if it is dropped meanwhile, what is read now goes with it
    known = {wallet: found for wallet in wanted if (found := kept.get(wallet))}
    if len(known) < len(wanted):
        fetched = {each.id: each for each in _fetch(wanted - known.keys())}
        if len(kept) > KEPT:
            kept.clear()
        kept.update(fetched)
        known |= fetched
    return known


def _fetch(wallets: Iterable[str]) -> Iterator[Holder]:
    connection.ensure_connection()
    wanted = arrays.texts([ids.stored("wal", wallet) for wallet in wallets])
    for wallet, book, currency, *accounts in psycopg.Cursor(connection.connection).execute(
        _HOLDERS, [wanted], prepare=True
    ):
        yield Holder(ids.encode("wal", wallet), book, currency, tuple(accounts))


def forget(**_: object) -> None:
    """Drop what is kept: a new connection may lead to a restored database."""
    global _holders
    _holders = {}


def balances(wallets: Iterable[Holder]) -> Mapping[str, WalletBalances]:
    """What is in each wallet now, by its id."""
    asked = list(wallets)
    accounts = [account for wallet in asked for account in wallet.accounts]
    shown = {
        account: Money(int(raw) * side, currency)
        for account, raw, side, currency in Balance.objects.filter(pk__in=accounts).values_list(
            "pk", "balance", "side", "currency"
        )
    }
    return {wallet.id: WalletBalances(*(shown[account] for account in wallet.accounts)) for wallet in asked}


@dataclass(frozen=True, slots=True)
class Total:
    """What all wallets of a category have in one currency."""

    category: str
    wallets: int
    balances: WalletBalances

    @property
    def category_title(self) -> str:
        """The category in words."""
        return str(WalletCategory(self.category).label)


def totals(tenant: str) -> list[Total]:
    """What the open wallets of a tenant have, by category and currency."""
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, [ids.decode("ten", tenant)])
        return [
            Total(category, count, WalletBalances(*(Money(int(part), currency) for part in parts)))
            for category, currency, count, *parts in cursor.fetchall()
        ]


connection_created.connect(forget, dispatch_uid="forget-wallets")
