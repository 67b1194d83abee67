"""script/bench transfers: payouts through the whole machine, against the sandbox over HTTP.

The real server with two processes takes the payouts and the sandbox's messages; one, two and four worker processes send
and follow them. Beside it, in the same run, single transfers between wallets as `script/bench api` posts them.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from script.benches.instruments import machine
from script.benches.instruments.cpu import Meter
from script.benches.instruments.database import Server
from script.benches.instruments.slices import percentile
from script.benches.payouts.staff import Sandbox, sandbox, workers
from script.benches.web import clients
from script.benches.web.clients import Ask
from script.benches.web.serving import Web, serving
from script.benches.web.world import World, world

CALLERS, WORKERS = 8, (1, 2, 4)
PATIENCE_SECONDS, FIVE_SECONDS = 120, 5.0
LEAST_OF_POST, MOST_PICKUP_MS, LEAST_IN_TIME = 0.25, 10.0, 0.95
OLD_SQL = Path(__file__).with_name("payouts") / "old.sql"


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
    with sandbox() as provider:
        recipient = _provided(made, provider)
        rows = list(_measured(server, made, provider, recipient, options.seconds))
    pickup = _pickup(server, options.old)
    goals = _goals(rows, pickup)
    answer = {"rows": rows, "pickup_ms": pickup, "goals": goals, "machine": machine.describe(server)}
    missed = [
        name
        for name, (found, goal) in goals.items()
        if (found > goal if name == "pickup_p95_ms" else found < goal)
    ]
    print(json.dumps(answer) if options.json else _table(answer))
    print(f"Missed: {', '.join(missed) or 'nothing'}.", file=sys.stderr)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench transfers", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="how long payouts are asked for (10)")
    parser.add_argument("--old", type=int, default=1_000_000, help="ended transfers in the table for pickup")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    return parser.parse_args()


def _provided(made: World, provider: Sandbox) -> str:
    """A provider and a recipient; the recipient's id."""
    from apps.accounts.models import Wallet
    from apps.operations.models import ApprovalPolicy
    from script.benches.web.world import done

    ApprovalPolicy.objects.update(status="retired")
    access = {"base_url": provider.url, "secret": "sandbox", "webhook_secret": "bench"}
    done("providers.set_provider", name="sandbox-bank", title="bank", options={"desk": "bank"}, **access)
    tenant = Wallet.objects.get(pk=made.wallets[0]).tenant_id
    to = {
        "kind": "bank_account",
        "name": "Bo",
        "currency": "EUR",
        "details": {"iban": "DE89370400440532013000"},
    }
    return str(done("accounts.create_recipient", tenant=tenant, **to)["recipient"])


def _measured(
    server: Server, made: World, provider: Sandbox, recipient: str, seconds: float
) -> Iterator[dict[str, Any]]:
    meter = Meter(server)
    post, pay = _transfers(made), _payouts(made, recipient)
    with serving(made.url, combiner=False) as web:
        provider.report_to(web.port)
        clients.ask(web.port, CALLERS, 1, post)
        clients.ask(web.port, CALLERS, 1, pay)
        with workers(1, made.url):
            _drained()
        yield _asked("single post", web, meter, seconds, post)
        yield _asked("payouts asked for", web, meter, seconds, pay)
        with workers(2, made.url):
            _drained()
        through = [_through(count, web, made.url, meter, seconds, pay) for count in WORKERS]
        yield from through
        rate = 0.5 * max(row["per_second"] for row in through)
        yield _paced(web, made.url, seconds, pay, rate)


def _asked(shape: str, web: Web, meter: Meter, seconds: float, request: Ask) -> dict[str, Any]:
    used = web.used()
    with meter.window() as window:
        asked = clients.ask(web.port, CALLERS, seconds, request)
    done = len(asked.latencies)
    return _said(
        {
            "shape": shape,
            "per_second": round(done / asked.seconds, 1),
            "web_ms": _each(web.used() - used, done),
            "worker_ms": 0.0,
            "postgres_ms": _each(window.server, done),
        }
    )


def _through(count: int, web: Web, url: str, meter: Meter, seconds: float, pay: Ask) -> dict[str, Any]:
    """Asked for, sent, followed and settled at the same time, until the last has ended."""
    with workers(count, url) as staff, meter.window() as window:
        begun, used, worked = time.time(), web.used(), staff.used()
        clients.ask(web.port, CALLERS, seconds, pay)
        _drained()
        used, worked = web.used() - used, staff.used() - worked
    done, lasted, latencies = _completed(begun)
    return _said(
        {
            "shape": f"whole machine, {count} workers",
            "per_second": round(done / lasted, 1),
            "web_ms": _each(used, done),
            "worker_ms": _each(worked, done),
            "postgres_ms": _each(window.server, done),
            "p50_s": round(percentile(latencies, 50), 2),
            "p95_s": round(percentile(latencies, 95), 2),
        }
    )


def _paced(web: Web, url: str, seconds: float, pay: Ask, rate: float) -> dict[str, Any]:
    """At half of what the machine can do, how long one takes."""
    with workers(2, url):
        begun = time.time()
        clients.ask(web.port, 1, seconds, _slowly(pay, rate))
        _drained()
    done, lasted, latencies = _completed(begun)
    return _said(
        {
            "shape": "at half the rate",
            "per_second": round(done / lasted, 1),
            "p50_s": round(percentile(latencies, 50), 2),
            "p95_s": round(percentile(latencies, 95), 2),
            "in_time": round(sum(each <= FIVE_SECONDS for each in latencies) / max(done, 1), 3),
        }
    )


