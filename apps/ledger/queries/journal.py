"""A book for other programs: its entries in the order of their positions, and what its accounts then hold."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from apps.core import ids
from apps.core.errors import DomainError
from apps.ledger.queries.as_of import AsOf, last_position
from apps.ledger.queries.moved import moved
from apps.ledger.queries.streaming import stream

_ENTRIES = """
SELECT s.position, e.id, e.reference, e.kind, e.description, e.effective_on, e.recorded_at, e.reverses_id, e.operation_id,
       t.name || ' ' || t.version, a.address, a.currency, a.gl_code, g.type, l.amount, l.hold_id
  FROM ledger_seal s
  JOIN ledger_entry e ON e.id = s.entry_id
  JOIN ledger_line l ON l.entry_id = e.id
  JOIN ledger_account a ON a.id = l.account_id
  JOIN ledger_glaccount g ON g.code = a.gl_code
  LEFT JOIN ledger_templateversion t ON t.id = e.template_id
 WHERE s.book_id = %(book)s AND s.position > %(after)s AND s.position <= %(through)s
   AND (%(on)s::date IS NULL OR e.effective_on <= %(on)s)
 ORDER BY s.position, l.posting, l.amount, l.account_id, l.sequence
"""
_ENTRY_COLUMNS = 10

# The balances of an account are those of the read model, so that lines and balances come from different tables.
# `below` adds what stands under an address, such as `customer:7:held` under `customer:7`.
_ACCOUNTS = """,
raw AS (
  SELECT account_id, min(effective_on) AS first_on, sum(amount_in - amount_out) AS raw FROM moved
   WHERE %(on)s::date IS NULL OR effective_on <= %(on)s GROUP BY account_id),
held AS (
  SELECT g.type, a.address, a.currency, a.gl_code, r.first_on, r.raw
    FROM raw r JOIN ledger_account a ON a.id = r.account_id JOIN ledger_glaccount g ON g.code = a.gl_code),
below AS (
  SELECT h.type, h.currency, array_to_string(parts[1:depth], ':') COLLATE "C" AS address, sum(h.raw) AS raw
    FROM held h, string_to_array(h.address, ':') parts, generate_series(1, cardinality(parts)) depth
   GROUP BY 1, 2, 3)
SELECT h.type, h.address, h.currency, h.gl_code, h.first_on, h.raw, b.raw
  FROM held h JOIN below b USING (type, address, currency) ORDER BY h.type, h.address, h.currency
"""


class PositionUnknown(DomainError):
    """The book has not given this position yet."""

    code = "POSITION_UNKNOWN"
    http_status = 404


class JournalLine(NamedTuple):
    """One side of a posting; `raw` is in - out, in minor units: credit is positive."""

    address: str
    currency: str
    gl_code: str
    gl_type: str
    raw: int
    hold: str | None


class Journalled(NamedTuple):
    """An entry with its lines, in the order of its postings. `template` is a name and a version: `pay_in 2`."""

    position: int
    entry: str
    reference: str
    kind: str
    description: str
    effective_on: date
    recorded_at: datetime
    reverses: str | None
    operation: str | None
    template: str | None
    lines: Sequence[JournalLine]


class JournalAccount(NamedTuple):
    """An account that entries moved: since when, and what it holds, raw (in - out) in minor units.

    `raw_with_below` counts the accounts of the same GL type and currency whose addresses continue this one's, too.
    """

    gl_type: str
    address: str
    currency: str
    gl_code: str
    first_on: date
    raw: int
    raw_with_below: int


def known_position(book_id: int, position: int | None, *, field: str = "/position") -> int:
    """This position, if the book has given it; with none, the last one."""
    last = last_position(book_id)
    if position is not None and not 0 <= position <= last:
        raise PositionUnknown(f"The book has positions up to {last}, not {position}.", field=field)
    return last if position is None else position


def journal(book_id: int, *, after: int = 0, through: int, on: date | None = None) -> Iterator[Journalled]:
    """The entries between two positions, the first excluded and the last included, that took effect by a day.

    They are streamed: memory stays flat however many there are.
    """
    arguments = {"book": book_id, "after": after, "through": through, "on": on}
    for entry, rows in groupby(stream(_ENTRIES, arguments), key=lambda row: row[:_ENTRY_COLUMNS]):
        position, entry_id, reference, kind, description, effective_on, recorded_at, *more = entry
        reverses, operation, template = more
        yield Journalled(
            position=position,
            entry=ids.encode("je", entry_id),
            reference=reference,
            kind=kind,
            description=description,
            effective_on=effective_on,
            recorded_at=recorded_at,
            reverses=reverses and ids.encode("je", reverses),
            operation=operation and ids.encode("op", operation),
            template=template,
            lines=[_line(*row[_ENTRY_COLUMNS:]) for row in rows],
        )


def journal_accounts(book_id: int, *, through: int, on: date | None = None) -> Iterator[JournalAccount]:
    """The accounts that those entries moved, by GL type, address and currency; streamed as well."""
    arguments = {"book": book_id, "position": through, "on": on}
    for row in stream(f"WITH {moved(AsOf(on, through))}{_ACCOUNTS}", arguments):
        gl_type, address, currency, gl_code, first_on, raw, with_below = row
        yield JournalAccount(gl_type, address, currency, gl_code, first_on, int(raw), int(with_below))


def _line(
    address: str, currency: str, gl_code: str, gl_type: str, raw: int, hold: UUID | None
) -> JournalLine:
    return JournalLine(
        address, currency, gl_code, gl_type, int(raw), ids.encode("hld", hold) if hold else None
    )
