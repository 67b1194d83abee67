"""The bank's `trans.asc`, a line at a time: what it says, or why it cannot be read."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

from apps.accounts.berka.chart import CURRENCY, INWARD, Kind, kind_of
from apps.core.errors import DomainError
from apps.core.money import Money

FILE = "trans.asc"
HEADER = "trans_id;account_id;date;type;operation;amount;balance;k_symbol;bank;account"
FIELDS = 10


class SourceUnreadable(DomainError):
    """There is no such file, or it is not the one that we know."""

    code = "SOURCE_UNREADABLE"


@dataclass(frozen=True, slots=True)
class BankLine:
    """One transaction as the bank wrote it; `balance` is what it printed behind it."""

    number: int
    trans_id: int
    account_id: int
    on: date
    kind: Kind
    amount: Money
    balance: Money
    bank: str
    bank_account: str


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be taken, and why."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class CutLine:
    """The last line, if the file ends in the middle of it."""

    number: int


class _Bad(Exception):
    """Why a line cannot be read."""


def find(folder: str) -> Path:
    """The file of transactions in a folder; SourceUnreadable says what to give instead."""
    if not Path(folder).is_dir():
        raise SourceUnreadable(f"There is no folder {folder}: give the one that holds the bank's {FILE}.")
    path = Path(folder) / FILE
    if not path.is_file():
        raise SourceUnreadable(f"{folder} has no {FILE}: give the folder that holds the bank's files.")
    return path


def read(path: Path, limit: int | None = None) -> Iterator[BankLine | BadLine | CutLine]:
    """The first lines of the file, or all. A transaction that stands there twice is bad the second time."""
    seen: set[int] = set()
    try:
        with path.open("rb") as file:
            _check_header(path, file.readline())
            for number, raw in enumerate(islice(file, limit), start=2):
                yield _once(_parsed(number, raw), seen)
    except OSError as error:
        raise SourceUnreadable(f"{path} cannot be read: {error.strerror}.") from None


def good_lines(path: Path, limit: int | None = None) -> Iterator[BankLine]:
    """Those of the first lines, or of all, that can be taken."""
    return (line for line in read(path, limit) if isinstance(line, BankLine))


def _check_header(path: Path, raw: bytes) -> None:
    try:
        header = raw.decode("utf-8-sig").rstrip("\r\n").replace('"', "")
    except UnicodeDecodeError:
        raise SourceUnreadable(
            f"{path} is not in ASCII or UTF-8: save it so, or take the original."
        ) from None
    if header != HEADER:
        raise SourceUnreadable(f"{path} does not begin with {HEADER}: take the original {FILE} of PKDD'99.")


def _once(line: BankLine | BadLine | CutLine, seen: set[int]) -> BankLine | BadLine | CutLine:
    if not isinstance(line, BankLine):
        return line
    if line.trans_id in seen:
        return BadLine(line.number, f"the transaction {line.trans_id} stands on an earlier line already")
    seen.add(line.trans_id)
    return line


def _parsed(number: int, raw: bytes) -> BankLine | BadLine | CutLine:
    try:
        return _bank_line(number, raw)
    except (_Bad, DomainError) as error:
        return BadLine(number, str(error)) if raw.endswith(b"\n") else CutLine(number)


def _bank_line(number: int, raw: bytes) -> BankLine:
    trans_id, account_id, day, kind, operation, amount, balance, symbol, bank, bank_account = _fields(raw)
    return BankLine(
        number=number,
        trans_id=_id("trans_id", trans_id),
        account_id=_id("account_id", account_id),
        on=_date(day),
        kind=_kind(kind, operation, symbol.strip()),
        amount=_amount(amount),
        balance=Money.parse(balance, CURRENCY),
        bank=bank,
        bank_account=bank_account,
    )


def _fields(raw: bytes) -> list[str]:
    try:
        fields = next(csv.reader([raw.decode("utf-8").rstrip("\r\n")], delimiter=";", strict=True), [])
    except UnicodeDecodeError:
        raise _Bad("it is not in ASCII or UTF-8") from None
    except csv.Error as error:
        raise _Bad(f"its quotes are broken ({error})") from None
    if len(fields) != FIELDS:
        raise _Bad(f"it has {len(fields)} fields, not {FIELDS}")
    return fields


def _id(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise _Bad(f"its {name} {text!r} is no number")
    return int(text)


def _date(text: str) -> date:
    """`930101` is the first day of 1993: the bank's years are all of that century."""
    if len(text) == 6 and text.isascii() and text.isdigit():
        try:
            return date(1900 + int(text[:2]), int(text[2:4]), int(text[4:]))
        except ValueError:
            pass
    raise _Bad(f"its date {text!r} is no day written as YYMMDD")


def _kind(type_: str, operation: str, symbol: str) -> Kind:
    if type_ not in INWARD:
        raise _Bad(f"its type {type_!r} is none of {', '.join(INWARD)}")
    kind = kind_of(operation, symbol)
    if kind is None:
        raise _Bad(f"nothing is known of the operation {operation!r} with the k_symbol {symbol!r}")
    if kind.inward != INWARD[type_]:
        raise _Bad(f"its type {type_!r} has the wrong direction for {kind.words.lower()}")
    return kind


def _amount(text: str) -> Money:
    amount = Money.parse(text, CURRENCY)
    if not amount.is_positive:
        raise _Bad(f"its amount {text} is not above zero")
    return amount
