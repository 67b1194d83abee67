"""script/bench ledger: how fast money moves, as ratios to pgbench's tpcb-like on the same server in the same minutes.

Every shape stands between two slices of the yardstick; a ratio is its rate by their mean, and the figure that counts
is the median over the rounds. All guards of the product are on, and the books are audited at the end.
"""

import argparse
import json
import os
import sys
from typing import Any

from script.benches.instruments import machine
from script.benches.instruments.cpu import Meter
from script.benches.instruments.database import Server
from script.benches.instruments.pgbench import Pgbench, yardstick_database
from script.benches.instruments.rounds import Findings, Shape, interleave
from script.benches.wallets import report
from script.benches.wallets.audit import audit
from script.benches.wallets.book import Wallets, fresh_wallets
from script.benches.wallets.callers import Workers
from script.benches.wallets.shapes import shapes, yardstick

WALLETS, FEW_WALLETS = 100_000, 10_000
SETTLING_SECONDS = 20


def main() -> int:
    """Run what was asked for; a failure is books that do not balance, never a slow machine."""
    options = _options()
    program = os.environ.get("PGBENCH") or sys.exit(
        "The yardstick is pgbench: install it, or name it in PGBENCH."
    )
    server = Server(os.environ["DATABASE_URL"])
    server.require_durability()
    meter = Meter(server)
    ruler = yardstick(yardstick_database(server, program, meter))
    wallets = fresh_wallets(server, FEW_WALLETS if options.quick else WALLETS)
    workers = Workers(wallets, meter)
    try:
        warm_up = 0.3 if options.quick else 1.0
        known = shapes(Pgbench(program, wallets.url, meter), wallets, workers, warm_up=warm_up)
        chosen = _chosen(known, options.only)
        if not options.quick:
            ruler.run(SETTLING_SECONDS)  # the first writes to a page after a checkpoint cost more
        findings = interleave(chosen, ruler, rounds=options.slices, seconds=options.seconds)
    finally:
        workers.stop()
    answer = report.answer(chosen, findings, machine.describe(server), _audit(server, wallets, findings))
    print(report.markdown(answer) if options.markdown else report.table(answer))
    if options.json:
        print(json.dumps(answer))
    return 0 if answer["books"]["sound"] else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench ledger", description=__doc__)
    parser.add_argument(
        "--only", default="", help="shapes by name, or the beginning of it, with commas between them"
    )
    parser.add_argument("--slices", type=int, default=3, help="rounds over all shapes (3)")
    parser.add_argument("--seconds", type=int, default=4, help="how long each slice takes (4)")
    parser.add_argument(
        "--quick", action="store_true", help="one round of a second each: a smoke test, no measurement"
    )
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--markdown", action="store_true", help="print the rows of docs/performance.md")
    options = parser.parse_args()
    if options.quick:
        options.slices, options.seconds = 1, 1
    return options


def _chosen(known: list[Shape], only: str) -> list[Shape]:
    wanted = [name for name in only.split(",") if name]
    chosen = [shape for shape in known if not wanted or any(shape.name.startswith(name) for name in wanted)]
    return chosen or sys.exit(
        f"There is no such shape; there are {', '.join(shape.name for shape in known)}."
    )


def _audit(server: Server, wallets: Wallets, findings: Findings) -> dict[str, Any]:
    commands = sum(n for name, n in findings.posted.items() if name.startswith("command"))
    fed = sum(n for name, n in findings.posted.items() if name.startswith("sql"))
    return audit(
        server,
        server.named("wallets"),
        funded=wallets.count + 1,
        posted=fed + commands,
        commands=commands,
        command="bench.transfer",
        event="bench.transferred",
    )


if __name__ == "__main__":
    sys.exit(main())
