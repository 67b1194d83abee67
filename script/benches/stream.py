"""script/bench stream: a million entries through the door as one stream, and the memory that our process takes.

The requests come from a generator and the outcomes are looked at and forgotten, as an import does. It fails where
the process grows to 300 MB, where an entry is refused, or where the books do not balance afterwards.
"""

import argparse
import json
import os
import random
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from script.benches.instruments import machine
from script.benches.instruments.database import Server
from script.benches.wallets.audit import audit
from script.benches.wallets.book import CURRENCY, Wallets, address, fresh_wallets

ENTRIES, WALLETS, MOST_MEGABYTES = 1_000_000, 10_000, 300
EVERY = 100_000
FIRST_DAY = datetime(2025, 1, 1, 12, tzinfo=UTC)


def main() -> int:
    """Stream, then audit."""
    options = _options()
    server = Server(os.environ["DATABASE_URL"])
    server.require_durability()
    wallets = fresh_wallets(server, WALLETS)
    os.environ["DATABASE_URL"] = wallets.url
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    started = time.monotonic()
    refused = _stream(wallets, options.entries)
    seconds = time.monotonic() - started
    books = audit(
        server,
        server.named("wallets"),
        funded=wallets.count + 1,
        posted=options.entries - refused,
        commands=options.entries - refused,
        command="ledger.import_entry",
        event="entry.imported",
    )
    answer = {
        "entries": options.entries,
        "refused": refused,
        "seconds": round(seconds, 1),
        "entries_per_second": round(options.entries / seconds),
        "peak_megabytes": round(_peak()),
        "books": books,
        "machine": machine.describe(server),
    }
    print(json.dumps(answer))
    return 1 if refused or not books["sound"] or _peak() >= MOST_MEGABYTES else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench stream", description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES, help="how many entries (1,000,000)")
    return parser.parse_args()


def _stream(wallets: Wallets, entries: int) -> int:
    """How many were refused."""
    from apps.operations import executor

    refused, started = 0, time.monotonic()
    for number, outcome in enumerate(executor.execute_stream(_requests(wallets, entries)), start=1):
        refused += not outcome.accepted
        if number % EVERY == 0:
            rate = number / (time.monotonic() - started)
            print(f"{number:>9,} entries  {rate:,.0f}/s  peak {_peak():.0f} MB", file=sys.stderr, flush=True)
    return refused


def _requests(wallets: Wallets, entries: int) -> Iterator[Any]:
    from apps.core.actor import Actor
    from apps.operations import registry
    from apps.operations.plan import Request

    command = registry.find("ledger.import_entry")
    actor = Actor.system("bench", {command.permission})
    chance = random.Random(7)
    for number in range(entries):
        source, destination = chance.sample(range(wallets.count), 2)
        minor = chance.randint(1, 10_000)
        yield Request(
            command=command.name,
            input={
                "book": "bench",
                "reference": f"history:{number}",
                "kind": "transfer",
                "source": address(source),
                "destination": address(destination),
                "amount": {"amount": f"{minor // 100}.{minor % 100:02}", "currency": CURRENCY},
                "effective_at": (FIRST_DAY + timedelta(minutes=number // 2)).isoformat(),
                "description": "From the history",
                "metadata": {"line": number},
            },
            key=f"history:{number}",
            actor=actor,
            origin="bench",
            book_id=wallets.book_id,
        )


def _peak() -> float:
    """The most memory that this process ever had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
