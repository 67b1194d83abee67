"""Tenants kept apart by the database: a query that forgets its filter gets nothing of others."""

from typing import Any

import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, transaction
from django.db.models import Model

from apps.accounts.models import Customer, Membership, Tenant, User, Wallet
from apps.ledger.models import Account, Balance, JournalEntry, Line
from apps.operations.isolation import TENANT_ROLE, Circle, bound
from apps.operations.models import Book, Event, Operation
from apps.transfers.models import Transfer
from tests.support.door import done, eur
from tests.support.tenants import World, world

OF_SOMEBODY: list[type[Model]] = [
    Account,
    Balance,
    Book,
    Customer,
    Event,
    JournalEntry,
    Line,
    Operation,
    Tenant,
    Transfer,
    Wallet,
]
OWNER = {Line: "account__book_id", Balance: "book_id", Book: "id", Tenant: "id", Customer: "tenant_id"}

pytestmark = pytest.mark.usefixtures("ledger_db")


@pytest.fixture
def acme(ledger_db: Any) -> World:
    return _with_everything("acme")


@pytest.fixture
def bloom(ledger_db: Any) -> World:
    return _with_everything("bloom")


def _with_everything(slug: str) -> World:
    made = world(slug)
    done("accounts.create_customer", actor=made.key, kind="person", name="Amara")
    wallets = {"from_wallet": made.funded("10.00"), "to_wallet": made.wallet()}
    done("transfers.create_transfer", actor=made.key, **wallets, amount=eur("1.00"))
    return made


def owners(model: type[Model]) -> set[Any]:
    """Whose rows of a model the transaction sees: books or tenants."""
    return set(model._default_manager.values_list(OWNER.get(model, "book_id"), flat=True))


@pytest.mark.parametrize("model", OF_SOMEBODY)
def test_a_query_without_a_filter_sees_the_tenants_own_rows(
    acme: World, bloom: World, model: type[Model]
) -> None:
    everybody = owners(model)
    own = acme.tenant if model in {Tenant, Customer} else acme.book.pk
    assert own in everybody
    assert len(everybody) > 1
    with bound(Circle(acme.book.pk, frozenset())):
        assert owners(model) == {own}
    assert owners(model) == everybody


def test_without_a_binding_there_are_no_rows(acme: World) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {TENANT_ROLE}")
        for model in OF_SOMEBODY:
            assert not model._default_manager.exists(), model


def test_no_row_of_another_tenant_is_changed_or_made(acme: World, bloom: World) -> None:
    with bound(Circle(acme.book.pk, frozenset())):
        assert Wallet.objects.filter(book=bloom.book).update(name="mine") == 0
        assert Wallet.objects.update(name="mine") == 2
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Wallet.objects.filter(book=acme.book).update(book=bloom.book)


@pytest.mark.parametrize(
    "statement", ["SELECT count(*) FROM operations_featureflag", "SELECT password FROM accounts_user"]
)
def test_what_belongs_to_nobody_is_out_of_reach(acme: World, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        _as_tenant(acme, statement)


@pytest.mark.parametrize(
    ("function", "words"),
    [("ledger_close_account", "NOT_ISOLATED"), ("ledger_apply_freezes", "permission denied")],
)
def test_functions_that_act_as_the_owner_look_whose_books_they_are_given(
    acme: World, bloom: World, function: str, words: str
) -> None:
    account = Account.objects.filter(book=bloom.book).values_list("pk", flat=True)[0]
    with pytest.raises(ProgrammingError, match=words):
        _as_tenant(acme, f"SELECT {function}({account})")


def _as_tenant(of: World, statement: str) -> None:
    with bound(Circle(of.book.pk, frozenset())), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_team_is_seen_by_name_and_address_alone(acme: World, bloom: World) -> None:
    for each, email in ((acme, "a@acme.example"), (bloom, "b@bloom.example")):
        user = User.objects.create(email=email, created_at=each.book.created_at)
        Membership.objects.create(
            tenant_id=each.tenant, user=user, role="owner", joined_at=each.book.created_at
        )
    with bound(Circle(acme.book.pk, frozenset())):
        assert list(User.objects.values_list("email", flat=True)) == ["a@acme.example"]


def test_every_table_that_belongs_to_somebody_has_its_policy() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_policies WHERE policyname = 'tenant_rows'")
        protected = {table for (table,) in cursor.fetchall()}
        cursor.execute(
            "SELECT table_name, privilege_type FROM information_schema.role_table_grants WHERE grantee = %s",
            [TENANT_ROLE],
        )
        granted = cursor.fetchall()
    owned = {
        model._meta.db_table
        for model in apps.get_models()
        if {field.column for field in model._meta.concrete_fields} & {"book_id", "tenant_id"}
    }
    assert owned - protected == set()
    assert {table for table, right in granted if right != "SELECT"} - protected == set()
    assert not [table for table, right in granted if right in {"DELETE", "TRUNCATE"}]
