"""script/bench api: the API over HTTP, beside a bare view of Django REST framework that inserts one row.

Two processes of the real server, 1 to 128 callers. Processor times are of our processes and of PostgreSQL, per
request; a ratio is our processes' by those of the bare view with as many callers in the same run.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from script.benches.instruments import machine
from script.benches.instruments.cpu import Meter
from script.benches.instruments.database import ROOT, Server
from script.benches.instruments.slices import percentile
from script.benches.web import clients
from script.benches.web.clients import Ask
from script.benches.web.serving import Web, serving
from script.benches.web.world import World, world

CALLERS = (1, 8, 32, 128)
BULK, BULK_CALLERS = 1_000, (1, 8)
ITEMS = {"bulk_1000": BULK}
SLICES, LONG_SLICES = 6, 3
"""In how many turns a shape is asked; a bulk takes seconds, so that its turns are longer than the others'."""
MOST_POST, MOST_BALANCE, LEAST_COMBINED, LEAST_BULK, MOST_TRIPS = 4.0, 1.5, 2.0, 10.0, 8


def main() -> int:
    """Measure, compare, say what was missed."""
    options = _options()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    server = Server(os.environ["DATABASE_URL"])
    server.require_durability()
    os.environ["DATABASE_URL"] = server.url_of(server.named("api"))
    import django

    django.setup()
    made = world(server)
    rows = list(_measured(server, made, options.seconds))
    trips = _trips(made)
    goals = {**_goals(rows), "round_trips": [trips["transfer"], MOST_TRIPS]}
    answer = {"rows": rows, "round_trips": trips, "goals": goals, "machine": machine.describe(server)}
    missed = [name for name, (found, goal) in goals.items() if _misses(name, found, goal)]
    print(json.dumps(answer) if options.json else _table(answer))
    print(f"Missed: {', '.join(missed) or 'nothing'}.", file=sys.stderr)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench api", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="how long each shape is asked (5)")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    return parser.parse_args()


def _measured(server: Server, made: World, seconds: float) -> Iterator[dict[str, Any]]:
    meter = Meter(server)
    transfer, bare = _transfers(made), _bare(made)
    reads = {"balance": _reads(made, "balances"), "statement": _reads(made, "statement")}
    with serving(made.url, combiner=False) as web:
        for callers in CALLERS:
            yield from _rows({"bare": bare, "transfer": transfer}, web, meter, callers, seconds)
        for callers in BULK_CALLERS:
            beside = {"transfer_beside": transfer, "bulk_1000": _bulks(made)}
            yield from _rows(beside, web, meter, callers, seconds * 3, LONG_SLICES)
    with serving(made.url, combiner=True) as web:
        shapes = {"bare_beside": bare, "transfer_combined": transfer, **reads}
        for callers in CALLERS:
            yield from _rows(shapes, web, meter, callers, seconds)


