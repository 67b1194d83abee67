"""Migrations go back and forth, and what they leave is the same."""

import json
import uuid
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from tests.support.door import rows
from tests.support.processes import ran, url_of

pytestmark = pytest.mark.usefixtures("ledger_db")

BEGINNING = """
import json
from django.core.management import call_command
from django.db import connection
from tests.support.books import load_reference

def catalogue():
    queries = {
        "columns": '''SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
                       WHERE table_schema = 'public' ''',
        "constraints": '''SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
                           WHERE connamespace = 'public'::regnamespace''',
        "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "functions": "SELECT proname, md5(prosrc), proacl::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
        "triggers": '''SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal''',
        "rights": "SELECT relname, (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(relacl) a), reloptions::text FROM pg_class"
                  " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')",
    }
    with connection.cursor() as cursor:
        found = {}
        for name, query in queries.items():
            cursor.execute(query)
            found[name] = sorted(map(repr, cursor.fetchall()))
        return found

def differences(first, second):
    return {name: sorted(set(first[name]) ^ set(second[name])) for name in first}

call_command("migrate", verbosity=0)
first = catalogue()
"""

THE_LEDGER = """
call_command("migrate", "ledger", "zero", verbosity=0)
left = [table for table in connection.introspection.table_names() if table.startswith("ledger_")]
with connection.cursor() as cursor:
    cursor.execute("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'ledger%'")
    left += cursor.fetchall()
call_command("migrate", verbosity=0)
print(json.dumps({"left": left, "differences": differences(first, catalogue())}))
"""

ALL = """
call_command("migrate", "ledger", "zero", verbosity=0)
call_command("migrate", "admin", "zero", verbosity=0) if "admin" in __import__("django").apps.apps.app_configs else None
for app in ("accounts", "rates", "operations"):
    call_command("migrate", app, "zero", verbosity=0)
ours = ("ledger_", "rates_", "operations_", "accounts_")
left = sorted(table for table in connection.introspection.table_names() if table.startswith(ours))
call_command("migrate", verbosity=0)
third = catalogue()
load_reference()
entry = moved(opened("mint", floor=None), opened("amara"), "5.00")
print(json.dumps({"left": left, "differences": differences(first, third), "entry": entry}))
"""


@pytest.fixture
def scratch() -> Iterator[str]:
    """A database of its own."""
    name = f"scratch_{uuid.uuid4().hex[:8]}"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
        try:
            yield url_of(name)
        finally:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.long
@pytest.mark.parametrize("script", [THE_LEDGER, ALL], ids=["the ledger", "all"])
def test_they_can_be_unapplied_and_applied_again(scratch: str, script: str) -> None:
    found: dict[str, Any] = json.loads(ran(BEGINNING + script, url=scratch, role="").splitlines()[-1])
    assert found["left"] == []
    assert found["differences"] == {name: [] for name in found["differences"]}
    assert len(found["differences"]) == 6
    assert found.get("entry", "je_").startswith("je_")


def test_none_is_missing() -> None:
    out = StringIO()
    call_command("makemigrations", "--check", "--dry-run", stdout=out)
    assert out.getvalue().strip() == "No changes detected"


def test_every_function_that_the_application_writes_by_runs_as_its_owner_on_a_path_of_its_own() -> None:
    found = rows(
        "SELECT proname, prosecdef, proconfig::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'plpgsql') AND prosecdef"
    )
    assert {"ledger_post", "ledger_apply_freezes", "ledger_close_account"} <= {name for name, *_ in found}
    assert [name for name, _, config in found if "search_path=public, pg_temp" not in (config or "")] == []
