"""The scripts as they are typed: what they say when something is in the way."""

import socket
from pathlib import Path

import pytest

from script.bootstrap.locking import FileLock
from tests.script.conftest import Run

SCRIPTS = ["server", "test", "manage", "bench", "lock", "check-launcher"]


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_explains_itself(run: Run, data: Path, name: str) -> None:
    done = run(f"script/{name}", "--help")
    assert done.returncode == 0
    assert f"script/{name}" in done.stdout
    assert list(data.iterdir()) == []


def test_an_unknown_flag_is_refused(run: Run, data: Path) -> None:
    done = run("script/server", "--bogus")
    assert done.returncode == 2
    assert "--bogus" in done.stderr
    assert list(data.iterdir()) == []


def test_a_taken_port_is_one_line_with_its_mend(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("script/server", PORT=str(port))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"script/server: Nothing can listen on 127.0.0.1:{port}: Address already in use. "
        f"Stop what does, or take another port: PORT={port + 1} script/server.\n"
    )


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1"])
def test_a_port_is_a_number(run: Run, port: str) -> None:
    done = run("script/server", PORT=port)
    assert done.returncode == 1
    assert done.stderr.startswith(f"script/server: PORT={port} is no port.")


@pytest.mark.parametrize("arguments", [[], ["--reset"]])
def test_there_is_one_server_per_checkout(run: Run, data: Path, arguments: list[str]) -> None:
    (data / "README.txt").touch()
    first = FileLock(data / "server.lock")
    assert first.attempt()
    first.write("http://127.0.0.1:8000")
    done = run("script/server", *arguments)
    first.close()
    assert done.returncode == 1
    assert done.stderr.startswith("script/server: This checkout runs already: http://127.0.0.1:8000.")


def test_a_folder_of_somebody_else_is_left_alone(run: Run, data: Path) -> None:
    (data / "thesis.txt").touch()
    done = run("script/server", "--reset")
    assert done.returncode == 1
    assert "holds files that are not Countinghouse's" in done.stderr
    assert [path.name for path in data.iterdir()] == ["thesis.txt"]


def test_an_unknown_way_to_postgres_is_refused(run: Run) -> None:
    done = run("script/manage", "check", COUNTINGHOUSE_POSTGRES="floppy")
    assert done.returncode == 1
    assert "COUNTINGHOUSE_POSTGRES=floppy is unknown" in done.stderr


def test_an_unknown_benchmark_is_refused(run: Run) -> None:
    done = run("script/bench", "nonsense")
    assert done.returncode == 1
    assert "There is no benchmark nonsense" in done.stderr


def test_manage_gives_the_output_and_exit_code_of_its_command(run: Run) -> None:
    elsewhere = {"DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c", "REDIS_URL": "redis://127.0.0.1:1/0"}
    helped = run("script/manage", "help", "--commands", **elsewhere)
    assert helped.returncode == 0
    assert helped.stderr == ""
    assert "makemigrations" in helped.stdout.splitlines()
    assert run("script/manage", "help", "nonsense", **elsewhere).returncode == 1
