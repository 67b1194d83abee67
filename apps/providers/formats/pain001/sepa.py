"""SEPA credit transfers: the shape is sepaxml's, ids and time are ours, so that the same order has the same bytes."""

from typing import Any

from lxml import etree
from sepaxml import SepaTransfer

from apps.core.money import Money
from apps.providers.formats.errors import PaymentUnwritable
from apps.providers.formats.pain001 import schema
from apps.providers.formats.pain001.order import Limits, Party, Payment, PaymentOrder, fitted

VERSIONS = ("03", "09")
LARGEST = Money(99_999_999_999, "EUR")
"""The largest amount of a SEPA credit transfer."""

_LIMITS = Limits(name=70, is_sepa=True)


def write_sepa(order: PaymentOrder, *, version: str = "09") -> bytes:
    """The order as pain.001.001.03 or .09, valid by its schema; PaymentUnwritable if SEPA cannot carry it."""
    order = fitted(order, _LIMITS)
    for index, payment in enumerate(order.payments):
        _check(payment, f"/payments/{index}")
    name = f"pain.001.001.{version}"
    writer = SepaTransfer(_debtor(order.debtor), schema=name, clean=False)
    for payment in order.payments:
        writer.add_payment(_payment(payment, order))
    root = etree.fromstring(writer.export(validate=False))
    _settle(root, order, namespace=f"{{urn:iso:std:iso:20022:tech:xsd:{name}}}")
    schema.check(root, version)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def _check(payment: Payment, at: str) -> None:
    if payment.amount.currency != "EUR":
        raise PaymentUnwritable("SEPA carries euros only.", field=f"{at}/amount")
    if payment.amount > LARGEST:
        raise PaymentUnwritable(f"SEPA carries no more than {LARGEST} at once.", field=f"{at}/amount")


def _debtor(debtor: Party) -> dict[str, Any]:
    bank = {"BIC": debtor.bic} if debtor.bic else {}
    return (
        {"name": debtor.name, "IBAN": debtor.iban, "currency": "EUR", "batch": True} | bank | _address(debtor)
    )


def _payment(payment: Payment, order: PaymentOrder) -> dict[str, Any]:
    bank = {"BIC": payment.creditor.bic} if payment.creditor.bic else {}
    return {
        "name": payment.creditor.name,
        "IBAN": payment.creditor.iban,
        "amount": payment.amount.minor,
        "execution_date": order.execute_on,
        "description": payment.remittance,
        "endtoend_id": payment.end_to_end_id,
        **bank,
        **_address(payment.creditor),
    }


def _address(party: Party) -> dict[str, dict[str, str]]:
    named = {
        "street_name": party.address.street,
        "postcode": party.address.post_code,
        "town": party.address.town,
        "country": party.address.country,
    }
    known = {name: text for name, text in named.items() if text}
    return {"address": known} if known else {}


def _settle(root: Any, order: PaymentOrder, *, namespace: str) -> None:
    """What the library makes up or leaves empty becomes what the order says."""
    [initiation] = root
    header, block = initiation
    header.find(f"{namespace}MsgId").text = order.message_id
    header.find(f"{namespace}CreDtTm").text = order.created
    block.find(f"{namespace}PmtInfId").text = order.batch_id
    block.find(f"{namespace}BtchBookg").text = str(order.batch_booking).lower()
    bank = block.find(f"{namespace}DbtrAgt/{namespace}FinInstnId")
    if not len(bank):
        other = etree.SubElement(bank, f"{namespace}Othr")
        etree.SubElement(other, f"{namespace}Id").text = "NOTPROVIDED"
    written = block.findall(f"{namespace}CdtTrfTxInf")
    for element, payment in zip(written, order.payments, strict=True):
        _settle_payment(element, payment, namespace)


def _settle_payment(element: Any, payment: Payment, namespace: str) -> None:
    ids = element.find(f"{namespace}PmtId")
    if payment.instruction_id:
        first = etree.Element(f"{namespace}InstrId")
        first.text = payment.instruction_id
        ids.insert(0, first)
    if payment.uetr and not namespace.endswith(".03}"):
        etree.SubElement(ids, f"{namespace}UETR").text = payment.uetr
    if not payment.remittance:
        element.remove(element.find(f"{namespace}RmtInf"))
