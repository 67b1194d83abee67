"""The commands that move money between wallets."""

from django.utils.translation import gettext_lazy as _

from apps.ledger.services import lookups
from apps.operations.registry import EVERYWHERE, Command, register
from apps.transfers import outputs, serializers
from apps.transfers.services import (
    answers,
    holds,
    internal,
    moving_on,
    news,
    pay_ins,
    payouts,
    sending,
    stopping,
)

WALLET_FLAG = "core_wallet_enabled"

register(
    Command(
        name="transfers.post_pay_in",
        summary=_("Post a pay-in"),
        plan=pay_ins.plan_post_pay_in,
        input=serializers.PayInInput,
        output=outputs.PayInResult,
        permission="transfers.post_pay_in",
        scope="transfers:write",
        path="pay-ins",
        flag=WALLET_FLAG,
        scopes=pay_ins.scopes,
        surfaces=EVERYWHERE,
        aliases=("postPayin",),
    )
)
register(
    Command(
        name="transfers.complete_pay_in",
        summary=_("Complete an announced pay-in"),
        plan=pay_ins.plan_complete_pay_in,
        targets=pay_ins.target,
        input=serializers.CompletePayInInput,
        output=outputs.PayInResult,
        permission="transfers.complete_pay_in",
    )
)
register(
    Command(
        name="transfers.create_transfer",
        summary=_("Transfer between wallets"),
        plan=internal.plan_create_transfer,
        input=serializers.CreateTransferInput,
        output=outputs.TransferCreatedResult,
        permission="transfers.create_transfer",
        scope="transfers:write",
        path="transfers",
        flag=WALLET_FLAG,
        scopes=internal.scopes,
        parties=internal.parties,
        surfaces=EVERYWHERE,
        aliases=("transfer",),
    )
)
register(
    Command(
        name="transfers.place_hold",
        summary=_("Hold money of a wallet"),
        plan=holds.plan_place_hold,
        input=serializers.PlaceHoldInput,
        output=outputs.HoldPlacedResult,
        permission="transfers.place_hold",
        scope="transfers:write",
        path="holds",
        flag=WALLET_FLAG,
        scopes=holds.scopes,
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="transfers.settle_hold",
        summary=_("Settle a hold to a wallet"),
        plan=holds.plan_settle_hold,
        input=serializers.SettleHoldInput,
        output=outputs.HoldEndedResult,
        permission="transfers.settle_hold",
        scope="transfers:write",
        path="holds/{hold}/settle",
        flag=WALLET_FLAG,
        scopes=lookups.scopes_of_hold,
        completion=True,
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="transfers.release_hold",
        summary=_("Release a hold to its wallet"),
        plan=holds.plan_release_hold,
        input=serializers.ReleaseHoldInput,
        output=outputs.HoldEndedResult,
        permission="transfers.release_hold",
        scope="transfers:write",
        path="holds/{hold}/release",
        flag=WALLET_FLAG,
        scopes=lookups.scopes_of_hold,
        completion=True,
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="transfers.create_payout",
        summary=_("Pay out"),
        plan=payouts.plan_create_payout,
        input=serializers.CreatePayoutInput,
        output=outputs.PayoutResult,
        permission="transfers.create_payout",
        scope="transfers:write",
        path="payouts",
        flag=WALLET_FLAG,
        scopes=payouts.scopes,
        asks_for=payouts.OPEN_SENDING,
        surfaces=EVERYWHERE,
        aliases=("reservePayout",),
    )
)
register(
    Command(
        name="transfers.confirm_payout",
        summary=_("Confirm the price of a payout"),
        plan=payouts.plan_confirm_payout,
        targets=payouts.target,
        input=serializers.TransferInput,
        output=outputs.PayoutResult,
        permission="transfers.create_payout",
        scope="transfers:write",
        path="payouts/{transfer}/confirm",
        flag=WALLET_FLAG,
        asks_for=payouts.OPEN_SENDING,
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="transfers.open_sending",
        summary=_("Send a reserved transfer"),
        plan=payouts.plan_open_sending,
        targets=payouts.target,
        input=serializers.TransferInput,
        permission="transfers.create_payout",
        if_rejected=stopping.if_rejected,
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="transfers.cancel_transfer",
        summary=_("Cancel a transfer"),
        plan=stopping.plan_cancel,
        targets=payouts.target,
        input=serializers.CancelTransferInput,
        output=outputs.StoppedResult,
        permission="transfers.cancel_transfer",
        scope="transfers:write",
        path="transfers/{transfer}/cancel",
        surfaces=EVERYWHERE,
        aliases=("cancel",),
    )
)
register(
    Command(
        name="transfers.cancel_rejected",
        summary=_("Give back what others did not agree to"),
        plan=stopping.plan_cancel_rejected,
        targets=payouts.target,
        input=serializers.TransferInput,
        permission="transfers.cancel_rejected",
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
        surfaces=frozenset(),
    )
)
