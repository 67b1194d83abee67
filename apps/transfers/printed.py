"""What of a transfer is printed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.core.money import Money
from apps.ledger.renderers.pdf_file import figures, printed
from apps.transfers.models import Kind
from apps.transfers.queries.proof import Proof


def compensation_report(told: Mapping[str, Any], *, ended_at: datetime) -> bytes:
    """The compensation report as PDF, the same bytes whenever it is asked for."""
    kind = Kind(told["transaction"]["kind"]).label
    came_back = datetime.fromisoformat(told["came_back"]) if told["came_back"] else None
    shown = {
        "created": f"{came_back or ended_at:%Y-%m-%dT%H:%M:%SZ}",
        "ended": f"{ended_at:%Y-%m-%d %H:%M} UTC",
        "came_back": f"{came_back:%Y-%m-%d %H:%M} UTC" if came_back else "",
    }
    return printed("reports/compensation.html", {"told": told, "kind": kind, **shown})


def proof_of_payment(proof: Proof) -> bytes:
    """The proof of a payment as PDF: the same bytes whenever it is asked for, until it comes back."""
    transfer, at = proof.transfer, proof.came_back_at or proof.completed_at
    shown = {
        "created": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "asked_for": _instant(transfer.created_at),
        "sent": _instant(transfer.sent_at),
        "completed": _instant(proof.completed_at),
        "came_back_at": _instant(proof.came_back_at),
        "amount": _told(transfer.money),
        "fees": _told(transfer.fee_money),
        "paid": _told(proof.paid),
        "in_part": proof.paid != transfer.money,
        "came_back": _told(proof.came_back) if proof.came_back.is_positive else "",
        "all_of_it": proof.came_back == proof.paid,
        "link": bytes(proof.seal.hash).hex(),
    }
    return printed("reports/proof.html", {"proof": proof, "transfer": transfer, **shown})


def _told(amount: Money) -> str:
    return f"{figures(amount)} {amount.currency}"


def _instant(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else ""
