"""Payment orders as customers upload them, version 3 or 9 or between, row by row, each with its place."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import BinaryIO

from apps.core.currencies import currency
from apps.providers.formats.errors import Place
from apps.providers.formats.pain001.order import Address, Party, Payment
from apps.providers.formats.xml import Cut, Node, cuts

_SHAPE = {"GrpHdr": "", "PmtInf": "", "CdtTrfTxInf": "PmtInf"}


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One payment of a file, and its place for those who refuse it. `reference` is the creditor's structured one."""

    place: Place
    payment_information_id: str
    execute_on: date
    debtor: Party
    payment: Payment
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A total in the file that is not what the payments add up to."""

    place: Place
    what: str
    said: str
    counted: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what} says {self.said}, and it is {self.counted}."


@dataclass(slots=True)
class _Sums:
    count: int = 0
    total: Fraction = Fraction(0)

    def add(self, amount: Fraction) -> None:
        self.count += 1
        self.total += amount


@dataclass(frozen=True, slots=True)
class _Block:
    id: str
    execute_on: date
    debtor: Party


@dataclass(frozen=True, slots=True)
class _Said:
    place: Place
    count: str
    total: Fraction | None


class OrderFile:
    """A file that is being read once: go through `rows()`, then look at `disagreements`.

    Banks take files whose totals are wrong, and systems write them, so whether that matters is the caller's to say.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.message_id = ""
        self.created_at = ""
        self.initiator = ""
        self.disagreements: list[Disagreement] = []
        self._file = file

    def rows(self) -> Iterator[OrderRow]:
        """Each payment; raises FileError, at its place, where the file cannot be read."""
        header: _Said | None = None
        whole, inner, block = _Sums(), _Sums(), None
        for cut in cuts(self._file, message="pain.001", container="CstmrCdtTrfInitn", shape=_SHAPE):
            match (cut.name, cut.ended):
                case ("GrpHdr", True):
                    header = self._header(cut.node)
                case ("PmtInf", False):
                    inner, block = _Sums(), None
                case ("CdtTrfTxInf", True):
                    block = block or _block(cut)
                    row, amount = _row(cut.node, block)
                    whole.add(amount)
                    inner.add(amount)
                    yield row
                case ("PmtInf", True):
                    if not inner.count:
                        raise cut.node.refuse("There is no payment in it.")
                    self._compare(_said(cut.node), inner)
                case ("CstmrCdtTrfInitn", True):
                    if header is None or not whole.count:
                        raise cut.node.refuse("It has no header, or no payment.")
                    self._compare(header, whole)

    def _header(self, node: Node) -> _Said:
        self.message_id = node.needed("MsgId")
        self.created_at = node.text("CreDtTm")
        self.initiator = node.text("InitgPty/Nm")
        return _said(node)

    def _compare(self, said: _Said, sums: _Sums) -> None:
        if said.count and said.count.lstrip("0") != str(sums.count):
            self.disagreements.append(Disagreement(said.place, "NbOfTxs", said.count, str(sums.count)))
        if said.total is not None and said.total != sums.total:
            self.disagreements.append(
                Disagreement(said.place, "CtrlSum", _decimal(said.total), _decimal(sums.total))
            )


def read(file: BinaryIO) -> OrderFile:
    """A pain.001 to be read; nothing has been read of it yet."""
    return OrderFile(file)


def _said(node: Node) -> _Said:
    return _Said(node.place, node.text("NbOfTxs"), node.number("CtrlSum"))


def _block(cut: Cut) -> _Block:
    node = cut.above
    if node is None:
        raise cut.node.refuse("It stands outside of PmtInf.")
    if (method := node.needed("PmtMtd")) not in {"TRF", "TRA"}:
        raise node.refuse(f"The payment method is {method}; only transfers (TRF, TRA) are read.")
    day = node.day("ReqdExctnDt/Dt") or node.day("ReqdExctnDt/DtTm") or node.day("ReqdExctnDt")
    if day is None:
        raise node.refuse("ReqdExctnDt is missing.")
    return _Block(node.needed("PmtInfId"), day, _party(node, "Dbtr"))


def _row(node: Node, block: _Block) -> tuple[OrderRow, Fraction]:
    if node.first("Amt/EqvtAmt"):
        raise node.refuse(
            "The amount is an equivalent in another currency, which is not read; give InstdAmt."
        )
    amount = node.needed_money("Amt/InstdAmt")
    if not amount.is_positive:
        raise node.refuse(f"The amount is {amount}; it must be above zero.")
    payment = Payment(
        end_to_end_id=node.needed("PmtId/EndToEndId"),
        amount=amount,
        creditor=_party(node, "Cdtr"),
        remittance=" ".join(node.texts("RmtInf/Ustrd")),
        instruction_id=node.text("PmtId/InstrId"),
        uetr=node.text("PmtId/UETR"),
    )
    row = OrderRow(
        node.place, block.id, block.execute_on, block.debtor, payment, node.text("RmtInf/Strd/CdtrRefInf/Ref")
    )
    return row, Fraction(amount.minor, 10 ** currency(amount.currency).exponent)


def _party(node: Node, role: str) -> Party:
    """The party of a role with its account and bank; FileMalformed without a name or an account."""
    account, bank = f"{role}Acct/Id", f"{role}Agt/FinInstnId"
    iban, other = node.text(f"{account}/IBAN"), node.text(f"{account}/Othr/Id")
    if not iban and not other:
        raise node.refuse(f"{account} has neither an IBAN nor another number.")
    return Party(
        name=node.needed(f"{role}/Nm"),
        iban=iban.replace(" ", ""),
        account=other,
        bic=node.text(f"{bank}/BICFI") or node.text(f"{bank}/BIC"),
        clearing=node.text(f"{bank}/ClrSysMmbId/ClrSysId/Cd"),
        member=node.text(f"{bank}/ClrSysMmbId/MmbId"),
        address=Address(
            country=node.text(f"{role}/PstlAdr/Ctry"),
            town=node.text(f"{role}/PstlAdr/TwnNm"),
            post_code=node.text(f"{role}/PstlAdr/PstCd"),
            street=node.text(f"{role}/PstlAdr/StrtNm"),
        ),
    )


def _decimal(number: Fraction) -> str:
    """The number in digits: it has finitely many, coming from amounts."""
    whole, rest = divmod(number, 1)
    digits = ""
    while rest:
        digit, rest = divmod(rest * 10, 1)
        digits += str(digit)
    return f"{whole}.{digits or '0'}"
