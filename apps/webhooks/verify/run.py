"""One verification: which book is looked at from where, what has no seal, and the mark that is moved."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.core import clock, ids
from apps.ledger.verify import Fault, Head, Report
from apps.operations.models import Book
from apps.webhooks.models import AttemptSeal, AttemptVerification
from apps.webhooks.verify.chain import REMEDY, Chain, first_link

OVERDUE: Final = timedelta(minutes=10)
"""An attempt that began so long ago has its seal, unless nobody seals."""
LOOKED_AGAIN: Final = 3.0
"""Seconds after which those without are looked for again: a worker writes old ones down when its database is back."""

_SEALED: Final = "SELECT coalesce(max(ordinal), 0) FROM webhooks_attemptseal"
# Attempts are sealed in the order of their ordinals, and those up to the last are settled: one without was put in from outside, or
# has lost its seal.
_UNSEALED: Final = """
SELECT DISTINCT ON (a.book_id) a.book_id, a.id
  FROM webhooks_attempt a LEFT JOIN webhooks_attemptseal s ON s.ordinal = a.ordinal AND s.ordinal > %(after)s AND s.ordinal <= %(through)s
 WHERE a.ordinal > %(after)s AND a.ordinal <= %(through)s AND a.book_id = ANY (%(books)s) AND s.ordinal IS NULL
 ORDER BY a.book_id, a.ordinal
"""
_OVERDUE: Final = f"""
SELECT DISTINCT ON (book_id) book_id, id FROM webhooks_attempt
 WHERE ordinal > ({_SEALED}) AND began_at < %(before)s AND book_id = ANY (%(books)s)
 ORDER BY book_id, ordinal
"""


@dataclass(slots=True)
class AttemptReport(Report):
    """What a verification of attempts went through; the first broken place of each book."""

    attempts: int = 0


def verify(books: Iterable[Book] | None = None, *, incremental: bool = False) -> AttemptReport:
    """Verify the attempts of all books or some, while more are made: what was sealed before it began.

    An incremental run looks at what was sealed since the last good run; a good run moves that mark forward. What is
    found is kept beside the mark until a run over all attempts of the book finds nothing.
    """
    report, started = AttemptReport(), time.monotonic()
    chosen = {book.pk: book for book in (Book.objects.order_by("pk") if books is None else books)}
    marks = AttemptVerification.objects.in_bulk(list(chosen))
    sealed = int(_rows(_SEALED, {})[0][0])
    after = min((mark.through_ordinal for mark in marks.values()), default=0) if incremental else 0
    unsealed = dict(_rows(_UNSEALED, {"after": after, "through": sealed, "books": list(chosen)}))
    for pk, book in chosen.items():
        look = _Look(book, marks.get(pk), whole=not incremental)
        fault = look.check(unsealed.get(pk))
        look.keep(fault, sealed)
        report.broken += [fault] if fault else []
        report.books += 1
        report.attempts += look.chain.attempts
        if look.chain.position:
            report.heads[book.slug] = Head(look.chain.position, look.chain.seal.hex())
    report.broken += _overdue(chosen, clock.now())
    report.seconds = time.monotonic() - started
    return report


class _Look:
    """The verification of one book."""

    def __init__(self, book: Book, mark: AttemptVerification | None, *, whole: bool) -> None:
        self.book, self.mark, self.whole = book, mark, whole
        first = first_link(book.pk)
        self.chain = (
            Chain(book, 0, first)
            if whole or mark is None
            else Chain(book, mark.through_position, bytes(mark.through_hash))
        )

    def check(self, unsealed: UUID | None) -> Fault | None:
        """The first broken place."""
        last = (
            AttemptSeal.objects.filter(book=self.book)
            .order_by("-position")
            .values_list("position", flat=True)
        )
        return self.chain.check(last.first() or 0) or self._mark_moved() or self._unsealed(unsealed)

    def keep(self, fault: Fault | None, sealed: int) -> None:
        """Move the mark forward; what is broken stays beside it, and it where it is."""
        now = clock.now()
        if fault:
            found = {"found": str(fault), "found_at": now}
            first = {**found, "through_hash": first_link(self.book.pk)}
            AttemptVerification.objects.update_or_create(
                book=self.book, defaults=found, create_defaults=first
            )
            return
        good = {
            "through_position": self.chain.position,
            "through_hash": self.chain.seal,
            "through_ordinal": sealed,
            "verified_at": now,
        }
        if self.whole:
            good |= {"found": "", "found_at": None}
        AttemptVerification.objects.update_or_create(book=self.book, defaults=good)

    def _mark_moved(self) -> Fault | None:
        """The seal of the last good run is where it was; else the chain was cut off or rewritten since."""
        if self.mark is None or not self.mark.through_position:
            return None
        position, expected = self.mark.through_position, bytes(self.mark.through_hash)
        stands = (
            AttemptSeal.objects.filter(book=self.book, position=position)
            .values_list("hash", flat=True)
            .first()
        )
        if stands is not None and bytes(stands) == expected:
            return None
        place = f"position {position}, verified at {self.mark.verified_at:%Y-%m-%d %H:%M} UTC"
        found = f"{bytes(stands).hex()[:16]}…" if stands else "none"
        return Fault(self.book.slug, place, f"the seal {expected.hex()[:16]}…", found, position, REMEDY)

    def _unsealed(self, attempt: UUID | None) -> Fault | None:
        if attempt is None:
            return None
        expected, found = (
            "a seal, for later attempts have theirs",
            "none: it was put in from outside, or has lost it",
        )
        return Fault(self.book.slug, f"attempt {ids.encode('wha', attempt)}", expected, found, remedy=REMEDY)


def _overdue(books: Mapping[int, Book], now: datetime) -> list[Fault]:
    """Of each book the first attempt that should have its seal by now. It is told and not kept: nothing of it is broken."""
    given = {"books": list(books), "before": now - OVERDUE}
    found = set(_rows(_OVERDUE, given))
    if found:
        time.sleep(LOOKED_AGAIN)
        found &= set(_rows(_OVERDUE, given))
    return [
        Fault(
            books[book].slug,
            f"attempt {ids.encode('wha', attempt)}",
            f"a seal within {OVERDUE.total_seconds() / 60:.0f} minutes",
            "none yet",
            remedy="Whoever runs `operations.sequence` seals it: is a worker running?",
        )
        for book, attempt in sorted(found)
    ]


def _rows(statement: str, given: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return list(cursor.fetchall())
