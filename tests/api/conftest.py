"""Two tenants with keys and wallets, and the real server, asked over HTTP."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
from django.db import connection

from apps.accounts.models import Membership
from apps.accounts.queries.wallets import forget
from apps.accounts.scopes import OF_OPERATORS, SCOPES, actor
from apps.accounts.services.team import token_of
from apps.api import limits, request_log
from apps.operations import books, registry
from apps.operations.plan import Request
from apps.operations.run import prepare
from tests.support.door import PASSWORD, done, moved, opened, tenant
from tests.support.policies import policy

ALL = sorted(SCOPES.keys() - OF_OPERATORS)


@dataclass
class Party:
    """A tenant with a key that may do everything of its own."""

    tenant: str
    book: str
    key: str
    customer: str
    wallet: str
    other: str
    ids: dict[str, str] = field(default_factory=dict)


class Client:
    """Asks the server with one key."""

    def __init__(self, http: httpx.Client, key: str | None) -> None:
        self.http, self.key = http, key

    def ask(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """One request."""
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        headers |= kwargs.pop("headers", {})
        return self.http.request(method, path, headers=headers, **kwargs)

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        """A read."""
        return self.ask("GET", path, **kwargs)

    def post(self, path: str, body: Any = None, *, key: str | None = None, **kwargs: Any) -> httpx.Response:
        """A command, under a key of its own unless one is given."""
        headers = {"Idempotency-Key": key or uuid.uuid4().hex, "Content-Type": "application/json"}
        headers |= kwargs.pop("headers", {})
        content = kwargs.pop("content", None)
        if content is None:
            content = json.dumps({} if body is None else body).encode()
        return self.ask("POST", path, content=content, headers=headers, **kwargs)


@pytest.fixture
def http(live_server: Any, transactional_db: Any) -> Iterator[httpx.Client]:
    """The real server."""
    limits.forget()
    forget()
    with httpx.Client(base_url=live_server.url, timeout=30) as client:
        yield client
    request_log.flush()


@pytest.fixture
def asking(http: httpx.Client) -> Callable[[str | None], Client]:
    """A client for a key."""
    return lambda key: Client(http, key)


def make_key(tenant_id: str, *scopes: str, **more: Any) -> dict[str, Any]:
    """An API key of a tenant, with all scopes unless some are given; the command's result."""
    made: dict[str, Any] = done(
        "accounts.create_api_key", tenant=tenant_id, name="tests", scopes=list(scopes or ALL), **more
    )
    return made


def let_wait(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy by which somebody must approve every run of a command."""
    known = registry.find(command)
    with_facts = replace(known, facts=lambda context, plan, **given: {})
    monkeypatch.setitem(registry._commands, known.name, with_facts)
    policy(known.name)


@contextmanager
def key_in_flight(party: Party, key: str) -> Iterator[None]:
    """Somebody else runs under this key while the block lasts."""
    book = books.id_of(party.book)
    run = prepare(Request("accounts.create_wallet", {}, key, actor("key_x", "x", frozenset(), book)))
    other = connection.get_new_connection(connection.get_connection_params())
    try:
        other.execute("SELECT pg_advisory_lock(%s)", [run.lock])
        yield
    finally:
        other.close()


def joined(party: Party, name: str) -> Membership:
    """An owner of the team who was invited and came."""
    email = f"{name}@{party.book}.example"
    invited = done("accounts.invite_member", tenant=party.tenant, email=email, role="owner")
    done("accounts.accept_invitation", token=token_of(invited["invitation"]), name=name, password=PASSWORD)
    return Membership.objects.get(tenant_id=party.tenant, user__email=email)


def make_party(slug: str) -> Party:
    """A tenant with a customer, two wallets, and some money in the first."""
    tenant_id = tenant(slug)
    made = make_key(tenant_id)
    customer = done(
        "accounts.create_customer", tenant=tenant_id, kind="person", name="Amara Osei", external_id="a-1"
    )["customer"]
    wallet = done(
        "accounts.create_wallet", tenant=tenant_id, customer=customer, currency="EUR", external_id="w-1"
    )["wallet"]
    other = done("accounts.create_wallet", tenant=tenant_id, currency="EUR", category="investing")["wallet"]
    opened("bank:ing", book=slug, floor=None)
    entry = moved("bank:ing", f"wallet:{wallet}:available", "100.00", book=slug)
    ids = {"entry": entry, "api_key": made["api_key"]}
    return Party(tenant_id, slug, made["secret"], customer, wallet, other, ids)


@pytest.fixture
def acme(transactional_db: Any) -> Party:
    """The first tenant."""
    return make_party("acme")


@pytest.fixture
def globex(acme: Party) -> Party:
    """The second."""
    return make_party("globex")


@pytest.fixture
def operator_key(transactional_db: Any) -> str:
    """A key that reaches all tenants."""
    return str(done("accounts.create_operator_key", name="tests", scopes=sorted(SCOPES))["secret"])


@pytest.fixture
def client(acme: Party, asking: Callable[[str], Client]) -> Client:
    """The first tenant's program."""
    return asking(acme.key)


@pytest.fixture
def operator(operator_key: str, asking: Callable[[str], Client]) -> Client:
    """An operator's program."""
    return asking(operator_key)
