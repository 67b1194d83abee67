"""Bank statements, ISO 20022 camt.053 of any version: piece by piece, however large."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO

from apps.core.money import Money
from apps.providers.formats.errors import Place
from apps.providers.formats.xml import Node, cuts

_SHAPE = {"GrpHdr": "", "Stmt": "", "Ntry": "Stmt", "TxDtls": "Ntry"}
_OPENING, _CLOSING = ("OPBD", "PRCD"), ("CLBD",)
_BOOKED = "BOOK"


@dataclass(frozen=True, slots=True)
class Balance:
    """A balance of a statement: `OPBD` opening, `CLBD` closing, `PRCD` the closing before, `CLAV` available, and so on."""

    kind: str
    amount: Money
    on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One account over a time. `currency` is the account's or else its opening balance's. Amounts are negative for debits."""

    place: Place
    message_id: str
    id: str
    sequence: str
    created_at: str
    since: date | None
    until: date | None
    iban: str
    account: str
    currency: str
    name: str
    owner: str
    bank: str
    balances: tuple[Balance, ...]

    @property
    def opening(self) -> Balance | None:
        """The booked balance before the first entry."""
        return self._balance(_OPENING)

    @property
    def closing(self) -> Balance | None:
        """The booked balance after the last entry."""
        return self._balance(_CLOSING)

    def _balance(self, kinds: tuple[str, ...]) -> Balance | None:
        return next((each for kind in kinds for each in self.balances if each.kind == kind), None)


