"""The command palette: whatever an operator has in hand leads to its page, along an index."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps.registry import apps
from django.db import connection
from django.test import Client

from apps.accounts.models import ApiKey, Customer, Invitation, Provisioning, User
from apps.console import jump
from apps.console.listing import KeysetAdmin
from apps.console.site import site
from apps.core import clock
from apps.core.fields import PrefixedIdField
from apps.core.ids import new_id
from apps.ledger.models import JournalEntry
from apps.operations.models import Book, Event
from apps.providers.models import Attempt
from apps.transfers.mailing import MilestoneMail
from apps.transfers.models import Transfer
from tests.console.filling import fill
from tests.console.plans import nodes, planned, queries
from tests.support.door import done, eur
from tests.support.tenants import World
from tests.support.tenants import world as tenant_world


@pytest.fixture
def acme(ledger_db: Any) -> World:
    return tenant_world("acme", name="Acme Payments")


def leads(client: Client, text: str) -> str:
    """What the palette answers."""
    answer = client.get("/ops/search/", {"s": text})
    assert answer.status_code == 200
    return str(answer.content.decode())


def page(kind: str, pk: object) -> str:
    """The address of a page."""
    return f'href="/ops/{kind}/{pk}/"'


def test_names_lead_by_their_beginning_whatever_their_case(acme: World, console: Client) -> None:
    customer = done("accounts.create_customer", tenant=acme.tenant, kind="person", name="Ünal Öztürk")[
        "customer"
    ]
    wallet = acme.wallet(name="Holiday savings")
    iban = {"iban": "DE89370400440532013000"}
    bank = {"kind": "bank_account", "name": "Hansa Bau", "currency": "EUR", "details": iban}
    paid = done("accounts.create_recipient", tenant=acme.tenant, external_id="r-77", **bank)["recipient"]
    User.objects.create(email="z@example.com", name="Zora Petrova", created_at=clock.now())
    assert page("accounts/tenant", acme.tenant) in leads(console, "acme pay")
    assert page("accounts/customer", customer) in leads(console, "ÜNAL")
    assert page("accounts/wallet", wallet) in leads(console, "holiday s")
    for text in ("hansa b", "r-77", paid):
        assert page("accounts/recipient", paid) in leads(console, text)
    assert page("accounts/user", User.objects.get(name="Zora Petrova").pk) in leads(console, "zora")
    assert page("accounts/wallet", wallet) not in leads(console, "savings")
    assert "Nothing." in leads(console, "hol%s")


def test_references_lead_there(acme: World, console: Client) -> None:
    wallet = acme.funded("10.00")
    other = acme.wallet(external_id="w-77")
    given = {"from_wallet": wallet, "to_wallet": other, "amount": eur("1.00"), "reference": "rent-11"}
    transfer = done("transfers.create_transfer", key="my-own-key", **given)["transfer"]
    paid = done(
        "transfers.post_pay_in",
        **{"wallet": wallet, "amount": eur("2.00"), "from_account": "bank:ing"},
        provider_reference="ING-2026-0001",
    )["transfer"]
    assert page("transfers/transfer", transfer) in leads(console, "rent-11")
    assert page("transfers/transfer", paid) in leads(console, "ING-2026-0001")
    assert page("accounts/wallet", other) in leads(console, "w-77")
    assert page("operations/operation", Transfer.objects.get(pk=transfer).operation_id) in leads(
        console, "my-own-key"
    )
    entry = JournalEntry.objects.order_by("-ordinal")[0]
    assert page("ledger/journalentry", entry.pk) in leads(console, entry.reference)
    assert page("operations/book", acme.book.pk) in leads(console, "acme")


def test_ids_of_what_has_no_page_lead_to_what_shows_it(acme: World, console: Client) -> None:
    wallet = acme.wallet()
    note = done("operations.add_note", subject=wallet, text="x")["note"]
    given = {"book": "acme", "account": f"wallet:{wallet}:available", "currency": "EUR"}
    freeze = done("ledger.freeze_account", **given, direction="both", reason="court order")["freeze"]
    done("accounts.invite_member", tenant=acme.tenant, email="o@acme.example", role="owner")
    assert page("accounts/wallet", wallet) in leads(console, note)
    assert "/ops/ledger/account/" in leads(console, freeze)
    assert page("accounts/tenant", acme.tenant) in leads(console, str(Invitation.objects.get().pk))
    provisioning = Provisioning.objects.get(tenant_id=acme.tenant)
    assert page("accounts/tenant", acme.tenant) in leads(console, str(provisioning.pk))


def test_every_kind_of_id_leads_somewhere() -> None:
    listed = {
        each.opts.pk.prefix for each in site._registry.values() if isinstance(each.opts.pk, PrefixedIdField)
    }
    assert listed & set(jump.PAGES) == set()
    assert listed | set(jump.PAGES) == set(jump.subjects.kinds())


def test_ids_of_what_machines_keep_lead_to_whom_they_were_for(acme: World, console: Client) -> None:
    now = clock.now()
    made = done("accounts.create_api_key", tenant=acme.tenant, name="Shop", scopes=["wallets:read"])
    key = ApiKey.objects.get(pk=made["api_key"])
    bulk = apps.get_model("api", "BulkJob").objects.create(
        tenant_id=acme.tenant, api_key=key, items=1, created_at=now
    )
    event = Event.objects.order_by("id")[0]
    mail = MilestoneMail.objects.create(
        event=event, user=User.objects.get(), milestone="failed", created_at=now
    )
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        call = Attempt.objects.create(
            book=acme.book,
            provider_id=new_id("pvd"),
            subject=acme.wallet(),
            action="submit",
            reference="x",
            sent={},
            started_at=now,
        )
        cursor.execute("RESET session_replication_role")
    assert page("accounts/apikey", key.pk) in leads(console, str(bulk.pk))
    assert page("operations/event", event.pk) in leads(console, str(mail.pk))
    assert page("accounts/wallet", call.subject) in leads(console, str(call.pk))
    assert page("accounts/apikey", key.pk) in leads(console, "shop")


def test_what_has_a_number_or_a_name_is_led_to(acme: World, console: Client) -> None:
    book = f"operations.book:{acme.book.pk}"
    for subject, shown in {
        book: page("operations/book", acme.book.pk),
        "ledger.template:pay_in": page("ledger/templateversion", "pay_in"),
    }.items():
        note = done("operations.add_note", subject=subject, text="x")["note"]
        assert shown in leads(console, subject)
        assert shown in leads(console, note)
        assert f"note {note}" in leads(console, note)


def test_a_group_leads_to_its_entries(acme: World, console: Client) -> None:
    beta = tenant_world("beta")
    given = {"from_wallet": acme.funded("10.00"), "to_wallet": beta.wallet(), "amount": eur("1.00")}
    done("transfers.create_transfer", **given)
    one, other = JournalEntry.objects.filter(group_id__isnull=False)
    found = leads(console, str(one.group_id))
    assert page("ledger/journalentry", one.pk) in found
    assert page("ledger/journalentry", other.pk) in found


@pytest.mark.parametrize(
    "text",
    [
        "\x00",
        "not_",
        "not_nonsense",
        "jeg_x",
        "%%%",
        "'; drop",
        "x" * 5_000,
        "wal_\x00",
        "not_01jd0000000000000000000000",
        "operations.book:",
        "operations.book:" + "9" * 5_000,
        "ledger.template:no_such",
        "ledger.template:pay in",
    ],
)
def test_what_is_nothing_finds_nothing(acme: World, console: Client, text: str) -> None:
    assert "Nothing." in leads(console, text)


def test_nobody_finds_what_they_may_not_see(
    acme: World, make_user: Callable[..., User], viewers_see_nothing: None
) -> None:
    client = Client()
    client.force_login(make_user("viewer"))
    note = done("operations.add_note", subject=acme.tenant, text="x")["note"]
    template = "ledger.template:pay_in"
    assert all("Nothing." in leads(client, text) for text in ("acme", acme.tenant, note, template))


@pytest.mark.django_db
def test_names_are_looked_for_along_indexes(platform: Book) -> None:
    with connection.cursor() as cursor:
        fill(cursor, platform)
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in ("customer", "recipient", "wallet"):
            cursor.execute(f"UPDATE accounts_{table} SET name = 'name ' || external_id")
        cursor.execute("UPDATE transfers_transfer SET provider_reference = reference")
        cursor.execute("RESET session_replication_role")
        cursor.execute("ANALYZE")
    large = {Customer: "name key:123", Transfer: "key:123"}
    for model_admin in site._registry.values():
        assert isinstance(model_admin, KeysetAdmin)
        for lookup in model_admin.also_found_by:
            text = large.get(model_admin.model, "name key:123")
            with queries() as said:
                list(jump.by(model_admin, lookup, text).order_by()[: jump.FEW])
            scanned = [
                node.get("Relation Name")
                for statement in said
                for node in nodes(planned(statement))
                if node["Node Type"] == "Seq Scan"
            ]
            assert not {
                "accounts_customer",
                "accounts_recipient",
                "accounts_wallet",
                "transfers_transfer",
                "ledger_entry",
            } & {*scanned}
