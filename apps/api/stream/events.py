"""What the stream reads of the database, always in a thread: who listens to what, and the events of a book."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import connection
from django.http import QueryDict
from rest_framework import serializers

from apps.api import callers, limits, parameters, versions
from apps.api.callers import Caller
from apps.api.errors import ParameterInvalid
from apps.api.reading import as_caller, book_of
from apps.api.rendering import as_json
from apps.api.resources.base import OPERATORS_TENANT, find
from apps.api.stream import tickets
from apps.api.stream.tickets import Wish
from apps.core import clock, ids
from apps.core.serializer_fields import IdField, TextField
from apps.operations.models import Book

SCOPE = "operations:read"
WINDOW = 500
"""Positions that are looked at in one query."""

PARAMETERS: Mapping[str, Any] = {
    "after": serializers.IntegerField(min_value=0, max_value=2**62, help_text="Go on after this position."),
    "type_prefix": TextField(max_length=80),
    "subject": TextField(max_length=60),
    "tenant": IdField("ten", help_text=OPERATORS_TENANT),
}


@dataclass(frozen=True, slots=True)
class Told:
    """An event, as `GET /v1/events` shows it, in JSON."""

    position: int
    type: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Opening:
    """Somebody who may listen: to the book of `reader`, as whom it is read, after a position."""

    caller: Caller
    reader: Caller
    book: int
    address: str
    wishes: tuple[Wish, ...]
    after: int
    head: int


def admit(meta: Mapping[str, Any]) -> Caller:
    """Whose key it is, with all that `GET /v1/events` asks of it; what that refuses."""
    versions.chosen(meta)
    return _allowed(callers.authenticate(meta, clock.now()))


def admit_ticket(text: str, address: str) -> tuple[Caller, Wish]:
    """Who has made a ticket, which is used up by this, and what it is good for."""
    ticket = tickets.take(text)
    caller = callers.admitted(ticket.key, address, clock.now())
    caller.require(SCOPE)
    return caller, ticket.wish


def opening(caller: Caller, meta: Mapping[str, Any], query: bytes, wish: Wish | None) -> Opening:
    """What a caller wants to hear, and from where on: the header of SSE counts before the parameter."""
    known = PARAMETERS if caller.is_operator else {n: f for n, f in PARAMETERS.items() if n != "tenant"}
    given = parameters.read_query(QueryDict(query), known)
    after = _last_event_id(meta)
    after = given.get("after") if after is None else after
    book = book_of(caller, given.get("tenant"))
    reader = caller if caller.book else replace(caller, tenant=_tenant_of(book), book=_book_of_tenant(book))
    own = Wish(given.get("type_prefix", ""), given.get("subject", ""))
    head = heads([book.pk]).get(book.pk, 0)
    return Opening(
        caller,
        reader,
        book.pk,
        callers.client_address(meta),
        tuple(each for each in (own, wish) if each and each != Wish()),
        head if after is None else after,
        head,
    )


def heads(books: Collection[int]) -> dict[int, int]:
    """The last position of each book."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT book, position FROM unnest(%s::bigint[]) book CROSS JOIN LATERAL (SELECT position"
            " FROM operations_eventposition WHERE book_id = book ORDER BY position DESC LIMIT 1) last",
            [list(books)],
        )
        return dict(cursor.fetchall())


def between(reader: Caller, after: int, through: int, wishes: Collection[Wish] = ()) -> list[Told]:
    """The events beyond a position through another, that all wishes want; read as the tenant whose they are."""
    resource = find("events")
    with as_caller(reader):
        rows = resource.rows(reader).filter(position__gt=after, position__lte=through)
        for wish in wishes:
            rows = rows.filter(**wish.lookups)
        found = list(rows.order_by("position").values_list(*resource.columns))
        shown = resource.show(found, reader)
    return [Told(each["position"], each["type"], each["subject"], as_json(each).decode()) for each in shown]


def _allowed(caller: Caller) -> Caller:
    allowance = limits.spend(caller)
    if allowance and allowance.is_exceeded:
        raise limits.refusal(allowance)
    caller.require(SCOPE)
    return caller


def _last_event_id(meta: Mapping[str, Any]) -> int | None:
    text = str(meta.get("HTTP_LAST_EVENT_ID", ""))
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ParameterInvalid(
            "Last-Event-ID is the position of the last event.", details={"parameter": "Last-Event-ID"}
        )
    return int(text)


def _tenant_of(book: Book) -> UUID | None:
    return ids.decode("ten", book.tenant_id) if book.tenant_id else None


def _book_of_tenant(book: Book) -> int | None:
    return book.pk if book.tenant_id else None
