"""The generated forms: every command is drawn, and what is drawn is read back as it was."""

import hashlib
import json
from base64 import b64decode, b64encode
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from rest_framework import serializers

from apps.console.forms.form import Form
from apps.console.forms.parts import written_fields
from apps.console.forms.places import Control
from apps.core import ids
from apps.core.serializer_fields import (
    CountryField,
    CurrencyField,
    FileField,
    IdField,
    MetadataField,
    MoneyField,
    NetworkField,
)
from apps.operations import inputs
from apps.operations.approval_serializers import ConditionInput, PickedField
from apps.operations.errors import InputInvalid
from apps.operations.registry import Command, all_commands, find
from apps.providers.serializers import AmountsField
from tests.support.commands import COMMANDS

ON_CONSOLE = [command for command in all_commands() if "console" in command.surfaces]
TEXTS = {
    "book": "platform",
    "address": "customer:1:available",
    "account": "customer:1:available",
    "held_account": "customer:1:held",
    "destination": "bank:ing",
    "floor": "-5.00",
    "gl_code": "2110",
    "email": "bo@example.com",
    "owner_email": "bo@example.com",
    "website": "https://example.com/",
    "from_account": "bank:sandbox",
    "subject": "wal_01jd0000000000000000000000",
    "seen": "0" * 64,
    "sha256": hashlib.sha256(b"a file").hexdigest(),
}
AWKWARD = "=1+1; DROP TABLE x --'\"<script>alert(1)</script>"


PLAIN = {
    serializers.SlugField: "plain-1",
    serializers.URLField: "https://provider.example",
    serializers.TimeField: "17:30:00",
}


def example(name: str, field: Any) -> Any:
    """A value that a field takes: awkward text wherever text is free."""
    if isinstance(field, FileField):
        return b64encode(b"a file").decode()
    if isinstance(field, ConditionInput):
        return {"fact": "origin", "op": "ne", "value": AWKWARD}
    if isinstance(field, PickedField):
        return f"{ids.new_id('apr')}:{'0' * 64}"
    if isinstance(field, MoneyField):
        return {"amount": "12.30", "currency": "EUR"}
    if isinstance(field, CurrencyField):
        return "EUR"
    if isinstance(field, IdField):
        return ids.new_id(field.prefix)
    if isinstance(field, serializers.BooleanField):
        return True
    if isinstance(field, serializers.ChoiceField):
        return list(field.choices)[-1]
    if isinstance(field, NetworkField):
        return "203.0.113.0/24"
    if isinstance(field, CountryField):
        return "DE"
    if isinstance(field, MetadataField):
        return {"note": AWKWARD}
    if isinstance(field, serializers.ListField):
        return [example(name, field.child)]
    if name == "details":
        return {"iban": "DE89370400440532013000"}
    if isinstance(field, AmountsField):
        return {"EUR": "10.00"}
    if isinstance(field, serializers.DictField) and isinstance(field.child, serializers.ChoiceField):
        return {AWKWARD: list(field.child.choices)[-1], "Betrag": "amount"}
    if isinstance(field, serializers.DictField):
        return {"a": AWKWARD if isinstance(field.child, serializers.CharField) else {"b": ["1", AWKWARD]}}
    if isinstance(field, serializers.IntegerField):
        return min(7, 7 if field.max_value is None else field.max_value)
    if isinstance(field, serializers.DateTimeField):
        return datetime(2026, 2, 28, 23, 59, 58, tzinfo=UTC).isoformat()
    if isinstance(field, serializers.DateField):
        return date(2026, 2, 28).isoformat()
    if isinstance(field, serializers.Serializer):
        return {key: example(key, each) for key, each in field.fields.items()}
    for kind, written in PLAIN.items():
        if isinstance(field, kind):
            return written
    pattern = getattr(field, "pattern", None)
    fitting = [text for text in ("plain_1", "a file.txt") if pattern and pattern.fullmatch(text)]
    usual = fitting[0] if fitting else AWKWARD
    return TEXTS.get(name, usual)[: getattr(field, "max_length", None)]


def examples(command: Command) -> dict[str, Any]:
    """A valid input with every field given."""
    return {name: example(name, field) for name, field in written_fields(command.input()).items()}


def posted(form: Form) -> QueryDict:
    """What a browser sends of a form."""
    values = QueryDict(mutable=True)
    for control in flat(form.controls()):
        for value in sent(control):
            values.appendlist(control.name, value)
    return values


def chosen(form: Form, data: dict[str, Any]) -> dict[str, Any]:
    """The files that a browser sends with a form."""
    return {name: SimpleUploadedFile("other.txt", b64decode(data[name])) for name in form.uploads()}


def flat(controls: list[Control]) -> list[Control]:
    """The controls that hold something."""
    return [each for control in controls for each in (flat(control.parts) if control.parts else [control])]


def sent(control: Control) -> list[str]:
    """What a browser sends of one control."""
    if control.widget == "ticks":
        return control.values
    if control.widget == "check":
        return ["on"] if control.value else []
    return [control.value]


