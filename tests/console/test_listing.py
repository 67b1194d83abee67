"""Lists of any size: the pages in order and whole, the queries few, their plans along an index."""

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Tenant, User
from apps.console import keyset
from apps.console.listing import KeysetAdmin
from apps.console.pages.tenants import tenant_choices
from apps.console.site import site
from apps.core import clock, ids
from apps.core.encryption import encrypt
from apps.ledger.models import Account, JournalEntry
from apps.ledger.queries import templates
from apps.operations.models import ApprovalRequest, Book, Event, FeatureFlag, Operation
from tests.console.making import move, open_account, run, seal_and_project

PAGE = 50
MANY = 20_000
BIG = {
    "api_request",
    "accounts_customer",
    "accounts_recipient",
    "accounts_wallet",
    "ledger_account",
    "ledger_balance",
    "ledger_entry",
    "ledger_hold",
    "ledger_line",
    "ledger_seal",
    "operations_event",
    "operations_eventposition",
    "operations_operation",
    "providers_inboundconflict",
    "providers_inboundmessage",
    "transfers_chargeback",
    "transfers_deposit",
    "transfers_rollingreserve",
    "transfers_transfer",
}

# Consistent books past the door: every entry moves one cent between the first two of many accounts.
FILL = """
SET LOCAL session_replication_role = replica;
INSERT INTO ledger_account (book_id, address, currency, gl_code, side, name, names_holds, opened_at)
  SELECT %(book)s, 'customer:' || lpad(i::text, 6, '0') || ':available', 'EUR', '2110', 1, '', false, now()
    FROM generate_series(1, %(many)s) i;
INSERT INTO ledger_balance (account_id, book_id, currency, side, balance, sequence,
                            names_holds, owing, closed, recorded_at)
  SELECT id, book_id, currency, side, coalesce(s.sign, 0) * %(many)s, abs(coalesce(s.sign, 0)) * %(many)s,
         false, false, false, now()
    FROM ledger_account LEFT JOIN
         (VALUES ('customer:000001:available', -1), ('customer:000002:available', 1)) s(address, sign)
         USING (address);
INSERT INTO ledger_entry (id, book_id, reference, request_hash, kind, description, metadata, operation_id,
                          effective_at, effective_on, recorded_at, ordinal)
  SELECT ('e' || lpad(to_hex(i), 31, '0'))::uuid, %(book)s, 'bulk:' || lpad(i::text, 6, '0'), '\\x00', 'test', '', '{}',
         ('d' || lpad(to_hex(i), 31, '0'))::uuid, now(), current_date, now(), i FROM generate_series(1, %(many)s) i;
INSERT INTO ledger_line (account_id, sequence, entry_id, posting, amount, balance_after,
                         effective_at, effective_on, recorded_at)
  SELECT a.id, i, ('e' || lpad(to_hex(i), 31, '0'))::uuid, 1, s.sign, s.sign * i, now(), current_date, now()
    FROM generate_series(1, %(many)s) i,
         (VALUES ('customer:000001:available', -1), ('customer:000002:available', 1)) s(address, sign)
    JOIN ledger_account a ON a.address = s.address;
INSERT INTO ledger_seal (book_id, position, entry_id, ordinal, hash, sealed_at)
  SELECT book_id, ordinal, id, ordinal, '\\x00', now() FROM ledger_entry;
INSERT INTO ledger_hold (id, book_id, account_id, held_account_id, amount, remaining, opened_by_id,
                         opened_at, changed_at)
  SELECT ('c' || lpad(to_hex(i), 31, '0'))::uuid, %(book)s, a.id, a.id, 1, 0, ('e' || lpad(to_hex(i), 31, '0'))::uuid, now(), now()
    FROM generate_series(1, %(many)s) i JOIN ledger_account a ON a.address = 'customer:000003:available';
INSERT INTO operations_operation (id, book_id, command, version, key, generation, holds_key, status, actor_kind,
                                  actor_id, actor_label, origin, input, input_hash, refusal, recorded_at)
  SELECT ('d' || lpad(to_hex(i), 31, '0'))::uuid, %(book)s, 'test.' || i %% 20, 1, 'key:' || i, 0, true,
         CASE WHEN i %% 1000 = 0 THEN 'refused' ELSE 'accepted' END, 'user', 'usr_' || i %% 50, 'someone', 'api',
         '{}', '\\x00', CASE WHEN i %% 1000 = 0 THEN '{"code": "X"}'::jsonb END, now()
    FROM generate_series(1, %(many)s) i;
INSERT INTO operations_event (id, book_id, type, version, subject, data, operation_id, recorded_at, ordinal)
  SELECT ('f' || lpad(to_hex(i), 31, '0'))::uuid, %(book)s, 'test.done', 1, 'subject:' || i, '{}',
         ('d' || lpad(to_hex(i), 31, '0'))::uuid, now(), i
    FROM generate_series(1, %(many)s) i;
INSERT INTO operations_eventposition (book_id, position, event_id, ordinal, sequenced_at)
  SELECT book_id, ordinal, id, ordinal, now() FROM operations_event;
INSERT INTO accounts_customer (id, tenant_id, kind, name, email, external_id, metadata, status, created_at)
  SELECT ('a' || lpad(to_hex(i), 31, '0'))::uuid, lpad(to_hex(i %% 50), 32, '0')::uuid, 'person', '', '', 'key:' || i, '{}', 'active', now()
    FROM generate_series(1, %(many)s) i;
INSERT INTO accounts_recipient (id, tenant_id, customer_id, kind, name, country, currency, details, display, bank_name, bic,
                                external_id, metadata, version, status, created_at, changed_at)
  SELECT ('8' || lpad(to_hex(i), 31, '0'))::uuid, lpad(to_hex(i %% 50), 32, '0')::uuid, lpad(to_hex(i %% 5000), 32, '0')::uuid,
         'card', '', '', 'EUR', '', '', '', '', 'key:' || i, '{}', 1, 'active', now(), now()
    FROM generate_series(1, %(many)s) i;
INSERT INTO accounts_wallet (id, tenant_id, book_id, customer_id, currency, available_account_id, held_account_id, owed_account_id,
                             purpose, category, name, external_id, metadata, status, created_at)
  SELECT ('b' || lpad(to_hex(i), 31, '0'))::uuid, lpad(to_hex(i %% 50), 32, '0')::uuid, %(book)s, lpad(to_hex(i %% 5000), 32, '0')::uuid,
         'EUR', i, i + 1000000, i + 2000000, '', 'banking', '', 'key:' || i, '{}', 'open', now()
    FROM generate_series(1, %(many)s) i;
INSERT INTO transfers_transfer (id, book_id, kind, status, source_wallet_id, destination_wallet_id, amount, currency, fee, reference,
                                description, metadata, provider, provider_reference, failure_code, failure_message, attempts,
                                operation_id, created_at, changed_at, ended_at, fees, terms, received_currency, returned, requeries,
                                refused_by, lease, stuck_from)
  SELECT ('9' || lpad(to_hex(i), 31, '0'))::uuid, %(book)s, 'internal',
         CASE WHEN i %% 1000 = 0 THEN 'manual_review' ELSE 'completed' END,
         lpad(to_hex(i %% 5000), 32, '0')::uuid, lpad(to_hex(i %% 4999), 32, '0')::uuid, 1, 'EUR', 0, 'key:' || i, '', '{}',
         CASE WHEN i %% 2 = 0 THEN 'sandbox-bank' ELSE '' END, '',
         '', '', 0, ('d' || lpad(to_hex(i), 31, '0'))::uuid, now(), now(), CASE WHEN i %% 1000 = 0 THEN NULL ELSE now() END,
         '[]', '{}', '', 0, 0, '[]', 0, CASE WHEN i %% 500 = 0 THEN now() - i * interval '1 second' END
    FROM generate_series(1, %(many)s) i;
INSERT INTO providers_provider (id, name, title, adapter, base_url, secret, webhook_secret, options, enabled, locked_because, priority,
                                kinds, currencies, countries, limits, cost, low_balance, time_zone, business_days, expected_seconds,
                                created_at, changed_at)
  SELECT lpad(to_hex(i), 32, '0')::uuid, 'provider-' || i, '', 'sandbox', '', %(secret)s, %(secret)s, '{}', true, '',
         100, '{}', '{}', '{}', '{}', '{}', '{}', 'UTC', false, 60, now(), now()
    FROM generate_series(0, 9) i;
INSERT INTO providers_inboundmessage (id, provider_id, reference, body, headers, remote_address, verified, sha256, copies, status, why,
                                      subject, tries, lease, received_at, seen_at)
  SELECT ('7' || lpad(to_hex(i), 31, '0'))::uuid, lpad(to_hex(i %% 10), 32, '0')::uuid, i::text, '', '{}', '', true, '', 1,
         CASE WHEN i %% 1000 = 0 THEN 'quarantined' ELSE 'processed' END, 'x', 'key:' || i, 1, 1, now(), now()
    FROM generate_series(1, %(many)s) i;
INSERT INTO providers_inboundconflict (id, message_id, body, headers, remote_address, sha256, copies, status, why, received_at, seen_at)
  SELECT ('6' || lpad(to_hex(i), 31, '0'))::uuid, ('7' || lpad(to_hex(i), 31, '0'))::uuid, '', '{}', '', '', 1,
         CASE WHEN i %% 1000 = 0 THEN 'open' ELSE 'acknowledged' END, '', now(), now()
    FROM generate_series(1, %(many)s) i;
INSERT INTO transfers_deposit (id, provider_id, reference, message_id, amount, currency, virtual_account, remittance, remitter, status,
                               wallet_id, entry_id, matched_by, why, received_at, verified_at, charged_back, returned_by,
                               return_reference)
  SELECT ('5' || lpad(to_hex(i), 31, '0'))::uuid, lpad(to_hex(i %% 10), 32, '0')::uuid, i::text, ('7' || lpad(to_hex(i), 31, '0'))::uuid,
         1, 'EUR', '', '', '', CASE WHEN i %% 1000 = 0 THEN 'open' ELSE 'returning' END, lpad(to_hex(i %% 5000), 32, '0')::uuid,
         lpad(to_hex(i), 32, '0')::uuid, '', '', now(), now(), 0, '', ''
    FROM generate_series(1, %(many)s) i;
INSERT INTO transfers_chargeback (id, provider_id, reference, message_id, deposit_reference, amount, currency, reason, status, note,
                                  received_at, closed_at)
  SELECT ('4' || lpad(to_hex(i), 31, '0'))::uuid, lpad(to_hex(i %% 10), 32, '0')::uuid, i::text, ('7' || lpad(to_hex(i), 31, '0'))::uuid,
         i::text, 1, 'EUR', '', CASE WHEN i %% 1000 = 0 THEN 'open' ELSE 'closed' END, 'x', now(),
         CASE WHEN i %% 1000 = 0 THEN NULL ELSE now() END
    FROM generate_series(1, %(many)s) i;
INSERT INTO transfers_rollingreserve (id, book_id, wallet_id, amount, currency, status, reason, held_at, release_at, released_at)
  SELECT ('3' || lpad(to_hex(i), 31, '0'))::uuid, %(book)s, lpad(to_hex(i %% 5000), 32, '0')::uuid, 1, 'EUR',
         CASE WHEN i %% 1000 = 0 THEN 'held' ELSE 'released' END, '', now(), now(), CASE WHEN i %% 1000 = 0 THEN NULL ELSE now() END
    FROM generate_series(1, %(many)s) i;
INSERT INTO api_request (id, tenant_id, key_id, request_id, method, path, status, code, milliseconds, operation_id, retry_of,
                         address, asked_at)
  SELECT ('2' || lpad(to_hex(i), 31, '0'))::uuid, lpad(to_hex(i %% 50), 32, '0')::uuid, lpad(to_hex(i %% 50), 32, '0')::uuid,
         'req_' || i, 'POST', '/v1/transfers', CASE i %% 1000 WHEN 0 THEN 500 WHEN 1 THEN 422 ELSE 201 END, '', 5,
         CASE WHEN i %% 2 = 0 THEN 'op_' || lpad(i::text, 26, '0') ELSE '' END, '', '127.0.0.1', now()
    FROM generate_series(1, %(many)s) i;
RESET session_replication_role;
ANALYZE;
"""


