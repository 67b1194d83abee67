"""PostgreSQL is restarted and crashed under load: whoever repeats with the same key gets the one answer."""

import json
import time
from typing import Any

import psycopg

from tests.support.cluster import Cluster, cluster
from tests.support.processes import ran, start

WRITERS, EACH = 4, 120

LOAD = f"""
import json, threading, time
from collections import Counter
from django.db import connection
from apps.operations import combiner
from apps.operations.executor import execute

answers, lost, lock = {{}}, Counter(), threading.Lock()

def write(writer):
    door = combiner.execute if writer % 2 else execute
    for number in range({EACH}):
        key = f"w{{writer}}-{{number}}"
        given = {{**movement("mint", f"wallet{{writer % 2}}", "0.01"), "reference": key}}
        while key not in answers:
            try:
                outcome = door(request("ledger.import_entry", key=key, **given))
            except Exception as error:
                with lock:
                    lost[type(error).__name__] += 1
                time.sleep(0.05)
                continue
            if outcome.accepted:
                answers[key] = outcome.result["entry"]
            elif outcome.error.code != "KEY_IN_FLIGHT":
                raise outcome.error
        if number % 40 == 0:
            print("written", number, flush=True)
    connection.close()

threads = [threading.Thread(target=write, args=[writer]) for writer in range({WRITERS})]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps({{"answers": answers, "lost": lost}}), flush=True)
"""


def test_everything_answered_stands_and_stands_once() -> None:
    with cluster() as server:
        prepare(server)
        found = load(server)
        with psycopg.connect(server.url()) as connection:
            entries = dict(
                connection.execute(
                    "SELECT o.key, o.result->>'entry' FROM operations_operation o WHERE key LIKE 'w%-%'"
                ).fetchall()
            )  # type: ignore[arg-type]
            [(count, total)] = connection.execute(
                "SELECT count(*), sum(amount) FROM ledger_line l JOIN ledger_account a ON a.id = l.account_id"
                " WHERE a.address LIKE 'wallet%'"
            ).fetchall()
            broken = connection.execute(
                "SELECT b.account_id FROM ledger_balance b LEFT JOIN (SELECT account_id, sum(amount) total, max(sequence) last,"
                " count(*) lines FROM ledger_line GROUP BY 1) l USING (account_id)"
                " WHERE b.balance <> coalesce(total, 0) OR b.sequence <> coalesce(last, 0) OR b.sequence <> coalesce(lines, 0)"
            ).fetchall()
    assert sum(found["lost"].values()) > 0
    assert found["answers"] == entries
    assert len(entries) == WRITERS * EACH
    assert (int(count), int(total)) == (WRITERS * EACH, WRITERS * EACH)
    assert broken == []


def prepare(server: Cluster) -> None:
    """The schema and three accounts."""
    ran(
        "from django.core.management import call_command; call_command('migrate', verbosity=0);"
        " call_command('setup', '--no-demo')",
        url=server.url(),
        role="",
    )
    ran("[opened(name, floor=None) for name in ('mint', 'wallet0', 'wallet1')]", url=server.url())


def load(server: Cluster) -> Any:
    """Restart the server, then crash it, while four threads write; what they were answered."""
    process = start(LOAD, url=server.url())
    assert process.stdout is not None
    for mode in ("fast", "immediate"):
        process.stdout.readline()
        time.sleep(0.2)
        server.restart(mode)
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors[-2000:]
    return json.loads(out.splitlines()[-1])
