"""How the API itself refuses, before and beside what commands refuse."""

from apps.core.errors import DomainError


class AuthenticationRequired(DomainError):
    """No API key was shown, or one that is unknown, revoked or expired."""

    code = "AUTHENTICATION_REQUIRED"
    http_status = 401


class TenantUnready(DomainError):
    """The tenant whose key it is has no book yet."""

    code = "TENANT_UNREADY"
    http_status = 503
    transient = True


class BulksOpen(DomainError):
    """Too many bulks of one key wait to be worked off."""

    code = "BULKS_OPEN"
    http_status = 429
    transient = True


class StreamsOpen(DomainError):
    """This key listens by as many connections as it may; close one, or wait until one has ended."""

    code = "STREAMS_OPEN"
    http_status = 429
    transient = True


class ReaderTooSlow(DomainError):
    """What was sent on a stream was not read in time; connect again and go on after the last position."""

    code = "READER_TOO_SLOW"
    http_status = 408
    transient = True


class NetworkDenied(DomainError):
    """The API key may not be used from this address."""

    code = "NETWORK_DENIED"
    http_status = 403


class ScopeMissing(DomainError):
    """The API key lacks the scope that this route needs; `details.scope` names it."""

    code = "AUTHORIZATION_FAILED"
    http_status = 403


class NotFound(DomainError):
    """There is nothing here, as far as the caller may know."""

    code = "NOT_FOUND"
    http_status = 404


class MethodNotAllowed(DomainError):
    """The route exists, but not with this method; `Allow` names those that it has."""

    code = "METHOD_NOT_ALLOWED"
    http_status = 405


class NotAcceptable(DomainError):
    """The caller accepts neither JSON nor problem+json, which is all that is spoken here."""

    code = "NOT_ACCEPTABLE"
    http_status = 406


class LengthRequired(DomainError):
    """The body has no Content-Length, without which it is not read."""

    code = "LENGTH_REQUIRED"
    http_status = 411


class BodyTooLarge(DomainError):
    """The body is larger than this route reads."""

    code = "BODY_TOO_LARGE"
    http_status = 413


class MediaTypeUnsupported(DomainError):
    """The body is not said to be JSON in UTF-8."""

    code = "MEDIA_TYPE_UNSUPPORTED"
    http_status = 415


class BodyInvalid(DomainError):
    """The body is no JSON object, or one that two readers could read differently."""

    code = "BODY_INVALID"


class ParameterInvalid(DomainError):
    """A query parameter or header is unknown or has a value that it cannot have."""

    code = "PARAMETER_INVALID"


class CursorInvalid(DomainError):
    """The cursor was not given by this list in this order; begin again without one."""

    code = "CURSOR_INVALID"


class VersionUnknown(DomainError):
    """There is no such version of the API."""

    code = "VERSION_UNKNOWN"


class RateLimited(DomainError):
    """This key has asked as much as it may in this minute; `Retry-After` says when the next begins."""

    code = "RATE_LIMITED"
    transient = True
    http_status = 429


class InternalError(DomainError):
    """A defect of ours. With the same idempotency key, the request may be repeated without doing anything twice."""

    code = "INTERNAL_ERROR"
    transient = True
    http_status = 500


class Unavailable(DomainError):
    """The database cannot be reached, or lost the connection; repeat with the same idempotency key."""

    code = "UNAVAILABLE"
    transient = True
    http_status = 503


class NotInBulk(DomainError):
    """The command answers with a secret, which is shown once and kept nowhere, so it has no place in a bulk."""

    code = "NOT_IN_BULK"