def _slowly(pay: Ask, rate: float) -> Ask:
    begun = time.monotonic()

    def request(number: int) -> bytes:
        time.sleep(max(begun + number / rate - time.monotonic(), 0))
        return pay(number)

    return request


def _drained() -> None:
    """Wait until no payout is under way."""
    from apps.transfers.models import ENDED, Transfer

    until = time.monotonic() + PATIENCE_SECONDS
    while Transfer.objects.exclude(status__in=[*ENDED]).exists():
        if time.monotonic() > until:
            left = Transfer.objects.exclude(status__in=[*ENDED]).values_list("status", "failure_code")
            sys.exit(f"Some payouts did not end: {Counter(left)}.")
        time.sleep(0.1)


def _completed(begun: float) -> tuple[int, float, list[float]]:
    """How many payouts were completed since, in how many seconds, and how long each took."""
    from datetime import UTC, datetime

    from apps.transfers.models import Transfer

    since = datetime.fromtimestamp(begun, UTC)
    rows = Transfer.objects.filter(kind="payout", status="completed", created_at__gte=since)
    times = list(rows.values_list("created_at", "ended_at"))
    first, last = min(created for created, _ in times), max(ended for _, ended in times)
    return (
        len(times),
        (last - first).total_seconds(),
        [(ended - created).total_seconds() for created, ended in times],
    )


def _pickup(server: Server, many: int) -> dict[str, float]:
    """How long it takes to find what is due beside many that have ended, and when nothing is."""
    from apps.accounts.queries.wallets import holder
    from apps.core import clock, ids
    from apps.transfers import leases
    from apps.transfers.models import Status, Transfer

    wallet = str(Transfer.objects.filter(kind="payout").values_list("source_wallet_id", flat=True)[0])
    with server.connect(server.named("api")) as connection:
        values = {"book": holder(wallet).book_id, "wallet": ids.decode("wal", wallet), "many": many}
        connection.execute(OLD_SQL.read_text(), values)
        connection.execute("VACUUM ANALYZE transfers_transfer")
        due = "UPDATE transfers_transfer SET status = 'balance_reserved', ended_at = NULL, next_attempt_at = now()"
        connection.execute(f"{due} WHERE id IN (SELECT id FROM transfers_transfer ORDER BY id LIMIT 2000)")
    took: list[float] = []
    for _ in range(200):
        begun = time.perf_counter()
        leases.take(Status.BALANCE_RESERVED, now=clock.now(), most=10)
        took.append((time.perf_counter() - begun) * 1_000)
    return {"p50": round(percentile(took, 50), 2), "p95": round(percentile(took, 95), 2)}


_run = iter(range(sys.maxsize))


def _transfers(made: World) -> Ask:
    def request(number: int) -> bytes:
        count = len(made.wallets)
        body = {
            "from_wallet": made.wallets[number * 7 % count],
            "to_wallet": made.wallets[(number * 7 + 3) % count],
        }
        return _post(made, "/v1/transfers", {**body, "amount": {"amount": "0.01", "currency": "EUR"}})

    return request


def _payouts(made: World, recipient: str) -> Ask:
    def request(number: int) -> bytes:
        wallet = made.wallets[number * 7 % len(made.wallets)]
        amount = {"amount": "0.01", "currency": "EUR"}
        return _post(made, "/v1/payouts", {"wallet": wallet, "recipient": recipient, "amount": amount})

    return request


def _post(made: World, path: str, body: dict[str, Any]) -> bytes:
    return clients.post(path, made.key, json.dumps(body).encode(), f"bench-{os.getpid()}-{next(_run)}")


def _each(seconds: float, done: int) -> float:
    return round(seconds / max(done, 1) * 1_000, 2)


def _said(row: dict[str, Any]) -> dict[str, Any]:
    print("  ".join(f"{name} {value}" for name, value in row.items()), file=sys.stderr)
    return row


def _goals(rows: list[dict[str, Any]], pickup: dict[str, float]) -> dict[str, list[float]]:
    post = next(row["per_second"] for row in rows if row["shape"] == "single post")
    best = max(row["per_second"] for row in rows if row["shape"].startswith("whole machine"))
    in_time = next(row["in_time"] for row in rows if "in_time" in row)
    return {
        "payouts_by_post": [round(best / post, 3), LEAST_OF_POST],
        "within_5_s": [in_time, LEAST_IN_TIME],
        "pickup_p95_ms": [pickup["p95"], MOST_PICKUP_MS],
    }


def _table(answer: dict[str, Any]) -> str:
    names = ("per_second", "web_ms", "worker_ms", "postgres_ms", "p50_s", "p95_s")
    lines = [f"{'':26}" + "".join(f"{name:>13}" for name in names)]
    lines += [
        f"{row['shape']:26}" + "".join(f"{row.get(name, ''):>13}" for name in names) for row in answer["rows"]
    ]
    lines += [f"pickup beside old ones: {answer['pickup_ms']} ms"]
    lines += [f"{name}: {found} (goal {goal})" for name, (found, goal) in answer["goals"].items()]
    return "\n".join([*lines, machine.words(answer["machine"])])


if __name__ == "__main__":
    sys.exit(main())
