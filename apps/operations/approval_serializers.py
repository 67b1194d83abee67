"""Input of the commands about approvals: decisions, policies, delegations."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.fields import empty

from apps.core.serializer_fields import IdField, InstantField, TextField
from apps.operations import facts, people
from apps.operations.facts import Fact

MANY = 100
WHY = _("Why, in words that somebody understands a year from now.")
SEEN = _("The hash of what was looked at: the yes is to that and nothing else.")
OPERATORS = {
    "eq": _("is"),
    "ne": _("is not"),
    "in": _("is one of"),
    "gte": _("is at least"),
    "lte": _("is at most"),
}
HASH = "[0-9a-f]{64}"


class DecisionInput(serializers.Serializer[Any]):
    request = IdField("apr", help_text=_("The approval request that is decided about."))
    comment = TextField(
        max_length=500, default="", allow_blank=True, help_text=_("Why, for the maker and the auditor.")
    )


class ApproveInput(DecisionInput):
    seen = TextField(max_length=64, pattern=HASH, help_text=SEEN)


class PickedField(TextField):
    """A request, and after a colon the hash of what was looked at, to both."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=100, pattern=rf"apr_[0-9a-z]{{26}}(:{HASH})?", **kwargs)

    def run_validation(self, data: Any = empty) -> Any:
        """The id and the hash, which a no may leave out."""
        text = super().run_validation(data)
        request, _colon, seen = str(text).partition(":")
        return {"request": IdField("apr").run_validation(request), "seen": seen}


class DecideManyInput(serializers.Serializer[Any]):
    approves = serializers.BooleanField(help_text=_("Yes to all of them, or no."))
    requests = serializers.ListField(
        child=PickedField(),
        min_length=1,
        max_length=MANY,
        help_text=_("Each by its id and, after a colon, the hash of what was looked at, which a yes needs."),
    )
    comment = TextField(
        max_length=500, default="", allow_blank=True, help_text=_("Why, for the makers and the auditor.")
    )

    def validate_requests(self, value: list[dict[str, str]]) -> list[dict[str, str]]:
        """No request twice."""
        seen: set[str] = set()
        for number, each in enumerate(value):
            if each["request"] in seen:
                raise serializers.ValidationError({str(number): ["It stands here twice."]})
            seen.add(each["request"])
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Of a yes also to what."""
        blind = [number for number, each in enumerate(attrs["requests"]) if not each["seen"]]
        if attrs["approves"] and blind:
            message = "A yes needs the hash of what was looked at, after a colon."
            raise serializers.ValidationError({"requests": {str(number): [message] for number in blind}})
        return attrs


class UndoInput(serializers.Serializer[Any]):
    request = IdField("apr", help_text=_("The approval request whose yes you take back."))
    reason = TextField(max_length=500, help_text=WHY)


class ConditionValueField(serializers.Field[Any, Any, Any, Any]):
    """A text, a number, yes or no, or a list of them; of a text with commas, where a list is wanted, the parts."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault(
            "help_text", _("Such as EUR or 10000.00, true or false; for “is one of” several, by commas.")
        )
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Any:
        """The value as it came."""
        items = data if isinstance(data, list) else [data]
        if not items or any(isinstance(each, list | dict | float) or each is None for each in items):
            raise serializers.ValidationError("Give a text, a number, true or false, or a list of them.")
        if any(len(str(each)) > 120 for each in items) or len(items) > MANY:
            raise serializers.ValidationError(f"At most {MANY} values, of at most 120 characters each.")
        return data

    def to_representation(self, value: Any) -> Any:
        """The value."""
        return value


class ConditionInput(serializers.Serializer[Any]):
    fact = serializers.ChoiceField(
        (),
        help_text=_(
            "What is looked at. Of what posts in several currencies, currency and amount are those that wallets pay in; of"
            " several tenants, tenant is the one whose wallets pay. Where none or several do, they are not known."
        ),
    )
    op = serializers.ChoiceField(tuple(OPERATORS.items()), label=_("Operator"))
    value = ConditionValueField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The facts that there are, which higher apps name after this module was read."""
        fields = super().get_fields()
        fields["fact"].choices = [(each.name, each.title) for each in facts.known().values()]  # type: ignore[attr-defined]
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The condition, its value as the fact has its own."""
        fact = facts.known()[attrs["fact"]]
        if attrs["op"] not in facts.OPERATORS[fact.kind]:
            can = ", ".join(facts.OPERATORS[fact.kind])
            raise serializers.ValidationError({"op": f"Of {fact.name} one can ask: {can}."})
        return {**attrs, "value": _value(fact, attrs["op"], attrs["value"])}


