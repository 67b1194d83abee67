"""What of a transfer is printed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.ledger.renderers.pdf_file import printed
from apps.transfers.models import Kind


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
