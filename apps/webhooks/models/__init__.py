"""Where tenants want to hear of their events, with which secrets, and what became of each message."""

from apps.webhooks.models.deliveries import (
    Attempt,
    AttemptSeal,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Failure,
    Replay,
    ReplayWhat,
)
from apps.webhooks.models.endpoints import (
    Endpoint,
    EndpointSecret,
    EndpointStatus,
    Line,
    OwnerMail,
    SigningKey,
    Trouble,
    WhyDisabled,
)
from apps.webhooks.models.verifications import AttemptVerification

__all__ = [
    "Attempt",
    "AttemptSeal",
    "AttemptVerification",
    "Delivery",
    "DeliveryKind",
    "DeliveryStatus",
    "Endpoint",
    "EndpointSecret",
    "EndpointStatus",
    "Failure",
    "Line",
    "OwnerMail",
    "Replay",
    "ReplayWhat",
    "SigningKey",
    "Trouble",
    "WhyDisabled",
]
