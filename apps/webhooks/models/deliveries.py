"""What is to be sent where, each attempt at it, and the seals that prove the attempts."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.fields import PrefixedIdField
from apps.operations.models import Book, Event, Operation
from apps.webhooks.models.endpoints import Endpoint


class DeliveryKind(models.TextChoices):
    EVENT = "event", _("Event")
    TEST = "test", _("Test")
    RAW = "raw", _("Sent by hand")


class DeliveryStatus(models.TextChoices):
    QUEUED = "queued", _("Behind another of its object")
    PENDING = "pending", _("To be sent")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed")


class Failure(models.TextChoices):
    NONE = "", _("Accepted")
    REFUSED = "refused", _("It answered with another status than 2xx")
    REDIRECT = "redirect", _("It redirected; messages are not sent on")
    TIMEOUT = "timeout", _("It did not answer in time")
    UNREACHABLE = "unreachable", _("No connection")
    UNRESOLVED = "unresolved", _("Its name has no address")
    TLS = "tls", _("Its certificate is not valid")
    FORBIDDEN = "forbidden", _("Its address is not a public one")
    BROKEN = "broken", _("The connection broke, or what came is no HTTP")


class Delivery(models.Model):
    """A message for an endpoint. One event has one delivery to an endpoint, however often it is sent.

    Deliveries with the same `subject` make a lane: what is `queued` waits until those before it, by position, were delivered or have
    failed. What is replayed (`runs` above zero), a test or sent by hand waits for nothing; if somebody waits for it, it `is_urgent`, goes
    first, and also to an endpoint that is left in peace. `delivered_at` is the first time that it was accepted, whatever came later.
    `acknowledged_in` is the operation by which somebody has said of one that failed that nothing is to be done.
    """

    id = PrefixedIdField(prefix="whd", primary_key=True)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="+", db_index=False)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=5, choices=DeliveryKind.choices, default=DeliveryKind.EVENT)
    message_id = models.CharField(max_length=60, blank=True)
    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="+", null=True, db_constraint=False, db_index=False
    )
    position = models.BigIntegerField(null=True)
    type = models.CharField(max_length=80)
    subject = models.CharField(max_length=60)
    body = models.TextField(blank=True)
    status = models.CharField(max_length=10, choices=DeliveryStatus.choices)
    runs = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    is_urgent = models.BooleanField(default=False)
    failure = models.CharField(max_length=12, choices=Failure.choices, blank=True)
    answered = models.PositiveSmallIntegerField(null=True)
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    acknowledged_in = models.ForeignKey(
        Operation, on_delete=models.PROTECT, related_name="+", null=True, db_constraint=False, db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="webhook_delivery_once"),
            models.CheckConstraint(
                condition=models.Q(status__in=DeliveryStatus.values), name="webhook_delivery_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(status=DeliveryStatus.PENDING, next_attempt_at__isnull=False)
                | models.Q(~models.Q(status=DeliveryStatus.PENDING), next_attempt_at__isnull=True),
                name="webhook_delivery_due_if_pending",
            ),
            models.CheckConstraint(
                condition=models.Q(is_urgent=False) | models.Q(status=DeliveryStatus.PENDING),
                name="webhook_delivery_urgent_if_pending",
            ),
            models.CheckConstraint(
                condition=models.Q(kind=DeliveryKind.EVENT, event__isnull=False, position__isnull=False)
                | models.Q(~models.Q(kind=DeliveryKind.EVENT), event__isnull=True, body__gt=""),
                name="webhook_delivery_has_a_message",
            ),
            models.CheckConstraint(
                condition=models.Q(acknowledged_in__isnull=True) | models.Q(status=DeliveryStatus.FAILED),
                name="webhook_delivery_acknowledged_if_failed",
            ),
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "next_attempt_at", "position"],
                condition=models.Q(next_attempt_at__isnull=False),
                name="webhook_delivery_due",
            ),
            models.Index(
                fields=["endpoint"], condition=models.Q(is_urgent=True), name="webhook_delivery_urgent"
            ),
            models.Index(
                fields=["endpoint", "subject", "position"],
                condition=models.Q(status__in=["queued", "pending"], runs=0),
                name="webhook_delivery_lane",
            ),
            models.Index(fields=["book", "-id"], name="webhook_delivery_by_book"),
            models.Index(fields=["endpoint", "-id"], name="webhook_delivery_by_endpoint"),
            models.Index(
                fields=["endpoint", "position"],
                condition=models.Q(delivered_at__isnull=True, position__isnull=False),
                name="webhook_delivery_missing",
            ),
        ]
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")

    def __str__(self) -> str:
        return f"{self.type} {self.subject}"

    @property
    def message(self) -> str:
        """The id of its message: the event's, or its own where it tells of none."""
        return str(self.event_id or self.message_id)


