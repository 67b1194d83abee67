"""From plans' entries to one call of the posting function, and from its codes to exact refusals."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from apps.core import arrays, ids
from apps.core.canonical import canonical_json
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger import addresses
from apps.ledger.addresses import Address, Resolved
from apps.ledger.errors import BY_CODE
from apps.operations.plan import Entry, Posting
from apps.operations.posting import Answer, Group, Posted, Refused

POST = """
SELECT o_codes, CASE WHEN 'DUPLICATE_TRANSACTION' = ANY (o_codes) THEN o_ids END, o_details,
       o_missing, o_available, o_balances::text[], o_split::text FROM ledger_post(
  %s::uuid[], %s::bigint[], %s::text[], %s::bytea[], %s::text[], %s::text[], %s::jsonb[],
  %s::uuid[], %s::uuid[], %s::uuid[], %s::int[], %s::timestamptz[], %s::boolean[], %s::boolean[],
  %s::int[], %s::smallint[], %s::bigint[], %s::bigint[], %s::text[], %s::numeric[], %s::uuid[], %s::smallint[], true)
"""
HOLD_USE = {"open": 1, "return": 2, "take": -1}

_T, _N, _D, _F = arrays.texts, arrays.numbers, arrays.digests, arrays.flags
_ARRAYS: tuple[Callable[[Any], str], ...] = (
    _T,
    _N,
    _T,
    _D,
    _T,
    _T,
    _T,
    _T,
    _T,
    _T,
    _N,
    _T,
    _F,
    _F,
    _N,
    _N,
    _N,
    _N,
    _T,
    _N,
    _T,
    _N,
)


@dataclass(slots=True)
class _Call:
    """The arguments of one call, column by column, in the order of `ledger_post`."""

    entries: list[tuple[Any, ...]] = field(default_factory=list)
    legs: list[tuple[Any, ...]] = field(default_factory=list)
    drafts: list[Entry] = field(default_factory=list)
    postings: list[tuple[Entry, Posting]] = field(default_factory=list)

    def add(self, entry: Entry, group: str | None, operation: str, known: Mapping[Address, Resolved]) -> None:
        """One entry with its legs."""
        self.drafts.append(entry)
        self.entries.append(
            (
                ids.stored("je", entry.id),
                entry.book_id,
                entry.reference,
                request_hash(entry),
                entry.kind,
                entry.description,
                canonical_json(entry.metadata) if entry.metadata else "{}",
                group,
                ids.stored("je", entry.reverses) if entry.reverses else None,
                operation,
                entry.template,
                entry.effective_at.isoformat() if entry.effective_at else None,
                entry.adjusts,
                entry.involuntary,
            )
        )
        number = len(self.entries)
        for index, posting in enumerate(entry.postings, start=1):
            currency, hold = posting.amount.currency, posting.hold
            source = known.get((entry.book_id, posting.source, currency))
            destination = known.get((entry.book_id, posting.destination, currency))
            self.postings.append((entry, posting))
            self.legs.append(
                (
                    number,
                    index,
                    source.id if source else None,
                    destination.id if destination else None,
                    currency,
                    posting.amount.minor,
                    ids.stored("hld", hold.hold_id) if hold else None,
                    HOLD_USE[hold.use] if hold else None,
                )
            )

    def arguments(self) -> list[str]:
        """Entry columns, then leg columns, as array literals."""
        columns = [column for rows in (self.entries, self.legs) for column in zip(*rows, strict=True)]
        return [array(column) for array, column in zip(_ARRAYS, columns, strict=True)]


def request_hash(entry: Entry) -> bytes:
    """By which the same entry is known again: its book, kind, postings, effective time, what it reverses, and
    whether it is involuntary."""
    postings = [
        f"{p.source}>{p.destination} {p.amount.minor} {p.amount.currency}"
        + (f" {p.hold.use} {p.hold.hold_id}" if p.hold else "")
        for p in entry.postings
    ]
    effective = entry.effective_at.isoformat() if entry.effective_at else ""
    text = "\n".join([str(entry.book_id), entry.kind, effective, entry.reverses or "", *postings])
    text += "\ninvoluntary" if entry.involuntary else ""
    return hashlib.sha256(text.encode()).digest()


def post(
    connection: psycopg.Connection[Any], groups: Sequence[tuple[str, Group]], now: datetime
) -> list[Answer]:
    """Post the entries of many plans; one answer for each, in order (the Poster of `operations.posting`)."""
    known = addresses.resolve(connection, _named([entry for _, entries in groups for entry in entries]))
    call = _Call()
    for operation, entries in groups:
        group = ids.new_uuid().hex if len(entries) > 1 else None
        for entry in entries:
            call.add(entry, group, ids.stored("op", operation), known)
    row = psycopg.Cursor(connection).execute(POST, call.arguments(), prepare=True).fetchone()
    codes, standing, details, missing, available, balances, split = row or ([], [], [], [], [], [], None)
    found = _Found(codes, standing, details, missing, available)
    return list(_answers(groups, call, found, _posted(call, found, balances or [], split)))


def _named(entries: Sequence[Entry]) -> set[Address]:
    return {
        (entry.book_id, address, posting.amount.currency)
        for entry in entries
        for posting in entry.postings
        for address in (posting.source, posting.destination)
    }


@dataclass(slots=True)
class _Found:
    """What the posting function says of each entry."""

    codes: list[str | None]
    standing: list[UUID]
    legs: list[int | None]
    missing: list[Decimal | None]
    available: list[Decimal | None]


def _posted(call: _Call, found: _Found, balances: list[str], split: str | None) -> Iterator[Posted]:
    """Each entry that was posted, in order, with its postings as they are stored."""
    stored = _stored(call, split)
    place = 0
    for entry, code in zip(call.drafts, found.codes, strict=True):
        if code is not None:
            continue
        postings, unmoved = stored[entry.id] if stored else (entry.postings, {})
        until = place + 2 * len(postings)
        yield Posted(entry.id, postings, balances[place:until], unmoved)
        place = until


def _stored(call: _Call, split: str | None) -> dict[str, tuple[list[Posting], dict[Any, str]]]:
    """By entry, the postings that are stored for those that were asked for, and what is left where nothing moved."""
    stored: dict[str, tuple[list[Posting], dict[Any, str]]] = {}
    for leg, source, destination, amount, left_source, left_destination in json.loads(split or "[]"):
        entry, asked = call.postings[leg - 1]
        currency = asked.amount.currency
        postings, unmoved = stored.setdefault(entry.id, ([], {}))
        postings.append(Posting(source, destination, Money(int(amount), currency), asked.hold))
        unmoved[asked.source, currency] = left_source
        unmoved[asked.destination, currency] = left_destination
    return stored


def _answers(
    groups: Sequence[tuple[str, Group]], call: _Call, found: _Found, standing: Iterator[Posted]
) -> Iterator[Answer]:
    index = 0
    for _, entries in groups:
        posted: list[Posted] = []
        refused: Refused | None = None
        for entry in entries:
            code = found.codes[index]
            if code is None:
                posted.append(next(standing))
            elif refused is None or refused.error.code == "GROUP_REFUSED":
                refused = Refused(_refusal(code, found, index, call, entry), entry)
            index += 1
        yield refused or posted


def _refusal(code: str, found: _Found, index: int, call: _Call, entry: Entry) -> DomainError:
    leg = found.legs[index]
    posting = call.postings[leg - 1][1] if leg else entry.postings[0]
    details: dict[str, Any] = {
        "entry": entry.reference,
        "source": posting.source,
        "destination": posting.destination,
        "amount": posting.amount.decimal,
        "currency": posting.amount.currency,
    }
    if code == "DUPLICATE_TRANSACTION":
        details["standing"] = ids.encode("je", found.standing[index])
    words = _words(code, entry, posting)
    if code == "INSUFFICIENT_BALANCE":
        short = _short(posting, int(found.missing[index] or 0), int(found.available[index] or 0))
        details |= {"account": short.account, "available": short.available.decimal}
        words = f"{words}: {short.account} has {short.available} to spend, {short.missing} too little."
    return BY_CODE[code](words, details=details)


@dataclass(slots=True)
class _Short:
    """An account that an entry would bring below its floor."""

    account: str
    available: Money
    missing: Money


def _short(posting: Posting, missing: int, available: int) -> _Short:
    """Above zero it is missing at the posting's source, below zero at its destination."""
    account = posting.source if missing > 0 else posting.destination
    currency = posting.amount.currency
    return _Short(account, Money(available, currency), Money(abs(missing), currency))


