"""What workers have found about endpoints: dead ones are disabled, and people are told."""

from apps.core import ids
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.webhooks.models import Endpoint, EndpointStatus, Line, OwnerMail, Trouble, WhyDisabled
from apps.webhooks.queries.owners import owners_of
from apps.webhooks.services.endpoints import own_endpoint, plan_disable, told

REASONS = {
    WhyDisabled.FAILING: "Everything that was sent to it failed for 24 hours.",
    WhyDisabled.GONE: "It answered 410 Gone.",
}


def plan_disable_dead_endpoint(context: Context, *, endpoint: str, why: str) -> Plan:
    """Send nothing more to an endpoint that is gone, and tell those who look after the tenant by mail."""
    found = own_endpoint(context, endpoint)
    line = _line(context, endpoint)
    if found.status != EndpointStatus.ENABLED or _was_changed_since(found, line):
        return Plan(updates=[_told_of(line)], result=told(found))
    reason = REASONS[WhyDisabled(why)]
    plan = plan_disable(context, found, WhyDisabled(why), reason)
    mails = [
        OwnerMail(
            id=ids.new_id("wml"),
            endpoint=found,
            user_id=user,
            why=why,
            disabled_at=context.now,
            next_attempt_at=context.now,
        )
        for user in owners_of(found.book_id)
    ]
    alarm = {**told(found), "reason": "webhook endpoint disabled"}
    return Plan(
        rows=mails,
        updates=[*plan.updates, _told_of(line)],
        result=plan.result,
        events=[*plan.events, EventDraft("alert.raised", found.pk, alarm)],
    )


def plan_raise_alarm(context: Context, *, endpoint: str) -> Plan:
    """Tell that messages for an endpoint have failed for good, and wait for somebody."""
    found, line = own_endpoint(context, endpoint), _line(context, endpoint)
    line.alarmed_at = line.troubled_at or context.now
    # That it is gone or dead by now is yet to be told.
    is_all = line.trouble in {Trouble.NONE, Trouble.FAILED}
    update = _told_of(line, "alarmed_at") if is_all else Update(line, ("alarmed_at",))
    alarm = {**told(found), "reason": "webhooks failed"}
    return Plan(
        updates=[update],
        result=told(found),
        events=[EventDraft("alert.raised", found.pk, alarm)],
    )


def _line(context: Context, endpoint: str) -> Line:
    found: Line = context.locked[Line, endpoint]  # type: ignore[assignment]
    return found


def _was_changed_since(endpoint: Endpoint, line: Line) -> bool:
    """Whether somebody has changed or enabled it after the trouble was written down: then its day begins anew."""
    return line.troubled_at is not None and endpoint.changed_at > line.troubled_at


def _told_of(line: Line, *fields: str) -> Update:
    """Nothing more is to be told of it."""
    line.trouble, line.troubled_at = Trouble.NONE, None
    return Update(line, ("trouble", "troubled_at", *fields))
