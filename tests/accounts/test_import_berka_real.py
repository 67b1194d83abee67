"""The real bank, where its files are: 49,102 transactions, and the figures that SOURCES.md promises."""

import json
import os
from collections import defaultdict
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.models import Sum

from apps.core.money import Money
from apps.ledger import addresses, projections, reports
from apps.ledger.models import Line
from apps.ledger.reports import Report, Role
from apps.operations import books, sequencer

SAMPLES = Path(os.environ.get("COUNTINGHOUSE_DATA_SAMPLES") or settings.BASE_DIR.parent / "shared" / "data")
FOLDER = SAMPLES / "berka"

pytestmark = pytest.mark.skipif(
    not (FOLDER / "trans.asc").exists(), reason=f"the real bank is not at {FOLDER}"
)


@pytest.mark.long
def test_the_real_bank_ends_each_day_as_it_says(transactional_db: None) -> None:
    books.forget()
    addresses.forget()
    out = StringIO()
    call_command("import_berka", str(FOLDER), "--json", stdout=out, stderr=StringIO())
    figures = json.loads(out.getvalue().splitlines()[-1])
    expected = {
        "lines": 49_102,
        "entries": 49_102,
        "accounts": 1_229,
        "account_days": 39_960,
        "days_equal": 39_932,
        "worst_difference": "332.20",
        "bad_lines": 0,
        "refused_lines": 0,
        "cut_line": 49_104,
    }
    assert {name: figures[name] for name in expected} == expected
    turnover = _turnover_of_the_file()
    assert _turnover_of_the_book() == turnover
    _assert_the_reports_agree_with_the_file(turnover)


def _assert_the_reports_agree_with_the_file(turnover: dict[str, int]) -> None:
    """Fees and penalty interest are income, interest paid is expense, all else is on the balance sheet."""
    sequencer.sequence_after_restore()
    projections.project()
    income = {"4100": "revenue:fees", "4320": "revenue:penalty-interest"}
    report = _report("income_statement")
    result = {row.cells[0]: row.cells[-1] for row in report.sections[0].rows if row.role is Role.LINE}
    expected = {code: Money(turnover[address], "CZK") for code, address in income.items()}
    expected["5200"] = Money(-turnover["expense:interest"], "CZK")
    assert result == expected

    sheet = _report("balance_sheet")
    on_it = {row.cells[0]: row.cells[-1] for row in sheet.sections[0].rows if row.role is Role.LINE}
    assert not sheet.flaws
    assert on_it.pop(None) == expected["4100"] + expected["4320"] - expected["5200"]
    codes = {
        "cash:vault": ("1140", -1),
        "clearing:banks": ("1210", -1),
        "clearing:pensions": ("1220", -1),
        "clearing:cards": ("2310", 1),
        "clearing:household": ("2320", 1),
        "clearing:insurance": ("2330", 1),
        "clearing:loans": ("2340", 1),
    }
    others = {code: Money(turnover[address] * side, "CZK") for address, (code, side) in codes.items()}
    customers = Money(-sum(turnover.values()), "CZK")
    assert on_it == others | {"2130": customers}


def _report(name: str) -> Report:
    return reports.find(name).report(reports.settle(book="berka", through=date(1998, 12, 31)))


def _turnover_of_the_book() -> dict[str, int]:
    """By address, what was posted against the customers: in is positive."""
    lines = Line.objects.filter(account__book__slug="berka").exclude(account__gl_code="2130")
    return {
        address: int(total)
        for address, total in lines.values_list("account__address").annotate(Sum("amount"))
    }


def _turnover_of_the_file() -> dict[str, int]:
    """The same from the bank's codes, read here with none of our code."""
    purposes = {
        "UROK": "expense:interest",
        "SLUZBY": "revenue:fees",
        "SANKC. UROK": "revenue:penalty-interest",
        "DUCHOD": "clearing:pensions",
        "SIPO": "clearing:household",
        "POJISTNE": "clearing:insurance",
        "UVER": "clearing:loans",
    }
    operations = {
        "VKLAD": "cash:vault",
        "VYBER": "cash:vault",
        "VYBER KARTOU": "clearing:cards",
        "PREVOD Z UCTU": "clearing:banks",
        "PREVOD NA UCET": "clearing:banks",
    }
    sums: dict[str, int] = defaultdict(int)
    for line in (FOLDER / "trans.asc").read_text("ascii").splitlines()[1:-1]:
        _, _, _, kind, operation, amount, _, symbol, _, _ = line.replace('"', "").split(";")
        address = purposes.get(symbol.strip()) or operations[operation]
        minor = int(amount.replace(".", ""))
        sums[address] += -minor if kind == "PRIJEM" else minor
    return dict(sums)
