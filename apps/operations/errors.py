"""How the command door refuses."""

from apps.core.errors import DomainError


class CommandUnknown(DomainError):
    """No command of that name is registered."""

    code = "COMMAND_UNKNOWN"
    http_status = 404


class KeyMissing(DomainError):
    """A command needs an idempotency key, so that asking twice does it once."""

    code = "KEY_MISSING"


class KeyInvalid(DomainError):
    """The idempotency key is too long, or holds characters that do not print."""

    code = "KEY_INVALID"


class KeyInFlight(DomainError):
    """Another run holds this key at this moment."""

    code = "KEY_IN_FLIGHT"
    transient = True
    http_status = 409


class KeyReused(DomainError):
    """The key belongs to a run with another input."""

    code = "KEY_REUSED"
    http_status = 422


class PermissionDenied(DomainError):
    """The actor may not run this command."""

    code = "AUTHORIZATION_FAILED"
    http_status = 403


class BookUnknown(DomainError):
    """There is no such book."""

    code = "BOOK_NOT_FOUND"
    http_status = 404


class InputInvalid(DomainError):
    """Fields of the input are wrong; `details.fields` says which and why."""

    code = "INPUT_INVALID"


class FlagDenied(DomainError):
    """A feature flag stops this command for one of the scopes that it touches."""

    code = "FLAG_DENIED"
    http_status = 403


class TenantSuspended(DomainError):
    """The tenant is suspended or closed."""

    code = "TENANT_SUSPENDED"
    http_status = 403


class CounterpartyRefused(DomainError):
    """The other tenant of the command cannot take part in it now: suspended, closed, frozen, or stopped by a flag."""

    code = "COUNTERPARTY_REFUSED"
    http_status = 422


class TargetNotFound(DomainError):
    """The object that the command works on does not exist."""

    code = "NOT_FOUND"
    http_status = 404


class Conflict(DomainError):
    """Somebody else changed the same thing in between."""

    code = "CONFLICT"
    transient = True
    http_status = 409


class ApprovalStale(DomainError):
    """Planned anew, the command is no longer what was approved: it went back to the approvers."""

    code = "APPROVAL_STALE"
    http_status = 409


class ApprovalLapsed(ApprovalStale):
    """Somebody who agreed may not decide any more, so it is not agreed to: it went back to the approvers."""

    code = "APPROVAL_LAPSED"


class IntegrityBroken(DomainError):
    """The database refused what a command wanted to write: a defect, or somebody changed the books past the door."""

    code = "INTEGRITY_BROKEN"
    http_status = 500


class ApprovalMissing(DomainError):
    """The run is said to be approved, but its approval request is not."""

    code = "APPROVAL_MISSING"
    http_status = 409


class PreviewRefused(DomainError):
    """What the command would do is not told before it is run: it would tell a secret."""

    code = "PREVIEW_REFUSED"
    http_status = 409


class InsideTransaction(RuntimeError):
    """The door was called inside somebody else's transaction, which could undo what it promised."""
