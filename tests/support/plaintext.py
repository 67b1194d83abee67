"""The real bean-check, bean-query and hledger, run on a journal; where one is missing the test is skipped and says why."""

import csv
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from io import StringIO
from pathlib import Path

import pytest

from apps.ledger.plaintext import names

Holdings = dict[tuple[str, str, str], Decimal]
"""What stands behind GL type, address and currency, debit positive; nothing where it is zero."""

# Python's decimals have 28 digits unless told otherwise, and beancount does not tell them.
PRECISE = """
import decimal, runpy, sys
decimal.DefaultContext.prec = decimal.getcontext().prec = 60
program, sys.argv = sys.argv[1], sys.argv[1:]
runpy.run_path(program, run_name="__main__")
"""


@cache
def beancount_folder() -> Path:
    folder = os.environ.get("COUNTINGHOUSE_BEANCOUNT")
    if folder is None:
        pytest.skip("beancount could not be installed: see script/test")
    return Path(folder)


def needs_hledger() -> None:
    if shutil.which("hledger") is None:
        pytest.skip("hledger is not here: apt-get install hledger")


def bean_check(file: Path, *, precise: bool = False) -> str:
    """What is wrong with a journal; nothing if nothing is."""
    done = _bean("bean-check", ["--no-cache", str(file)], precise)
    assert (done.returncode == 0) == (not done.stderr + done.stdout), done
    return done.stdout + done.stderr


def bean_balances(file: Path, *, precise: bool = False) -> Holdings:
    rows = bean_rows(
        file, "SELECT account, currency, sum(number) GROUP BY account, currency", precise=precise
    )
    return {
        (*names.address_of_beancount(account), names.currency_of_beancount(currency)): Decimal(number)
        for account, currency, number in rows
        if Decimal(number)
    }


def bean_rows(file: Path, query: str, *, precise: bool = False) -> list[list[str]]:
    done = _bean("bean-query", ["-f", "csv", str(file), query], precise)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return [[cell.strip() for cell in row] for row in csv.reader(StringIO(done.stdout))][1:]


def hledger_check(file: Path) -> str:
    """What is wrong with a journal by the strictest rules; nothing if nothing is."""
    done = _run(["hledger", "-f", str(file), "check", "-s"])
    assert (done.returncode == 0) == (not done.stderr + done.stdout), done
    return done.stdout + done.stderr


def hledger_balances(file: Path) -> Holdings:
    done = _run(["hledger", "-f", str(file), "balance", "--flat", "-O", "csv", "-N", "--layout=bare"])
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return {
        (*names.address_of_hledger(account), names.currency_of_hledger(currency)): Decimal(number)
        for account, currency, number in list(csv.reader(StringIO(done.stdout)))[1:]
        if Decimal(number)
    }


def hledger_transactions(file: Path) -> list[dict]:
    done = _run(["hledger", "-f", str(file), "print", "-O", "json"])
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return json.loads(done.stdout)


def _bean(program: str, arguments: Sequence[str], precise: bool) -> "subprocess.CompletedProcess[str]":
    folder = beancount_folder()
    start = [str(folder / "python"), "-c", PRECISE] if precise else []
    return _run([*start, str(folder / program), *arguments])


def _run(argv: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    alone = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "BEANCOUNT_DISABLE_LOAD_CACHE": "1"}
    return subprocess.run(argv, env=alone, capture_output=True, text=True, encoding="utf-8", check=False)


def assert_holdings(
    folder: Path, bean: str, journal: str, expected: Holdings, *, precise: bool = False
) -> None:
    """Both programs find their journal sound, and in it what is expected."""
    beans, plain = folder / "book.beancount", folder / "book.journal"
    beans.write_bytes(bean.encode())
    plain.write_bytes(journal.encode())
    assert bean_check(beans, precise=precise) == ""
    assert bean_balances(beans, precise=precise) == expected
    assert hledger_check(plain) == ""
    assert hledger_balances(plain) == expected
