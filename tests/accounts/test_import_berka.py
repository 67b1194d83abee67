"""The import of the bank, on a folder made by hand: every kind of line, and everything that can be wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from apps.accounts.berka import book
from apps.accounts.berka.source import BadLine, BankLine, CutLine, read
from apps.accounts.berka.survey import survey
from apps.accounts.management.commands import import_berka
from apps.accounts.people import SETUP
from apps.ledger import addresses
from apps.ledger.models import Account, Balance, DailyBalance, JournalEntry, Line, Seal
from apps.operations import books
from apps.operations.executor import execute
from apps.operations.models import Operation
from apps.operations.plan import Request

HEADER = '"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"k_symbol";"bank";"account"'
LINES = """\
1;1;930101;"PRIJEM";"VKLAD";1000.00;1000.00;"";;
2;1;930102;"PRIJEM";"PREVOD Z UCTU";500.00;1500.00;"";"AB";"41403269"
3;1;930103;"PRIJEM";"PREVOD Z UCTU";250.00;1750.00;"DUCHOD";"CD";"7"
4;1;930104;"VYDAJ";"PREVOD NA UCET";100.00;1650.00;"SIPO";"EF";"8"
5;1;930104;"VYDAJ";"PREVOD NA UCET";50.00;1600.00;"POJISTNE";"EF";"9"
6;1;930104;"VYDAJ";"PREVOD NA UCET";200.00;1400.00;"UVER";"EF";"10"
7;1;930105;"VYDAJ";"PREVOD NA UCET";25.00;1375.00;" ";"EF";"11"
8;1;930105;"VYDAJ";"VYBER";75.00;1300.00;"";;
9;1;930105;"VYBER";"VYBER";100.00;1200.00;"";;
10;1;930106;"VYDAJ";"VYBER KARTOU";200.00;1000.00;"";;
11;1;930131;"PRIJEM";"";3.45;1003.50;"UROK";;
12;1;930131;"VYDAJ";"VYBER";14.60;988.90;"SLUZBY";;
13;1;930132;"PRIJEM";"VKLAD";1.00;989.90;"";;
14;2;930401;"VYDAJ";"VYBER";300.00;700.00;"";;
15;2;930401;"PRIJEM";"VKLAD";1000.00;1000.00;"";;
16;2;930430;"VYDAJ";"VYBER";1.10;691.00;"SANKC. UROK";;
17;2;930430;"PRIJEM";"VK"""
GOOD, WHOLE, BAD, CUT = 15, 16, 14, 18
SHOWN = {
    "customer:1": 98885,
    "customer:2": 69890,
    "cash:vault": 152500,
    "clearing:banks": 47500,
    "clearing:pensions": 25000,
    "clearing:cards": 20000,
    "clearing:household": 10000,
    "clearing:insurance": 5000,
    "clearing:loans": 20000,
    "revenue:fees": 1460,
    "revenue:penalty-interest": 110,
    "expense:interest": 345,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The bank, small."""
    return _folder(tmp_path, LINES)


@pytest.fixture
def empty_book(transactional_db: None) -> None:
    """No book of the bank, and none remembered from the test before."""
    books.forget()
    addresses.forget()


def _folder(path: Path, lines: str) -> Path:
    (path / "trans.asc").write_bytes(f"{HEADER}\n{lines}".replace("\n", "\r\n").encode())
    return path


def _import(folder: Path, *options: str) -> tuple[dict[str, Any], str, str]:
    """The figures, what was said, and what was complained of."""
    out, err = StringIO(), StringIO()
    call_command("import_berka", str(folder), "--json", *options, stdout=out, stderr=err)
    *said, figures = out.getvalue().splitlines()
    return json.loads(figures), "\n".join(said), err.getvalue()


def _shown() -> dict[str, int]:
    balances = Balance.objects.filter(account__book__slug="berka").select_related("account")
    return {balance.account.address: balance.shown for balance in balances}


def test_every_line_becomes_an_entry_against_the_account_of_its_kind(empty_book: None, folder: Path) -> None:
    figures, _, _ = _import(folder)
    assert {name: figures[name] for name in figures if not name.endswith(("seconds", "second"))} == {
        "lines": WHOLE,
        "entries": GOOD,
        "accounts": 2,
        "account_days": 9,
        "days_equal": 8,
        "worst_difference": "7.90",
        "posted": GOOD,
        "bad_lines": 1,
        "refused_lines": 0,
        "cut_line": CUT,
    }
    assert _shown() == SHOWN


def test_an_entry_keeps_the_banks_day_and_names(empty_book: None, folder: Path) -> None:
    _import(folder)
    entry = JournalEntry.objects.get(reference="berka:2")
    assert str(entry.effective_on) == "1993-01-02"
    assert entry.effective_at.isoformat() == "1993-01-02T11:00:00+00:00"
    assert (entry.kind, entry.description) == ("transfer_in", "Transfer in")
    assert entry.metadata == {"bank": "AB", "account": "41403269"}
    assert Operation.objects.get(pk=entry.operation_id).key == "berka:trans:2"


def test_gl_codes_and_sides_follow_the_chart(empty_book: None, folder: Path) -> None:
    _import(folder)
    sides = {"1": -1, "2": 1, "4": 1, "5": -1}
    for account in Account.objects.filter(book__slug="berka"):
        assert account.side == sides[account.gl_code[0]], account
    codes = (
        Account.objects.filter(book__slug="berka").exclude(gl_code="2130").values_list("gl_code", flat=True)
    )
    assert len(codes) == len(set(codes)) == 10


def test_an_account_below_zero_in_file_order_has_its_lowest_sum_as_floor(
    empty_book: None, folder: Path
) -> None:
    _import(folder)
    floors = Account.objects.filter(address__startswith="customer:").values_list("address", "floor")
    assert dict(floors) == {"customer:1": 0, "customer:2": -30000}


def test_bad_lines_are_told_with_number_and_reason(empty_book: None, folder: Path) -> None:
    _, _, complaints = _import(folder)
    assert complaints.splitlines() == [
        f"Line {BAD} is bad: its date '930132' is no day written as YYMMDD.",
        f"Line {CUT} is left out: the file ends in the middle of it. It is not counted.",
    ]


def test_positions_seals_and_daily_balances_are_there_at_once(empty_book: None, folder: Path) -> None:
    _import(folder)
    assert list(
        Seal.objects.filter(book__slug="berka").values_list("position", flat=True).order_by("position")
    ) == [*range(1, GOOD + 1)]
    day = DailyBalance.objects.get(account__address="customer:1", effective_on="1993-01-31")
    assert (day.amount_in, day.amount_out) == (345, 1460)


def test_a_second_run_posts_nothing_and_says_so(empty_book: None, folder: Path) -> None:
    first, _, _ = _import(folder)
    lines = Line.objects.count()
    second, said, _ = _import(folder)
    assert "Posted nothing." in said
    assert f"{GOOD} of {WHOLE} lines stood in the book already." in said
    assert (second["entries"], second["posted"], second["days_equal"]) == (GOOD, 0, first["days_equal"])
    assert Line.objects.count() == lines


def test_the_first_lines_first_and_the_rest_later(empty_book: None, folder: Path) -> None:
    part, _, complaints = _import(folder, "--limit", "14")
    assert (part["lines"], part["entries"], part["accounts"], part["cut_line"]) == (14, 13, 2, None)
    assert _shown()["customer:2"] == -30000
    assert "left out" not in complaints
    whole, _, _ = _import(folder)
    assert (whole["lines"], whole["entries"], whole["posted"]) == (WHOLE, GOOD, 2)
    assert _shown() == SHOWN


def test_a_transaction_changed_since_is_refused_with_its_line(empty_book: None, folder: Path) -> None:
    _import(folder)
    figures, _, complaints = _import(
        _folder(
            folder,
            LINES.replace('1;930103;"PRIJEM";"PREVOD Z UCTU";250', '1;930103;"PRIJEM";"PREVOD Z UCTU";251'),
        )
    )
    assert "Line 4 was refused: KEY_REUSED" in complaints
    assert (figures["entries"], figures["refused_lines"]) == (GOOD - 1, 1)
    assert _shown() == SHOWN


def test_a_transaction_that_stands_twice_is_bad_the_second_time(tmp_path: Path) -> None:
    line = '1;1;930101;"PRIJEM";"VKLAD";1.00;1.00;"";;\n'
    found = survey(_folder(tmp_path, line + line) / "trans.asc", None)
    assert found.bad == [BadLine(3, "the transaction 1 stands on an earlier line already")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "it has 0 fields, not 10"),
        ("1;2;3", "it has 3 fields, not 10"),
        ('1;1;930101;"PRIJEM;"VKLAD";1.00;1.00;"";;', "its quotes are broken"),
        ('x;1;930101;"PRIJEM";"VKLAD";1.00;1.00;"";;', "its trans_id 'x' is no number"),
        ('1;-1;930101;"PRIJEM";"VKLAD";1.00;1.00;"";;', "its account_id '-1' is no number"),
        ('1;1;19930101;"PRIJEM";"VKLAD";1.00;1.00;"";;', "its date '19930101' is no day"),
        ('1;1;930101;"PREVOD";"VKLAD";1.00;1.00;"";;', "its type 'PREVOD' is none of PRIJEM, VYDAJ, VYBER"),
        ('1;1;930101;"PRIJEM";"DAR";1.00;1.00;"";;', "nothing is known of the operation 'DAR'"),
        ('1;1;930101;"PRIJEM";"";1.00;1.00;"DAN";;', "with the k_symbol 'DAN'"),
        ('1;1;930101;"VYDAJ";"VKLAD";1.00;1.00;"";;', "has the wrong direction for cash deposit"),
        ('1;1;930101;"PRIJEM";"VKLAD";0.00;1.00;"";;', "its amount 0.00 is not above zero"),
        ('1;1;930101;"PRIJEM";"VKLAD";1.005;1.00;"";;', "has 3 digits after the point"),
        ('1;1;930101;"PRIJEM";"VKLAD";1.00;one;"";;', "'one'"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(tmp_path: Path, line: str, reason: str) -> None:
    good = '9;1;930101;"PRIJEM";"VKLAD";1.00;1.00;"";;\n'
    bad, kept = read(_folder(tmp_path, f"{line}\n{good}") / "trans.asc")
    assert isinstance(bad, BadLine)
    assert bad.number == 2
    assert reason in bad.reason
    assert isinstance(kept, BankLine)


def test_a_line_in_another_encoding_is_bad(tmp_path: Path) -> None:
    path = _folder(tmp_path, "") / "trans.asc"
    path.write_bytes(path.read_bytes() + '1;1;930101;"PŘÍJEM";"VKLAD";1.00;1.00;"";;\r\n'.encode("cp1250"))
    assert list(read(path)) == [BadLine(2, "it is not in ASCII or UTF-8")]


def test_a_whole_last_line_without_its_end_is_taken(tmp_path: Path) -> None:
    (line,) = read(_folder(tmp_path, '1;1;930101;"PRIJEM";"VKLAD";1.00;1.00;"";;') / "trans.asc")
    assert isinstance(line, BankLine)


def test_a_cut_last_line_is_told_apart_from_a_bad_one(tmp_path: Path) -> None:
    assert list(read(_folder(tmp_path, "1;1;9301") / "trans.asc")) == [CutLine(2)]


def test_a_folder_that_is_none_is_named_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"There is no folder .*nowhere: give the one that holds"):
        call_command("import_berka", str(tmp_path / "nowhere"))


def test_a_folder_without_the_file_is_named_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"has no trans\.asc: give the folder"):
        call_command("import_berka", str(tmp_path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "does not begin with trans_id;account_id"),
        (b"a;b\r\n", "does not begin with trans_id;account_id"),
        (HEADER.encode("utf-16"), "is not in ASCII or UTF-8: save it so"),
    ],
)
def test_another_file_is_named_with_the_mend(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "trans.asc").write_bytes(content)
    with pytest.raises(CommandError, match=message) as raised:
        call_command("import_berka", str(tmp_path))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_a_limit_is_a_number_of_lines(tmp_path: Path, limit: str) -> None:
    with pytest.raises(CommandError, match="is no number of lines: give 1 or more"):
        call_command("import_berka", str(tmp_path), f"--limit={limit}")


def test_two_imports_at_once_are_refused(
    empty_book: None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "_PATIENCE", 0)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [book._LOCK])
        with pytest.raises(CommandError, match="Another import of the bank is running"):
            call_command("import_berka", str(folder))
    finally:
        other.close()
    assert not JournalEntry.objects.exists()


def test_a_book_that_differs_from_the_bank_is_seen(empty_book: None, folder: Path) -> None:
    """The days are compared as the ledger has them, so what is posted beside the import shows."""
    before, _, _ = _import(folder)
    stray = {
        "book": "berka",
        "reference": "stray",
        "kind": "stray",
        "source": "cash:vault",
        "destination": "customer:1",
        "amount": {"amount": "50.00", "currency": "CZK"},
        "effective_at": "1993-01-05T12:00:00+01:00",
    }
    execute(Request("ledger.import_entry", stray, "stray", SETUP)).or_raise()
    after, said, _ = _import(folder)
    assert before["days_equal"] - after["days_equal"] == len(["1993-01-05", "1993-01-06", "1993-01-31"])
    assert after["worst_difference"] == "50.00"
    assert "Worst: 50.00 CZK at customer:1 on 1993-01-05." in said


def test_a_lost_database_is_said_with_what_to_do(
    empty_book: None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_berka, "bring_up_to_date", _end_own_connection)
    with pytest.raises(CommandError, match=r"The database is gone .*start the same command again") as raised:
        _import(folder)
    assert "\n" not in str(raised.value)
    connection.close()
    assert JournalEntry.objects.count() == GOOD


def test_a_killed_run_goes_on_where_it_stopped(empty_book: None, tmp_path: Path) -> None:
    """Killed without a chance to tidy up, between two batches or in one."""
    folder = _folder(tmp_path, "".join(_deposits(accounts=40, days=60)))
    killed = _start(folder)
    _wait_for_entries(killed, 500)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    figures, said, _ = _import(folder)
    assert 500 <= figures["entries"] - figures["posted"] < 2400
    assert "stood in the book already" in said
    assert (figures["entries"], figures["account_days"], figures["days_equal"]) == (2400, 2400, 2400)
    assert JournalEntry.objects.count() == 2400


def _end_own_connection() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def _deposits(*, accounts: int, days: int) -> list[str]:
    return [
        f"{day * accounts + account};{account};{date(1993, 1, 1) + timedelta(days=day):%y%m%d};"
        f'"PRIJEM";"VKLAD";10.00;{10 * day + 10}.00;"";;\n'
        for day in range(days)
        for account in range(1, accounts + 1)
    ]


def _start(folder: Path) -> subprocess.Popen[bytes]:
    name = connection.settings_dict["NAME"]
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    return subprocess.Popen(
        [sys.executable, "manage.py", "import_berka", str(folder)],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _wait_for_entries(process: subprocess.Popen[bytes], count: int) -> None:
    deadline = time.monotonic() + 60
    while JournalEntry.objects.count() < count:
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
