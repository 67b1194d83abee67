"""What was agreed or done elsewhere, booked at the figures that are given."""

from collections.abc import Callable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework.serializers import Serializer

from apps.operations.plan import Plan
from apps.operations.registry import BY_OPERATORS, Command, register
from apps.transfers import outputs, serializers
from apps.transfers.commands.flag import WALLET_FLAG
from apps.transfers.facts import OF_MONEY, of_plan
from apps.transfers.services import booked


def _booked(
    name: str, summary: Promise, plan: Callable[..., Plan], given: type[Serializer[Any]], alias: str
) -> None:
    register(
        Command(
            name=f"transfers.{name}",
            summary=summary,
            plan=plan,
            input=given,
            output=outputs.BookedResult,
            permission=f"transfers.{name}",
            facts=of_plan,
            tells=OF_MONEY,
            flag=WALLET_FLAG,
            scopes=booked.scopes,
            surfaces=BY_OPERATORS,
            aliases=(alias,),
        )
    )


_booked(
    "book_conversion",
    _("Book an FX deal"),
    booked.plan_book_conversion,
    serializers.ConversionInput,
    "bookFxDeal",
)
_booked(
    "book_otc_trade",
    _("Book a trade with a counterparty"),
    booked.plan_book_otc_trade,
    serializers.OtcTradeInput,
    "bookCounterpartyTrade",
)
_booked(
    "pay_from_pool",
    _("Book a payout of a pool"),
    booked.plan_pay_from_pool,
    serializers.PoolPayoutInput,
    "gpsCrossCurrencyPayout",
)
_booked(
    "top_up_pool", _("Top up a pool"), booked.plan_top_up_pool, serializers.PoolTopUpInput, "topUpGpsPool"
)
register(
    Command(
        name="transfers.fund_bank_account",
        summary=_("Fund a bank account"),
        plan=booked.plan_fund_bank_account,
        input=serializers.BankFundingInput,
        permission="transfers.fund_bank_account",
        facts=of_plan,
        tells=OF_MONEY,
        flag=WALLET_FLAG,
        scopes=booked.scopes,
        surfaces=BY_OPERATORS,
        aliases=("fundBankAccount",),
    )
)
