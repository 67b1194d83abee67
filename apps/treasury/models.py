"""Sweep rules, what came of each of their due times, and what people were told to move."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.fields import MinorUnitsField, PrefixedIdField
from apps.core.money import Money
from apps.ledger.models import Account
from apps.operations.models import Book
from apps.treasury.decision import Band
from apps.treasury.when import When


class SweepRule(models.Model):
    """One version of a rule: keep an account between floor and target, in minor units, by moving from and to another.

    An account has at most one version in force (`sql/guards.sql`). What was in force never changes but to end: another version replaces
    it. Its due times are those after `started_at`, and once it has ended those up to `last_due_at`. With `instructs` what it
    asks for is moved by people, at a bank or provider, and not by posting alone.
    """

    id = PrefixedIdField(prefix="swr", primary_key=True)
    version = models.PositiveIntegerField()
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    counter_account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    currency = models.CharField(max_length=5)
    floor = MinorUnitsField()
    target = MinorUnitsField()
    minimum = MinorUnitsField()
    at = models.TimeField(null=True)
    every_minutes = models.PositiveSmallIntegerField(null=True)
    time_zone = models.CharField(max_length=60)
    days = models.CharField(max_length=20)
    instructs = models.BooleanField()
    confirm_within = models.PositiveSmallIntegerField(help_text=_("Hours."))
    reason = models.CharField(max_length=500)
    started_at = models.DateTimeField()
    started_by = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=200, blank=True)
    end_reason = models.CharField(max_length=500, blank=True)
    last_due_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "version"], name="sweep_rule_version_once"),
            models.CheckConstraint(
                condition=models.Q(floor__lte=models.F("target"), minimum__gt=0), name="sweep_rule_is_a_band"
            ),
            models.CheckConstraint(
                condition=~models.Q(account=models.F("counter_account")), name="sweep_rule_between_two"
            ),
            models.CheckConstraint(
                condition=models.Q(at__isnull=False, every_minutes__isnull=True)
                | models.Q(at__isnull=True, every_minutes__gt=0),
                name="sweep_rule_says_when",
            ),
        ]
        indexes = [models.Index(fields=["book", "-id"], name="sweep_rule_by_book")]

    def __str__(self) -> str:
        return f"{self.account.address} {self.currency}"

    @property
    def band(self) -> Band:
        """Between what the account is kept."""
        return Band(self.floor, self.target, self.minimum)

    @property
    def when(self) -> When:
        """When it is due."""
        return When(self.at, self.every_minutes, self.time_zone, self.days)

    @property
    def floor_money(self) -> Money:
        """The floor with its currency."""
        return Money(self.floor, self.currency)

    @property
    def target_money(self) -> Money:
        """The target with its currency."""
        return Money(self.target, self.currency)

    @property
    def minimum_money(self) -> Money:
        """The least that is moved."""
        return Money(self.minimum, self.currency)


class ExecutionStatus(models.TextChoices):
    DONE = "done", _("Done")
    INSTRUCTED = "instructed", _("Instructed")
    WAITING = "waiting", _("Waits for a confirmation")
    NOTHING_TO_DO = "nothing_to_do", _("Nothing to do")
    SHORT = "short", _("Short")
    REFUSED = "refused", _("Refused")


class Why(models.TextChoices):
    NONE = "", _("All that was asked for")
    WITHIN = "within", _("Between floor and target")
    BELOW_MINIMUM = "below_minimum", _("Less than the minimum")
    LACKING = "lacking", _("The counter account lacks it")
    UNCONFIRMED = "unconfirmed", _("An instruction is not confirmed yet")
    LEDGER = "ledger", _("The ledger refused it")


class SweepExecution(models.Model):
    """What came of one due time of a rule. Insert-only.

    `balance` and `counter_balance` are what was seen, at these sequences of the accounts' lines; the counter account gives
    down to `counter_least`. `asked` and `amount` are into the account, or out of it if negative: what the rule asked for,
    and what was posted or instructed. What is `done` moved all that was asked for, what is `short` less or nothing, what
    is `waiting` nothing because of the instruction that it waits for.
    """

    id = PrefixedIdField(prefix="swx", primary_key=True)
    rule = models.ForeignKey(SweepRule, on_delete=models.PROTECT, related_name="executions", db_index=False)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    due_at = models.DateTimeField()
    executed_at = models.DateTimeField()
    currency = models.CharField(max_length=5)
    balance = MinorUnitsField()
    sequence = models.BigIntegerField()
    counter_balance = MinorUnitsField()
    counter_sequence = models.BigIntegerField()
    counter_least = MinorUnitsField()
    asked = MinorUnitsField()
    amount = MinorUnitsField()
    status = models.CharField(max_length=20, choices=ExecutionStatus.choices)
    why = models.CharField(max_length=20, choices=Why.choices, blank=True)
    waits_for_id = PrefixedIdField(prefix="swi", null=True, editable=False)
    entry_id = PrefixedIdField(prefix="je", null=True, editable=False)
    operation_id = PrefixedIdField(prefix="op", editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "due_at"], name="sweep_execution_once"),
            models.CheckConstraint(
                condition=models.Q(status__in=ExecutionStatus.values, why__in=Why.values),
                name="sweep_execution_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(amount__gte=0, asked__gte=models.F("amount"))
                | models.Q(amount__lte=0, asked__lte=models.F("amount")),
                name="sweep_execution_moves_what_is_asked",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["done", "instructed"]) & ~models.Q(amount=0)
                | models.Q(status__in=["nothing_to_do", "waiting", "refused"], amount=0)
                | models.Q(status="short"),
                name="sweep_execution_moves_or_not",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["done", "short"], entry_id__isnull=False) & ~models.Q(amount=0)
                | ~models.Q(status__in=["done", "short"]) & models.Q(entry_id__isnull=True)
                | models.Q(status="short", amount=0, entry_id__isnull=True),
                name="sweep_execution_has_its_entry",
            ),
            models.CheckConstraint(
                condition=models.Q(status="waiting", waits_for_id__isnull=False)
                | (~models.Q(status="waiting") & models.Q(waits_for_id__isnull=True)),
                name="sweep_execution_waits_for_one",
            ),
        ]
        indexes = [
            models.Index(fields=["rule", "-id"], name="sweep_execution_by_rule"),
            models.Index(fields=["status", "-id"], name="sweep_execution_by_status"),
            models.Index(fields=["book", "-id"], name="sweep_execution_by_book"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.due_at:%Y-%m-%d %H:%M}"

    @property
    def trouble(self) -> str:
        """`refused` by the ledger, `short` of what was asked for, or nothing."""
        if self.status == ExecutionStatus.REFUSED:
            return "refused"
        return "short" if self.why == Why.LACKING else ""

    @property
    def balance_money(self) -> Money:
        """What the account had."""
        return Money(self.balance, self.currency)

    @property
    def counter_money(self) -> Money:
        """What the counter account had."""
        return Money(self.counter_balance, self.currency)

    @property
    def asked_money(self) -> Money:
        """What the rule asked for."""
        return Money(self.asked, self.currency)

    @property
    def money(self) -> Money:
        """What was posted or instructed."""
        return Money(self.amount, self.currency)


class InstructionStatus(models.TextChoices):
    OPEN = "open", _("To be moved")
    CONFIRMED = "confirmed", _("Confirmed")
    CANCELLED = "cancelled", _("Cancelled")


class SweepInstruction(models.Model):
    """Money that people move at a bank or provider for a rule, and confirm; it is posted then. One is open for an account.

    What it says never changes, and it is closed once.
    """

    id = PrefixedIdField(prefix="swi", primary_key=True)
    execution = models.OneToOneField(SweepExecution, on_delete=models.PROTECT, related_name="instruction")
    rule = models.ForeignKey(SweepRule, on_delete=models.PROTECT, related_name="+", db_index=False)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    giver = models.CharField(max_length=200, db_collation="C")
    taker = models.CharField(max_length=200, db_collation="C")
    amount = MinorUnitsField()
    currency = models.CharField(max_length=5)
    status = models.CharField(
        max_length=10, choices=InstructionStatus.choices, default=InstructionStatus.OPEN
    )
    made_at = models.DateTimeField()
    confirm_by = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=200, blank=True)
    bank_reference = models.CharField(max_length=120, blank=True, db_collation="C")
    reason = models.CharField(max_length=500, blank=True)
    entry_id = PrefixedIdField(prefix="je", null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=models.Q(status="open"), name="sweep_instruction_open_once"
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="sweep_instruction_is_something"),
            models.CheckConstraint(
                condition=models.Q(status="open", closed_at__isnull=True, entry_id__isnull=True)
                | models.Q(status="confirmed", closed_at__isnull=False, entry_id__isnull=False)
                | models.Q(status="cancelled", closed_at__isnull=False, entry_id__isnull=True),
                name="sweep_instruction_status_known",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-id"], name="sweep_instruction_by_status"),
            models.Index(
                fields=["confirm_by"], condition=models.Q(status="open"), name="sweep_instruction_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.money} {self.giver} → {self.taker}"

    @property
    def money(self) -> Money:
        """What is to be moved."""
        return Money(self.amount, self.currency)


class SweepVerification(models.Model):
    """One look at whether executions are what their rules asked for, since a time or, without one, ever. Insert-only.

    `differences` are the first hundred of `found`: `{"rule", "due_at", "what", "message"}`.
    """

    id = models.BigAutoField(primary_key=True)
    verified_at = models.DateTimeField()
    since = models.DateTimeField(null=True)
    executions = models.PositiveIntegerField()
    found = models.PositiveIntegerField()
    differences = models.JSONField()

    def __str__(self) -> str:
        return f"{self.verified_at:%Y-%m-%d %H:%M}: {self.found}"
