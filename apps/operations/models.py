"""What the command door writes: operations, approvals, flags, events and their positions."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from apps.core.fields import PrefixedIdField
from apps.core.state_machine import StateMachineModel
from apps.operations import subjects


class Book(models.Model):
    """A tenant's books, or the platform's own (`tenant_id` empty): what sums to zero per currency by itself."""

    id = models.BigAutoField(primary_key=True)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    tenant_id = PrefixedIdField(prefix="ten", null=True, unique=True, editable=False)
    time_zone = models.CharField(max_length=60, default="UTC")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class OperationStatus(models.TextChoices):
    ACCEPTED = "accepted", _("Accepted")
    PENDING_APPROVAL = "pending_approval", _("Waiting for approval")
    REFUSED = "refused", _("Refused")


class Operation(models.Model):
    """One run of a command: at once its idempotency record and its audit entry. Insert-only.

    `facts` has, by the command that policies may hold, what they could look at, whether any did or not; and as `makers` the
    people who asked for it beside the actor, if there are any.
    """

    id = PrefixedIdField(prefix="op", primary_key=True)
    book = models.ForeignKey(
        Book, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    command = models.CharField(max_length=80)
    version = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=255)
    generation = models.PositiveSmallIntegerField(default=0)
    holds_key = models.BooleanField(help_text=_("A refusal that leaves the key free does not hold it."))
    status = models.CharField(max_length=20, choices=OperationStatus.choices)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=60)
    actor_label = models.CharField(max_length=200)
    origin = models.CharField(max_length=20)
    input = models.JSONField()
    input_hash = models.BinaryField(max_length=32)
    facts = models.JSONField(null=True)
    result = models.JSONField(null=True)
    refusal = models.JSONField(null=True)
    approval_request_id = PrefixedIdField(prefix="apr", null=True, editable=False)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["book", "key", "generation"],
                condition=models.Q(holds_key=True),
                name="operation_key_once",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=OperationStatus.values), name="operation_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(status="refused", refusal__isnull=False)
                | (~models.Q(status="refused") & models.Q(refusal__isnull=True)),
                name="operation_refusal_says_why",
            ),
        ]
        indexes = [models.Index(fields=["book", "-id"], name="operation_by_book")]

    def __str__(self) -> str:
        return f"{self.command} {self.id}"


class KeyReset(models.Model):
    """Frees the key of a refused operation: the next run of that key is of a higher generation."""

    id = PrefixedIdField(prefix="krs", primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=255)
    generation = models.PositiveSmallIntegerField()
    operation = models.OneToOneField(Operation, on_delete=models.PROTECT, related_name="reset")
    reason = models.CharField(max_length=500)
    actor_id = models.CharField(max_length=60)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["book", "key", "generation"], name="key_reset_once_a_generation")
        ]

    def __str__(self) -> str:
        return f"{self.key} → {self.generation}"


class PolicyStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("Active")
    RETIRED = "retired", _("Retired")
    DISCARDED = "discarded", _("Discarded")


class ApprovalPolicy(StateMachineModel):
    """One version of a policy: which runs of a command wait for other people, and for whom.

    `blocks` is a list of lists of `{"fact", "op", "value"}`: it applies if all conditions of any block hold, and always
    if there is no block. `steps` is a list of `{"role", "people"}`, each filled by different people; with `in_sequence`
    a step opens when the one before it is filled. What was active once is never changed: another version replaces it.
    """

    id = PrefixedIdField(prefix="pol", primary_key=True)
    name = models.CharField(max_length=120)
    version = models.PositiveSmallIntegerField(default=1)
    command = models.CharField(max_length=80)
    blocks = models.JSONField(default=list, blank=True)
    steps = models.JSONField()
    in_sequence = models.BooleanField(default=False)
    status = FSMField(default=PolicyStatus.DRAFT, choices=PolicyStatus.choices, protected=True, max_length=10)
    reason = models.CharField(max_length=500, blank=True)
    drafted_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="approval_policy_version_once"),
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(status="active"), name="approval_policy_active_once"
            ),
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(status="draft"), name="approval_policy_draft_once"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=PolicyStatus.values), name="approval_policy_status_known"
            ),
        ]
        indexes = [models.Index(fields=["status", "-id"], name="approval_policy_by_status")]
        verbose_name_plural = _("approval policies")

    def __str__(self) -> str:
        return f"{self.name} (version {self.version})"

    @transition(field=status, source=PolicyStatus.DRAFT, target=PolicyStatus.ACTIVE)
    def activate(self) -> None:
        """From now on it is asked."""

    @transition(field=status, source=PolicyStatus.ACTIVE, target=PolicyStatus.RETIRED)
    def retire(self) -> None:
        """It is asked no more; what was raised under it goes on."""

    @transition(field=status, source=PolicyStatus.DRAFT, target=PolicyStatus.DISCARDED)
    def discard(self) -> None:
        """It never was asked, and never will be."""


class ApprovalStatus(models.TextChoices):
    PENDING = "pending", _("Pending")
    APPROVED = "approved", _("Approved")
    APPLIED = "applied", _("Applied")
    REJECTED = "rejected", _("Rejected")
    REFUSED = "refused", _("Refused when applied")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class ApprovalRequest(StateMachineModel):
    """A command that waits for other people. What they approve is `approved_hash`, nothing else.

    `maker_people` are the ids of the people who asked for it: in a key's stead those who made or rotated it.
    Who they must be is kept as the `policies` (name and version each) said when it was raised: `steps` as theirs are. When what
    it would do changes another `round` begins, in which nothing counts that was said before, and policies are asked again.
    """

    id = PrefixedIdField(prefix="apr", primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+")
    command = models.CharField(max_length=80)
    version = models.PositiveSmallIntegerField()
    input = models.JSONField()
    facts = models.JSONField()
    preview = models.JSONField()
    approved_hash = models.BinaryField(max_length=32)
    status = FSMField(
        default=ApprovalStatus.PENDING, choices=ApprovalStatus.choices, protected=True, max_length=20
    )
    policies = models.JSONField(default=list)
    steps = models.JSONField()
    in_sequence = models.BooleanField(default=False)
    approvers_needed = models.PositiveSmallIntegerField()
    nobody_eligible = models.BooleanField(default=False)
    round = models.PositiveSmallIntegerField(default=0)
    maker_kind = models.CharField(max_length=10)
    maker_id = models.CharField(max_length=60)
    maker_label = models.CharField(max_length=200)
    maker_people = models.JSONField(default=list)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=ApprovalStatus.values), name="approval_request_status_known"
            )
        ]
        indexes = [models.Index(fields=["status", "id"], name="approval_request_by_status")]

    def __str__(self) -> str:
        return f"{self.command} {self.id}"

    @property
    def makers(self) -> frozenset[str]:
        """The ids of all who asked for it and so never decide."""
        return frozenset({self.maker_id, *self.maker_people})

    @transition(field=status, source=ApprovalStatus.PENDING, target=ApprovalStatus.APPROVED)
    def approve(self) -> None:
        """The last decision that was needed has come."""

    @transition(field=status, source=ApprovalStatus.PENDING, target=ApprovalStatus.REJECTED)
    def reject(self) -> None:
        """One person said no."""

    @transition(field=status, source=ApprovalStatus.PENDING, target=ApprovalStatus.WITHDRAWN)
    def withdraw(self) -> None:
        """What it is about is over, so nobody need decide."""

    @transition(field=status, source=ApprovalStatus.APPROVED, target=ApprovalStatus.APPLIED)
    def apply(self) -> None:
        """The approved command ran."""

    @transition(field=status, source=ApprovalStatus.APPROVED, target=ApprovalStatus.REFUSED)
    def refuse(self) -> None:
        """The approved command was refused when it ran."""

    @transition(field=status, source=ApprovalStatus.APPROVED, target=ApprovalStatus.PENDING)
    def ask_again(self) -> None:
        """It goes back to the approvers: planned anew it is no longer what was approved, or somebody took back a yes."""


class Decision(models.Model):
    """What one person said of an approval request, in the round of one approved hash. Insert-only.

    `roles` are those as which they could count. `for_id` is whose say it is: their own, or that of whom they stood in for.
    `turn` counts what was taken back before.
    """

    id = PrefixedIdField(prefix="dec", primary_key=True)
    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="decisions")
    approved_hash = models.BinaryField(max_length=32)
    approves = models.BooleanField()
    actor_id = models.CharField(max_length=60)
    actor_label = models.CharField(max_length=200)
    for_id = models.CharField(max_length=60)
    for_label = models.CharField(max_length=200, blank=True)
    roles = models.JSONField(default=list)
    round = models.PositiveSmallIntegerField(default=0)
    turn = models.PositiveSmallIntegerField(default=0)
    comment = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request", "actor_id", "round", "turn"], name="decision_once_a_person"
            ),
            models.UniqueConstraint(
                fields=["request", "for_id", "round", "turn"], name="decision_once_a_say"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.actor_label}: {'yes' if self.approves else 'no'}"


class Undoing(models.Model):
    """A yes that was taken back before what it was about had run. Insert-only."""

    id = PrefixedIdField(prefix="und", primary_key=True)
    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="undoing")
    reason = models.CharField(max_length=500)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.decision_id}: {self.reason}"


class Delegation(models.Model):
    """Until a moment somebody may decide in the place of another, who has the role and keeps it.

    `made_by_id` is who said so: the one whose say it is, or an admin in their place.
    """

    id = PrefixedIdField(prefix="dlg", primary_key=True)
    role = models.CharField(max_length=30)
    from_id = models.CharField(max_length=60, db_collation="C")
    from_label = models.CharField(max_length=200)
    to_id = models.CharField(max_length=60, db_collation="C")
    to_label = models.CharField(max_length=200)
    made_by_id = models.CharField(max_length=60, db_collation="C")
    made_by_label = models.CharField(max_length=200)
    until = models.DateTimeField()
    reason = models.CharField(max_length=500)
    created_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until__gt=models.F("created_at")), name="delegation_has_a_time"
            ),
            models.CheckConstraint(
                condition=~models.Q(from_id=models.F("to_id")), name="delegation_to_somebody_else"
            ),
        ]
        indexes = [
            models.Index(fields=["to_id", "-id"], name="delegation_by_delegate"),
            models.Index(fields=["from_id", "-id"], name="delegation_by_delegator"),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.from_label} → {self.to_label}"


class FlagScope(models.TextChoices):
    EVERYTHING = "everything", _("Everything")
    TENANT = "tenant", _("Tenant")
    CURRENCY = "currency", _("Currency")
    PROVIDER = "provider", _("Provider")


class FeatureFlag(models.Model):
    """A switch for one scope. Off in any scope that a command touches is off."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=60)
    scope = models.CharField(max_length=12, choices=FlagScope.choices)
    scope_id = models.CharField(max_length=60, blank=True)
    enabled = models.BooleanField()
    reason = models.CharField(max_length=500)
    changed_by = models.CharField(max_length=200)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "scope", "scope_id"], name="feature_flag_once_a_scope"),
            models.CheckConstraint(
                condition=models.Q(scope="everything", scope_id="")
                | (~models.Q(scope="everything") & ~models.Q(scope_id="")),
                name="feature_flag_scope_named",
            ),
        ]
        ordering = ["name", "scope", "scope_id"]

    def __str__(self) -> str:
        return f"{self.name} {self.scope} {self.scope_id}".rstrip()


