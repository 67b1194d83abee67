"""The shapes of `script/bench ledger`, with the ratio to pgbench's tpcb-like that each should reach."""

from collections.abc import Callable
from pathlib import Path

from script.benches.instruments.pgbench import Pgbench
from script.benches.instruments.rounds import Shape
from script.benches.instruments.slices import Slice
from script.benches.wallets.book import Wallets
from script.benches.wallets.callers import BULK, Task, Workers

FEEDS = Path(__file__).with_name("feeds")
ENTRIES = 1000


def yardstick(pgbench: Pgbench) -> Shape:
    """pgbench's own, with the protocol that it uses by default."""
    arguments = ["--builtin=tpcb-like", "--client=8", "--jobs=2"]
    return Shape(
        "tpcb-like", None, "8 clients, scale 50", lambda seconds: pgbench.run(arguments, seconds=seconds)
    )


def shapes(pgbench: Pgbench, wallets: Wallets, workers: Workers, *, warm_up: float) -> list[Shape]:
    """All of them, in the order in which they are run."""
    return [*_fed_by_sql(pgbench, wallets), *_commands(workers, warm_up)]


def _fed_by_sql(pgbench: Pgbench, wallets: Wallets) -> list[Shape]:
    def feed(script: str, clients: int, items: int) -> Callable[[int], Slice]:
        share = wallets.count // clients
        known = {"book": wallets.book_id, "first": wallets.first, "wallets": wallets.count}
        known |= {"entries": items, "share": share}
        arguments = [f"--file={FEEDS / script}", f"--client={clients}", f"--jobs={min(clients, 2)}"]
        arguments += ["--no-vacuum", "--protocol=prepared", *(f"--define={k}={v}" for k, v in known.items())]
        return lambda seconds: pgbench.run(arguments, seconds=seconds, items=items)

    return [
        Shape("sql_single", 1.2, "8 clients, one entry to a call", feed("single.sql", 8, 1)),
        Shape("sql_bulk_1_lane", 4, "1 client, 1000 entries to a call", feed("bulk.sql", 1, ENTRIES)),
        Shape("sql_bulk_2_lanes", 7, "2 clients, each its half of the wallets", feed("bulk.sql", 2, ENTRIES)),
    ]


def _commands(workers: Workers, warm_up: float) -> list[Shape]:
    def run(door: str, processes: int, threads: int, busy: bool = False) -> Callable[[int], Slice]:
        def slice_(seconds: int) -> Slice:
            task = Task(door, threads, seconds, warm_up, busy)  # type: ignore[arg-type]
            return workers.run([task] * processes)

        return slice_

    return [
        Shape("command_single_8", 0.3, "2 processes x 4 threads, one transaction each", run("single", 2, 4)),
        Shape("command_combined_32", 1.0, "2 processes x 16 threads", run("combined", 2, 16)),
        Shape("command_combined_32_1p", None, "1 process x 32 threads", run("combined", 1, 32)),
        Shape("command_combined_128", 1.5, "2 processes x 64 threads", run("combined", 2, 64)),
        Shape("command_combined_128_1p", None, "1 process x 128 threads", run("combined", 1, 128)),
        Shape(
            "command_hot_128",
            1.5,
            "2 processes x 64 threads, all out of one wallet",
            run("combined", 2, 64, True),
        ),
        Shape(
            "command_hot_128_1p",
            None,
            "1 process x 128 threads, all out of one",
            run("combined", 1, 128, True),
        ),
        Shape("command_bulk_1000", 2.0, f"1 process, {BULK} commands to a call", run("bulk", 1, 1)),
        Shape(
            "command_bulk_1000_2p", None, f"2 processes, {BULK} commands to a call each", run("bulk", 2, 1)
        ),
    ]
