"""Fees that are charged for something by hand. One is given back by reversing it."""

from collections.abc import Mapping
from typing import Any

from apps.core.money import Money
from apps.ledger import templates
from apps.operations.plan import Context, EventDraft, Plan
from apps.transfers.models import Kind
from apps.transfers.services.making import (
    Named,
    balances,
    completed_at_once,
    new_transfer,
    own_wallet,
    told,
)
from apps.transfers.services.posting import missing_accounts


def plan_charge_fee(
    context: Context,
    *,
    wallet: str,
    amount: Money,
    reference: str,
    description: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """Take a fee out of a wallet at once, or refuse it where the wallet lacks it."""
    source = own_wallet(context, wallet, amount)
    named = Named(reference, description, metadata)
    fee = new_transfer(context, Kind.FEE, source.book_id, amount, named, source_wallet_id=wallet)
    completed_at_once(fee, context)
    entry = templates.entry(
        "fee_charge",
        {"amount": amount, "wallet": source.available},
        book_id=fee.book_id,
        reference=fee.pk,
        description=description,
        metadata={"transfer": fee.pk},
    )
    result = {**told(fee), "description": description, "entry": entry.id, "balances": balances([source])}
    return Plan(
        rows=[fee],
        posts=[entry],
        accounts=missing_accounts(context, entry),
        result=result,
        events=[EventDraft("transfer.completed", fee.pk, result, book_id=fee.book_id)],
    )
