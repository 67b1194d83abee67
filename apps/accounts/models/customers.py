"""Customers of tenants, and wallets: what a tenant or its customer has in one currency."""

from django.db import models
from django.db.models.functions import Cast, Right
from django.utils.translation import gettext_lazy as _

from apps.accounts.deposit_references import reference_of
from apps.accounts.models.tenants import Tenant
from apps.core.fields import EncryptedTextField, MinorUnitsField, PrefixedIdField
from apps.core.money import Money
from apps.ledger.models import Account
from apps.operations.models import Book


class CustomerKind(models.TextChoices):
    PERSON = "person", _("Person")
    BUSINESS = "business", _("Business")


class CustomerStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    CLOSED = "closed", _("Closed")


class Customer(models.Model):
    """Whom a tenant serves. `external_id` is the tenant's own name for them, unique with the tenant."""

    id = PrefixedIdField(prefix="cus", primary_key=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="customers")
    kind = models.CharField(max_length=10, choices=CustomerKind.choices)
    name = models.CharField(max_length=200)
    email = EncryptedTextField(blank=True)
    external_id = models.CharField(max_length=120, blank=True, db_collation="C")
    metadata = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=CustomerStatus.choices, default=CustomerStatus.ACTIVE)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "external_id"],
                condition=~models.Q(external_id=""),
                name="customer_external_id_once",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=CustomerKind.values), name="customer_kind_known"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=CustomerStatus.values), name="customer_status_known"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-id"], name="customer_by_tenant"),
            models.Index(
                fields=["external_id", "-id"],
                condition=~models.Q(external_id=""),
                name="customer_by_external_id",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class WalletCategory(models.TextChoices):
    BANKING = "banking", _("Banking")
    INVESTING = "investing", _("Investing")
    DEFI = "defi", _("DeFi")


class WalletStatus(models.TextChoices):
    OPEN = "open", _("Open")
    CLOSED = "closed", _("Closed")


class WalletAddresses:
    """The accounts of a wallet by address."""

    __slots__ = ()
    id: str

    @property
    def available(self) -> str:
        """The address of what may be spent."""
        return f"wallet:{self.id}:available"

    @property
    def held(self) -> str:
        """The address of what is reserved."""
        return f"wallet:{self.id}:held"

    @property
    def owed(self) -> str:
        """The address of what an involuntary debit could not take."""
        return f"wallet:{self.id}:owed"


WALLET_TAIL = Right(Cast("id", models.TextField()), 16)
"""The part of a wallet's id of which its deposit reference is made (`deposit_references.tail_of`)."""


class Wallet(WalletAddresses, models.Model):
    """What a tenant, or a customer of its, has in one currency: three accounts of the tenant's book.

    Everything but the name, the purpose, the metadata, the status and what is watched of it is as it was made, so it may
    be kept in memory. `is_low` says what was told last, not what is available now.
    """

    id = PrefixedIdField(prefix="wal", primary_key=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="wallets")
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="wallets")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="wallets")
    currency = models.CharField(max_length=5)
    available_account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="+")
    held_account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="+")
    owed_account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=60, blank=True)
    category = models.CharField(max_length=10, choices=WalletCategory.choices, default=WalletCategory.BANKING)
    name = models.CharField(max_length=120, blank=True)
    external_id = models.CharField(max_length=120, blank=True, db_collation="C")
    metadata = models.JSONField(default=dict)
    low_balance = MinorUnitsField(
        null=True, help_text=_("Its tenant is told when less than this is available; empty is not watched.")
    )
    is_low = models.BooleanField(default=False)
    low_since = models.DateTimeField(null=True)
    status = models.CharField(max_length=10, choices=WalletStatus.choices, default=WalletStatus.OPEN)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "external_id"],
                condition=~models.Q(external_id=""),
                name="wallet_external_id_once",
            ),
            models.UniqueConstraint(WALLET_TAIL, name="wallet_deposit_reference_once"),
            models.CheckConstraint(
                condition=models.Q(category__in=WalletCategory.values), name="wallet_category_known"
            ),
            models.CheckConstraint(
                condition=models.Q(status="open", closed_at__isnull=True)
                | models.Q(status="closed", closed_at__isnull=False),
                name="wallet_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(low_balance__isnull=True) | models.Q(low_balance__gt=0),
                name="wallet_low_balance_positive",
            ),
            models.CheckConstraint(
                condition=models.Q(is_low=False, low_since__isnull=True)
                | models.Q(is_low=True, low_since__isnull=False, low_balance__isnull=False, status="open"),
                name="wallet_low_is_watched",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-id"], name="wallet_by_tenant"),
            models.Index(fields=["customer", "-id"], name="wallet_by_customer"),
            models.Index(
                fields=["external_id", "-id"],
                condition=~models.Q(external_id=""),
                name="wallet_by_external_id",
            ),
            models.Index(
                fields=["id"],
                condition=models.Q(low_balance__isnull=False, status="open"),
                name="wallet_watched",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.id

    @property
    def deposit_reference(self) -> str:
        """What is written on a bank transfer so that it finds the wallet."""
        return reference_of(self.id)

    @property
    def low_money(self) -> Money | None:
        """What should be available at least; None if it is not watched."""
        return None if self.low_balance is None else Money(int(self.low_balance), self.currency)
