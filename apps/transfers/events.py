"""What is told of transfers, deposits, virtual accounts and reserves."""

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.operations.event_types import Declaring
from apps.operations.events import WHY
from apps.transfers import event_data as data
from apps.transfers import outputs
from apps.transfers.arrival_serializers import VirtualAccountResult
from apps.transfers.inquiry_serializers import InquiryResult


class ReserveReleasedEvent(outputs.ReserveResult):
    reason = serializers.CharField(help_text=WHY)


EXCHANGING = (
    "transfers.create_onramp",
    "transfers.create_offramp",
    "transfers.create_buy",
    "transfers.create_sell",
    "transfers.create_bridge",
    "transfers.start_strategy",
    "transfers.stop_strategy",
)
PAYING = ("transfers.create_payout", "transfers.send_micro_deposits", "transfers.create_refund")
BOOKING = (
    "transfers.book_conversion",
    "transfers.book_otc_trade",
    "transfers.pay_from_pool",
    "transfers.top_up_pool",
)
ANSWERED = ("transfers.record_answer", "transfers.record_news", "transfers.move_on")
PAID = (*ANSWERED, "transfers.settle_transfer")
ARRIVED = (
    "transfers.post_pay_in",
    "transfers.complete_pay_in",
    "transfers.record_deposit",
    "transfers.assign_deposit",
)

