"""The posting function called directly, past the door."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from django.db import connection

from tests.support.charted import OUTSIDE
from tests.support.plain import Account, Entry, Periods

CALL = """
SELECT o_codes, o_ids, o_details, o_balances, o_split::text FROM ledger_post(
  %s::uuid[], %s::bigint[], %s::text[], %s::bytea[], %s::text[], %s::text[], %s::jsonb[], %s::uuid[], %s::uuid[], %s::uuid[],
  %s::int[], %s::timestamptz[], %s::boolean[], %s::boolean[], %s::int[],
  %s::smallint[], %s::bigint[], %s::bigint[], %s::text[], %s::numeric[], %s::uuid[],
  %s::smallint[], true)
"""


@dataclass(frozen=True)
class Answer:
    """What the function said, entry by entry; `balances` are those after each leg of what was posted.

    `split` is JSON, where postings were split.
    """

    codes: list[str | None]
    ids: list[uuid.UUID]
    details: list[int | None]
    balances: list[int]
    split: str | None


def post(groups: Sequence[Sequence[Entry]]) -> Answer:
    """Post groups of entries in one call."""
    entries = [
        (entry, key if len(group) > 1 else None)
        for group in groups
        for key in [uuid.uuid4()]
        for entry in group
    ]
    legs = [
        (number, place, leg)
        for number, (entry, _) in enumerate(entries, start=1)
        for place, leg in enumerate(entry.legs, start=1)
    ]
    arguments: list[list[Any]] = [
        [entry.id or uuid.uuid4() for entry, _ in entries],
        [entry.book for entry, _ in entries],
        [entry.reference for entry, _ in entries],
        [hashlib.sha256(repr(entry.legs).encode()).digest() for entry, _ in entries],
        ["test"] * len(entries),
        [""] * len(entries),
        ["{}"] * len(entries),
        [group for _, group in entries],
        [entry.reverses for entry, _ in entries],
        [None] * len(entries),
        [None] * len(entries),
        [datetime.combine(entry.on, time(12), UTC) if entry.on else None for entry, _ in entries],
        [entry.adjusts for entry, _ in entries],
        [entry.involuntary for entry, _ in entries],
        [number for number, _, _ in legs],
        [place for _, place, _ in legs],
        [leg.source for _, _, leg in legs],
        [leg.destination for _, _, leg in legs],
        [leg.currency for _, _, leg in legs],
        [str(leg.amount) for _, _, leg in legs],
        [leg.hold for _, _, leg in legs],
        [leg.use for _, _, leg in legs],
    ]
    with connection.cursor() as cursor:
        cursor.execute(CALL, arguments)
        codes, ids, details, balances, split = cursor.fetchone()
    return Answer(codes, ids, details, [int(balance) for balance in balances or ()], split)


def set_periods(book: int, periods: Periods) -> None:
    """Close days of a book as is said, past the commands that do."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_change_period(%s, %s, 'late_policy_set', %s, %s, %s, NULL, 'test', 'test', clock_timestamp())",
            [
                uuid.uuid4(),
                book,
                periods.closed_through,
                periods.closing_through,
                "next_open_day" if periods.moves else "refuse",
            ],
        )


def open_accounts(accounts: Sequence[Account]) -> list[int]:
    """Open these accounts as they stand, empty; their ids, which rise in their order. `owed` is the place of an earlier one."""
    with connection.cursor() as cursor:
        ids = []
        for place, account in enumerate(accounts):
            cursor.execute(
                "INSERT INTO ledger_account (book_id, address, currency, gl_code, side, name, floor, names_holds, owed_account_id,"
                " opened_at) VALUES (%s, %s, %s, %s, %s, 'test', %s, %s, %s, now()) RETURNING id",
                [
                    account.book,
                    f"a:{place}",
                    account.currency,
                    OUTSIDE[account.side],
                    account.side,
                    account.floor,
                    account.names_holds,
                    None if account.owed is None else ids[account.owed],
                ],
            )
            ids.append(cursor.fetchone()[0])
            cursor.execute(
                "UPDATE ledger_balance SET closed = %s, frozen_in_until = CASE WHEN %s THEN timestamptz '9999-12-31' END,"
                " frozen_out_until = CASE WHEN %s THEN timestamptz '9999-12-31' END WHERE account_id = %s",
                [account.closed, account.frozen_in, account.frozen_out, ids[-1]],
            )
    return ids
