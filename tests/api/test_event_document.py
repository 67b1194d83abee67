"""Events in the documents, and that what was published of them stays."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import override_settings

from apps.api import event_document
from apps.api.document import document
from apps.api.event_changes import Published, Schema, breaks, compared
from apps.operations.event_types import all_types

DOCS = Path(settings.BASE_DIR) / "docs"


@pytest.fixture(scope="module")
def whole() -> Schema:
    return document()


def released() -> Published:
    found: Published = json.loads((DOCS / "openapi/events.json").read_text())
    return found


class TestTheDocuments:
    def test_the_page_is_current(self) -> None:
        page = event_document.as_markdown()
        assert (DOCS / "events.md").read_text() == page, "run script/manage api_docs"

    def test_the_published_schemas_are_current(self) -> None:
        made = event_document.as_json(event_document.published())
        assert (DOCS / "openapi/events.json").read_text() == made, "run script/manage api_docs"

    def test_the_page_has_every_type(self) -> None:
        page = (DOCS / "events.md").read_text()
        assert [each.name for each in all_types() if f"\n### {each.name}\n" not in page] == []

    def test_every_type_is_a_webhook(self, whole: Schema) -> None:
        told = [
            entry["post"]["requestBody"]["content"]["application/json"]
            for entry in whole["webhooks"].values()
        ]
        names = [each["schema"]["allOf"][1]["properties"]["type"]["const"] for each in told]
        assert sorted(names) == [each.name for each in all_types()]

    def test_every_example_is_as_its_webhook_says(self, whole: Schema) -> None:
        for name, entry in whole["webhooks"].items():
            content = entry["post"]["requestBody"]["content"]["application/json"]
            schema = {**content["schema"], "components": whole["components"]}
            for example in content["examples"].values():
                jsonschema.validate(example["value"], schema, cls=jsonschema.Draft202012Validator)
                wrong = {**example["value"], "type": "another.type"}
                assert not jsonschema.Draft202012Validator(schema).is_valid(wrong), name

    def test_no_two_operations_have_one_name(self, whole: Schema) -> None:
        methods = [
            each for part in ("paths", "webhooks") for path in whole[part].values() for each in path.values()
        ]
        names = [each["operationId"] for each in methods if isinstance(each, dict)]
        assert len(names) == len(set(names))


class TestWhatWasPublished:
    def test_nothing_of_it_breaks(self) -> None:
        assert breaks(released(), event_document.published()) == []

    def test_the_command_refuses_to_publish_what_breaks(self, tmp_path: Path) -> None:
        published = tmp_path / "docs/openapi/events.json"
        published.parent.mkdir(parents=True)
        before = released()
        before["wallet.closed"]["1"]["properties"]["at"] = {"type": "string"}
        published.write_text(json.dumps(before))
        with (
            override_settings(BASE_DIR=tmp_path),
            pytest.raises(CommandError, match=r"wallet\.closed 1: at was removed"),
        ):
            call_command("api_docs")
        assert json.loads(published.read_text()) == before


Change = Callable[[Schema], Any]
PROMISED: Schema = {
    "type": "object",
    "required": ["status", "wallet", "balances", "steps", "note"],
    "properties": {
        "status": {"type": "string", "enum": ["open", "closed"]},
        "wallet": {"type": "string", "pattern": "^wal_"},
        "at": {"type": "string", "format": "date-time"},
        "balances": {"type": "object", "additionalProperties": {"type": "string"}},
        "steps": {"type": "array", "items": {"type": "object", "properties": {"role": {"type": "string"}}}},
        "note": {"anyOf": [{"type": "object", "properties": {"text": {"type": "string"}}}, {"type": "null"}]},
    },
}


def field(schema: Schema, name: str) -> Schema:
    found: Schema = schema["properties"][name]
    return found


BREAKING: dict[str, Change] = {
    "a required field is removed": lambda s: (s["required"].remove("wallet"), s["properties"].pop("wallet")),
    "an optional field is removed": lambda s: s["properties"].pop("at"),
    "a field may be missing": lambda s: s["required"].remove("wallet"),
    "a field is of another type": lambda s: field(s, "at").update(type="integer"),
    "a field may be null": lambda s: field(s, "wallet").update(type=["string", "null"]),
    "a field may be anything": lambda s: field(s, "wallet").clear(),
    "a pattern is another": lambda s: field(s, "wallet").update(pattern="^w_"),
    "a format is gone": lambda s: field(s, "at").pop("format"),
    "a value never comes": lambda s: field(s, "status")["enum"].remove("closed"),
    "an enumeration is gone": lambda s: field(s, "status").pop("enum"),
    "a value by name is of another type": lambda s: field(s, "balances").update(
        additionalProperties={"type": "null"}
    ),
    "a field of an item is removed": lambda s: field(s, "steps")["items"]["properties"].pop("role"),
    "an alternative is removed": lambda s: field(s, "note")["anyOf"].pop(0),
    "an alternative is another": lambda s: field(s, "note")["anyOf"][0].update(type="string"),
    "alternatives in the place of one": lambda s: s["properties"].update(
        wallet={"anyOf": [field(s, "wallet"), {"type": "integer"}]}
    ),
}
PASSING: dict[str, Change] = {
    "nothing": lambda s: None,
    "a field more": lambda s: s["properties"].update(more={"type": "string"}),
    "a required field more": lambda s: (s["properties"].update(more={}), s["required"].append("more")),
    "an optional field is always there": lambda s: s["required"].append("at"),
    "a value more": lambda s: field(s, "status")["enum"].append("frozen"),
    "alternatives in another order": lambda s: field(s, "note")["anyOf"].reverse(),
}


@pytest.mark.parametrize("change", BREAKING.values(), ids=BREAKING)
def test_what_breaks_receivers_is_found(change: Change) -> None:
    now = copy.deepcopy(PROMISED)
    change(now)
    assert list(compared("event 1", PROMISED, now))


@pytest.mark.parametrize("change", PASSING.values(), ids=PASSING)
def test_what_receivers_bear_passes(change: Change) -> None:
    now = copy.deepcopy(PROMISED)
    change(now)
    assert list(compared("event 1", PROMISED, now)) == []


def test_a_shape_may_join_others_and_none_may_leave() -> None:
    shapes = [
        {"type": "object", "properties": {"reason": {"type": "string", "enum": [name]}}} for name in "abc"
    ]
    assert list(compared("alert 1", {"anyOf": shapes[:2]}, {"anyOf": shapes})) == []
    assert list(compared("alert 1", {"anyOf": shapes}, {"anyOf": shapes[:2]}))


def test_a_type_or_version_that_is_gone_is_found_and_a_new_one_passes() -> None:
    old: Published = {"wallet.closed": {"1": PROMISED}}
    assert breaks(old, {}) == ["wallet.closed 1 was removed"]
    assert breaks(old, {"wallet.closed": {"2": PROMISED}}) == ["wallet.closed 1 was removed"]
    assert breaks(old, {"wallet.closed": {"1": PROMISED, "2": {}}, "wallet.lost": {"1": {}}}) == []
