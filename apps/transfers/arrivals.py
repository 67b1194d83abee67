"""Money that came to our accounts: the numbers it is sent to, whose it is, and what became of it."""

from datetime import datetime
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Wallet
from apps.core.fields import MinorUnitsField, PrefixedIdField
from apps.core.money import Money
from apps.operations.models import Book
from apps.providers.models import InboundMessage, Provider


class NumberStatus(models.TextChoices):
    REQUESTED = "requested", _("Requested")
    ACTIVE = "active", _("Active")


class VirtualAccount(models.Model):
    """A number of a provider's under which deposits are a wallet's. A worker asks the provider for it.

    `tries`, `next_attempt_at` and `failure` are the asking's: machinery, written without a command.
    """

    id = PrefixedIdField(prefix="vac", primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, related_name="virtual_accounts", db_index=False
    )
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.CharField(max_length=60, blank=True, db_collation="C")
    status = models.CharField(max_length=10, choices=NumberStatus.choices, default=NumberStatus.REQUESTED)
    tries = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=300, blank=True)
    requested_at = models.DateTimeField()
    active_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["wallet", "provider"], name="virtual_account_once"),
            models.UniqueConstraint(
                fields=["provider", "number"],
                condition=~models.Q(number=""),
                name="virtual_account_number_once",
            ),
            models.CheckConstraint(
                condition=models.Q(status="requested", number="", next_attempt_at__isnull=False)
                | (models.Q(status="active", next_attempt_at__isnull=True) & ~models.Q(number="")),
                name="virtual_account_is_asked_for_or_known",
            ),
        ]
        indexes = [
            models.Index(fields=["book", "-id"], name="virtual_account_by_book"),
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(next_attempt_at__isnull=False),
                name="virtual_account_due",
            ),
        ]

    def __str__(self) -> str:
        return self.number or self.id


class DepositStatus(models.TextChoices):
    RECEIVED = "received", _("Received")
    CREDITED = "credited", _("Credited")
    OPEN = "open", _("In suspense")
    ASSIGNED = "assigned", _("Assigned")
    RETURNING = "returning", _("To be sent back")
    RETURNED = "returned", _("Sent back")


IN_SUSPENSE: Final = (DepositStatus.OPEN, DepositStatus.RETURNING)
"""Money that is with us and nobody's."""
CREDITED: Final = (DepositStatus.CREDITED, DepositStatus.ASSIGNED)
"""Money that a wallet has."""


