"""Business rows written as JSON arrive as Django itself would have written them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, models
from django.db.models import Model
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts.models import ApiKey, Customer, Tenant, Wallet
from apps.core import clock, ids
from apps.core.money import LIMIT
from apps.ledger.services.placing import new_account
from apps.operations import rows
from apps.operations.executor import execute_many
from apps.operations.models import Book
from apps.transfers.models import Kind, Transfer
from tests.support.door import request, tenant
from tests.support.statements import statements

pytestmark = pytest.mark.usefixtures("ledger_db")

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40)
INSTANTS = st.integers(-(10**15), 10**15).map(
    lambda microseconds: EPOCH + timedelta(microseconds=microseconds)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-LIMIT, LIMIT) | TEXTS,
    lambda some: st.lists(some, max_size=3) | st.dictionaries(TEXTS, some, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def book(ledger_db: Any) -> Book:
    return Book.objects.get(tenant_id=tenant("acme"))


def insert(some: list[Model]) -> None:
    with connection.cursor() as cursor:
        for part in rows.parts(some):
            cursor.execute(part.statement, part.documents)


def kept(row: Model) -> dict[str, Any]:
    """A row as the database has it."""
    found = type(row)._base_manager.get(pk=row.pk)
    return {field.attname: getattr(found, field.attname) for field in found._meta.concrete_fields}


@given(
    reference=TEXTS,
    metadata=st.dictionaries(TEXTS, JSON),
    amount=st.integers(1, LIMIT - 1),
    at=INSTANTS,
    waits=st.none() | INSTANTS,
)
def test_values_of_all_kinds_arrive(
    book: Book, reference: str, metadata: Any, amount: int, at: datetime, waits: datetime | None
) -> None:
    row = Transfer(
        id=ids.new_id("trf"),
        book=book,
        kind=Kind.PAY_IN,
        amount=amount,
        currency="EUR",
        reference=reference,
        metadata=metadata,
        next_attempt_at=waits,
        operation_id=ids.new_id("op"),
        created_at=at,
        changed_at=at,
    )
    insert([row])
    assert not row._state.adding
    assert kept(row) == {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


EQUAL_IN_PYTHON: list[list[Any]] = [
    [{}],
    [{"x": 0}, {"x": False}],
    [{"x": [1]}, {"x": [True]}],
    [{"x": None}, {}],
]
"""Documents of which those in a list are, but for the last, equal to Python and not the same."""


@given(
    references=st.lists(st.sampled_from(["", "a", "b"]), min_size=rows.FEW, max_size=12),
    metadata=st.sampled_from(EQUAL_IN_PYTHON).flatmap(
        lambda some: st.lists(st.sampled_from(some), min_size=12, max_size=12)
    ),
    waits=st.lists(st.none() | st.just(EPOCH), min_size=12, max_size=12),
    data=st.data(),
)
def test_what_rows_share_is_written_once_and_arrives_in_each(
    book: Book, references: list[str], metadata: list[Any], waits: list[datetime | None], data: st.DataObject
) -> None:
    at = data.draw(INSTANTS)
    made = [
        Transfer(
            id=ids.new_id("trf"),
            book=book,
            kind=data.draw(st.sampled_from([Kind.PAY_IN, Kind.INTERNAL])),
            amount=7,
            currency="EUR",
            reference=reference,
            metadata=metadata[place],
            next_attempt_at=waits[place],
            operation_id=ids.new_id("op"),
            created_at=at,
            changed_at=at,
        )
        for place, reference in enumerate(references)
    ]
    [part] = rows.parts(made)
    assert part.documents[0].count('"currency"') == 1
    insert(made)
    for row in made:
        found = kept(row)
        assert found == {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
        assert repr(found["metadata"]) == repr(row.metadata)


def test_secrets_lists_and_bytes_arrive_from_many(book: Book) -> None:
    keys = [
        ApiKey(
            id=ids.new_id("key"),
            tenant_id=book.tenant_id,
            name="tests",
            prefix=ids.new_id("x")[-20:],
            digest=bytes([number]) * 32,
            scopes=["wallets:read"] * (number % 3),
            networks=[],
            created_by="tests",
            created_at=clock.now(),
        )
        for number in range(rows.FEW)
    ]
    insert([*keys])
    assert [bytes(kept(key)["digest"]) for key in keys] == [key.digest for key in keys]
    assert [kept(key)["scopes"] for key in keys] == [key.scopes for key in keys]


def test_the_same_secret_of_many_looks_different_in_each(book: Book) -> None:
    customers = [
        Customer(
            id=ids.new_id("cus"),
            tenant_id=book.tenant_id,
            kind="person",
            name="Amara",
            email="amara@example.com",
            created_at=clock.now(),
        )
        for _ in range(rows.FEW)
    ]
    insert([*customers])
    assert {kept(each)["email"] for each in customers} == {"amara@example.com"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT email), count(DISTINCT name) FROM accounts_customer")
        assert cursor.fetchone() == (rows.FEW, 1)


@given(email=TEXTS, scopes=st.lists(TEXTS, max_size=3), digest=st.binary(max_size=40))
def test_secrets_lists_and_bytes_arrive(book: Book, email: str, scopes: list[str], digest: bytes) -> None:
    now = clock.now()
    customer = Customer(
        id=ids.new_id("cus"),
        tenant_id=book.tenant_id,
        kind="person",
        name="Amara",
        email=email,
        created_at=now,
    )
    key = ApiKey(
        id=ids.new_id("key"),
        tenant_id=book.tenant_id,
        name=gettext_lazy("Yes"),
        prefix=ids.new_id("x")[:20],
        digest=digest,
        scopes=scopes,
        networks=[],
        created_by="tests",
        created_at=now,
    )
    insert([customer, key])
    assert (kept(customer)["email"], kept(key)["scopes"]) == (email, scopes)
    assert (bytes(kept(key)["digest"]), kept(key)["name"]) == (digest, "Yes")


def test_a_row_finds_the_key_that_another_got_meanwhile(book: Book) -> None:
    """Accounts get theirs from the database, so they go the long way, and first."""
    now = clock.now()
    accounts = [
        new_account(book, f"wallet:x:{part}", "EUR", now=now) for part in ("available", "held", "owed")
    ]
    wallet = Wallet(id=ids.new_id("wal"), tenant_id=book.tenant_id, book=book, currency="EUR", created_at=now)
    wallet.available_account, wallet.held_account, wallet.owed_account = accounts
    insert([*accounts, wallet])
    assert kept(wallet)["held_account_id"] == accounts[1].pk


def test_a_batch_writes_everything_with_one_statement(book: Book) -> None:
    wishes = [
        request("accounts.create_customer", tenant=book.tenant_id, kind="person", name=str(i))
        for i in range(50)
    ]
    execute_many([request("accounts.create_customer", tenant=book.tenant_id, kind="person", name="warm")])
    with statements() as asked:
        outcomes = execute_many(wishes)
    assert [each.accepted for each in outcomes] == [True] * 50
    assert len([each for each in asked if "INSERT" in each]) == 1
    assert Customer.objects.filter(pk__in=[each.result["customer"] for each in outcomes]).count() == 50


def test_only_known_kinds_of_fields_go_the_short_way() -> None:
    class Strange(models.TextField):
        """A kind that nobody said how to write."""

    class Odd(Model):
        id = models.IntegerField(primary_key=True)
        word = Strange()

        class Meta:
            app_label = "operations"

        def __str__(self) -> str:
            return self.word

    assert rows._shape(Odd) is None
    assert rows._shape(Tenant)
