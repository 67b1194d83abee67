"""The real history, where its files are: every reference rate since the first day of the euro."""

import csv
import io
import json
import os
import zipfile
from datetime import date
from fractions import Fraction
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from apps.core.currencies import all_currencies
from apps.core.money import Money
from apps.rates import queries
from apps.rates.models import Load
from tests.support.door import rows

SAMPLES = Path(os.environ.get("COUNTINGHOUSE_DATA_SAMPLES") or settings.BASE_DIR.parent / "shared" / "data")
FOLDER = SAMPLES / "ecb"

pytestmark = pytest.mark.skipif(
    not (FOLDER / "eurofxref-hist.zip").exists(), reason=f"the real rates are not at {FOLDER}"
)


def published() -> dict[tuple[str, str], Fraction]:
    """Every rate of the file by day and currency, read without any code of ours."""
    with zipfile.ZipFile(FOLDER / "eurofxref-hist.zip") as archive:
        lines = csv.reader(io.TextIOWrapper(archive.open("eurofxref-hist.csv")))
        _, *codes = next(lines)
        return {
            (day, code): Fraction(text)
            for day, *cells in lines
            for code, text in zip(codes, cells, strict=True)
            if text not in {"", "N/A"}
        }


@pytest.mark.long
def test_the_whole_history_is_loaded_and_nothing_is_lost(transactional_db: None) -> None:
    out = StringIO()
    call_command("load_rates", str(FOLDER), "--json", stdout=out)
    daily, history = map(json.loads, out.getvalue().splitlines())
    every = published()
    known = {each.code for each in all_currencies()}
    kept = {place: rate for place, rate in every.items() if place[1] in known}
    assert daily["added"] == 29
    assert (history["days"], history["first_day"], history["last_day"]) == (6_983, "1999-01-04", "2026-04-13")
    assert (
        history["added"] + history["unchanged"] + sum(history["left_out"].values()) == len(every) == 217_555
    )
    assert set(history["left_out"]) == {
        "BGN",
        "CYP",
        "EEK",
        "HRK",
        "LTL",
        "LVL",
        "MTL",
        "ROL",
        "SIT",
        "SKK",
        "TRL",
    }
    assert (history["corrected"], history["withdrawn"], history["older"]) == (0, 0, 0)
    stored = {
        (day, code): Fraction(rate)
        for day, code, rate in rows("SELECT day::text, currency, rate FROM rates_quote")
    }
    assert stored == kept
    _assert_rates_are_those_of_the_file(kept)
    again = StringIO()
    call_command("load_rates", str(FOLDER), "--json", stdout=again)
    assert [json.loads(line)["added"] for line in again.getvalue().splitlines()] == [0, 0]
    assert Load.objects.count() == 2


def _assert_rates_are_those_of_the_file(kept: dict[tuple[str, str], Fraction]) -> None:
    days = sorted({day for day, _ in kept})
    longest = max((date.fromisoformat(b) - date.fromisoformat(a)).days for a, b in pairwise(days))
    assert longest <= settings.RATES_MAX_AGE_DAYS
    for day in days[::500]:
        on = queries.rates(on=date.fromisoformat(day))
        for code in (code for at, code in kept if at == day):
            assert on.rate("EUR", code).value == kept[day, code]
            assert on.rate(code, "USD").value == kept[day, "USD"] / kept[day, code]
    christmas = queries.rate("USD", "GBP", on=date(2004, 12, 26))
    assert (christmas.day, christmas.value) == (
        date(2004, 12, 24),
        kept["2004-12-24", "GBP"] / kept["2004-12-24", "USD"],
    )
    assert queries.convert(Money(1_000_000_00, "EUR"), "JPY", on=date(2026, 4, 13)) == Money(
        186_750_000, "JPY"
    )
    assert queries.rate("EUR", "RUB", on=date(2022, 3, 1)).value == Fraction("117.201")
    assert queries.rate("EUR", "RUB", on=date(2022, 3, 9)) is None
    assert queries.above(Money(1, "RUB"), Money(10**15, "EUR"), on=date(2026, 4, 13))