declare = Declaring(__file__)
declare.told(
    "transfer.priced",
    _("What a transfer would cost is known, and must be confirmed."),
    outputs.AskedResult,
    *EXCHANGING,
    "transfers.create_payout",
)
declare.told(
    "transfer.reserved",
    _("What a transfer takes is held."),
    outputs.AskedResult,
    *PAYING,
    *EXCHANGING,
    "transfers.confirm_transfer",
    "transfers.reserve_batched",
)
declare.told(
    "transfer.awaiting_approval",
    _("What a transfer takes is held, and other people decide."),
    outputs.AskedResult,
    *PAYING,
    *EXCHANGING,
    "transfers.confirm_transfer",
)
declare.told(
    "transfer.approved",
    _("Other people have agreed."),
    outputs.TransferTold,
    "transfers.open_sending",
    "transfers.open_batched",
)
declare.told("transfer.sent", _("A provider is sent it."), outputs.TransferTold, "transfers.begin_sending")
declare.told(
    "transfer.delayed",
    _("A provider did not accept it; it is tried again."),
    data.TransferFollowedEvent,
    *ANSWERED,
)
declare.told(
    "transfer.processing",
    _("A provider has it."),
    data.TransferFollowedEvent,
    *ANSWERED,
    "transfers.post_pay_in",
)
declare.told(
    "transfer.outcome_unknown",
    _("Whether a provider has executed it is not known; it is asked."),
    data.TransferOutcomeUnknownEvent,
    *ANSWERED,
    "transfers.recover_submission",
)
declare.told(
    "payout.manual_review",
    _("A person looks what became of it."),
    data.TransferFollowedEvent,
    *ANSWERED,
    "transfers.review_transfer",
)
declare.told(
    "transfer.completed",
    _("A movement of money has ended well."),
    data.TransferCompletedEvent,
    *PAID,
    *ARRIVED,
    *BOOKING,
    "transfers.create_transfer",
    "transfers.create_refund",
    "transfers.hold_in_escrow",
    "transfers.release_escrow",
    "transfers.charge_fee",
)
declare.told(
    "transfer.received",
    _("A wallet has money from another tenant."),
    data.TransferReceivedEvent,
    "transfers.create_transfer",
)
declare.told(
    "transfer.failed",
    _("Money that was to come does not."),
    data.TransferFailedEvent,
    "transfers.post_pay_in",
    "transfers.complete_pay_in",
)
declare.told(
    "transaction.compensated",
    _("What was not paid was given back."),
    data.TransferCompensatedEvent,
    *ANSWERED,
    "transfers.release_transfer",
    "transfers.cancel_transfer",
)
declare.told(
    "transfer.inflow.compensated",
    _("What had come from outside went back there."),
    data.TransferCompletedEvent,
    *PAID,
    "transfers.create_refund",
)
declare.also(
    "transfer.inflow.compensated",
    "of a deposit that nobody has",
    data.DepositReturnedEvent,
    "transfers.return_deposit",
)
declare.told(
    "transfer.cancelled",
    _("It is not done; what was held goes back."),
    outputs.StoppedResult,
    "transfers.cancel_transfer",
    "transfers.cancel_rejected",
    "transfers.move_on",
)
declare.told(
    "transfer.expired",
    _("Nobody confirmed it or agreed to it in time; what was held goes back."),
    outputs.StoppedResult,
    "transfers.move_on",
)
declare.told(
    "transfer.returned",
    _("It had been paid, and came back."),
    data.TransferReturnedEvent,
    *ANSWERED,
)
declare.told(
    "transfer.reversed",
    _("A completed transfer was taken back."),
    outputs.ReversedResult,
    "transfers.reverse_transfer",
)
declare.also(
    "transfer.reversed",
    "in the other tenant's books",
    data.TransferTakenBackEvent,
    "transfers.reverse_transfer",
)
declare.told(
    "transfer.reviewed",
    _("A person has decided what became of it."),
    data.TransferReviewedEvent,
    "transfers.settle_transfer",
    "transfers.release_transfer",
)
declare.told(
    "transfer.recall_requested",
    _("A provider is asked to call it back."),
    InquiryResult,
    "transfers.request_recall",
)
declare.told(
    "transfer.trace_requested",
    _("A provider is asked where it is."),
    InquiryResult,
    "transfers.request_trace",
)
declare.told(
    "transfer.inquiry_answered",
    _("A provider has answered a recall or a trace."),
    InquiryResult,
    "transfers.answer_inquiry",
    "transfers.record_inquiry_answer",
)
declare.told(
    "deposit.suspended",
    _("Money came of which nobody knows whose it is."),
    data.DepositSuspendedEvent,
    "transfers.record_deposit",
    "transfers.suspend_deposit",
    "transfers.reverse_transfer",
    *ANSWERED,
)
declare.told(
    "deposit.to_be_returned",
    _("Money is to be sent back to where it came from."),
    data.DepositEvent,
    "transfers.mark_for_return",
)
declare.told(
    "deposit.charged_back",
    _("A provider took back what had come; the wallet was debited."),
    data.DepositChargedBackEvent,
    "transfers.record_chargeback",
    "transfers.post_chargeback",
)
declare.told(
    "chargeback.closed",
    _("A person has seen to what a provider took back."),
    data.ChargebackClosedEvent,
    "transfers.close_chargeback",
)
declare.told(
    "virtual_account.active",
    _("A wallet has a number at a provider."),
    VirtualAccountResult,
    "transfers.record_virtual_account",
)
declare.told(
    "recipient.micro_deposits_sent",
    _("Small amounts were sent, to be told back by whose account it is."),
    outputs.MicroDepositsResult,
    "transfers.send_micro_deposits",
)
declare.told(
    "bank.funded",
    _("Our own money was wired to a bank account of ours."),
    data.BankFundedEvent,
    "transfers.fund_bank_account",
)
declare.told(
    "wallet.reserve_policy_set",
    _("What of a wallet's pay-ins is kept back is decided."),
    data.ReservePolicyEvent,
    "transfers.set_reserve_policy",
)
declare.told(
    "reserve.held",
    _("Money of a wallet is kept back."),
    outputs.ReserveResult,
    "transfers.hold_rolling_reserve",
)
declare.told(
    "reserve.released",
    _("What was kept back is available."),
    ReserveReleasedEvent,
    "transfers.release_rolling_reserve",
    "transfers.reverse_transfer",
)
declare.alarm("manual review", data.ManualReviewAlarm, *ANSWERED, "transfers.review_transfer")
declare.alarm("contradiction", data.TransferContradictionAlarm, *ANSWERED)
declare.also(
    "alert.raised", "contradiction of a deposit", data.DepositContradictionAlarm, "transfers.record_deposit"
)
declare.alarm("transfer stuck", data.StuckAlarm, "transfers.raise_stuck_alarm")
declare.alarm("executed and unknown", data.UnknownSubmissionAlarm, "transfers.report_unknown_submission")
declare.alarm("chargeback to be posted", data.ChargebackAlarm, "transfers.record_chargeback")
declare.alarm("reserve not released", data.ReserveAlarm, "transfers.release_rolling_reserve")
