"""Tenants as tests use them: made by command, with keys and wallets."""

from dataclasses import dataclass
from typing import Any

from apps.accounts import scopes
from apps.accounts.models import Tenant
from apps.accounts.queries.wallets import WalletBalances, balances, holder
from apps.core import ids
from apps.core.actor import Actor
from apps.operations.models import Book
from tests.support.door import done

ALL = frozenset(scopes.SCOPES) - scopes.OF_OPERATORS


def key_of(book_id: int, *some: str) -> Actor:
    """A tenant's API key with these scopes, or with all that a tenant may have."""
    return scopes.actor(ids.new_id("key"), "a key", frozenset(some) or ALL, book_id)


@dataclass(frozen=True)
class World:
    """A tenant, its test tenant, and a key of each."""

    tenant: str
    test_tenant: str
    book: Book
    test_book: Book
    key: Actor
    test_key: Actor

    def wallet(self, currency: str = "EUR", *, test: bool = False, **more: Any) -> str:
        """A wallet of the tenant."""
        tenant = self.test_tenant if test else self.tenant
        return str(done("accounts.create_wallet", tenant=tenant, currency=currency, **more)["wallet"])

    def funded(self, amount: str, currency: str = "EUR") -> str:
        """A wallet that was paid this much into, at a bank of the tenant's book."""
        wallet = self.wallet(currency)
        bank = {"book": self.book.slug, "address": "bank:ing", "currency": currency}
        if not self.book.accounts.filter(address="bank:ing", currency=currency).exists():
            done("ledger.open_account", **bank)
        money = {"amount": amount, "currency": currency}
        done("transfers.post_pay_in", wallet=wallet, amount=money, from_account="bank:ing")
        return wallet


def world(slug: str = "acme", **more: Any) -> World:
    """A tenant of this slug."""
    made = done(
        "accounts.create_tenant", **{"name": slug.title(), "slug": slug, "base_currency": "EUR"} | more
    )
    tenants = [Tenant.objects.get(pk=made[name]) for name in ("tenant", "test_tenant")]
    live, test = (tenant.book for tenant in tenants)
    return World(made["tenant"], made["test_tenant"], live, test, key_of(live.pk), key_of(test.pk))


def has(wallet: str) -> WalletBalances:
    """What is in a wallet now."""
    found = holder(wallet)
    return balances([found])[wallet]


def available(wallet: str) -> str:
    """What a wallet can spend."""
    return has(wallet).available.decimal


def parts(wallet: str) -> tuple[str, str]:
    """What is available and what is held."""
    found = has(wallet)
    return found.available.decimal, found.held.decimal
