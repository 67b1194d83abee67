"""Reports as PDF: A4, with the report in the head of each page and its number at the foot.

The fonts are read from their files and embedded, no address is ever asked for anything, and the only instant in
it is when the last position of the report was given: so the same report is the same file, byte for byte.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from apps.core.money import Money
from apps.ledger.renderers.documents import Document, DocumentTooLarge, FormatUnavailable, Told
from apps.ledger.renderers.grid import shown
from apps.ledger.reports import Cell, Kind, Report, Section

MOST_ROWS = 3_000
"""They take half a gigabyte to set; memory grows with the rows."""

FONTS = {"regular": "DejaVuSans.ttf", "bold": "DejaVuSans-Bold.ttf", "mono": "DejaVuSansMono.ttf"}
MOST_UPRIGHT = 3
"""Amounts beside each other on an upright page; with more of them it lies."""


def write(document: Document, path: Path, told: Told) -> None:
    """Write the report, telling of all its rows when it is done: they are set as a whole."""
    report = document.report
    refuse_size(report)
    path.write_bytes(printed("reports/report.html", context(report)))
    told(report.size)


def printed(template: str, values: Mapping[str, Any]) -> bytes:
    """A page of ours as PDF; FormatUnavailable without the system's libraries or the fonts."""
    weasyprint = _weasyprint()
    fonts = {name: _font(file).as_uri() for name, file in FONTS.items()}
    html = render_to_string(template, {**values, "fonts": fonts})
    fetcher = weasyprint.urls.URLFetcher(allowed_protocols=["file"])
    made: bytes = weasyprint.HTML(string=html, url_fetcher=fetcher).write_pdf()
    return made


def refuse_size(report: Report) -> None:
    """DocumentTooLarge, if the report has more rows than are set as a whole."""
    if report.size > MOST_ROWS:
        raise DocumentTooLarge(
            f"A PDF takes {MOST_ROWS:,} rows, this has {report.size:,}: take CSV or XLSX, or a shorter period.",
            field="/format",
        )


def context(report: Report) -> dict[str, Any]:
    """What the template shows."""
    amounts = sum(column.kind is Kind.MONEY for column in report.columns)
    return {
        "report": report,
        "lies": amounts > MOST_UPRIGHT,
        "sections": [{"section": each, "rows": list(_rows(report, each))} for each in report.sections],
        "created": f"{report.known_at:%Y-%m-%dT%H:%M:%SZ}",
    }


def figures(amount: Money) -> str:
    """An amount with commas and an ASCII minus, as people copy it out of a PDF."""
    whole, point, fraction = amount.decimal.removeprefix("-").partition(".")
    return f"{'-' if amount.is_negative else ''}{int(whole):,}{point}{fraction}"


def _rows(report: Report, section: Section) -> Iterator[dict[str, Any]]:
    for row in section.rows:
        cells = [
            {
                "kind": cell.kind,
                "span": cell.span,
                "text": _text(cell.value),
                "negative": isinstance(cell.value, Money) and cell.value.is_negative,
            }
            for cell in shown(report, row)
        ]
        yield {"role": row.role, "level": row.level, "wrong": row.wrong, "cells": cells}


def _text(cell: Cell) -> str:
    if isinstance(cell, Money):
        return figures(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    return cell or ""


def _font(file: str) -> Path:
    path = Path(settings.REPORT_FONTS) / file
    if not path.is_file():
        raise FormatUnavailable(
            f"No PDF without the font {file} in {path.parent}: install fonts-dejavu-core, or set REPORT_FONTS."
        )
    return path


def _weasyprint() -> Any:
    """Imported when it is needed: it takes a second, and libraries of the system."""
    try:
        import weasyprint
        import weasyprint.urls
    except OSError as error:
        wanted = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
        raise FormatUnavailable(
            f"No PDF without the system's libraries: install {wanted} ({error})."
        ) from None
    return weasyprint
