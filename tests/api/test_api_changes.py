"""What was published stays: removed, required or narrowed things are found."""

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from script.api_changes import Comparison

DOCS = Path(settings.BASE_DIR) / "docs"
Document = dict[str, Any]


@pytest.fixture(scope="module")
def today() -> Document:
    found: Document = yaml.safe_load((DOCS / "openapi.yaml").read_text())
    return found


def released() -> list[Path]:
    """The released documents, the last one last."""
    found = (DOCS / "openapi").glob("*.yaml")
    return sorted(found, key=lambda path: [int(part) for part in re.findall(r"\d+", path.stem)])


def test_nothing_breaks_since_the_last_release(today: Document) -> None:
    if not released():
        pytest.skip("Nothing was released yet.")
    last = yaml.safe_load(released()[-1].read_text())
    assert Comparison(last, today).breaks() == []


def body(document: Document, name: str = "CreateWalletBody") -> Document:
    found: Document = document["components"]["schemas"][name]
    return found


def remove_path(document: Document) -> None:
    del document["paths"]["/v1/wallets"]


def remove_method(document: Document) -> None:
    del document["paths"]["/v1/wallets"]["post"]


def remove_field(document: Document) -> None:
    del body(document)["properties"]["purpose"]


def require_field(document: Document) -> None:
    body(document)["required"] = [*body(document)["required"], "name"]


def narrow_enum(document: Document) -> None:
    document["components"]["schemas"]["CreateWalletBody"]["properties"]["category"]["enum"].pop()


def shorten(document: Document) -> None:
    body(document)["properties"]["name"]["maxLength"] = 10


def change_type(document: Document) -> None:
    body(document)["properties"]["name"]["type"] = "integer"


def change_answers_type(document: Document) -> None:
    document["components"]["schemas"]["WalletOutput"]["properties"]["name"]["type"] = "integer"


def remove_answered_field(document: Document) -> None:
    del document["components"]["schemas"]["WalletOutput"]["properties"]["purpose"]


def maybe_miss(document: Document) -> None:
    document["components"]["schemas"]["WalletOutput"]["required"].remove("purpose")


def remove_filter(document: Document) -> None:
    parameters = document["paths"]["/v1/wallets"]["get"]["parameters"]
    parameters[:] = [each for each in parameters if each.get("name") != "currency"]


def require_parameter(document: Document) -> None:
    document["paths"]["/v1/wallets"]["get"]["parameters"].append(
        {"name": "mood", "in": "query", "required": True, "schema": {"type": "string"}}
    )


def remove_status(document: Document) -> None:
    del document["paths"]["/v1/wallets"]["post"]["responses"]["202"]


BREAKS = [
    (remove_path, "/v1/wallets was removed"),
    (remove_method, "POST /v1/wallets was removed"),
    (remove_field, "purpose was removed"),
    (require_field, "name is required now"),
    (narrow_enum, "fewer values"),
    (shorten, "maxLength is 10"),
    (change_type, "string became integer"),
    (change_answers_type, "string became integer"),
    (remove_answered_field, "purpose was removed"),
    (maybe_miss, "purpose may be missing"),
    (remove_filter, "the parameter currency was removed"),
    (require_parameter, "the new parameter mood is required"),
    (remove_status, "202 was removed"),
]


@pytest.mark.parametrize(("change", "said"), BREAKS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_break_is_found(today: Document, change: Callable[[Document], None], said: str) -> None:
    changed = copy.deepcopy(today)
    change(changed)
    assert any(said in found for found in Comparison(today, changed).breaks())


def test_additions_break_nothing(today: Document) -> None:
    assert Comparison(today, today).breaks() == []
    more = copy.deepcopy(today)
    body(more)["properties"]["colour"] = {"type": "string"}
    more["components"]["schemas"]["WalletOutput"]["properties"]["colour"] = {"type": "string"}
    body(more)["properties"]["category"]["enum"].append("gold")
    more["paths"]["/v1/colours"] = more["paths"]["/v1/wallets"]
    assert Comparison(today, more).breaks() == []
