"""What our clients are told: events, written down as the deliveries that will be tried."""

import json
import secrets
from collections.abc import Callable
from typing import Any

from apps.providers.sandbox.faults import split
from apps.providers.sandbox.instants import iso, now, span
from apps.providers.sandbox.settings import Settings
from apps.providers.sandbox.store import Store

PAGE = 500

STAGES: dict[str, dict[str, str]] = {
    "onramp": {"processing": "on_ramp.payment_confirmed", "completed": "on_ramp.crypto_delivered"},
    "offramp": {"processing": "off_ramp.fiat_sent", "completed": "off_ramp.bank_credited"},
    "buy": {"processing": "dex.order_placed", "completed": "dex.trade_complete"},
    "sell": {"processing": "dex.order_placed", "completed": "dex.trade_complete"},
    "bridge": {"processing": "bridge.bridge_initiated", "completed": "bridge.transfer_complete"},
    "strategy_start": {"processing": "defi.order_placed", "completed": "defi.strategy_deployed"},
    "strategy_stop": {"processing": "defi.order_placed", "completed": "defi.strategy_complete"},
}
"""What companies of each sort call the stages of an order; banks and the rest say `order.` and its status."""

OF_WALLETS = {"processing": "wallet.transaction_sent", "completed": "wallet.transaction_confirmed"}
"""What a custodian calls those of what it sends."""

WALLETS = "custody"
"""The desk that gives wallets instead of accounts."""


def type_of(desk: str, kind: str, status: str) -> str:
    """The type of the event that tells of an order's status."""
    stages = OF_WALLETS if (desk, kind) == (WALLETS, "payout") else STAGES.get(kind, {})
    prefix = stages["completed"].partition(".")[0] if stages else "order"
    return stages.get(status, f"{prefix}.{status}")


def is_first(kind: str) -> bool:
    """Whether an event of this type is the first that is told of an order."""
    first = {stages["processing"] for stages in (OF_WALLETS, *STAGES.values())}
    return kind == "order.processing" or kind in first


class Events:
    """Writes events; `written` is called so that somebody delivers them."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self.written: Callable[[], None] = lambda: None

    def tell(self, kind: str, *, desk: str, subject: str, data: dict[str, Any], faults: list[str]) -> None:
        """Write an event of this type and its deliveries, as the faults want them. Within a change."""
        event, created = f"sbe_{secrets.token_hex(12)}", now()
        body = {"id": event, "type": kind, "created_at": iso(created), "data": data}
        names = dict(split(fault) for fault in faults)
        delivery = {
            "event": event,
            "type": kind,
            "desk": desk,
            "subject": subject,
            "signed": "bad_signature" not in names,
            "named": "no_event_id" not in names,
        }
        due = created + (span(names["delay"]) if "delay" in names else 0)
        state = self._state(kind, names)
        self._write(delivery, body, state, due)
        if "duplicate" in names:
            self._write(delivery, body, state, due)
        if "changed_bytes" in names:
            self._write(delivery, {**body, "created_at": iso(created + 1000)}, state, due)
        self.written()

    def since(self, desk: str, since: int, after: int, limit: int) -> list[dict[str, Any]]:
        """A page of what was told since an instant, whatever became of its deliveries: each event once, as it was first
        written. `number` is where the next page begins."""
        rows = self._store.rows(
            "SELECT min(number) AS number, event, named, body FROM webhooks WHERE desk = ?"
            " AND json_extract(body, '$.created_at') >= ? GROUP BY event HAVING min(number) > ? ORDER BY 1 LIMIT ?",
            *(desk, iso(since), after, min(limit, PAGE)),
        )
        return [
            {"number": row["number"], "id": row["event"] if row["named"] else None, "body": row["body"]}
            for row in rows
        ]

    def _state(self, kind: str, names: dict[str, str]) -> str:
        if "drop" in names:
            return "dropped"
        if self._settings.webhook.url is None:
            return "unaddressed"
        return "held" if "reorder" in names and is_first(kind) else "pending"

    def _write(self, delivery: dict[str, Any], body: dict[str, Any], state: str, due: int) -> None:
        self._store.run(
            "INSERT INTO webhooks (event, type, desk, subject, signed, named, body, state, due_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *delivery.values(),
            json.dumps(body),
            state,
            due if state == "pending" else None,
        )
