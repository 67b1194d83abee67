"""What of a pay-in went back to whoever paid."""

from django.db.models import Sum

from apps.core.money import Money
from apps.transfers.arrivals import Deposit
from apps.transfers.models import Status, Transfer

GAVE_NOTHING_BACK = (Status.COMPENSATED, Status.FAILED, Status.CANCELLED, Status.EXPIRED)


def refunded(pay_in: Transfer) -> Money:
    """What refunds give back, also those under way, less what came back of them."""
    given = Transfer.objects.filter(refund_of=pay_in).exclude(status__in=GAVE_NOTHING_BACK)
    gone = given.aggregate(sum=Sum("amount") - Sum("returned"))["sum"]
    return Money(int(gone or 0), pay_in.currency)


def charged_back(pay_in: Transfer) -> Money:
    """What its provider took back of the deposit, and the wallet was debited with."""
    found = Deposit.objects.filter(transfer=pay_in).values_list("charged_back", flat=True).first()
    return Money(int(found or 0), pay_in.currency)
