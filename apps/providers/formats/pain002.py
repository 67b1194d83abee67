"""Status reports, ISO 20022 pain.002 of any version: what a bank says of an order, and so of each payment in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import BinaryIO

from apps.core.money import Money
from apps.providers.formats.errors import Place
from apps.providers.formats.iso_reasons import DUPLICATE, words_of
from apps.providers.formats.xml import Node, cuts

_SHAPE = {
    "GrpHdr": "",
    "OrgnlGrpInfAndSts": "",
    "OrgnlPmtInfAndSts": "",
    "TxInfAndSts": "OrgnlPmtInfAndSts",
}
_REFUSED = "RJCT"


class Outcome(StrEnum):
    """What a status means for a payment. Only `rejected` and `settled` are final.

    `unsaid` is a payment of which the report says nothing, or only that some of its block were refused; `contradictory`
    one that is refused in one place and accepted in another. From neither of them anything may be concluded.
    """

    RECEIVED = "received"
    ACCEPTED = "accepted"
    SETTLED = "settled"
    PENDING = "pending"
    REJECTED = "rejected"
    UNSAID = "unsaid"
    CONTRADICTORY = "contradictory"


OUTCOMES = {
    "RCVD": Outcome.RECEIVED,
    "ACTC": Outcome.ACCEPTED,
    "ACCP": Outcome.ACCEPTED,
    "ACFC": Outcome.ACCEPTED,
    "ACIS": Outcome.ACCEPTED,
    "ACPD": Outcome.ACCEPTED,
    "ACSP": Outcome.ACCEPTED,
    "ACWC": Outcome.ACCEPTED,
    "ACWP": Outcome.ACCEPTED,
    "ACSC": Outcome.SETTLED,
    "ACCC": Outcome.SETTLED,
    "PDNG": Outcome.PENDING,
    "PATC": Outcome.PENDING,
    "PRES": Outcome.PENDING,
    "BLCK": Outcome.PENDING,
    _REFUSED: Outcome.REJECTED,
    "CANC": Outcome.REJECTED,
}
"""What each status says; `PART`, and any other, says nothing of a single payment."""

_AGREEING = {Outcome.RECEIVED, Outcome.ACCEPTED, Outcome.SETTLED, Outcome.PENDING}


class Level(StrEnum):
    """How much a status was said of."""

    GROUP = "group"
    BLOCK = "payment_information"
    TRANSACTION = "transaction"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a code of ISO such as AC04 or one of the bank's own, its words, and what the bank adds."""

    code: str
    info: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What the code means, or else what the bank says."""
        return words_of(self.code) or " ".join(self.info)


@dataclass(frozen=True, slots=True)
class Status:
    """A status as the bank said it, empty if it said none, and why."""

    code: str = ""
    reasons: tuple[Reason, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """What it means for each payment that it is about."""
        return OUTCOMES.get(self.code, Outcome.UNSAID)


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one payment: the outcome, the status that says it, and how much that status is about."""

    outcome: Outcome
    status: Status = Status()
    level: Level | None = None
    refusals: tuple[Status, ...] = field(default=(), compare=False)

    @property
    def is_duplicate(self) -> bool:
        """Whether it was refused because it was sent before, at any level: then the first may well be executed."""
        refused = (self.status, *self.refusals)
        return any(each.code in DUPLICATE for status in refused for each in status.reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionStatus:
    """What the report says of one payment; `said` counts the levels above it, `status` is its own."""

    place: Place
    payment_information_id: str
    end_to_end_id: str
    instruction_id: str
    status: Status
    said: Said
    amount: Money | None
    bank_reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockStatus:
    """What the report says of a block of payments; `counts` are how many have which status, where the bank tells."""

    place: Place
    payment_information_id: str
    status: Status
    counts: dict[str, int] = field(default_factory=dict)
    transactions: tuple[TransactionStatus, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """A report about one order, `original_message_id` being the order's."""

    message_id: str
    created_at: str
    original_message_id: str
    original_message_name: str
    status: Status
    blocks: tuple[BlockStatus, ...]

    @property
    def transactions(self) -> tuple[TransactionStatus, ...]:
        """All payments that are named, in the file's order."""
        return tuple(each for block in self.blocks for each in block.transactions)

    def said_of(self, *, payment_information_id: str, end_to_end_id: str) -> Said:
        """What is said of a payment of the order, whether the report names it or not."""
        return self.said_of_each([end_to_end_id], payment_information_id=payment_information_id)[0]

    def said_of_each(self, end_to_end_ids: Sequence[str], *, payment_information_id: str) -> list[Said]:
        """What is said of each payment of a block, in the order of their references."""
        named: dict[str, list[Said]] = {}
        for each in self.transactions:
            named.setdefault(each.end_to_end_id, []).append(each.said)
        block = next(
            (each.status for each in self.blocks if each.payment_information_id == payment_information_id),
            Status(),
        )
        unnamed = _resolved({Level.BLOCK: block, Level.GROUP: self.status})
        return [_together(named[each]) if each in named else unnamed for each in end_to_end_ids]


@dataclass(slots=True)
class _Reading:
    message_id: str = ""
    created_at: str = ""
    original: str = ""
    original_name: str = ""
    status: Status = Status()
    blocks: list[BlockStatus] = field(default_factory=list)
    rows: list[TransactionStatus] = field(default_factory=list)


def read(file: BinaryIO) -> StatusReport:
    """The report of a pain.002; raises FileError, at its place, where it cannot be read."""
    reading = _Reading()
    for cut in cuts(file, message="pain.002", container="CstmrPmtStsRpt", shape=_SHAPE):
        match (cut.name, cut.ended):
            case ("GrpHdr", True):
                reading.message_id = cut.node.needed("MsgId")
                reading.created_at = cut.node.text("CreDtTm")
            case ("OrgnlGrpInfAndSts", True):
                _read_group(reading, cut.node)
            case ("OrgnlPmtInfAndSts", False):
                if not reading.original:
                    raise cut.node.refuse("It stands before OrgnlGrpInfAndSts.")
                reading.rows = []
            case ("TxInfAndSts", True):
                reading.rows.append(_transaction(cut.node, cut.above or cut.node, reading.status))
            case ("OrgnlPmtInfAndSts", True):
                reading.blocks.append(_block(cut.node, reading.rows))
            case ("CstmrPmtStsRpt", True):
                if not reading.message_id or not reading.original:
                    raise cut.node.refuse("It has no header, or does not say about which order it is.")
    return StatusReport(
        message_id=reading.message_id,
        created_at=reading.created_at,
        original_message_id=reading.original,
        original_message_name=reading.original_name,
        status=reading.status,
        blocks=tuple(reading.blocks),
    )


def _read_group(reading: _Reading, node: Node) -> None:
    if reading.original:
        raise node.refuse("A report is about one order, and this is a second one.")
    reading.original, reading.original_name = node.needed("OrgnlMsgId"), node.text("OrgnlMsgNmId")
    reading.status = _status(node, "GrpSts")


def _block(node: Node, rows: Iterable[TransactionStatus]) -> BlockStatus:
    counts = {each.needed("DtldSts"): each for each in node.every("NbOfTxsPerSts")}
    return BlockStatus(
        place=node.place,
        payment_information_id=node.needed("OrgnlPmtInfId"),
        status=_status(node, "PmtInfSts"),
        counts={code: _count(each) for code, each in counts.items()},
        transactions=tuple(rows),
    )


def _transaction(node: Node, block: Node, group: Status) -> TransactionStatus:
    own = _status(node, "TxSts")
    levels = {Level.TRANSACTION: own, Level.BLOCK: _status(block, "PmtInfSts"), Level.GROUP: group}
    return TransactionStatus(
        place=node.place,
        payment_information_id=block.needed("OrgnlPmtInfId"),
        end_to_end_id=node.text("OrgnlEndToEndId"),
        instruction_id=node.text("OrgnlInstrId"),
        status=own,
        said=_resolved(levels),
        amount=node.money("OrgnlTxRef/Amt/InstdAmt"),
        bank_reference=node.text("AcctSvcrRef"),
    )


def _status(node: Node, name: str) -> Status:
    reasons = tuple(
        Reason(each.text("Rsn/Cd") or each.text("Rsn/Prtry"), each.texts("AddtlInf"))
        for each in node.every("StsRsnInf")
    )
    return Status(node.text(name), reasons)


def _count(node: Node) -> int:
    number = node.number("DtldNbOfTxs")
    if number is None or number.denominator != 1:
        raise node.refuse("DtldNbOfTxs is no whole number.")
    return int(number)


def _resolved(levels: dict[Level, Status]) -> Said:
    """What the closest level says that says anything, unless a wider one says the opposite."""
    stated = [(level, status) for level, status in levels.items() if status.code]
    if not stated:
        return Said(Outcome.UNSAID)
    (level, status), *wider = stated
    above = {each.outcome for _, each in wider}
    refused_above = Outcome.REJECTED in above and status.outcome is not Outcome.REJECTED
    paid_above = Outcome.SETTLED in above and status.outcome is Outcome.REJECTED
    if refused_above or paid_above:
        return Said(Outcome.CONTRADICTORY, status, level)
    refusals = tuple(each for _, each in stated if each.outcome is Outcome.REJECTED)
    return Said(status.outcome, status, level, refusals)


def _together(said: list[Said]) -> Said:
    """The last of what is said of one payment, unless it was both refused and not."""
    outcomes = {each.outcome for each in said}
    both = Outcome.REJECTED in outcomes and outcomes & _AGREEING
    if both or Outcome.CONTRADICTORY in outcomes:
        return Said(Outcome.CONTRADICTORY, said[-1].status, said[-1].level)
    refusals = tuple(status for each in said for status in (*each.refusals, each.status))
    return replace(said[-1], refusals=refusals) if said[-1].outcome is Outcome.REJECTED else said[-1]
