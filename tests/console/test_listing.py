"""Lists of any size: the pages in order and whole, the queries few."""

import re
import uuid

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from apps.accounts.models import Tenant, User
from apps.console.pages.tenants import tenant_choices
from apps.console.site import site
from apps.core import clock, ids
from apps.ledger.models import Account, JournalEntry
from apps.operations.models import ApprovalRequest, Book, Event, FeatureFlag
from tests.console.making import move, open_account, run, seal_and_project
from tests.console.plans import queries


def ways(console: Client, address: str) -> dict[str, str]:
    """Where the buttons of a page lead."""
    page = console.get(address).content.decode()
    base = address.partition("?")[0]
    found = re.findall(r'class="button [^"]*" href="([^"]+)"[^>]*>(?:\W )?(\w+)', page)
    return {label: base + way.replace("&amp;", "&") for way, label in found}


def references(console: Client, address: str) -> list[str]:
    """The references on a page of entries."""
    return re.findall(r">(e:\d+)</a>", console.get(address).content.decode())


@pytest.fixture
def entries(platform: Book) -> list[str]:
    """A hundred and twenty-five entries; their references, the newest first."""
    one, other = open_account(platform, "a:1"), open_account(platform, "a:2")
    for number in range(125):
        move(platform, f"e:{number:03d}", one, other, 1)
    seal_and_project()
    return [f"e:{number:03d}" for number in reversed(range(125))]


@pytest.mark.parametrize("filtered", ["", "?book={book}"])
def test_pages_follow_one_another_without_gap_or_repeat(
    console: Client, entries: list[str], platform: Book, filtered: str
) -> None:
    first = "/ops/ledger/journalentry/" + filtered.format(book=platform.pk)
    assert references(console, first) == entries[:50]
    second = ways(console, first)["Next"]
    assert references(console, second) == entries[50:100]
    third = ways(console, second)["Next"]
    assert references(console, third) == entries[100:]
    assert "Next" not in ways(console, third)
    assert references(console, ways(console, third)["Previous"]) == entries[50:100]
    assert references(console, ways(console, third)["First"]) == entries[:50]
    last = ways(console, first)["Last"]
    assert references(console, last) == entries[75:]
    assert references(console, ways(console, last)["Previous"]) == entries[25:75]
    assert "Next" not in ways(console, last)


def test_a_page_stays_where_it_is_while_rows_come(
    console: Client, entries: list[str], platform: Book
) -> None:
    second = ways(console, "/ops/ledger/journalentry/")["Next"]
    one, other = Account.objects.order_by("id")
    for number in range(3):
        move(platform, f"new:{number}", one, other, 1)
    assert references(console, second) == entries[50:100]


def test_statement_pages_follow_one_another(console: Client, entries: list[str]) -> None:
    first = f"/ops/ledger/account/{Account.objects.order_by('id')[0].pk}/"
    second = ways(console, first)["Next"]
    third = ways(console, second)["Next"]
    assert [references(console, each) for each in (first, second, third)] == [
        entries[:50],
        entries[50:100],
        entries[100:],
    ]
    assert references(console, ways(console, third)["Previous"]) == entries[50:100]
    assert references(console, ways(console, first)["Last"]) == entries[75:]


def test_tree_pages_hold_every_account_once(console: Client, platform: Book) -> None:
    segments = [f"s{number:03d}" for number in range(120)]
    for segment in segments:
        open_account(platform, f"tree:{segment}:x")
        open_account(platform, f"tree:{segment}:y")
    # Neighbours that sort between a segment and what is below it.
    for address in ("tree:s050", "tree:s050-b:x", "tree:s050-b"):
        open_account(platform, address)
    found: list[str] = []
    address = f"/ops/ledger/account/?part=1&under=tree&book={platform.pk}"
    while address:
        page = console.get(address).content.decode()
        found += re.findall(r'<tr class="(?:branch|leaf)".*?class="segment[^>]*>([^<]+)<', page, re.DOTALL)
        more = re.search(r'data-more="([^"]+)"', page)
        address = "/ops/ledger/account/" + more[1].replace("&amp;", "&") if more else ""
    assert sorted(found) == sorted([*segments, "s050", "s050-b", "s050-b"])


@pytest.mark.parametrize(
    "cursor",
    ["x", "bm9uZQ", "WyJ4Il0", "WzEsMl0", "e30", "W251bGxd", "WzFlMzBd", "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5XQ"],
)
def test_what_is_no_cursor_asks_for_the_first_page(console: Client, entries: list[str], cursor: str) -> None:
    assert references(console, f"/ops/ledger/journalentry/?after={cursor}") == entries[:50]


