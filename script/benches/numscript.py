"""script/bench numscript: what a template of two postings costs, from its text and from its compiled program.

No database and no balances, as a posting template is evaluated: two variables of money and two accounts, of which a
share goes to a third. The figures are medians over rounds; the goal is for a run whose program is compiled.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

from apps.ledger.numscript.program import Program, compiled
from apps.ledger.numscript.values import Monetary

TEXT = """// Money that arrived for somebody, of which we keep a fee.
vars {
  monetary $amount
  monetary $fee
  account $source
  account $wallet
}
send $amount (
  source = $source
  destination = {
    max $fee to @revenue:fees
    remaining to $wallet
  }
)
"""
ACCOUNTS = {"source": "bank:ing", "wallet": "wallet:wal_1:available"}
TEXTS = ACCOUNTS | {"amount": "EUR/2 10000", "fee": "EUR/2 150"}
VALUES = ACCOUNTS | {"amount": Monetary("EUR/2", 10_000), "fee": Monetary("EUR/2", 150)}
GOAL = 60
"""Microseconds."""


def main() -> int:
    """Measure each step; missing the goal is told, not an error."""
    options = _options()
    figures = {
        name: _microseconds(call, times, options.rounds)
        for name, (call, times) in _steps(options.runs).items()
    }
    for name, figure in figures.items():
        goal = f"  goal: under {GOAL}" if name.startswith("run") else ""
        print(f"{figure:10.1f} us  {name}{goal}")
    missed = [name for name, figure in figures.items() if name.startswith("run") and figure >= GOAL]
    print(f"Missed: {', '.join(missed) or 'nothing'}.")
    if options.json:
        print(
            json.dumps({"us": {name: round(figure, 2) for name, figure in figures.items()}, "missed": missed})
        )
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench numscript", description=__doc__)
    parser.add_argument("--runs", type=int, default=5_000, help="how many of each step in a round (5000)")
    parser.add_argument("--rounds", type=int, default=9, help="how many rounds (9)")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    return parser.parse_args()


def _steps(runs: int) -> Mapping[str, tuple[Callable[[], Any], int]]:
    """What is measured, and how often in a round: compiling is a hundred times dearer."""
    program = compiled(TEXT)
    assert len(program.run(VALUES).postings) == 2
    return {
        "compile": (lambda: Program(TEXT), max(runs // 100, 1)),
        "fetch by text": (lambda: compiled(TEXT), runs),
        "run on texts": (lambda: program.run(TEXTS), runs),
        "run on values": (lambda: program.run(VALUES), runs),
        "run, fetched by text": (lambda: compiled(TEXT).run(TEXTS), runs),
    }


def _microseconds(call: Callable[[], Any], times: int, rounds: int) -> float:
    call()
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        for _ in range(times):
            call()
        taken.append((time.perf_counter() - started) / times * 1e6)
    return median(taken)


if __name__ == "__main__":
    sys.exit(main())
