"""script/bench listening: what connections to the stream cost that hear nothing, and how soon an event arrives.

The stream is the real process. Memory is what each connection adds to it; processor time is its own, while nothing happens. A
delay is from the return of the command that committed to the moment at which a listener has the message.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from script.benches.instruments import machine
from script.benches.instruments.database import ROOT, Server
from script.benches.instruments.slices import percentile
from script.benches.web.world import World, done, world

IDLE, LISTENERS, EVENTS = 500, 50, 200
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Measure both, print JSON."""
    parser = argparse.ArgumentParser(prog="script/bench listening", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="how long nothing happens (30)")
    seconds = parser.parse_args().seconds
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    server = Server(os.environ["DATABASE_URL"])
    os.environ["DATABASE_URL"] = server.url_of(server.named("api"))
    import django

    django.setup()
    made = world(server)
    env = {**os.environ, "STREAM_CONNECTIONS_PER_KEY": str(IDLE + LISTENERS)}
    argv = [sys.executable, str(ROOT / "manage.py"), "stream", "--port", "0"]
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().strip().replace("http", "ws") + "/v1/stream"
            found = asyncio.run(_measured(process.pid, url, made, seconds))
        finally:
            process.terminate()
    print(json.dumps({**found, "machine": machine.describe(server)}))
    return 0


async def _measured(pid: int, url: str, made: World, seconds: float) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        [_] = await _listening(stack, url, made, 1)
        before = _megabytes(pid)
        await _listening(stack, url, made, IDLE)
        used = _processor(pid)
        await asyncio.sleep(seconds)
        idle = (_processor(pid) - used) / seconds
        after = _megabytes(pid)
    async with AsyncExitStack() as stack:
        delays = await _delays(await _listening(stack, url, made, LISTENERS), made)
    return {
        "idle_connections": IDLE,
        "megabytes_before": round(before, 1),
        "kilobytes_each": round((after - before) * 1024 / IDLE, 1),
        "idle_cpu_percent": round(idle * 100, 1),
        "listeners": LISTENERS,
        "arrivals": len(delays),
        "p50_ms": round(percentile(delays, 50) * 1e3),
        "p95_ms": round(percentile(delays, 95) * 1e3),
    }


async def _listening(stack: AsyncExitStack, url: str, made: World, count: int) -> list[ClientConnection]:
    headers = {"Authorization": f"Bearer {made.key}"}
    found = []
    for _ in range(count):
        one = connect(url, additional_headers=headers, proxy=None, compression=None)
        found.append(await stack.enter_async_context(one))
        await found[-1].recv()
    return found


async def _delays(ears: list[ClientConnection], made: World) -> list[float]:
    """Of each event at each listener."""
    heard = [asyncio.create_task(_hear(ear)) for ear in ears]
    committed = await asyncio.to_thread(_commit, made)
    arrivals = await asyncio.gather(*heard)
    return [each[subject] - at for each in arrivals for subject, at in committed.items()]


async def _hear(ear: ClientConnection) -> dict[str, float]:
    found: dict[str, float] = {}
    while len(found) < EVENTS:
        message = json.loads(await ear.recv())
        if message.get("type") == "transfer.completed":
            found.setdefault(message["subject"], time.monotonic())
    return found


def _commit(made: World) -> dict[str, float]:
    found = {}
    for number in range(EVENTS):
        source, destination = made.wallets[number], made.wallets[number + 1]
        amount = {"amount": "0.01", "currency": "EUR"}
        transfer = done("transfers.create_transfer", from_wallet=source, to_wallet=destination, amount=amount)
        found[transfer["transfer"]] = time.monotonic()
        time.sleep(0.05)
    return found


def _megabytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


if __name__ == "__main__":
    sys.exit(main())
