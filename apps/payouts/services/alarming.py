"""What people are told of batches that wait for them."""

from apps.operations.plan import Context, EventDraft, Plan
from apps.payouts.services.drafting import own_batch, told


def plan_raise_alarm(context: Context, *, batch: str, reason: str) -> Plan:
    """Tell that a batch waits: for approval, or for money at providers."""
    found = own_batch(context, batch)
    data = {"reason": f"payout batch: {reason}", **told(found), "short": found.short}
    return Plan(result=told(found), events=[EventDraft("alert.raised", found.pk, data)])
