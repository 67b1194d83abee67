"""Everything that happened to a transfer, in order: commands about it, its events, calls of providers, their messages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Final

from django.db import connection
from django.db.models import Model

from apps.core import ids
from apps.operations.models import Event, Operation
from apps.providers.models import Attempt, InboundMessage
from apps.transfers.models import Transfer

MOST: Final = 200
"""Rows of one source that are looked at, the newest; a transfer has a few."""

# What people and programs asked of it, and what was refused: along the index that holds just these.
_ABOUT: Final = """
SELECT id FROM operations_operation
 WHERE input ->> 'transfer' = %s AND input ? 'transfer' AND (origin <> 'worker' OR status <> 'accepted')
 ORDER BY id DESC LIMIT %s
"""


class Source(IntEnum):
    """Where a step is told, in the order in which steps of one instant follow each other."""

    OPERATION = 1
    EVENT = 2
    ATTEMPT = 3
    MESSAGE = 4


@dataclass(frozen=True, slots=True)
class Candidate:
    """A provider that was looked at before sending: what it would have taken, and why it could not, if it could not."""

    provider: str
    cost: str
    unfit: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `row` is the Operation, Event, Attempt (its answer beside it) or InboundMessage.

    Of a submission `candidates` says why this provider, and `rule` by which routing rule, if by one.
    """

    at: datetime
    source: Source
    row: Model
    candidates: tuple[Candidate, ...] = ()
    rule: str = ""

    @property
    def called(self) -> str:
        """The source by name."""
        return self.source.name.lower()


def timeline(transfer: Transfer) -> list[Step]:
    """What happened to a transfer, the oldest first: four queries, however much that is."""
    steps = [
        *(Step(each.recorded_at, Source.OPERATION, each) for each in operations(transfer)),
        *(Step(each.recorded_at, Source.EVENT, each) for each in events(transfer)),
        *(_attempted(each) for each in attempts([transfer])),
        *(Step(each.received_at, Source.MESSAGE, each) for each in messages([transfer])),
    ]
    return sorted(steps, key=lambda each: (each.at, each.source, str(each.row.pk)))


def operations(transfer: Transfer) -> list[Operation]:
    """The command that asked for it, and all later ones about it but what workers did without being refused."""
    with connection.cursor() as cursor:
        cursor.execute(_ABOUT, [transfer.pk, MOST])
        about = [ids.encode("op", row[0]) for row in cursor.fetchall()]
    return list(Operation.objects.filter(pk__in={*about, transfer.operation_id}).order_by("pk"))


def events(transfer: Transfer) -> list[Event]:
    """What was told of it, in order."""
    return list(Event.objects.filter(subject=transfer.pk).order_by("-ordinal")[:MOST])[::-1]


def attempts(transfers: Iterable[Transfer]) -> list[Attempt]:
    """Every call of a provider about them, with its answer, the oldest first."""
    found = Attempt.objects.filter(subject__in=[each.pk for each in transfers])
    return list(found.select_related("provider", "answer").order_by("-pk")[:MOST])[::-1]


def messages(transfers: Iterable[Transfer]) -> list[InboundMessage]:
    """What providers said of them by themselves, the oldest first, without the bytes."""
    found = InboundMessage.objects.filter(subject__in=[each.pk for each in transfers], subject__gt="")
    some = found.select_related("provider").defer("body", "headers").order_by("-pk")[:MOST]
    return list(some)[::-1]


def candidates(why: Mapping[str, Any], chosen: str) -> tuple[Candidate, ...]:
    """The providers that a route considered, as an attempt keeps them."""
    return tuple(
        Candidate(each["provider"], each["cost"], each["unfit"], each["provider"] == chosen)
        for each in why.get("considered", [])
    )


def _attempted(attempt: Attempt) -> Step:
    looked_at = candidates(attempt.why, attempt.provider.name)
    return Step(attempt.started_at, Source.ATTEMPT, attempt, looked_at, attempt.why.get("rule", ""))
