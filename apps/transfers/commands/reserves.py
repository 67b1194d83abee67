"""Rolling reserves: what is kept back, and let go."""

from django.utils.translation import gettext_lazy as _

from apps.operations.registry import BY_OPERATORS, Command, register
from apps.transfers import outputs, serializers
from apps.transfers.commands.flag import WALLET_FLAG
from apps.transfers.facts import OF_MONEY, of_plan
from apps.transfers.services import reserves

register(
    Command(
        name="transfers.set_reserve_policy",
        summary=_("Set what is kept back of a wallet's pay-ins"),
        handler=reserves.set_reserve_policy,
        targets=reserves.wallet_target,
        input=serializers.ReservePolicyInput,
        permission="transfers.set_reserve_policy",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="transfers.hold_rolling_reserve",
        summary=_("Keep money of a wallet back"),
        plan=reserves.plan_hold_rolling_reserve,
        input=serializers.HoldReserveInput,
        output=outputs.ReserveResult,
        permission="transfers.hold_rolling_reserve",
        facts=of_plan,
        tells=OF_MONEY,
        flag=WALLET_FLAG,
        scopes=reserves.scopes,
        surfaces=BY_OPERATORS,
        aliases=("holdRollingReserve",),
    )
)
register(
    Command(
        name="transfers.release_rolling_reserve",
        summary=_("Release what was kept back"),
        plan=reserves.plan_release_rolling_reserve,
        targets=reserves.target,
        input=serializers.ReleaseReserveInput,
        output=outputs.ReserveResult,
        permission="transfers.release_rolling_reserve",
        facts=of_plan,
        tells=OF_MONEY,
        flag=WALLET_FLAG,
        scopes=reserves.scopes,
        completion=True,
        surfaces=BY_OPERATORS,
        aliases=("releaseRollingReserve",),
    )
)
