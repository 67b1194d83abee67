"""Reports as files: added up again from what stands in them, the same byte for byte, and never a formula."""

import csv
import io
import re
import shutil
import subprocess
import time
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from lxml import etree

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger import reports
from apps.ledger.camt import CamtCannotSay
from apps.ledger.renderers import (
    FORMATS,
    Document,
    DocumentTooLarge,
    FormatUnavailable,
    pdf_file,
    silent,
)
from apps.ledger.renderers.tables import FORMULA_STARTS, plain
from apps.operations import books
from tests.ledger.bookkeeping import open_account
from tests.ledger.reporting import SmallBook, ask, sealed, written
from tests.support.processes import ran

pytestmark = pytest.mark.usefixtures("ledger_db")

NASTY = [
    "=1+1",
    "==1+1",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "=HYPERLINK(1)",
    "#N/A",
    "https://e.org",
]
FEBRUARY: dict[str, Any] = {"since": date(2026, 2, 1), "through": date(2026, 2, 28)}
ACCOUNTS = {"account_statement": "wallet:amara:available", "wallet_statement": "wallet:amara"}
PDFTOTEXT = shutil.which("pdftotext")
needs_pdftotext = pytest.mark.skipif(
    PDFTOTEXT is None, reason="pdftotext is missing: apt-get install -y poppler-utils"
)


@pytest.fixture
def small(ledger_db: Any) -> SmallBook:
    small = SmallBook(books.find(books.platform_id()))
    small.january()
    sealed(projected=True)
    small.february()
    for place, words in enumerate(NASTY):
        small.move(small.bank, small.available, 100 + place, 2, 20, description=words)
    open_account(small.book, "bank:evil", name="=cmd()")
    sealed()
    return small


def question(name: str) -> dict[str, Any]:
    return FEBRUARY | ({"account": ACCOUNTS[name]} if name in ACCOUNTS else {})


def table(name: str, folder: Path, **asked: Any) -> list[dict[str, str]]:
    """A report's CSV by heading."""
    body = written(name, "csv", folder, **(question(name) | asked)).decode()
    return list(csv.DictReader(io.StringIO(body, newline="")))


def test_a_statement_is_added_up_again_from_its_csv(small: SmallBook, tmp_path: Path) -> None:
    found = [row for row in table("account_statement", tmp_path) if row["Currency"] == "EUR"]
    amounts = {
        kind: [row for row in found if row["Row"] == kind] for kind in ("opening", "line", "total", "closing")
    }
    balance = Decimal(amounts["opening"][0]["Balance"])
    for row in amounts["line"]:
        balance += Decimal(row["Increase"] or 0) - Decimal(row["Decrease"] or 0)
        assert Decimal(row["Balance"]) == balance
    assert Decimal(amounts["closing"][0]["Balance"]) == balance == Decimal("748.28")
    for column in ("Increase", "Decrease"):
        total = sum(Decimal(row[column] or 0) for row in amounts["line"])
        assert Decimal(amounts["total"][0][column]) == total
    assert len(amounts["line"]) == 9


def test_a_trial_balance_is_added_up_again_from_its_csv(small: SmallBook, tmp_path: Path) -> None:
    rows = table("trial_balance", tmp_path, by_account=True)
    for currency in ("ETH", "EUR"):
        for column in ("Opening debit", "Opening credit", "Debited", "Credited", "Debit", "Credit"):
            of = [row for row in rows if row["Currency"] == currency]
            lines = sum(Decimal(row[column] or 0) for row in of if row["Row"] == "line")
            [total] = [Decimal(row[column]) for row in of if row["Row"] == "total"]
            assert total == lines


def test_csv_never_writes_an_exponent_or_rounds(small: SmallBook, tmp_path: Path) -> None:
    rows = table("wallet_statement", tmp_path)
    opening = next(row for row in rows if row["Currency"] == "ETH" and row["Row"] == "opening")
    assert (opening["Available"], opening["Held"]) == ("1.234567890123456789", "0.000000000000000000")


@pytest.mark.parametrize("words", [*NASTY, "\t=1", "\r=1", "\n=1"])
def test_words_are_no_formulas(words: str) -> None:
    assert plain(words) == (f"'{words}" if words[0] in "=+-@\t\r\n" else words)
    assert not plain(words).startswith(FORMULA_STARTS)


def test_no_cell_of_a_csv_is_a_formula(small: SmallBook, tmp_path: Path) -> None:
    body = written("account_statement", "csv", tmp_path, **question("account_statement")).decode()
    cells = [cell for row in csv.reader(io.StringIO(body, newline="")) for cell in row]
    for cell in cells:
        assert not cell.startswith(FORMULA_STARTS) or re.fullmatch(r"-?\d+(\.\d+)?", cell), cell
    assert {plain(words) for words in NASTY} <= set(cells)


