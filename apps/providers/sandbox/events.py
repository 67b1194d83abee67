"""What our clients are told: events, written down as the deliveries that will be tried."""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from apps.providers.sandbox import stripe_words
from apps.providers.sandbox.faults import split
from apps.providers.sandbox.instants import iso, now, span
from apps.providers.sandbox.settings import Settings
from apps.providers.sandbox.store import Store
from apps.providers.sandbox.stripe_words import DESK as STRIPE

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


FIRST = frozenset({"order.processing", "payout.created", "refund.created"})


def is_first(kind: str) -> bool:
    """Whether an event of this type is the first that is told of an order."""
    return kind in FIRST or any(kind == stages["processing"] for stages in (OF_WALLETS, *STAGES.values()))


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name, type, time and body, and the body with another time, as `changed_bytes` sends it."""

    name: str
    kind: str
    created: int
    body: dict[str, Any]
    changed: dict[str, Any]


def _event(kind: str, data: dict[str, Any]) -> Event:
    name, created = _name(), now()
    body = {"id": name, "type": kind, "created_at": iso(created), "data": data}
    return Event(name, kind, created, body, {**body, "created_at": iso(created + 1000)})


def _stripe(kind: str, data: dict[str, Any]) -> Iterator[Event]:
    """The events of the desk that speaks as Stripe does."""
    for said, about in stripe_words.spoken(kind, data):
        name, created = _name(), now()
        body, later = (stripe_words.event(name, said, at, about) for at in (created, created + 1000))
        yield Event(name, said, created, body, later)


def _name() -> str:
    return f"sbe_{secrets.token_hex(12)}"


class Events:
    """Writes events; `written` is called so that somebody delivers them."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self.written: Callable[[], None] = lambda: None

    def tell(self, kind: str, *, desk: str, subject: str, data: dict[str, Any], faults: list[str]) -> None:
        """Write what the desk says when an event of this kind happens, and its deliveries as the faults want them. Within
        a change."""
        names = dict(split(fault) for fault in faults)
        for event in _stripe(kind, data) if desk == STRIPE else [_event(kind, data)]:
            self._tell(event, desk, subject, names)
        self.written()

    def _tell(self, event: Event, desk: str, subject: str, names: dict[str, str]) -> None:
        delivery = {
            "event": event.name,
            "type": event.kind,
            "desk": desk,
            "subject": subject,
            "signed": "bad_signature" not in names,
            "named": "no_event_id" not in names,
        }
        due = event.created + (span(names["delay"]) if "delay" in names else 0)
        state = self._state(event.kind, names)
        self._write(delivery, event.body, state, due)
        if "duplicate" in names:
            self._write(delivery, event.body, state, due)
        if "changed_bytes" in names:
            self._write(delivery, event.changed, state, due)

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
