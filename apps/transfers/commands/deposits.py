"""The commands about deposits, money in suspense and virtual accounts."""

from django.utils.translation import gettext_lazy as _

from apps.operations.registry import BY_OPERATORS, EVERYWHERE, Command, register
from apps.transfers import arrival_serializers as serializers
from apps.transfers.facts import OF_MONEY, of_plan
from apps.transfers.services import chargebacks, deposits, numbers, suspense

register(
    Command(
        name="transfers.request_virtual_account",
        summary=_("Ask for a virtual account"),
        plan=numbers.plan_request_virtual_account,
        input=serializers.RequestVirtualAccountInput,
        output=serializers.VirtualAccountResult,
        permission="transfers.request_virtual_account",
        scope="wallets:write",
        path="virtual-accounts",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="transfers.record_virtual_account",
        summary=_("Record the number of a virtual account"),
        plan=numbers.plan_record_virtual_account,
        targets=numbers.target,
        input=serializers.RecordVirtualAccountInput,
        permission="transfers.record_virtual_account",
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="transfers.record_deposit",
        summary=_("Record a deposit"),
        plan=deposits.plan_record_deposit,
        targets=deposits.of_message,
        input=serializers.RecordInboundInput,
        permission="transfers.record_deposit",
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="transfers.suspend_deposit",
        summary=_("Put a deposit in suspense"),
        plan=deposits.plan_suspend_deposit,
        targets=deposits.of_deposit,
        input=serializers.DepositInput,
        permission="transfers.suspend_deposit",
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="transfers.record_chargeback",
        summary=_("Record a chargeback"),
        plan=deposits.plan_record_chargeback,
        targets=deposits.of_chargeback,
        input=serializers.RecordInboundInput,
        permission="transfers.record_chargeback",
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="transfers.assign_deposit",
        summary=_("Assign money in suspense to a wallet"),
        plan=suspense.plan_assign_deposit,
        targets=suspense.to_wallet,
        input=serializers.AssignDepositInput,
        permission="transfers.assign_deposit",
        facts=of_plan,
        tells=OF_MONEY,
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="transfers.mark_for_return",
        summary=_("Mark money in suspense to be sent back"),
        plan=suspense.plan_mark_for_return,
        targets=deposits.of_deposit,
        input=serializers.MarkForReturnInput,
        permission="transfers.mark_for_return",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="transfers.return_deposit",
        summary=_("Record that money in suspense was sent back"),
        plan=suspense.plan_return_deposit,
        targets=deposits.of_deposit,
        facts=of_plan,
        tells=OF_MONEY,
        input=serializers.ReturnDepositInput,
        permission="transfers.return_deposit",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="transfers.post_chargeback",
        summary=_("Post a chargeback"),
        plan=chargebacks.plan_post_chargeback,
        targets=chargebacks.target,
        input=serializers.PostChargebackInput,
        permission="transfers.post_chargeback",
        facts=of_plan,
        tells=OF_MONEY,
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="transfers.close_chargeback",
        summary=_("Close a chargeback"),
        plan=chargebacks.plan_close_chargeback,
        targets=chargebacks.target,
        input=serializers.CloseChargebackInput,
        permission="transfers.close_chargeback",
        surfaces=BY_OPERATORS,
    )
)
