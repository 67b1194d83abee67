"""Pages of a list by key: each is one walk along an index, however long the list and however deep the page."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import F, Field, Model, QuerySet
from django.db.models.fields.tuple_lookups import TupleGreaterThan, TupleLessThan

Row = TypeVar("Row", bound=Model)
Keyset = tuple[str, ...]
"""Field paths in the order of an index, all ascending or all descending: `("-book_id", "-position")`."""

PARAMETERS = frozenset({"after", "before", "last"})


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list in its order, and the query parameters that lead away from them."""

    rows: list[Row]
    first: Mapping[str, str] | None
    previous: Mapping[str, str] | None
    next: Mapping[str, str] | None
    last: Mapping[str, str] | None

    @property
    def is_whole(self) -> bool:
        """Whether the list has no other page."""
        return self.previous is None and self.next is None


def page(queryset: QuerySet[Row], keyset: Keyset, wanted: Mapping[str, str], size: int) -> Page[Row]:
    """The page that these query parameters ask for; what is no cursor asks for the first."""
    backwards = "last" in wanted or "before" in wanted
    cursor = _decode(wanted.get("before") or wanted.get("after"), queryset.model, keyset)
    rows = list(walk(queryset, keyset, cursor, backwards=backwards)[: size + 1])
    more, came_from = len(rows) > size, cursor is not None
    rows = rows[:size]
    if not backwards:
        return _page(rows, keyset, earlier=came_from, later=more)
    return _page(rows[::-1], keyset, earlier=more, later=came_from)


def walk(
    queryset: QuerySet[Row], keyset: Keyset, cursor: Sequence[Any] | None, *, backwards: bool = False
) -> QuerySet[Row]:
    """The rows after the cursor; or those before it, nearest first."""
    names = [name.removeprefix("-") for name in keyset]
    descending = keyset[0].startswith("-") != backwards
    queryset = queryset.order_by(*(f"-{name}" if descending else name for name in names))
    if cursor is None:
        return queryset
    if len(names) == 1:
        return queryset.filter(**{f"{names[0]}__{'lt' if descending else 'gt'}": cursor[0]})
    beyond = TupleLessThan if descending else TupleGreaterThan
    return queryset.filter(beyond(tuple(F(name) for name in names), tuple(cursor)))


def every_row(queryset: QuerySet[Row], keyset: Keyset, some: int) -> Iterator[list[Row]]:
    """All rows in their order, some at a time, each walk from where the last one ended."""
    cursor: list[Any] | None = None
    while rows := list(walk(queryset, keyset, cursor)[:some]):
        yield rows
        if len(rows) < some:
            return
        cursor = _values(rows[-1], keyset)


def _page(rows: list[Row], keyset: Keyset, *, earlier: bool, later: bool) -> Page[Row]:
    earlier, later = earlier and bool(rows), later and bool(rows)
    return Page(
        rows=rows,
        first={} if earlier else None,
        previous={"before": _encode(rows[0], keyset)} if earlier else None,
        next={"after": _encode(rows[-1], keyset)} if later else None,
        last={"last": "1"} if later else None,
    )


def _encode(row: Model, keyset: Keyset) -> str:
    return urlsafe_b64encode(json.dumps(_values(row, keyset), default=str).encode()).decode().rstrip("=")


def _values(row: Model, keyset: Keyset) -> list[Any]:
    return [_value(row, name.removeprefix("-")) for name in keyset]


def _value(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name)
    return row


def _decode(text: str | None, model: type[Model], keyset: Keyset) -> list[Any] | None:
    if not text:
        return None
    try:
        given = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        values = [
            _field(model, name.removeprefix("-")).to_python(value)
            for name, value in zip(keyset, given, strict=True)
        ]
    except (ValueError, TypeError, ValidationError, OverflowError, RecursionError):
        return None
    return values if all(_is_told(value) for value in values) else None


def _is_told(value: Any) -> bool:
    """Whether the database takes it: no NULL, no NUL, no half of a character."""
    if isinstance(value, str):
        return not any(each == "\0" or "\ud800" <= each <= "\udfff" for each in value)
    return value is not None


def _field(model: type[Model], path: str) -> "Field[Any, Any]":
    *relations, name = path.split("__")
    for relation in relations:
        model = model._meta.get_field(relation).related_model  # type: ignore[assignment]
    return model._meta.get_field(name)  # type: ignore[return-value]
