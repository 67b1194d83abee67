"""What the desk `stripe` says: the objects and events of Stripe's API, made of what the desks say of an order."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

DESK = "stripe"
VERSION = "2026-10-28.endive"

ZERO = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
THREE = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
WHOLE = frozenset({"ISK", "UGX"})
WHOLE_PAYOUTS = frozenset({"HUF", "TWD"})

Told = Mapping[str, Any]

PAYOUT = {
    "processing": ("pending", "payout.created"),
    "completed": ("paid", "payout.paid"),
    "failed": ("failed", "payout.failed"),
    "returned": ("failed", "payout.failed"),
    "cancelled": ("canceled", "payout.canceled"),
}
REFUND = {
    "processing": ("pending", "refund.created"),
    "completed": ("succeeded", "refund.updated"),
    "failed": ("failed", "refund.failed"),
    "returned": ("failed", "refund.failed"),
    "cancelled": ("canceled", "refund.updated"),
}
"""What Stripe calls each status of an order, and the event that tells of it."""


def digits(currency: str) -> int:
    """How many digits after the point Stripe's whole numbers have."""
    return 0 if currency in ZERO else 3 if currency in THREE else 2


def step(currency: str, *, payout: bool) -> int:
    """What an amount must be a multiple of."""
    if currency in WHOLE or (payout and currency in WHOLE_PAYOUTS):
        return 100
    return 10 if currency in THREE else 1


def payout(order: Told) -> dict[str, Any]:
    """A payout; what came back after it was paid has failed."""
    status, code = PAYOUT[order["status"]][0], order["code"]
    return {
        "id": renamed(order["id"], "po"),
        "object": "payout",
        "amount": _amount(order["settled_amount"] or order["amount"], order["currency"]),
        "arrival_date": _seconds(order["expected_at"]),
        "automatic": False,
        "balance_transaction": renamed(order["id"], "txn"),
        "created": _seconds(order["created_at"]),
        "currency": order["currency"].lower(),
        "description": order["to"].get("description"),
        "destination": order["to"].get("destination"),
        "failure_balance_transaction": _reversal(order),
        "failure_code": (code or "could_not_process") if status == "failed" else None,
        "failure_message": order["message"],
        "livemode": False,
        "metadata": order["to"].get("metadata", {}),
        "method": order["to"].get("method", "standard"),
        "status": status,
        "type": "card" if str(order["to"].get("destination")).startswith("card") else "bank_account",
    }


def refund(order: Told) -> dict[str, Any]:
    """A refund of a charge."""
    status, code = REFUND[order["status"]][0], order["code"]
    return {
        "id": renamed(order["id"], "re"),
        "object": "refund",
        "amount": _amount(order["settled_amount"] or order["amount"], order["currency"]),
        "balance_transaction": renamed(order["id"], "txn"),
        "charge": order["to"]["charge"],
        "created": _seconds(order["created_at"]),
        "currency": order["currency"].lower(),
        "failure_balance_transaction": _reversal(order),
        **({"failure_reason": code or "unknown"} if status == "failed" else {}),
        "metadata": order["to"].get("metadata", {}),
        "payment_intent": renamed(order["to"]["charge"], "pi"),
        "reason": order["to"].get("reason"),
        "status": status,
    }


def charge(deposit: Told) -> dict[str, Any]:
    """A deposit: a charge that succeeded and was captured."""
    amount = _amount(deposit["amount"], deposit["currency"])
    return {
        "id": renamed(deposit["id"], "ch"),
        "object": "charge",
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": 0,
        "billing_details": {"name": deposit["remitter"]},
        "captured": True,
        "created": _seconds(deposit["received_at"]),
        "currency": deposit["currency"].lower(),
        "livemode": False,
        "metadata": {"wallet": deposit["reference"]} if deposit["reference"] else {},
        "paid": True,
        "payment_intent": renamed(deposit["id"], "pi"),
        "status": "succeeded",
    }


def intent(deposit: Told) -> dict[str, Any]:
    """The payment of which the charge is."""
    paid = charge(deposit)
    return {
        **{name: paid[name] for name in ("amount", "created", "currency", "livemode", "metadata")},
        "id": paid["payment_intent"],
        "object": "payment_intent",
        "amount_received": paid["amount"],
        "latest_charge": paid["id"],
        "status": "succeeded",
    }


def dispute(chargeback: Told) -> dict[str, Any]:
    """A chargeback of a charge."""
    return {
        "id": renamed(chargeback["id"], "dp"),
        "object": "dispute",
        "amount": _amount(chargeback["amount"], chargeback["currency"]),
        "charge": renamed(chargeback["deposit"], "ch"),
        "created": _seconds(chargeback["opened_at"]),
        "currency": chargeback["currency"].lower(),
        "livemode": False,
        "metadata": {},
        "payment_intent": renamed(chargeback["deposit"], "pi"),
        "reason": chargeback["reason"] or "general",
        "status": "needs_response",
    }


def spoken(kind: str, data: Told) -> list[tuple[str, dict[str, Any]]]:
    """The events that Stripe writes where the other desks write one of this kind: their types and objects."""
    if kind == "deposit.received":
        return [("charge.succeeded", charge(data)), ("payment_intent.succeeded", intent(data))]
    if kind == "chargeback.opened":
        told = dispute(data)
        return [("charge.dispute.created", told), ("charge.dispute.funds_withdrawn", told)]
    if data["kind"] == "refund":
        return [(REFUND[data["status"]][1], refund(data))]
    return [(PAYOUT[data["status"]][1], payout(data))]


def event(name: str, kind: str, created: int, told: dict[str, Any]) -> dict[str, Any]:
    """An event around an object; `created` is in milliseconds."""
    return {
        "id": renamed(name, "evt"),
        "object": "event",
        "api_version": VERSION,
        "created": created // 1000,
        "data": {"object": told},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }


def renamed(name: str, prefix: str) -> str:
    """The same id with another prefix."""
    return f"{prefix}_{name.partition('_')[2]}"


def _reversal(order: Told) -> str | None:
    """The transaction that brought the money back."""
    came_back = order["status"] in {"failed", "returned", "cancelled"}
    return renamed(order["id"], "txn") + "_back" if came_back else None


def _amount(written: str, currency: str) -> int:
    return int(Decimal(written).scaleb(digits(currency)))


def _seconds(written: str) -> int:
    return int(datetime.fromisoformat(written).timestamp())
