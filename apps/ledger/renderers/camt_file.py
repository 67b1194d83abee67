"""The statement of one account as camt.053: of a period and in one currency, as banks exchange it."""

from functools import partial
from pathlib import Path

from apps.ledger import camt
from apps.ledger.queries.statement_period import StatementPeriod
from apps.ledger.renderers.documents import Document, FormatUnavailable, Told, Write
from apps.ledger.reports import Asked
from apps.ledger.reports.account_statement import statement_periods


def writer(version: str) -> Write:
    """What writes the statement in this version of the message."""
    return partial(_write, version)


def check(asked: Asked) -> None:
    """FormatUnavailable or CamtCannotSay, where the message cannot hold what is asked."""
    camt.refuse_what_cannot_be_said(_one_period(asked))


def _write(version: str, document: Document, path: Path, told: Told) -> None:
    period = _one_period(document.asked)
    with path.open("wb") as file:
        camt.write_statement(period, file, version=version)
    told(period.count)


def _one_period(asked: Asked) -> StatementPeriod:
    if asked.since is None or asked.through is None:
        raise FormatUnavailable("A camt.053 needs the first and the last day.", field="/since")
    periods = statement_periods(asked)
    if len(periods) > 1:
        raise FormatUnavailable(
            f"{asked.account} has {len(periods)} currencies and a camt.053 has one: name it.",
            field="/currency",
        )
    return periods[0]