class Attempt(models.Model):
    """One time that a message was sent, or could not be. Insert-only, and sealed by the sequencer.

    Times are in milliseconds: until the head of the answer came, and until all was over. Of the message its SHA-256 is kept,
    for its bytes are made of the event again; of the answer at most 64 kB.
    """

    id = PrefixedIdField(prefix="wha", primary_key=True)
    delivery = models.ForeignKey(
        Delivery, on_delete=models.PROTECT, related_name="made", db_constraint=False, db_index=False
    )
    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    book = models.ForeignKey(
        Book, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    number = models.PositiveSmallIntegerField()
    run = models.PositiveSmallIntegerField()
    began_at = models.DateTimeField()
    url = models.CharField(max_length=500)
    request_headers = models.JSONField()
    body_sha256 = models.BinaryField(max_length=32)
    body_bytes = models.PositiveIntegerField()
    failure = models.CharField(max_length=12, choices=Failure.choices, blank=True)
    why = models.CharField(max_length=500, blank=True)
    address = models.CharField(max_length=60, blank=True)
    tls = models.JSONField(null=True)
    head_ms = models.PositiveIntegerField(null=True)
    took_ms = models.PositiveIntegerField()
    answered = models.PositiveSmallIntegerField(null=True)
    answer_headers = models.JSONField()
    answer = models.BinaryField(default=b"")
    is_cut = models.BooleanField(default=False)
    worker = models.CharField(max_length=80)
    ordinal = models.BigIntegerField(unique=True)

    class Meta:
        indexes = [
            models.Index(fields=["delivery", "id"], name="webhook_attempt_of_delivery"),
            models.Index(fields=["endpoint", "-id"], name="webhook_attempt_of_endpoint"),
        ]
        verbose_name = _("webhook attempt")

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.number}"


class AttemptSeal(models.Model):
    """The place of an attempt in its book, and the hash that chains it to the one before. Insert-only."""

    pk = models.CompositePrimaryKey("book_id", "position")
    book = models.ForeignKey(
        Book, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    position = models.BigIntegerField()
    attempt = models.OneToOneField(
        Attempt, on_delete=models.PROTECT, related_name="seal", db_constraint=False
    )
    ordinal = models.BigIntegerField(unique=True)
    hash = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.book_id}/{self.position}"


class ReplayWhat(models.TextChoices):
    MISSING = "missing", _("What was never accepted")
    FAILED = "failed", _("What has failed")
    ALL = "all", _("All, also what was accepted")


class Replay(models.Model):
    """A range of the feed that is sent again. The worker takes its deliveries up in order, some at a time, until `done_through`."""

    id = PrefixedIdField(prefix="whr", primary_key=True)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="+", db_index=False)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    after = models.BigIntegerField()
    through = models.BigIntegerField()
    types = models.JSONField(default=list, blank=True)
    what = models.CharField(max_length=10, choices=ReplayWhat.choices)
    deliveries = models.PositiveIntegerField()
    reason = models.CharField(max_length=500)
    done_through = models.BigIntegerField()
    sent = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["book", "-id"], name="webhook_replay_by_book"),
            models.Index(
                fields=["endpoint", "id"],
                condition=models.Q(ended_at__isnull=True),
                name="webhook_replay_under_way",
            ),
        ]
        verbose_name = _("webhook replay")

    def __str__(self) -> str:
        return f"{self.endpoint_id} {self.after}-{self.through}"
