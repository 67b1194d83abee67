"""The threads of one worker. Imported where Django is set up."""

import random
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from django.db import connection, connections

from apps.core import ids
from apps.core.actor import Actor
from apps.ledger import addresses
from apps.operations import combiner, executor
from apps.operations.plan import Request
from script.benches.wallets import transfer
from script.benches.wallets.book import BUSY, CURRENCY, Wallets, address
from script.benches.wallets.callers import BULK, Tally, Task

ACTOR = Actor.system("bench", {transfer.PERMISSION})

FEW = 10
"""Enough for each connection to have its plans for a batch; any of them may lead the lane."""

Call = Callable[["Wishes"], int]


class Wishes:
    """Transfers between random wallets, without end; or all out of the busy one."""

    def __init__(self, wallets: Wallets, *, busy: bool) -> None:
        self._random = random.Random()
        self._wallets = wallets
        self._busy = busy

    def next(self) -> Request:
        """One more, with a key and a reference of its own."""
        source, destination = self._random.sample(range(self._wallets.count), 2)
        minor = self._random.randint(1, 10_000)
        return Request(
            command=transfer.NAME,
            input={
                "source": BUSY if self._busy else address(source),
                "destination": address(destination),
                "amount": {"amount": f"{minor // 100}.{minor % 100:02}", "currency": CURRENCY},
                "reference": ids.new_id("tr"),
            },
            key=ids.new_id("key"),
            actor=ACTOR,
            origin="bench",
            book_id=self._wallets.book_id,
        )


def one_by_one(wishes: Wishes) -> int:
    """A command in a transaction of its own."""
    executor.execute(wishes.next()).or_raise()
    return 1


def combined(wishes: Wishes) -> int:
    """A command that shares the transaction of those that other threads bring meanwhile."""
    combiner.execute(wishes.next()).or_raise()
    return 1


def in_bulk(wishes: Wishes, count: int = BULK) -> int:
    """Many commands at once."""
    for outcome in executor.execute_many([wishes.next() for _ in range(count)]):
        outcome.or_raise()
    return count


DOORS: dict[str, Call] = {"single": one_by_one, "combined": combined, "bulk": in_bulk}


class Caller(threading.Thread):
    """One caller: warms up, waits for the others, then calls until the time is over."""

    def __init__(self, task: Task, wallets: Wallets, line: threading.Barrier) -> None:
        super().__init__(daemon=True)
        self.task, self.line = task, line
        self.wishes = Wishes(wallets, busy=task.busy)
        self.call = DOORS[task.door]
        self.items = self.posted = 0
        self.latencies: list[float] = []
        self.ended = 0.0
        self.error = ""

    def run(self) -> None:
        """All of it, with the connection closed at the end."""
        try:
            self._work()
        except threading.BrokenBarrierError:
            pass
        except BaseException:
            self.error = traceback.format_exc()
            self.line.abort()
        finally:
            connections.close_all()

    def _work(self) -> None:
        self.posted += one_by_one(self.wishes) + in_bulk(self.wishes, FEW)
        self.line.wait()
        self.line.wait()  # meanwhile the accounts were looked up
        self._call_for(self.task.warm_up)
        self.items, self.latencies = 0, []
        self.line.wait()
        self.line.wait()  # meanwhile the word was given
        self._call_for(self.task.seconds)
        self.ended = time.monotonic()
        self.line.wait()
        self.line.wait()  # meanwhile the processor times were read

    def _call_for(self, seconds: float) -> None:
        now = time.monotonic()
        deadline = now + seconds
        while now < deadline:
            self.items += (items := self.call(self.wishes))
            self.posted += items
            self.latencies.append(((done := time.monotonic()) - now) * 1000)
            now = done


def run_task(task: Task, wallets: Wallets, parent: Connection) -> None:
    """Do a task and tell the parent, who may also be told what went wrong."""
    line = threading.Barrier(task.threads + 1)
    callers = [Caller(task, wallets, line) for _ in range(task.threads)]
    try:
        _run(callers, wallets, line, parent)
    except threading.BrokenBarrierError:
        parent.send(next((caller.error for caller in callers if caller.error), "A caller gave up."))


def _run(callers: list[Caller], wallets: Wallets, line: threading.Barrier, parent: Connection) -> None:
    for caller in callers:
        caller.start()
    line.wait()
    look_up_accounts(wallets)
    line.wait()
    line.wait()
    parent.send("ready")
    parent.recv()
    started, used = time.monotonic(), time.process_time()
    line.wait()
    line.wait()
    tally = Tally(
        items=sum(caller.items for caller in callers),
        seconds=max(caller.ended for caller in callers) - started,
        latencies=[latency for caller in callers for latency in caller.latencies],
        cpu=time.process_time() - used,
        posted=sum(caller.posted for caller in callers),
    )
    parent.send(tally)
    parent.recv()
    line.wait()
    for caller in callers:
        caller.join()


def look_up_accounts(wallets: Wallets) -> None:
    """The process keeps what it looks up, until a connection is opened."""
    connection.ensure_connection()
    names: Any = [address(number) for number in range(wallets.count)]
    addresses.resolve(connection.connection, {(wallets.book_id, name, CURRENCY) for name in [*names, BUSY]})
