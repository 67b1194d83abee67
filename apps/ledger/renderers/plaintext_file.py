"""A whole book as a journal for beancount or hledger: what its general ledger has, for their programs to add up."""

from functools import partial
from pathlib import Path

from apps.ledger import plaintext
from apps.ledger.renderers.documents import Document, FormatUnavailable, Told, Write
from apps.ledger.reports import Asked


def writer(program: str) -> Write:
    """What writes the journal for this program."""
    return partial(_write, program)


def check(asked: Asked) -> None:
    """FormatUnavailable, where something else than a whole book is asked for: its balances would be proven by nothing."""
    if asked.every_book:
        raise FormatUnavailable("A journal for other programs is of one book: name it.", field="/book")
    if asked.since is not None:
        raise FormatUnavailable("Such a journal begins with the book: give no first day.", field="/since")
    if asked.gl_code:
        raise FormatUnavailable("Such a journal has every GL account: name none.", field="/gl_code")


def _write(program: str, document: Document, path: Path, told: Told) -> None:
    asked = document.asked
    position = asked.positions[asked.book.pk]
    pieces = plaintext.export(asked.book, format=program, position=position, on=asked.through)
    with path.open("wb") as file:
        for number, piece in enumerate(pieces, start=1):
            file.write(piece.encode())
            told(min(number, document.report.size))
