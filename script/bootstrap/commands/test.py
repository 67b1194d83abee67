"""script/test [pytest argument …]: every check of the project but the long tests; with arguments only pytest, with those.

The long tests are run by script/test -m long.

PostgreSQL and Redis are its own and forget what they hold; several runs at once do not meet.
TEST_DATABASE_DURABLE=1 makes PostgreSQL write as carefully as in production.
"""

import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from script.bootstrap import beancount, environment, node, services, system
from script.bootstrap.application import MANAGE
from script.bootstrap.checkout import prepare_data_folder
from script.bootstrap.checks import Check, Result, heading, run_in_sight, run_side_by_side
from script.bootstrap.failure import Failure
from script.bootstrap.locking import FileLock
from script.bootstrap.progress import Progress
from script.bootstrap.services import Services

PYTEST = ["pytest", "-n", "3"]
# Redis has sixteen databases, and each run has one of them and a database in PostgreSQL.
SLOTS = 16


def run(arguments: list[str]) -> int:
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    begun, progress = time.monotonic(), Progress()
    data = prepare_data_folder()
    environment.ensure("dev", data=data, progress=progress)
    system.ensure(*system.FOR_TESTS, data=data, progress=progress)
    programs = beancount.ensure(data=data, progress=progress) | node.ensure(data=data, progress=progress)
    throwaway = services.testing(data)
    with throwaway.running(progress), _slot(throwaway.folder) as slot:
        env = {**environment.activated(), **_urls(throwaway, slot), **programs}
        results = [] if arguments else run_side_by_side(_static_checks(), env)
        results.append(run_in_sight(Check("pytest", [*PYTEST, *arguments]), env))
    return _summarise(results, time.monotonic() - begun)


def _static_checks() -> list[Check]:
    """The slowest first, so that the others run beside it."""
    return [
        Check("mypy", ["mypy", "."]),
        Check("ruff check", ["ruff", "check", "."]),
        Check("ruff format", ["ruff", "format", "--check", "."]),
        Check("lint-imports", ["lint-imports"]),
        Check("check --deploy", [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"], _production()),
        Check("makemigrations --check", [*MANAGE, "makemigrations", "--check", "--dry-run"]),
    ]


def _production() -> dict[str, str]:
    return {
        "DJANGO_ENV": "production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ENCRYPTION_KEYS": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "ALLOWED_HOSTS": "example.org",
        "PUBLIC_URL": "https://example.org",
    }


@contextmanager
def _slot(folder: Path) -> Iterator[int]:
    for slot in range(SLOTS):
        lock = FileLock(folder / f"slot-{slot}.lock")
        if lock.attempt():
            try:
                yield slot
            finally:
                lock.close()
            return
        lock.close()
    raise Failure(f"{SLOTS} runs of script/test are under way.", "Wait for one of them to end.")


def _urls(throwaway: Services, slot: int) -> dict[str, str]:
    if throwaway.postgres and slot:
        throwaway.postgres.create_database(f"countinghouse_{slot}")
    return throwaway.urls(slot)


def _summarise(results: list[Result], seconds: float) -> int:
    failed = [result.name for result in results if not result.passed]
    print(heading("summary"))
    for result in results:
        print(result.line())
    verdict = f"failed: {', '.join(failed)}" if failed else "all passed"
    print(f"  {verdict} in {seconds:.0f} s")
    return 1 if failed else 0
