"""What goes around a payload wherever an event is told to somebody's program."""

from typing import Any

from apps.core import clock
from apps.operations.models import Event, EventPosition


def envelope(event: Event, place: EventPosition) -> dict[str, Any]:
    """An event with its place, as JSON values; `sequence` counts the events of its subject in its book."""
    return {
        "id": event.pk,
        "type": event.type,
        "version": event.version,
        "timestamp": clock.written(event.recorded_at),
        "position": place.position,
        "subject": event.subject,
        "sequence": place.object_sequence,
        "data": event.data,
    }