def test_xlsx_has_numbers_as_numbers_and_words_as_words(small: SmallBook, tmp_path: Path) -> None:
    asked = question("account_statement") | {"currency": "EUR"}
    body = written("account_statement", "xlsx", tmp_path, **asked)
    [sheet] = openpyxl.load_workbook(io.BytesIO(body)).worksheets
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type in {"f", "e"} or cell.hyperlink]
    words = {cell.value for cell in cells if cell.data_type == "s"}
    assert {plain(nasty) for nasty in NASTY} <= words
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    head = next(row for row in rows if row[0] == "Section")
    lines = [
        dict(zip(head, row, strict=True)) for row in rows if row[1] == "line" and str(row[0]).endswith("EUR")
    ]
    assert sum(Decimal(str(row["Increase"] or 0)) for row in lines) == Decimal("58.28")
    assert {type(row["Date"]) for row in lines} == {datetime}
    formats = {cell.number_format for cell in cells if cell.data_type == "n" and cell.value is not None}
    assert formats == {"#,##0.00"}


def test_xlsx_writes_as_words_what_a_spreadsheet_would_round(small: SmallBook, tmp_path: Path) -> None:
    body = written("trial_balance", "xlsx", tmp_path)
    [sheet] = openpyxl.load_workbook(io.BytesIO(body)).worksheets
    found = {(cell.value, cell.data_type) for row in sheet.iter_rows() for cell in row}
    assert ("1.234567890123456789", "s") in found
    assert (704.28, "n") in found


