"""script/bench door: where the time of a command goes, by statement and by Python function.

One caller runs commands one by one, a hundred at once as a combined batch does, and a thousand at once. The times are
of the plain run; the functions are of the same run under the profiler, which makes Python calls dearer than they are.
"""

import argparse
import os
import pstats
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from cProfile import Profile
from operator import itemgetter
from typing import Any
from unittest.mock import patch

import psycopg

from script.benches.instruments.database import Server
from script.benches.wallets.book import fresh_wallets

WALLETS = 10_000
SIZES = {"single": 1, "combined": 100, "bulk": 1000}
_FOLDERS = re.compile(r"^.*?(site-packages/|python3\.\d+/|(?=apps/|script/))")

Run = Callable[[], None]


def main() -> int:
    """Take each kind apart that was asked for."""
    options = _options()
    runs = _runs()
    for kind in options.kinds or SIZES:
        size = SIZES[kind]
        times = max(options.commands // size, 3)
        runs[kind]()
        print(f"\n{kind}: {times} x {size:,} commands")
        print(_plainly(runs[kind], times, size))
        print(_profiled(runs[kind], times, size, options.rows))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench door", description=__doc__)
    parser.add_argument(
        "kinds", nargs="*", choices=[*SIZES, []], metavar="KIND", help=f"{', '.join(SIZES)} (all)"
    )
    parser.add_argument("--commands", type=int, default=3000, help="how many of each kind (3000)")
    parser.add_argument("--rows", type=int, default=30, help="how many functions to show (30)")
    return parser.parse_args()


def _runs() -> dict[str, Run]:
    """A way to run each kind once, in a book of its own."""
    wallets = fresh_wallets(Server(os.environ["DATABASE_URL"]), WALLETS)
    os.environ["DATABASE_URL"] = wallets.url
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from apps.operations import executor
    from script.benches.wallets.crew import Wishes, look_up_accounts

    look_up_accounts(wallets)
    wishes = Wishes(wallets, busy=False)

    def run(size: int) -> None:
        for outcome in executor.execute_many([wishes.next() for _ in range(size)]):
            outcome.or_raise()

    return {kind: lambda size=size: run(size) for kind, size in SIZES.items()}  # type: ignore[misc]


def _plainly(run: Run, times: int, size: int) -> str:
    with _statements() as (spent, count):
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(times):
            run()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    each = 1e6 / (times * size)
    lines = [
        f"  {wall * each:.0f} us a command, of which {cpu * each:.0f} us Python",
        f"{'us':>8}{'ms each':>9}",
    ]
    most = sorted(spent.items(), key=itemgetter(1), reverse=True)[:8]
    lines += [f"{seconds * each:8.1f}{seconds / count[name] * 1000:9.2f}  {name}" for name, seconds in most]
    return "\n".join(lines)


@contextmanager
def _statements() -> Iterator[tuple[dict[str, float], Counter[str]]]:
    """How long each statement kept its caller waiting, in seconds, and how often it was sent."""
    spent, count = defaultdict[str, float](float), Counter[str]()

    def timed(original: Callable[..., Any], name: Callable[..., str]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter()
            try:
                return original(*args, **kwargs)
            finally:
                spent[name(*args)] += time.perf_counter() - started
                count[name(*args)] += 1

        return call

    execute = timed(psycopg.Cursor.execute, lambda _, query, *__: " ".join(str(query).split())[:90])
    commit = timed(psycopg.Connection.commit, lambda _: "COMMIT")
    with patch.object(psycopg.Cursor, "execute", execute), patch.object(psycopg.Connection, "commit", commit):
        yield spent, count


def _profiled(run: Run, times: int, size: int, rows: int) -> str:
    with Profile() as profiler:
        for _ in range(times):
            run()
    each = 1e6 / (times * size)
    lines = [f"{'own us':>8}{'all us':>9}{'calls':>8}  a command, under the profiler"]
    for own, inside, calls, name in sorted(_functions(profiler), reverse=True)[:rows]:
        lines.append(f"{own * each:8.1f}{inside * each:9.1f}{calls / (times * size):8.2f}  {name}")
    return "\n".join(lines)


def _functions(profiler: Profile) -> Iterator[tuple[float, float, int, str]]:
    stats: dict[Any, Any] = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    for (file, line, name), (_, calls, own, inside, _) in stats.items():
        yield own, inside, calls, f"{name}  {_FOLDERS.sub('', f'{file}:{line}')}"


if __name__ == "__main__":
    sys.exit(main())
