"""Tenants, the queue in which they are provisioned, and their teams."""

from datetime import datetime

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from apps.accounts.models.people import User
from apps.core.fields import EncryptedTextField, PrefixedIdField
from apps.core.state_machine import StateMachineModel
from apps.operations.models import Book


class TenantStatus(models.TextChoices):
    PROVISIONING = "provisioning", _("Provisioning")
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    CLOSED = "closed", _("Closed")


class Milestone(models.TextChoices):
    """What of a transfer may be told by mail."""

    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Failed")
    RETURNED = "returned", _("Returned")
    IN_REVIEW = "in_review", _("Being looked at")


def mailed_at_first() -> list[str]:
    """What a new tenant's team is told: all that is not as it should be."""
    return [Milestone.FAILED.value, Milestone.RETURNED.value, Milestone.IN_REVIEW.value]


class Tenant(StateMachineModel):
    """A business on the platform, with a book of its own.

    Its test environment is a tenant of its own, whose `test_of` is the live one: profile and team are those of the
    live tenant. `requests_per_minute` is what each of its API keys may ask; `mail_about` are the milestones of transfers
    of which its team is told by mail.
    """

    id = PrefixedIdField(prefix="ten", primary_key=True)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    legal_name = models.CharField(max_length=200, blank=True)
    registration_number = models.CharField(max_length=60, blank=True)
    country = models.CharField(max_length=2, blank=True)
    website = models.CharField(max_length=200, blank=True)
    status = FSMField(
        default=TenantStatus.PROVISIONING, choices=TenantStatus.choices, protected=True, max_length=20
    )
    base_currency = models.CharField(max_length=5)
    time_zone = models.CharField(max_length=60, default="UTC")
    requests_per_minute = models.PositiveIntegerField(default=600)
    mail_about = models.JSONField(default=mailed_at_first)
    test_of = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, editable=False, related_name="test_tenant"
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=TenantStatus.values), name="tenant_status_known"
            )
        ]
        indexes = [models.Index(fields=["status", "id"], name="tenant_by_status")]

    def __str__(self) -> str:
        return self.name

    @property
    def book(self) -> Book:
        """The tenant's books."""
        return Book.objects.get(tenant_id=self.id)

    @property
    def live(self) -> "Tenant":
        """The live tenant, which has the profile and the team."""
        return self.test_of or self

    @transition(field=status, source=TenantStatus.PROVISIONING, target=TenantStatus.ACTIVE)
    def activate(self) -> None:
        """Its book stands."""

    @transition(field=status, source=TenantStatus.PROVISIONING, target=TenantStatus.CLOSED)
    def abandon(self) -> None:
        """It never came to be."""

    @transition(field=status, source=TenantStatus.ACTIVE, target=TenantStatus.SUSPENDED)
    def suspend(self) -> None:
        """Nothing of it transacts until it is resumed."""

    @transition(field=status, source=TenantStatus.SUSPENDED, target=TenantStatus.ACTIVE)
    def resume(self) -> None:
        """It transacts again."""

    @transition(
        field=status, source=[TenantStatus.ACTIVE, TenantStatus.SUSPENDED], target=TenantStatus.CLOSED
    )
    def close(self) -> None:
        """It is gone for good; its books stay."""


class ProvisioningStatus(models.TextChoices):
    QUEUED = "queued", _("Queued")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    ABANDONED = "abandoned", _("Given up")


class Provisioning(models.Model):
    """A tenant whose book, accounts and first owner are still to be made. Leases are the worker's."""

    id = PrefixedIdField(prefix="pvg", primary_key=True)
    tenant = models.OneToOneField(Tenant, on_delete=models.PROTECT, related_name="provisioning")
    owner_email = EncryptedTextField(blank=True)
    status = models.CharField(
        max_length=10, choices=ProvisioningStatus.choices, default=ProvisioningStatus.QUEUED
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=ProvisioningStatus.values), name="provisioning_status_known"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=models.Q(status="queued"),
                name="provisioning_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.status}"


class TeamRole(models.TextChoices):
    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    DEVELOPER = "developer", _("Developer")
    FINANCE = "finance", _("Finance")
    VIEWER = "viewer", _("Viewer")


class Membership(models.Model):
    """A person in a tenant's team; of the live tenant, and so of its test tenant too."""

    id = PrefixedIdField(prefix="mem", primary_key=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=TeamRole.choices)
    joined_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user"], name="membership_once"),
            models.CheckConstraint(
                condition=models.Q(role__in=TeamRole.values), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"


class Invitation(models.Model):
    """An e-mail address that is asked into a team. Its link is signed and follows from its id: nothing is stored.

    A worker mails it; `next_attempt_at` is when it does so, or looks again, and empty once it was sent.
    """

    id = PrefixedIdField(prefix="inv", primary_key=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=TeamRole.choices)
    invited_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    next_attempt_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(next_attempt_at__isnull=False),
                name="invitation_to_be_sent",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                "tenant",
                Lower("email"),
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="invitation_once_while_open",
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=TeamRole.values), name="invitation_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.role})"

    def is_open(self, now: datetime) -> bool:
        """Whether it can still be accepted."""
        return self.accepted_at is None and self.revoked_at is None and now < self.expires_at
