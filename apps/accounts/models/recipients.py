"""Recipients: where payouts of a tenant go."""

import json
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import RETURN_VALUE, FSMField, transition

from apps.accounts.models.customers import Customer
from apps.accounts.models.tenants import Tenant
from apps.core.fields import EncryptedTextField, PrefixedIdField
from apps.core.state_machine import StateMachineModel


class RecipientKind(models.TextChoices):
    BANK_ACCOUNT = "bank_account", _("Bank account")
    CRYPTO_ADDRESS = "crypto_address", _("Crypto address")
    CARD = "card", _("Card")


class RecipientStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    CLOSED = "closed", _("Closed")


class Verification(models.TextChoices):
    """What is known of whether the account is the named one's. Of a version: another is unverified again."""

    UNVERIFIED = "unverified", _("Unverified")
    PENDING = "pending", _("Being checked")
    MATCH = "match", _("Match")
    PARTIAL = "partial", _("Partial match")
    NO_MATCH = "no_match", _("No match")
    NOT_POSSIBLE = "not_possible", _("Not possible to check")
    EXPIRED = "expired", _("Check expired")


ANSWERS = (Verification.MATCH, Verification.PARTIAL, Verification.NO_MATCH, Verification.NOT_POSSIBLE)
"""What a check can find. That it is not possible is not a no."""

CHECKED_AGAIN = (Verification.MATCH, Verification.PARTIAL, Verification.NOT_POSSIBLE)
"""What counts for some days only; a no stays one until somebody asks again, or changes the recipient."""


AGAIN_AFTER = timedelta(days=settings.RECIPIENT_VERIFY_AGAIN_DAYS)
"""How long it counts."""

VERIFICATION = (
    "verification",
    "verified_at",
    "verify_again_at",
    "check_id",
    "next_check_at",
    "check_tries",
)
"""The fields that say how the verification stands."""


class Method(models.TextChoices):
    PROVIDER = "provider", _("Provider")
    MICRO_DEPOSIT = "micro_deposit", _("Micro-deposits")
    OPERATOR = "operator", _("Operator")


class Recipient(StateMachineModel):
    """Who is paid, and where. `details` is JSON by kind, encrypted, as `destinations` spells it.

    `display` is what people recognise of it. Another name or other details are a new `version`, which an approval
    names, made at `changed_at`.

    `check_id` is the open check by a provider, due at `next_check_at`: it is the id of the RecipientVerification that
    its answer will be. While one is open again, `verification` stays what was found last.
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
    verification = FSMField(
        default=Verification.UNVERIFIED, choices=Verification.choices, protected=True, max_length=12
    )
    verified_at = models.DateTimeField(null=True)
    verify_again_at = models.DateTimeField(null=True)
    check_id = PrefixedIdField(prefix="rvf", null=True)
    next_check_at = models.DateTimeField(null=True)
    check_tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(verification__in=Verification.values), name="recipient_verification_known"
            ),
            models.CheckConstraint(
                condition=models.Q(check_id__isnull=True, next_check_at__isnull=True)
                | models.Q(check_id__isnull=False, next_check_at__isnull=False, status="active"),
                name="recipient_check_is_due",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    verification__in=[Verification.UNVERIFIED, Verification.PENDING], verified_at__isnull=True
                )
                | models.Q(verification__in=[*ANSWERS, Verification.EXPIRED], verified_at__isnull=False),
                name="recipient_verified_at_some_time",
            ),
            models.CheckConstraint(
                condition=models.Q(verify_again_at__isnull=True)
                | models.Q(verification__in=CHECKED_AGAIN, status="active"),
                name="recipient_verified_for_a_time",
            ),
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
            models.Index(fields=["verification", "-id"], name="recipient_by_verification"),
            models.Index(
                fields=["next_check_at"],
                condition=models.Q(next_check_at__isnull=False),
                name="recipient_check_due",
            ),
            models.Index(
                fields=["verify_again_at"],
                condition=models.Q(verify_again_at__isnull=False),
                name="recipient_verification_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.display}"

    @property
    def where(self) -> dict[str, str]:
        """The details in the clear, for a provider alone."""
        found: dict[str, str] = json.loads(self.details)
        return found

    def open_check(self, check: str, now: datetime) -> None:
        """Have a provider asked, of this version; what was found too long ago counts no more."""
        if self.verify_again_at and self.verify_again_at <= now:
            self.expire()
        if self.verification == Verification.UNVERIFIED:
            self.await_answer()
        self.check_id, self.next_check_at, self.check_tries = check, now, 0

    def end_check(self) -> None:
        """Nobody is asked any more; an answer that still comes does not count."""
        self.check_id, self.next_check_at, self.check_tries = None, None, 0

    @transition(field=verification, source=Verification.UNVERIFIED, target=Verification.PENDING)
    def await_answer(self) -> None:
        """Nothing is known of this version, and somebody was asked."""

    @transition(
        field=verification,
        source=[Verification.PENDING, Verification.EXPIRED, *ANSWERS],
        target=RETURN_VALUE(*ANSWERS),
    )
    def answer(self, result: Verification, *, now: datetime) -> Verification:
        """What a check found, whatever was found before."""
        self.verified_at = now
        self.verify_again_at = now + AGAIN_AFTER if result in CHECKED_AGAIN else None
        self.end_check()
        return result

    @transition(field=verification, source=CHECKED_AGAIN, target=Verification.EXPIRED)
    def expire(self) -> None:
        """What was found is too old to count."""
        self.verify_again_at = None

    @transition(
        field=verification,
        source=[Verification.PENDING, Verification.EXPIRED, *ANSWERS],
        target=Verification.UNVERIFIED,
    )
    def forget(self) -> None:
        """What was found no longer counts: it is another version, or an operator says so."""
        self.verified_at = self.verify_again_at = None
        self.end_check()


class RecipientVerification(models.Model):
    """What a check of one version of a recipient found, or that an operator took that back. Written once.

    `why` says it in words, `code` in a stable one; `told` is the name that the account has, where the provider says it.
    """

    id = PrefixedIdField(prefix="rvf", primary_key=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="verifications")
    version = models.PositiveIntegerField()
    method = models.CharField(max_length=20, choices=Method.choices)
    result = models.CharField(max_length=12, choices=Verification.choices)
    code = models.CharField(max_length=60)
    why = models.CharField(max_length=500)
    told = EncryptedTextField(blank=True)
    provider = models.CharField(max_length=40, blank=True)
    recorded_by = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(method="operator", result="unverified")
                | models.Q(method__in=["provider", "micro_deposit"], result__in=ANSWERS),
                name="verification_result_of_its_method",
            ),
            models.CheckConstraint(
                condition=~models.Q(code="") & ~models.Q(why=""), name="verification_says_why"
            ),
        ]
        indexes = [models.Index(fields=["recipient", "-id"], name="verification_by_recipient")]

    def __str__(self) -> str:
        return f"{self.recipient_id} v{self.version}: {self.result}"
