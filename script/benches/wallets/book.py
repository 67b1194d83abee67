"""The database of the wallets: made once for a schema, and copied for every run."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from script.benches.instruments.database import Server, fingerprint, migrate

SQL = Path(__file__).with_name("book.sql")
CURRENCY = "EUR"
BUSY = "wallet:busy:available"


@dataclass(frozen=True, slots=True)
class Wallets:
    """The book: the ids of its wallets are `first` and the `count` - 1 that follow."""

    url: str
    book_id: int
    first: int
    count: int


def address(number: int) -> str:
    """The address of a wallet by its number, from 0."""
    return f"wallet:w{number + 1:06}:available"


def fresh_wallets(server: Server, count: int) -> Wallets:
    """A copy of its own, as it was when it had just been funded."""
    template, name = server.named(f"wallets_{count}"), server.named("wallets")
    made_from = fingerprint(count, SQL.read_text())
    if server.marked(template) != made_from:
        _make(server, template, count)
        server.mark(template, made_from)
    server.create(name, template)
    return _found(server, name)


def _make(server: Server, name: str, count: int) -> None:
    started = time.monotonic()
    server.create(name)
    migrate(server.url_of(name))
    with server.connect(name) as connection:
        connection.execute(SQL.read_text())
        connection.execute("SELECT bench.open_wallets(%s)", [count])
        connection.execute("SELECT bench.fund_wallets()")
        connection.execute("VACUUM ANALYZE")
    print(f"{count:,} wallets made in {time.monotonic() - started:.0f} s", file=sys.stderr)


def _found(server: Server, name: str) -> Wallets:
    with server.connect(name) as connection:
        row = connection.execute(
            "SELECT book_id, min(id), max(id), count(*) FROM ledger_account"
            " WHERE address LIKE 'wallet:w%%:available' GROUP BY book_id"
        ).fetchone()
    if row is None or row[2] - row[1] + 1 != row[3]:
        sys.exit("The wallets have gaps in their ids; make them anew.")
    return Wallets(server.url_of(name), int(row[0]), int(row[1]), int(row[3]))
