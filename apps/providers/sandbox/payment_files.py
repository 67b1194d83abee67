"""Files of payments as a bank reads them: pain.001 and NACHA, with nothing of ours to read them by."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.providers.sandbox.errors import wrong


@dataclass(frozen=True, slots=True)
class PaymentRead:
    """One payment of a file: by what it is known, what it pays and to whom."""

    reference: str
    amount: str
    currency: str
    to: dict[str, Any]
    memo: str
    on: str


def read(desk: str, content: bytes) -> list[PaymentRead]:
    """The payments of a file, or refused as `unreadable`."""
    try:
        found = _nacha(content) if desk == "ach" else _pain(content)
    except (ET.ParseError, AttributeError, ValueError, IndexError, UnicodeDecodeError) as error:
        raise wrong("unreadable", f"The file cannot be read: {type(error).__name__}.") from None
    if not found:
        raise wrong("unreadable", "There is no payment in the file.")
    return found


def _pain(content: bytes) -> list[PaymentRead]:
    if b"<!DOCTYPE" in content:
        raise ValueError("a DOCTYPE")
    root = ET.fromstring(content)  # noqa: S314 (it has no DOCTYPE, so no entities)
    namespace = root.tag.partition("}")[0] + "}"
    found = []
    for block in root.iter(f"{namespace}PmtInf"):
        day = "".join(block.find(f"{namespace}ReqdExctnDt").itertext()).strip()  # type: ignore[union-attr]
        for row in block.iter(f"{namespace}CdtTrfTxInf"):
            found.append(_payment(row, namespace, day))
    total = sum(Decimal(each.amount) for each in found)
    header = root.find(f".//{namespace}GrpHdr")
    said = (_text(header, namespace, "NbOfTxs"), Decimal(_text(header, namespace, "CtrlSum")))
    if said != (str(len(found)), total):
        raise ValueError("its totals are wrong")
    return found


def _payment(row: Any, namespace: str, day: str) -> PaymentRead:
    amount = row.find(f"{namespace}Amt/{namespace}InstdAmt")
    account = "".join(row.find(f"{namespace}CdtrAcct").itertext()).strip()
    return PaymentRead(
        reference=_text(row, namespace, "PmtId/EndToEndId"),
        amount=amount.text,
        currency=amount.get("Ccy"),
        to={"name": _text(row, namespace, "Cdtr/Nm"), "account": account},
        memo=row.findtext(f"{namespace}RmtInf/{namespace}Ustrd") or "",
        on=day,
    )


def _text(node: Any, namespace: str, path: str) -> str:
    return str(node.find("/".join(namespace + name for name in path.split("/"))).text)


def _nacha(content: bytes) -> list[PaymentRead]:
    lines = content.decode("ascii").splitlines()
    if lines[0][:3] != "101" or any(len(line) != 94 for line in lines):
        raise ValueError("no NACHA file")
    found, day = [], ""
    for line in lines:
        if line[0] == "5":
            day = line[69:75]
        if line[0] == "6":
            to = {"routing": line[3:12], "account": line[12:29].strip(), "name": line[54:76].strip()}
            cents = int(line[29:39])
            found.append(PaymentRead(line[79:94], f"{cents // 100}.{cents % 100:02}", "USD", to, "", day))
    control = next(line for line in lines if line[0] == "9")
    if int(control[43:55]) != sum(int(line[29:39]) for line in lines if line[0] == "6"):
        raise ValueError("its totals are wrong")
    return found