def fill(cursor: CursorWrapper, book: Book) -> None:
    """Put ``MANY`` rows into every large table that a page of the console lists."""
    cursor.execute(FILL, {"book": book.pk, "many": MANY, "secret": encrypt("")})


@contextmanager
def queries() -> Iterator[list[str]]:
    """The statements that run inside."""
    said: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield said
    said.extend(query["sql"] for query in captured.captured_queries)


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


@pytest.fixture
def many(platform: Book) -> Book:
    """Twenty thousand rows in every large table."""
    with connection.cursor() as cursor:
        fill(cursor, platform)
    return platform


def variants(model_admin: KeysetAdmin, book: Book) -> Iterator[dict[str, str]]:
    """Every way to look at a list: plain, by each filter, by search."""
    values = {
        "book": str(book.pk),
        "gl": "2110",
        "operation": ids.encode("op", uuid.UUID(hex="0" * 32)),
        "account": str(Account.objects.get(address="customer:000003:available").pk),
        "actor": "usr_7",
        "command": "test.7",
        "role": "1",
        "by": "usr_7",
        "schedule": ids.encode("sch", uuid.UUID(hex="0" * 32)),
        "tenant": ids.encode("ten", uuid.UUID(int=7)),
        "customer": ids.encode("cus", uuid.UUID(int=7)),
        "from": ids.encode("wal", uuid.UUID(int=7)),
        "to": ids.encode("wal", uuid.UUID(int=7)),
        "provider": "sandbox-bank"
        if model_admin.model.__name__ == "Transfer"
        else ids.encode("pvd", uuid.UUID(int=7)),
        "wallet": ids.encode("wal", uuid.UUID(int=7)),
        "key": ids.encode("key", uuid.UUID(int=7)),
    }
    yield {}
    if model_admin.model is Account:
        yield {"gl": "2100"}
    for each in model_admin.filters:
        choices = [key for key, _ in each.choices()] if each.choices and each.name not in values else []
        yield from ({each.name: str(value)} for value in choices or [values[each.name]])
    if model_admin.search:
        starts = {"Account": "customer:0001", "JournalEntry": "bulk:0001"}
        yield {"q": starts.get(model_admin.model.__name__, "key:7")}


