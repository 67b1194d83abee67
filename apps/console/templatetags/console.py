"""How the console writes money, statuses, moments, ids and JSON."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template

from apps.accounts.deposit_references import grouped
from apps.console import saying
from apps.console.durations import in_short
from apps.core.money import MINUS, NARROW_SPACE, Money
from apps.ledger.renderers import title_of
from apps.operations import quorum

register = template.Library()

TONES = {
    "accepted": "good",
    "agrees": "good",
    "active": "good",
    "draft": "wait",
    "retired": "idle",
    "discarded": "idle",
    "applied": "good",
    "approved": "good",
    "enabled": "good",
    "open": "good",
    "sealed": "good",
    "zero": "good",
    "pending": "wait",
    "pending_approval": "wait",
    "frozen": "wait",
    "unsealed": "wait",
    "suspended": "wait",
    "withdrawn": "wait",
    "broken": "stop",
    "changed": "stop",
    "disabled": "stop",
    "forged": "stop",
    "not_loaded": "stop",
    "refused": "stop",
    "rejected": "stop",
    "delivered": "good",
    "done": "good",
    "completed": "good",
    "confirmed": "good",
    "instructed": "wait",
    "waiting": "wait",
    "short": "stop",
    "low": "stop",
    "provisioning": "wait",
    "held": "wait",
    "under_review": "wait",
    "awaiting_approval": "wait",
    "outcome_unknown": "stop",
    "manual_review": "stop",
    "provider_failed": "stop",
    "provider_processing": "wait",
    "compensated": "idle",
    "cancelled": "idle",
    "reversed": "idle",
    "received": "wait",
    "requested": "wait",
    "match": "good",
    "partial": "wait",
    "no_match": "stop",
    "returning": "wait",
    "quarantined": "stop",
    "made": "wait",
    "in_file": "wait",
    "handed_over": "wait",
    "taken": "good",
    "booked": "good",
    "processed": "good",
    "posted": "good",
    "credited": "good",
    "assigned": "good",
    "ignored": "idle",
    "initiated": "idle",
    "validating": "wait",
    "balance_reserved": "wait",
    "sent_to_provider": "wait",
    "provider_completed": "good",
    "returned": "stop",
    "unknown": "stop",
    "not_found": "stop",
    "not_accepted": "stop",
    "no_answer": "stop",
    "stuck": "wait",
    "alert": "stop",
    "critical": "stop",
    "acknowledged": "idle",
    "queued": "wait",
    "running": "wait",
    "failed": "stop",
    "expired": "idle",
    "ended": "idle",
    "closed": "idle",
    "inactive": "idle",
    "settled": "idle",
    "executing": "wait",
    "partially_completed": "stop",
    "ready": "good",
    "reserved": "good",
    "wrong": "stop",
    "released": "idle",
}


@register.filter
def percent(basis_points: int) -> str:
    """Hundredths of a percent as people say them: 1250 is 12.5."""
    return f"{Decimal(basis_points) / 100:f}"


@register.filter
def in_fours(reference: str) -> str:
    """A deposit reference as people read it."""
    return grouped(reference)


@register.filter
def pairs(mapping: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    """Names with their values. A template's `mapping.items` would be a value of that name, where there is one."""
    return list(mapping.items()) if mapping else []


@register.filter
def in_words(name: str) -> str:
    """A name such as `pay_in` as words."""
    return name.replace("_", " ").capitalize()


@register.filter
def format_title(name: str) -> str:
    """The title of a format of files."""
    return title_of(name)


@register.inclusion_tag("console/money.html")
def money(amount: Money, sign: str = "") -> dict[str, Any]:
    """An amount in tabular figures with its currency beside it; `sign="both"` writes the plus as well."""
    mark = MINUS if amount.is_negative else "+" if sign == "both" and amount.is_positive else ""
    return {"figures": mark + figures(amount), "currency": amount.currency, "negative": amount.is_negative}


@register.inclusion_tag("console/money.html")
def minor_units(minor: int, currency: str, sign: str = "") -> dict[str, Any]:
    """An amount that is stored as minor units."""
    return money(Money(int(minor), currency), sign)


@register.inclusion_tag("console/money.html")
def digits(text: str, currency: str) -> dict[str, Any]:
    """An amount that is stored as digits, such as in a preview."""
    return money(Money.parse(text, currency))


def figures(amount: Money) -> str:
    """The digits of an amount in groups of three, without sign and currency."""
    whole, point, fraction = amount.decimal.removeprefix("-").partition(".")
    return f"{int(whole):,}".replace(",", NARROW_SPACE) + point + fraction


@register.inclusion_tag("console/status.html")
def status(value: str, label: str = "") -> dict[str, Any]:
    """A status: a word and a colour."""
    return {"tone": TONES.get(value, "idle"), "label": label or value.replace("_", " ").capitalize()}


@register.inclusion_tag("console/moment.html")
def moment(at: datetime | None) -> dict[str, Any]:
    """An instant in UTC, to the second; the microseconds are a hover away."""
    return {"at": at and at.astimezone(UTC)}


@register.filter
def lasting(age: timedelta) -> str:
    """How long, in one unit."""
    return in_short(age)


@register.filter
def day(value: date | None) -> str:
    """A date, as it sorts."""
    return value.isoformat() if value else ""


@register.filter
def short_id(value: str) -> str:
    """An id with its middle left out: the head tells when, the tail tells which."""
    return value if len(value) <= 16 else f"{value[:7]}…{value[-6:]}"


@register.filter
def count(value: int) -> str:
    """A whole number in groups of three."""
    return f"{value:,}".replace(",", NARROW_SPACE)


@register.filter
def pretty_json(value: Any) -> str:
    """JSON to be read."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True, default=str)


@register.filter
def as_hex(value: bytes | memoryview) -> str:
    """Bytes in hex."""
    return bytes(value).hex()


@register.filter
def times(value: int, factor: int) -> int:
    """A raw amount on an account's side."""
    return int(value) * factor


@register.filter
def negated(value: int) -> int:
    """The same the other way."""
    return -value


@register.filter
def steps(value: quorum.Steps, in_sequence: bool = False) -> str:
    """Who must agree, in words."""
    return saying.who(value, in_sequence)


@register.filter
def clauses(block: Sequence[Mapping[str, Any]]) -> list[str]:
    """The conditions of a block, in words."""
    return saying.block(block)


@register.filter
def facts_of(facts: Mapping[str, Any] | None, command: str) -> list[tuple[str, Any]]:
    """What an operation told of a command, as far as it is known."""
    return told_facts((facts or {}).get(command) or {})


@register.filter
def told_facts(facts: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What is known of facts, by what they are called."""
    return [(saying.fact(name), value) for name, value in facts.items() if value not in (None, "")]
