"""Payments through SWIFT, in any currency of a bank: pain.001.001.09, valid by its schema."""

from typing import Any

from lxml import etree

from apps.providers.formats.errors import PaymentUnwritable
from apps.providers.formats.pain001 import schema
from apps.providers.formats.pain001.order import Address, Limits, Party, Payment, PaymentOrder, fitted

VERSION = "09"
NAMESPACE = f"urn:iso:std:iso:20022:tech:xsd:pain.001.001.{VERSION}"
CHARGES = ("SHAR", "DEBT", "CRED")

_LIMITS = Limits(name=140)


def write_swift(order: PaymentOrder) -> bytes:
    """The order as pain.001.001.09; PaymentUnwritable if it cannot be said. A creditor needs a country, for screening."""
    if order.charges not in CHARGES:
        raise PaymentUnwritable(f"Charges are {', '.join(CHARGES)}, not {order.charges}.", field="/charges")
    for index, payment in enumerate(order.payments):
        if not payment.creditor.address.country:
            raise PaymentUnwritable(
                "The creditor's country is needed.", field=f"/payments/{index}/creditor/address/country"
            )
    order = fitted(order, _LIMITS)
    root = etree.Element(f"{{{NAMESPACE}}}Document", nsmap={None: NAMESPACE})
    initiation = _add(root, "CstmrCdtTrfInitn")
    _header(_add(initiation, "GrpHdr"), order)
    _block(_add(initiation, "PmtInf"), order)
    schema.check(root, VERSION)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def _header(header: Any, order: PaymentOrder) -> None:
    _add(header, "MsgId", order.message_id)
    _add(header, "CreDtTm", order.created)
    _totals(header, order)
    _add(header, "InitgPty/Nm", order.debtor.name)


def _block(block: Any, order: PaymentOrder) -> None:
    _add(block, "PmtInfId", order.batch_id)
    _add(block, "PmtMtd", "TRF")
    _add(block, "BtchBookg", str(order.batch_booking).lower())
    _totals(block, order)
    _add(block, "ReqdExctnDt/Dt", order.execute_on.isoformat())
    _party(block, "Dbtr", order.debtor)
    _account(block, "DbtrAcct", order.debtor)
    _bank(block, "DbtrAgt", order.debtor)
    _add(block, "ChrgBr", order.charges)
    for payment in order.payments:
        _payment(_add(block, "CdtTrfTxInf"), payment)


def _totals(element: Any, order: PaymentOrder) -> None:
    _add(element, "NbOfTxs", str(len(order.payments)))
    _add(element, "CtrlSum", order.total.decimal)


def _payment(element: Any, payment: Payment) -> None:
    ids = _add(element, "PmtId")
    if payment.instruction_id:
        _add(ids, "InstrId", payment.instruction_id)
    _add(ids, "EndToEndId", payment.end_to_end_id)
    if payment.uetr:
        _add(ids, "UETR", payment.uetr)
    _add(element, "Amt/InstdAmt", payment.amount.decimal).set("Ccy", payment.amount.currency)
    _bank(element, "CdtrAgt", payment.creditor)
    _party(element, "Cdtr", payment.creditor)
    _account(element, "CdtrAcct", payment.creditor)
    if payment.remittance:
        _add(element, "RmtInf/Ustrd", payment.remittance)


def _party(parent: Any, role: str, party: Party) -> None:
    element = _add(parent, role)
    _add(element, "Nm", party.name)
    if party.address != Address():
        address = _add(element, "PstlAdr")
        for name, text in (
            ("StrtNm", party.address.street),
            ("PstCd", party.address.post_code),
            ("TwnNm", party.address.town),
            ("Ctry", party.address.country),
        ):
            if text:
                _add(address, name, text)


def _account(parent: Any, role: str, party: Party) -> None:
    path, number = ("Id/IBAN", party.iban) if party.iban else ("Id/Othr/Id", party.account)
    _add(parent, f"{role}/{path}", number)


def _bank(parent: Any, role: str, party: Party) -> None:
    bank = _add(parent, f"{role}/FinInstnId")
    if party.bic:
        _add(bank, "BICFI", party.bic)
    if party.clearing:
        member = _add(bank, "ClrSysMmbId")
        _add(member, "ClrSysId/Cd", party.clearing)
        _add(member, "MmbId", party.member)


def _add(parent: Any, path: str, text: str = "") -> Any:
    """The last of new elements, each in the one before."""
    for name in path.split("/"):
        parent = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    if text:
        parent.text = text
    return parent
