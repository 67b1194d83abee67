"""Lists as files: what they are narrowed to, in their order, harmless to spreadsheets, however long."""

import csv
import io
import tracemalloc
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import User
from apps.console import list_files
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
    return list(openpyxl.load_workbook(io.BytesIO(answer.content)).active.values)


@pytest.mark.parametrize("model_admin", LISTS, ids=lambda each: each.opts.label)
@pytest.mark.django_db
def test_every_list_is_a_file_of_its_columns(model_admin: KeysetAdmin, finance: Client, world: Any) -> None:
    headings = list(model_admin.in_files)
    page = reverse(model_admin.url_name("changelist"))
    rows = table(finance, f"{page}as/csv/")
    assert all(list(row) == headings for row in rows)
    found = sheet(finance, f"{page}as/xlsx/")
    assert found[0] == tuple(headings)
    assert [[cell or "" for cell in row] for row in found[1:]] == [list(row.values()) for row in rows]
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
    book = openpyxl.load_workbook(io.BytesIO(finance.get(f"{OPERATIONS}as/xlsx/").content))
    assert {each.data_type for row in book.active.rows for each in row} <= {"s", "n"}
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


@pytest.mark.django_db
def test_five_thousand_rows_walk_the_index_in_flat_memory(finance: Client, platform: Book) -> None:
    with connection.cursor() as cursor:
        cursor.execute(MANY, {"book": platform.pk})
    with CaptureQueriesContext(connection) as captured:
        answer = finance.get(f"{OPERATIONS}as/csv/")
        tracemalloc.start()
        lines = sum(part.count(b"\r\n") for part in answer.streaming_content)
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert lines == 5_001
    assert most < 12 * 2**20
    walked = [each["sql"] for each in captured if 'FROM "operations_operation"' in each["sql"]]
    assert len(walked) == 5_000 // AT_A_TIME + 1
    assert not any("OFFSET" in each or "COUNT(" in each for each in walked)
    assert len({row["Key"] for row in table(finance, f"{OPERATIONS}as/csv/")}) == 5_000


@pytest.mark.django_db
def test_a_sheet_has_a_bound_and_says_so(
    finance: Client, platform: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_files, "MOST_ROWS", 3)
    for number in range(3):
        run(platform, number)
    assert len(sheet(finance, f"{OPERATIONS}as/xlsx/")) == 4
    run(platform, 3)
    answer = finance.get(f"{OPERATIONS}as/xlsx/")
    assert answer.status_code == 409
    assert "A sheet takes 3 rows, this list has more: narrow it, or take CSV." in answer.content.decode()
    assert len(table(finance, f"{OPERATIONS}as/csv/")) == 4


@pytest.mark.parametrize("model_admin", LISTS, ids=lambda each: each.opts.label)
@pytest.mark.django_db
def test_without_the_permission_there_are_no_files(
    model_admin: KeysetAdmin, console: Client, world: Any
) -> None:
    page = reverse(model_admin.url_name("changelist"))
    assert [console.get(f"{page}as/{ending}/").status_code for ending in ("csv", "xlsx")] == [403, 403]
    assert "as/csv/" not in console.get(page).content.decode()
