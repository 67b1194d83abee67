"""Keeps web, stream, workers and beat running: brings back what dies, and gives up on what keeps dying."""

import http.client
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from script.bootstrap.address import Address
from script.bootstrap.checkout import ROOT
from script.bootstrap.failure import Failure
from script.bootstrap.process import Process
from script.bootstrap.sandbox import sandbox

READY, NOTHING = "ready", "nothing"
READY_SECONDS = 120
RESTARTS = 5
WITHIN_SECONDS = 60
STOP_SECONDS = 20
GLANCE_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 0.5
WEB_OPTIONS = ["--workers", "2", "--threads", "8"]


@dataclass
class Program:
    """One of ours. Dying again and again is a fault to be read in its log, not to be hidden by restarts."""

    process: Process
    argv: list[str]
    deaths: list[float] = field(default_factory=list)

    def may_come_back(self, now: float) -> bool:
        self.deaths = [*(death for death in self.deaths if now - death < WITHIN_SECONDS), now]
        return len(self.deaths) <= RESTARTS

    def failure(self) -> Failure:
        problem = f"{self.process.name} ended."
        return Failure(problem, "Mend what it says and start again.", log=self.process.log)


class Supervisor:
    def __init__(self, programs: Sequence[Program], services: Sequence[Process]) -> None:
        self._programs = programs
        self._services = services
        self._env: Mapping[str, str] = {}

    def start(self, env: Mapping[str, str]) -> None:
        self._env = env
        for program in self._programs:
            program.process.start(program.argv, env=self._env)

    def wait_until_ready(self, address: Address, path: str = "/readyz") -> None:
        deadline = time.monotonic() + READY_SECONDS
        while (answer := readiness(address, path)) != READY:
            for program in self._programs:
                if not program.process.running():
                    raise program.failure()
            if time.monotonic() > deadline:
                folder = self._programs[0].process.log.parent
                raise Failure(f"After {READY_SECONDS} s {path} says: {answer}.", f"See the logs in {folder}.")
            time.sleep(0.5)

    def watch(self) -> None:
        """Returns only by an exception: a signal, or a Failure."""
        while True:
            for service in self._services:
                if not service.running():
                    raise Failure(f"{service.name} ended.", "See why, and start again.", log=service.log)
            for program in self._programs:
                if not program.process.running():
                    self._bring_back(program)
            time.sleep(GLANCE_SECONDS)

    def stop(self) -> None:
        """All are told at once, and each has its time to finish what it does."""
        processes = [program.process for program in self._programs]
        for process in processes:
            process.tell(signal.SIGTERM)
        for process in processes:
            process.ended_within(STOP_SECONDS)
            process.end()

    def _bring_back(self, program: Program) -> None:
        if not program.may_come_back(time.monotonic()):
            raise program.failure()
        print(f"  ! {program.process.name} ended and is started again; see {program.process.log}", flush=True)
        time.sleep(FIRST_PAUSE_SECONDS * 2 ** (len(program.deaths) - 1))
        program.process.start(program.argv, env=self._env)


def readiness(address: Address, path: str = "/readyz") -> str:
    # Not urllib, which would ask a proxy of the environment.
    connection = http.client.HTTPConnection(address.reachable_host, address.port, timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return READY if response.status == 200 else f"{response.status} {response.read(300).decode()}"
    except (OSError, http.client.HTTPException):
        return NOTHING
    finally:
        connection.close()


def programs(data: Path, binaries: Path, address: Address, stream: Address) -> list[Program]:
    gunicorn, celery = str(binaries / "gunicorn"), [str(binaries / "celery"), "-A", "config"]
    # gunicorn's control socket would lie in the home folder, one for all checkouts.
    web = [gunicorn, "config.wsgi", "--bind", str(address), *WEB_OPTIONS, "--no-control-socket"]
    worker = [*celery, "worker", "--loglevel", "INFO", "--concurrency", "2"]
    exports = [*_of_queue(celery, "exports"), "--concurrency", "1"]
    transfers = [*_of_queue(celery, "transfers"), "--concurrency", "2"]
    beat = [*celery, "beat", "--schedule", str(data / "beat" / "schedule"), "--pidfile="]
    commands = {
        "sandbox": sandbox(data).argv(data, address),
        "web": web,
        "stream": [str(binaries / "python"), *_listening(stream)],
        "worker": worker,
        "exports": exports,
        "transfers": transfers,
        "webhooks": [str(binaries / "python"), str(ROOT / "manage.py"), "deliver_webhooks"],
        "beat": beat,
    }
    return [Program(Process(name, data), argv) for name, argv in commands.items()]


def _listening(stream: Address) -> list[str]:
    return [str(ROOT / "manage.py"), "stream", "--host", stream.host, "--port", str(stream.port)]


def _of_queue(celery: list[str], queue: str) -> list[str]:
    """A worker that works off one queue and is called by it."""
    return [*celery, "worker", "--loglevel", "INFO", "-Q", queue, "-n", f"{queue}@%h"]
