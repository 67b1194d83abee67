"""script/bench webhooks: messages from event to receiver, by one worker process.

First how many a second, next to a bare loop of httpx with as many at once in the same run. Then a thousand endpoints of ten
tenants, a tenth of which is dead and a tenth slow with 100,000 messages waiting for them, while new events come for all at half
of what was measured: how long after it happened a healthy endpoint is told.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

from script.benches.hooks.staff import Receiver, dead_port, receiver, worker
from script.benches.instruments import machine
from script.benches.instruments.cpu import Meter
from script.benches.instruments.database import Server, migrate
from script.benches.instruments.slices import percentile

LANES, AT_ONCE = 4, 8
TENANTS, PER_TENANT, BAD_PER_TENANT = 10, 100, 10
LEAST_OF_BARE, MOST_SECONDS = 0.6, 2.0
PATIENCE_SECONDS = 300


def main() -> int:
    """Measure, compare, say what was missed."""
    options = _options()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["WEBHOOKS_LOOPBACK"] = "1"
    server = Server(os.environ["DATABASE_URL"])
    server.require_durability()
    name = server.named("webhooks")
    server.create(name)
    url = os.environ["DATABASE_URL"] = server.url_of(name)
    migrate(url)
    import django

    django.setup()
    with receiver() as listening:
        through = _through(server, listening, url, options.messages)
        crowded = _crowded(listening, url, options, 0.5 * through["per_second"])
    goals = {
        "ratio_to_bare": (through["ratio_to_bare"], LEAST_OF_BARE),
        "healthy_p95_s": (crowded["healthy_p95_s"], MOST_SECONDS),
    }
    answer = {"through": through, "crowded": crowded, "goals": goals, "machine": machine.describe(server)}
    answer["ratio_to_bare"] = through["ratio_to_bare"]
    print(json.dumps(answer) if options.json else _words(answer))
    missed = [
        name
        for name, (found, goal) in goals.items()
        if (found > goal if name == "healthy_p95_s" else found < goal)
    ]
    print(f"Missed: {', '.join(missed) or 'nothing'}.", file=sys.stderr)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench webhooks", description=__doc__)
    parser.add_argument("--messages", type=int, default=8_000, help="messages for the rate (8000)")
    parser.add_argument("--backlog", type=int, default=100_000, help="messages that wait for bad endpoints")
    parser.add_argument("--seconds", type=float, default=30, help="how long new events come (30)")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    return parser.parse_args()


def _through(server: Server, listening: Receiver, url: str, messages: int) -> dict[str, Any]:
    """As many as possible, to a few endpoints of one tenant."""
    [tenant] = _tenants("rate", 1)
    for _ in range(LANES):
        _endpoint(tenant, listening.url)
    _happen([tenant], messages // LANES)
    meter = Meter(server)
    with worker(url) as sending, meter.window() as window:
        _delivered(messages)
        used = sending.used()
    came = listening.take()
    size = _size()
    bare = listening.bare(LANES * AT_ONCE, came["count"], size)
    seconds = came["last"] - came["first"]
    told = {
        "messages": came["count"],
        "per_second": round(came["count"] / seconds, 1),
        "worker_ms": round(used / came["count"] * 1000, 3),
        "postgres_ms": round(window.server / came["count"] * 1000, 3),
        "bare_per_second": round(came["count"] / bare["seconds"], 1),
        "bare_ms": round(bare["cpu_seconds"] / came["count"] * 1000, 3),
        "at_once": LANES * AT_ONCE,
        "bytes": size,
    }
    listening.take()
    return {**told, "ratio_to_bare": round(told["per_second"] / told["bare_per_second"], 2)}


def _crowded(listening: Receiver, url: str, options: argparse.Namespace, rate: float) -> dict[str, Any]:
    """New events for a thousand endpoints, of which a fifth is bad and has much to catch up."""
    tenants = _tenants("crowd", TENANTS)
    with dead_port() as dead:
        for tenant in tenants:
            for _ in range(BAD_PER_TENANT):
                _endpoint(tenant, dead)
                _endpoint(tenant, listening.slow)
        bad = TENANTS * BAD_PER_TENANT * 2
        _happen(tenants, options.backlog // bad)
        for tenant in tenants:
            for _ in range(PER_TENANT - 2 * BAD_PER_TENANT):
                _endpoint(tenant, listening.url)
        with worker(url):
            _matched(options.backlog)
            listening.take()
            told = _paced(tenants, rate / PER_TENANT, options.seconds)
            _caught_up(told * (PER_TENANT - 2 * BAD_PER_TENANT))
        waiting = _waiting()
    came = listening.take()
    return {
        "endpoints": TENANTS * PER_TENANT,
        "backlog_left": waiting,
        "events_per_second": round(rate / PER_TENANT, 1),
        "healthy_messages": came["count"],
        "healthy_p50_s": round(percentile(came["ages"], 50) / 1000, 2),
        "healthy_p95_s": round(percentile(came["ages"], 95) / 1000, 2),
        "healthy_max_s": round(max(came["ages"]) / 1000, 2),
    }


def _tenants(slug: str, count: int) -> list[str]:
    """Test tenants, each with a wallet of which events tell."""
    made = [
        done("accounts.create_tenant", name=f"{slug} {n}", slug=f"{slug}-{n}", base_currency="EUR")[
            "test_tenant"
        ]
        for n in range(count)
    ]
    for tenant in made:
        _wallets[tenant] = [
            each["wallet"]
            for each in _all("accounts.create_wallet", [{"tenant": tenant, "currency": "EUR"}] * 50)
        ]
    _number()
    return made


_wallets: dict[str, list[str]] = {}


def _endpoint(tenant: str, url: str) -> None:
    done("webhooks.create_endpoint", tenant=tenant, url=url, types=["wallet.updated"], most_at_once=AT_ONCE)


def _happen(tenants: list[str], times: int) -> None:
    """So many events of each tenant, each about one of its wallets."""
    for tenant in tenants:
        _all("accounts.update_wallet", list(_updates(tenant, times)))
    _number()


def _updates(tenant: str, times: int) -> Iterator[dict[str, Any]]:
    wallets = _wallets[tenant]
    for n in range(times):
        yield {"wallet": wallets[n % len(wallets)], "name": f"wallet {time.monotonic_ns()}"}


def _paced(tenants: list[str], rate: float, seconds: float) -> int:
    """Events at this rate, by turns of the tenants; how many they were."""
    begun, told = time.monotonic(), 0
    while (passed := time.monotonic() - begun) < seconds:
        if told < passed * rate:
            tenant = tenants[told % len(tenants)]
            _all("accounts.update_wallet", list(_updates(tenant, 1)))
            told += 1
        else:
            time.sleep(0.005)
    return told


def _number() -> None:
    from apps.operations import sequencer

    sequencer.sequence()


def _count(condition: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM webhooks_delivery WHERE {condition}")
        return int(cursor.fetchone()[0])


def _delivered(count: int) -> None:
    _until(lambda: _count("status = 'delivered'") >= count)


def _matched(count: int) -> None:
    _until(lambda: _count("status IN ('queued', 'pending', 'failed')") >= count * 0.9)


def _caught_up(healthy: int) -> None:
    """Until healthy endpoints were told all, or it takes far too long."""
    _until(
        lambda: (
            _count(
                "status <> 'delivered' AND endpoint_id IN (SELECT id FROM webhooks_endpoint WHERE url LIKE '%%/ok')"
            )
            == 0
        )
    )


def _waiting() -> int:
    return _count("status IN ('queued', 'pending')")


def _until(condition: Any) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > until:
            raise SystemExit("It takes far too long.")
        time.sleep(0.2)


def _size() -> int:
    from apps.webhooks.models import Attempt

    return int(Attempt.objects.order_by("-id").values_list("body_bytes", flat=True)[0])


def done(command: str, **data: Any) -> Any:
    return _all(command, [data])[0]


def _all(command: str, inputs: list[dict[str, Any]]) -> list[Any]:
    from script.benches.web.world import _all as run_all

    return run_all(command, inputs)


def _words(answer: dict[str, Any]) -> str:
    lines = []
    for part in ("through", "crowded"):
        lines.append(f"{part}:")
        lines += [f"  {name:20} {value}" for name, value in answer[part].items()]
    lines += [f"{name}: {found} (goal {goal})" for name, (found, goal) in answer["goals"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
