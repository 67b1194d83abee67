"""A resource is a declaration: what is shown, whose it is, what may be filtered and in which order it is listed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import Model, Q, QuerySet
from rest_framework import serializers

from apps.api.callers import Caller
from apps.api.reading import book_of, own
from apps.core.serializer_fields import IdField

Row = dict[str, Any]
Rows = list[Row]


@dataclass(frozen=True, slots=True)
class Filter:
    """A query parameter: the lookup that it stands for, and the field that reads its value."""

    lookup: str
    reads: serializers.Field[Any, Any, Any, Any]
    help: str = ""


@dataclass(frozen=True, slots=True)
class Computed:
    """A shown value that is made of several columns."""

    columns: tuple[str, ...]
    function: Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """What is read at `/v1/<path>` and, if it has a `key`, at `/v1/<path>/{id}`.

    `output` says the shown fields, each with its column as `source`. `owner` is the column that says whose a row is:
    ending in `tenant_id` or `book_id`; without one it is the operators' alone. `key` is the column of the id in the
    path. `by_book` lists one book at a time, an operator's in the first place the platform's. `extend` adds the `extended`
    fields to the rows of a page, in a query for all of them. `shared_with` is the column of another book that sees the row
    too, but not what is `private`, nor may it filter by that.
    """

    path: str
    name: str
    summary: str
    model: type[Model]
    output: type[serializers.Serializer[Any]]
    scope: str
    owner: str | None
    key: str | None = "pk"
    key_name: str = "id"
    key_prefix: str | None = None
    filters: Mapping[str, Filter] = field(default_factory=dict)
    orders: tuple[str, ...] = ("-id", "id")
    computed: Mapping[str, Computed] = field(default_factory=dict)
    only: Q = field(default_factory=Q)
    by_book: bool = False
    extend: Callable[[Rows], None] | None = None
    extended: frozenset[str] = frozenset()
    shared_with: str | None = None
    private: frozenset[str] = frozenset()
    description: str = ""

    @cached_property
    def parameters(self) -> Mapping[str, Filter]:
        """The filters, and for operators the tenant."""
        return {**self.filters, "tenant": Filter("", IdField("ten"), OPERATORS_TENANT)}

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """What is fetched of each row."""
        columns = [self._source(name) for name in self._plain]
        columns += [column for computed in self.computed.values() for column in computed.columns]
        columns += [name.lstrip("-") for order in self.orders for name in order.split(",")]
        columns += [str(self.owner)] if self.shared_with else []
        return tuple(dict.fromkeys(columns))

    def rows(self, caller: Caller, tenant: str | None = None, by: Iterable[str] = ()) -> "QuerySet[Any]":
        """The caller's rows, to be filtered by these names; by a filter of our own besides what the database does."""
        shared = None if self.private & set(by) else self.shared_with
        rows = own(self.model, self.owner, caller, shared) if self.owner else self.model._base_manager.all()
        if self.by_book:
            rows = rows.filter(book_id=book_of(caller, tenant).pk)
        elif tenant and self.owner:
            rows = rows.filter(**{self.owner.replace("book_id", "book__tenant_id"): tenant})
        return rows.filter(self.only) if self.only else rows

    def show(self, found: Sequence[tuple[Any, ...]], caller: Caller) -> Rows:
        """Rows of `columns` as they are shown to the caller."""
        shown = [self._show(row) for row in found]
        if self.shared_with and caller.book is not None:
            owner = self.columns.index(str(self.owner))
            for row, fetched in zip(shown, found, strict=True):
                if fetched[owner] != caller.book:
                    row.update(dict.fromkeys(self.private))
        if self.extend and shown:
            self.extend(shown)
        return shown

    @cached_property
    def _plain(self) -> list[str]:
        names: list[Any] = list(self.output().fields)
        return [name for name in names if name not in self.computed and name not in self.extended]

    def _source(self, name: str) -> str:
        source = self.output().fields[name].source
        return (source or name).replace(".", "__")

    @cached_property
    def _show(self) -> Callable[[tuple[Any, ...]], Row]:
        at = {column: index for index, column in enumerate(self.columns)}
        plain = [(name, at[self._source(name)]) for name in self._plain]
        computed = [
            (name, each.function, [at[column] for column in each.columns])
            for name, each in self.computed.items()
        ]

        def show(row: tuple[Any, ...]) -> Row:
            shown = {name: row[index] for name, index in plain}
            for name, function, indexes in computed:
                shown[name] = function(*(row[index] for index in indexes))
            return shown

        return show


OPERATORS_TENANT = "Whose; for operators' keys alone."

_resources: dict[str, Resource] = {}


def declare(resource: Resource) -> None:
    """Give a resource its routes."""
    if resource.path in _resources:
        raise ValueError(f"{resource.path} is declared twice.")
    _resources[resource.path] = resource


def all_resources() -> list[Resource]:
    """All resources by path."""
    return [_resources[path] for path in sorted(_resources)]


def find(path: str) -> Resource:
    """The resource of this path."""
    return _resources[path]
