"""Processes that are found again, brought back, given up on and stopped."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from script.bootstrap import supervisor
from script.bootstrap.address import Address
from script.bootstrap.failure import Failure
from script.bootstrap.postgres import free_port
from script.bootstrap.process import Process, birth
from script.bootstrap.supervisor import Program, Supervisor

SLEEP = ["sleep", "60"]
STUBBORN = ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"]


def test_it_is_found_again_by_who_comes_later(data: Path) -> None:
    Process("web", data).start(SLEEP, port=8000)
    later = Process("web", data)
    record = later.running()
    assert record is not None
    assert record.port == 8000
    later.stop((signal.SIGTERM, 5))
    assert later.running() is None


def test_another_process_with_its_pid_is_not_it(data: Path) -> None:
    process = Process("web", data)
    process.start(SLEEP)
    process.stop((signal.SIGTERM, 5))
    (data / "run" / "web.json").write_text(json.dumps({"pid": os.getpid(), "born": "long ago", "port": 0}))
    assert process.running() is None
    process.stop((signal.SIGKILL, 5))


def test_one_that_has_ended_is_not_running(data: Path) -> None:
    process = Process("web", data)
    process.start(["true"])
    assert process.ended_within(5)


def test_one_that_will_not_stop_is_killed(data: Path) -> None:
    process = Process("web", data)
    process.start(STUBBORN)
    while "ready" not in process.log.read_text():
        assert process.running()
    process.stop((signal.SIGTERM, 0.2))
    assert process.ended_within(5)


def test_what_ends_before_it_is_ready_is_shown(data: Path) -> None:
    program = Program(Process("web", data), ["sh", "-c", "echo no such module; exit 3"])
    supervised = Supervisor([program], [])
    supervised.start(os.environ)
    with pytest.raises(Failure, match="web ended") as caught:
        supervised.wait_until_ready(Address("127.0.0.1", free_port()))
    assert "no such module" in caught.value.report()


def test_what_keeps_ending_is_given_up(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Program(Process("worker", data), ["sh", "-c", "echo out of memory"])
    supervised = Supervisor([program], [])
    monkeypatch.setattr(supervisor, "GLANCE_SECONDS", 0.01)
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_SECONDS", 0.01)
    supervised.start(os.environ)
    with pytest.raises(Failure, match="worker ended"):
        supervised.watch()
    assert capsys.readouterr().out.count("is started again") == supervisor.RESTARTS
    assert program.process.log.read_text().count("out of memory") == supervisor.RESTARTS + 1


def test_a_service_that_ends_stops_everything(data: Path) -> None:
    service = Process("postgres", data)
    service.start(["sh", "-c", "echo disk full"])
    assert service.ended_within(5)
    with pytest.raises(Failure, match="postgres ended") as caught:
        Supervisor([], [service]).watch()
    assert "disk full" in caught.value.report()


def test_stopping_ends_all(data: Path) -> None:
    programs = [Program(Process(name, data), SLEEP) for name in ("web", "worker", "beat")]
    supervised = Supervisor(programs, [])
    supervised.start(os.environ)
    supervised.stop()
    assert [program.process.running() for program in programs] == [None, None, None]


def test_children_keep_ctrl_c_for_the_supervisor(data: Path) -> None:
    process = Process("web", data)
    process.start(SLEEP)
    record = process.running()
    assert record is not None
    assert os.getpgid(record.pid) == record.pid
    assert os.getpgid(record.pid) != os.getpgrp()
    process.stop((signal.SIGTERM, 5))


def test_a_zombie_has_ended() -> None:
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert birth(child.pid) is None
    child.wait()
