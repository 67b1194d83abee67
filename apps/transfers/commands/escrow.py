"""What is done at once with a wallet's money beside transfers: put in escrow, released from there, charged as a fee."""

from django.utils.translation import gettext_lazy as _

from apps.operations.registry import EVERYWHERE, Command, register
from apps.transfers import outputs, serializers
from apps.transfers.commands.flag import WALLET_FLAG
from apps.transfers.facts import OF_MONEY, of_plan
from apps.transfers.services import escrow, fees, holds

register(
    Command(
        name="transfers.hold_in_escrow",
        summary=_("Put money in escrow"),
        plan=escrow.plan_hold_in_escrow,
        input=serializers.HoldInEscrowInput,
        output=outputs.EscrowResult,
        permission="transfers.hold_in_escrow",
        facts=of_plan,
        tells=OF_MONEY,
        scope="transfers:write",
        path="escrows",
        flag=WALLET_FLAG,
        scopes=holds.scopes,
        alone=True,
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="transfers.release_escrow",
        summary=_("Release money from escrow"),
        plan=escrow.plan_release_escrow,
        targets=escrow.target,
        input=serializers.ReleaseEscrowInput,
        output=outputs.EscrowResult,
        permission="transfers.release_escrow",
        facts=of_plan,
        tells=OF_MONEY,
        scope="transfers:write",
        path="escrow-releases",
        flag=WALLET_FLAG,
        scopes=escrow.scopes,
        completion=True,
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="transfers.charge_fee",
        summary=_("Charge a fee"),
        plan=fees.plan_charge_fee,
        input=serializers.ChargeFeeInput,
        output=outputs.FeeChargedResult,
        permission="transfers.charge_fee",
        facts=of_plan,
        tells=OF_MONEY,
        scope="platform:write",
        path="fees",
        flag=WALLET_FLAG,
        scopes=holds.scopes,
        surfaces=EVERYWHERE,
    )
)
