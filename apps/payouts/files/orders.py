"""The payments of a pain.001 as rows: the first is number 1, and its end-to-end id is the reference."""

from collections.abc import Iterator
from io import BytesIO

from apps.payouts.files.cells import Cell, CellKind, Code, Problem
from apps.providers.formats import pain001
from apps.providers.formats.pain001 import OrderRow

_NONE = "NOTPROVIDED"


class Orders:
    """A pain.001 that is gone through once; `problems` are known afterwards. Raises FileError at its place."""

    def __init__(self, content: bytes) -> None:
        self._file = pain001.read(BytesIO(content))
        self._debtors: dict[str, None] = {}
        self._days: dict[str, None] = {}

    @property
    def problems(self) -> list[Problem]:
        """Totals that disagree, and what the file says that is not followed."""
        said = [Problem(Code.TOTALS_DISAGREE, "", str(each)) for each in self._file.disagreements]
        ignored = f"account {', '.join(list(self._debtors)[:5])} and day {', '.join(list(self._days)[:5])}"
        return [
            *said,
            Problem(
                Code.DEBTOR_IGNORED,
                "",
                f"The file's debtor {ignored} are not followed: the wallet pays, when the batch is run.",
            ),
        ]

    def rows(self) -> Iterator[tuple[int, dict[str, Cell]]]:
        """Each payment's number and fields."""
        for number, row in enumerate(self._file.rows(), start=1):
            account = row.debtor.iban or row.debtor.account
            self._debtors[f"… {account[-4:]}"] = None
            self._days[row.execute_on.isoformat()] = None
            yield number, {name: Cell(text, CellKind.EXACT) for name, text in _fields(row).items() if text}


def _fields(row: OrderRow) -> dict[str, str]:
    payment, creditor = row.payment, row.payment.creditor
    return {
        "name": creditor.name,
        "iban": creditor.iban,
        "account_number": creditor.account,
        "bank_code": creditor.member if creditor.account else "",
        "bic": creditor.bic,
        "country": creditor.address.country,
        "amount": payment.amount.decimal,
        "currency": payment.amount.currency,
        "reference": "" if payment.end_to_end_id == _NONE else payment.end_to_end_id,
        "description": " ".join(text for text in (row.reference, payment.remittance) if text),
    }
