"""What workers have found about endpoints: dead ones are disabled, and people are told."""

from apps.core import ids
from apps.operations.plan import Context, EventDraft, Plan
from apps.webhooks.models import EndpointStatus, OwnerMail, WhyDisabled
from apps.webhooks.queries.owners import owners_of
from apps.webhooks.services.endpoints import own_endpoint, plan_disable, told

REASONS = {
    WhyDisabled.FAILING: "Everything that was sent to it failed for 24 hours.",
    WhyDisabled.GONE: "It answered 410 Gone.",
}


def plan_disable_dead_endpoint(context: Context, *, endpoint: str, why: str) -> Plan:
    """Send nothing more to an endpoint that is gone, and tell those who look after the tenant by mail."""
    found = own_endpoint(context, endpoint)
    if found.status != EndpointStatus.ENABLED:
        return Plan(result=told(found))
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
        updates=plan.updates,
        result=plan.result,
        events=[*plan.events, EventDraft("alert.raised", found.pk, alarm)],
    )


def plan_raise_alarm(context: Context, *, endpoint: str) -> Plan:
    """Tell that messages for an endpoint have failed for good, and wait for somebody."""
    found = own_endpoint(context, endpoint)
    alarm = {**told(found), "reason": "webhooks failed"}
    return Plan(result=told(found), events=[EventDraft("alert.raised", found.pk, alarm)])
