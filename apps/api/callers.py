"""Who asks: an API key, looked up by its prefix in one query with its tenant and book."""

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connection

from apps.accounts.scopes import actor
from apps.api.errors import AuthenticationRequired, NetworkDenied, ScopeMissing, TenantUnready
from apps.core import ids
from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.operations.isolation import Circle

LAST_USED_EVERY = timedelta(minutes=1)
UNKNOWN = "This API key is unknown, was revoked, or has expired."

_COLUMNS = """
SELECT k.id, k.digest, k.name, k.scopes, k.networks, k.expires_at, k.revoked_at, k.last_used_at, k.tenant_id, b.id,
       t.requests_per_minute
  FROM accounts_apikey k
  LEFT JOIN accounts_tenant t ON t.id = k.tenant_id
  LEFT JOIN operations_book b ON b.tenant_id = k.tenant_id
"""
_BY_PREFIX = _COLUMNS + " WHERE k.prefix = %s"
_BY_ID = _COLUMNS + " WHERE k.id = %s"
_BY_IDS = _COLUMNS + " WHERE k.id = ANY (%s)"
_TOUCH = "UPDATE accounts_apikey SET last_used_at = %s WHERE id = %s"


@dataclass(frozen=True)
class Caller:
    """An API key that was let in. `tenant` and `book` are empty for an operator's, which reaches all tenants."""

    key: UUID
    name: str
    scopes: frozenset[str]
    tenant: UUID | None
    book: int | None
    requests_per_minute: int

    @cached_property
    def key_id(self) -> str:
        """The key's id, as people see it."""
        return ids.encode("key", self.key)

    @cached_property
    def tenant_id(self) -> str | None:
        """The tenant's id, as people see it."""
        return ids.encode("ten", self.tenant) if self.tenant else None

    @property
    def is_operator(self) -> bool:
        """It reaches all tenants."""
        return self.tenant is None

    @cached_property
    def circle(self) -> Circle | None:
        """Whom its reads reach; None for everybody."""
        return None if self.book is None else Circle(self.book, frozenset())

    @cached_property
    def actor(self) -> Actor:
        """The key as somebody who runs commands."""
        return actor(self.key_id, self.name, self.scopes, self.book)

    def require(self, scope: str) -> None:
        """Refuse without this scope."""
        if scope not in self.scopes:
            raise ScopeMissing(
                f"This API key lacks the scope {scope}; make a key that has it.", details={"scope": scope}
            )


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    digest: bytes
    name: str
    scopes: list[str]
    networks: list[str]
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    tenant: UUID | None
    book: int | None
    requests_per_minute: int | None

    def is_valid(self, now: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def check(self, address: str, now: datetime) -> None:
        """Refuse what has ended, what comes from elsewhere, and whose tenant has no book yet."""
        if not self.is_valid(now):
            raise AuthenticationRequired(UNKNOWN)
        if self.networks and not _is_within(address, tuple(self.networks)):
            raise NetworkDenied("This API key may not be used from this address.")
        if not self.is_ready:
            raise TenantUnready("This tenant is still being set up; try again in a moment.")

    @property
    def is_ready(self) -> bool:
        """A tenant without a book is still being set up. Nothing else may be without one: it would reach all books."""
        return self.tenant is None or self.book is not None

    def caller(self) -> Caller:
        """The key as whoever asks."""
        limit = self.requests_per_minute or settings.API_OPERATOR_REQUESTS_PER_MINUTE
        return Caller(self.id, self.name, frozenset(self.scopes), self.tenant, self.book, limit)


def authenticate(meta: Mapping[str, Any], now: datetime) -> Caller:
    """Whose key the request shows; AuthenticationRequired if none holds, NetworkDenied from elsewhere."""
    text = _shown(meta)
    row = _row(_BY_PREFIX, "_".join(text.split("_", 3)[:3]))
    # Compared in any case, so that the answer's time does not tell which prefixes exist.
    same = hmac.compare_digest(bytes(row.digest) if row else bytes(32), sha256(text.encode()).digest())
    if row is None or not same:
        raise AuthenticationRequired(UNKNOWN)
    row.check(client_address(meta), now)
    if row.last_used_at is None or now - row.last_used_at >= LAST_USED_EVERY:
        _run(_TOUCH, (now, row.id))
    return row.caller()


def caller_of(key_id: str, now: datetime) -> Caller | None:
    """A key as it is now, for work that goes on after its request; None once it has ended."""
    row = _row(_BY_ID, ids.decode("key", key_id))
    return row.caller() if row and row.is_valid(now) and row.is_ready else None


def admitted(key: UUID, address: str, now: datetime) -> Caller:
    """A key that has shown itself before, now used from this address; what `authenticate` raises."""
    row = _row(_BY_ID, key)
    if row is None:
        raise AuthenticationRequired(UNKNOWN)
    row.check(address, now)
    return row.caller()


def dismissed(
    used: Collection[tuple[UUID, str]], scope: str, now: datetime
) -> dict[tuple[UUID, str], DomainError]:
    """Of keys in use, each with the address that uses it, those that may no longer ask for this scope, and why."""
    keys = list({key for key, _ in used})
    found = {row.id: row for row in (_Row(*each) for each in _run(_BY_IDS, (keys,)).fetchall())}
    refused: dict[tuple[UUID, str], DomainError] = {}
    for key, address in used:
        try:
            row = found.get(key)
            if row is None:
                raise AuthenticationRequired(UNKNOWN)
            row.check(address, now)
            row.caller().require(scope)
        except DomainError as error:
            refused[key, address] = error
    return refused


def client_address(meta: Mapping[str, Any]) -> str:
    """Where the request comes from: behind a proxy, the last address that the proxy itself has written."""
    forwarded = meta.get("HTTP_X_FORWARDED_FOR", "") if settings.BEHIND_PROXY else ""
    return str(forwarded.rpartition(",")[2].strip() or meta.get("REMOTE_ADDR", ""))


def _shown(meta: Mapping[str, Any]) -> str:
    header: str = meta.get("HTTP_AUTHORIZATION", "")
    scheme, _, text = header.partition(" ")
    text = text.strip()
    if scheme.lower() != "bearer" or not text:
        raise AuthenticationRequired("Show an API key in the header Authorization: Bearer ch_….")
    if not (text.isascii() and text.isprintable() and text.startswith("ch_") and len(text) < 200):
        raise AuthenticationRequired(UNKNOWN)
    return text


def _row(statement: str, value: Any) -> _Row | None:
    row = _run(statement, (value,)).fetchone()
    return _Row(*row) if row else None


def _run(statement: str, parameters: tuple[Any, ...]) -> "psycopg.Cursor[Any]":
    try:
        return _ask(statement, parameters)
    except psycopg.OperationalError:
        # It died while it waited for a request, and nothing of this one was asked yet.
        connection.close()
        return _ask(statement, parameters)


def _ask(statement: str, parameters: tuple[Any, ...]) -> "psycopg.Cursor[Any]":
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    return psycopg.Cursor(raw).execute(statement, parameters, prepare=True)


@lru_cache(maxsize=1_000)
def _networks(written: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text) for text in written)


def _is_within(address: str, networks: tuple[str, ...]) -> bool:
    try:
        asked = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(asked, "ipv4_mapped", None)
    return any((mapped or asked) in network for network in _networks(networks))
