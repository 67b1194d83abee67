import hashlib
import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.canonical import canonical_json, differing_fields, fingerprint
from apps.core.money import Money

texts = st.text(st.characters(codec="utf-8"), max_size=5)
atoms = st.none() | st.booleans() | st.integers() | texts
values = st.recursive(
    atoms, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)
objects = st.dictionaries(texts, values, max_size=3)


@given(objects)
def test_the_text_does_not_depend_on_the_order_of_keys(value):
    text = canonical_json(value)
    assert canonical_json(dict(reversed(value.items()))) == text
    assert canonical_json(json.loads(text)) == text
    assert json.loads(text) == value
    assert fingerprint(value) == hashlib.sha256(text.encode()).digest()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, "é"]}, '{"a":[true,null,"é"],"b":1}'),
        ((1, 2), "[1,2]"),
        (10**37, "1" + "0" * 37),
        (Money(1230, "EUR"), '{"amount":"12.30","currency":"EUR"}'),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), '"2026-01-02T03:04:05.000000Z"'),
        (
            datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=2))),
            '"2026-01-02T01:04:05.000006Z"',
        ),
        (date(2026, 1, 2), '"2026-01-02"'),
        (time(16), '"16:00:00"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (Decimal("1.50"), '"1.50"'),
        (Decimal("0.00000001"), '"0.00000001"'),
    ],
)
def test_each_type_has_one_text(value, text):
    assert canonical_json(value) == text


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        {"a": [{"b": 1.5}]},
        ({"a": (1, 2.5)},),
        Decimal("1E+2"),
        Decimal("NaN"),
        {1: "a"},
        {None: "a"},
        datetime(2026, 1, 2),  # noqa: DTZ001
        {"set"},
        b"bytes",
    ],
)
def test_refuses_what_has_no_single_text(value):
    with pytest.raises(TypeError):
        canonical_json(value)


@pytest.mark.parametrize(
    ("a", "b", "paths"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, ["a"]),
        ({"a": 1}, {"b": 1}, ["a", "b"]),
        ({"a": {"amount": "1", "currency": "EUR"}}, {"a": {"amount": "2", "currency": "EUR"}}, ["a.amount"]),
        ({"legs": [{"x": 1}, {"x": 2}]}, {"legs": [{"x": 1}, {"x": 3}]}, ["legs.1.x"]),
        ({"legs": [1, 2]}, {"legs": [1]}, ["legs.1"]),
        ({"a": {}}, {"a": []}, ["a"]),
        ({"a": 1}, {"a": True}, ["a"]),
        ({"a": None}, {}, ["a"]),
    ],
)
def test_names_the_fields_that_differ(a, b, paths):
    assert differing_fields(a, b) == paths


@given(objects, objects)
def test_objects_differ_where_their_texts_do(a, b):
    assert differing_fields(a, a) == []
    assert bool(differing_fields(a, b)) == (canonical_json(a) != canonical_json(b))
