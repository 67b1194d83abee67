"""Transfers: the business record of one movement of money, and its state machine."""

from fractions import Fraction
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from apps.accounts.models import Recipient, Wallet
from apps.core.fields import MinorUnitsField, PrefixedIdField
from apps.core.money import Money
from apps.core.state_machine import StateMachineModel
from apps.operations.models import Book


class Kind(models.TextChoices):
    PAY_IN = "pay_in", _("Pay-in")
    INTERNAL = "internal", _("Internal transfer")
    PAYOUT = "payout", _("Payout")
    CONVERSION = "conversion", _("Conversion")
    OTC_TRADE = "otc_trade", _("OTC trade")
    ONRAMP = "onramp", _("Onramp")
    OFFRAMP = "offramp", _("Offramp")
    POOL_TOP_UP = "pool_top_up", _("Pool top-up")
    POOL_PAYOUT = "pool_payout", _("Pool payout")
    REFUND = "refund", _("Refund")
    BUY = "buy", _("Buy")
    SELL = "sell", _("Sell")
    BRIDGE = "bridge", _("Bridge")
    STRATEGY_START = "strategy_start", _("Strategy start")
    STRATEGY_STOP = "strategy_stop", _("Strategy stop")
    ESCROW_HOLD = "escrow_hold", _("Escrow hold")
    ESCROW_RELEASE = "escrow_release", _("Escrow release")
    FEE = "fee", _("Fee")


AT_ONCE: Final = (Kind.ESCROW_HOLD, Kind.ESCROW_RELEASE, Kind.FEE)
"""What was never anything but completed; it may still be reversed."""


class Status(models.TextChoices):
    INITIATED = "initiated", _("Initiated")
    VALIDATING = "validating", _("Validating")
    BALANCE_RESERVED = "balance_reserved", _("Balance reserved")
    UNDER_REVIEW = "under_review", _("Under review")
    AWAITING_APPROVAL = "awaiting_approval", _("Awaiting approval")
    SENT_TO_PROVIDER = "sent_to_provider", _("Sent to the provider")
    PROVIDER_PROCESSING = "provider_processing", _("With the provider")
    OUTCOME_UNKNOWN = "outcome_unknown", _("Outcome unknown")
    MANUAL_REVIEW = "manual_review", _("In manual review")
    PROVIDER_COMPLETED = "provider_completed", _("Completed by the provider")
    PROVIDER_FAILED = "provider_failed", _("Failed at the provider")
    COMPLETED = "completed", _("Completed")
    COMPENSATED = "compensated", _("Compensated")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Expired")
    REVERSED = "reversed", _("Reversed")


BEFORE_SENDING: Final = (
    Status.INITIATED,
    Status.VALIDATING,
    Status.BALANCE_RESERVED,
    Status.UNDER_REVIEW,
    Status.AWAITING_APPROVAL,
)
WITH_PROVIDER: Final = (
    Status.SENT_TO_PROVIDER,
    Status.PROVIDER_PROCESSING,
    Status.OUTCOME_UNKNOWN,
    Status.MANUAL_REVIEW,
)
ENDED: Final = (
    Status.COMPLETED,
    Status.COMPENSATED,
    Status.FAILED,
    Status.CANCELLED,
    Status.EXPIRED,
    Status.REVERSED,
)