def _words(code: str, entry: Entry, posting: Posting) -> str:
    route = f"{posting.amount} from {posting.source} to {posting.destination}"
    hold = posting.hold.hold_id if posting.hold else ""
    return {
        "DUPLICATE_TRANSACTION": f"The reference {entry.reference} stands already; a new entry needs a new one.",
        "ALREADY_REVERSED": f"The entry {entry.reverses} has been reversed already.",
        "INVALID_AMOUNT": f"{posting.amount} is no amount to post: it must be above zero.",
        "SAME_ACCOUNT": f"{route}: source and destination are the same account.",
        "ACCOUNT_NOT_FOUND": f"{route}: the book lacks one of these accounts in {posting.amount.currency}.",
        "CURRENCY_MISMATCH": f"{route}: one of these accounts holds another currency.",
        "ACCOUNT_CLOSED": f"{route}: one of these accounts is closed.",
        "PERIOD_CLOSED": f"The book is closed through the date of {entry.reference}, or closing and open only to what"
        " adjusts; choose a later effective time.",
        "ACCOUNT_FROZEN": f"{route}: one of these accounts is frozen in that direction.",
        "HOLD_REQUIRED": f"{route}: reserved money moves only in the name of its hold.",
        "HOLD_NOT_FOUND": f"{route}: there is no hold {hold} on that account.",
        "HOLD_EXHAUSTED": f"{posting.amount} is more than remains of the hold {hold}.",
        "INSUFFICIENT_BALANCE": route,
        "BALANCE_OVERFLOW": f"{route}: a balance would have more than 38 digits.",
        "GROUP_REFUSED": f"{entry.reference} was refused with its group.",
    }[code]
