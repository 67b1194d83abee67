"""PostgreSQL and Redis for real, in a folder of the test's own."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from script.bootstrap import application, postgres_programs
from script.bootstrap.failure import Failure
from script.bootstrap.postgres import Postgres
from script.bootstrap.progress import Progress
from script.bootstrap.redis import Redis
from script.bootstrap.reset import reset
from script.bootstrap.services import Services

SMALL = {"shared_buffers": "16MB", "fsync": "off"}


@pytest.fixture
def postgres(data: Path, progress: Progress) -> Iterator[Postgres]:
    postgres = Postgres(data, SMALL, data)
    postgres.start(progress)
    yield postgres
    postgres.stop()


def _pid(postgres: Postgres) -> int:
    record = postgres.process.running()
    assert record is not None
    return record.pid


def test_postgres_comes_back_after_kill_9_with_its_data(postgres: Postgres, progress: Progress) -> None:
    with psycopg.connect(postgres.url()) as connection:
        connection.execute("create table kept as select 1 as one")
    os.kill(_pid(postgres), signal.SIGKILL)
    assert postgres.process.ended_within(10)
    assert (postgres.cluster / "postmaster.pid").exists()
    postgres.start(progress)
    with psycopg.connect(postgres.url()) as connection:
        assert connection.execute("select one from kept").fetchall() == [(1,)]


def test_a_stale_pid_that_is_now_another_program_is_no_obstacle(
    postgres: Postgres, progress: Progress
) -> None:
    postgres.stop()
    account = postgres_programs.account_for(postgres.cluster)
    user = account.pw_uid if os.geteuid() == 0 else None
    other = subprocess.Popen(["sleep", "60"], user=user)
    pid_file = postgres.cluster / "postmaster.pid"
    pid_file.write_text(f"{other.pid}\n{postgres.cluster}\n1\n1\n\n\n\nready\n")
    os.chown(pid_file, account.pw_uid, account.pw_gid)
    postgres.start(progress)
    other.kill()
    other.wait()
    assert _pid(postgres) != other.pid


@pytest.mark.parametrize("first", ["stop", "start"])
def test_a_server_that_somebody_else_started_on_the_cluster_makes_room(
    postgres: Postgres, progress: Progress, first: str
) -> None:
    argv = Path(f"/proc/{_pid(postgres)}/cmdline").read_bytes().decode().rstrip("\0").split("\0")
    os.kill(_pid(postgres), signal.SIGQUIT)
    assert postgres.process.ended_within(10)
    user = postgres_programs.account_for(postgres.cluster).pw_uid if os.geteuid() == 0 else None
    other = subprocess.Popen(argv, user=user, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while "ready" not in _pid_file(postgres):
        assert other.poll() is None
        time.sleep(0.05)
    if first == "stop":
        postgres.stop()
        assert other.wait(10) == 0
    else:
        postgres.start(progress)
        assert other.wait(10) == 0
        assert _pid(postgres) != other.pid


def _pid_file(postgres: Postgres) -> str:
    file = postgres.cluster / "postmaster.pid"
    return file.read_text() if file.exists() else ""


def test_postgres_is_utf8_with_checksums_and_a_password_on_loopback_only(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url()) as connection:
        asked = [
            connection.execute(f"show {name}").fetchone()
            for name in ("server_encoding", "data_checksums", "listen_addresses", "unix_socket_directories")
        ]
    assert asked == [("UTF8",), ("on",), ("127.0.0.1",), ("",)]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(postgres.url().replace("countinghouse:", "countinghouse:not"))
    assert (postgres.folder / "postgres.password").stat().st_mode & 0o077 == 0


def test_a_cluster_of_another_major_version_is_not_touched(
    postgres: Postgres, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTINGHOUSE_POSTGRES", "system")
    postgres.stop()
    version = postgres.cluster / "PG_VERSION"
    before = version.read_text()
    version.write_text("12\n")
    with pytest.raises(Failure, match="is of PostgreSQL 12"):
        postgres_programs.find(postgres.cluster, data=postgres.data, progress=progress)
    version.write_text(before)


def test_services_stop_with_the_last_who_uses_them(data: Path, progress: Progress) -> None:
    first, second = (Services(data, None, Redis(data, data=data)) for _ in range(2))
    assert first.redis is not None
    with first.running(progress):
        with second.running(progress):
            assert second.urls() == first.urls()
            with pytest.raises(Failure, match="under way"):
                reset(data)
        assert redis.Redis.from_url(first.urls()["REDIS_URL"]).ping()
    assert first.redis.process.running() is None


def test_redis_keeps_its_data_and_wants_its_password(data: Path, progress: Progress) -> None:
    services = Services(data, None, Redis(data, data=data))
    with services.running(progress):
        url = services.urls()["REDIS_URL"]
        redis.Redis.from_url(url).set("task", "queued")
        with pytest.raises(redis.AuthenticationError):
            redis.Redis.from_url(url.replace("//:", "//:not")).ping()
    with services.running(progress):
        assert redis.Redis.from_url(services.urls()["REDIS_URL"]).get("task") == b"queued"


def test_reset_leaves_nothing_but_the_locks(data: Path, progress: Progress) -> None:
    services = Services(data, None, Redis(data, data=data))
    with services.running(progress):
        pass
    application.migrated_marker(data).touch()
    reset(data)
    assert sorted(path.name for path in data.iterdir()) == ["services.lock", "users.lock"]


def test_the_first_password_is_remembered(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter(
        [
            'Loading …\n{"admin_email": "a@example.org", "admin_password": "secret", "next_steps": ["x"]}\n',
            '{"admin_email": "a@example.org", "admin_password": null, "next_steps": []}\n',
        ]
    )
    monkeypatch.setattr(application, "_manage", lambda *arguments: next(said))
    assert application.setup(data, {}).admin_password == "secret"
    assert application.setup(data, {}).admin_password == "secret"
    assert (data / "admin.password").stat().st_mode & 0o077 == 0


def test_a_database_out_of_reach_is_told_in_one_line(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:secret@127.0.0.1:9/books")
    with pytest.raises(Failure, match=r"leads to no database: .*127\.0\.0\.1") as caught:
        application.migrate(data, {})
    assert "\n" not in caught.value.report()
    assert "secret" not in caught.value.report()