def test_only_allowed_filters_filter(console: Client, entries: list[str]) -> None:
    assert references(console, "/ops/ledger/journalentry/?reference=e:001&kind__contains=x") == entries[:50]
    assert references(console, "/ops/ledger/journalentry/?book=nonsense") == []
    assert references(console, "/ops/ledger/journalentry/?operation=nonsense") == []


def test_search_is_by_id_and_by_the_start_of_a_reference(console: Client, entries: list[str]) -> None:
    one = JournalEntry.objects.get(reference="e:042")
    assert references(console, f"/ops/ledger/journalentry/?q={one.pk}") == ["e:042"]
    assert references(console, "/ops/ledger/journalentry/?q=e:04") == [f"e:04{digit}" for digit in range(10)]
    assert references(console, "/ops/ledger/journalentry/?q=04") == []
    assert references(console, "/ops/ledger/journalentry/?q=e:%25") == []


def fill_some(book: Book, start: int, count: int) -> None:
    """Some rows of every list."""
    now = clock.now()
    one = open_account(book, f"f:{start}")
    for number in range(start, start + count):
        other = open_account(book, f"f:{number}:x")
        move(book, f"f:{number}", one, other, 5)
        operation = run(book, number)
        held = open_account(book, f"f:{number}:held", names_holds=True)
        move(book, f"h:{number}", other, held, 1, hold=uuid.uuid4(), use=1)
        Event.objects.create(
            book=book,
            type="x",
            subject="y",
            data={},
            operation=operation,
            recorded_at=now,
            ordinal=10**6 + number,
        )
        FeatureFlag.objects.create(
            name=f"f{number}", scope="everything", enabled=False, reason="", changed_by="", changed_at=now
        )
        ApprovalRequest.objects.create(
            book=book,
            command="x",
            version=1,
            input={},
            facts={},
            preview={},
            approved_hash=b"",
            approvers_needed=1,
            steps=[{"role": "approver", "people": 1}],
            maker_kind="user",
            maker_id="x",
            maker_label="x",
            created_at=now,
        )
        User.objects.create(email=f"u{number}@example.com", created_at=now).roles.set(Group.objects.all()[:3])
        Book.objects.create(slug=f"b{number}", name=f"b{number}", created_at=now)


LISTS = [f"/ops/{model._meta.app_label}/{model._meta.model_name}/" for model in site._registry]


def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(console: Client, platform: Book) -> None:
    pages = [
        "/ops/",
        "/ops/payouts/",
        "/ops/ledger/account/?by=gl",
        "/ops/ledger/account/?q=f",
        "/ops/ledger/account/?under=f",
        *LISTS,
    ]
    fill_some(platform, 0, 3)
    console.get("/ops/")  # keeps the volumes of the chart
    before = {page: counted(console, page) for page in pages}
    fill_some(platform, 100, 60)
    assert {page: counted(console, page) for page in pages} == before
    assert max(before[page] for page in LISTS) <= 10
    assert before["/ops/"] <= 34


def counted(console: Client, page: str) -> int:
    """How many queries a page takes."""
    with queries() as said:
        assert console.get(page).status_code == 200
    return len(said)


def test_nothing_is_counted_and_nothing_skipped(console: Client, platform: Book) -> None:
    fill_some(platform, 0, 60)
    with queries() as said:
        for page in LISTS:
            console.get(page)
            console.get(f"{page}?last=1")
    assert not [query for query in said if "OFFSET" in query]
    assert not [query for query in said if "COUNT(*)" in query and "LIMIT" not in query]


def test_a_tenant_beyond_the_choices_is_shown_as_chosen(console: Client) -> None:
    made = [
        Tenant(
            id=ids.new_id("ten"),
            slug=f"t{number}",
            name=f"Tenant {number}",
            base_currency="EUR",
            status="active",
            created_at=clock.now(),
        )
        for number in range(101)
    ]
    Tenant.objects.bulk_create(made)
    shown = {pk for pk, _name in tenant_choices()}
    [beyond] = [each for each in made if str(each.pk) not in shown]
    page = console.get("/ops/accounts/wallet/", {"tenant": beyond.pk}).content.decode()
    assert f'<option value="{beyond.pk}" selected>{beyond.name}</option>' in page
    for nonsense in ("ten_x", "\0", "x" * 5000):
        assert console.get("/ops/accounts/wallet/", {"tenant": nonsense}).status_code == 200
