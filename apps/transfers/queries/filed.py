"""Transfers whose provider is a bank that takes files: the payment that waits for one, or is in one."""

from apps.providers.models import RailPayment
from apps.transfers.models import Transfer


def filed(transfer: Transfer) -> RailPayment | None:
    """The payment of the submission that counts; None where there is none, and of other providers."""
    if transfer.attempt_id is None:
        return None
    mine = RailPayment.objects.filter(provider__name=transfer.provider, reference=transfer.submission)
    return mine.first()
