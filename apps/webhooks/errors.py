"""What the commands of webhooks refuse."""

from apps.core.errors import DomainError


class EndpointNotFound(DomainError):
    """There is no such endpoint, as far as the caller may know."""

    code = "WEBHOOK_ENDPOINT_NOT_FOUND"
    http_status = 404


class EndpointUnfit(DomainError):
    """The endpoint is disabled or removed, or not, so that this cannot be done with it."""

    code = "WEBHOOK_ENDPOINT_UNFIT"
    http_status = 409


class EndpointsEnough(DomainError):
    """A tenant has at most so many endpoints."""

    code = "WEBHOOK_ENDPOINTS_ENOUGH"
    http_status = 409


class UrlUnfit(DomainError):
    """The address is none that messages are sent to."""

    code = "WEBHOOK_URL_UNFIT"


class HeaderUnfit(DomainError):
    """The header is one that messages have themselves, or is written in a way that HTTP does not know."""

    code = "WEBHOOK_HEADER_UNFIT"


class TypeUnknown(DomainError):
    """No event has this name."""

    code = "WEBHOOK_TYPE_UNKNOWN"


class DeliveryNotFound(DomainError):
    """There is no such delivery, as far as the caller may know."""

    code = "WEBHOOK_DELIVERY_NOT_FOUND"
    http_status = 404


class DeliveryUnfit(DomainError):
    """The delivery is still under way, so it is not sent again."""

    code = "WEBHOOK_DELIVERY_UNDER_WAY"
    http_status = 409


class DeliveryNotFailed(DomainError):
    """The delivery has not failed for good, so there is nothing to acknowledge."""

    code = "WEBHOOK_DELIVERY_NOT_FAILED"
    http_status = 409


class DeliveryAcknowledged(DomainError):
    """Somebody has acknowledged the delivery already."""

    code = "WEBHOOK_DELIVERY_ACKNOWLEDGED"
    http_status = 409


class NothingToReplay(DomainError):
    """Nothing in the range is to be sent again."""

    code = "WEBHOOK_NOTHING_TO_REPLAY"


class PayloadUnfit(DomainError):
    """The message is no JSON object, or too large."""

    code = "WEBHOOK_PAYLOAD_UNFIT"
