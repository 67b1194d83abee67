"""Lists as files: what they are narrowed to, in their order, harmless to spreadsheets, however long."""

import csv
import io
import tracemalloc
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import User
from apps.console.listing import AT_A_TIME, KeysetAdmin
from apps.console.site import site
from apps.operations.models import Book, Operation
from tests.console.making import run
from tests.support.tenants import world as tenant_world

LISTS = [each for each in site._registry.values() if isinstance(each, KeysetAdmin)]
OPERATIONS = "/ops/operations/operation/"
MANY = """
INSERT INTO operations_operation (id, book_id, command, version, key, generation, holds_key, status, actor_kind,
                                  actor_id, actor_label, origin, input, input_hash, recorded_at)
  SELECT ('d' || lpad(to_hex(i), 31, '0'))::uuid, %(book)s, 'test.done', 1, 'key:' || i, 0, true, 'accepted', 'user',
         'usr_1', 'someone', 'api', '{}', '\\x00', now()
    FROM generate_series(1, 5000) i
"""


@pytest.fixture
def finance(make_user: Callable[..., User]) -> Client:
    """A browser of somebody who may export."""
    client = Client()
    client.force_login(make_user("finance", email="mira@example.com"))
    return client


def table(client: Client, address: str) -> list[dict[str, str]]:
    """The rows of a CSV."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.content
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def sheet(client: Client, address: str) -> list[tuple[Any, ...]]:
    """The rows of a sheet, headings first."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.content
    return list(openpyxl.load_workbook(io.BytesIO(answer.getvalue())).active.values)


def says(cell: Any, text: str) -> bool:
    """Whether a cell of a sheet says what a CSV does."""
    if isinstance(cell, datetime):
        return text in {f"{cell:%Y-%m-%dT%H:%M:%SZ}", f"{cell:%Y-%m-%d}"}
    if isinstance(cell, int | float):
        return Decimal(str(cell)) == Decimal(text)
    return (cell or "") == text


@pytest.mark.parametrize("model_admin", LISTS, ids=lambda each: each.opts.label)
@pytest.mark.django_db
def test_every_list_is_a_file_of_its_columns(model_admin: KeysetAdmin, finance: Client, world: Any) -> None:
    headings = list(model_admin.in_files)
    page = reverse(model_admin.url_name("changelist"))
    rows = table(finance, f"{page}as/csv/")
    assert all(list(row) == headings for row in rows)
    found = sheet(finance, f"{page}as/xlsx/")
    assert found[0] == tuple(headings)
    assert len(found) == len(rows) + 1
    for cells, row in zip(found[1:], rows, strict=True):
        assert [pair for pair in zip(cells, row.values(), strict=True) if not says(*pair)] == []
    if model_admin.rows().exists():
        assert rows, "the list has rows"
        assert any(any(row.values()) for row in rows)


@pytest.mark.django_db
def test_a_file_has_what_the_list_is_narrowed_to_in_its_order(
    finance: Client, world: Any, platform: Book
) -> None:
    for number in range(10, 15):
        run(platform, number, command="test.one" if number % 2 else "test.two")
    wanted = list(Operation.objects.filter(command="test.two").order_by("-id").values_list("key", flat=True))
    assert [row["Key"] for row in table(finance, f"{OPERATIONS}as/csv/?command=test.two")] == wanted
    assert [row["Key"] for row in table(finance, f"{OPERATIONS}as/csv/?q=key-11")] == ["key-11"]
    assert table(finance, f"{OPERATIONS}as/csv/?q=nothing") == []


@pytest.mark.django_db
def test_the_list_leads_to_its_files_as_it_is_narrowed(finance: Client, world: Any) -> None:
    page = finance.get(f"{OPERATIONS}?status=refused&last=1").content.decode()
    assert f'href="{OPERATIONS}as/csv/?status=refused" download' in page
    tree = finance.get("/ops/ledger/account/?under=customer").content.decode()
    assert "/ops/ledger/account/as/xlsx/?under=customer&amp;book=" in tree


