"""What every test stands on: real PostgreSQL and Redis, a clean ledger before, balanced books after."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.backends.signals import connection_created
from django.test import TransactionTestCase, override_settings
from hypothesis import HealthCheck, settings
from psycopg import sql

from apps.ledger.chart import file
from apps.rates import worth
from tests.support import books, commands, told
from tests.support.charted import ChartFile
from tests.support.sandbox import Sandbox
from tests.support.sandbox import sandbox as running
from tests.support.tenants import World, world

KEPT_TABLES = {
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "auth_group",
    "auth_group_permissions",
    "ledger_addresspattern",
    "ledger_glaccount",
    "ledger_templateversion",
}

_checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("brief", deadline=None, suppress_health_check=_checks)
settings.register_profile("long", settings.get_profile("brief"), max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "brief"))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Tests connect as the owner, who makes the database; the door takes the application's role by itself."""
    connection_created.disconnect(dispatch_uid="application-role")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Give the tests' database its chart of accounts and its posting templates.

    In the end, end what still has it open, such as the combiner's lane, before it is dropped.
    """
    with django_db_blocker.unblock():
        books.load_reference()
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session", autouse=True)
def _empty_tables_as_superuser() -> Iterator[None]:
    """Append-only tables refuse to be flushed, so tests empty them as no one else may."""
    original = TransactionTestCase._fixture_teardown
    TransactionTestCase._fixture_teardown = lambda self: books.empty_all_tables(KEPT_TABLES)  # type: ignore[method-assign]
    yield
    TransactionTestCase._fixture_teardown = original  # type: ignore[method-assign]


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_found_when_they_are_asked_for() -> Iterator[None]:
    """Not all of them by each client that a test makes."""
    with override_settings(WHITENOISE_AUTOREFRESH=True):
        yield


@pytest.fixture(scope="session", autouse=True)
def _passwords_are_hashed_fast() -> Iterator[None]:
    """How hard a password is to guess is Django's to test."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def _books_balance(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test that touched the database, whatever it did, the books balance and events are as they are declared."""
    database = {"transactional_db", "db"} & set(request.fixturenames)
    for fixture in database:
        request.getfixturevalue(fixture)  # set up before this one, so it is torn down after it
    yield
    if database and request.node.get_closest_marker("tampers") is None:
        books.assert_balanced()
        told.assert_as_declared()


@pytest.fixture(autouse=True)
def _no_rate_is_kept() -> Iterator[None]:
    """A process keeps rates for some seconds; the tables of the next test have others."""
    yield
    worth.forget()


@pytest.fixture
def ledger_db(transactional_db: Any) -> Any:
    """A database whose commits are real, as the command door needs."""
    return connection


@pytest.fixture
def acme(ledger_db: Any) -> World:
    """A tenant with its books."""
    return world()


@pytest.fixture
def chart(ledger_db: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChartFile]:
    """The chart's file, to be changed. In the end the tables are again as every other test knows them."""
    copy = ChartFile(tmp_path / "chart.json")
    monkeypatch.setattr(file, "FILE", copy.path)
    yield copy
    monkeypatch.undo()
    books.empty_all_tables(KEPT_TABLES)
    books.load_reference()


@pytest.fixture
def test_commands() -> Iterator[None]:
    """The registry knows the commands of `tests/support/commands.py`."""
    with commands.registered(*commands.COMMANDS):
        yield


@pytest.fixture(scope="session")
def _sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running(tmp_path_factory.mktemp("sandbox") / "sandbox.db") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_sandbox_process: Sandbox) -> Iterator[Sandbox]:
    """The sandbox provider, as new and quick, with a million euros at its bank; its books add up afterwards."""
    _sandbox_process.reset()
    _sandbox_process.set(delays="0.05")
    _sandbox_process.fund("bank", "EUR", "1000000.00")
    yield _sandbox_process
    _sandbox_process.assert_balanced()


@pytest.fixture
def restored(ledger_db: Any) -> Iterator[str]:
    """The name of an empty database beside that of the tests."""
    name = f"{connection.settings_dict['NAME']}_restored"
    connection.ensure_connection()
    info = connection.connection.info
    with psycopg.connect(info.dsn, password=info.password, dbname="postgres", autocommit=True) as server:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        server.execute(drop)
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        yield name
        server.execute(drop)
