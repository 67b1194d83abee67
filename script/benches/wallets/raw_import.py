"""The command against which posting by templates is measured: it names its postings itself. Importing registers it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.core import ids
from apps.core.actor import Actor
from apps.core.money import Money
from apps.ledger.serializers import ImportedEntryInput
from apps.operations import books
from apps.operations.plan import Context, Entry, EventDraft, Plan, Posting
from apps.operations.registry import Command, register

NAME = PERMISSION = "bench.raw_import"
ACTOR = Actor.system("bench", {PERMISSION})


def plan_raw_import(
    context: Context,
    *,
    book: str,
    reference: str,
    kind: str,
    source: str,
    destination: str,
    amount: Money,
    effective_at: datetime | None,
    description: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """One entry of one posting."""
    entry = Entry(
        id=ids.new_id("je"),
        book_id=books.id_of(book),
        reference=reference,
        kind=kind,
        postings=[Posting(source, destination, amount)],
        description=description,
        metadata=metadata,
        effective_at=effective_at,
    )
    result = {"entry": entry.id}
    told = EventDraft("entry.imported", entry.id, {"reference": reference})
    return Plan(result=result, posts=[entry], events=[told])


register(
    Command(
        name=NAME,
        summary="Import an entry by naming its posting",
        plan=plan_raw_import,
        input=ImportedEntryInput,
        permission=PERMISSION,
    )
)