@pytest.mark.parametrize("command", [*ON_CONSOLE, *COMMANDS], ids=lambda each: each.name)
@pytest.mark.django_db
def test_what_a_form_is_filled_with_is_what_the_door_is_given(command: Command) -> None:
    data = examples(command)
    form = Form(command)
    form.fill(data)
    given = posted(form)
    for name in command.secret_fields:
        assert given[name] == ""  # never drawn
        given[name] = json.dumps(data[name]) if isinstance(data[name], dict) else data[name]
    read = Form.posted(command, given, chosen(form, data)).input()
    assert inputs.validate(command, read) == inputs.validate(command, data)


@pytest.mark.parametrize("command", [*ON_CONSOLE, *COMMANDS], ids=lambda each: each.name)
@pytest.mark.django_db
def test_what_is_left_as_it_was_drawn_has_its_default(command: Command) -> None:
    fields = command.input().fields
    required = {name: value for name, value in examples(command).items() if fields[name].required}
    form = Form.fresh(command)
    form.fill(required)
    given = posted(form)
    given.update({name: required[name] for name in command.secret_fields & required.keys()})
    read = Form.posted(command, given, chosen(form, required)).input()
    told: dict[str, Any] = {each.names["name"]: "other.txt" for each in form.uploads().values()}
    told |= {each.names["sha256"]: TEXTS["sha256"] for each in form.uploads().values()} | required
    told |= {each.names["sha256"]: TEXTS["sha256"] for each in form.uploads().values()}
    assert inputs.validate(command, read) == inputs.validate(command, told)


@pytest.mark.parametrize("command", ON_CONSOLE, ids=lambda each: each.name)
@pytest.mark.django_db
def test_every_control_says_what_it_wants(command: Command) -> None:
    silent = [
        control.name
        for control in Form.fresh(command).controls()
        if not (control.help or control.name in {"amount"})
    ]
    assert silent == []


class Item(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=5)
    amount = MoneyField(positive=True)


class Deep(serializers.Serializer[Any]):
    items = Item(many=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=3), default=list)
    owner = Item(required=False)
    anything = serializers.JSONField(default=dict)
    note = serializers.CharField(default="", allow_blank=True, style={"base_template": "textarea.html"})
    kinds = serializers.MultipleChoiceField(choices=["a", "b"], default=list)


def plan(context: Any, **_: Any) -> Any:
    raise NotImplementedError


DEEP = Command(name="tests.deep", summary="Deep", plan=plan, input=Deep, permission="tests.deep")


def test_nested_input_goes_round() -> None:
    data = {
        "items": [
            {"code": "x", "amount": {"amount": "1.00", "currency": "EUR"}},
            {"code": "y", "amount": {"amount": "2.00", "currency": "USD"}},
        ],
        "tags": ["a", "b"],
        "owner": {"code": "z", "amount": {"amount": "3.00", "currency": "EUR"}},
        "anything": [1, {"a": None}],
        "note": "two\nlines",
        "kinds": ["a"],
    }
    form = Form(DEEP)
    form.fill(data)
    read = Form.posted(DEEP, posted(form)).input()
    assert inputs.validate(DEEP, read) == inputs.validate(DEEP, data)


def test_errors_stand_beside_what_they_are_about() -> None:
    given = QueryDict(mutable=True)
    given.update(
        {
            "items.0.code": "too long",
            "items.0.amount.amount": "1.00",
            "items.0.amount.currency": "EUX",
            "items.1.code": "",
            "items.3.code": "y",
            "items.3.amount.amount": "-1",
            "items.3.amount.currency": "EUR",
            "tags.0": "fine",
            "anything": "{",
        }
    )
    form = Form.posted(DEEP, given)
    with pytest.raises(InputInvalid) as caught:
        inputs.validate(DEEP, form.input())
    assert form.mark(caught.value) == []
    wrong = {each.name for each in flat(form.controls()) if each.errors}
    # The blank row is gone, so that the numbers are those of the list that was sent.
    assert wrong == {
        "items.0.code",
        "items.0.amount.currency",
        "items.1.amount.amount",
        "tags.0",
        "anything",
    }


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"a": NaN', "nul", '"\\ud800'])
def test_what_is_no_json_is_an_error_of_its_control(text: str) -> None:
    given = QueryDict(mutable=True)
    given["anything"] = text
    form = Form.posted(DEEP, given)
    assert "anything" not in form.input()
    assert form.errors["/anything"]


@pytest.mark.django_db
def test_an_address_fills_a_form_in() -> None:
    given = QueryDict("account=bank:ing&amount.currency=EUR&nothing=1&direction=both")
    form = Form.fresh(find("ledger.freeze_account"), given)
    values = {each.name: each.value for each in flat(form.controls())}
    assert (values["account"], values["direction"], values["book"]) == ("bank:ing", "both", "")
    assert "nothing" not in form.input()
