"""Reports as CSV: UTF-8, commas, one heading, a row at a time."""

import csv
from pathlib import Path

from apps.ledger.renderers.documents import Document, Told
from apps.ledger.renderers.tables import ReportResource


def write(document: Document, path: Path, told: Told) -> None:
    """Write the report, telling how many rows are done."""
    resource = ReportResource(document.report)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(resource.headers())
        for number, row in enumerate(resource.rows(), start=1):
            writer.writerow(row)
            told(number)