class StepInput(serializers.Serializer[Any]):
    role = serializers.ChoiceField((), help_text=_("Whose people may say yes."))
    people = serializers.IntegerField(min_value=1, max_value=9, help_text=_("How many different people."))

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The roles whose people may decide."""
        fields = super().get_fields()
        fields["role"].choices = [(role, role.capitalize()) for role in people.roles()]  # type: ignore[attr-defined]
        return fields


class PolicyContentInput(serializers.Serializer[Any]):
    governs = serializers.ChoiceField((), help_text=_("The command whose runs may wait."))
    blocks = serializers.ListField(
        child=serializers.ListField(
            child=ConditionInput(label=_("Condition")), min_length=1, max_length=20, label=_("Block")
        ),
        default=list,
        max_length=20,
        help_text=_(
            "It holds what meets every condition of any block; without a block it holds every run. Preview draws another row."
        ),
    )
    steps = serializers.ListField(
        child=StepInput(label=_("Step")),
        min_length=1,
        max_length=9,
        help_text=_("Who must say yes: different people in all steps, never the maker."),
    )
    in_sequence = serializers.BooleanField(
        default=False, help_text=_("A step opens only when the one before it is done.")
    )
    reason = TextField(max_length=500, help_text=WHY)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The commands that policies may hold."""
        fields = super().get_fields()
        commands = facts.governable()
        choices = [(name, f"{command.summary} ({name})") for name, command in sorted(commands.items())]
        fields["governs"].choices = choices  # type: ignore[attr-defined]
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Only facts that the command tells."""
        told = facts.told_by(facts.governable()[attrs["governs"]])
        for number, block in enumerate(attrs["blocks"]):
            for place, condition in enumerate(block):
                if condition["fact"] not in told:
                    raise _at_fact(number, place, attrs["governs"], told)
        return attrs


class DraftPolicyInput(PolicyContentInput):
    name = TextField(
        max_length=120,
        help_text=_("What people call it. The name of one that there is drafts its next version."),
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The name first."""
        fields = super().get_fields()
        return {"name": fields.pop("name"), **fields}


class ChangePolicyInput(PolicyContentInput):
    policy = IdField("pol", help_text=_("The draft that is changed."))

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The draft first."""
        fields = super().get_fields()
        return {"policy": fields.pop("policy"), **fields}


class PolicyInput(serializers.Serializer[Any]):
    policy = IdField("pol", help_text=_("One version of a policy."))
    reason = TextField(max_length=500, help_text=WHY)


class DelegateInput(serializers.Serializer[Any]):
    delegate = IdField("usr", help_text=_("Who decides in the place of the other; somebody who may decide."))
    role = serializers.ChoiceField((), help_text=_("As what. The one who lends it has it, and keeps it."))
    until = InstantField(help_text=_("When it ends, in UTC; at most 90 days from now."))
    reason = TextField(max_length=500, help_text=WHY)
    delegator = IdField(
        "usr",
        default=None,
        allow_null=True,
        help_text=_("In whose place; left out it is yourself. Only an admin delegates for others."),
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The roles whose people may decide."""
        fields = super().get_fields()
        fields["role"].choices = [(role, role.capitalize()) for role in people.roles()]  # type: ignore[attr-defined]
        return fields


class WithdrawDelegationInput(serializers.Serializer[Any]):
    delegation = IdField("dlg", help_text=_("The delegation that ends now."))
    reason = TextField(max_length=500, help_text=WHY)


class NoteEligibilityInput(serializers.Serializer[Any]):
    request = IdField("apr")


class WithdrawInput(serializers.Serializer[Any]):
    request = IdField("apr")
    reason = TextField(max_length=500, help_text=WHY)


def _at_fact(block: int, condition: int, command: str, told: frozenset[str]) -> serializers.ValidationError:
    message = f"{command} does not tell this; it tells {', '.join(sorted(told))}."
    return serializers.ValidationError({"blocks": {str(block): {str(condition): {"fact": [message]}}}})


def _value(fact: Fact, op: str, value: Any) -> Any:
    if op != "in":
        return _one(fact, value)
    items: Sequence[Any] = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list):
        items = [items]
    return [_one(fact, each) for each in items]


def _one(fact: Fact, value: Any) -> Any:
    """One value, of the kind of the fact; the error says what that is."""
    if fact.kind == "flag":
        found = _FLAGS.get(str(value).strip().lower())
        if found is None:
            raise _unfit("It must be true or false.")
        return found
    if isinstance(value, list | bool):
        raise _unfit("It must be one value.")
    text = str(value).strip()
    if not text:
        raise _unfit("It must not be empty.")
    if fact.kind == "text":
        return text
    number = _number(text)
    if number is None or (fact.kind == "whole" and number != number.to_integral_value()):
        wanted = "a whole number" if fact.kind == "whole" else "a number, such as 10000.00"
        raise _unfit(f"It must be {wanted}.")
    return int(number) if fact.kind == "whole" else text


_FLAGS: Mapping[str, bool] = {"true": True, "yes": True, "false": False, "no": False}


def _number(text: str) -> Decimal | None:
    """Plain digits, as facts are stored."""
    try:
        return Decimal(text) if text.isascii() and not set(text) - set("-0123456789.") else None
    except InvalidOperation:
        return None


def _unfit(message: str) -> serializers.ValidationError:
    return serializers.ValidationError({"value": [message]})
