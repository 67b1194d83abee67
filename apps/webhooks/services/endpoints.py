"""Endpoints: made, changed, disabled and enabled again, removed; their secrets and the tenant's key rotated."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet

from apps.accounts.queries.tenants import active_tenant_of, tenant_of
from apps.core import ids
from apps.core.actor import Actor
from apps.operations import event_types
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.operations.registry import Input, Target
from apps.webhooks.errors import EndpointNotFound, EndpointsEnough, EndpointUnfit, TypeUnknown
from apps.webhooks.models import (
    Endpoint,
    EndpointSecret,
    EndpointStatus,
    Line,
    Replay,
    SigningKey,
    WhyDisabled,
)
from apps.webhooks.queries.feed import head_of
from apps.webhooks.signing import Key, new_key, new_secret
from apps.webhooks.urls import checked_headers, checked_url, may_be_loopback

MOST_BESIDE: Final = 3
"""Old secrets or keys that sign beside the newest."""
MOST: Final = 100
"""Endpoints of a tenant that are not removed."""
SETTINGS: Final = (
    *("url", "description", "types", "version", "headers_text", "most_at_once", "per_second"),
    "changed_at",
)
STATE: Final = ("status", "why_disabled", "reason", "disabled_at", "changed_at")


def target(data: Input) -> Iterator[Target]:
    """The endpoint, which is locked."""
    yield Target(Endpoint, data["endpoint"])


def target_with_line(data: Input) -> Iterator[Target]:
    """The endpoint and how it is doing, which are locked."""
    yield Target(Endpoint, data["endpoint"])
    yield Target(Line, data["endpoint"])


def plan_create_endpoint(
    context: Context,
    *,
    tenant: str | None,
    url: str,
    description: str,
    types: Sequence[str],
    version: int,
    headers: Mapping[str, str],
    most_at_once: int,
    per_second: int | None,
) -> Plan:
    """An endpoint that is told of all that happens from now on. Its secret is shown this once."""
    owner = active_tenant_of(context, tenant, "gets endpoints")
    book, is_test = owner.book, owner.test_of_id is not None
    if Endpoint.objects.filter(book=book).exclude(status=EndpointStatus.REMOVED).count() >= MOST:
        raise EndpointsEnough(f"{owner.name} has {MOST} endpoints; remove one first.")
    endpoint = Endpoint(
        id=ids.new_id("whe"),
        book=book,
        is_test=is_test,
        url=checked_url(url, loopback=may_be_loopback(is_test)),
        description=description,
        types=checked_types(types),
        version=version,
        most_at_once=most_at_once,
        per_second=per_second,
        created_at=context.now,
        created_by=context.actor.label,
        changed_at=context.now,
    )
    endpoint.headers = checked_headers(headers)
    secret = _secret(context, endpoint)
    line = Line(endpoint=endpoint, book=book, matched_through=head_of(book.pk))
    keys = _first_key(context, book.pk)
    result = told(endpoint)
    return Plan(
        rows=[endpoint, secret, line, *keys],
        result={**result, "secret": secret.secret},
        events=[_event("webhook_endpoint.created", endpoint, result)],
    )


def plan_update_endpoint(
    context: Context,
    *,
    endpoint: str,
    url: str | None,
    description: str | None,
    types: Sequence[str] | None,
    version: int | None,
    headers: Mapping[str, str] | None,
    most_at_once: int | None,
    per_second: int | None,
) -> Plan:
    """Change what is given; the rest stays as it is."""
    found = own_endpoint(context, endpoint)
    if found.status == EndpointStatus.REMOVED:
        raise EndpointUnfit(f"{found.url} was removed.", field="/endpoint")
    was = {"changed_at": found.changed_at}
    if url is not None:
        found.url = checked_url(url, loopback=may_be_loopback(found.is_test))
    if types is not None:
        found.types = checked_types(types)
    if headers is not None:
        found.headers = checked_headers(headers)
    if per_second is not None:
        found.per_second = per_second or None
    found.description = found.description if description is None else description
    found.version = version or found.version
    found.most_at_once = most_at_once or found.most_at_once
    found.changed_at = context.now
    return Plan(
        updates=[Update(found, SETTINGS, was)],
        result=told(found),
        events=[_event("webhook_endpoint.updated", found, told(found))],
    )


def plan_rotate_secret(context: Context, *, endpoint: str, overlap_hours: int) -> Plan:
    """Another secret; the one before signs beside it for some hours, so that both verify."""
    found = own_endpoint(context, endpoint)
    if found.status == EndpointStatus.REMOVED:
        raise EndpointUnfit(f"{found.url} was removed.", field="/endpoint")
    ends = context.now + timedelta(hours=overlap_hours)
    ending = _ending(EndpointSecret.objects.filter(endpoint=found), context.now, ends)
    secret = _secret(context, found)
    was, found.changed_at = {"changed_at": found.changed_at}, context.now
    result = {"endpoint": found.pk, "old_secret_ends_at": ends}
    return Plan(
        rows=[secret],
        updates=[
            Update(found, ("changed_at",), was),
            *ending,
        ],
        result={**result, "secret": secret.secret},
        events=[_event("webhook_endpoint.secret_rotated", found, result)],
    )


def plan_rotate_signing_key(context: Context, *, tenant: str | None, overlap_hours: int) -> Plan:
    """Another key of the tenant for `v1a`; the one before signs beside it for some hours."""
    owner = tenant_of(context, tenant, locked=True)
    book = owner.book.pk
    ends = context.now + timedelta(hours=overlap_hours)
    ending = _ending(SigningKey.objects.filter(book_id=book), context.now, ends)
    made = new_key()
    row = _signing_key(context, book, made)
    result = {"signing_key": row.pk, "public": made.public, "old_key_ends_at": ends if ending else None}
    return Plan(
        rows=[row],
        updates=[*ending, *_signed_by_another(context, book)],
        result=result,
        events=[EventDraft("webhook_signing_key.rotated", row.pk, result, book_id=book)],
    )


def plan_disable_endpoint(context: Context, *, endpoint: str, reason: str) -> Plan:
    """Send nothing more to it. What happens meanwhile is not lost: once it is enabled, it is told all of it, in order."""
    found = own_endpoint(context, endpoint)
    _require(found, EndpointStatus.ENABLED)
    return plan_disable(context, found, WhyDisabled.BY_HAND, reason)


def plan_disable(context: Context, found: Endpoint, why: WhyDisabled, reason: str) -> Plan:
    """Disable it for any reason."""
    found.status, found.why_disabled, found.reason = EndpointStatus.DISABLED, why, reason
    found.disabled_at = found.changed_at = context.now
    return Plan(
        updates=[Update(found, STATE, {"status": EndpointStatus.ENABLED})],
        result=told(found),
        events=[_event("webhook_endpoint.disabled", found, told(found))],
    )


def plan_enable_endpoint(context: Context, *, endpoint: str) -> Plan:
    """Send to it again, beginning with what it has missed, in order."""
    found = own_endpoint(context, endpoint)
    _require(found, EndpointStatus.DISABLED)
    found.status, found.why_disabled, found.reason = EndpointStatus.ENABLED, WhyDisabled.NONE, ""
    found.disabled_at, found.changed_at = None, context.now
    line: Line = context.locked[Line, endpoint]  # type: ignore[assignment]
    line.catch_up_since = line.failing_since
    return Plan(
        updates=[
            Update(found, STATE, {"status": EndpointStatus.DISABLED}),
            Update(line, ("catch_up_since",)),
        ],
        result=told(found),
        events=[_event("webhook_endpoint.enabled", found, told(found))],
    )


def plan_remove_endpoint(context: Context, *, endpoint: str, reason: str) -> Plan:
    """Send nothing to it ever again. What was sent stays to be seen."""
    found = own_endpoint(context, endpoint)
    if found.status == EndpointStatus.REMOVED:
        raise EndpointUnfit(f"{found.url} was removed already.", field="/endpoint")
    was = {"status": found.status}
    found.status, found.why_disabled, found.reason = EndpointStatus.REMOVED, WhyDisabled.NONE, reason
    found.disabled_at, found.changed_at = None, context.now
    return Plan(
        updates=[Update(found, STATE, was), *_no_more_replays(context, found)],
        result=told(found),
        events=[_event("webhook_endpoint.removed", found, told(found))],
    )


def own_endpoint(context: Context, endpoint: str) -> Endpoint:
    """The endpoint, locked; EndpointNotFound for anybody else's."""
    found: Endpoint = context.locked[Endpoint, endpoint]  # type: ignore[assignment]
    if context.book.tenant_id is not None and found.book_id != context.book.pk:
        raise EndpointNotFound(f"There is no endpoint {endpoint}.", field="/endpoint")
    return found


