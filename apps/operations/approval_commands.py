"""The commands about approvals: decisions, policies, delegations."""

from collections.abc import Callable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework.serializers import Serializer

from apps.operations import approval_serializers as serializers
from apps.operations.approvals import build_in
from apps.operations.plan import Plan
from apps.operations.registry import BY_OPERATORS, Command, Input, Target, register
from apps.operations.services import approvals, delegations, eligibility, policies


def _decision(
    name: str,
    summary: Promise,
    plan: Callable[..., Plan],
    given: type[Serializer[Any]],
    targets: Callable[[Input], list[Target]] = approvals.request_target,
) -> None:
    register(
        Command(
            name=f"operations.{name}",
            summary=summary,
            plan=plan,
            targets=targets,
            input=given,
            permission="operations.decide",
            surfaces=BY_OPERATORS,
        )
    )


_decision("approve_request", _("Approve a request"), approvals.plan_approve, serializers.ApproveInput)
_decision("reject_request", _("Reject a request"), approvals.plan_reject, serializers.DecisionInput)
_decision("undo_decision", _("Take a yes back"), approvals.plan_undo, serializers.UndoInput)
_decision(
    "decide_many",
    _("Decide about many requests"),
    approvals.plan_decide_many,
    serializers.DecideManyInput,
    approvals.request_targets,
)


def _policy(
    name: str,
    summary: Promise,
    plan: Callable[..., Plan],
    given: type[Serializer[Any]] = serializers.PolicyInput,
    **more: Any,
) -> None:
    register(
        Command(
            name=f"operations.{name}",
            summary=summary,
            plan=plan,
            input=given,
            permission="operations.change_policies",
            surfaces=BY_OPERATORS,
            **more,
        )
    )


_policy(
    "draft_policy", _("Draft an approval policy"), policies.plan_draft_policy, serializers.DraftPolicyInput
)
_policy(
    "change_policy",
    _("Change the draft of a policy"),
    policies.plan_change_policy,
    serializers.ChangePolicyInput,
    targets=policies.target,
)
_policy(
    "discard_policy",
    _("Discard the draft of a policy"),
    policies.plan_discard_policy,
    targets=policies.target,
)
_policy(
    "activate_policy",
    _("Activate an approval policy"),
    policies.plan_activate_policy,
    targets=policies.target,
    facts=policies.change_facts,
    tells=policies.OF_CHANGE,
)
_policy(
    "retire_policy",
    _("Retire an approval policy"),
    policies.plan_retire_policy,
    targets=policies.target,
    facts=policies.change_facts,
    tells=policies.OF_CHANGE,
)
for _name in ("operations.activate_policy", "operations.retire_policy"):
    build_in("Changes of approval policies", _name)
register(
    Command(
        name="operations.delegate",
        summary=_("Let somebody decide in your place"),
        plan=delegations.plan_delegate,
        input=serializers.DelegateInput,
        permission="operations.delegate",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="operations.withdraw_delegation",
        summary=_("End a delegation"),
        plan=delegations.plan_withdraw_delegation,
        targets=delegations.target,
        input=serializers.WithdrawDelegationInput,
        permission="operations.delegate",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="operations.note_eligibility",
        summary=_("Note whether somebody could agree"),
        plan=eligibility.plan_note_eligibility,
        targets=approvals.request_target,
        input=serializers.NoteEligibilityInput,
        permission="operations.note_eligibility",
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="operations.withdraw_request",
        summary=_("Close a request whose object is over"),
        plan=approvals.plan_withdraw,
        targets=approvals.request_target,
        input=serializers.WithdrawInput,
        permission="operations.withdraw_request",
        surfaces=frozenset(),
    )
)
