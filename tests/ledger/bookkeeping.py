"""Posts straight through the database's function, for tests of what stands below the command door."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db import connection
from psycopg.types.json import Jsonb

from apps.core import clock, ids
from apps.ledger.models import Account
from apps.operations import sequencer
from apps.operations.models import Book
from tests.support.charted import charted

POST = """
SELECT o_codes FROM ledger_post(
  %s::uuid[], %s::bigint[], %s::text[], %s::bytea[], %s::text[], %s::text[], %s::jsonb[], %s::uuid[], %s::uuid[],
  %s::uuid[], %s::int[], %s::timestamptz[], %s::boolean[], %s::boolean[], %s::int[],
  %s::smallint[], %s::bigint[], %s::bigint[], %s::text[], %s::numeric[],
  %s::uuid[], %s::smallint[], false)
"""
USES = {"open": 1, "return": 2, "take": -1}


@dataclass(frozen=True, slots=True)
class Leg:
    """An amount in minor units from one account to another, perhaps in the name of a hold."""

    source: Account
    destination: Account
    amount: int
    hold: str | None = None
    use: Literal["open", "return", "take"] | None = None


def new_book(slug: str) -> Book:
    """A book of its own."""
    return Book.objects.create(slug=slug, name=slug, created_at=clock.now())


def open_account(book: Book, address: str, currency: str = "EUR", **fields: Any) -> Account:
    """An account where the chart puts it; outside its patterns credit-normal, and without a floor unless said otherwise."""
    usual = {**charted(address, fields.get("side")), "name": address, "opened_at": clock.now()}
    return Account.objects.create(book=book, address=address, currency=currency, **{**usual, **fields})


def post(
    *legs: Leg,
    effective_at: datetime | None = None,
    reverses: str | None = None,
    reference: str | None = None,
    description: str = "",
    metadata: dict[str, Any] | None = None,
    cursor: Any = None,
) -> str:
    """Post one entry and answer its id; a refusal fails the test."""
    entry = ids.new_id("je")
    with cursor or connection.cursor() as open_cursor:
        references = [entry if reference is None else reference]
        codes = _post(
            open_cursor, [entry], references, [legs], [effective_at], reverses, description, metadata or {}
        )
    assert codes == [None]
    return entry


def post_many(entries: Sequence[Leg], *, cursor: Any = None) -> None:
    """Post many entries of one leg each, in one call."""
    with cursor or connection.cursor() as open_cursor:
        new = [ids.new_id("je") for _ in entries]
        codes = _post(open_cursor, new, new, [[leg] for leg in entries], [None] * len(new), None, "", {})
    assert set(codes) == {None}


def number_everything() -> dict[str, int]:
    """Give every entry its position."""
    return sequencer.sequence_after_restore()


def uuid_of(entry: str) -> UUID:
    """The id of an entry as it is stored."""
    return ids.decode("je", entry)


def _post(
    cursor: Any,
    entries: Sequence[str],
    references: Sequence[str],
    legs: Sequence[Sequence[Leg]],
    effective: Sequence[datetime | None],
    reverses: str | None,
    description: str,
    metadata: dict[str, Any],
) -> list[str | None]:
    count = len(entries)
    rows = [(number, index, leg) for number, of in enumerate(legs, 1) for index, leg in enumerate(of, 1)]
    cursor.execute(
        POST,
        [
            [uuid_of(entry) for entry in entries],
            [of[0].source.book_id for of in legs],
            list(references),
            [hashlib.sha256(entry.encode()).digest() for entry in entries],
            ["test"] * count,
            [description] * count,
            [Jsonb(metadata)] * count,
            [None] * count,
            [reverses and uuid_of(reverses)] * count,
            [None] * count,
            [None] * count,
            list(effective),
            [False] * count,
            [False] * count,
            [number for number, _, _ in rows],
            [index for _, index, _ in rows],
            [leg.source.pk for _, _, leg in rows],
            [leg.destination.pk for _, _, leg in rows],
            [leg.source.currency for _, _, leg in rows],
            [leg.amount for _, _, leg in rows],
            [leg.hold and ids.decode("hld", leg.hold) for _, _, leg in rows],
            [leg.use and USES[leg.use] for _, _, leg in rows],
        ],
    )
    return list(cursor.fetchone()[0])