@pytest.mark.django_db
def test_accounts_as_of_another_day(finance: Client, world: Any, platform: Book) -> None:
    address = "/ops/ledger/account/as/csv/?q=bank:ing"
    assert [row["Balance"] for row in table(finance, address)] != ["0.00"]
    assert [row["Balance"] for row in table(finance, f"{address}&on=2000-01-01")] == ["0.00"]


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("http://x")']
)
@pytest.mark.django_db
def test_words_are_no_formulas(finance: Client, platform: Book, name: str) -> None:
    run(platform, 7, actor_label=name)
    [row] = table(finance, f"{OPERATIONS}as/csv/")
    assert row["Actor"] == f"'{name}"
    [headings, cells] = sheet(finance, f"{OPERATIONS}as/xlsx/")
    cell = dict(zip(headings, cells, strict=True))["Actor"]
    assert cell.startswith("'")
    book = openpyxl.load_workbook(io.BytesIO(finance.get(f"{OPERATIONS}as/xlsx/").getvalue()))
    assert {each.data_type for row in book.active.rows for each in row} <= {"s", "n", "d"}
    assert all(each.value is None for row in book.active.rows for each in row if each.data_type == "n")


def test_money_is_written_in_digits_and_negative_amounts_stay_numbers(
    ledger_db: Any, finance: Client
) -> None:
    acme = tenant_world()
    wallet = acme.funded("1250.00")
    [row] = [each for each in table(finance, "/ops/accounts/wallet/as/csv/") if each["Id"] == wallet]
    assert (row["Available"], row["Total"], row["Currency"], row["Tenant"]) == (
        *("1250.00", "1250.00"),
        *("EUR", "acme"),
    )
    headings, *rows = sheet(finance, "/ops/accounts/wallet/as/xlsx/")
    [cells] = [
        each for each in (dict(zip(headings, row, strict=True)) for row in rows) if each["Id"] == wallet
    ]
    assert (cells["Available"], cells["Total"]) == (1250, 1250)
    assert isinstance(cells["Since"], datetime)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.django_db
def test_five_thousand_rows_walk_the_index_in_flat_memory(
    finance: Client, platform: Book, ending: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(MANY, {"book": platform.pk})
    with CaptureQueriesContext(connection) as captured:
        answer = finance.get(f"{OPERATIONS}as/{ending}/")
        tracemalloc.start()
        parts = sum(1 for _part in answer.streaming_content)
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert parts > 3
    assert most < 12 * 2**20
    walked = [each["sql"] for each in captured if 'FROM "operations_operation"' in each["sql"]]
    assert len(walked) == 5_000 // AT_A_TIME + 1
    assert not any("OFFSET" in each or "COUNT(" in each for each in walked)
    assert len({row["Key"] for row in table(finance, f"{OPERATIONS}as/csv/")}) == 5_000
    assert len(sheet(finance, f"{OPERATIONS}as/xlsx/")) == 5_001


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.django_db
def test_a_database_that_fails_at_once_is_no_file(finance: Client, platform: Book, ending: str) -> None:
    def fail(execute: Any, sql: str, *given: Any) -> Any:
        if 'FROM "operations_operation"' in sql:
            raise OperationalError("The server is gone.")
        return execute(sql, *given)

    run(platform, 1)
    with connection.execute_wrapper(fail), pytest.raises(OperationalError):
        finance.get(f"{OPERATIONS}as/{ending}/")


@pytest.mark.parametrize("model_admin", LISTS, ids=lambda each: each.opts.label)
@pytest.mark.django_db
def test_without_the_permission_there_are_no_files(
    model_admin: KeysetAdmin, console: Client, world: Any
) -> None:
    page = reverse(model_admin.url_name("changelist"))
    assert [console.get(f"{page}as/{ending}/").status_code for ending in ("csv", "xlsx")] == [403, 403]
    assert "as/csv/" not in console.get(page).content.decode()