def checked_types(types: Sequence[str]) -> list[str]:
    """The names in their order, each once, or TypeUnknown if one is of no event."""
    known = {each.name for each in event_types.all_types()}
    for name in types:
        kind = name.removesuffix("*")
        fits = name in known or (name.endswith(".*") and any(each.startswith(kind) for each in known))
        if not fits:
            raise TypeUnknown(f"There is no event {name}; docs/events.md names all.", field="/types")
    return sorted(set(types))


def told(endpoint: Endpoint) -> dict[str, Any]:
    """What the outside is told of an endpoint: the names of its headers, and no secret."""
    return {
        "endpoint": endpoint.pk,
        "url": endpoint.url,
        "description": endpoint.description,
        "types": list(endpoint.types),
        "version": endpoint.version,
        "headers": sorted(endpoint.headers),
        "most_at_once": endpoint.most_at_once,
        "per_second": endpoint.per_second,
        "status": str(endpoint.status),
        "why_disabled": str(endpoint.why_disabled),
        "reason": endpoint.reason,
        "disabled_at": endpoint.disabled_at,
    }


def _require(endpoint: Endpoint, status: EndpointStatus) -> None:
    if endpoint.status != status:
        state = EndpointStatus(endpoint.status).label
        raise EndpointUnfit(f"{endpoint.url} is {str(state).lower()}.", field="/endpoint")


