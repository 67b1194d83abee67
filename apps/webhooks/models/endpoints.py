"""Endpoints, the secrets and keys that sign for them, and how each is doing."""

import json

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.core.fields import EncryptedTextField, PrefixedIdField
from apps.operations.models import Book


class EndpointStatus(models.TextChoices):
    ENABLED = "enabled", _("Enabled")
    DISABLED = "disabled", _("Disabled")
    REMOVED = "removed", _("Removed")


class WhyDisabled(models.TextChoices):
    NONE = "", _("It is not")
    BY_HAND = "by_hand", _("Somebody disabled it")
    FAILING = "failing", _("Everything failed for a day")
    GONE = "gone", _("It answered 410 Gone")


class Trouble(models.TextChoices):
    """What people are to be told of an endpoint."""

    NONE = "", _("Nothing")
    FAILED = "failed", _("Messages have failed for good")
    FAILING = "failing", _("Everything failed for a day")
    GONE = "gone", _("It answered 410 Gone")


class Endpoint(models.Model):
    """An address that is told of a tenant's events.

    `types` are names of events or, with `.*` at the end, all of a kind; none are all there are. `version` is the newest
    version of an event's payload that it understands. `headers` go with each message, and are secret. At most
    `most_at_once` messages are on their way to it, and `per_second` begun in a second, if that is set.
    """

    id = PrefixedIdField(prefix="whe", primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    is_test = models.BooleanField()
    url = models.CharField(max_length=500)
    description = models.CharField(max_length=200, blank=True)
    types = models.JSONField(default=list, blank=True)
    version = models.PositiveSmallIntegerField(default=1)
    headers_text = EncryptedTextField(default="{}")
    most_at_once = models.PositiveSmallIntegerField(default=8)
    per_second = models.PositiveSmallIntegerField(null=True)
    status = models.CharField(max_length=10, choices=EndpointStatus.choices, default=EndpointStatus.ENABLED)
    why_disabled = models.CharField(max_length=10, choices=WhyDisabled.choices, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    disabled_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["id", "book"], name="webhook_endpoint_of_book"),
            models.CheckConstraint(
                condition=models.Q(status__in=EndpointStatus.values), name="webhook_endpoint_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(status=EndpointStatus.DISABLED, disabled_at__isnull=False)
                | models.Q(~models.Q(status=EndpointStatus.DISABLED), why_disabled=""),
                name="webhook_endpoint_says_why",
            ),
            models.CheckConstraint(
                condition=models.Q(most_at_once__gt=0, most_at_once__lte=64), name="webhook_endpoint_at_once"
            ),
        ]
        indexes = [models.Index(fields=["book", "-id"], name="webhook_endpoint_by_book")]
        verbose_name = _("webhook endpoint")

    def __str__(self) -> str:
        return self.url

    @property
    def headers(self) -> dict[str, str]:
        """What goes with each message."""
        found: dict[str, str] = json.loads(self.headers_text)
        return found

    @headers.setter
    def headers(self, headers: dict[str, str]) -> None:
        self.headers_text = json.dumps(headers)


class EndpointSecret(models.Model):
    """What an endpoint verifies `v1` signatures with. After a rotation the old one signs beside the new until it ends."""

    id = PrefixedIdField(prefix="whs", primary_key=True)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="secrets")
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    secret = EncryptedTextField()
    created_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.pk)


class SigningKey(models.Model):
    """What signs all messages of a tenant as `v1a`; anybody may verify with the public half. One goes on without an end."""

    id = PrefixedIdField(prefix="whk", primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    private = EncryptedTextField()
    public = models.CharField(max_length=60)
    created_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.public


class Line(models.Model):
    """How an endpoint is doing, and which worker sends to it. Machinery, written without a command.

    Up to position `matched_through` the feed was looked through for it. `lease` fences: what a worker says that has lost it counts only
    where a message was accepted. While all fails, since `failing_since`, `paused_until` keeps the worker from trying. Enabled again, it
    is first told once more what has failed for good since `catch_up_since`.

    `trouble` is written down with the attempt that it follows from, and is there until the command has run that tells of it: whoever
    has died between the two, another finds it. `alarmed_at` is the last time that people were told of messages that failed.
    """

    endpoint = models.OneToOneField(Endpoint, on_delete=models.PROTECT, related_name="line", primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    matched_through = models.BigIntegerField()
    lease = models.BigIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    worker = models.CharField(max_length=80, blank=True)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)
    catch_up_since = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=10, choices=Trouble.choices, blank=True)
    troubled_at = models.DateTimeField(null=True)
    alarmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(trouble=Trouble.NONE, troubled_at__isnull=True)
                | models.Q(~models.Q(trouble=Trouble.NONE), troubled_at__isnull=False),
                name="webhook_line_troubled_since",
            )
        ]
        indexes = [
            models.Index(
                fields=["troubled_at"],
                condition=models.Q(troubled_at__isnull=False),
                name="webhook_line_troubled",
            )
        ]

    def __str__(self) -> str:
        return f"{self.endpoint_id} through {self.matched_through}"


class OwnerMail(models.Model):
    """A mail to one who looks after a tenant, that an endpoint was disabled. `next_attempt_at` is empty once it was sent or given up."""

    id = PrefixedIdField(prefix="wml", primary_key=True)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="+", db_index=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    why = models.CharField(max_length=10, choices=WhyDisabled.choices)
    disabled_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "user", "disabled_at"], name="webhook_owner_mail_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(next_attempt_at__isnull=False),
                name="webhook_owner_mail_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.endpoint_id} to {self.user_id}"
