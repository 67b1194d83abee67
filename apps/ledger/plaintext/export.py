"""One book, in one of the formats, as of one time."""

from collections.abc import Callable, Iterator
from datetime import date

from apps.ledger.plaintext import beancount, hledger
from apps.ledger.plaintext.source import Extract
from apps.operations.models import Book

FORMATS: dict[str, Callable[[Extract], Iterator[str]]] = {
    "beancount": beancount.write,
    "hledger": hledger.write,
}


def export(book: Book, *, format: str, position: int | None = None, on: date | None = None) -> Iterator[str]:
    """The journal of a book in pieces of text: its entries up to a position, or all that have one, effective by a day.

    The same book, position and day always give the same text.
    """
    return FORMATS[format](Extract.of(book, position=position, on=on))
