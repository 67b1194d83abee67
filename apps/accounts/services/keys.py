"""API keys: made, rotated, revoked. A key is shown once, in the answer of the command that made it."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from apps.accounts.models import ApiKey, Tenant, TenantStatus
from apps.accounts.queries.tenants import TenantStatusUnfit, tenant_of
from apps.core import ids
from apps.core.errors import DomainError
from apps.operations import books, people
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.operations.registry import Input, Target


class KeyNotFound(DomainError):
    """There is no such API key, as far as the caller may know."""

    code = "API_KEY_NOT_FOUND"
    http_status = 404


class KeyEnded(DomainError):
    """The API key was revoked, has expired, or was rotated."""

    code = "API_KEY_ENDED"
    http_status = 409


class ScopesTooWide(DomainError):
    """A key may be given no scope that the key which asks for it has not."""

    code = "SCOPES_TOO_WIDE"
    http_status = 403


class ExpiryPast(DomainError):
    """A key that has expired by now helps nobody."""

    code = "EXPIRY_PAST"


def target(data: Input) -> Iterator[Target]:
    """The key, which is locked."""
    yield Target(ApiKey, data["api_key"])


def plan_create_api_key(
    context: Context,
    *,
    tenant: str | None,
    name: str,
    scopes: Sequence[str],
    networks: Sequence[str],
    expires_at: datetime | None,
) -> Plan:
    """A key for a program of the tenant; a test tenant's begin with `ch_test`."""
    if expires_at and expires_at <= context.now:
        raise ExpiryPast("The key would have expired already.", field="/expires_at")
    _check_scopes(context, scopes)
    owner = tenant_of(context, tenant, locked=True)
    if owner.status not in {TenantStatus.ACTIVE, TenantStatus.SUSPENDED}:
        raise TenantStatusUnfit(f"{owner.name} is {owner.status}, so it gets no keys.", field="/tenant")
    return _made(context, owner, name, scopes, networks, expires_at)


def plan_create_operator_key(
    context: Context,
    *,
    name: str,
    scopes: Sequence[str],
    networks: Sequence[str],
    expires_at: datetime | None,
) -> Plan:
    """A key that reaches all tenants, for programs of our own."""
    if expires_at and expires_at <= context.now:
        raise ExpiryPast("The key would have expired already.", field="/expires_at")
    return _made(context, None, name, scopes, networks, expires_at)


def plan_rotate_api_key(context: Context, *, api_key: str, overlap_hours: int) -> Plan:
    """Another key in the place of this one, which goes on for some hours beside it."""
    old = _live(context, api_key)
    if hasattr(old, "replaced_by"):
        raise KeyEnded(f"{old.name} was rotated already; rotate {old.replaced_by.pk}.", field="/api_key")
    _check_scopes(context, old.scopes)
    plan = _made(context, old.tenant, old.name, old.scopes, old.networks, old.expires_at, replaces=old)
    ends = context.now + timedelta(hours=overlap_hours)
    was = old.expires_at
    old.expires_at = min(ends, was) if was else ends
    return Plan(
        rows=plan.rows,
        updates=[Update(old, ("expires_at",), {"expires_at": was, "revoked_at": None})],
        result={**plan.result, "replaces": old.pk, "replaced_key_ends_at": old.expires_at},
        events=[
            _told("api_key.rotated", old, {"api_key": plan.rows[0].pk, "ends_at": old.expires_at}),
        ],
    )


def plan_revoke_api_key(context: Context, *, api_key: str, reason: str) -> Plan:
    """Let the key in no more, from the next request on."""
    found = _live(context, api_key)
    found.revoked_at = context.now
    result = {"api_key": api_key, "reason": reason}
    return Plan(
        updates=[Update(found, ("revoked_at",), {"revoked_at": None})],
        result=result,
        events=[_told("api_key.revoked", found, result)],
    )


def digest(key: str) -> bytes:
    """What is stored of a key."""
    return hashlib.sha256(key.encode()).digest()


def _made(
    context: Context,
    tenant: Tenant | None,
    name: str,
    scopes: Sequence[str],
    networks: Sequence[str],
    expires_at: datetime | None,
    replaces: ApiKey | None = None,
) -> Plan:
    prefix = f"ch_{_environment(tenant)}_{secrets.token_hex(6)}"
    text = f"{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        id=ids.new_id("key"),
        tenant=tenant,
        name=name,
        prefix=prefix,
        digest=digest(text),
        scopes=sorted(set(scopes)),
        networks=list(networks),
        people=sorted(
            {*people.behind(context.actor.kind, context.actor.id), *(replaces.people if replaces else ())}
        ),
        created_by=context.actor.label,
        created_at=context.now,
        expires_at=expires_at,
        replaces=replaces,
    )
    told = {
        "api_key": key.pk,
        "tenant": tenant.pk if tenant else None,
        "name": name,
        "prefix": prefix,
        "scopes": key.scopes,
        "expires_at": expires_at,
    }
    return Plan(rows=[key], result={**told, "secret": text}, events=[_told("api_key.created", key, told)])


def _told(event: str, key: ApiKey, result: Mapping[str, Any]) -> EventDraft:
    """In the feed of the tenant whose key it is, whoever did it."""
    return EventDraft(event, key.pk, result, book_id=books.id_of_tenant(key.tenant_id))


def _check_scopes(context: Context, scopes: Sequence[str]) -> None:
    """Whoever asks with a key makes none that may do more than it."""
    more = set(scopes) - context.actor.roles if context.actor.kind == "api_key" else set()
    if more:
        raise ScopesTooWide(
            f"The key that asks has no {', '.join(sorted(more))} itself.",
            field="/scopes",
            details={"scopes": [*sorted(more)]},
        )


def _environment(tenant: Tenant | None) -> str:
    if tenant is None:
        return "ops"
    return "test" if tenant.test_of_id else "live"


def _live(context: Context, api_key: str) -> ApiKey:
    found: ApiKey = context.locked[ApiKey, api_key]  # type: ignore[assignment]
    if context.book.tenant_id not in {None, found.tenant_id}:
        raise KeyNotFound(f"There is no API key {api_key}.", field="/api_key")
    if not found.is_valid(context.now):
        raise KeyEnded(f"{found.name} has ended already.", field="/api_key")
    return found
