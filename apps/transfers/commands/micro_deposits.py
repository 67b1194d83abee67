"""Micro-deposits: sent, told, expired."""

from django.utils.translation import gettext_lazy as _

from apps.accounts.services import recipients
from apps.operations.registry import EVERYWHERE, Command, register
from apps.transfers import outputs, serializers
from apps.transfers.commands.flag import WALLET_FLAG
from apps.transfers.services import micro_deposits

register(
    Command(
        name="transfers.send_micro_deposits",
        summary=_("Send micro-deposits"),
        plan=micro_deposits.plan_send_micro_deposits,
        targets=recipients.target,
        input=serializers.SendMicroDepositsInput,
        output=outputs.MicroDepositsResult,
        permission="transfers.send_micro_deposits",
        scope="recipients:write",
        path="recipients/{recipient}/micro-deposits",
        flag=WALLET_FLAG,
        parties=micro_deposits.parties,
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="transfers.prove_micro_deposits",
        summary=_("Tell the amounts of micro-deposits"),
        plan=micro_deposits.plan_prove_micro_deposits,
        targets=recipients.target,
        input=serializers.ProveMicroDepositsInput,
        output=outputs.MicroDepositsToldResult,
        permission="transfers.prove_micro_deposits",
        scope="recipients:write",
        path="recipients/{recipient}/micro-deposits/prove",
        previews=False,
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="transfers.expire_micro_deposits",
        summary=_("End micro-deposits that nobody has told the amounts of"),
        plan=micro_deposits.plan_expire_micro_deposits,
        targets=micro_deposits.targets_of_expiry,
        input=serializers.ExpireMicroDepositsInput,
        permission="transfers.expire_micro_deposits",
    )
)
