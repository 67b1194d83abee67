"""Recipients: where payouts of a tenant go."""

import json

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models.customers import Customer
from apps.accounts.models.tenants import Tenant
from apps.core.fields import EncryptedTextField, PrefixedIdField


class RecipientKind(models.TextChoices):
    BANK_ACCOUNT = "bank_account", _("Bank account")
    CRYPTO_ADDRESS = "crypto_address", _("Crypto address")
    CARD = "card", _("Card")


class RecipientStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    CLOSED = "closed", _("Closed")


class Recipient(models.Model):
    """Who is paid, and where. `details` is JSON by kind, encrypted, as `destinations` spells it.

    `display` is what people recognise of it. Another name or other details are a new `version`, which an approval
    names, made at `changed_at`.
    """

    id = PrefixedIdField(prefix="rcp", primary_key=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="recipients")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="recipients")
    kind = models.CharField(max_length=20, choices=RecipientKind.choices)
    name = models.CharField(max_length=140)
    country = models.CharField(max_length=2, blank=True)
    currency = models.CharField(max_length=5)
    details = EncryptedTextField()
    display = models.CharField(max_length=60)
    bank_name = models.CharField(max_length=140, blank=True)
    bic = models.CharField(max_length=11, blank=True)
    external_id = models.CharField(max_length=120, blank=True, db_collation="C")
    metadata = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=10, choices=RecipientStatus.choices, default=RecipientStatus.ACTIVE)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "external_id"],
                condition=~models.Q(external_id=""),
                name="recipient_external_id_once",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=RecipientKind.values), name="recipient_kind_known"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=RecipientStatus.values), name="recipient_status_known"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-id"], name="recipient_by_tenant"),
            models.Index(fields=["customer", "-id"], name="recipient_by_customer"),
            models.Index(
                fields=["external_id", "-id"],
                condition=~models.Q(external_id=""),
                name="recipient_by_external_id",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.display}"

    @property
    def where(self) -> dict[str, str]:
        """The details in the clear, for a provider alone."""
        found: dict[str, str] = json.loads(self.details)
        return found
