"""script/bench NAME [argument …]: runs script/benches/NAME.py against PostgreSQL as set for production.

PostgreSQL is its own, with every write on disk before it is acknowledged, reached by a Unix socket.
Its environment has DATABASE_URL, REDIS_URL, PG_BIN (a folder) and PGBENCH (a program, or nothing).
"""

import os

from script.bootstrap import environment, services
from script.bootstrap.checkout import ROOT, prepare_data_folder
from script.bootstrap.failure import Failure
from script.bootstrap.postgres import Postgres
from script.bootstrap.progress import Progress
from script.bootstrap.signals import run_in_foreground

BENCHES = ROOT / "script" / "benches"


def run(arguments: list[str]) -> int:
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(f"{__doc__}\nThere are: {', '.join(_names()) or 'none yet'}.")
        return 0
    name, *rest = arguments
    if name not in _names():
        raise Failure(f"There is no benchmark {name}.", f"There are: {', '.join(_names()) or 'none yet'}.")
    progress = Progress()
    data = prepare_data_folder()
    environment.ensure("dev", data=data, progress=progress)
    dedicated = services.benchmarking(data)
    with dedicated.running(progress):
        env = {**environment.activated(), **dedicated.urls(), **_programs(dedicated.postgres, progress)}
        argv = [str(environment.PYTHON), str(BENCHES / f"{name}.py"), *rest]
        return run_in_foreground(argv, env=env, cwd=ROOT)


def _names() -> list[str]:
    return sorted(path.stem for path in BENCHES.glob("[!_]*.py"))


def _programs(postgres: Postgres | None, progress: Progress) -> dict[str, str]:
    if postgres is None:
        return {}
    folder = postgres.programs(progress).folder
    pgbench = folder / "pgbench"
    if not os.access(pgbench, os.X_OK):
        progress.note("This PostgreSQL comes without pgbench; what needs it is left out.")
    return {"PG_BIN": str(folder), "PGBENCH": str(pgbench) if os.access(pgbench, os.X_OK) else ""}
