"""The writer of camt.053. The same account, period and position always give the same bytes."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from typing import IO, Any, TypeAlias
from zoneinfo import ZoneInfo

from lxml import etree

from apps.core import clock
from apps.core.currencies import currency as find_currency
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger.camt.texts import identifier, pieces, readable
from apps.ledger.models import Seal
from apps.ledger.queries import StatementLine, StatementPeriod

VERSIONS = {
    "02": "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02",
    "08": "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08",
}
"""The versions of the message, and their namespaces."""

ISSUER = "Countinghouse"
_MOST_DIGITS, _MOST_AFTER_THE_POINT = 18, 5

Content: TypeAlias = "str | Money | Sequence[Node]"
Node: TypeAlias = tuple[str, Content]


class CamtCannotSay(DomainError):
    """The message has no room for this currency or amount, and rounding is no way out."""

    code = "CAMT_CANNOT_SAY"
    http_status = 422


def write_statement(period: StatementPeriod, file: IO[bytes], *, version: str = "08") -> None:
    """Write the statement of a period, line by line: memory stays flat. CamtCannotSay before anything is written."""
    refuse_what_cannot_be_said(period)
    namespace = VERSIONS[version]
    statement = _id_of(period)
    created = clock.written(_created_at(period))
    with (
        _document(file) as xml,
        xml.element(f"{{{namespace}}}Document", nsmap={None: namespace}),
        xml.element(f"{{{namespace}}}BkToCstmrStmt"),
    ):
        xml.write(_element(namespace, "GrpHdr", [("MsgId", statement), ("CreDtTm", created)]))
        with xml.element(f"{{{namespace}}}Stmt"):
            for tag, content in _head(period, statement, created):
                xml.write(_element(namespace, tag, content))
            for line in period.lines():
                xml.write(_element(namespace, "Ntry", _entry(line, version)))
            xml.write(_element(namespace, "AddtlStmtInf", _words(period)))


def refuse_what_cannot_be_said(period: StatementPeriod) -> None:
    """CamtCannotSay for a currency or an amount that the message cannot hold."""
    currency = find_currency(period.account.currency)
    if not re.fullmatch("[A-Z]{3}", currency.code):
        raise CamtCannotSay(
            f"A camt.053 names currencies by three letters, and {currency.code} is none of them: take a CSV."
        )
    if currency.exponent > _MOST_AFTER_THE_POINT:
        raise CamtCannotSay(
            f"A camt.053 has {_MOST_AFTER_THE_POINT} digits after the point, {currency.code} has {currency.exponent}:"
            " take a CSV."
        )
    largest = max(
        abs(period.opening.minor), abs(period.closing.minor), (period.incoming + period.outgoing).minor
    )
    if len(str(largest)) > _MOST_DIGITS:
        raise CamtCannotSay(
            f"A camt.053 has amounts of {_MOST_DIGITS} digits, not of {len(str(largest))}: take a CSV."
        )


@contextmanager
def _document(file: IO[bytes]) -> Iterator[Any]:
    with etree.xmlfile(file, encoding="utf-8") as xml:
        xml.write_declaration()
        yield xml


def _id_of(period: StatementPeriod) -> str:
    """By what it is the statement of; 35 characters are allowed."""
    account = period.account
    told = (account.book.slug, account.address, account.currency, period.first, period.last, period.position)
    return f"STM-{hashlib.sha256('|'.join(map(str, told)).encode()).hexdigest()[:28]}"


def _created_at(period: StatementPeriod) -> datetime:
    """When the position was given; a book without one has known nothing ever since."""
    seals = Seal.objects.filter(book_id=period.account.book_id, position=period.position)
    found: datetime | None = seals.values_list("sealed_at", flat=True).first()
    return found or datetime.combine(period.last, time(), UTC)


def _head(period: StatementPeriod, statement: str, created: str) -> Iterator[Node]:
    zone = ZoneInfo(period.account.book.time_zone)
    yield "Id", statement
    yield "CreDtTm", created
    yield (
        "FrToDt",
        [
            ("FrDtTm", datetime.combine(period.first, time(), zone).isoformat()),
            ("ToDtTm", datetime.combine(period.last, time(23, 59, 59), zone).isoformat()),
        ],
    )
    yield "Acct", _account(period)
    yield "Bal", _balance("OPBD", period.opening, period.first)
    yield "Bal", _balance("CLBD", period.closing, period.last)
    both = period.incoming + period.outgoing
    yield (
        "TxsSummry",
        [
            ("TtlNtries", [("NbOfNtries", str(period.count)), ("Sum", both.decimal)]),
            ("TtlCdtNtries", [("NbOfNtries", str(period.incoming_lines)), ("Sum", period.incoming.decimal)]),
            ("TtlDbtNtries", [("NbOfNtries", str(period.outgoing_lines)), ("Sum", period.outgoing.decimal)]),
        ],
    )


def _account(period: StatementPeriod) -> Content:
    """The address, which is unique in its book, and the book as its issuer."""
    account = period.account
    other: list[Node] = [
        ("Id", identifier(account.address, 34)),
        ("SchmeNm", [("Prtry", "address")]),
        ("Issr", identifier(account.book.slug, 35)),
    ]
    named: list[Node] = [("Nm", readable(account.name, 70))] if account.name else []
    return [("Id", [("Othr", other)]), ("Ccy", account.currency), *named]


def _words(period: StatementPeriod) -> str:
    account = period.account
    return readable(
        f"{account.address} in {account.book.slug}, entries through position {period.position}", 500
    )


def _balance(kind: str, amount: Money, on: date) -> Content:
    return [
        ("Tp", [("CdOrPrtry", [("Cd", kind)])]),
        ("Amt", amount),
        ("CdtDbtInd", _side(amount)),
        ("Dt", [("Dt", on.isoformat())]),
    ]


def _entry(line: StatementLine, version: str) -> Content:
    day = [("Dt", line.effective_on.isoformat())]
    return [
        ("NtryRef", str(line.sequence)),
        ("Amt", line.amount),
        ("CdtDbtInd", _side(line.amount)),
        ("Sts", "BOOK" if version == "02" else [("Cd", "BOOK")]),
        ("BookgDt", day),
        ("ValDt", day),
        ("AcctSvcrRef", line.entry_id),
        ("BkTxCd", [("Prtry", [("Cd", identifier(line.kind, 35)), ("Issr", ISSUER)])]),
        ("NtryDtls", [("TxDtls", _details(line))]),
    ]


def _details(line: StatementLine) -> Content:
    """The description wholly, in as many pieces as it needs, and the reference, wholly unless it is beyond 500."""
    remittance: list[Node] = [("Ustrd", piece) for piece in pieces(line.description, 140)]
    return [
        ("Refs", [("TxId", identifier(line.reference, 35))]),
        *([("RmtInf", remittance)] if remittance else []),
        ("RltdDts", [("TxDtTm", clock.written(line.recorded_at))]),
        *([("AddtlTxInf", readable(line.reference, 500))] if line.reference else []),
    ]


def _side(amount: Money) -> str:
    """Credit is what its owner has or gets: a balance as people read it, above zero."""
    return "DBIT" if amount.is_negative else "CRDT"


def _element(namespace: str, tag: str, content: Content) -> Any:
    """One element with all below it. An amount is written without its sign, which stands beside it."""
    element = etree.Element(f"{{{namespace}}}{tag}", nsmap={None: namespace})
    if isinstance(content, Money):
        element.set("Ccy", content.currency)
        element.text = content.decimal.removeprefix("-")
    elif isinstance(content, str):
        element.text = content
    else:
        element.extend([_element(namespace, *node) for node in content])
    return element
