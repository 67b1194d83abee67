"""Lists of any size: each way to look at one walks along an index."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from apps.console import keyset
from apps.console.listing import KeysetAdmin
from apps.console.site import site
from apps.core import clock, ids
from apps.ledger.models import Account, JournalEntry
from apps.ledger.queries import templates
from apps.operations.models import Book, Operation
from tests.console.filling import BIG, fill
from tests.console.making import run
from tests.console.plans import PAGE, nodes, offences, planned, queries


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
        "rule": ids.encode("swr", uuid.UUID(int=7)),
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
        "endpoint": ids.encode("whe", uuid.UUID(int=7)),
        "delivery": ids.encode("whd", uuid.UUID(hex="d" + "0" * 30 + "7")),
        "type": "transfer.completed",
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


@pytest.mark.long
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


@pytest.mark.long
def test_the_outbox_counts_along_indexes(console: Client, many: Book) -> None:
    with queries() as said:
        assert console.get("/ops/outbox/").status_code == 200
    read = [
        (node["Node Type"], node["Relation Name"])
        for statement in said
        if "webhooks_" in statement
        for node in nodes(planned(statement))
        if node.get("Relation Name") in BIG
    ]
    assert {relation for _, relation in read} >= {"webhooks_delivery", "webhooks_attempt"}
    assert [each for each in read if each[0] == "Seq Scan"] == []


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


@pytest.mark.long
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
