"""Wallets of which it is to be told when too little is available."""

import uuid
from collections.abc import Iterator

from django.db import connection

from apps.accounts.models import Wallet
from apps.core import ids
from apps.core.money import Money
from apps.ledger.models import Balance

NOT_AS_TOLD = """
SELECT w.id
  FROM accounts_wallet w
  JOIN ledger_balance b ON b.account_id = w.available_account_id
 WHERE w.low_balance IS NOT NULL AND w.status = 'open' AND w.id > %s
   AND (b.balance * b.side < w.low_balance) <> w.is_low
 ORDER BY w.id LIMIT %s
"""
"""It walks `wallet_watched`, and the balances of those wallets by their primary key."""


def not_as_told(at_once: int) -> Iterator[list[str]]:
    """The watched wallets that are low and were not told to be, or the other way round: so many at a time, by id."""
    after = uuid.UUID(int=0)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(NOT_AS_TOLD, [after, at_once])
            found: list[uuid.UUID] = [pk for (pk,) in cursor.fetchall()]
        if found:
            yield [ids.encode("wal", pk) for pk in found]
        if len(found) < at_once:
            return
        after = found[-1]


def available(wallet: Wallet) -> Money:
    """What a wallet can spend, as it is committed now."""
    return Money(Balance.objects.get(pk=wallet.available_account_id).shown, wallet.currency)
