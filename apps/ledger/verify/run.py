"""One verification: which book goes how far, both readers side by side, and the mark that is moved."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from apps.core import clock
from apps.ledger.models import Verification
from apps.ledger.queries.ranges import account_ranges
from apps.ledger.verify import days, periods, statistics
from apps.ledger.verify.chain import Chain, first_link, seal_at
from apps.ledger.verify.faults import Fault
from apps.ledger.verify.reading import Reader, frozen_readers
from apps.ledger.verify.report import Head, Report
from apps.ledger.verify.scope import Progress, Scope, Silent
from apps.ledger.verify.sums import Sums
from apps.operations.models import Book

MOST = 20
LINES_A_RANGE = 200_000

_LAST = "SELECT coalesce(max(position), 0) FROM ledger_seal WHERE book_id = %(book)s"
_COUNT_LINES = "SELECT count(*) FROM ledger_line"
_STRAYS = """
SELECT l.account_id, l.sequence FROM ledger_line l LEFT JOIN ledger_account a ON a.id = l.account_id
 WHERE a.id IS NULL ORDER BY 1, 2 LIMIT 20
"""


@dataclass(slots=True)
class LedgerReport(Report):
    """What a verification of books went through; of each book at most twenty broken places."""

    entries: int = 0
    lines: int = 0
    accounts: int = 0
    waiting: int = 0


def verify(
    books: Iterable[Book] | None = None, *, incremental: bool = False, progress: Progress | None = None
) -> LedgerReport:
    """Verify all books or some, as they are at this moment, while posting goes on.

    An incremental run looks at what was sealed since the last good run; a good run moves that mark forward. What is
    found is kept beside the mark until a run over the whole book finds nothing.
    """
    report, started = LedgerReport(), time.monotonic()
    chosen = list(Book.objects.all() if books is None else books)
    statistics.refresh()
    marks = Verification.objects.in_bulk(
        [book.pk for book in chosen]
    )  # before the picture, which has what they name
    with frozen_readers() as readers, ThreadPoolExecutor(max_workers=2) as pool:
        for book in chosen:
            run = _Incremental if incremental else _Full
            run(book, marks.get(book.pk), readers, pool, progress or Silent()).add_to(report)
        if books is None and not incremental:
            report.broken += _strays(readers[0], report.lines)
    report.seconds = time.monotonic() - started
    return report


class _Run:
    """The verification of one book: its chain with one reader, what hangs on it with the other."""

    whole: ClassVar[bool]
    """Whether it looks at everything that the book has."""

    def __init__(
        self,
        book: Book,
        mark: Verification | None,
        readers: tuple[Reader, Reader],
        pool: ThreadPoolExecutor,
        progress: Progress,
    ) -> None:
        self.book, self.pool, self.progress = book, pool, progress
        self.reader, self.other_reader = readers
        self.mark = mark
        self.scope = self._scope()
        self.chain, self.sums = Chain(self.scope), Sums(self.scope)
        progress.expect(2 * self.scope.size)

    def add_to(self, report: LedgerReport) -> None:
        """Verify, and say so."""
        faults = sorted(self._check(), key=_by_position)
        if faults:
            self._keep(faults[:MOST])
        else:
            self._move_mark()
        report.books += 1
        report.entries += self.chain.entries + self.sums.waiting
        report.lines += self.chain.lines + self.sums.waiting_lines
        report.accounts += self.sums.accounts
        report.waiting += self.sums.waiting
        report.heads[self.book.slug] = Head(self.chain.position, self.chain.seal.hex())
        report.broken += faults[:MOST]

    def _check(self) -> list[Fault]:
        chain = self._first_of(lambda: self.chain.check(self.reader, self.progress))
        structure = self._first_of(self._structure)
        return [*self._mark_stands(), *chain.result(), *structure.result(), *self._counts_agree()]

    def _first_of(self, check: Callable[[], Iterator[Fault]]) -> Future[list[Fault]]:
        return self.pool.submit(lambda: list(islice(check(), MOST)))

    def _through(self) -> int:
        return int(self.reader.value(_LAST, book=self.book.pk))

    def _scope(self) -> Scope:
        raise NotImplementedError

    def _structure(self) -> Iterator[Fault]:
        raise NotImplementedError

    def _counts_agree(self) -> Iterator[Fault]:
        return iter(())

    def _mark_stands(self) -> Iterator[Fault]:
        """The seal of the last good run is where it was; else the book was cut off or rewritten since."""
        if not self.mark or not self.mark.through_position:
            return
        position, expected = self.mark.through_position, bytes(self.mark.through_hash)
        stands = seal_at(self.reader, self.book.pk, position)
        if stands != expected:
            place = f"position {position}, verified at {self.mark.verified_at:%Y-%m-%d %H:%M} UTC"
            found = f"{stands.hex()[:16]}…" if stands else f"none: the book ends at {self._through()}"
            yield Fault(self.book.slug, place, f"the seal {expected.hex()[:16]}…", found, position)

    def _move_mark(self) -> None:
        Verification.objects.update_or_create(
            book=self.book,
            defaults={
                "through_position": self.chain.position,
                "through_hash": self.chain.seal,
                "verified_at": clock.now(),
                **({"found": [], "found_at": None} if self.whole else {}),
            },
        )

    def _keep(self, faults: list[Fault]) -> None:
        """What was found, beside the mark, which stays where it is."""
        found = {"found": [str(fault) for fault in faults], "found_at": clock.now()}
        Verification.objects.update_or_create(
            book=self.book,
            defaults=found,
            create_defaults={**found, "through_hash": first_link(self.book.pk)},
        )


class _Full(_Run):
    """From the first entry, and everything that is derived."""

    whole = True

    def _scope(self) -> Scope:
        ranges = account_ranges(self.book.pk, lines=LINES_A_RANGE)
        return Scope(self.book, 0, first_link(self.book.pk), self._through(), ranges)

    def _structure(self) -> Iterator[Fault]:
        reader, scope = self.other_reader, self.scope
        for chunk in scope.chunks(reader):
            yield from self.sums.check_sealed(reader, chunk)
            yield from periods.check_entries(reader, scope, chunk)
            self.progress.advance((chunk.through - chunk.after) / 2)
        yield from self.sums.check_waiting(reader)
        for first, last in scope.ranges:
            yield from self.sums.check_accounts(reader, first, last)
            yield from days.check(reader, scope, first, last)
            self.progress.advance(scope.size / 2 / len(scope.ranges))
        yield from self.sums.check_unopened_holds(reader)
        yield from days.check_not_ahead(reader, scope)
        yield from periods.check_state(reader, scope)

    def _counts_agree(self) -> Iterator[Fault]:
        return self.sums.check_strays(self.reader, self.chain.entries, self.chain.lines)


class _Incremental(_Run):
    """From the mark of the last good run, and the accounts and holds that were touched since."""

    whole = False

    def _scope(self) -> Scope:
        through = self._through()
        if self.mark is None:
            return Scope(self.book, 0, first_link(self.book.pk), through)
        after = min(self.mark.through_position, through)
        return Scope(self.book, after, bytes(self.mark.through_hash), through)

    def _structure(self) -> Iterator[Fault]:
        reader, scope = self.other_reader, self.scope
        for chunk in scope.chunks(reader):
            yield from self.sums.check_touched(reader, chunk)
            yield from periods.check_entries(reader, scope, chunk)
            self.progress.advance(chunk.through - chunk.after)


def _by_position(fault: Fault) -> tuple[bool, int]:
    return fault.position is None, fault.position or 0


def _strays(reader: Reader, lines: int) -> Iterator[Fault]:
    """Lines of accounts that are in no book; looked for only if there are other lines than the books have."""
    if reader.value(_COUNT_LINES) == lines:
        return
    for account, sequence in reader.rows(_STRAYS):
        place = f"account {account}, line {sequence}"
        yield Fault("no book", place, "an account of a book", "no such account")
