"""Payloads of what is told of movements of money."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.core.serializer_fields import IdField, MoneyField
from apps.operations.events import WHY, of_reason
from apps.transfers.arrivals import DepositStatus
from apps.transfers.models import Kind, Status
from apps.transfers.outputs import FeeResult, TransferTold, TransferToldResult

TRANSFER = _("The movement of money that it is about.")
DEPOSIT = _("What a provider says has come.")
CHARGEBACK = _("What a provider took back.")


class TransferFollowedEvent(TransferTold):
    next_attempt_at = serializers.DateTimeField(
        allow_null=True, help_text=_("When it is looked at again by itself, if it is.")
    )


class TransferOutcomeUnknownEvent(TransferFollowedEvent):
    recovered = serializers.BooleanField(
        required=False, help_text=_("Whether it was found in a provider's record after a restore.")
    )


class TransferFailedEvent(TransferTold):
    code = serializers.CharField(help_text=_("Why, stable."))
    message = serializers.CharField(help_text=_("Why, in words."))


class TransferReceivedEvent(TransferTold):
    wallet = IdField("wal", help_text=_("The wallet that has it."))


class TransferTakenBackEvent(TransferTold):
    wallet = IdField("wal", help_text=_("The wallet that has it no more."))


class TransferCompletedEvent(TransferToldResult):
    """What has ended well, of every kind; which further fields there are is told by the kind."""

    entry = IdField("je", required=False, help_text=_("What was posted."))
    entries = serializers.ListField(
        child=IdField("je"), required=False, help_text=_("What was posted, where books meet.")
    )
    reserved = MoneyField(
        required=False, allow_null=True, help_text=_("Of a pay-in: what is kept back for a while.")
    )
    deposit = IdField("dep", required=False, help_text=_("Of a pay-in: by which deposit it came."))
    settled = MoneyField(required=False, help_text=_("What the provider has paid."))
    received = MoneyField(
        required=False, allow_null=True, help_text=_("What was got for it, less what is ours.")
    )
    description = serializers.CharField(required=False, help_text=_("Of a fee: what it is for."))
    escrow = IdField("trf", required=False, help_text=_("The transfer that put it in escrow."))
    left = MoneyField(required=False, help_text=_("What is in escrow afterwards."))
    fee = MoneyField(required=False, help_text=_("All fees, on top of the amount."))
    fees = FeeResult(many=True, required=False, help_text=_("What the fees are made of."))
    checks = serializers.ListField(
        child=serializers.CharField(), required=False, help_text=_("What screened or limited it.")
    )
    total = MoneyField(required=False, help_text=_("The amount and the fees."))
    recipient = IdField("rcp", required=False, allow_null=True, help_text=_("Who is paid, if anybody is."))
    to_wallet = IdField("wal", required=False, allow_null=True, help_text=_("Where what is bought goes."))
    refund_of = IdField("trf", required=False, allow_null=True, help_text=_("What a refund gives back."))
    expected_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text=_("When it should have arrived.")
    )
    next_cut_off = serializers.DateTimeField(
        required=False, allow_null=True, help_text=_("Until when it had to be confirmed.")
    )
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text=_("Until when it had to be agreed to.")
    )
    hold = IdField("hld", required=False, allow_null=True, help_text=_("None: nothing is held any more."))
    approval_request = IdField(
        "apr", required=False, allow_null=True, help_text=_("What other people decided about.")
    )


class CompensatedTold(serializers.Serializer[Any]):
    transfer = IdField("trf", help_text=TRANSFER)
    kind = serializers.ChoiceField(Kind.choices, help_text=_("What kind of movement it was."))
    amount = serializers.CharField(help_text=_("Digits and currency."))
    fee = serializers.CharField(help_text=_("Digits and currency."))
    reference = serializers.CharField(allow_blank=True, help_text=_("The caller's own."))
    recipient = serializers.CharField(allow_blank=True, help_text=_("Who was to be paid, if anybody."))


class ErrorTold(serializers.Serializer[Any]):
    code = serializers.CharField(help_text=_("Stable."))
    message = serializers.CharField(allow_blank=True, help_text=_("In words."))


class RefundedTold(serializers.Serializer[Any]):
    amount = serializers.CharField(help_text=_("Digits and currency."))
    fees = serializers.CharField(help_text=_("Digits and currency."))


class CompensationTold(serializers.Serializer[Any]):
    transaction = CompensatedTold(help_text=_("What was asked for."))
    error = ErrorTold(help_text=_("What went wrong."))
    refunded = RefundedTold(help_text=_("What was given back."))
    released = serializers.CharField(
        allow_blank=True, help_text=_("What is held no more; empty where it had been paid and came back.")
    )
    came_back = serializers.DateTimeField(
        allow_null=True, help_text=_("When it came back, if it had been paid.")
    )
    next_steps = serializers.CharField(help_text=_("What to do now."))


class TransferCompensatedEvent(TransferToldResult):
    compensation = CompensationTold(help_text=_("The compensation report."))
    entry = IdField("je", help_text=_("What gave the hold back."))


class TransferReturnedEvent(TransferToldResult):
    returned = MoneyField(help_text=_("What came back."))
    compensation = CompensationTold(help_text=_("The compensation report."))
    entry = IdField("je", allow_null=True, help_text=_("What gave it back; none where it is in suspense."))
    in_suspense = serializers.BooleanField(
        help_text=_("Whether it could not be given back, because the wallet is closed.")
    )


class TransferReviewedEvent(serializers.Serializer[Any]):
    proof = serializers.ChoiceField(["answer", "none"], help_text=_("What it was decided on."))
    evidence = IdField("att", allow_null=True, help_text=_("The file that proves it, if one does."))
    reason = serializers.CharField(help_text=WHY)


class DepositEvent(serializers.Serializer[Any]):
    deposit = IdField("dep", help_text=DEPOSIT)
    status = serializers.ChoiceField(DepositStatus.choices, help_text=_("What it is now."))
    amount = MoneyField(help_text=_("What has come."))


class DepositSuspendedEvent(DepositEvent):
    why = serializers.CharField(help_text=_("Why nobody has it."))


class DepositReturnedEvent(DepositEvent):
    reference = serializers.CharField(help_text=_("The bank's or provider's name for the movement."))
    entry = IdField("je", help_text=_("What was posted."))


class DepositChargedBackEvent(serializers.Serializer[Any]):
    chargeback = IdField("cbk", help_text=CHARGEBACK)
    wallet = IdField("wal", help_text=_("The wallet that had the deposit."))
    amount = MoneyField(help_text=_("What was taken back."))
    reason = serializers.CharField(allow_blank=True, help_text=_("Why, as the provider says it."))
    entry = IdField("je", help_text=_("What was posted."))
    balances = serializers.DictField(child=MoneyField(), help_text=_("What is available, by wallet."))


class ChargebackClosedEvent(serializers.Serializer[Any]):
    chargeback = IdField("cbk", help_text=CHARGEBACK)
    note = serializers.CharField(help_text=WHY)


class BankFundedEvent(serializers.Serializer[Any]):
    entry = IdField("je", help_text=_("What was posted."))
    book = serializers.CharField(help_text=_("Whose books."))
    bank = serializers.CharField(help_text=_("The account that has it."))
    amount = MoneyField(help_text=_("What was wired to it."))


class ReservePolicyEvent(serializers.Serializer[Any]):
    wallet = IdField("wal", help_text=_("Of whose pay-ins something is kept back."))
    basis_points = serializers.IntegerField(help_text=_("Hundredths of a percent; zero is nothing."))
    days = serializers.IntegerField(help_text=_("For how long."))
    reason = serializers.CharField(help_text=WHY)


class ManualReviewAlarm(serializers.Serializer[Any]):
    reason = of_reason("manual review")
    transfer = IdField("trf", help_text=TRANSFER)
    code = serializers.CharField(help_text=_("Stable."))
    message = serializers.CharField(help_text=_("Why a person is to look, in words."))


class TransferContradictionAlarm(serializers.Serializer[Any]):
    reason = of_reason("contradiction")
    transfer = IdField("trf", help_text=TRANSFER)
    message = serializers.CharField(help_text=_("What speaks against what was done."))


class DepositContradictionAlarm(serializers.Serializer[Any]):
    reason = of_reason("contradiction")
    deposit = IdField("dep", help_text=DEPOSIT)
    message = serializers.CharField(help_text=_("What the provider now says."))


class StuckAlarm(serializers.Serializer[Any]):
    reason = of_reason("transfer stuck")
    level = serializers.ChoiceField(["stuck", "alert", "critical"], help_text=_("How grave it is."))
    transfer = IdField("trf", help_text=TRANSFER)
    status = serializers.ChoiceField(Status.choices, help_text=_("Where it stands, as we call it inside."))
    since = serializers.DateTimeField(help_text=_("Since when it has not moved."))
    minutes = serializers.IntegerField(help_text=_("For how long."))
    waits_for = serializers.CharField(allow_null=True, help_text=_("What it waits for, if that is known."))
    provider = serializers.CharField(allow_blank=True, help_text=_("Who has it, if anybody does."))
    failure = serializers.CharField(allow_blank=True, help_text=_("What went wrong last, stable."))
    next_attempt_at = serializers.DateTimeField(
        allow_null=True, help_text=_("When it is looked at again by itself, if it is.")
    )
    message = serializers.CharField(help_text=_("The same in words."))


class UnknownSubmissionAlarm(serializers.Serializer[Any]):
    reason = of_reason("executed and unknown")
    provider = serializers.CharField(help_text=_("The name of the provider."))
    reference = serializers.CharField(help_text=_("Under which it was submitted."))
    said = serializers.DictField(help_text=_("What the provider says of it, as it was understood."))


class ChargebackAlarm(serializers.Serializer[Any]):
    reason = of_reason("chargeback to be posted")
    chargeback = IdField("cbk", help_text=CHARGEBACK)
    amount = MoneyField(help_text=_("What was taken back."))
    deposit = serializers.CharField(help_text=_("The provider's name of what it was taken back of."))
    why = serializers.CharField(help_text=_("Why it is not posted by itself."))


class ReserveAlarm(serializers.Serializer[Any]):
    reason = of_reason("reserve not released")
    reserve = IdField("rsv", help_text=_("What is kept back."))
    wallet = IdField("wal", help_text=_("Of which wallet."))
