"""The records of a NACHA file as plain values, and where each of their fields stands in its 94 characters."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from apps.core.money import Money

WIDTH = 94
BLOCK = 10
"""Lines of a block: a file is filled up to whole ones with lines of nines."""

FILLER = "9" * WIDTH
DEBIT_DIGITS = "56789"


class Field(NamedTuple):
    """A field's first and last position, counted from 1, and whether it is digits filled up with zeros."""

    first: int
    last: int
    is_number: bool = False

    @property
    def width(self) -> int:
        """How many characters it has."""
        return self.last - self.first + 1


Layout = Mapping[str, Field]

FILE_HEADER: Layout = {
    "priority": Field(2, 3),
    "destination": Field(4, 13),
    "origin": Field(14, 23),
    "created_on": Field(24, 29),
    "created_at": Field(30, 33),
    "modifier": Field(34, 34),
    "record_size": Field(35, 37),
    "blocking": Field(38, 39),
    "format": Field(40, 40),
    "destination_name": Field(41, 63),
    "origin_name": Field(64, 86),
    "reference": Field(87, 94),
}
BATCH_HEADER: Layout = {
    "service_class": Field(2, 4, True),
    "company_name": Field(5, 20),
    "discretionary": Field(21, 40),
    "company_id": Field(41, 50),
    "sec": Field(51, 53),
    "description": Field(54, 63),
    "descriptive_date": Field(64, 69),
    "effective_date": Field(70, 75),
    "settlement_date": Field(76, 78),
    "originator_status": Field(79, 79),
    "odfi": Field(80, 87),
    "number": Field(88, 94, True),
}
ENTRY: Layout = {
    "code": Field(2, 3),
    "routing": Field(4, 12),
    "account": Field(13, 29),
    "amount": Field(30, 39, True),
    "identification": Field(40, 54),
    "name": Field(55, 76),
    "discretionary": Field(77, 78),
    "has_addenda": Field(79, 79, True),
    "trace": Field(80, 94),
}
ADDENDUM: Layout = {"kind": Field(2, 3), "body": Field(4, 94)}
BATCH_CONTROL: Layout = {
    "service_class": Field(2, 4, True),
    "count": Field(5, 10, True),
    "hash": Field(11, 20, True),
    "debits": Field(21, 32, True),
    "credits": Field(33, 44, True),
    "company_id": Field(45, 54),
    "authentication": Field(55, 73),
    "odfi": Field(80, 87),
    "number": Field(88, 94, True),
}
FILE_CONTROL: Layout = {
    "batches": Field(2, 7, True),
    "blocks": Field(8, 13, True),
    "count": Field(14, 21, True),
    "hash": Field(22, 31, True),
    "debits": Field(32, 43, True),
    "credits": Field(44, 55, True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileHeader:
    """Who sends to whom. Texts are as they stand, with leading blanks: a destination is ` 091400606`.

    `created_on` is YYMMDD, `created_at` HHMM; `modifier` tells files of one day apart.
    """

    destination: str
    origin: str
    created_on: str
    created_at: str = ""
    modifier: str = "A"
    destination_name: str = ""
    origin_name: str = ""
    reference: str = ""
    priority: str = "01"
    record_size: str = "094"
    blocking: str = "10"
    format: str = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchHeader:
    """What a batch is: `service_class` 200 mixed, 220 credits, 225 debits; `sec` such as PPD; `odfi` the sender's bank.

    `effective_date` is YYMMDD, `settlement_date` the day of the year that the operator sets.
    """

    service_class: int
    company_name: str
    company_id: str
    sec: str
    description: str
    odfi: str
    number: int
    effective_date: str = ""
    discretionary: str = ""
    descriptive_date: str = ""
    settlement_date: str = ""
    originator_status: str = "1"


@dataclass(frozen=True, slots=True)
class Addendum:
    """A line below an entry: its kind (05, 98, 99 …) and the 91 characters after it."""

    kind: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One payment. `code` says account and direction (22 is a credit to checking), `routing` the receiver's bank.

    In CTX `name` begins with the number of addenda, four digits.
    """

    code: str
    routing: str
    account: str
    amount: Money
    name: str
    trace: str
    identification: str = ""
    discretionary: str = ""
    addenda: tuple[Addendum, ...] = ()

    @property
    def is_debit(self) -> bool:
        """Whether it takes money from the account."""
        return self.code[-1] in DEBIT_DIGITS


@dataclass(frozen=True, slots=True)
class Totals:
    """What a control record says of entries: their lines, the sum of their banks' numbers, and the money, in cents."""

    count: int
    hash: int
    debits: int
    credits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Entries of one company. `closing_company_id` is set where the control writes it otherwise than the header."""

    header: BatchHeader
    entries: tuple[Entry, ...]
    authentication: str = ""
    closing_company_id: str | None = None

    @property
    def totals(self) -> Totals:
        """What its control says."""
        return Totals(
            count=sum(1 + len(each.addenda) for each in self.entries),
            hash=sum(int(each.routing[:8]) for each in self.entries) % 10**10,
            debits=sum(each.amount.minor for each in self.entries if each.is_debit),
            credits=sum(each.amount.minor for each in self.entries if not each.is_debit),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AchFile:
    """A file. `fillers` is how many lines of nines end it, where that is not what fills the last block."""

    header: FileHeader
    batches: tuple[Batch, ...]
    line_end: str = "\n"
    ends_with_line_end: bool = True
    fillers: int | None = None

    @property
    def totals(self) -> Totals:
        """What its control says of all entries."""
        return added(each.totals for each in self.batches)

    @property
    def records(self) -> int:
        """Its lines without those that fill it up."""
        return 2 + sum(2 + each.totals.count for each in self.batches)

    @property
    def blocks(self) -> int:
        """How many blocks it has."""
        return -(-self.records // BLOCK)


def added(totals: Iterable[Totals]) -> Totals:
    """Totals of a file from those of its batches."""
    known = tuple(totals)
    return Totals(
        count=sum(each.count for each in known),
        hash=sum(each.hash for each in known) % 10**10,
        debits=sum(each.debits for each in known),
        credits=sum(each.credits for each in known),
    )
