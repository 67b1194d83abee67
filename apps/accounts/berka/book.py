"""The bank's book: opened and posted through the command door, the SETUP actor at the handle."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from itertools import islice
from time import monotonic, sleep
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from apps.accounts.berka.chart import BOOK, COUNTERPARTS, CURRENCY, PASSING, TIME_ZONE, customer
from apps.accounts.berka.source import BadLine, BankLine
from apps.accounts.people import SETUP
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.operations.batching import BATCH
from apps.operations.executor import execute_many
from apps.operations.plan import Request
from apps.operations.run import Outcome

_LOCK = 7210
_PATIENCE = 10
CHUNK = 5 * BATCH
_NOON = time(12, tzinfo=ZoneInfo(TIME_ZONE))


class ImportRunning(DomainError):
    """Two imports at once would post an account's lines out of order."""

    code = "IMPORT_RUNNING"
    transient = True
    http_status = 409


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of some lines: posted now, standing already, or refused."""

    lines: int
    posted: int
    standing: int
    refused: list[BadLine]


@contextmanager
def alone() -> Iterator[None]:
    """Keep other imports out. A killed one's server process may hold the lock a little longer: wait."""
    deadline = monotonic() + _PATIENCE
    while not _ask("SELECT pg_try_advisory_lock(%s)"):
        if monotonic() > deadline:
            raise ImportRunning("Another import of the bank is running: wait until it has ended.")
        sleep(0.1)
    try:
        yield
    finally:
        if connection.is_usable():
            _ask("SELECT pg_advisory_unlock(%s)")


def open_accounts(floors: Mapping[int, int]) -> None:
    """The tenant, its book and every account, unless they are there."""
    tenant = {"name": "Berka", "slug": BOOK, "base_currency": CURRENCY, "time_zone": TIME_ZONE}
    _run([_request("accounts.create_tenant", "tenant", tenant)])
    counterparts = [_opening(c.address, c.name, None) for c in COUNTERPARTS]
    customers = [
        _opening(customer(account), f"Account {account}", Money(floor, CURRENCY).decimal)
        for account, floor in floors.items()
    ]
    _run(counterparts + customers)


def post(lines: Iterable[BankLine]) -> Iterator[Posted]:
    """Post the lines in their order, a batch at a time, and tell of each batch."""
    waiting = iter(lines)
    while chunk := list(islice(waiting, CHUNK)):
        yield _tell(chunk, execute_many([request_of(line) for line in chunk]))


def _tell(lines: list[BankLine], outcomes: list[Outcome]) -> Posted:
    accepted = [outcome for outcome in outcomes if outcome.error is None]
    posted = sum(not outcome.replayed for outcome in accepted)
    refused = [
        BadLine(line.number, f"{outcome.error.code}: {outcome.error.message}")
        for line, outcome in zip(lines, outcomes, strict=True)
        if outcome.error
    ]
    return Posted(len(lines), posted, len(accepted) - posted, refused)


def request_of(line: BankLine) -> Request:
    """The command that posts a line."""
    return _request(
        "ledger.import_template_entry",
        f"trans:{line.trans_id}",
        {
            "book": BOOK,
            "reference": f"berka:{line.trans_id}",
            "template": line.kind.template,
            "variables": _variables(line),
            "kind": line.kind.name,
            "effective_at": _noon(line.on),
            "description": line.kind.words,
            "metadata": {"bank": line.bank, "account": line.bank_account} if line.bank_account else {},
        },
    )


def _variables(line: BankLine) -> dict[str, Any]:
    variables = {
        "amount": {"amount": line.amount.decimal, "currency": CURRENCY},
        "wallet": customer(line.account_id),
    }
    if line.kind.template in PASSING:
        variables[PASSING[line.kind.template]] = line.kind.counterpart.address
    return variables


@lru_cache(maxsize=8)
def _noon(day: date) -> str:
    """Noon, so that the day is the bank's for readers in UTC too."""
    return datetime.combine(day, _NOON).isoformat()


def _opening(address: str, name: str, floor: str | None) -> Request:
    account = {"book": BOOK, "address": address, "currency": CURRENCY, "name": name, "floor": floor}
    return _request("ledger.open_account", f"open:{address}", account)


def _request(command: str, key: str, data: dict[str, Any]) -> Request:
    return Request(command, data, f"berka:{key}", SETUP, origin="setup")


def _run(requests: list[Request]) -> None:
    for outcome in execute_many(requests):
        outcome.or_raise()


def _ask(query: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(query, [_LOCK])
        return bool(cursor.fetchone()[0])
