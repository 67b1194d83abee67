"""Lists and single resources, made from their declarations."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db.models import Q
from rest_framework import serializers

from apps.api import cursors, parameters
from apps.api.cursors import Cursor
from apps.api.errors import NotFound
from apps.api.reading import as_caller
from apps.api.resources.base import Resource, Row, Rows, all_resources
from apps.api.view import Answer, ApiView, Asking
from apps.core import ids
from apps.core.errors import DomainError


class ListView(ApiView):
    """A page of a resource."""

    resource: ClassVar[Resource]
    known: ClassVar[dict[str, Any]]

    def get(self, asking: Asking) -> Answer:
        """The page at the cursor, or the first."""
        caller, resource = asking.caller, self.resource
        given = parameters.read(asking.request, self._known(caller.is_operator))
        order = given.pop("order", resource.orders[0])
        limit = given.pop("limit", parameters.PAGE)
        name = f"{resource.path} {order}"
        cursor = given.pop("cursor", None)
        at = cursors.read(cursor, name, order.count(",") + 1) if cursor else None
        tenant = given.pop("tenant", None)
        lookups = {resource.filters[filtered].lookup: value for filtered, value in given.items()}
        with as_caller(caller):
            rows = resource.rows(caller, tenant, given).filter(**lookups)
            found = list(_keyset(rows, order, at).values_list(*resource.columns)[: limit + 1])
            more = len(found) > limit
            found = found[:limit]
            shown = resource.show(found[::-1] if at and at.before else found, caller)
        return _page(asking, resource, order, shown, _edges(resource, order, found, at, more), name)

    def _known(self, is_operator: bool) -> dict[str, Any]:
        return self.known if is_operator and self.resource.owner else self.known_to_tenants

    @property
    def known_to_tenants(self) -> dict[str, Any]:
        """The parameters without the operators' own."""
        return {name: each for name, each in self.known.items() if name != "tenant"}


class DetailView(ApiView):
    """One resource by its id."""

    resource: ClassVar[Resource]

    def get(self, asking: Asking, id: str) -> Answer:
        """It, or NOT_FOUND for what is not there and for what is somebody else's."""
        parameters.read(asking.request, {})
        return Answer(found(self.resource, asking, id))


def found(resource: Resource, asking: Asking, key: str) -> Row:
    """The row of this id as it is shown."""
    caller = asking.caller
    if resource.key_prefix:
        try:
            ids.decode(resource.key_prefix, key)
        except DomainError:
            raise missing(resource) from None
    with as_caller(caller):
        rows = resource.rows(caller)
        try:
            row = rows.filter(**{str(resource.key): key}).values_list(*resource.columns).first()
        except (ValueError, ValidationError):
            row = None
        if row is None:
            raise missing(resource)
        return resource.show([row], caller)[0]


def missing(resource: Resource) -> NotFound:
    """The same for every id that is not the caller's to see."""
    return NotFound(f"There is no such {resource.name}.")


def routes() -> list[tuple[str, type[ApiView]]]:
    """The routes of all resources."""
    found: list[tuple[str, type[ApiView]]] = []
    for resource in all_resources():
        name = resource.path.replace("/", " ").replace("-", " ").title().replace(" ", "")
        own = {"resource": resource, "scope": resource.scope, "known": _known(resource)}
        found.append((resource.path, type(f"{name}List", (ListView,), own)))
        if resource.key:
            found.append((f"{resource.path}/<str:id>", type(f"{name}Detail", (DetailView,), own)))
    return found


def _known(resource: Resource) -> dict[str, Any]:
    return {
        "limit": parameters.LIMIT,
        "cursor": parameters.CURSOR,
        "order": serializers.ChoiceField(list(resource.orders)),
        **{name: each.reads for name, each in resource.parameters.items()},
    }


def _columns(order: str) -> list[str]:
    return [column.lstrip("-") for column in order.split(",")]


def _keyset(rows: Any, order: str, at: Cursor | None) -> Any:
    """The rows after or before a cursor, in the order or against it. All columns of an order go the same way."""
    columns, descends = _columns(order), order.startswith("-")
    if at and at.before:
        descends = not descends
    if at:
        rows = rows.filter(_beyond(columns, at.values, "lt" if descends else "gt"))
    return rows.order_by(*(f"-{column}" if descends else column for column in columns))


def _beyond(columns: list[str], values: tuple[Any, ...], way: str) -> Q:
    first, value = columns[0], values[0]
    if len(columns) == 1:
        return Q(**{f"{first}__{way}": value})
    same = Q(**{first: value}) & _beyond(columns[1:], values[1:], way)
    return Q(**{f"{first}__{way}e": value}) & (Q(**{f"{first}__{way}": value}) | same)


def _edges(
    resource: Resource, order: str, found: list[tuple[Any, ...]], at: Cursor | None, more: bool
) -> tuple[Cursor | None, Cursor | None]:
    """The cursors of the previous and of the next page, None where there is none."""
    if not found:
        return None, None
    at_column = [resource.columns.index(column) for column in _columns(order)]
    backwards = at is not None and at.before
    first, last = (found[-1], found[0]) if backwards else (found[0], found[-1])
    has_previous = more if backwards else at is not None
    has_next = True if backwards else more
    return (
        Cursor(tuple(first[index] for index in at_column), before=True) if has_previous else None,
        Cursor(tuple(last[index] for index in at_column)) if has_next else None,
    )


def _page(
    asking: Asking,
    resource: Resource,
    order: str,
    shown: Rows,
    edges: tuple[Cursor | None, Cursor | None],
    name: str,
) -> Answer:
    previous, following = (cursors.written(edge, name) if edge else None for edge in edges)
    return paged(asking, shown, previous, following)


def paged(asking: Asking, shown: Rows, previous: str | None, following: str | None, **more: Any) -> Answer:
    """A page with the cursors of its neighbours, in the body and as `Link`."""
    links = [
        f'<{_again(asking, cursor)}>; rel="{rel}"'
        for rel, cursor in (("next", following), ("prev", previous))
        if cursor
    ]
    body = {**more, "items": shown, "next": following, "previous": previous}
    return Answer(body, headers={"Link": ", ".join(links)} if links else {})


def _again(asking: Asking, cursor: str) -> str:
    request = asking.request
    return f"{request.path}?{urlencode({**request.GET.dict(), 'cursor': cursor})}"
