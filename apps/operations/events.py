"""What the door itself tells: flags, keys, approvals, policies, and alarms, of which every app has its own."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.core.serializer_fields import IdField
from apps.operations.approval_serializers import OPERATORS
from apps.operations.event_types import Declaring
from apps.operations.models import FlagScope, PolicyStatus
from apps.operations.outputs import KeyResetResult

WHY = _("Why, in somebody's words.")
REQUEST = _("The approval request.")


class FlagChangedEvent(serializers.Serializer[Any]):
    name = serializers.CharField(help_text=_("The flag."))
    scope = serializers.ChoiceField(FlagScope.choices, help_text=_("What it switches."))
    scope_id = serializers.CharField(
        allow_blank=True, help_text=_("Which tenant, currency or provider; empty for everything.")
    )
    enabled = serializers.BooleanField(help_text=_("Whether what it switches goes on."))
    reason = serializers.CharField(help_text=WHY)


class KeyResetEvent(KeyResetResult):
    reason = serializers.CharField(help_text=WHY)


def of_reason(*reasons: str) -> serializers.ChoiceField:
    """The field that tells alarms apart."""
    return serializers.ChoiceField(reasons, help_text=_("Which alarm it is."))


class NoApproverAlarm(serializers.Serializer[Any]):
    reason = of_reason("no eligible approver")
    request = IdField("apr", help_text=REQUEST)
    command = serializers.CharField(help_text=_("The command that waits."))
    role = serializers.CharField(help_text=_("The roles whose people must agree, with blanks between."))


class ApprovalGrantedEvent(serializers.Serializer[Any]):
    request = IdField("apr", help_text=REQUEST)
    approvals = serializers.IntegerField(help_text=_("How many have agreed."))
    approvers_needed = serializers.IntegerField(help_text=_("How many had to."))


class ApprovalRejectedEvent(serializers.Serializer[Any]):
    request = IdField("apr", help_text=REQUEST)
    comment = serializers.CharField(allow_blank=True, help_text=WHY)


class ApprovalUndoneEvent(serializers.Serializer[Any]):
    request = IdField("apr", help_text=REQUEST)
    undone = serializers.IntegerField(help_text=_("How many yeses count no more."))
    approvals = serializers.IntegerField(help_text=_("How many still do."))
    reason = serializers.CharField(help_text=WHY)


class ApprovalWithdrawnEvent(serializers.Serializer[Any]):
    request = IdField("apr", help_text=REQUEST)
    reason = serializers.CharField(help_text=WHY)


class DelegationWithdrawnEvent(serializers.Serializer[Any]):
    delegation = IdField("dlg", help_text=_("The delegation."))
    reason = serializers.CharField(help_text=WHY)


class DelegatedEvent(DelegationWithdrawnEvent):
    role = serializers.CharField(help_text=_("As which they may decide."))
    to = IdField("usr", help_text=_("Who may decide."))
    until = serializers.DateTimeField(help_text=_("Until when."))
    made_by = IdField("usr", help_text=_("Who said so."))

    def get_fields(self) -> dict[str, Any]:
        """With `from`, which is no name in Python."""
        return {**super().get_fields(), "from": IdField("usr", help_text=_("In whose place."))}


class ConditionTold(serializers.Serializer[Any]):
    fact = serializers.CharField(help_text=_("What is looked at."))
    op = serializers.ChoiceField(list(OPERATORS), help_text=_("How it is compared."))
    value = serializers.JSONField(help_text=_("With what: a text, a list of texts, a number, or yes or no."))


class StepTold(serializers.Serializer[Any]):
    role = serializers.CharField(help_text=_("Whose people."))
    people = serializers.IntegerField(help_text=_("How many of them."))


class PolicyEvent(serializers.Serializer[Any]):
    policy = IdField("pol", help_text=_("This version of the policy."))
    name = serializers.CharField(help_text=_("The same in all versions."))
    version = serializers.IntegerField(help_text=_("The first is 1."))
    status = serializers.ChoiceField(PolicyStatus.choices, help_text=_("What it is now."))
    governs = serializers.CharField(help_text=_("The command that it is about."))
    blocks = serializers.ListField(
        child=serializers.ListField(child=ConditionTold()),
        help_text=_("It applies if all conditions of any block hold, and always if there is no block."),
    )
    steps = StepTold(many=True, help_text=_("Who must agree: different people in all steps."))
    in_sequence = serializers.BooleanField(help_text=_("Whether a step opens when the one before is done."))


class PolicyEndedEvent(PolicyEvent):
    reason = serializers.CharField(help_text=WHY)


class PolicyActivatedEvent(PolicyEndedEvent):
    replaces = serializers.IntegerField(
        allow_null=True, help_text=_("The version that asks no more; none if it is the first.")
    )


DECIDING = ("operations.approve_request", "operations.decide_many")

declare = Declaring(__file__)
declare.told("flag.changed", _("A switch was set."), FlagChangedEvent, "operations.set_feature_flag")
declare.told("key.reset", _("An idempotency key was freed."), KeyResetEvent, "operations.reset_key")
declare.told(
    "alert.raised",
    _("People are to look at something; `reason` says at what."),
    NoApproverAlarm,
    "operations.note_eligibility",
    by_asking=True,
)
declare.told(
    "alert.resolved",
    _("What people were to look at is over."),
    NoApproverAlarm,
    "operations.note_eligibility",
)
declare.told("approval.granted", _("All who had to agree have agreed."), ApprovalGrantedEvent, *DECIDING)
declare.told(
    "approval.rejected",
    _("Somebody said no, so what was asked for is not done."),
    ApprovalRejectedEvent,
    "operations.reject_request",
    "operations.decide_many",
)
declare.told(
    "approval.undone", _("Somebody took their yes back."), ApprovalUndoneEvent, "operations.undo_decision"
)
declare.told(
    "approval.withdrawn",
    _("What waited for people is over, so nobody need decide."),
    ApprovalWithdrawnEvent,
    "operations.withdraw_request",
)
declare.told(
    "approval.delegated",
    _("Somebody may decide in the place of another for a while."),
    DelegatedEvent,
    "operations.delegate",
)
declare.told(
    "approval.delegation_withdrawn",
    _("A delegation has ended before its time."),
    DelegationWithdrawnEvent,
    "operations.withdraw_delegation",
)
declare.told("approval_policy.drafted", _("A policy was drafted."), PolicyEvent, "operations.draft_policy")
declare.told("approval_policy.changed", _("A draft was changed."), PolicyEvent, "operations.change_policy")
declare.told(
    "approval_policy.activated",
    _("A policy asks people from now on."),
    PolicyActivatedEvent,
    "operations.activate_policy",
)
declare.told(
    "approval_policy.retired",
    _("A policy asks nobody any more."),
    PolicyEndedEvent,
    "operations.retire_policy",
)
declare.told(
    "approval_policy.discarded",
    _("A draft was thrown away."),
    PolicyEndedEvent,
    "operations.discard_policy",
)