class Event(models.Model):
    """A fact for the outside, written in the transaction of what it tells. Insert-only."""

    id = PrefixedIdField(prefix="evt", primary_key=True)
    book = models.ForeignKey(
        Book, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    type = models.CharField(max_length=80)
    version = models.PositiveSmallIntegerField(default=1)
    subject = models.CharField(max_length=60)
    data = models.JSONField()
    operation = models.ForeignKey(
        Operation, on_delete=models.PROTECT, related_name="events", db_constraint=False, db_index=False
    )
    recorded_at = models.DateTimeField()
    ordinal = models.BigIntegerField(unique=True)

    def __str__(self) -> str:
        return f"{self.type} {self.subject}"


class EventPosition(models.Model):
    """The place of an event in its book's feed, and among the events of its subject there: both dense, never changed.

    Insert-only. `subject` is the event's own, kept here so that the numbers of each are unique.
    """

    pk = models.CompositePrimaryKey("book_id", "position")
    book = models.ForeignKey(
        Book, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    position = models.BigIntegerField()
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="place", db_constraint=False)
    subject = models.CharField(max_length=60)
    object_sequence = models.BigIntegerField()
    ordinal = models.BigIntegerField(unique=True)
    sequenced_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["book", "subject", "object_sequence"], name="event_position_once_a_subject"
            ),
            models.CheckConstraint(
                condition=models.Q(object_sequence__gte=1), name="event_position_begins_at_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.book_id}/{self.position}"


class Beside(models.Model):
    """What operators keep beside an object, which `subject` names (`subjects.py`). Theirs alone: tenants reach none of it."""

    subject = models.CharField(max_length=subjects.LONGEST, db_collation="C")
    actor_id = models.CharField(max_length=60)
    actor_label = models.CharField(max_length=200)
    operation_id = PrefixedIdField(prefix="op", editable=False)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True


class Note(Beside):
    """What somebody wrote down beside an object. Insert-only."""

    id = PrefixedIdField(prefix="not", primary_key=True)
    text = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["subject", "-id"], name="note_by_subject")]

    def __str__(self) -> str:
        return self.text[:80]


class Assignment(Beside):
    """Who looks after an object from now on; nobody if `assignee_id` is empty. The last one counts. Insert-only."""

    id = PrefixedIdField(prefix="asg", primary_key=True)
    assignee_id = models.CharField(max_length=60, blank=True, db_collation="C")
    assignee_label = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "-id"], name="assignment_by_subject"),
            models.Index(fields=["assignee_id", "-id"], name="assignment_by_assignee"),
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.assignee_label or _('nobody')}"


class Attachment(Beside):
    """A file that was put beside an object, with its SHA-256 in hexadecimal. Insert-only."""

    id = PrefixedIdField(prefix="att", primary_key=True)
    name = models.CharField(max_length=120)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, db_collation="C")
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(sha256__regex=r"^[0-9a-f]{64}$"), name="attachment_hash_shape"
            )
        ]
        indexes = [models.Index(fields=["subject", "-id"], name="attachment_by_subject")]

    def __str__(self) -> str:
        return self.name


class Heartbeat(models.Model):
    """When a process was last seen alive. Machinery."""

    name = models.CharField(max_length=120, primary_key=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
