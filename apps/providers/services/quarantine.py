"""What people do about messages that nothing could be made of, and how they hear of them."""

from apps.core.errors import DomainError
from apps.operations.plan import Context, EventDraft, Plan
from apps.providers.models import InboundConflict, InboundMessage


class MessageUnknown(DomainError):
    """There is no such message, or no such conflict."""

    code = "MESSAGE_NOT_FOUND"
    http_status = 404


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


def _told_of(about: str) -> tuple[InboundMessage, str]:
    if about.startswith("inc_"):
        conflict = InboundConflict.objects.select_related("message__provider").filter(pk=about).first()
        found, reason = conflict and conflict.message, "inbound conflict"
    else:
        found = InboundMessage.objects.select_related("provider").filter(pk=about).first()
        reason = "inbound quarantined"
    if found is None:
        raise MessageUnknown(f"There is no message {about}.", field="/about")
    return found, reason
