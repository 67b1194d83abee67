"""What goes wrong: processes killed, connections cut, the database restarted, Redis emptied, desks down."""

import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import redis

from script.trials.payments.sandbox import SandboxControl
from script.trials.payments.stage import Stage

CHAOS = {
    "submit": {
        **dict.fromkeys(("timeout_after", "reset_after", "error_after", "garbage"), "0.02"),
        **dict.fromkeys(("timeout_before", "reset_before", "error_before"), "0.02"),
        **dict.fromkeys(("not_accepted", "rate_limit", "refuse", "slow:1"), "0.02"),
    },
    "query": {"error": "0.1", "timeout": "0.02", "not_found_for:2": "0.05"},
    "outcome": {
        **{"fail:account_closed": "0.05", "partial:0.4": "0.02", "hang": "0.01", "delay:3": "0.05"},
        **{"wrong_amount:60.00": "0.01", "return_after:2": "0.02"},
    },
    "webhook": {
        **dict.fromkeys(("drop", "duplicate", "reorder", "delay:2"), "0.05"),
        **dict.fromkeys(("bad_signature", "changed_bytes", "no_event_id"), "0.02"),
    },
}


class Trouble(threading.Thread):
    """Something every few seconds, until it is told to stop."""

    def __init__(self, seed: int, stage: Stage, control: SandboxControl, database: str, cache: str) -> None:
        super().__init__(daemon=True)
        self._random = random.Random(f"{seed}:trouble")
        self._stage, self._control = stage, control
        self._database, self._cache = database, cache
        self.made: Counter[str] = Counter()
        self.goes_on = True

    def run(self) -> None:
        """Make trouble."""
        kinds = [self._kill_worker] * 4 + [self._kill_web, self._cut_connections, self._cut_connections]
        kinds += [self._restart_database, self._empty_redis, self._take_desk_down]
        while self.goes_on:
            time.sleep(2 + self._random.random() * 4)
            if self.goes_on:
                kind = self._random.choice(kinds)
                kind()
                self.made[kind.__name__.removeprefix("_")] += 1

    def _kill_worker(self) -> None:
        self._stage.kill(self._random.choice(["transfers-1", "transfers-2", "worker", "beat"]))

    def _kill_web(self) -> None:
        self._stage.kill("web")

    def _cut_connections(self) -> None:
        with suppress(psycopg.Error), psycopg.connect(self._database, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND datname = current_database() AND random() < 0.5"
            )

    def _restart_database(self) -> None:
        restart(self._database)

    def _empty_redis(self) -> None:
        with suppress(redis.RedisError):
            redis.Redis.from_url(self._cache).flushall()

    def _take_desk_down(self) -> None:
        self._control.down(
            self._random.choice(["bank", "ramp", "exchange", "custody"]),
            self._random.choice(["503", "hang", "refuse"]),
        )
        time.sleep(2 + self._random.random() * 2)
        self._control.up()


def restart(database: str) -> None:
    """Stop the server without a checkpoint, as a crash does, and start it with the arguments that it had."""
    with psycopg.connect(database, autocommit=True) as connection:
        found = connection.execute("SELECT current_setting('data_directory')").fetchone()
        assert found is not None
    folder = Path(found[0])
    pid = int((folder / "postmaster.pid").read_text().split()[0])
    argv = Path(f"/proc/{pid}/cmdline").read_bytes().decode().rstrip("\0").split("\0")
    owner = Path(f"/proc/{pid}").stat()
    os.kill(pid, signal.SIGQUIT)
    while Path(f"/proc/{pid}").exists() and _is_alive(pid):
        time.sleep(0.05)
    who: dict[str, Any] = (
        {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    )
    subprocess.Popen(
        argv,
        cwd="/",
        env={"PATH": os.defpath},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        **who,
    )
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with suppress(psycopg.Error), psycopg.connect(database, connect_timeout=2):
            return
        time.sleep(0.1)
    raise SystemExit("PostgreSQL did not come back.")


def _is_alive(pid: int) -> bool:
    """Whether it is more than a zombie that its parent has not buried yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
