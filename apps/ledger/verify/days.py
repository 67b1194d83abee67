"""Holds the daily balances against the lines."""

from collections.abc import Iterator

from apps.ledger import projections
from apps.ledger.verify.faults import REBUILD, Fault
from apps.ledger.verify.reading import Reader
from apps.ledger.verify.scope import Scope

_BEYOND = """
SELECT max(through_position) FROM ledger_projection WHERE book_id = %(book)s AND through_position > %(through)s
"""
_NAME = "SELECT address || ' ' || currency FROM ledger_account WHERE id = %(account)s"


def check(reader: Reader, scope: Scope, first: int, last: int) -> Iterator[Fault]:
    """Each day of the accounts in a range of ids on which the read model says something else."""
    book = scope.book
    for row in reader.rows(projections.DRIFT, book=book.pk, after=first, through=last)[:20]:
        account_id, on, line_in, line_out, row_in, row_out = row
        place = f"daily balance of {reader.value(_NAME, account=account_id)} on {on}"
        expected, found = f"{line_in} in and {line_out} out", f"{row_in} in and {row_out} out"
        yield Fault(book.slug, place, expected, found, remedy=REBUILD)


def check_not_ahead(reader: Reader, scope: Scope) -> Iterator[Fault]:
    """The read model covers positions that do not exist: entries were there once."""
    beyond = reader.value(_BEYOND, book=scope.book.pk, through=scope.through)
    if beyond is not None:
        yield Fault(
            scope.book.slug,
            f"position {scope.through + 1}",
            f"sealed entries through {beyond}, which the daily balances cover",
            f"none after {scope.through}: the end of the book is gone",
            scope.through + 1,
        )
