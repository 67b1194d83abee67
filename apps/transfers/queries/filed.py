"""Transfers whose provider is a bank that takes files: the payment that waits for one, or is in one."""

from apps.providers.models import RailPayment
from apps.transfers.models import WITH_PROVIDER, Transfer


def filed(transfer: Transfer) -> RailPayment | None:
    """The payment of the submission that counts, while its outcome is open; None of other providers."""
    if transfer.attempt_id is None or transfer.status not in WITH_PROVIDER:
        return None
    mine = RailPayment.objects.filter(provider__name=transfer.provider, reference=transfer.submission)
    return mine.first()