@dataclass(frozen=True, slots=True)
class StatementParty:
    """Who paid or was paid, as far as the bank says."""

    name: str = ""
    iban: str = ""
    account: str = ""
    bank: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """One payment within an entry. `amount` is without a sign, and missing where the bank gives the entry's alone.

    `reason` is why a payment came back, such as AC04, with the bank's words in `reason_info`.
    """

    place: Place
    amount: Money | None
    end_to_end_id: str
    instruction_id: str
    transaction_id: str
    uetr: str
    payment_information_id: str
    message_id: str
    bank_reference: str
    mandate_id: str
    debtor: StatementParty
    creditor: StatementParty
    ultimate_debtor: str
    ultimate_creditor: str
    remittance: tuple[str, ...]
    references: tuple[str, ...]
    is_return: bool
    reason: str
    reason_info: tuple[str, ...]
    info: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry. `amount` is negative for a debit, also of a reversal: a reversed debit is a credit with `is_reversal`.

    `status` is `BOOK`, `PDNG` or `INFO`; `kind` is the bank's transaction code such as `PMNT/RCDT/ESCT`.
    """

    place: Place
    statement_id: str
    amount: Money
    is_reversal: bool
    status: str
    booked_on: date | None
    value_on: date | None
    reference: str
    bank_reference: str
    kind: str
    bank_kind: str
    batch_count: str
    info: str
    details: tuple[Details, ...]

    @property
    def is_booked(self) -> bool:
        """Whether it is in the closing balance."""
        return self.status == _BOOKED


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementEnd:
    """The end of a statement: how many entries there were, and what those that are booked add up to, by currency.

    `difference` is what the closing balance has beyond opening balance and entries; nothing where that cannot be
    said, because one of them is missing or of another currency.
    """

    statement: Statement
    entries: int
    booked: dict[str, Money]
    difference: Money | None


@dataclass(slots=True)
class _Reading:
    message_id: str = ""
    statement: Statement | None = None
    entries: int = 0
    statements: int = 0
    booked: dict[str, Money] = field(default_factory=dict)
    details: list[Details] = field(default_factory=list)


def read(file: BinaryIO) -> Iterator[Statement | Entry | StatementEnd]:
    """For each statement itself, its entries, and its end; raises FileError, at its place, where it cannot be read."""
    reading = _Reading()
    for cut in cuts(file, message="camt.053", container="BkToCstmrStmt", shape=_SHAPE):
        match (cut.name, cut.ended):
            case ("GrpHdr", True):
                reading.message_id = cut.node.needed("MsgId")
            case ("Stmt", False):
                reading.statement, reading.entries, reading.booked = None, 0, {}
                reading.statements += 1
            case ("Ntry", False):
                reading.details = []
            case ("TxDtls", True):
                reading.details.append(_details(cut.node))
            case ("BkToCstmrStmt", True):
                if not reading.statements:
                    raise cut.node.refuse("There is no Stmt in it.")
            case (_, True):
                known, holder = reading.statement, cut.above or cut.node
                statement = known or _statement(holder, reading.message_id)
                reading.statement = statement
                if known is None:
                    yield statement
                yield _entry(reading, statement, cut.node) if cut.above else _end(reading, statement)


def _statement(node: Node, message_id: str) -> Statement:
    iban, other = node.text("Acct/Id/IBAN"), node.text("Acct/Id/Othr/Id")
    if not iban and not other:
        raise node.refuse("Acct/Id has neither an IBAN nor another number.")
    balances = tuple(_balance(each) for each in node.every("Bal"))
    bank = node.first("Acct/Svcr/FinInstnId")
    opening = next((each.amount.currency for kind in _OPENING for each in balances if each.kind == kind), "")
    return Statement(
        place=node.place,
        message_id=message_id,
        id=node.needed("Id"),
        sequence=node.text("ElctrncSeqNb"),
        created_at=node.text("CreDtTm"),
        since=node.day("FrToDt/FrDtTm"),
        until=node.day("FrToDt/ToDtTm"),
        iban=iban,
        account=other,
        currency=node.text("Acct/Ccy") or opening,
        name=node.text("Acct/Nm"),
        owner=node.text("Acct/Ownr/Nm"),
        bank=_bank(bank) if bank else "",
        balances=balances,
    )


def _balance(node: Node) -> Balance:
    kind = node.text("Tp/CdOrPrtry/Cd") or node.needed("Tp/CdOrPrtry/Prtry")
    return Balance(kind, _signed(node), _day(node, "Dt"))


def _entry(reading: _Reading, statement: Statement, node: Node) -> Entry:
    entry = Entry(
        place=node.place,
        statement_id=statement.id,
        amount=_signed(node),
        is_reversal=_yes(node, "RvslInd"),
        status=node.text("Sts/Cd") or node.text("Sts/Prtry") or node.needed("Sts"),
        booked_on=_day(node, "BookgDt"),
        value_on=_day(node, "ValDt"),
        reference=node.text("NtryRef"),
        bank_reference=node.text("AcctSvcrRef"),
        kind=_kind(node),
        bank_kind=node.text("BkTxCd/Prtry/Cd"),
        batch_count=node.text("NtryDtls/Btch/NbOfTxs"),
        info=node.text("AddtlNtryInf"),
        details=tuple(reading.details),
    )
    reading.entries += 1
    if entry.is_booked:
        code = entry.amount.currency
        reading.booked[code] = reading.booked.get(code, Money.zero(code)) + entry.amount
    return entry


def _end(reading: _Reading, statement: Statement) -> StatementEnd:
    return StatementEnd(
        statement=statement,
        entries=reading.entries,
        booked=dict(reading.booked),
        difference=_difference(statement, reading.booked),
    )


def _difference(statement: Statement, booked: dict[str, Money]) -> Money | None:
    opening, closing = statement.opening, statement.closing
    if opening is None or closing is None:
        return None
    code = opening.amount.currency
    if closing.amount.currency != code or set(booked) - {code}:
        return None
    return closing.amount - opening.amount - booked.get(code, Money.zero(code))


def _details(node: Node) -> Details:
    back = node.first("RtrInf")
    return Details(
        place=node.place,
        amount=node.money("Amt") or node.money("AmtDtls/TxAmt/Amt"),
        end_to_end_id=node.text("Refs/EndToEndId"),
        instruction_id=node.text("Refs/InstrId"),
        transaction_id=node.text("Refs/TxId"),
        uetr=node.text("Refs/UETR"),
        payment_information_id=node.text("Refs/PmtInfId"),
        message_id=node.text("Refs/MsgId"),
        bank_reference=node.text("Refs/AcctSvcrRef"),
        mandate_id=node.text("Refs/MndtId"),
        debtor=_party(node, "Dbtr"),
        creditor=_party(node, "Cdtr"),
        ultimate_debtor=_name(node, "UltmtDbtr"),
        ultimate_creditor=_name(node, "UltmtCdtr"),
        remittance=node.texts("RmtInf/Ustrd"),
        references=node.texts("RmtInf/Strd/CdtrRefInf/Ref"),
        is_return=back is not None,
        reason=(back.text("Rsn/Cd") or back.text("Rsn/Prtry")) if back else "",
        reason_info=back.texts("AddtlInf") if back else (),
        info=node.text("AddtlTxInf"),
    )


def _party(node: Node, role: str) -> StatementParty:
    account = f"RltdPties/{role}Acct/Id"
    bank = node.first(f"RltdAgts/{role}Agt/FinInstnId")
    return StatementParty(
        name=_name(node, role),
        iban=node.text(f"{account}/IBAN"),
        account=node.text(f"{account}/Othr/Id"),
        bank=_bank(bank) if bank else "",
    )


def _name(node: Node, role: str) -> str:
    """Since version 8 a party stands within `Pty`."""
    return node.text(f"RltdPties/{role}/Nm") or node.text(f"RltdPties/{role}/Pty/Nm")


def _bank(node: Node) -> str:
    """A bank by its BIC, or else by its number in a clearing, or by its name."""
    names = ("BICFI", "BIC", "ClrSysMmbId/MmbId", "Nm")
    return next((text for name in names if (text := node.text(name))), "")


def _signed(node: Node) -> Money:
    """The amount, negative if it is a debit."""
    amount = node.needed_money("Amt")
    match direction := node.needed("CdtDbtInd"):
        case "CRDT":
            return amount
        case "DBIT":
            return -amount
        case _:
            raise node.refuse(f"CdtDbtInd is {direction[:20]!r}, which is neither CRDT nor DBIT.")


def _yes(node: Node, path: str) -> bool:
    match text := node.text(path):
        case "true" | "1":
            return True
        case "" | "false" | "0":
            return False
        case _:
            raise node.refuse(f"{path} is {text[:20]!r}, which is neither true nor false.")


def _day(node: Node, path: str) -> date | None:
    """The date at a path, given as one or as a time."""
    return node.day(f"{path}/Dt") or node.day(f"{path}/DtTm")


def _kind(node: Node) -> str:
    names = ("BkTxCd/Domn/Cd", "BkTxCd/Domn/Fmly/Cd", "BkTxCd/Domn/Fmly/SubFmlyCd")
    return "/".join(text for name in names if (text := node.text(name)))