@dataclass(slots=True)
class _Spent:
    """What slices of one shape came to."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    ours: float = 0.0
    postgres: float = 0.0


def _rows(
    shapes: Mapping[str, Ask], web: Web, meter: Meter, callers: int, seconds: float, slices: int = SLICES
) -> Iterator[dict[str, Any]]:
    """The shapes in turns, so that a slow moment of the machine is one of all of them."""
    spent = {shape: _Spent() for shape in shapes}
    for request in shapes.values():
        clients.ask(web.port, callers, 1, request)
    for _ in range(slices):
        for shape, request in shapes.items():
            _slice(spent[shape], web, meter, callers, seconds / slices, request)
    for shape, found in spent.items():
        yield _row(shape, callers, found, ITEMS.get(shape, 1))


def _slice(spent: _Spent, web: Web, meter: Meter, callers: int, seconds: float, request: Ask) -> None:
    used = web.used()
    with meter.window() as window:
        asked = clients.ask(web.port, callers, seconds, request)
    spent.ours += web.used() - used
    spent.postgres += window.server
    spent.latencies += asked.latencies
    spent.seconds += asked.seconds


def _row(shape: str, callers: int, spent: _Spent, items: int) -> dict[str, Any]:
    done = len(spent.latencies) * items
    row = {
        "shape": shape,
        "callers": callers,
        "per_second": round(done / spent.seconds, 1),
        "p50_ms": round(percentile(spent.latencies, 50), 1),
        "p95_ms": round(percentile(spent.latencies, 95), 1),
        "p99_ms": round(percentile(spent.latencies, 99), 1),
        "our_us": round(spent.ours / max(done, 1) * 1e6),
        "postgres_us": round(spent.postgres / max(done, 1) * 1e6),
    }
    print("  ".join(f"{value}" for value in row.values()), file=sys.stderr)
    return row


_run = iter(range(sys.maxsize))


def _transfers(made: World) -> Ask:
    count = len(made.wallets)

    def request(number: int) -> bytes:
        source, destination = made.wallets[number * 7 % count], made.wallets[(number * 7 + 3) % count]
        body = json.dumps(_transfer(source, destination)).encode()
        return clients.post("/v1/transfers", made.key, body, f"bench-{next(_run)}")

    return request


def _transfer(source: str, destination: str) -> dict[str, Any]:
    amount = {"amount": "0.01", "currency": "EUR"}
    return {"from_wallet": source, "to_wallet": destination, "amount": amount, "reference": "bench"}


def _bare(made: World) -> Ask:
    body = json.dumps(_transfer(*made.wallets[:2])).encode()
    return lambda number: clients.post("/bare/", made.key, body)


def _reads(made: World, what: str) -> Ask:
    return lambda number: clients.get(
        f"/v1/wallets/{made.wallets[number * 7 % len(made.wallets)]}/{what}", made.key
    )


def _bulks(made: World) -> Ask:
    def request(number: int) -> bytes:
        count = len(made.wallets)
        items = [
            {
                "command": "transfers.create_transfer",
                "idempotency_key": f"bulk-{next(_run)}",
                "input": _transfer(made.wallets[item % count], made.wallets[(item + 3) % count]),
            }
            for item in range(BULK)
        ]
        return clients.post("/v1/bulk", made.key, json.dumps({"items": items}).encode())

    return request


def _trips(made: World) -> dict[str, int]:
    headers = {"Authorization": f"Bearer {made.key}"}
    wallet = f"/v1/wallets/{made.wallets[0]}"
    asked = [
        {
            "name": "transfer",
            "path": "/v1/transfers",
            "body": json.dumps(_transfer(*made.wallets[:2])),
            "headers": headers,
        },
        {"name": "balance", "path": f"{wallet}/balances", "body": None, "headers": headers},
        {"name": "statement", "path": f"{wallet}/statement", "body": None, "headers": headers},
    ]
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "script.benches.web.settings",
        "API_COMBINER": "0",
    }
    done = subprocess.run(
        [sys.executable, "-m", "script.benches.web.trips"],
        input=json.dumps(asked),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    if done.returncode:
        sys.exit(f"The round trips were not counted: {done.stderr[-2000:]}")
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


def _goals(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """What was found beside what is wanted; CPU ratios with eight callers, which keeps both processors busy."""

    def of(shape: str, callers: int, figure: str) -> float:
        [found] = [row[figure] for row in rows if (row["shape"], row["callers"]) == (shape, callers)]
        return float(found)

    post = of("transfer", 8, "our_us") / of("bare", 8, "our_us")
    return {
        "post_by_bare": [round(post, 2), MOST_POST],
        "balance_by_bare": [
            round(of("balance", 8, "our_us") / of("bare_beside", 8, "our_us"), 2),
            MOST_BALANCE,
        ],
        "combined_by_uncombined": [
            round(of("transfer_combined", 128, "per_second") / of("transfer", 128, "per_second"), 2),
            LEAST_COMBINED,
        ],
        **{
            f"bulk_by_single_{callers}": [
                round(
                    of("bulk_1000", callers, "per_second") / of("transfer_beside", callers, "per_second"), 2
                ),
                LEAST_BULK,
            ]
            for callers in BULK_CALLERS
        },
    }


def _misses(name: str, found: float, goal: float) -> bool:
    return found < goal if name.startswith(("combined", "bulk")) else found > goal


def _table(answer: dict[str, Any]) -> str:
    lines = [f"{'':20} callers  per second     p50     p95     p99   our us  postgres us"]
    lines += [
        f"{row['shape']:20} {row['callers']:7} {row['per_second']:11,.0f} {row['p50_ms']:7} {row['p95_ms']:7}"
        f" {row['p99_ms']:7} {row['our_us']:8} {row['postgres_us']:12}"
        for row in answer["rows"]
    ]
    lines += [f"{name}: {found} (goal {goal})" for name, (found, goal) in answer["goals"].items()]
    lines += [f"round trips: {answer['round_trips']}", machine.words(answer["machine"])]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
