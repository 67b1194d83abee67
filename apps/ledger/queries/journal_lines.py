"""The lines of the journal between two days: of GL accounts, and of a wallet's accounts together."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db import connection

from apps.core import ids
from apps.core.money import Money
from apps.ledger.queries.streaming import stream

_LINES = """
WITH asked AS (SELECT * FROM unnest(%(books)s::bigint[], %(positions)s::bigint[]) a(book_id, position)),
line AS (
  SELECT a.book_id, s.position, a.address, a.id AS account_id, l.sequence, l.posting, l.amount, l.effective_on, l.entry_id
    FROM asked k JOIN ledger_account a ON a.book_id = k.book_id
    JOIN ledger_line l ON l.account_id = a.id
    JOIN ledger_seal s ON s.entry_id = l.entry_id AND s.position <= k.position
   WHERE a.currency = %(currency)s AND {which}
     AND (%(since)s::date IS NULL OR l.effective_on >= %(since)s)
     AND (%(through)s::date IS NULL OR l.effective_on <= %(through)s))
"""
_IN_ORDER = """
SELECT l.effective_on, l.book_id, l.position, l.address, l.account_id, e.id, e.reference, e.kind, e.description, l.amount
  FROM line l JOIN ledger_entry e ON e.id = l.entry_id
 ORDER BY l.effective_on, l.book_id, l.position, l.posting, l.amount, l.account_id, l.sequence
"""
_COUNT = """
SELECT count(*) FROM unnest(%(books)s::bigint[], %(positions)s::bigint[]) k(book_id, position)
  JOIN ledger_account a ON a.book_id = k.book_id JOIN ledger_line l ON l.account_id = a.id
  JOIN ledger_seal s ON s.entry_id = l.entry_id AND s.position <= k.position
 WHERE {which} AND (%(since)s::date IS NULL OR l.effective_on >= %(since)s)
   AND (%(through)s::date IS NULL OR l.effective_on <= %(through)s)
"""
_OF_WALLET = """
SELECT l.effective_on, e.id, e.reference, e.kind, e.description, l.available, l.held, l.owed
  FROM (SELECT effective_on, position, entry_id,
               coalesce(sum(amount) FILTER (WHERE address = %(wallet)s || ':available'), 0) AS available,
               coalesce(sum(amount) FILTER (WHERE address = %(wallet)s || ':held'), 0) AS held,
               coalesce(sum(amount) FILTER (WHERE address = %(wallet)s || ':owed'), 0) AS owed
          FROM line GROUP BY effective_on, position, entry_id) l
  JOIN ledger_entry e ON e.id = l.entry_id ORDER BY l.effective_on, l.position
"""
_BY_CODE = "a.gl_code = %(gl_code)s"
_BY_CODES = "a.gl_code = ANY(%(gl_codes)s)"
_BY_WALLET = "a.address = ANY(%(addresses)s)"
PARTS = ("available", "held", "owed")


class JournalLine(NamedTuple):
    """A line of a GL account with what its entry says; `amount` is raw, in is positive."""

    effective_on: date
    book_id: int
    position: int
    address: str
    account_id: int
    entry_id: str
    reference: str
    kind: str
    description: str
    amount: Money


class WalletLine(NamedTuple):
    """What an entry did to the three accounts of a wallet, raw."""

    effective_on: date
    entry_id: str
    reference: str
    kind: str
    description: str
    available: Money
    held: Money
    owed: Money


def lines_of_code(
    positions: Mapping[int, int],
    gl_code: str,
    currency: str,
    *,
    since: date | None = None,
    through: date | None = None,
) -> Iterator[JournalLine]:
    """The lines of a GL account by effective day, book and position, as a stream."""
    query = _LINES.format(which=_BY_CODE) + _IN_ORDER
    return _lines(query, _names(positions, since, through, gl_code=gl_code, currency=currency))


def _lines(query: str, names: dict[str, Any]) -> Iterator[JournalLine]:
    for on, book_id, position, address, account_id, entry, reference, kind, words, amount in stream(
        query, names
    ):
        yield JournalLine(
            on, book_id, position, address, account_id, ids.encode("je", entry), reference, kind, words,
            Money(int(amount), names["currency"]),
        )  # fmt: skip


def count_lines(
    positions: Mapping[int, int],
    gl_codes: Sequence[str],
    *,
    since: date | None = None,
    through: date | None = None,
) -> int:
    """How many lines `lines_of_code` has for all of these codes, in every currency."""
    return _count(_BY_CODES, _names(positions, since, through, gl_codes=list(gl_codes)))


def count_lines_at(
    book_id: int,
    position: int,
    addresses: Sequence[str],
    *,
    since: date | None = None,
    through: date | None = None,
) -> int:
    """How many lines the accounts of some addresses have, in every currency."""
    return _count(_BY_WALLET, _names({book_id: position}, since, through, addresses=list(addresses)))


def _count(which: str, names: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(which=which), names)
        return int(cursor.fetchone()[0])


def lines_of_wallet(
    book_id: int,
    position: int,
    wallet: str,
    currency: str,
    *,
    since: date | None = None,
    through: date | None = None,
) -> Iterator[WalletLine]:
    """What each entry did to a wallet, by effective day and position, as a stream."""
    query = _LINES.format(which=_BY_WALLET) + _OF_WALLET
    addresses = [f"{wallet}:{part}" for part in PARTS]
    names = _names({book_id: position}, since, through, wallet=wallet, addresses=addresses, currency=currency)
    for on, entry, reference, kind, words, *amounts in stream(query, names):
        parts = (Money(int(amount), currency) for amount in amounts)
        yield WalletLine(on, ids.encode("je", entry), reference, kind, words, *parts)


def _names(
    positions: Mapping[int, int], since: date | None, through: date | None, **more: Any
) -> dict[str, Any]:
    both = {"books": list(positions), "positions": list(positions.values())}
    return {**both, "since": since, "through": through, **more}
