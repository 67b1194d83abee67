"""Everything that truly happened, whatever was told about it."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from apps.providers.sandbox.arrivals import CHARGEBACKS
from apps.providers.sandbox.desks import DESKS
from apps.providers.sandbox.files import told
from apps.providers.sandbox.instants import iso
from apps.providers.sandbox.sandbox import Sandbox
from apps.providers.sandbox.store import Row

PAGE = 1000


async def lines(sandbox: Sandbox) -> AsyncIterator[str]:
    """One JSON object on each line, which says under `what` what it is."""
    for what, facts in (
        ("order", _orders(sandbox)),
        ("file", _files(sandbox)),
        ("deposit", map(sandbox.arrivals.told, sandbox.store.rows("SELECT * FROM deposits ORDER BY rowid"))),
        (
            "chargeback",
            map(sandbox.arrivals.charged_back, sandbox.store.rows(f"{CHARGEBACKS} ORDER BY c.rowid")),
        ),
        ("transaction", _transactions(sandbox)),
        ("balances", map(sandbox.books.balances, DESKS)),
        ("webhook", _webhooks(sandbox)),
    ):
        for page in _pages({"what": what, **fact} for fact in facts):
            yield page


def _pages(facts: Iterator[dict[str, Any]]) -> Iterator[str]:
    page: list[str] = []
    for fact in facts:
        page.append(json.dumps(fact) + "\n")
        if len(page) == PAGE:
            yield "".join(page)
            page = []
    yield "".join(page)


def _numbered(sandbox: Sandbox, table: str) -> Iterator[Row]:
    last = 0
    while rows := sandbox.store.rows(
        f"SELECT * FROM {table} WHERE number > ? ORDER BY number LIMIT {PAGE}", last
    ):
        yield from rows
        last = rows[-1]["number"]


def _orders(sandbox: Sandbox) -> Iterator[dict[str, Any]]:
    for row in _numbered(sandbox, "orders"):
        passed = sandbox.store.rows(
            "SELECT status, at FROM transitions WHERE order_number = ? ORDER BY number", row["number"]
        )
        yield {
            **sandbox.orders.told(row),
            "outcome": row["outcome"],
            "webhook_faults": json.loads(row["webhook_faults"]),
            "transitions": [{"status": each["status"], "at": iso(each["at"])} for each in passed],
        }


def _transactions(sandbox: Sandbox) -> Iterator[dict[str, Any]]:
    last = 0
    while page := sandbox.books.transactions(None, None, last):
        yield from page
        last = page[-1]["id"]


def _webhooks(sandbox: Sandbox) -> Iterator[dict[str, Any]]:
    for row in _numbered(sandbox, "webhooks"):
        yield {
            **{name: row[name] for name in ("event", "type", "desk", "subject", "state")},
            "signed": bool(row["signed"]),
            "named": bool(row["named"]),
            "body": json.loads(row["body"]),
            "tries": [{**each, "at": iso(each["at"])} for each in json.loads(row["tries"])],
        }


def _files(sandbox: Sandbox) -> Iterator[dict[str, Any]]:
    for row in _numbered(sandbox, "files"):
        yield {"desk": row["desk"], **told(row), "content": row["content"].decode()}
