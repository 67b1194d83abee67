"""Two small amounts that were paid to a recipient, which whoever has the account can tell."""

import json
from collections.abc import Collection
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Recipient
from apps.core.fields import EncryptedTextField, PrefixedIdField
from apps.core.money import Money
from apps.operations.models import Book

TRIES: Final = 3


class MicroDepositsStatus(models.TextChoices):
    SENT = "sent", _("Sent")
    PROVEN = "proven", _("Proven")
    FAILED = "failed", _("Told wrongly")
    EXPIRED = "expired", _("Expired")


class MicroDeposits(models.Model):
    """What one version of a recipient was paid so that somebody can prove to have the account.

    The book is that of the recipient's tenant, who must not learn the amounts: they are encrypted here, and stand else in
    the book of the wallet that paid them alone.
    """

    id = PrefixedIdField(prefix="mdp", primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    recipient = models.ForeignKey(
        Recipient, on_delete=models.PROTECT, related_name="micro_deposits", db_index=False
    )
    version = models.PositiveIntegerField()
    currency = models.CharField(max_length=5)
    amounts = EncryptedTextField()
    transfers = models.JSONField()
    status = models.CharField(
        max_length=10, choices=MicroDepositsStatus.choices, default=MicroDepositsStatus.SENT
    )
    tries = models.PositiveSmallIntegerField(default=0)
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "micro deposits"
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "version"],
                condition=models.Q(status="sent"),
                name="micro_deposits_open_once",
            ),
            models.CheckConstraint(
                condition=models.Q(status="sent", ended_at__isnull=True)
                | models.Q(status__in=["proven", "failed", "expired"], ended_at__isnull=False),
                name="micro_deposits_end_or_do_not",
            ),
            models.CheckConstraint(condition=models.Q(tries__lte=TRIES), name="micro_deposits_few_tries"),
        ]
        indexes = [
            models.Index(fields=["recipient", "-id"], name="micro_deposits_by_recipient"),
            models.Index(fields=["book", "requested_at"], name="micro_deposits_by_book"),
            models.Index(
                fields=["expires_at"], condition=models.Q(status="sent"), name="micro_deposits_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient_id} v{self.version}: {self.status}"

    @property
    def left(self) -> int:
        """How often the amounts may still be told."""
        return TRIES - self.tries if self.status == MicroDepositsStatus.SENT else 0

    def are(self, told: Collection[Money]) -> bool:
        """Whether these are the amounts, in any order."""
        paid = [Money(minor, self.currency) for minor in json.loads(self.amounts)]
        return sorted(told, key=_by_size) == sorted(paid, key=_by_size)


def _by_size(amount: Money) -> tuple[str, int]:
    return amount.currency, amount.minor
