"""What the machine does by itself, as commands: nobody runs them by hand."""

from django.utils.translation import gettext_lazy as _

from apps.operations.registry import Command, register
from apps.transfers import serializers
from apps.transfers.commands.flag import WALLET_FLAG
from apps.transfers.facts import OF_TRANSFER
from apps.transfers.services import (
    answers,
    asking,
    batched,
    catching_up,
    moving_on,
    news,
    payouts,
    reviews,
    sending,
    stopping,
    watching,
)

register(
    Command(
        name="transfers.open_sending",
        summary=_("Send a reserved transfer"),
        plan=asking.plan_open_sending,
        tells=OF_TRANSFER,
        targets=asking.target,
        input=serializers.TransferInput,
        permission="transfers.confirm_transfer",
        if_rejected=stopping.if_rejected,
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="transfers.cancel_rejected",
        summary=_("Give back what others did not agree to"),
        plan=stopping.plan_cancel_rejected,
        targets=asking.target,
        input=serializers.TransferInput,
        permission="transfers.cancel_rejected",
        flag=WALLET_FLAG,
        scopes=reviews.scopes,
        completion=True,
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="transfers.begin_sending",
        summary=_("Begin to send a transfer"),
        plan=sending.plan_begin_sending,
        targets=sending.target,
        input=serializers.BeginSendingInput,
        permission="transfers.begin_sending",
        flag=WALLET_FLAG,
        scopes=sending.scopes,
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="transfers.reserve_batched",
        summary=_("Reserve a payout of a batch"),
        plan=batched.plan_reserve_batched,
        targets=batched.recipient_target,
        input=serializers.ReserveBatchedInput,
        permission="transfers.reserve_batched",
        flag=WALLET_FLAG,
        scopes=payouts.scopes,
        asks_for=asking.OPEN_SENDING,
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="transfers.open_batched",
        summary=_("Send a payout of an approved batch"),
        plan=batched.plan_open_batched,
        targets=asking.target,
        input=serializers.OpenBatchedInput,
        permission="transfers.open_batched",
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="transfers.record_answer",
        summary=_("Follow a provider's answer"),
        plan=answers.plan_record_answer,
        targets=answers.targets,
        input=serializers.RecordAnswerInput,
        permission="transfers.record_answer",
        flag=WALLET_FLAG,
        scopes=reviews.scopes,
        completion=True,
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="transfers.move_on",
        summary=_("Move a due transfer along"),
        plan=moving_on.plan_move_on,
        targets=sending.target,
        input=serializers.LeasedInput,
        permission="transfers.move_on",
        flag=WALLET_FLAG,
        scopes=reviews.scopes,
        completion=True,
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="transfers.record_news",
        summary=_("Follow what a provider says by itself"),
        plan=news.plan_record_news,
        targets=news.targets,
        input=serializers.RecordNewsInput,
        permission="transfers.record_news",
        flag=WALLET_FLAG,
        scopes=reviews.scopes,
        completion=True,
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="transfers.recover_submission",
        summary=_("Remember a submission that a backup did not have"),
        plan=catching_up.plan_recover_submission,
        targets=catching_up.target,
        input=serializers.RecoverSubmissionInput,
        permission="transfers.recover_submission",
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="transfers.report_unknown_submission",
        summary=_("Tell of what a provider executed for nobody we know"),
        plan=catching_up.plan_report_unknown_submission,
        input=serializers.UnknownSubmissionInput,
        permission="transfers.report_unknown_submission",
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="transfers.raise_stuck_alarm",
        summary=_("Tell of a transfer that does not move"),
        plan=watching.plan_raise_stuck_alarm,
        targets=sending.target,
        input=serializers.RaiseStuckAlarmInput,
        permission="transfers.raise_stuck_alarm",
        surfaces=frozenset(),
    )
)
