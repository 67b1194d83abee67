"""The ECB's tables: a line of currencies, then a line for each day."""

import csv
from collections.abc import Iterator
from io import BufferedReader, TextIOWrapper

from apps.rates.ecb.shape import DayOfRates, FileInvalid, code_of, day_of, rate_of

DAY = "Date"


def days_in(file: BufferedReader) -> Iterator[DayOfRates]:
    """Every day of a table, in the file's order."""
    reader = csv.reader(
        TextIOWrapper(file, encoding="utf-8-sig", newline=""), skipinitialspace=True, strict=True
    )
    try:
        columns = _columns(next(reader, []))
        for cells in reader:
            if cells:
                yield _day(columns, cells, reader.line_num)
    except UnicodeDecodeError:
        raise FileInvalid("It is not in ASCII or UTF-8", line=reader.line_num + 1) from None
    except csv.Error as error:
        raise FileInvalid(
            f"It is no table of comma-separated values: {error}", line=reader.line_num
        ) from None


def _columns(cells: list[str]) -> list[str]:
    """The currencies. The ECB ends its lines with a comma, so the last cell is empty."""
    names = [cell.strip() for cell in cells]
    if len(names) < 2 or names[0] != DAY:
        raise FileInvalid(f"The first line must begin with {DAY} and name currencies", line=1)
    codes = [code_of(name, 1) for name in (names[1:-1] if names[-1] == "" else names[1:])]
    if twice := {code for code in codes if codes.count(code) > 1}:
        raise FileInvalid(f"{min(twice)} has two columns", line=1, column=min(twice))
    return codes + names[-1:] if names[-1] == "" else codes


def _day(columns: list[str], cells: list[str], line: int) -> DayOfRates:
    if len(cells) != len(columns) + 1:
        raise FileInvalid(f"It has {len(cells)} cells where the first line has {len(columns) + 1}", line=line)
    day = day_of(cells[0].strip(), line, DAY)
    rates = {}
    for column, cell in zip(columns, cells[1:], strict=True):
        text = cell.strip()
        if column:
            rates[column] = rate_of(text, line, column)
        elif text:
            raise FileInvalid(f"{text[:40]!r} stands in a column without a currency", line=line)
    return DayOfRates(line, day, rates)
