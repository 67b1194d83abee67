"""What a provider executes: asked for, confirmed, cancelled."""

from collections.abc import Callable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework.serializers import Serializer

from apps.operations.plan import Plan
from apps.operations.registry import EVERYWHERE, Command, register
from apps.transfers import outputs, serializers
from apps.transfers.commands.flag import WALLET_FLAG
from apps.transfers.models import Kind
from apps.transfers.services import asking, exchanges, payouts, reviews, stopping

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
        name="transfers.cancel_transfer",
        summary=_("Cancel a transfer"),
        plan=stopping.plan_cancel,
        targets=stopping.targets,
        input=serializers.CancelTransferInput,
        output=outputs.StoppedResult,
        permission="transfers.cancel_transfer",
        scope="transfers:write",
        path="transfers/{transfer}/cancel",
        surfaces=EVERYWHERE,
        aliases=("cancel",),
    )
)


def _exchange(
    name: str,
    summary: Promise,
    path: str,
    plan: Callable[..., Plan],
    given: type[Serializer[Any]],
    *aliases: str,
) -> None:
    register(
        Command(
            name=f"transfers.{name}",
            summary=summary,
            plan=plan,
            input=given,
            output=outputs.AskedResult,
            permission=f"transfers.{name}",
            scope="transfers:write",
            path=path,
            flag=WALLET_FLAG,
            scopes=exchanges.scopes,
            asks_for=asking.OPEN_SENDING,
            surfaces=EVERYWHERE,
            aliases=aliases,
        )
    )


for kind, summary, given, alias in (
    (Kind.ONRAMP, _("Turn money into coins"), serializers.ExchangeInput, "stablecoinOnramp"),
    (Kind.OFFRAMP, _("Turn coins into money"), serializers.SaleInput, "stablecoinOfframp"),
    (Kind.BUY, _("Buy an investment"), serializers.ExchangeInput, "buy"),
    (Kind.SELL, _("Sell an investment"), serializers.SaleInput, "sell"),
):
    _exchange(f"create_{kind}", summary, f"{kind}s", exchanges.plan_between(kind), given, alias)
_exchange(
    "create_bridge",
    _("Move coins to another network"),
    "bridges",
    exchanges.plan_create_bridge,
    serializers.BridgeInput,
    "bridge",
)
_exchange(
    "start_strategy",
    _("Start a strategy"),
    "strategies",
    exchanges.plan_start_strategy,
    serializers.StrategyInput,
)
_exchange(
    "stop_strategy",
    _("Stop a strategy"),
    "strategies/stop",
    exchanges.plan_stop_strategy,
    serializers.StrategyInput,
)
