"""What of a pay-in went back to whoever paid."""

from django.db.models import Sum

from apps.core.money import Money
from apps.operations import isolation
from apps.transfers.arrivals import Chargeback, Deposit
from apps.transfers.models import Status, Transfer

GAVE_NOTHING_BACK = (Status.COMPENSATED, Status.FAILED, Status.CANCELLED, Status.EXPIRED)


def refunded(pay_in: Transfer) -> Money:
    """What refunds give back, also those under way, less what came back of them."""
    given = Transfer.objects.filter(refund_of=pay_in).exclude(status__in=GAVE_NOTHING_BACK)
    gone = given.aggregate(sum=Sum("amount") - Sum("returned"))["sum"]
    return Money(int(gone or 0), pay_in.currency)


def charged_back(pay_in: Transfer) -> Money:
    """What its provider took back of the deposit, also what the wallet is still to be debited with."""
    deposit = Deposit.objects.filter(transfer=pay_in).first()
    if deposit is None:
        return Money.zero(pay_in.currency)
    with isolation.as_platform():  # chargebacks are the platform's, the deposit is the caller's
        waits = sum(each.amount for each in Chargeback.open_of(deposit))
    return Money(deposit.charged_back + waits, pay_in.currency)
