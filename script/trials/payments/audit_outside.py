"""Afterwards: what came to the bank, or went from it, without our asking. What was told must be in our books, once."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from apps.core.money import Money
from apps.transfers.arrivals import Chargeback, ChargebackStatus, Deposit, DepositStatus, VirtualAccount
from apps.transfers.models import Status, Transfer

Facts = dict[str, list[dict[str, Any]]]
Moved = dict[tuple[str, str], Decimal]
"""By desk and currency."""


def strange(
    truth: Facts, transfers: Mapping[str, Transfer], orders: Mapping[str, list[dict[str, Any]]]
) -> Iterator[str]:
    """Deposits, chargebacks and returns that we were told of and that are not in our books as they happened."""
    told = _told(truth)
    yield from _deposits(truth, told)
    yield from _chargebacks(truth, told)
    yield from _returns(transfers, orders, told)


def unbooked(
    truth: Facts, transfers: Mapping[str, Transfer], orders: Mapping[str, list[dict[str, Any]]]
) -> Moved:
    """What happened to our money there and is not in our books: nobody told it, or a person has to see to it."""
    moved: Moved = defaultdict(Decimal)
    deposits = {*Deposit.objects.values_list("reference", flat=True)}
    posted = {*Chargeback.objects.filter(status=ChargebackStatus.POSTED).values_list("reference", flat=True)}
    for each in truth["deposit"]:
        if each["id"] not in deposits:
            moved[each["desk"], each["currency"]] += Decimal(each["amount"])
    for each in truth["chargeback"]:
        if each["id"] not in posted:
            moved[each["desk"], each["currency"]] -= Decimal(each["amount"])
    for transfer, order in _returned(transfers, orders):
        booked = Decimal(Money(transfer.returned, transfer.currency).decimal)
        moved[order["desk"], order["currency"]] += Decimal(order["returned_amount"]) - booked
    return moved


def _told(truth: Facts) -> set[str]:
    """The names of what a genuine message told us: deposits, chargebacks, and orders that were returned."""
    taken = [each for each in truth["webhook"] if each["signed"] and each["state"] == "delivered"]
    arrived = {each["body"]["data"]["id"] for each in taken if not each["type"].startswith("order.")}
    returned = {each["body"]["data"]["reference"] for each in taken if each["type"] == "order.returned"}
    return arrived | returned


def _deposits(truth: Facts, told: set[str]) -> Iterator[str]:
    known = {each.reference: each for each in Deposit.objects.all()}
    owners = dict(VirtualAccount.objects.exclude(number="").values_list("number", "wallet_id"))
    for each in truth["deposit"]:
        deposit = known.pop(each["id"], None)
        if deposit is None:
            if each["id"] in told:
                yield f"{each['id']} was told and is no deposit of ours."
            continue
        if deposit.money != Money.parse(each["amount"], each["currency"]):
            yield f"{deposit.pk} is {deposit.money}, {each['amount']} came."
        owner = owners.get(each["virtual_account"])
        status = DepositStatus.CREDITED if owner else DepositStatus.OPEN
        if deposit.status != status or deposit.wallet_id != owner:
            yield f"{deposit.pk} is {deposit.status} for {deposit.wallet_id}, and is {owner}'s."
    yield from (f"{each.pk} never came." for each in known.values())


def _chargebacks(truth: Facts, told: set[str]) -> Iterator[str]:
    known = {each.reference: each for each in Chargeback.objects.all()}
    for each in truth["chargeback"]:
        chargeback = known.pop(each["id"], None)
        if chargeback is None:
            if each["id"] in told:
                yield f"{each['id']} was told and is no chargeback of ours."
        elif chargeback.money != Money.parse(each["amount"], each["currency"]):
            yield f"{chargeback.pk} is {chargeback.money}, {each['amount']} was taken."
    yield from (f"{each.pk} was never taken." for each in known.values())


def _returns(
    transfers: Mapping[str, Transfer], orders: Mapping[str, list[dict[str, Any]]], told: set[str]
) -> Iterator[str]:
    for transfer, order in _returned(transfers, orders):
        back = Money.parse(order["returned_amount"], order["currency"])
        if order["reference"] in told and transfer.returned != back.minor:
            yield f"{transfer.pk} says that {transfer.returned} came back, {back} did."


def _returned(
    transfers: Mapping[str, Transfer], orders: Mapping[str, list[dict[str, Any]]]
) -> Iterator[tuple[Transfer, dict[str, Any]]]:
    """Transfers that were completed, with their orders that came back."""
    for pk, transfer in transfers.items():
        if transfer.status in {Status.COMPLETED, Status.REVERSED}:
            yield from ((transfer, order) for order in orders.get(pk, []) if order["status"] == "returned")
