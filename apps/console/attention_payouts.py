"""What needs a person of payouts that leave: reviews, inquiries, payment files, batches and sweeps."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.console.durations import in_short
from apps.console.noticing import MANY, Notice, figure, up_to_many_of_each
from apps.payouts.models import Batch, BatchStatus
from apps.payouts.queries.waiting import executed_in_time
from apps.providers.models import FileStatus, PaymentStatus, RailFile, RailPayment
from apps.transfers.queries import desk
from apps.treasury.models import InstructionStatus, SweepInstruction, SweepVerification

DECIDED_WITHIN = timedelta(hours=24)
FILE_LATE = timedelta(minutes=15)
MEASURED = timedelta(days=30)
IN_TIME = Fraction(95, 100)
"""The share of payouts that should be sent within the SLA of their approval."""


def to_be_done(now: datetime) -> Iterator[Notice]:
    """What stands until a person acts: transfers in review, open inquiries, sweeps to be confirmed."""
    counts = up_to_many_of_each(
        review=desk.in_review(),
        inquiries=desk.open_inquiries(now - desk.UNANSWERED),
        sweeps=SweepInstruction.objects.filter(status=InstructionStatus.OPEN, confirm_by__lte=now),
    )
    count = counts["review"]
    yield Notice(
        "stop" if count else "good",
        figure(count),
        ngettext("transfer in manual review", "transfers in manual review", count),
        _("Settle or release each on proof.") if count else "",
        reverse("console:payouts"),
    )
    if count := counts["inquiries"]:
        yield Notice(
            "wait",
            figure(count),
            ngettext(
                "recall or trace is open for a day or longer",
                "recalls and traces are open for a day or longer",
                count,
            ),
            _("Ask the provider, and record what it answers."),
            reverse("console:payouts") + "#inquiries",
        )
    if count := counts["sweeps"]:
        yield Notice(
            "stop",
            figure(count),
            ngettext("sweep is not confirmed in time", "sweeps are not confirmed in time", count),
            _("Move it at the bank and confirm it, or cancel it."),
            reverse("console:treasury") + "#instructions",
        )


def payouts_in_time(now: datetime) -> Iterator[Notice]:
    found = executed_in_time(now - MEASURED, now=now)
    if found.share is not None:
        yield Notice(
            "good" if found.share >= IN_TIME else "wait",
            f"{int(found.share * 100)} %",
            _("of payouts of batches sent within 24 hours of approval, in 30 days"),
            "" if found.share >= IN_TIME else _("It should be 95 %: look at what is approved and waits."),
            reverse("console:payouts"),
        )


def payment_files(now: datetime) -> Iterator[Notice]:
    """Files that wait for a person, or that a bank's channel does not take; payments whose cut-off passed without a file."""
    url = reverse("console:providers_railfile_changelist")
    made = RailFile.objects.filter(status=FileStatus.MADE)
    counts = up_to_many_of_each(
        by_hand=made.filter(next_attempt_at=None),
        not_taken=made.filter(next_attempt_at__isnull=False, made_at__lt=now - FILE_LATE),
        waiting=RailPayment.objects.filter(status=PaymentStatus.WAITING, due_at__lt=now - FILE_LATE),
    )
    if count := counts["by_hand"]:
        title = ngettext("payment file is to be handed over", "payment files are to be handed over", count)
        text = _("Download each, give it to its bank, and say so.")
        yield Notice("wait", figure(count), title, text, f"{url}?status=made")
    if count := counts["not_taken"]:
        title = ngettext(
            "payment file does not reach its bank", "payment files do not reach their bank", count
        )
        text = _("Each says what the bank's channel answered last.")
        yield Notice("stop", figure(count), title, text, f"{url}?status=made")
    if count := counts["waiting"]:
        title = ngettext("payment missed its cut-off", "payments missed their cut-off", count)
        yield Notice(
            "stop", figure(count), title, _("No file was made of them; see why the provider cannot."), url
        )


def batches(now: datetime) -> Iterator[Notice]:
    """Batches that nobody has decided about for a day, and those that wait for money at a provider."""
    url = reverse("console:payouts_batch_changelist")
    late = Batch.objects.filter(status=BatchStatus.PENDING_APPROVAL, submitted_at__lt=now - DECIDED_WITHIN)
    short = Batch.objects.filter(status=BatchStatus.APPROVED).exclude(short=[])
    parts = [rows.order_by("id").values_list("status", "submitted_at")[:MANY] for rows in (late, short)]
    found = list(parts[0].union(parts[1], all=True))
    if times := sorted(at for status, at in found if status == BatchStatus.PENDING_APPROVAL):
        yield Notice(
            "stop",
            figure(len(times)),
            ngettext("batch waits for approval too long", "batches wait for approval too long", len(times)),
            _("%(promised)s are promised; the oldest has waited %(age)s.")
            % {"promised": in_short(DECIDED_WITHIN), "age": in_short(now - times[0])},
            f"{url}?status=pending_approval",
        )
    if count := len(found) - len(times):
        yield Notice(
            "stop",
            figure(count),
            ngettext("batch is short of money", "batches are short of money", count),
            _("Providers have too little for them. Each says how much is missing where."),
            f"{url}?status=approved",
        )


def sweeps(now: datetime) -> Iterator[Notice]:
    """Sweeps that are not what their rules asked for."""
    last = SweepVerification.objects.order_by("-id").first()
    if last and last.found:
        yield Notice(
            "stop",
            figure(last.found),
            ngettext("sweep differs from its rule", "sweeps differ from their rules", last.found),
            last.differences[0]["message"],
            reverse("console:treasury") + "#verified",
        )
