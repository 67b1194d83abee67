"""What we asked of providers and what they answered: evidence, written once."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.fields import PrefixedIdField
from apps.operations.models import Book
from apps.providers.models.providers import Provider


class Action(models.TextChoices):
    SUBMIT = "submit", _("Submitted")
    QUERY = "query", _("Asked after")
    CANCEL = "cancel", _("Cancelled")


class Attempt(models.Model):
    """One call of a provider about one object. Insert-only; committed before a submission opens its socket.

    `reference` is under what name the provider knows it: the object and which try it is, so that after a restore from a
    backup the same try has the same name, which a provider executes once. `of` is the submission that a query or a
    cancellation is about. `sent` is what was asked, with personal details masked; `why` why of this provider. One
    without an answer has an unknown outcome.
    """

    id = PrefixedIdField(prefix="ptm", primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+", db_index=False)
    subject = models.CharField(max_length=60, db_collation="C")
    action = models.CharField(max_length=10, choices=Action.choices)
    of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="about", db_index=False)
    reference = models.CharField(max_length=60, db_collation="C")
    sent = models.JSONField()
    why = models.JSONField(default=dict)
    worker = models.CharField(max_length=80, blank=True)
    started_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "reference"],
                condition=models.Q(action="submit"),
                name="attempt_submitted_once",
            ),
            models.CheckConstraint(condition=models.Q(action__in=Action.values), name="attempt_action_known"),
            models.CheckConstraint(
                condition=models.Q(action="submit", of__isnull=True)
                | (~models.Q(action="submit") & models.Q(of__isnull=False)),
                name="attempt_is_about_a_submission",
            ),
        ]
        indexes = [
            models.Index(fields=["book", "-id"], name="attempt_by_book"),
            models.Index(fields=["subject", "-id"], name="attempt_by_subject"),
            models.Index(fields=["provider", "-id"], name="attempt_by_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"


class Answer(models.Model):
    """What a provider answered to an attempt, or that it did not. Insert-only.

    `reply` is the Reply as JSON, `received` the status and body as they came, `took` milliseconds.
    """

    attempt = models.OneToOneField(Attempt, on_delete=models.PROTECT, primary_key=True, related_name="answer")
    outcome = models.CharField(max_length=20)
    code = models.CharField(max_length=60, blank=True)
    message = models.CharField(max_length=500, blank=True)
    reply = models.JSONField()
    received = models.JSONField()
    took = models.PositiveIntegerField()
    answered_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.attempt_id}: {self.outcome}"
