"""A plan as JSON: what a preview and an approval request show."""

import json
from typing import Any

from apps.core.canonical import canonical_json
from apps.operations.plan import BalanceAfter, Entry, Moved, Plan


def render_plan(plan: Plan) -> dict[str, Any]:
    """What the plan would post, write, change and tell, without the values that only posting knows."""
    updates = [{"object": str(update.instance), "fields": list(update.fields)} for update in plan.updates]
    shown = {
        "entries": [_entry(entry) for entry in plan.posts],
        "opens": [str(account) for account in (*plan.accounts, *plan.own_accounts)],
        "rows": [f"{row._meta.verbose_name}: {row}" for row in plan.rows],
        "updates": updates,
        "events": [{"type": event.type, "subject": event.subject} for event in plan.events if not event.ours],
        "result": dict(plan.result),
        "approved": dict(plan.approved),
    }
    as_json: dict[str, Any] = json.loads(canonical_json(_known(shown)))
    return as_json


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "book": entry.book_id,
        "kind": entry.kind,
        "description": entry.description,
        "effective_at": entry.effective_at,
        "postings": [
            {"source": posting.source, "destination": posting.destination, "amount": posting.amount}
            for posting in entry.postings
        ],
    }


def _known(value: Any) -> Any:
    if isinstance(value, BalanceAfter):
        return f"balance of {value.address} afterwards"
    if isinstance(value, Moved):
        return Moved.told(value.entry.postings)
    if isinstance(value, dict):
        return {name: _known(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_known(item) for item in value]
    return value
