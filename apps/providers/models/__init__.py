"""Who executes for us, what we asked of them, what they answered, and what they told us by themselves."""

from apps.providers.models.attempts import Action, Answer, Attempt
from apps.providers.models.files import FileStatus, PaymentStatus, RailFile, RailPayment
from apps.providers.models.messages import ConflictStatus, InboundConflict, InboundMessage, MessageStatus
from apps.providers.models.providers import Provider, ProviderHealth, RoutingRule

__all__ = [
    "Action",
    "Answer",
    "Attempt",
    "ConflictStatus",
    "FileStatus",
    "InboundConflict",
    "InboundMessage",
    "MessageStatus",
    "PaymentStatus",
    "Provider",
    "ProviderHealth",
    "RailFile",
    "RailPayment",
    "RoutingRule",
]
