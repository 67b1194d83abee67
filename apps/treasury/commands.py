"""Treasury's commands."""

from django.utils.translation import gettext_lazy as _

from apps.operations.registry import BY_OPERATORS, Command, register
from apps.transfers.commands.flag import WALLET_FLAG
from apps.transfers.facts import OF_MONEY, of_plan
from apps.treasury import serializers
from apps.treasury.services import executing, instructions, rules, verifying

register(
    Command(
        name="treasury.set_sweep_rule",
        summary=_("Set a sweep rule"),
        plan=rules.plan_set_sweep_rule,
        targets=rules.target_in_force,
        input=serializers.SetSweepRuleInput,
        permission="treasury.set_sweep_rule",
        facts=rules.facts_of_rule,
        tells=OF_MONEY,
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="treasury.stop_sweep_rule",
        summary=_("Stop a sweep rule"),
        plan=rules.plan_stop_sweep_rule,
        targets=rules.target,
        input=serializers.StopSweepRuleInput,
        permission="treasury.stop_sweep_rule",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="treasury.execute_sweep",
        summary=_("Execute a sweep rule"),
        plan=executing.plan_execute_sweep,
        targets=rules.target,
        input=serializers.ExecuteSweepInput,
        permission="treasury.execute_sweep",
        flag=WALLET_FLAG,
        scopes=rules.scopes,
    )
)
register(
    Command(
        name="treasury.confirm_sweep",
        summary=_("Confirm that money was moved"),
        plan=instructions.plan_confirm_sweep,
        targets=instructions.target,
        input=serializers.ConfirmSweepInput,
        permission="treasury.confirm_sweep",
        facts=of_plan,
        tells=OF_MONEY,
        flag=WALLET_FLAG,
        scopes=instructions.scopes,
        completion=True,
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="treasury.cancel_sweep",
        summary=_("Cancel what was to be moved"),
        plan=instructions.plan_cancel_sweep,
        targets=instructions.target,
        input=serializers.CancelSweepInput,
        permission="treasury.cancel_sweep",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="treasury.raise_unconfirmed_sweep",
        summary=_("Tell of a sweep that nobody confirms"),
        plan=instructions.plan_raise_unconfirmed_sweep,
        targets=instructions.target,
        input=serializers.UnconfirmedSweepInput,
        permission="treasury.raise_unconfirmed_sweep",
    )
)
register(
    Command(
        name="treasury.raise_sweep_difference",
        summary=_("Tell of a sweep that is not what its rule asked for"),
        plan=verifying.plan_raise_sweep_difference,
        input=serializers.SweepDifferenceInput,
        permission="treasury.raise_sweep_difference",
    )
)
