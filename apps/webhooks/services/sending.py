"""What people have sent: tests, messages written by hand, and deliveries sent again."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from apps.core import clock, ids
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.operations.registry import Input, Target
from apps.webhooks.errors import (
    DeliveryAcknowledged,
    DeliveryNotFailed,
    DeliveryNotFound,
    DeliveryUnfit,
    EndpointUnfit,
    NothingToReplay,
    PayloadUnfit,
)
from apps.webhooks.message import as_body
from apps.webhooks.models import (
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Endpoint,
    EndpointStatus,
    Replay,
    ReplayWhat,
)
from apps.webhooks.queries.feed import head_of
from apps.webhooks.queries.replaying import count_of
from apps.webhooks.services.endpoints import checked_types, own_endpoint

TEST: Final = "webhook.test"
LARGEST: Final = 64 * 1024
AGAIN: Final = ("status", "runs", "attempts", "next_attempt_at", "is_urgent", "ended_at", "acknowledged_in")


def delivery_target(data: Input) -> Iterator[Target]:
    """The delivery, which is locked."""
    yield Target(Delivery, data["delivery"])


def delivery_targets(data: Input) -> Iterator[Target]:
    """The deliveries, which are locked."""
    for delivery in data["deliveries"]:
        yield Target(Delivery, delivery)


def plan_send_test(context: Context, *, endpoint: str) -> Plan:
    """A message that says nothing has happened, signed and sent as every other is."""
    found = _enabled(own_endpoint(context, endpoint))
    delivery = _delivery(context, found, DeliveryKind.TEST, TEST)
    delivery.body = as_body(
        {
            "id": delivery.message_id,
            "type": TEST,
            "version": 1,
            "timestamp": clock.written(context.now),
            "subject": found.pk,
            "data": {"endpoint": found.pk},
        }
    ).decode()
    return _to_be_sent(found, delivery)


def plan_send_raw(context: Context, *, endpoint: str, type: str, body: str) -> Plan:
    """A message as somebody has written it, for trying what a receiver makes of it."""
    found = _enabled(own_endpoint(context, endpoint))
    if len(body.encode()) > LARGEST:
        raise PayloadUnfit(f"The message has more than {LARGEST:,} bytes.", field="/body")
    try:
        written = json.loads(body)
    except ValueError as error:
        raise PayloadUnfit(f"The message is no JSON: {error}.", field="/body") from None
    if not isinstance(written, dict):
        raise PayloadUnfit("The message is no JSON object.", field="/body")
    delivery = _delivery(context, found, DeliveryKind.RAW, type)
    delivery.body = body
    return _to_be_sent(found, delivery)


def plan_retry_delivery(context: Context, *, delivery: str) -> Plan:
    """Send it again at once, also if it was accepted; its message keeps its id."""
    return plan_retry_deliveries(context, deliveries=[delivery])


def plan_retry_deliveries(context: Context, *, deliveries: Sequence[str]) -> Plan:
    """Send each of them again at once, from the first attempt on."""
    found = [_ended(context, delivery) for delivery in sorted(set(deliveries))]
    _require_enabled({each.endpoint_id for each in found})
    updates = [_again(each, context.now) for each in found]
    return Plan(updates=updates, result={"deliveries": [each.pk for each in found]})


def plan_acknowledge_deliveries(context: Context, *, deliveries: Sequence[str], reason: str) -> Plan:
    """Nothing is to be done about them: they need nobody any more, until they are sent again and fail again."""
    found = [_failed(context, delivery) for delivery in sorted(set(deliveries))]
    for each in found:
        each.acknowledged_in_id = context.operation_id
    was = {"status": DeliveryStatus.FAILED, "acknowledged_in": None}
    updates = [Update(each, ("acknowledged_in",), was) for each in found]
    return Plan(updates=updates, result={"deliveries": [each.pk for each in found], "reason": reason})


def plan_replay_range(
    context: Context,
    *,
    endpoint: str,
    after: int,
    through: int | None,
    types: Sequence[str],
    what: str,
    reason: str,
) -> Plan:
    """Send the events of a range of the feed again, in order. The preview says how many they are."""
    found = _enabled(own_endpoint(context, endpoint))
    last = min(through or head_of(found.book_id), head_of(found.book_id))
    wanted = checked_types(types)
    count = count_of(found, after, last, wanted, ReplayWhat(what))
    if not count:
        raise NothingToReplay(f"Between {after} and {last} nothing is to be sent again.", field="/after")
    replay = Replay(
        id=ids.new_id("whr"),
        endpoint=found,
        book_id=found.book_id,
        after=after,
        through=last,
        types=wanted,
        what=what,
        deliveries=count,
        reason=reason,
        done_through=after,
        created_at=context.now,
        created_by=context.actor.label,
    )
    result = {
        "replay": replay.pk,
        "endpoint": found.pk,
        "after": after,
        "through": last,
        "types": wanted,
        "what": what,
        "deliveries": count,
    }
    # Between a preview and a yes the number may change; what is approved is the range.
    approved = {name: value for name, value in result.items() if name not in {"replay", "deliveries"}}
    return Plan(
        rows=[replay],
        result=result,
        approved=approved,
        events=[EventDraft("webhook_replay.started", replay.pk, result, book_id=found.book_id)],
    )


def facts_of_replay(context: Context, plan: Plan, **_: Any) -> dict[str, Any]:
    """What policies may ask of a replay."""
    return {"deliveries": plan.result["deliveries"]}


def _own_delivery(context: Context, delivery: str) -> Delivery:
    found: Delivery = context.locked[Delivery, delivery]  # type: ignore[assignment]
    if context.book.tenant_id is not None and found.book_id != context.book.pk:
        raise DeliveryNotFound(f"There is no delivery {delivery}.", field="/delivery")
    return found


def _failed(context: Context, delivery: str) -> Delivery:
    found = _own_delivery(context, delivery)
    if found.status != DeliveryStatus.FAILED:
        state = str(DeliveryStatus(found.status).label).lower()
        raise DeliveryNotFailed(f"{delivery} has not failed for good; it is {state}.", field="/deliveries")
    if found.acknowledged_in_id:
        raise DeliveryAcknowledged(
            f"{delivery} was acknowledged already, by {found.acknowledged_in_id}.", field="/deliveries"
        )
    return found


def _ended(context: Context, delivery: str) -> Delivery:
    found = _own_delivery(context, delivery)
    if found.status in {DeliveryStatus.PENDING, DeliveryStatus.QUEUED} and not found.attempts:
        raise DeliveryUnfit(f"{delivery} is about to be sent.", field="/delivery")
    if found.status == DeliveryStatus.QUEUED:
        raise DeliveryUnfit(f"{delivery} waits for another of its object.", field="/delivery")
    return found


def _require_enabled(endpoints: set[str]) -> None:
    for endpoint in Endpoint.objects.filter(pk__in=endpoints):
        _enabled(endpoint)


def _again(delivery: Delivery, now: datetime) -> Update:
    """From the first attempt on; one that is under way already keeps its place and is only sent sooner."""
    was = {"status": delivery.status, "runs": delivery.runs, "attempts": delivery.attempts}
    if delivery.status != DeliveryStatus.PENDING:
        delivery.runs += 1
    delivery.status, delivery.attempts, delivery.next_attempt_at = DeliveryStatus.PENDING, 0, now
    delivery.is_urgent, delivery.ended_at, delivery.acknowledged_in = True, None, None
    return Update(delivery, AGAIN, was)


def _delivery(context: Context, endpoint: Endpoint, kind: DeliveryKind, type: str) -> Delivery:
    pk = ids.new_id("whd")
    return Delivery(
        id=pk,
        endpoint=endpoint,
        book_id=endpoint.book_id,
        kind=kind,
        message_id=ids.new_id("whm"),
        type=type,
        subject=pk,
        status=DeliveryStatus.PENDING,
        next_attempt_at=context.now,
        is_urgent=True,
        created_at=context.now,
    )


def _to_be_sent(endpoint: Endpoint, delivery: Delivery) -> Plan:
    result = {
        "delivery": delivery.pk,
        "endpoint": endpoint.pk,
        "message": delivery.message,
        "type": delivery.type,
    }
    return Plan(rows=[delivery], result=result)


def _enabled(endpoint: Endpoint) -> Endpoint:
    if endpoint.status != EndpointStatus.ENABLED:
        raise EndpointUnfit(
            f"{endpoint.url} is {EndpointStatus(endpoint.status).label.lower()}; enable it first.",
            field="/endpoint",
        )
    return endpoint