class Deposit(models.Model):
    """Money that a provider says came to our account, once for each of its references, with the stages that it passed.

    It is credited to the wallet that it names, or stands in suspense (`entry_id`, in the platform's book) until a person
    assigns it, or sends it back (`return_reference`, the bank's name for that, and `returned_by`). `book` is of whose it
    is, null while that is not known. `matched_by` says what told the wallet, `why` what speaks against crediting it.
    `charged_back` is what of it the provider took back and the wallet was debited with. Its `message` told of it, unless it
    is what came back of a `payout` whose wallet was closed meanwhile.
    """

    id = PrefixedIdField(prefix="dep", primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+", db_index=False)
    reference = models.CharField(max_length=120, db_collation="C")
    message = models.ForeignKey(
        InboundMessage, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    payout = models.ForeignKey(
        "transfers.Transfer", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    amount = MinorUnitsField()
    currency = models.CharField(max_length=5)
    virtual_account = models.CharField(max_length=60, blank=True)
    remittance = models.CharField(max_length=200, blank=True)
    remitter = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=10, choices=DepositStatus.choices)
    wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, null=True, related_name="deposits", db_index=False
    )
    transfer = models.OneToOneField(
        "transfers.Transfer", on_delete=models.PROTECT, null=True, related_name="deposit"
    )
    entry_id = PrefixedIdField(prefix="je", null=True, editable=False)
    matched_by = models.CharField(max_length=20, blank=True)
    why = models.CharField(max_length=500, blank=True)
    received_at = models.DateTimeField()
    verified_at = models.DateTimeField()
    matched_at = models.DateTimeField(null=True)
    credited_at = models.DateTimeField(null=True)
    available_at = models.DateTimeField(null=True)
    charged_back = MinorUnitsField(default=0)
    returned_at = models.DateTimeField(null=True)
    returned_by = models.CharField(max_length=200, blank=True)
    return_reference = models.CharField(max_length=120, blank=True, db_collation="C")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "reference"], name="deposit_reference_once"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="deposit_is_something"),
            models.CheckConstraint(
                condition=models.Q(message__isnull=False, payout__isnull=True)
                | models.Q(message__isnull=True, payout__isnull=False),
                name="deposit_was_told_or_came_back",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=DepositStatus.values), name="deposit_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    status__in=["credited", "assigned"],
                    transfer__isnull=False,
                    book__isnull=False,
                    wallet__isnull=False,
                    credited_at__isnull=False,
                )
                | (
                    models.Q(transfer__isnull=True, credited_at__isnull=True)
                    & ~models.Q(status__in=["credited", "assigned"])
                ),
                name="deposit_is_credited_or_not",
            ),
            models.CheckConstraint(
                condition=models.Q(entry_id__isnull=False)
                | ~models.Q(status__in=["open", "assigned", "returning", "returned"]),
                name="deposit_in_suspense_is_posted",
            ),
            models.CheckConstraint(
                condition=models.Q(charged_back=0)
                | models.Q(
                    status__in=["credited", "assigned"],
                    charged_back__gt=0,
                    charged_back__lte=models.F("amount"),
                ),
                name="deposit_charged_back_is_a_part",
            ),
            models.CheckConstraint(
                condition=(
                    models.Q(status="returned", returned_at__isnull=False)
                    & ~models.Q(returned_by="")
                    & ~models.Q(return_reference="")
                )
                | (
                    models.Q(returned_at__isnull=True, returned_by="", return_reference="")
                    & ~models.Q(status="returned")
                ),
                name="deposit_sent_back_says_how",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-id"], name="deposit_by_status"),
            models.Index(fields=["book", "-id"], name="deposit_by_book"),
            models.Index(fields=["wallet", "-id"], name="deposit_by_wallet"),
        ]

    def __str__(self) -> str:
        return f"{self.money} from {self.remitter or 'nobody named'}"

    @property
    def money(self) -> Money:
        """The amount with its currency."""
        return Money(self.amount, self.currency)

    @property
    def charged_back_money(self) -> Money:
        """What of it was charged back, with its currency."""
        return Money(self.charged_back, self.currency)

    @property
    def stages(self) -> list[tuple[str, datetime | None]]:
        """The stages in their order, each with when it was passed, or None."""
        names = ("received", "verified", "matched", "credited", "available")
        return [(name, getattr(self, f"{name}_at")) for name in names]


class ChargebackStatus(models.TextChoices):
    OPEN = "open", _("To be posted")
    POSTED = "posted", _("Posted")
    CLOSED = "closed", _("Closed")


class Chargeback(models.Model):
    """What a provider took back of a deposit. The wallet that has the deposit is debited by itself (`entry_id`), and owes
    what it no longer has. Where that is not plain, `note` says why until a person posts it, or closes it with a note.
    """

    id = PrefixedIdField(prefix="cbk", primary_key=True)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+", db_index=False)
    reference = models.CharField(max_length=120, db_collation="C")
    message = models.ForeignKey(InboundMessage, on_delete=models.PROTECT, related_name="+", db_index=False)
    deposit_reference = models.CharField(max_length=120, db_collation="C")
    amount = MinorUnitsField()
    currency = models.CharField(max_length=5)
    reason = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=10, choices=ChargebackStatus.choices, default=ChargebackStatus.OPEN)
    note = models.CharField(max_length=500, blank=True)
    entry_id = PrefixedIdField(prefix="je", null=True, editable=False)
    received_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "reference"], name="chargeback_reference_once"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="chargeback_is_something"),
            models.CheckConstraint(
                condition=models.Q(status="open", closed_at__isnull=True, entry_id__isnull=True)
                | models.Q(status="posted", closed_at__isnull=False, entry_id__isnull=False)
                | (models.Q(status="closed", closed_at__isnull=False) & ~models.Q(note="")),
                name="chargeback_closed_says_why",
            ),
        ]
        indexes = [models.Index(fields=["status", "-id"], name="chargeback_by_status")]

    def __str__(self) -> str:
        return f"{self.money} of {self.deposit_reference}"

    @property
    def money(self) -> Money:
        """The amount with its currency."""
        return Money(self.amount, self.currency)

    @classmethod
    def open_of(cls, deposit: Deposit) -> models.QuerySet["Chargeback"]:
        """Those of a deposit that are still to be posted."""
        return cls.objects.filter(
            provider_id=deposit.provider_id,
            deposit_reference=deposit.reference,
            status=ChargebackStatus.OPEN,
        )

    @property
    def deposit(self) -> Deposit | None:
        """What it takes back, once that is known to us."""
        return Deposit.objects.filter(provider_id=self.provider_id, reference=self.deposit_reference).first()
