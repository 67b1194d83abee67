"""script/server: everything that Countinghouse needs, installed, started and kept running until Ctrl-C.

The first start makes .venv, a PostgreSQL cluster, the first admin and a demo; later ones take seconds and
keep the data. Web, stream, workers, beat and the sandbox provider are started again when they end, up to five times a minute.

  HOST, PORT               where the web server listens (127.0.0.1, 8000)
  STREAM_PORT              where the stream of events is listened to (PORT + 1)
  DATABASE_URL, REDIS_URL  servers to use instead of our own
  COUNTINGHOUSE_DATA       the folder of data and logs
  EXPORT_DIR               the folder of reports that were written as files (in that folder)
"""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from script.bootstrap import address as addresses
from script.bootstrap import application, environment, services, supervisor, system
from script.bootstrap.address import Address
from script.bootstrap.application import Setup
from script.bootstrap.checkout import prepare_data_folder
from script.bootstrap.failure import Failure
from script.bootstrap.locking import FileLock
from script.bootstrap.progress import Progress
from script.bootstrap.reset import reset
from script.bootstrap.sandbox import sandbox
from script.bootstrap.signals import undisturbed
from script.bootstrap.supervisor import Supervisor


def run(arguments: list[str]) -> int:
    wants_reset = _parse(arguments).reset
    address, stream, progress = addresses.from_environment(), addresses.stream_from_environment(), Progress()
    data = prepare_data_folder()
    with _only_one(data, address):
        # What a killed script/server left behind would hold the port.
        Supervisor(_programs(data, address, stream), []).stop()
        addresses.require_free(address)
        addresses.require_free(stream, "STREAM_PORT")
        if wants_reset:
            with progress.step("Data deleted"):
                reset(data)
        _serve(data, address, stream, progress)
    progress.note("Stopped; the data is kept.")
    return 0


def _programs(data: Path, address: Address, stream: Address) -> list[supervisor.Program]:
    return supervisor.programs(data, environment.VENV / "bin", address, stream)


def _parse(arguments: list[str]) -> argparse.Namespace:
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="script/server", description=__doc__, formatter_class=formatter)
    parser.add_argument("--reset", action="store_true", help="delete the data without asking, and start over")
    return parser.parse_args(arguments)


@contextmanager
def _only_one(data: Path, address: Address) -> Iterator[None]:
    lock = FileLock(data / "server.lock")
    if not lock.attempt():
        raise Failure(f"This checkout runs already: {lock.read()}.", "Use it, or stop it first.")
    lock.write(address.url)
    try:
        yield
    finally:
        lock.close()


def _serve(data: Path, address: Address, stream: Address, progress: Progress) -> None:
    environment.ensure(data=data, progress=progress)
    system.ensure(system.PANGO, system.FONTS, data=data, progress=progress)
    local = services.serving(data)
    with local.running(progress):
        urls = {**local.urls(), **sandbox(data).urls}
        with progress.step("Database schema"):
            application.migrate(data, urls)
        with progress.step("Fixtures, first admin and demo"):
            setup = application.setup(data, urls)
        supervised = Supervisor(_programs(data, address, stream), [service.process for service in local.ours])
        try:
            with progress.step("Web, stream, workers and beat"):
                (data / "beat").mkdir(exist_ok=True)
                exports = {"EXPORT_DIR": os.environ.get("EXPORT_DIR", str(data / "exports"))}
                supervised.start({**environment.activated(), **urls, **exports})
                supervised.wait_until_ready(address)
                supervised.wait_until_ready(stream, "/healthz")
            _welcome(data, address, stream, setup)
            supervised.watch()
        except (KeyboardInterrupt, SystemExit):
            progress.note("Stopping …")
        finally:
            with undisturbed():
                supervised.stop()


def _welcome(data: Path, address: Address, stream: Address, setup: Setup) -> None:
    password = setup.admin_password or "with the password that you chose"
    facts = [("Open", address.url), ("Sign in", f"{setup.admin_email}  {password}")]
    facts += [("" if number else "Next", step) for number, step in enumerate(setup.next_steps)]
    facts += [("Stream", f"{stream.url.replace('http', 'ws')}/v1/stream")]
    facts += [("Logs", str(data / "log")), ("Stop", "Ctrl-C")]
    print("", *(f"  {name:<8} {text}" for name, text in facts), "", sep="\n", flush=True)
