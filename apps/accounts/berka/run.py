"""One run over the file: open, post, and bring up to date what is read from the entries."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from apps.accounts.berka import book, chart
from apps.accounts.berka.source import BadLine, good_lines
from apps.accounts.berka.survey import Survey
from apps.ledger import projections
from apps.operations import books, sequencer

Progress = Callable[[int], object]
"""Is told of each further batch of lines, how many they are."""


@dataclass(slots=True)
class Import:
    """What became of the lines. `standing` were posted by an earlier run; `seconds` is what this one took."""

    posted: int = 0
    standing: int = 0
    refused: list[BadLine] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def entries(self) -> int:
        """How many of the lines stand in the book, whichever run posted them."""
        return self.posted + self.standing

    @property
    def entries_per_second(self) -> int:
        """Of those posted now."""
        return round(self.posted / self.seconds) if self.posted else 0


def import_lines(path: Path, found: Survey, limit: int | None, progress: Progress) -> Import:
    """Open the accounts and post the lines; what an earlier run did is answered by its keys."""
    run = Import()
    begin = monotonic()
    book.open_accounts(found.floors)
    for done in book.post(good_lines(path, limit)):
        run.posted += done.posted
        run.standing += done.standing
        run.refused += done.refused
        progress(done.lines)
    run.seconds = monotonic() - begin
    return run


def bring_up_to_date() -> None:
    """Positions, seals and daily balances, so that the console shows the book at once."""
    sequencer.sequence()
    projections.project(books.by_slug(chart.BOOK))
