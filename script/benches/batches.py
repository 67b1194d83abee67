"""script/bench batches: a file of payouts, accepted, executed and reconciled, against the sandbox over HTTP.

One process reads the file, holds money for each row and compares; the web server takes the sandbox's messages, two worker
processes send and follow.
"""

import argparse
import hashlib
import io
import json
import os
import resource
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from script.benches.instruments import machine
from script.benches.instruments.cpu import Meter
from script.benches.instruments.database import Server
from script.benches.payouts.staff import Sandbox, sandbox, workers
from script.benches.web.serving import serving
from script.benches.web.world import World, done, world

MOST_ACCEPT_SECONDS = 15.0
"""Goal for reading, reserving and asking for approval of 10,000 rows."""
PATIENCE_SECONDS = 900


def main() -> int:
    """Measure each step, and say whether the goal was missed."""
    options = _options()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    server = Server(os.environ["DATABASE_URL"])
    server.require_durability()
    os.environ["DATABASE_URL"] = server.url_of(server.named("api"))
    import django

    django.setup()
    made = world(server)
    meter = Meter(server)
    with sandbox() as provider:
        _provided(provider)
        rows = list(_measured(made, provider, meter, options.rows))
    seconds = sum(row["seconds"] for row in rows if row["step"] in {"read", "reserve"})
    goal = MOST_ACCEPT_SECONDS * options.rows / 10_000
    answer = {"rows": rows, "accepted_s": round(seconds, 2), "machine": machine.describe(server)}
    print(json.dumps(answer) if options.json else _table(answer))
    print(f"Accepted in {seconds:.1f} s (goal {goal:.1f}).", file=sys.stderr)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench batches", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000, help="payouts in the file (10,000)")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    return parser.parse_args()


def _provided(provider: Sandbox) -> None:
    from apps.operations.models import ApprovalPolicy

    ApprovalPolicy.objects.update(status="retired")
    access = {"base_url": provider.url, "secret": "sandbox", "webhook_secret": "bench"}
    done("providers.set_provider", name="sandbox-bank", title="bank", options={"desk": "bank"}, **access)


def _measured(made: World, provider: Sandbox, meter: Meter, many: int) -> Iterator[dict[str, Any]]:
    from apps.payouts import worker
    from apps.payouts.models import Batch
    from apps.payouts.services import comparing

    content = _file(many)
    with _step("read", many, meter) as read:
        batch = _uploaded(made, content)
    yield read
    with _step("reserve", many, meter) as reserved:
        worker.work()
    yield reserved
    with (
        serving(made.url, combiner=False) as web,
        workers(2, made.url) as staff,
        _step("execute", many, meter) as executed,
    ):
        provider.report_to(web.port)
        used = web.used() + staff.used()
        _until_ended(batch)
        executed["others_ms"] = round((web.used() + staff.used() - used) / many * 1_000, 2)
    yield executed
    found = Batch.objects.get(pk=batch)
    with _step("compare", many, meter) as compared:
        comparing.compare(found, now=found.ended_at or found.created_at)
    yield compared
    yield _proven(found)


def _proven(batch: Any) -> dict[str, Any]:
    """What the sheet says, which must be that everybody was paid once."""
    from apps.payouts.queries.sheet import summary

    return {
        "step": "sheet",
        "seconds": 0.0,
        **{str(verdict): rows for verdict, rows in summary(batch).items()},
    }


def _file(many: int) -> bytes:
    """A CSV with so many payees, each with an account of their own."""
    from schwifty import IBAN

    file = io.StringIO()
    file.write("name,iban,amount,currency,reference\n")
    for number in range(many):
        iban = IBAN.generate("DE", bank_code="37040044", account_code=f"{number:010}")
        file.write(f"Payee {number},{iban},0.01,EUR,row {number}\n")
    return file.getvalue().encode()


def _uploaded(made: World, content: bytes) -> str:
    from apps.accounts.models import ApiKey
    from apps.accounts.people import find_actor
    from apps.core import ids
    from apps.operations.executor import execute
    from apps.operations.plan import Request

    key = find_actor("api_key", str(ApiKey.objects.get(name="bench").pk))
    data = {
        "name": "Bench",
        "wallet": made.wallets[0],
        "content": b64encode(content).decode(),
        "file_name": "bench.csv",
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    batch = str(
        execute(Request("payouts.upload_batch", data, ids.new_id("k"), key)).or_raise().result["batch"]
    )
    execute(Request("payouts.submit_batch", {"batch": batch}, ids.new_id("k"), key)).or_raise()
    return batch


def _until_ended(batch: str) -> None:
    from apps.payouts import worker
    from apps.payouts.models import Batch
    from apps.payouts.models.batches import ENDED

    until = time.monotonic() + PATIENCE_SECONDS
    while (status := Batch.objects.get(pk=batch).status) not in ENDED:
        if time.monotonic() > until:
            sys.exit(f"The batch did not end: it is {status}.")
        worker.work()
        time.sleep(0.5)


@contextmanager
def _step(name: str, many: int, meter: Meter) -> Iterator[dict[str, Any]]:
    """What a step takes: seconds, rows a second, processor time of this process and of PostgreSQL for a row, its memory so far."""
    row: dict[str, Any] = {"step": name}
    with meter.window() as window:
        begun, used = time.perf_counter(), time.process_time()
        yield row
        seconds, used = time.perf_counter() - begun, time.process_time() - used
    row |= {
        "seconds": round(seconds, 2),
        "per_second": round(many / seconds, 1),
        "own_ms": round(used / many * 1_000, 2),
        "postgres_ms": round(window.server / many * 1_000, 2),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024,
    }
    print("  ".join(f"{key} {value}" for key, value in row.items()), file=sys.stderr)


def _table(answer: dict[str, Any]) -> str:
    return "\n".join("  ".join(f"{key} {value}" for key, value in row.items()) for row in answer["rows"])


if __name__ == "__main__":
    sys.exit(main())
