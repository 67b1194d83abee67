"""The transfer that a command is about, as far as its caller may know of it."""

from apps.core.errors import DomainError
from apps.operations.plan import Context
from apps.transfers.models import Transfer


class TransferNotFound(DomainError):
    """There is no such transfer, as far as the caller may know."""

    code = "TRANSFER_NOT_FOUND"
    http_status = 404


def locked_transfer(context: Context, transfer: str) -> Transfer:
    """The locked transfer, which is the caller's own unless an operator or the system asks."""
    found: Transfer = context.locked[Transfer, transfer]  # type: ignore[assignment]
    if context.actor.book_id not in {None, found.book_id}:
        raise TransferNotFound(f"There is no transfer {transfer}.", field="/transfer")
    return found
