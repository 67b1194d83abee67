"""Formats that hold the statement of one account, such as those that banks exchange."""

from collections.abc import Callable
from pathlib import Path
from typing import IO

from apps.ledger.queries.statement_period import StatementPeriod
from apps.ledger.renderers.documents import Document, FormatUnavailable, Told
from apps.ledger.reports.account_statement import statement_periods


def statement_writer(
    write_statement: Callable[[StatementPeriod, IO[bytes]], None],
) -> Callable[[Document, Path, Told], None]:
    """The `write` of a Format, from a function that writes the statement of an account over its whole period."""

    def write(document: Document, path: Path, told: Told) -> None:
        """Write the statement, telling of its lines when it is done."""
        asked = document.asked
        if asked.since is None or asked.through is None:
            raise FormatUnavailable("This format needs the first and the last day.", field="/since")
        periods = statement_periods(asked)
        if len(periods) > 1:
            raise FormatUnavailable(
                f"{asked.account} has {len(periods)} currencies, and the format one: name it.",
                field="/currency",
            )
        with path.open("wb") as file:
            write_statement(periods[0], file)
        told(periods[0].count)

    return write