def _ending(
    signers: "QuerySet[EndpointSecret] | QuerySet[SigningKey]", now: datetime, ends: datetime
) -> list[Update]:
    """End all that sign by then, and at once but the newest: none that leaked goes on beside its successors."""
    going = signers.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now)).select_for_update(no_key=True)
    updates = []
    found: list[EndpointSecret | SigningKey] = list(going.order_by("-created_at", "-id"))
    for nth, each in enumerate(found):
        was, wanted = each.ends_at, ends if nth < MOST_BESIDE else now
        each.ends_at = min(was, wanted) if was else wanted
        updates.append(Update(each, ("ends_at",), {"ends_at": was}))
    return updates


def _no_more_replays(context: Context, endpoint: Endpoint) -> list[Update]:
    updates = []
    for each in Replay.objects.filter(endpoint=endpoint, ended_at__isnull=True).select_for_update(
        no_key=True
    ):
        each.ended_at = context.now
        updates.append(Update(each, ("ended_at",), {"ended_at": None}))
    return updates


def _signed_by_another(context: Context, book: int) -> list[Update]:
    """Workers read anew what is set of all endpoints, and what signs for them."""
    found = list(
        Endpoint.objects.filter(book_id=book, status=EndpointStatus.ENABLED).select_for_update(no_key=True)
    )
    updates = []
    for each in found:
        was, each.changed_at = each.changed_at, context.now
        updates.append(Update(each, ("changed_at",), {"changed_at": was}))
    return updates


def _secret(context: Context, endpoint: Endpoint) -> EndpointSecret:
    return EndpointSecret(
        id=ids.new_id("whs"),
        endpoint=endpoint,
        book_id=endpoint.book_id,
        secret=new_secret(),
        created_at=context.now,
    )


def _first_key(context: Context, book: int) -> list[SigningKey]:
    """The tenant's key for `v1a`, with its first endpoint."""
    if SigningKey.objects.filter(book_id=book, ends_at__isnull=True).exists():
        return []
    return [_signing_key(context, book, new_key())]


def _signing_key(context: Context, book: int, key: Key) -> SigningKey:
    return SigningKey(
        id=ids.new_id("whk"), book_id=book, private=key.text, public=key.public, created_at=context.now
    )


def _event(name: str, endpoint: Endpoint, data: Mapping[str, Any]) -> EventDraft:
    return EventDraft(name, endpoint.pk, data, book_id=endpoint.book_id)


WORKER: Final = Actor.system("webhooks", {"webhooks.disable_dead_endpoint", "webhooks.raise_alarm"})
"""Who says what workers have found."""
