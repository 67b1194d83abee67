"""Rolling reserves: a part of what arrives is kept back for some days, and then is free by itself."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.backends.signals import connection_created
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Wallet
from apps.core.fields import MinorUnitsField, PrefixedIdField
from apps.core.money import Money
from apps.operations import isolation
from apps.operations.models import Book

KEPT_SECONDS = 1
"""How long a process remembers which wallets keep something back."""


class ReserveStatus(models.TextChoices):
    HELD = "held", _("Held")
    RELEASED = "released", _("Released")


class ReservePolicy(models.Model):
    """What share of every pay-in of a wallet is kept back (`basis_points`, hundredths of a percent), and for how many days."""

    wallet = models.OneToOneField(Wallet, on_delete=models.PROTECT, primary_key=True, related_name="+")
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    basis_points = models.PositiveSmallIntegerField()
    days = models.PositiveSmallIntegerField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(basis_points__lte=10_000), name="reserve_policy_is_a_share"
            )
        ]

    def __str__(self) -> str:
        return f"{self.basis_points} bp, {self.days} days"

    def part_of(self, amount: Money) -> Money:
        """What is kept back of an amount: rounded down, so that never more than the share is."""
        return Money(amount.minor * self.basis_points // 10_000, amount.currency)


class RollingReserve(models.Model):
    """Money of a wallet that is kept back until a day."""

    id = PrefixedIdField(prefix="rsv", primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, related_name="rolling_reserves", db_index=False
    )
    transfer = models.ForeignKey(
        "transfers.Transfer", on_delete=models.PROTECT, null=True, related_name="reserves", db_index=False
    )
    amount = MinorUnitsField()
    currency = models.CharField(max_length=5)
    status = models.CharField(max_length=10, choices=ReserveStatus.choices, default=ReserveStatus.HELD)
    reason = models.CharField(max_length=500, blank=True)
    held_at = models.DateTimeField()
    release_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="rolling_reserve_is_something"),
            models.CheckConstraint(
                condition=models.Q(status="held", released_at__isnull=True)
                | models.Q(status="released", released_at__isnull=False),
                name="rolling_reserve_status_known",
            ),
        ]
        indexes = [
            models.Index(fields=["book", "-id"], name="rolling_reserve_by_book"),
            models.Index(fields=["wallet", "-id"], name="rolling_reserve_by_wallet"),
            models.Index(fields=["status", "-id"], name="rolling_reserve_by_status"),
            models.Index(
                fields=["release_at"], condition=models.Q(status="held"), name="rolling_reserve_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.money} until {self.release_at:%Y-%m-%d}"

    @property
    def money(self) -> Money:
        """The amount with its currency."""
        return Money(self.amount, self.currency)

    @property
    def account(self) -> str:
        """The address of what is kept back of the wallet."""
        return f"reserve:{self.wallet_id}"


@dataclass(slots=True)
class _Known:
    until: float = 0
    policies: Mapping[str, ReservePolicy] = field(default_factory=dict)


_known = _Known()


def policies() -> Mapping[str, ReservePolicy]:
    """By wallet what is kept back of its pay-ins, as the process remembers it."""
    if time.monotonic() > _known.until:
        with isolation.as_platform():
            found = ReservePolicy.objects.filter(basis_points__gt=0)
            _known.policies = {str(each.wallet_id): each for each in found}
        _known.until = time.monotonic() + KEPT_SECONDS
    return _known.policies


def forget(**_: Any) -> None:
    """Drop what is remembered."""
    _known.until = 0


connection_created.connect(forget, dispatch_uid="forget-reserve-policies")
