"""The command that is measured: what a plain wallet-to-wallet transfer costs at the door.

It stands for the product's own: it obeys the wallet flag, posts one entry of one posting, tells one event and
answers with both balances. Importing this module registers it.
"""

from typing import Any

from rest_framework import serializers

from apps.core.money import Money
from apps.core.serializer_fields import IdField, MoneyField, TextField
from apps.ledger import templates
from apps.ledger.commands import WALLET_FLAG
from apps.ledger.serializers import AddressField
from apps.operations import event_types
from apps.operations.event_types import EventType
from apps.operations.plan import BalanceAfter, Context, EventDraft, Plan
from apps.operations.registry import Command, register

NAME = PERMISSION = "bench.transfer"


class TransferInput(serializers.Serializer[Any]):
    source = AddressField()  # type: ignore[assignment]  # DRF's fields have an attribute of this name
    destination = AddressField()
    amount = MoneyField(positive=True)
    reference = TextField(max_length=200)


class TransferredEvent(serializers.Serializer[Any]):
    entry = IdField("je")
    amount = MoneyField()
    balances = serializers.DictField(child=MoneyField())


def plan_transfer(context: Context, *, source: str, destination: str, amount: Money, reference: str) -> Plan:
    """Move the amount from one wallet to the other."""
    entry = templates.entry(
        "internal_transfer",
        {"amount": amount, "from": source, "to": destination},
        book_id=context.book.pk,
        reference=reference,
    )
    result = {
        "entry": entry.id,
        "amount": amount,
        "balances": {address: BalanceAfter(address, amount.currency) for address in (source, destination)},
    }
    return Plan(result=result, posts=[entry], events=[EventDraft("bench.transferred", entry.id, result)])


event_types.register(EventType("bench.transferred", 1, "Moved", TransferredEvent, {}, (NAME,)))
register(
    Command(
        name=NAME,
        summary="Move money between two wallets of the benchmark",
        plan=plan_transfer,
        input=TransferInput,
        permission=PERMISSION,
        flag=WALLET_FLAG,
    )
)
