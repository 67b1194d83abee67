"""Telling tenants when less is available in a wallet than they want there, and when it is enough again: each once."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from apps.accounts.models import Wallet, WalletStatus
from apps.accounts.queries.watched import available, not_as_told
from apps.core import clock
from apps.core.actor import Actor
from apps.core.money import Money
from apps.operations.executor import execute_many
from apps.operations.plan import Context, EventDraft, Plan, Request, Update

WATCH: Final = Actor.system("watch", {"accounts.tell_balance"})
"""Who looks what is in wallets."""

AT_ONCE: Final = 500


def tell_balances(now: datetime) -> int:
    """Look at every watched wallet and have told what is not as it was told; how many were told of."""
    return sum(_tell(wallets, now) for wallets in not_as_told(AT_ONCE))


def plan_tell_balance(context: Context, *, wallet: str) -> Plan:
    """Tell that a wallet is low, or is so no more, unless that was told or is so no more."""
    found: Wallet = context.locked[Wallet, wallet]  # type: ignore[assignment]
    low_balance = found.low_money
    if low_balance is None or found.status == WalletStatus.CLOSED:
        return Plan(result={"wallet": wallet, "is_low": False})
    has = available(found)
    is_low = has < low_balance
    if is_low == found.is_low:
        return Plan(result={"wallet": wallet, "is_low": is_low})
    since = found.low_since or context.now
    was = {"is_low": found.is_low, "low_balance": found.low_balance}
    found.is_low, found.low_since = is_low, since if is_low else None
    return Plan(
        updates=[Update(found, ("is_low", "low_since"), was)],
        result={"wallet": wallet, "is_low": is_low},
        events=[_event(found, has, low_balance, since)],
    )


def _event(wallet: Wallet, has: Money, low_balance: Money, since: datetime) -> EventDraft:
    data = {
        "wallet": wallet.pk,
        "tenant": wallet.tenant_id,
        "customer": wallet.customer_id,
        "external_id": wallet.external_id,
        "currency": wallet.currency,
        "available": has,
        "low_balance": low_balance,
        "low_since": since,
    }
    told = "wallet.balance.low" if wallet.is_low else "wallet.balance.recovered"
    return EventDraft(told, wallet.pk, data, book_id=wallet.book_id)


def _tell(wallets: Iterable[str], now: datetime) -> int:
    """Each look has a key of its own: what decides is what the plan reads, so a key that was used must not hold back."""
    requests = [
        Request(
            "accounts.tell_balance",
            {"wallet": wallet},
            f"{wallet}:balance:{clock.written(now)}",
            WATCH,
            origin="worker",
        )
        for wallet in wallets
    ]
    return sum(outcome.accepted for outcome in execute_many(requests))
