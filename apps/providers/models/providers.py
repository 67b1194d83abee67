"""Providers: what they can do, what they cost, and how they are."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.fields import EncryptedTextField, PrefixedIdField

STRIPE_TEST = ("sk_test_", "rk_test_")
"""What Stripe's keys begin with that move no real money: Stripe itself holds them to that, and the sandbox takes no others."""

FILE_ADAPTERS = frozenset({"bankfile", "ach"})
"""The adapters whose payments leave in files."""

PAYS_TO = {
    "bankfile": frozenset({"bank_account"}),
    "ach": frozenset({"bank_account"}),
    "stripe": frozenset({"card"}),
}
"""To which kinds of recipients an adapter can pay; those that are not here, to any."""


class Circuit(models.TextChoices):
    CLOSED = "closed", _("Closed: it is asked")
    OPEN = "open", _("Open: it is left alone")
    HALF_OPEN = "half_open", _("Half open: it is tried")


class Provider(models.Model):
    """An outside system that executes, reached through an adapter. What it can do are empty lists for anything.

    `limits` are by currency `{"smallest", "largest"}`, `cost` is `{"basis_points", "fixed": {currency: amount}}`,
    `low_balance` by currency what it should have at least; amounts are decimal strings.
    """

    id = PrefixedIdField(prefix="pvd", primary_key=True)
    name = models.SlugField(max_length=40, unique=True)
    title = models.CharField(max_length=80)
    adapter = models.CharField(max_length=40)
    base_url = models.CharField(max_length=300)
    secret = EncryptedTextField(blank=True)
    webhook_secret = EncryptedTextField(blank=True)
    options = models.JSONField(default=dict)
    enabled = models.BooleanField(default=True)
    locked_because = models.CharField(max_length=300, blank=True)
    priority = models.PositiveSmallIntegerField(default=100)
    kinds = ArrayField(models.CharField(max_length=20), default=list)
    currencies = ArrayField(models.CharField(max_length=5), default=list)
    countries = ArrayField(models.CharField(max_length=2), default=list)
    limits = models.JSONField(default=dict)
    cost = models.JSONField(default=dict)
    low_balance = models.JSONField(default=dict)
    cut_off = models.TimeField(null=True)
    time_zone = models.CharField(max_length=60, default="UTC")
    business_days = models.BooleanField(default=False)
    expected_seconds = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.title

    @property
    def is_play(self) -> bool:
        """Whether it moves no real money, so that test environments may use it."""
        if self.adapter == "stripe":
            return bool(self.secret.startswith(STRIPE_TEST))
        return self.adapter == "sandbox" or (self.makes_files and self.options.get("play") is True)

    @property
    def makes_files(self) -> bool:
        """Whether its payments leave in files, at its cut-offs."""
        return self.adapter in FILE_ADAPTERS

    def pays_to(self, recipient_kind: str) -> bool:
        """Whether it can pay to such a recipient."""
        return self.adapter not in PAYS_TO or recipient_kind in PAYS_TO[self.adapter]

    @property
    def account(self) -> str:
        """The address, in every book, of what the provider has of that book's money."""
        return f"provider:{self.name}"


class ProviderHealth(models.Model):
    """How a provider is, as calls tell: machinery, written without a command.

    `balances` are decimal strings by currency, `low` of those below what should be there `{"since", "least", "because"}`.
    """

    provider = models.OneToOneField(
        Provider, on_delete=models.PROTECT, primary_key=True, related_name="health"
    )
    circuit = models.CharField(max_length=10, choices=Circuit.choices, default=Circuit.CLOSED)
    failures = models.PositiveIntegerField(default=0, help_text=_("In a row."))
    opened_at = models.DateTimeField(null=True)
    probe_at = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)
    last_failure_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    balances = models.JSONField(default=dict)
    balances_at = models.DateTimeField(null=True)
    low = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(circuit__in=Circuit.values), name="provider_circuit_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider_id}: {self.circuit}"


class RoutingRule(models.Model):
    """Where transfers of which all conditions hold go: to these providers, in this order, and to no other.

    `conditions` is a list of `{"fact", "op", "value"}` like an approval policy's. The first rule by place counts.
    """

    name = models.CharField(max_length=120, primary_key=True)
    place = models.PositiveSmallIntegerField(default=100)
    conditions = models.JSONField(default=list)
    providers = ArrayField(models.SlugField(max_length=40))
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["place", "name"]

    def __str__(self) -> str:
        return self.name
