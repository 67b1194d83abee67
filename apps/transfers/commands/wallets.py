"""Money between wallets: pay-ins, transfers, holds."""

from django.utils.translation import gettext_lazy as _

from apps.ledger.services import lookups
from apps.operations.registry import BY_OPERATORS, EVERYWHERE, Command, register
from apps.transfers import outputs, serializers
from apps.transfers.commands.flag import WALLET_FLAG
from apps.transfers.facts import OF_MONEY, of_plan
from apps.transfers.services import asking, holds, internal, pay_ins, refunds, reversals, reviews

register(
    Command(
        name="transfers.post_pay_in",
        summary=_("Post a pay-in"),
        plan=pay_ins.plan_post_pay_in,
        input=serializers.PayInInput,
        output=outputs.PayInResult,
        permission="transfers.post_pay_in",
        facts=of_plan,
        tells=OF_MONEY,
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
        facts=of_plan,
        tells=OF_MONEY,
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
        facts=of_plan,
        tells=OF_MONEY,
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
        facts=of_plan,
        tells=OF_MONEY,
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
        name="transfers.create_refund",
        summary=_("Refund a pay-in"),
        plan=refunds.plan_create_refund,
        targets=refunds.target,
        input=serializers.RefundInput,
        output=outputs.AskedResult,
        permission="transfers.create_refund",
        facts=of_plan,
        tells=OF_MONEY,
        scope="transfers:write",
        path="transfers/{transfer}/refund",
        flag=WALLET_FLAG,
        scopes=reviews.scopes,
        asks_for=asking.OPEN_SENDING,
        surfaces=EVERYWHERE,
        aliases=("refund",),
    )
)
register(
    Command(
        name="transfers.reverse_transfer",
        summary=_("Reverse a transfer"),
        plan=reversals.plan_reverse_transfer,
        targets=reversals.targets,
        input=serializers.CancelTransferInput,
        output=outputs.ReversedResult,
        permission="transfers.reverse_transfer",
        facts=of_plan,
        tells=OF_MONEY,
        surfaces=BY_OPERATORS,
    )
)
