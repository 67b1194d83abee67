"""script/bench reads: how long questions to the books take when they hold ten million lines.

One caller, a warm server, the product's own functions. The goals are for the median: 5 ms for every question to an
account, a second to verify 100,000 new lines.
"""

import argparse
import json
import os
import sys
import time
from typing import Any

from script.benches.history.build import history
from script.benches.instruments import machine
from script.benches.instruments.cpu import Meter
from script.benches.instruments.database import Server
from script.benches.instruments.slices import percentile

LINES = 10_000_000


def main() -> int:
    """Build the history where it is missing, then ask."""
    options = _options()
    server = Server(os.environ["DATABASE_URL"])
    os.environ["DATABASE_URL"] = history(server, options.lines, anew=options.rebuild)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    answer = _ask(options, Meter(server)) | {"lines": options.lines, "machine": machine.describe(server)}
    print(_markdown(answer) if options.markdown else _table(answer))
    if options.json:
        print(json.dumps(answer))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench reads", description=__doc__)
    parser.add_argument("--lines", type=int, default=LINES, help="how many lines the books hold (10,000,000)")
    parser.add_argument("--rebuild", action="store_true", help="make the history anew, even if it is there")
    parser.add_argument(
        "--only", default="", help="readings by the beginning of their names, with commas between them"
    )
    parser.add_argument("--calls", type=int, default=1000, help="most calls of a reading (1000)")
    parser.add_argument("--seconds", type=float, default=10, help="longest time for a reading (10)")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--markdown", action="store_true", help="print the rows of docs/performance.md")
    return parser.parse_args()


def _ask(options: argparse.Namespace, meter: Meter) -> dict[str, Any]:
    from script.benches.history.readings import Asker, readings

    wanted = tuple(name for name in options.only.split(",") if name)
    found = {
        each.name: _figures(each, options, meter)
        for each in readings(Asker())
        if each.name.startswith(wanted or "")
    }
    return {"readings": found, "missed": [name for name, f in found.items() if f["p50_ms"] > f["goal_ms"]]}


def _figures(reading: Any, options: argparse.Namespace, meter: Meter) -> dict[str, Any]:
    used = time.process_time()
    with meter.window() as window:
        taken = reading.timed(most_calls=options.calls, most_seconds=options.seconds)
    used = time.process_time() - used
    return {
        "says": reading.says,
        "goal_ms": reading.goal * 1000,
        **{f"p{percent}_ms": round(percentile(taken, percent), 3) for percent in (50, 95, 99)},
        "client_ms": round(used * 1000 / len(taken), 2),
        "server_ms": round(window.server * 1000 / len(taken), 2),
        "strangers": round(window.strangers(used), 3),
        "calls": len(taken),
    }


def _table(answer: dict[str, Any]) -> str:
    rows = [f"{'':24}{'goal ms':>9}{'p50':>9}{'p95':>9}{'p99':>9}{'server':>8}{'client':>8}{'calls':>7}"]
    for name, f in answer["readings"].items():
        latencies = "".join(f"{f[p]:>9.2f}" for p in ("p50_ms", "p95_ms", "p99_ms"))
        cpu = f"{f['server_ms']:>8.2f}{f['client_ms']:>8.2f}"
        rows.append(f"{name:24}{f['goal_ms']:>9.0f}{latencies}{cpu}{f['calls']:>7}  {f['says']}")
    missed = ", ".join(answer["missed"]) or "nothing"
    return "\n".join(
        [*rows, f"Missed: {missed}. {answer['lines']:,} lines.", machine.words(answer["machine"])]
    )


def _markdown(answer: dict[str, Any]) -> str:
    rows = [
        f"| `{name}` | {f['says']} | {f['goal_ms']:.0f} | {f['p50_ms']:.2f} / {f['p95_ms']:.2f} / {f['p99_ms']:.2f}"
        f" | {f['server_ms']:.2f} + {f['client_ms']:.2f} |"
        for name, f in answer["readings"].items()
    ]
    return "\n".join([*rows, "", machine.words(answer["machine"])])


if __name__ == "__main__":
    sys.exit(main())
