"""What people do about messages that nothing could be made of, and how they hear of them."""

from django.db.models import QuerySet

from apps.core.errors import DomainError
from apps.operations.plan import Context, EventDraft, Plan
from apps.operations.registry import Done
from apps.providers.models import ConflictStatus, InboundConflict, InboundMessage, MessageStatus
from apps.providers.protocol import Envelope
from apps.providers.services.providers import find
from apps.providers.services.receiving import BAD_SIGNATURE, is_verified, name_of

MOST = 1_000
"""Messages that are followed again at once."""


class MessageUnknown(DomainError):
    """There is no such message, or no such conflict."""

    code = "MESSAGE_NOT_FOUND"
    http_status = 404


class NotQuarantined(DomainError):
    """The message, or the conflict, does not wait for a person."""

    code = "NOT_QUARANTINED"
    http_status = 409


class StillUnproven(DomainError):
    """The message is still not proven to be the provider's, so it is not followed."""

    code = "MESSAGE_UNPROVEN"
    http_status = 409


def acknowledge_message(context: Context, *, message: str, reason: str) -> Done:
    """A person has looked at a quarantined message, and nothing is to be made of it."""
    found = _quarantined(message)
    found.status, found.why = MessageStatus.ACKNOWLEDGED, f"{found.why} Acknowledged: {reason}"[:500]
    found.save(update_fields=["status", "why"])
    return Done({"message": found.pk, "status": found.status})


def redrive_message(context: Context, *, message: str) -> Done:
    """Follow a quarantined message again; one without proof only if the provider's secret now proves it."""
    found = _quarantined(message)
    if not found.verified:
        _prove(found)
    found.status, found.why, found.tries = MessageStatus.RECEIVED, "", 0
    found.next_attempt_at, found.processed_at = context.now, None
    found.save()
    return Done({"message": found.pk, "status": found.status})


def redrive_quarantined(context: Context, *, provider: str) -> Done:
    """Follow all quarantined messages of a provider again that are proven to be its own, the oldest first."""
    waiting = _waiting().filter(provider=find(provider), verified=True).order_by("pk")
    some = list(waiting.values_list("pk", flat=True)[:MOST])
    InboundMessage.objects.filter(pk__in=some).update(
        status=MessageStatus.RECEIVED, why="", tries=0, next_attempt_at=context.now, processed_at=None
    )
    return Done({"provider": provider, "messages": len(some)})


def acknowledge_conflict(context: Context, *, conflict: str, reason: str) -> Done:
    """A person has looked at the two messages of one reference; the first stays the one that counts."""
    open_ones = InboundConflict.objects.select_for_update(no_key=True, of=("self",))
    found = open_ones.filter(pk=conflict).first()
    if found is None:
        raise MessageUnknown(f"There is no conflict {conflict}.", field="/conflict")
    if found.status != ConflictStatus.OPEN:
        raise NotQuarantined(f"{conflict} is {found.status}.", field="/conflict")
    found.status, found.why = ConflictStatus.ACKNOWLEDGED, reason
    found.save(update_fields=["status", "why"])
    return Done({"conflict": found.pk, "status": found.status})


def plan_raise_alarm(context: Context, *, about: str) -> Plan:
    """Tell of a message that was quarantined, or of other bytes under a known reference."""
    message, reason = _told_of(about)
    data = {
        "reason": reason,
        "message": message.pk,
        "provider": message.provider.name,
        "why": message.why,
    }
    return Plan(result=data, events=[EventDraft("alert.raised", about, data)])


def _waiting() -> QuerySet[InboundMessage]:
    rows = InboundMessage.objects.select_related("provider").select_for_update(no_key=True, of=("self",))
    return rows.filter(status=MessageStatus.QUARANTINED)


def _quarantined(message: str) -> InboundMessage:
    found = _waiting().filter(pk=message).first()
    if found is not None:
        return found
    known = InboundMessage.objects.filter(pk=message).first()
    if known is None:
        raise MessageUnknown(f"There is no message {message}.", field="/message")
    raise NotQuarantined(f"{message} is {known.status}; nobody has to look at it.", field="/message")


def _prove(message: InboundMessage) -> None:
    """Take it for genuine if it would be, had it come now with the secret that the provider's row has now."""
    envelope = Envelope(message.headers, bytes(message.body))
    if not is_verified(message.provider, envelope, now=message.received_at):
        raise StillUnproven(f"{BAD_SIGNATURE} Correct the webhook secret first.", field="/message")
    name = name_of(message.provider, envelope)
    known = InboundMessage.objects.filter(provider=message.provider, reference=name).first()
    if known:
        raise NotQuarantined(f"It came again as {known.pk}: acknowledge this one.", field="/message")
    message.verified, message.reference = True, name or message.reference


def _told_of(about: str) -> tuple[InboundMessage, str]:
    if about.startswith("inc_"):
        conflict = InboundConflict.objects.select_related("message__provider").filter(pk=about).first()
        if conflict:
            return conflict.message, "inbound conflict"
    elif found := InboundMessage.objects.select_related("provider").filter(pk=about).first():
        return found, "inbound quarantined"
    raise MessageUnknown(f"There is no message {about}.", field="/about")
