"""Keeps the daily balances up with the sealed entries, makes them anew, and compares them with the lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.db import connection, transaction

from apps.ledger.models import Projection
from apps.ledger.queries.ranges import account_ranges
from apps.operations.models import Book

CHUNK = 50_000
LINES_A_QUERY = 200_000

# Two index scans for each book: most books have nothing new, so they cost next to nothing.
_BEHIND = """
SELECT b.id FROM operations_book b
 WHERE coalesce((SELECT max(position) FROM ledger_seal WHERE book_id = b.id), 0)
     > coalesce((SELECT max(through_position) FROM ledger_projection WHERE book_id = b.id), 0) ORDER BY b.id
"""
# What differs in a range of accounts, as account, day, expected in and out, and found in and out.
# A line is in the projection by its sequence, so the last one in it and the next are held against the position.
DRIFT = """
WITH run AS (SELECT coalesce(max(through_position), 0) AS position FROM ledger_projection WHERE book_id = %(book)s),
account AS (
  SELECT id FROM ledger_account WHERE book_id = %(book)s AND id > %(after)s AND id <= %(through)s),
projected AS (
  SELECT d.account_id, d.effective_on, sum(d.amount_in) AS amount_in, sum(d.amount_out) AS amount_out,
         max(d.through_sequence) AS sequence
    FROM account a JOIN ledger_daily_balance d ON d.account_id = a.id
   WHERE d.account_id > %(after)s AND d.account_id <= %(through)s GROUP BY d.account_id, d.effective_on),
known AS (
  SELECT a.id AS account_id, coalesce(max(p.sequence), 0) AS sequence
    FROM account a LEFT JOIN projected p ON p.account_id = a.id GROUP BY a.id),
line AS (
  SELECT l.account_id, l.effective_on, coalesce(sum(l.amount) FILTER (WHERE l.amount > 0), 0) AS amount_in,
         coalesce(-sum(l.amount) FILTER (WHERE l.amount < 0), 0) AS amount_out
    FROM known k JOIN ledger_line l ON l.account_id = k.account_id AND l.sequence <= k.sequence
   WHERE l.account_id > %(after)s AND l.account_id <= %(through)s
   GROUP BY l.account_id, l.effective_on),
edge AS (
  SELECT l.account_id, l.effective_on, l.sequence > k.sequence AS missing,
         greatest(l.amount, 0) AS amount_in, greatest(-l.amount, 0) AS amount_out
    FROM known k JOIN ledger_line l ON l.account_id = k.account_id AND l.sequence BETWEEN k.sequence AND k.sequence + 1
    LEFT JOIN ledger_seal s ON s.entry_id = l.entry_id
   WHERE (l.sequence = k.sequence) <> coalesce(s.position <= (SELECT position FROM run), false))
SELECT account_id, effective_on, coalesce(l.amount_in, 0), coalesce(l.amount_out, 0),
       coalesce(p.amount_in, 0), coalesce(p.amount_out, 0)
  FROM line l FULL JOIN projected p USING (account_id, effective_on)
 WHERE (l.amount_in, l.amount_out) IS DISTINCT FROM (p.amount_in, p.amount_out)
UNION ALL
SELECT account_id, effective_on, CASE WHEN missing THEN amount_in ELSE 0 END, CASE WHEN missing THEN amount_out ELSE 0 END,
       CASE WHEN missing THEN 0 ELSE amount_in END, CASE WHEN missing THEN 0 ELSE amount_out END FROM edge
 ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Drift:
    """A day of an account on which the read model differs from the lines, in minor units in and out."""

    account_id: int
    on: date
    expected: tuple[int, int]
    found: tuple[int, int]


def project(book: Book | None = None) -> int:
    """Add what was sealed since the last run, of one book or of all, and answer how many entries that was.

    A book that another process is adding to at this moment is left to it.
    """
    return sum(_project(book_id) for book_id in ([book.pk] if book else _behind()))


def rebuild(book: Book) -> int:
    """Forget the read model of a book and make it anew; answers how many entries it covers.

    Reads are right, only slower, until it is done.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_forget_projection(%s)", [book.pk])
    return project(book)


def drift(book: Book) -> Iterator[Drift]:
    """Each account and day on which the read model is not what the lines up to its position add up to."""
    for after, through in account_ranges(book.pk, lines=LINES_A_QUERY):
        yield from _drift_between(book.pk, after, through)


def projected_position(book: Book) -> int:
    """Up to which position the entries of a book are in its read model."""
    runs = Projection.objects.filter(book=book).order_by("-through_position")
    return runs.values_list("through_position", flat=True).first() or 0


def _behind() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_BEHIND)
        return [int(book_id) for (book_id,) in cursor.fetchall()]


def _project(book_id: int) -> int:
    done = 0
    while added := _project_chunk(book_id):
        done += added
    return done


def _project_chunk(book_id: int) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(ledger_project(%s, %s), 0)", [book_id, CHUNK])
        return int(cursor.fetchone()[0])


def _drift_between(book_id: int, after: int, through: int) -> list[Drift]:
    with connection.cursor() as cursor:
        cursor.execute(DRIFT, {"book": book_id, "after": after, "through": through})
        return [
            Drift(account_id, on, (int(line_in), int(line_out)), (int(row_in), int(row_out)))
            for account_id, on, line_in, line_out, row_in, row_out in cursor.fetchall()
        ]
