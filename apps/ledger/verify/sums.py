"""Adds up anew: entries to zero, accounts line by line to their balances, holds from the lines that name them."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from apps.core import ids
from apps.ledger.verify import fragments as sql
from apps.ledger.verify.faults import Fault
from apps.ledger.verify.reading import Reader
from apps.ledger.verify.scope import Chunk, Scope

_ENTRIES_AND_LINES = "(SELECT count(id) FROM entry), (SELECT count(*) FROM line)"
_ACCOUNTS_AND_LINES = """
(SELECT count(*) FROM balance), (SELECT coalesce(sum(last_sequence), 0)::bigint FROM balance)"""
_NOTHING = "0, 0"

_SEALED = sql.query(
    sql.SEALED_ENTRIES, sql.OWNERS_OF_LINES, faults=(sql.ENTRY_FAULTS,), tally=_ENTRIES_AND_LINES
)
_WAITING = sql.query(
    sql.WAITING_ENTRIES,
    sql.OWNERS_OF_LINES,
    faults=(sql.ENTRY_FAULTS, sql.EMPTY_ENTRY_FAULTS),
    tally=_ENTRIES_AND_LINES,
)
_ACCOUNTS = sql.query(
    sql.LINES_OF_ACCOUNTS,
    sql.STEPS,
    sql.ALL_ACCOUNTS,
    sql.BALANCES,
    sql.LINES_OF_HOLDS,
    faults=(sql.STEP_FAULTS, sql.BALANCE_FAULTS, sql.HOLD_FAULTS),
    tally=_ACCOUNTS_AND_LINES,
)
_TOUCHED = sql.query(
    sql.SEALED_ENTRIES,
    sql.STEPS,
    sql.TOUCHED_ACCOUNTS,
    sql.TOUCHED_OWNERS,
    sql.BALANCES,
    sql.LINES_OF_TOUCHED_HOLDS,
    faults=(sql.ENTRY_FAULTS, sql.STEP_FAULTS, sql.BALANCE_FAULTS, sql.HOLD_FAULTS),
    tally=_ACCOUNTS_AND_LINES,
)
_UNOPENED_HOLDS = sql.query(faults=(sql.UNOPENED_HOLD_FAULTS,), tally=_NOTHING)
_UNSEALED = sql.query(faults=(sql.UNSEALED_AMONG_SEALED_FAULTS,), tally=_NOTHING)
_WITHOUT_ENTRY = sql.query(faults=(sql.LINE_WITHOUT_ENTRY_FAULTS,), tally=_NOTHING)
_COUNT_ENTRIES = "SELECT count(*) FROM ledger_entry WHERE book_id = %(book)s"


class Sums:
    """Checks the sums of a scope; afterwards it knows how many accounts and lines there were.

    `waiting` and `waiting_lines` are the entries without a position, and their lines.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.accounts = self.lines = 0
        self.waiting = self.waiting_lines = 0

    def check_sealed(self, reader: Reader, chunk: Chunk) -> Iterator[Fault]:
        """Each entry of a chunk that does not add up."""
        faults, _ = self._ask(reader, _SEALED, **chunk.arguments)
        return faults

    def check_waiting(self, reader: Reader) -> Iterator[Fault]:
        """Each entry without a position that does not add up."""
        faults, (self.waiting, self.waiting_lines) = self._ask(reader, _WAITING)
        return faults

    def check_accounts(self, reader: Reader, first: int, last: int) -> Iterator[Fault]:
        """Each line, balance and hold that does not follow, of the accounts in a range of ids."""
        return self._count(*self._ask(reader, _ACCOUNTS, first=first, last=last))

    def check_touched(self, reader: Reader, chunk: Chunk) -> Iterator[Fault]:
        """The same of the entries of a chunk, the accounts that they move, and the holds that they name."""
        return self._count(*self._ask(reader, _TOUCHED, **chunk.arguments))

    def check_unopened_holds(self, reader: Reader) -> Iterator[Fault]:
        """Each hold that no line opened."""
        return self._ask(reader, _UNOPENED_HOLDS)[0]

    def check_strays(self, reader: Reader, sealed: int, sealed_lines: int) -> Iterator[Fault]:
        """Each entry that was never sealed, each line without an entry; looked for only if counts disagree."""
        if reader.value(_COUNT_ENTRIES, book=self.scope.book.pk) != sealed + self.waiting:
            yield from self._ask(reader, _UNSEALED)[0]
        if self.lines != sealed_lines + self.waiting_lines:
            yield from self._ask(reader, _WITHOUT_ENTRY)[0]

    def _count(self, faults: Iterator[Fault], counts: tuple[int, int]) -> Iterator[Fault]:
        self.accounts += counts[0]
        self.lines += counts[1]
        return faults

    def _ask(self, reader: Reader, query: str, **arguments: Any) -> tuple[Iterator[Fault], tuple[int, int]]:
        *rows, (_, _, _, *counts, _, _, _) = reader.rows_by_hash(query, book=self.scope.book.pk, **arguments)
        slug = self.scope.book.slug
        faults = (Fault(slug, _place(*row[:6]), row[6], row[7], row[0]) for row in rows)
        return faults, (counts[0], counts[1])


def _place(
    position: int | None,
    entry: UUID | None,
    account: str | None,
    account_id: int | None,
    sequence: int | None,
    hold: UUID | None,
) -> str:
    parts = [
        position and f"position {position}",
        entry and f"entry {ids.encode('je', entry)}",
        account_id and f"account {account or account_id}",
        sequence and f"line {sequence}",
        hold and f"hold {ids.encode('hld', hold)}",
    ]
    return ", ".join(part for part in parts if part)
