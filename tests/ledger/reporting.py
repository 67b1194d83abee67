"""A small book whose reports can be added up by hand, and how reports are asked for in tests."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from apps.core.money import Money
from apps.ledger import projections, reports
from apps.ledger.models import Account
from apps.ledger.renderers import FORMATS, Document, silent
from apps.ledger.reports import Report, Role
from apps.operations.models import Book
from tests.ledger.bookkeeping import Leg, number_everything, open_account, post

PARTS = ("available", "held", "owed")


def at(month: int, day: int) -> datetime:
    """Noon of a day in 2026."""
    return datetime(2026, month, day, 12, tzinfo=UTC)


class SmallBook:
    """Two months of a wallet, a bank, a provider and fees in euros, and a little ether."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.bank = open_account(book, "bank:ing", name="ING")
        self.provider = open_account(book, "provider:stripe", name="Stripe")
        self.available = open_account(book, "wallet:amara:available", floor=0, name="Amara")
        self.held = open_account(book, "wallet:amara:held", names_holds=True, floor=0)
        self.owed = open_account(book, "wallet:amara:owed")
        self.other = open_account(book, "wallet:bo:available", name="Bo")
        self.fees = open_account(book, "revenue:fees")
        self.costs = open_account(book, "expense:bank-fees")
        self.capital = open_account(book, "equity:capital")
        self.custody = open_account(book, "custody:fireblocks", "ETH")
        self.ether = open_account(book, "wallet:amara:available", "ETH")
        self.hold = "hld_" + "0" * 25 + "1"

    def january(self) -> None:
        """900 paid in, 100 of capital, a fee of 10, costs of 4, 300 to the provider, 200 reserved."""
        self.move(self.bank, self.available, 900_00, 1, 5, description="salary")
        self.move(self.bank, self.capital, 100_00, 1, 2)
        self.move(self.available, self.fees, 10_00, 1, 10)
        self.move(self.costs, self.bank, 4_00, 1, 20)
        self.move(self.provider, self.bank, 300_00, 1, 21)
        post(Leg(self.available, self.held, 200_00, self.hold, "open"), effective_at=at(1, 25))
        self.move(self.custody, self.ether, 1_234_567_890_123_456_789, 1, 26)

    def february(self) -> None:
        """150 of the reserve leave through the provider, 50 go back; another fee of 7; Bo is lent 30."""
        post(Leg(self.held, self.provider, 150_00, self.hold, "take"), effective_at=at(2, 3))
        post(Leg(self.held, self.available, 50_00, self.hold, "take"), effective_at=at(2, 4))
        self.move(self.owed, self.fees, 7_00, 2, 10, description="=1+1")
        self.move(self.other, self.provider, 30_00, 2, 11)

    def move(
        self, source: Account, destination: Account, amount: int, month: int, day: int, **more: Any
    ) -> str:
        """One entry of one posting."""
        return post(Leg(source, destination, amount), effective_at=at(month, day), **more)


def sealed(*, projected: bool = False) -> None:
    """Give every entry its position, and perhaps add them to the read model."""
    number_everything()
    if projected:
        projections.project()


def ask(name: str, *, book: str | None = "platform", **asked: Any) -> Report:
    """A report."""
    return reports.find(name).report(reports.settle(book=book, **asked))


def rows(report: Report, *roles: Role, section: int = 0) -> list[tuple[Any, ...]]:
    """The cells of one section, of some roles; money in digits, days as they sort."""
    return [
        tuple(_plain(cell) for cell in row.cells)
        for row in report.sections[section].rows
        if not roles or row.role in roles
    ]


def _plain(cell: Any) -> Any:
    if isinstance(cell, Money):
        return Decimal(cell.decimal)
    return cell.isoformat() if isinstance(cell, date) else cell


def written(name: str, ending: str, path: Path, *, book: str | None = "platform", **asked: Any) -> bytes:
    """A report as a file."""
    kind = reports.find(name)
    document = Document(kind, reports.settle(book=book, **asked))
    target = path / f"{name}.{ending}"
    FORMATS[ending].write(document, target, silent)
    return target.read_bytes()
