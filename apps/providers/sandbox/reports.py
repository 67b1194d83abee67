"""What a bank says of files: pain.002, camt.053, and NACHA files of returns."""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

PAIN = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"
CAMT = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"

Row = Mapping[str, Any]


def status_report(message: str, about: str, at: str, group: str, code: str, refused: Sequence[Row]) -> str:
    """A pain.002 about a file: how it stands, and which payments are refused, each with its code."""
    why = f"<StsRsnInf><Rsn><Cd>{escape(code)}</Cd></Rsn></StsRsnInf>" if code else ""
    named = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{escape(each['reference'])}</OrgnlEndToEndId><TxSts>RJCT</TxSts>"
        f"<StsRsnInf><Rsn><Cd>{escape(_code(each, 'AC04'))}</Cd></Rsn></StsRsnInf></TxInfAndSts>"
        for each in refused
    )
    block = f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{escape(about)}</OrgnlPmtInfId>{named}</OrgnlPmtInfAndSts>"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{PAIN}"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>{message}</MsgId><CreDtTm>{at}</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{escape(about)}</OrgnlMsgId><OrgnlMsgNmId>pain.001</OrgnlMsgNmId>"
        f"<GrpSts>{group}</GrpSts>{why}</OrgnlGrpInfAndSts>{block if named else ''}"
        "</CstmrPmtStsRpt></Document>"
    )


def statement(message: str, at: str, currency: str, opening: str, closing: str, rows: Sequence[Row]) -> str:
    """A camt.053 of one account: what was paid, and what came back."""
    balances = _balance("OPBD", opening, currency, at) + _balance("CLBD", closing, currency, at)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{CAMT}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>{message}</MsgId><CreDtTm>{at}</CreDtTm></GrpHdr>"
        f"<Stmt><Id>{message}</Id><CreDtTm>{at}</CreDtTm><Acct><Id><Othr><Id>SANDBOX-{currency}</Id></Othr></Id>"
        f"<Ccy>{currency}</Ccy></Acct>{balances}{''.join(_entry(each, at) for each in rows)}</Stmt>"
        "</BkToCstmrStmt></Document>"
    )


def _balance(kind: str, amount: str, currency: str, at: str) -> str:
    way = "DBIT" if amount.startswith("-") else "CRDT"
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="{currency}">{amount.lstrip("-")}</Amt><CdtDbtInd>{way}</CdtDbtInd><Dt><Dt>{at[:10]}</Dt></Dt></Bal>'
    )


def _entry(row: Row, at: str) -> str:
    back = row["what"] == "returned"
    amount = f'<Amt Ccy="{row["currency"]}">{row["amount"]}</Amt>'
    named = f"<AcctSvcrRef>{escape(row['entry'])}</AcctSvcrRef>" if row.get("entry") else ""
    why = f"<RtrInf><Rsn><Cd>{escape(_code(row, 'AC04'))}</Cd></Rsn></RtrInf>" if back else ""
    return (
        f"<Ntry>{amount}<CdtDbtInd>{'CRDT' if back else 'DBIT'}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{at[:10]}</Dt></BookgDt><ValDt><Dt>{at[:10]}</Dt></ValDt>"
        f"{named}<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>{'RRTN' if back else 'ESCT'}</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{escape(row['reference'])}</EndToEndId></Refs>{amount}"
        f"<CdtDbtInd>{'CRDT' if back else 'DBIT'}</CdtDbtInd>{why}</TxDtls></NtryDtls></Ntry>"
    )


def returns(day: str, rows: Sequence[Row]) -> str:
    """A NACHA file of returned entries: each is told by the trace that it had, with its code."""
    cents = [int(each["amount"].replace(".", "")) for each in rows]
    entries = "".join(
        _returned(each, amount, place)
        for place, (each, amount) in enumerate(zip(rows, cents, strict=True), 1)
    )
    hashed = 9100001 * len(rows) % 10**10
    totals = f"{2 * len(rows):06}{hashed:010}{0:012}{sum(cents):012}"
    lines = [
        f"101 091000019 091000019{day}0000A094101{'OURSELVES':<23}{'SANDBOX':<23}{'':<8}",
        f"5200{'SANDBOX':<16}{'':<20}1234567890CCDRETURN    {'':<6}{day}   109100001{1:07}",
        *entries.split("\n")[:-1],
        f"8200{totals}1234567890{'':<19}{'':<6}09100001{1:07}",
    ]
    count = len(lines) + 1
    file_totals = f"{2 * len(rows):08}{hashed:010}{0:012}{sum(cents):012}"
    lines.append(f"9{1:06}{-(-count // 10):06}{file_totals}{'':<39}")
    lines += ["9" * 94] * (-len(lines) % 10)
    return "\n".join(lines) + "\n"


def _returned(row: Row, cents: int, place: int) -> str:
    trace = f"09100001{place:07}"
    entry = f"621091000019{'RETURNED':<17}{cents:010}{'':<15}{'RETURNED':<22}  1{trace}"
    addendum = f"799{_code(row, 'R03')}{row['reference']}{'':<6}09100001{'':<44}{trace}"
    return f"{entry}\n{addendum}\n"


def _code(row: Row, usual: str) -> str:
    return str(row.get("code") or usual).upper()
