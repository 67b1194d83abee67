"""The transfer that a command is about, as far as its caller may know of it."""

from apps.accounts.models import Recipient, RecipientStatus
from apps.core.errors import DomainError
from apps.ledger.models import Hold, JournalEntry
from apps.operations.plan import Context
from apps.transfers.models import Transfer


class TransferNotFound(DomainError):
    """There is no such transfer, as far as the caller may know."""

    code = "TRANSFER_NOT_FOUND"
    http_status = 404


class OtherTenant(DomainError):
    """The wallets are of two tenants."""

    code = "OTHER_TENANT"
    http_status = 409


class RecipientUnfit(DomainError):
    """The recipient cannot be paid this."""

    code = "RECIPIENT_UNFIT"
    http_status = 409


class EntryOfTransfer(DomainError):
    """The entry is a transfer's, which would say something else than the books."""

    code = "ENTRY_OF_TRANSFER"
    http_status = 409


class HoldOfTransfer(DomainError):
    """The money is held for a transfer, with which it goes."""

    code = "HOLD_OF_TRANSFER"
    http_status = 409


def refuse_hold_of_transfer(hold: Hold) -> None:
    """Raise HoldOfTransfer if it is held for a transfer: to settle it alone would leave the transfer without its money."""
    found = Transfer.objects.filter(hold_id=hold.pk).values_list("pk", flat=True).first()
    if found:
        raise HoldOfTransfer(
            f"This is held for {found}; cancel, settle or release that.",
            field="/hold",
            details={"transfer": found},
        )


def refuse_entry_of_transfer(entry: JournalEntry) -> None:
    """Raise EntryOfTransfer if a transfer made the entry: it is taken back with the transfer."""
    transfer = entry.metadata.get("transfer", "")
    if transfer and Transfer.objects.filter(pk=transfer).exists():
        raise EntryOfTransfer(
            f"This is the entry of {transfer}: reverse that or, where a provider was part of it, refund or correct it.",
            field="/entry",
            details={"transfer": transfer},
        )


def refuse_closed(recipient: Recipient) -> None:
    """Raise RecipientUnfit if nothing is paid to the recipient any more."""
    if recipient.status == RecipientStatus.CLOSED:
        raise RecipientUnfit(f"Recipient {recipient.pk} was closed; make another.", field="/recipient")


def locked_transfer(context: Context, transfer: str) -> Transfer:
    """The locked transfer, which is the caller's own unless an operator or the system asks."""
    found: Transfer = context.locked[Transfer, transfer]  # type: ignore[assignment]
    if context.actor.book_id not in {None, found.book_id}:
        raise TransferNotFound(f"There is no transfer {transfer}.", field="/transfer")
    return found
