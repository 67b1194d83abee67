"""The commands that move money between wallets."""

from django.utils.translation import gettext_lazy as _

from apps.ledger.services import lookups
from apps.operations.registry import BY_OPERATORS, EVERYWHERE, Command, register
from apps.transfers import outputs, serializers
from apps.transfers.models import Kind
from apps.transfers.services import (
    answers,
    asking,
    exchanges,
    holds,
    internal,
    moving_on,
    pay_ins,
    payouts,
    reviews,
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
        output=outputs.AskedResult,
        permission="transfers.create_payout",
        scope="transfers:write",
        path="payouts",
        flag=WALLET_FLAG,
        scopes=payouts.scopes,
        asks_for=asking.OPEN_SENDING,
        surfaces=EVERYWHERE,
        aliases=("reservePayout",),
    )
)
for kind, summary, alias in (
    (Kind.ONRAMP, _("Turn money into coins"), "stablecoinOnramp"),
    (Kind.OFFRAMP, _("Turn coins into money"), "stablecoinOfframp"),
    (Kind.BUY, _("Buy an investment"), "buy"),
    (Kind.SELL, _("Sell an investment"), "sell"),
):
    register(
        Command(
            name=f"transfers.create_{kind}",
            summary=summary,
            plan=exchanges.plan_between(kind),
            input=serializers.ExchangeInput,
            output=outputs.AskedResult,
            permission=f"transfers.create_{kind}",
            scope="transfers:write",
            path=f"{kind}s",
            flag=WALLET_FLAG,
            scopes=exchanges.scopes,
            asks_for=asking.OPEN_SENDING,
            surfaces=EVERYWHERE,
            aliases=(alias,),
        )
    )
for name, summary, path, plan, data in (
    (
        "create_bridge",
        _("Move coins to another network"),
        "bridges",
        exchanges.plan_create_bridge,
        serializers.BridgeInput,
    ),
    (
        "start_strategy",
        _("Start a strategy"),
        "strategies",
        exchanges.plan_start_strategy,
        serializers.StrategyInput,
    ),
    (
        "stop_strategy",
        _("Stop a strategy"),
        "strategies/stop",
        exchanges.plan_stop_strategy,
        serializers.StrategyInput,
    ),
):
    register(
        Command(
            name=f"transfers.{name}",
            summary=summary,
            plan=plan,
            input=data,
            output=outputs.AskedResult,
            permission=f"transfers.{name}",
            scope="transfers:write",
            path=path,
            flag=WALLET_FLAG,
            scopes=exchanges.scopes,
            asks_for=asking.OPEN_SENDING,
            surfaces=EVERYWHERE,
        )
    )
register(
    Command(
        name="transfers.confirm_transfer",
        summary=_("Confirm the price of a transfer"),
        plan=asking.plan_confirm_transfer,
        targets=asking.target,
        input=serializers.TransferInput,
        output=outputs.AskedResult,
        permission="transfers.confirm_transfer",
        scope="transfers:write",
        path="transfers/{transfer}/confirm",
        flag=WALLET_FLAG,
        scopes=reviews.scopes,
        asks_for=asking.OPEN_SENDING,
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="transfers.open_sending",
        summary=_("Send a reserved transfer"),
        plan=asking.plan_open_sending,
        targets=asking.target,
        input=serializers.TransferInput,
        permission="transfers.confirm_transfer",
        if_rejected=stopping.if_rejected,
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="transfers.cancel_transfer",
        summary=_("Cancel a transfer"),
        plan=stopping.plan_cancel,
        targets=asking.target,
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
        targets=asking.target,
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
        name="transfers.settle_transfer",
        summary=_("Settle a transfer that was paid"),
        plan=reviews.plan_settle_transfer,
        targets=asking.target,
        input=serializers.SettleTransferInput,
        output=outputs.TransferToldResult,
        permission="transfers.settle_transfer",
        facts=reviews.settle_facts,
        flag=WALLET_FLAG,
        scopes=reviews.scopes,
        completion=True,
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="transfers.release_transfer",
        summary=_("Release a transfer that was not paid"),
        plan=reviews.plan_release_transfer,
        targets=asking.target,
        input=serializers.ReleaseTransferInput,
        output=outputs.TransferToldResult,
        permission="transfers.release_transfer",
        facts=reviews.release_facts,
        flag=WALLET_FLAG,
        scopes=reviews.scopes,
        completion=True,
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="transfers.review_transfer",
        summary=_("Put a transfer into manual review"),
        plan=reviews.plan_review_transfer,
        targets=asking.target,
        input=serializers.CancelTransferInput,
        output=outputs.TransferToldResult,
        permission="transfers.review_transfer",
        aliases=("markPayoutManualReview",),
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="transfers.requery_transfer",
        summary=_("Ask the provider about a transfer now"),
        plan=reviews.plan_requery_transfer,
        targets=asking.target,
        input=serializers.TransferInput,
        output=outputs.TransferToldResult,
        permission="transfers.requery_transfer",
        aliases=("requery",),
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="transfers.retry_transfer",
        summary=_("Try a waiting transfer now"),
        plan=reviews.plan_retry_transfer,
        targets=asking.target,
        input=serializers.TransferInput,
        output=outputs.TransferToldResult,
        permission="transfers.retry_transfer",
        aliases=("retry", "retry-intent"),
        surfaces=BY_OPERATORS,
    )
)