class Transfer(StateMachineModel):
    """One movement of money. `book` is of whoever asked for it; `counterparty_book` of another tenant it is with.

    `terms` are what a kind asks besides, such as a strategy's name. `amount` leaves the source or, without one, arrives
    at the destination; `received` is what was bought with it, `settled` what the provider truly paid, `returned` what
    came back. `escrow` is the hold of which a release gives something out: that has no source, for the money left its wallet
    when it was put in escrow. `batch_id` is the payout batch with which it is approved and sent.
    `attempt_id` is the submission that counts, whose outcome is open while the provider has it;
    `next_attempt_at` is when a worker looks at it next, whatever the status then asks for. `lease` grows whenever a
    worker takes it. `stuck_from` is since when it should have moved on by itself, kept by the database (`sql/stuck.sql`)
    and null while it waits for people or has ended. Transitions set fields only, and happen in plans on rows that the
    executor has locked.
    """

    id = PrefixedIdField(prefix="trf", primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    counterparty_book = models.ForeignKey(
        Book, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    status = FSMField(default=Status.INITIATED, choices=Status.choices, protected=True, max_length=20)
    source_wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, null=True, related_name="transfers_out", db_index=False
    )
    destination_wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, null=True, related_name="transfers_in", db_index=False
    )
    amount = MinorUnitsField()
    currency = models.CharField(max_length=5)
    fee = MinorUnitsField(default=0)
    fees = models.JSONField(default=list)
    terms = models.JSONField(default=dict)
    received = MinorUnitsField(null=True)
    received_currency = models.CharField(max_length=5, blank=True)
    settled = MinorUnitsField(null=True)
    returned = MinorUnitsField(default=0)
    recipient = models.ForeignKey(
        Recipient, on_delete=models.PROTECT, null=True, related_name="transfers", db_index=False
    )
    recipient_version = models.PositiveIntegerField(null=True)
    reference = models.CharField(max_length=120, blank=True, db_collation="C")
    description = models.CharField(max_length=500, blank=True)
    metadata = models.JSONField(default=dict)
    provider = models.CharField(max_length=60, blank=True)
    provider_reference = models.CharField(max_length=120, blank=True, db_collation="C")
    hold_id = PrefixedIdField(prefix="hld", null=True, editable=False)
    refund_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="refunds", db_index=False
    )
    escrow = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="releases", db_index=False
    )
    failure_code = models.CharField(max_length=60, blank=True)
    failure_message = models.CharField(max_length=500, blank=True)
    compensation = models.JSONField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    requeries = models.PositiveSmallIntegerField(default=0)
    attempt_id = PrefixedIdField(prefix="ptm", null=True, editable=False)
    refused_by = models.JSONField(default=list)
    lease = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    approval_request_id = PrefixedIdField(prefix="apr", null=True, editable=False)
    batch_id = PrefixedIdField(prefix="bat", null=True, editable=False)
    sent_at = models.DateTimeField(null=True)
    expected_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    operation_id = PrefixedIdField(prefix="op", editable=False)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    stuck_from = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=Status.values), name="transfer_status_known"
            ),
            models.CheckConstraint(condition=models.Q(kind__in=Kind.values), name="transfer_kind_known"),
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, fee__gte=0), name="transfer_moves_something"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=[*ENDED], ended_at__isnull=False)
                | (~models.Q(status__in=[*ENDED]) & models.Q(ended_at__isnull=True)),
                name="transfer_has_ended_or_not",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=[*ENDED]) | models.Q(next_attempt_at__isnull=True),
                name="transfer_that_ended_is_done",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind__in=[*AT_ONCE])
                | models.Q(status__in=[Status.COMPLETED, Status.REVERSED]),
                name="transfer_is_done_at_once",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    kind=Kind.ESCROW_RELEASE,
                    escrow__isnull=False,
                    source_wallet__isnull=True,
                    destination_wallet__isnull=False,
                )
                | (~models.Q(kind=Kind.ESCROW_RELEASE) & models.Q(escrow__isnull=True)),
                name="transfer_releases_of_escrow",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind__in=[Kind.ESCROW_HOLD, Kind.FEE])
                | models.Q(source_wallet__isnull=False, destination_wallet__isnull=True),
                name="transfer_leaves_a_wallet",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind=Kind.FEE, description=""), name="transfer_fee_says_for_what"
            ),
            models.UniqueConstraint(
                fields=["hold_id"], condition=models.Q(hold_id__isnull=False), name="transfer_hold_once"
            ),
            models.UniqueConstraint(
                fields=["book", "provider", "provider_reference"],
                condition=~models.Q(provider_reference="") & ~models.Q(kind="pay_in", status="reversed"),
                name="transfer_provider_reference_once",
            ),
        ]
        indexes = [
            models.Index(fields=["book", "-id"], name="transfer_by_book"),
            models.Index(
                fields=["counterparty_book", "-id"],
                condition=models.Q(counterparty_book__isnull=False),
                name="transfer_by_counterparty",
            ),
            models.Index(fields=["source_wallet", "-id"], name="transfer_by_source"),
            models.Index(fields=["destination_wallet", "-id"], name="transfer_by_destination"),
            models.Index(
                fields=["book", "reference", "-id"],
                condition=~models.Q(reference=""),
                name="transfer_by_reference",
            ),
            models.Index(fields=["status", "-id"], name="transfer_by_status"),
            models.Index(
                fields=["recipient", "-id"],
                condition=models.Q(recipient__isnull=False),
                name="transfer_by_recipient",
            ),
            models.Index(
                fields=["refund_of"], condition=models.Q(refund_of__isnull=False), name="transfer_refunds"
            ),
            models.Index(
                fields=["source_wallet", "-id"],
                condition=models.Q(kind=Kind.ESCROW_HOLD, status=Status.COMPLETED),
                name="transfer_escrows_of_wallet",
            ),
            models.Index(
                fields=["escrow", "-id"],
                condition=models.Q(escrow__isnull=False),
                name="transfer_by_escrow",
            ),
            models.Index(
                fields=["batch_id", "status"],
                condition=models.Q(batch_id__isnull=False),
                name="transfer_by_batch",
            ),
            models.Index(
                fields=["status", "next_attempt_at"],
                condition=models.Q(next_attempt_at__isnull=False),
                name="transfer_due",
            ),
            models.Index(
                fields=["stuck_from", "id"],
                condition=models.Q(stuck_from__isnull=False),
                name="transfer_by_stuck_from",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def money(self) -> Money:
        """The amount with its currency."""
        return Money(self.amount, self.currency)

    @property
    def submission(self) -> str:
        """Under what name a provider knows the last try; the next try has another."""
        return f"{self.pk}.{self.attempts}"

    @property
    def total(self) -> Money:
        """What is held of the source wallet: the amount and the fees."""
        return Money(self.amount + self.fee, self.currency)

    def fee_for(self, paid: Money) -> Money:
        """The part of the fees for what was paid of the amount, rounded half-even."""
        return self.fee_money.times(Fraction(paid.minor, self.amount))

    @property
    def fee_money(self) -> Money:
        """The fees with their currency."""
        return Money(self.fee, self.currency)

    @transition(field=status, source=Status.INITIATED, target=Status.VALIDATING)
    def validate(self) -> None:
        """Features, flags, limits and the recipient are looked at."""

    @transition(field=status, source=Status.VALIDATING, target=Status.BALANCE_RESERVED)
    def reserve(self) -> None:
        """Amount and fees are held."""

    @transition(field=status, source=Status.BALANCE_RESERVED, target=Status.UNDER_REVIEW)
    def review(self) -> None:
        """Transaction monitoring wants a person to look."""

    @transition(
        field=status,
        source=[Status.BALANCE_RESERVED, Status.UNDER_REVIEW],
        target=Status.AWAITING_APPROVAL,
    )
    def await_approval(self) -> None:
        """Other people must agree before it is sent."""

    @transition(
        field=status,
        source=[Status.BALANCE_RESERVED, Status.UNDER_REVIEW, Status.AWAITING_APPROVAL],
        target=Status.SENT_TO_PROVIDER,
    )
    def send(self) -> None:
        """The attempt is written down; the provider is about to be asked."""

    @transition(
        field=status,
        source=[Status.VALIDATING, Status.SENT_TO_PROVIDER, Status.OUTCOME_UNKNOWN],
        target=Status.PROVIDER_PROCESSING,
    )
    def wait_for_provider(self) -> None:
        """The provider has it, or money is announced that has not arrived."""

    @transition(
        field=status,
        source=[Status.SENT_TO_PROVIDER, Status.PROVIDER_PROCESSING],
        target=Status.OUTCOME_UNKNOWN,
    )
    def lose_track(self) -> None:
        """No answer: it is asked after, never sent again."""

    @transition(field=status, source=Status.OUTCOME_UNKNOWN, target=Status.MANUAL_REVIEW)
    def park(self) -> None:
        """Asking did not help; a person settles or releases on proof."""

    @transition(field=status, source=[*WITH_PROVIDER], target=Status.PROVIDER_COMPLETED)
    def confirm(self) -> None:
        """The provider has done it."""

    @transition(field=status, source=[*WITH_PROVIDER], target=Status.PROVIDER_FAILED)
    def fail_at_provider(self) -> None:
        """The provider has not done it and will not."""

    @transition(field=status, source=[Status.VALIDATING, Status.PROVIDER_COMPLETED], target=Status.COMPLETED)
    def complete(self) -> None:
        """The books say so: at once where no provider is asked."""

    @transition(field=status, source=Status.PROVIDER_FAILED, target=Status.COMPENSATED)
    def compensate(self) -> None:
        """What was held is given back."""

    @transition(
        field=status,
        source=[Status.INITIATED, Status.VALIDATING, Status.PROVIDER_FAILED],
        target=Status.FAILED,
    )
    def fail(self) -> None:
        """Nothing was held, nothing moved."""

    @transition(field=status, source=[*BEFORE_SENDING], target=Status.CANCELLED)
    def cancel(self) -> None:
        """Whoever asked for it does not want it any more; the hold is given back."""

    @transition(field=status, source=[*BEFORE_SENDING], target=Status.EXPIRED)
    def expire(self) -> None:
        """Nobody confirmed or approved it in time; the hold is given back."""

    @transition(field=status, source=Status.COMPLETED, target=Status.REVERSED)
    def reverse(self) -> None:
        """Its entries were reversed, all of them."""


from apps.transfers.arrivals import Chargeback, Deposit, VirtualAccount  # noqa: E402, F401 (models of this app)
from apps.transfers.mailing import MailCursor, MilestoneMail  # noqa: E402, F401
from apps.transfers.micro_deposits import MicroDeposits  # noqa: E402, F401 (a model of this app)
from apps.transfers.reserves import ReservePolicy, RollingReserve  # noqa: E402, F401 (models of this app)
