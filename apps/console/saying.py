"""What approval policies say, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from apps.operations import facts
from apps.operations.approval_serializers import OPERATORS
from apps.operations.quorum import Steps


def who(steps: Steps, in_sequence: bool) -> str:
    """How many of which role, as one reads it: two of the first, then one of the second."""
    between = _(", then ") if in_sequence else _(" and ")
    return between.join(f"{step['people']} \u00d7 {step['role']}" for step in steps)


def block(conditions: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each condition of a block as a clause."""
    return [_clause(each) for each in conditions]


def _clause(condition: Mapping[str, Any]) -> str:
    value = condition["value"]
    told = _(" or ").join(map(_told, value)) if isinstance(value, list) else _told(value)
    return f"{fact(condition['fact'])} {OPERATORS[condition['op']]} {told}"


def _told(value: Any) -> str:
    return {True: _("yes"), False: _("no")}[value] if isinstance(value, bool) else str(value)


def fact(name: str) -> str:
    """What a fact is called."""
    known = facts.known().get(name)
    return str(known.title) if known else name


def policy(told: Mapping[str, Any]) -> dict[str, str]:
    """What a policy says, in place of its blocks and steps."""
    blocks = [_(" and ").join(block(each)) for each in told["blocks"]]
    return {
        "policy": told["policy"],
        "version": f"{told['name']}, {told['version']}",
        "holds": told["governs"],
        "if": _("; or ").join(blocks) or _("always"),
        "asks": who(told["steps"], told["in_sequence"]),
        "replaces": told.get("replaces") or "",
    }
