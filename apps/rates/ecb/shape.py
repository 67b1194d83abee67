"""What every file of the ECB says, whatever its format, and what it may not say."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apps.core.errors import DomainError

FIRST_DAY = date(1999, 1, 4)
"""There is no reference rate of the euro before it."""

MISSING = "N/A"

_CODE = re.compile(r"[A-Z]{3}", re.ASCII)
_RATE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?", re.ASCII)
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_LONG_DAY = re.compile(rf"([0-9]{{1,2}}) ({'|'.join(_MONTHS)}) ([0-9]{{4}})", re.ASCII)


class FileInvalid(DomainError):
    """The file is none of the ECB's, or it is damaged; `details` has the line and the column where one is to blame."""

    code = "RATES_FILE_INVALID"

    def __init__(self, message: str, *, line: int | None = None, column: str | None = None) -> None:
        places = [f"line {line}"] if line else []
        places += [f"column {column}"] if column else []
        where = f" ({', '.join(places)})" if places else ""
        super().__init__(
            f"{message}{where}.", field="/file", details={"line": line, "column": column} if places else None
        )


@dataclass(frozen=True, slots=True)
class DayOfRates:
    """What a euro cost on a day, by currency; None where the file says that there is no rate."""

    line: int
    day: date
    rates: Mapping[str, Decimal | None]


def code_of(text: str, line: int) -> str:
    """The code of a currency, which need not exist here."""
    if not _CODE.fullmatch(text):
        raise FileInvalid(f"{text[:20]!r} is no code of a currency", line=line)
    if text == "EUR":
        raise FileInvalid("The euro has no rate against itself", line=line)
    return text


def rate_of(text: str, line: int, column: str) -> Decimal | None:
    """A rate above zero, written in plain digits, or None for N/A."""
    if text == MISSING:
        return None
    if not _RATE.fullmatch(text):
        raise FileInvalid(
            f"{text[:40]!r} is no rate: up to 12 digits, a point, up to 12 more, or {MISSING}",
            line=line,
            column=column,
        )
    rate = Decimal(text)
    if not rate:
        raise FileInvalid(
            f"A rate is above zero; what is missing is written {MISSING}", line=line, column=column
        )
    return rate


def day_of(text: str, line: int, column: str) -> date:
    """A day written as 2026-04-13, or as 13 April 2026."""
    try:
        if long := _LONG_DAY.fullmatch(text):
            return date(int(long[3]), _MONTHS.index(long[2]) + 1, int(long[1]))
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise FileInvalid(f"{text[:40]!r} is no day such as 2026-04-13", line=line, column=column)


def checked(days: Iterable[DayOfRates], today: date) -> Iterator[DayOfRates]:
    """The days, if each is there once, none is before the euro and none is yet to come; and there is one at all."""
    seen: set[date] = set()
    for each in days:
        if each.day in seen:
            raise FileInvalid(f"{each.day} is there twice", line=each.line)
        if each.day < FIRST_DAY:
            raise FileInvalid(f"{each.day} is before the first day of the euro, {FIRST_DAY}", line=each.line)
        if each.day > today:
            raise FileInvalid(f"{each.day} is yet to come", line=each.line)
        seen.add(each.day)
        yield each
    if not seen:
        raise FileInvalid("There is no day in the file")
