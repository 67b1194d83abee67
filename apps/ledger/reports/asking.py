"""What may be asked of the reports, and how the question is settled: which books, up to which positions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection

from apps.core.canonical import fingerprint
from apps.core.errors import DomainError
from apps.ledger.queries.as_of import last_position
from apps.operations import books
from apps.operations.models import Book

BEFORE_EVERYTHING = datetime(1970, 1, 1, tzinfo=UTC)


class ReportInvalid(DomainError):
    """The report needs something else to be asked."""

    code = "REPORT_INVALID"


class PositionUnknown(DomainError):
    """The book has not given this position yet."""

    code = "POSITION_NOT_FOUND"
    http_status = 404


@dataclass(frozen=True, slots=True)
class Asked:
    """A settled question: the books with the position up to which each is read, and the days that count.

    `positions` are by the id of the book. `by_account` splits GL accounts into their accounts; `gl_code` is a
    GL account with all below it; `account` an address, or for a wallet what stands before `:available`.
    """

    books: tuple[Book, ...]
    positions: Mapping[int, int]
    since: date | None = None
    through: date | None = None
    account: str = ""
    currency: str = ""
    gl_code: str = ""
    by_account: bool = False
    every_book: bool = False

    @property
    def book(self) -> Book:
        """The one book; only of reports that are of one."""
        return self.books[0]

    @property
    def book_name(self) -> str:
        """The book in words."""
        return "All books" if self.every_book else self.book.name

    @property
    def by_slug(self) -> dict[str, int]:
        """The positions by the slug of the book, in the order of slugs; books without an entry are left out."""
        found = {book.slug: self.positions[book.pk] for book in self.books if self.positions[book.pk]}
        return dict(sorted(found.items()))

    def as_json(self) -> dict[str, Any]:
        """The question so that it can be asked again: what `settle` takes."""
        days = {"since": self.since, "through": self.through}
        return {
            "book": None if self.every_book else self.book.slug,
            "positions": {book.slug: self.positions[book.pk] for book in self.books},
            **{name: value and value.isoformat() for name, value in days.items()},
            "account": self.account,
            "currency": self.currency,
            "gl_code": self.gl_code,
            "by_account": self.by_account,
        }

    def id_of(self, name: str) -> str:
        """Sixteen hexadecimal digits that follow from the question and from the seals at its positions."""
        question = self.as_json() | {"positions": self.by_slug}
        return fingerprint([name, question, [digest for digest, _ in _seals(self.positions)]]).hex()[:16]

    def known_at(self) -> datetime:
        """When the last of its positions was given."""
        return max((at for _, at in _seals(self.positions)), default=BEFORE_EVERYTHING)


def settle(
    *,
    book: str | None = None,
    positions: Mapping[str, int] | None = None,
    position: int | None = None,
    at: datetime | None = None,
    since: date | None = None,
    through: date | None = None,
    **more: Any,
) -> Asked:
    """The question with its positions: those given, that of an instant, or the last there are.

    `positions` name the books as well, and say of each the position; `position` is for one book.
    """
    if since and through and since > through:
        raise ReportInvalid(f"The first day {since} is after the last one {through}.", field="/since")
    if position is not None and book is None:
        raise ReportInvalid("A position belongs to a book: name one, or give an instant.", field="/position")
    asked = Asked((), {}, since, through, every_book=book is None, **more)
    if positions is not None:
        found = {books.by_slug(slug): number for slug, number in sorted(positions.items())}
        return replace(asked, books=tuple(found), positions={b.pk: _checked(b, p) for b, p in found.items()})
    chosen = tuple(Book.objects.order_by("slug")) if book is None else (books.by_slug(book),)
    if position is not None:
        return replace(asked, books=chosen, positions={b.pk: _checked(b, position) for b in chosen})
    return replace(asked, books=chosen, positions=_last_positions([b.pk for b in chosen], at))


def _checked(book: Book, position: int) -> int:
    last = last_position(book.pk)
    if not 0 <= position <= last:
        raise PositionUnknown(
            f"Book {book.slug} has positions up to {last}, not {position}.", field="/position"
        )
    return position


_LAST = """
SELECT b.id, coalesce((
         SELECT s.position FROM ledger_seal s WHERE s.book_id = b.id AND (%(at)s::timestamptz IS NULL OR s.sealed_at <= %(at)s)
          ORDER BY {order} LIMIT 1), 0)
  FROM unnest(%(books)s::bigint[]) b(id)
"""
_SEALS = """
SELECT encode(s.hash, 'hex'), s.sealed_at FROM unnest(%s::bigint[], %s::bigint[]) a(book_id, position)
  JOIN ledger_seal s USING (book_id, position) ORDER BY s.book_id
"""


def _last_positions(book_ids: list[int], at: datetime | None) -> dict[int, int]:
    order = "s.position DESC" if at is None else "s.sealed_at DESC, s.position DESC"
    with connection.cursor() as cursor:
        cursor.execute(_LAST.format(order=order), {"books": book_ids, "at": at})
        return dict(cursor.fetchall())


def _seals(positions: Mapping[int, int]) -> list[tuple[str, datetime]]:
    """The hash and the time of the seals at these positions."""
    with connection.cursor() as cursor:
        cursor.execute(_SEALS, [list(positions), list(positions.values())])
        return [(digest, at.astimezone(UTC)) for digest, at in cursor.fetchall()]