def text_of(pdf: Path) -> str:
    return subprocess.run(
        ["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True
    ).stdout


@needs_pdftotext
def test_a_statement_is_added_up_again_from_the_text_of_its_pdf(small: SmallBook, tmp_path: Path) -> None:
    for number in range(120):
        way = (small.bank, small.available) if (number + 1) % 3 else (small.available, small.bank)
        small.move(*way, 1_000_01 + number, 2, 21)
    sealed()
    asked = question("account_statement") | {"currency": "EUR"}
    written("account_statement", "pdf", tmp_path, **asked)
    page_text = text_of(tmp_path / "account_statement.pdf")
    amount = r"(-?[\d,]+\.\d\d)"

    def first(pattern: str) -> list[Decimal]:
        return [Decimal(each.replace(",", "")) for each in re.search(pattern, page_text).groups()]

    balance = opening = first(rf"Opening balance\s+{amount}")[0]
    up, down = first(rf"Movements\s+{amount}\s+{amount}")
    closing = first(rf"Closing balance\s+{amount}")[0]
    pairs = re.findall(rf"^\s*2026-02-\d\d\s+je_\S+ .*?{amount}\s+{amount}\s*$", page_text, re.MULTILINE)
    moved = []
    for one, after in pairs:
        step, now = (Decimal(each.replace(",", "")) for each in (one, after))
        moved.append(step if now > balance else -step)
        assert abs(now - balance) == step
        balance = now
    assert len(moved) == 129
    assert opening + sum(moved) == closing == balance
    assert (sum(m for m in moved if m > 0), -sum(m for m in moved if m < 0)) == (up, down)
    pages = page_text.count("\f")
    assert pages > 1
    assert [int(n) for n in re.findall(rf"Page (\d+) of {pages}\b", page_text)] == list(range(1, pages + 1))
    assert len(re.findall(r"^\s*Date\s+Entry\s+Description", page_text, re.MULTILINE)) == pages
    report = ask("account_statement", **asked)
    assert page_text.count(f"Report {report.id}") == pages
    assert page_text.count("Platform · 2026-02-01 through 2026-02-28") >= pages


@needs_pdftotext
def test_totals_of_a_sheet_are_added_up_again_from_the_text_of_its_pdf(
    small: SmallBook, tmp_path: Path
) -> None:
    written("balance_sheet", "pdf", tmp_path, through=date(2026, 1, 31))
    page_text = text_of(tmp_path / "balance_sheet.pdf")
    euros = page_text[page_text.index("Amount EUR") :]
    lines = {
        code: Decimal(amount.replace(",", ""))
        for code, amount in re.findall(r"^\s*(\d{4})\s+.*?\s(-?[\d,]+\.\d\d)\s*$", euros, re.MULTILINE)
    }
    [result] = re.findall(r"not yet in equity\s+(\S+)", euros)
    assets, other_side = re.findall(r"Total .*?\s([\d,]+\.\d\d)", euros)
    assert lines["1110"] + lines["1120"] == Decimal(assets.replace(",", ""))
    total = lines["2110"] + lines["2120"] + lines["3100"] + Decimal(result)
    assert total == Decimal(other_side.replace(",", "")) == Decimal("996.00")


@pytest.mark.long
def test_the_same_position_is_the_same_file_in_any_process_at_any_time(
    small: SmallBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = """
        import hashlib, pathlib, tempfile
        from apps.ledger import reports
        from tests.ledger.reporting import written
        from tests.ledger.test_renderers import question
        folder = pathlib.Path(tempfile.mkdtemp())
        for name in reports.REPORTS:
            for ending in ("csv", "xlsx", "pdf"):
                body = written(name, ending, folder, position=15, **question(name))
                print(name, ending, hashlib.sha256(body).hexdigest())
    """
    answers = []
    for seed, zone in (("1", "Pacific/Auckland"), ("2", "America/Denver")):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        monkeypatch.setenv("TZ", zone)
        answers.append(ran(script))
        small.move(small.bank, small.available, 5_00, 2, 15)
        open_account(small.book, f"bank:{seed}")
        sealed(projected=True)
        time.sleep(1.1)
    assert answers[0] == answers[1]
    assert len(set(answers[0].split())) == 24 + 8 + 3


@needs_pdftotext
def test_the_instant_in_a_file_is_that_of_its_position(small: SmallBook, tmp_path: Path) -> None:
    report = ask("trial_balance")
    body = written("trial_balance", "xlsx", tmp_path)
    known = openpyxl.load_workbook(io.BytesIO(body)).properties
    assert known.created == report.known_at.replace(tzinfo=None, microsecond=0)
    written("trial_balance", "pdf", tmp_path)
    told = subprocess.run(
        ["pdfinfo", "-isodates", str(tmp_path / "trial_balance.pdf")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert re.findall(r"(?:Creation|Mod)Date:\s+(\S+)", told) == [f"{report.known_at:%Y-%m-%dT%H:%M:%SZ}"] * 2


def test_what_is_too_large_for_a_pdf_says_what_to_take(
    small: SmallBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf_file, "MOST_ROWS", 3)
    with pytest.raises(DocumentTooLarge, match="take CSV or XLSX"):
        written("trial_balance", "pdf", tmp_path)


def test_a_pdf_without_its_fonts_says_what_to_install(
    small: SmallBook, tmp_path: Path, settings: Any
) -> None:
    settings.REPORT_FONTS = str(tmp_path)
    with pytest.raises(FormatUnavailable, match="install fonts-dejavu-core"):
        written("trial_balance", "pdf", tmp_path)


def test_words_of_a_pdf_are_no_markup_and_ask_nobody(small: SmallBook, tmp_path: Path) -> None:
    words = '<img src="http://127.0.0.1:9/x.png"><b>bold</b>'
    small.move(small.bank, small.available, 1, 2, 22, description=words)
    sealed()
    html = pdf_file.render_to_string(
        "reports/report.html", pdf_file.context(ask("account_statement", **question("account_statement")))
    )
    assert "&lt;img src=" in html
    assert "<img" not in html


TABLES = ["csv", "xlsx", "pdf"]


def test_progress_is_told_row_by_row(small: SmallBook, tmp_path: Path) -> None:
    kind = reports.find("trial_balance")
    for ending in TABLES:
        told: list[int] = []
        document = Document(kind, reports.settle(book="platform"))
        FORMATS[ending].write(document, tmp_path / ending, told.append)
        assert told == list(range(1, len(told) + 1)) or told == [document.report.size]
        assert told[-1] in {document.report.size, document.report.size + 2}
    silent(1)


@pytest.mark.parametrize(("name", "version"), [("camt053", "08"), ("camt053-02", "02")])
def test_a_statement_leaves_as_camt053(small: SmallBook, tmp_path: Path, name: str, version: str) -> None:
    format_, kind = FORMATS[name], reports.find("account_statement")
    asked = reports.settle(book="platform", account="wallet:amara:available", currency="EUR", **FEBRUARY)
    told: list[int] = []
    format_.refuse(kind, asked)
    format_.write(Document(kind, asked), tmp_path / "s", told.append)
    [statement] = etree.parse(tmp_path / "s").getroot().iter("{*}Stmt")
    assert statement.nsmap[None].endswith(f"camt.053.001.{version}")
    balances = [(each.findtext("{*}Amt"), each.findtext("{*}CdtDbtInd")) for each in statement.iter("{*}Bal")]
    assert balances == [("690.00", "CRDT"), ("748.28", "CRDT")]
    assert len(list(statement.iter("{*}Ntry"))) == told[0] == 9


@pytest.mark.parametrize(
    ("report", "asked", "error", "words"),
    [
        ("account_statement", FEBRUARY, FormatUnavailable, "has 2 currencies"),
        ("account_statement", {"currency": "EUR"}, FormatUnavailable, "first and the last day"),
        ("account_statement", FEBRUARY | {"currency": "ETH"}, CamtCannotSay, "5 digits after the point"),
        ("wallet_statement", FEBRUARY, FormatUnavailable, "cannot hold the wallet statement"),
    ],
)
def test_what_a_camt053_cannot_hold_is_refused_before_it_is_written(
    small: SmallBook, report: str, asked: dict[str, Any], error: type[DomainError], words: str
) -> None:
    question = reports.settle(book="platform", account="wallet:amara:available", **asked)
    with pytest.raises(error, match=words):
        FORMATS["camt053"].refuse(reports.find(report), question)


def test_figures_on_paper() -> None:
    assert pdf_file.figures(Money(-1_234_567_89, "EUR")) == "-1,234,567.89"
    assert pdf_file.figures(Money(5, "EUR")) == "0.05"