def test_every_list_walks_along_an_index(many: Book) -> None:
    plans = {}
    for model_admin in site._registry.values():
        assert isinstance(model_admin, KeysetAdmin)
        for wanted in variants(model_admin, many):
            rows, order = model_admin.narrowed(wanted, wanted.get("q", ""))
            page = keyset.page(rows, order, {}, PAGE)
            for name, way in (("first", {}), ("last", {"last": "1"}), ("next", page.next)):
                if way is not None:
                    label = f"{model_admin.opts.label} {wanted} {name}"
                    plans[label] = offences(rows, order, way)
    assert {label: found for label, found in plans.items() if found} == {}
    assert len(plans) > 60
    assert offences(Operation.objects.all(), ("-origin",), {}) == ["Seq Scan operations_operation"]
    assert offences(Operation.objects.filter(origin="cli"), ("-id",), {})


def test_entries_of_a_template_are_looked_for_along_the_ordinals(
    many: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(templates, "STEP", 1000)
    with queries() as said:
        made = templates.entries_made([1, 2, 3], before=15_001)
    assert (made.entries, made.lowest, made.highest, made.before) == ([], 14_001, 15_000, 14_001)
    read = [
        node for statement in said for node in nodes(planned(statement)) if "ledger_entry" in node.values()
    ]
    assert {node["Node Type"] for node in read} <= {"Index Scan", "Index Only Scan"}
    assert max(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in read) == 1000


def planned(statement: str) -> dict[str, Any]:
    """How the planner runs a statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        answer = cursor.fetchone()[0]
    plan: dict[str, Any] = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
    return plan


def offences(rows: Any, order: keyset.Keyset, way: Mapping[str, str]) -> list[str]:
    """The nodes of the plan that read a large table whole, or sort more than a page."""
    with queries() as said:
        keyset.page(rows, order, way, PAGE)
    return [
        f"{node['Node Type']} {node.get('Relation Name', '')}".strip()
        for node in nodes(planned(said[-1]))
        if (node["Node Type"] == "Seq Scan" and node["Relation Name"] in BIG)
        or (node["Node Type"].endswith("Sort") and node["Actual Rows"] > PAGE + 1)
        or node.get("Rows Removed by Filter", 0) > PAGE
    ]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan and all below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


@pytest.mark.long
def test_a_statement_and_the_tree_at_size(console: Client, many: Book) -> None:
    began = clock.now()
    hot = Account.objects.get(address="customer:000002:available")
    for page in (
        f"/ops/ledger/account/{hot.pk}/?after=10000",
        "/ops/ledger/account/?under=customer&from=customer:010000;",
        "/ops/operations/operation/?last=1",
        f"/ops/ledger/journalentry/{JournalEntry.objects.get(ordinal=7).pk}/",
    ):
        assert console.get(page).status_code == 200
    assert clock.now() - began < timedelta(seconds=8)


def test_operations_are_found_by_person_and_a_machine_leads_nowhere(console: Client, many: Book) -> None:
    model_admin = site._registry[Operation]
    assert isinstance(model_admin, KeysetAdmin)
    for actor in ("usr_nobody", "key_rare", "system:worker"):
        rows, order = model_admin.narrowed({"actor": actor}, "")
        with queries() as said:
            assert keyset.page(rows, order, {}, PAGE).rows == []
        assert not [statement for statement in said if "Scan Backward" in str(planned(statement))]
        assert offences(rows, order, {}) == [] if actor.startswith("usr_") else said == []
    run(many, 1, actor_kind="api_key", actor_id="key_rare", actor_label="a program")
    assert "?actor=usr_" in console.get("/ops/operations/operation/").content.decode()
    page = console.get("/ops/operations/operation/?q=key-1").content.decode()
    assert "a program" in page
    assert "?actor=key_" not in page


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
