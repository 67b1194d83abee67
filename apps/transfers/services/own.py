"""The transfer that a command is about, as far as its caller may know of it, and what stands in the books for such."""

from collections.abc import Sequence
from typing import Final

from django.core.exceptions import ValidationError
from django.db.models import Model

from apps.accounts.models import Recipient, RecipientStatus
from apps.core.errors import DomainError
from apps.ledger.models import Hold, JournalEntry
from apps.operations.plan import Context
from apps.transfers.arrivals import Chargeback, Deposit
from apps.transfers.models import Transfer
from apps.transfers.reserves import RollingReserve


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


class EntryOfReserve(DomainError):
    """The entry is a rolling reserve's, which would say something else than the books."""

    code = "ENTRY_OF_RESERVE"
    http_status = 409


class EntryOfChargeback(DomainError):
    """The entry posts a chargeback, which would say something else than the books."""

    code = "ENTRY_OF_CHARGEBACK"
    http_status = 409


class EntryOfDeposit(DomainError):
    """The entry is of a deposit in suspense, which would say something else than the books."""

    code = "ENTRY_OF_DEPOSIT"
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


_RECORDS: Final[Sequence[tuple[str, type[Model], type[DomainError], str]]] = (
    (
        "transfer",
        Transfer,
        EntryOfTransfer,
        "reverse that or, where a provider was part of it, refund or correct it.",
    ),
    (
        "reserve",
        RollingReserve,
        EntryOfReserve,
        "run transfers.release_rolling_reserve or, if it is released, transfers.hold_rolling_reserve.",
    ),
    (
        "chargeback",
        Chargeback,
        EntryOfChargeback,
        "what the provider gave after all is posted by transfers.post_pay_in, a mistake by ledger.post_correction.",
    ),
    (
        "deposit",
        Deposit,
        EntryOfDeposit,
        "run transfers.assign_deposit, or transfers.mark_for_return and transfers.return_deposit.",
    ),
)
"""By what entries say of themselves: the record that made them, the refusal, and what to do instead. Of several the first."""


def refuse_entry_of_record(entry: JournalEntry) -> None:
    """Raise EntryOfTransfer, EntryOfReserve, EntryOfChargeback or EntryOfDeposit if one of these made the entry."""
    for name, model, error, instead in _RECORDS:
        record = entry.metadata.get(name, "")
        if _exists(model, record):
            raise error(f"This is the entry of {record}: {instead}", field="/entry", details={name: record})


def _exists(model: type[Model], record: object) -> bool:
    """Whether there is such a record: what histories and tenants write beside entries need not be an id of ours."""
    try:
        return bool(record) and model._default_manager.filter(pk=record).exists()
    except ValidationError:
        return False


def refuse_closed(recipient: Recipient) -> None:
    """Raise RecipientUnfit if nothing is paid to the recipient any more."""
    if recipient.status == RecipientStatus.CLOSED:
        raise RecipientUnfit(f"Recipient {recipient.pk} was closed; make another.", field="/recipient")


def locked_transfer(context: Context, transfer: str, *, at: str = "/transfer") -> Transfer:
    """The locked transfer, which is the caller's own unless an operator or the system asks."""
    found: Transfer = context.locked[Transfer, transfer]  # type: ignore[assignment]
    if context.actor.book_id not in {None, found.book_id}:
        raise TransferNotFound(f"There is no transfer {transfer}.", field=at)
    return found
