"""Messages as they are sent, for those who look at what was sent."""

from django.db.models import TextField
from django.db.models.functions import Cast

from apps.operations.models import Event
from apps.webhooks.message import Message, of_event
from apps.webhooks.models import Delivery


def message_of(delivery: Delivery) -> Message:
    """The bytes that its endpoint is sent, made of the event again."""
    if delivery.event_id is None:
        return Message(delivery.message_id, delivery.body.encode())
    event = (
        Event.objects.annotate(text=Cast("data", TextField()))
        .select_related("place")
        .get(pk=delivery.event_id)
    )
    return of_event(
        event.pk,
        event.place.position,
        event.type,
        event.version,
        event.subject,
        event.recorded_at,
        event.text,
        event.place.object_sequence,
    )
