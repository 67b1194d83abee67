"""The reconciliation sheet of a batch as CSV and as PDF: row by row what our books say, what the provider says, and whether that is one."""

import csv
import gc
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from pypdf import PdfReader, PdfWriter

from apps.core.money import Money
from apps.ledger.renderers.pdf_file import figures, printed
from apps.ledger.renderers.tables import plain
from apps.payouts.models import Batch
from apps.payouts.queries.sheet import WORDS, WRONG, Line, Verdict, fees_of, lines, summary
from apps.payouts.queries.totals import progress_of
from apps.transfers.words import PUBLIC_STATUS

HEADINGS: Final = (
    *("row", "payee", "amount", "currency", "reference", "wallet", "transfer", "status", "paid"),
    *("provider", "executed_as", "executed", "verdict", "wrong"),
)
ON_A_PART: Final = 200
"""Rows that are set together: memory grows with them, by about 30 MB."""


def sheet_csv(batch: Batch) -> Iterator[str]:
    """The sheet line by line, in flat memory; texts as no program runs them."""
    yield _line(HEADINGS)
    for line in lines(batch):
        yield _line([plain(str(cell)) for cell in _cells(line)])


def sheet_pdf(batch: Batch) -> bytes:
    """The settlement report, and the sheet behind it."""
    whole = PdfWriter()
    for part in _parts(batch):
        whole.append(PdfReader(io.BytesIO(part)))
        gc.collect()  # what was set refers to itself in circles, and would pile up part by part
    whole.metadata = {"/Title": f"Reconciliation sheet of {batch.name}", "/Author": "Countinghouse"}
    file = io.BytesIO()
    whole.write(file)
    return file.getvalue()


def _parts(batch: Batch) -> Iterator[bytes]:
    shown = {"batch": batch, "created": f"{batch.compared_at or batch.changed_at:%Y-%m-%dT%H:%M:%SZ}"}
    counts = summary(batch)
    found = [(WORDS[verdict], counts[verdict], verdict in WRONG) for verdict in Verdict if counts[verdict]]
    wrong = sum(counts[verdict] for verdict in WRONG)
    sums = {"paid": _sums(progress_of(batch).paid), "fees": _sums(fees_of(batch))}
    yield printed("reports/batch.html", {**shown, **sums, "counts": found, "wrong": wrong, "rows": []})
    rows = lines(batch)
    while some := list(islice(rows, ON_A_PART)):
        yield printed("reports/batch.html", {**shown, "rows": [_shown(line) for line in some]})


def _shown(line: Line) -> dict[str, Any]:
    return {
        "number": line.row.number,
        "payee": str(line.row.recipient or ""),
        "reference": line.row.reference,
        "amount": _figures(line.row.money),
        "paid": _figures(line.paid),
        "executed": _figures(line.executed),
        "as": line.submissions,
        "verdict": WORDS[line.verdict],
        "wrong": line.verdict in WRONG,
    }


def _sums(amounts: Iterable[Money]) -> str:
    return ", ".join(f"{figures(each)} {each.currency}" for each in amounts) or "None"


def _figures(amount: Money | None) -> str:
    return "" if amount is None else figures(amount)


def _cells(line: Line) -> Sequence[Any]:
    row, transfer = line.row, line.transfer
    return (
        row.number,
        row.recipient or "",
        row.money.decimal if row.money else "",
        row.currency,
        row.reference,
        row.wallet_id or "",
        row.transfer_id or "",
        PUBLIC_STATUS[transfer.status] if transfer else row.status,
        line.paid.decimal if line.paid else "",
        transfer.provider if transfer else "",
        line.submissions,
        line.executed.decimal if line.executed else "",
        line.verdict,
        "yes" if line.verdict in WRONG else "",
    )


def _line(cells: Iterable[Any]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\r\n").writerow(cells)
    return file.getvalue()
