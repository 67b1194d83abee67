"""What is told of sweep rules, their executions, and what people are to move."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.core.serializer_fields import IdField, MoneyField
from apps.operations.event_types import Declaring
from apps.operations.events import WHY, of_reason
from apps.treasury.models import ExecutionStatus, InstructionStatus, Why

RULE = _("The rule, in this version.")
ADDRESS = _("The account that is kept between floor and target.")
COUNTER = _("Where a surplus goes and what is lacking comes from.")
INSTRUCTION = _("What people are to move.")


class SweepRuleStoppedEvent(serializers.Serializer[Any]):
    rule = IdField("swr", help_text=RULE)
    version = serializers.IntegerField(help_text=_("The first is 1."))
    book = serializers.CharField(help_text=_("Whose books."))
    account = serializers.CharField(help_text=ADDRESS)
    counter_account = serializers.CharField(help_text=COUNTER)
    floor = MoneyField(help_text=_("Below it the account is brought up."))
    target = MoneyField(help_text=_("What it is brought to."))
    minimum = MoneyField(help_text=_("Nothing smaller is moved."))
    instructs = serializers.BooleanField(help_text=_("Whether people move the money at banks or providers."))
    reason = serializers.CharField(help_text=WHY)


class SweepRuleSetEvent(SweepRuleStoppedEvent):
    replaces = serializers.ListField(child=IdField("swr"), help_text=_("The rules that end with it."))


class SweepEvent(serializers.Serializer[Any]):
    execution = IdField("swx", help_text=_("What came of one due time."))
    rule = IdField("swr", help_text=RULE)
    account = serializers.CharField(help_text=ADDRESS)
    counter_account = serializers.CharField(help_text=COUNTER)
    due_at = serializers.DateTimeField(help_text=_("For which due time."))
    status = serializers.ChoiceField(ExecutionStatus.choices, help_text=_("What came of it."))
    why = serializers.ChoiceField(Why.choices, help_text=_("Why not all that was asked for; empty if all."))
    balance = MoneyField(help_text=_("What the account had."))
    asked = MoneyField(help_text=_("What was to be moved; below zero it leaves the account."))
    amount = MoneyField(help_text=_("What is moved of that."))
    entry = IdField("je", allow_null=True, help_text=_("Which entry, if something was posted."))


class SweepInstructedEvent(SweepEvent):
    instruction = IdField("swi", help_text=INSTRUCTION)
    to = serializers.CharField(help_text=_("To which account."))
    confirm_by = serializers.DateTimeField(help_text=_("Until when people confirm it."))

    def get_fields(self) -> dict[str, Any]:
        """With `from`, which is no name in Python."""
        return {**super().get_fields(), "from": serializers.CharField(help_text=_("Out of which account."))}


class InstructionTold(serializers.Serializer[Any]):
    instruction = IdField("swi", help_text=INSTRUCTION)
    rule = IdField("swr", help_text=RULE)
    status = serializers.ChoiceField(InstructionStatus.choices, help_text=_("What it is now."))
    to = serializers.CharField(help_text=_("To which account."))
    amount = MoneyField(help_text=_("How much."))

    def get_fields(self) -> dict[str, Any]:
        """With `from`, which is no name in Python."""
        return {**super().get_fields(), "from": serializers.CharField(help_text=_("Out of which account."))}


class SweepConfirmedEvent(InstructionTold):
    bank_reference = serializers.CharField(help_text=_("The bank's or provider's name for the movement."))
    entry = IdField("je", help_text=_("What was posted."))


class SweepCancelledEvent(InstructionTold):
    reason = serializers.CharField(help_text=WHY)


class SweepShortAlarm(SweepEvent):
    reason = of_reason("sweep short", "sweep refused")


class SweepUnconfirmedAlarm(InstructionTold):
    reason = of_reason("sweep not confirmed")
    since = serializers.DateTimeField(help_text=_("Since when it is to be moved."))
    confirm_by = serializers.DateTimeField(help_text=_("Until when it was to be confirmed."))


class SweepDifferenceAlarm(serializers.Serializer[Any]):
    reason = of_reason("sweep difference")
    rule = IdField("swr", help_text=RULE)
    due_at = serializers.DateTimeField(help_text=_("Of which due time."))
    what = serializers.CharField(help_text=_("What differs, in one word."))
    message = serializers.CharField(help_text=_("What differs, in words."))


declare = Declaring(__file__)
declare.told("sweep_rule.set", _("A sweep rule is in force."), SweepRuleSetEvent, "treasury.set_sweep_rule")
declare.told(
    "sweep_rule.stopped",
    _("A sweep rule is due no more."),
    SweepRuleStoppedEvent,
    "treasury.stop_sweep_rule",
)
declare.told("sweep.executed", _("Our own money was moved."), SweepEvent, "treasury.execute_sweep")
declare.told(
    "sweep.instructed",
    _("People are to move our own money."),
    SweepInstructedEvent,
    "treasury.execute_sweep",
)
declare.told("sweep.confirmed", _("What was to be moved was."), SweepConfirmedEvent, "treasury.confirm_sweep")
declare.told(
    "sweep.cancelled",
    _("What was to be moved will not be."),
    SweepCancelledEvent,
    "treasury.cancel_sweep",
)
declare.alarm("sweep short", SweepShortAlarm, "treasury.execute_sweep")
declare.alarm("sweep not confirmed", SweepUnconfirmedAlarm, "treasury.raise_unconfirmed_sweep")
declare.alarm("sweep difference", SweepDifferenceAlarm, "treasury.raise_sweep_difference")
