"""What is in escrow: what was put there, less what was released of it."""

from typing import Any

from django.db.models import ExpressionWrapper, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from apps.core.fields import MinorUnitsField
from apps.core.money import Money
from apps.transfers.models import Kind, Status, Transfer

_OUT: Any = Coalesce(
    Sum("releases__amount", filter=Q(releases__status=Status.COMPLETED)),
    Value(0, output_field=MinorUnitsField()),
)


def address_of(hold: Transfer) -> str:
    """Where the money of an escrow stands in its book: each has an account of its own."""
    return f"escrow:{hold.pk}"


def left_in(hold: Transfer) -> Money:
    """What is still in an escrow: nothing, if that was taken back."""
    if hold.status != Status.COMPLETED:
        return Money.zero(hold.currency)
    given = hold.releases.filter(status=Status.COMPLETED).aggregate(sum=Sum("amount"))["sum"]
    return hold.money - Money(int(given or 0), hold.currency)


def open_escrows(wallet: str) -> QuerySet[Transfer]:
    """Those of a wallet's money in which something is left, as `left` in minor units; the newest first."""
    holds = Transfer.objects.filter(source_wallet=wallet, kind=Kind.ESCROW_HOLD, status=Status.COMPLETED)
    left = ExpressionWrapper(F("amount") - _OUT, output_field=MinorUnitsField())
    found: QuerySet[Transfer] = holds.annotate(left=left).filter(left__gt=0).order_by("-id")
    return found


def in_escrow(wallet: str, currency: str) -> Money:
    """What of a wallet's money is in escrow, all together."""
    left = open_escrows(wallet).aggregate(sum=Sum("left"))["sum"]
    return Money(int(left or 0), currency)
