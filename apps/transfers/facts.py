"""What policies may ask of a transfer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.accounts.models import Recipient
from apps.accounts.queries.tenants import is_test
from apps.operations import books
from apps.operations.plan import Context, Plan
from apps.rates.queries import convert
from apps.transfers.models import Transfer

THRESHOLDS = "USD"
"""The currency in which thresholds are told."""


def facts_of(transfer: Transfer, to: Recipient | None, now: datetime) -> dict[str, Any]:
    """Kind, amount as it is and in dollars (None, which is above any threshold, without a rate), who is paid; `test` says
    that it is play money.
    """
    in_dollars = convert(transfer.money, THRESHOLDS, on=now)
    tenant = books.find(transfer.book_id).tenant_id
    return {
        "kind": transfer.kind,
        "currency": transfer.currency,
        "amount": transfer.money.decimal,
        "amount_usd": in_dollars.decimal if in_dollars else None,
        "tenant": tenant,
        "test": tenant is not None and is_test(tenant),
        "recipient_kind": to.kind if to else None,
        "recipient_country": to.country if to else None,
        "recipient_age_hours": int((now - to.changed_at).total_seconds()) // 3_600 if to else None,
    }


def of_plan(context: Context, plan: Plan, **_: Any) -> Mapping[str, Any]:
    """What policies may ask of anything that moves money: the most that it moves at once, as it is and in dollars."""
    moved = [posting.amount for entry in plan.posts for posting in entry.postings]
    if not moved:
        return {"currency": "", "amount": "0", "amount_usd": "0"}
    dollars = {amount: convert(amount, THRESHOLDS, on=context.now) for amount in moved}
    greatest = max(
        moved, key=lambda amount: (dollars[amount] is None, worth.minor if (worth := dollars[amount]) else 0)
    )
    in_dollars = dollars[greatest]
    return {
        "currency": greatest.currency,
        "amount": greatest.decimal,
        "amount_usd": in_dollars.decimal if in_dollars else None,
    }
