"""What an account has, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum

from apps.core.money import Money
from apps.ledger.models import Account, Balance, Freeze, Hold
from apps.ledger.queries.as_of import NOW, AsOf

HOLDS_SHOWN = 100

_BY_POSITION = """
SELECT l.balance_after FROM ledger_line l
 WHERE l.account_id = %(account)s AND l.sequence = ledger_sequence_at(%(account)s, %(position)s)
"""
_BY_DAY = "SELECT amount_in - amount_out FROM ledger_turnover_as_of(%(account)s, %(on)s, %(position)s)"


def balance(account: Account, as_of: AsOf = NOW) -> Money:
    """The balance of an account as people read it: negated for debit-normal accounts."""
    return shown(account, _raw(account.pk, as_of))


def shown(account: Account, raw: int) -> Money:
    """A raw amount (in - out) of this account as people read it."""
    return Money(raw * account.side, account.currency)


@dataclass(frozen=True, slots=True)
class OpenHolds:
    """Open holds of an account, oldest first: the first hundred, and all of them counted and added up."""

    shown: Sequence[Hold]
    count: int
    remaining: Money


@dataclass(frozen=True, slots=True)
class BalanceExplained:
    """Why an account has this balance, and what may move it.

    `holds` is what was reserved out of it or, for an account that names holds, what its balance is made of.
    `above_floor` is what may still leave it, None without a floor.
    """

    account: Account
    balance: Money
    lines: int
    floor: Money | None
    above_floor: Money | None
    holds: OpenHolds
    freezes: Sequence[Freeze]
    closed: bool


def explain_balance(account: Account, *, now: datetime) -> BalanceExplained:
    """Why this balance, at this moment."""
    row = Balance.objects.only("balance", "sequence", "floor", "closed").get(pk=account.pk)
    amount = shown(account, row.balance)
    floor = None if row.floor is None else Money(row.floor, account.currency)
    return BalanceExplained(
        account=account,
        balance=amount,
        lines=row.sequence,
        floor=floor,
        above_floor=None if floor is None else amount - floor,
        holds=_open_holds(account),
        freezes=list(_freezes(account, now)),
        closed=row.closed,
    )


def _raw(account_id: int, as_of: AsOf) -> int:
    if as_of.is_now:
        return int(Balance.objects.values_list("balance", flat=True).get(pk=account_id))
    query = _BY_POSITION if as_of.effective_on is None else _BY_DAY
    arguments = {"account": account_id, "on": as_of.effective_on, "position": as_of.position}
    with connection.cursor() as cursor:
        cursor.execute(query, arguments)
        row: tuple[Any, ...] | None = cursor.fetchone()
    return int(row[0]) if row else 0


def _open_holds(account: Account) -> OpenHolds:
    role = "held_account" if account.names_holds else "account"
    holds = Hold.objects.filter(**{role: account.pk}, remaining__gt=0)
    total = holds.aggregate(count=Count("pk"), remaining=Sum("remaining"))
    return OpenHolds(
        shown=list(holds.order_by("id")[:HOLDS_SHOWN]) if total["count"] else [],
        count=total["count"],
        remaining=Money(int(total["remaining"] or 0), account.currency),
    )


def _freezes(account: Account, now: datetime) -> QuerySet[Freeze]:
    lasting = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    standing = Freeze.objects.filter(lasting, account=account, lifted_at__isnull=True)
    return standing.order_by("frozen_at", "id")
