"""From addresses to accounts. What an address names never changes, so it is kept in the process."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import transaction
from django.db.backends.signals import connection_created

from apps.core import arrays

FIND = """
SELECT u.book, u.address, u.currency, a.id, a.side
  FROM unnest(%s::bigint[], %s::text[], %s::text[]) u(book, address, currency)
  JOIN ledger_account a ON a.book_id = u.book AND a.address = u.address AND a.currency = u.currency
"""
MOST_KEPT = 1_000_000

Address = tuple[int, str, str]
"""Book id, address, currency."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """An account as posting needs it."""

    id: int
    side: int


_kept: dict[Address, Resolved] = {}


def resolve(connection: psycopg.Connection[Any], wanted: Collection[Address]) -> dict[Address, Resolved]:
    """The accounts of these addresses; those that do not exist are left out.

    What is found is kept once the transaction has committed: it may have opened the account itself.
    """
    kept = _kept  # if it is dropped meanwhile, what is read now goes with it
    known = {address: account for address in wanted if (account := kept.get(address))}
    if len(known) < len(wanted):
        found = _fetch(connection, [address for address in wanted if address not in known])
        known |= found
        transaction.on_commit(lambda: _keep(kept, found))
    return known


def forget(**_: Any) -> None:
    """Drop what is kept: a new connection may lead to a restored database, where ids mean other accounts."""
    global _kept
    _kept = {}


def _fetch(connection: psycopg.Connection[Any], missing: list[Address]) -> dict[Address, Resolved]:
    book_ids, names, currencies = zip(*missing, strict=True)
    columns = [arrays.numbers(book_ids), arrays.texts(names), arrays.texts(currencies)]
    rows = psycopg.Cursor(connection).execute(FIND, columns, prepare=True)
    return {
        (book, address, currency): Resolved(account, side) for book, address, currency, account, side in rows
    }


def _keep(kept: dict[Address, Resolved], found: dict[Address, Resolved]) -> None:
    if len(kept) > MOST_KEPT:
        kept.clear()
    kept.update(found)


connection_created.connect(forget, dispatch_uid="forget-addresses")
