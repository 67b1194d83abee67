"""Tenants that could not be provisioned: tried again by a person, or given up so that their names are free."""

from apps.accounts.models import Provisioning, ProvisioningStatus, Tenant
from apps.accounts.queries.tenants import TenantStatusUnfit
from apps.accounts.services import provisioning
from apps.operations.plan import Context, EventDraft, Plan, Update

SLUG_KEPT = 29
"""How much of its slug a tenant that was given up keeps before its id, so that both fit."""


def plan_retry_provisioning(context: Context, *, tenant: str, reason: str) -> Plan:
    """Provision a tenant and its test tenant once more, at once and then as often as a new one."""
    wish = _failed(context, tenant)
    wish.status, wish.attempts, wish.next_attempt_at = ProvisioningStatus.QUEUED, 0, context.now
    return Plan(
        updates=[
            Update(wish, ("status", "attempts", "next_attempt_at"), {"status": ProvisioningStatus.FAILED})
        ],
        result={"tenant": wish.tenant_id, "failed_because": wish.reason, "reason": reason},
        follow_ups=[provisioning.request_for(wish.pk)],
    )


def plan_abandon_tenant(context: Context, *, tenant: str, reason: str) -> Plan:
    """Close a tenant that never came to be, with its test tenant. Both give up their slugs, which may be used again."""
    wish = _failed(context, tenant)
    wish.status = ProvisioningStatus.ABANDONED
    tenants = [wish.tenant, wish.tenant.test_tenant]
    was = [{"status": str(each.status), "slug": each.slug} for each in tenants]
    for each in tenants:
        each.abandon()
        each.slug = f"{each.slug[:SLUG_KEPT]}-{each.pk}"
    result = {"tenant": wish.tenant_id, "status": "closed", "reason": reason}
    return Plan(
        updates=[
            Update(wish, ("status",), {"status": ProvisioningStatus.FAILED}),
            *(Update(each, ("status", "slug"), then) for each, then in zip(tenants, was, strict=True)),
        ],
        result=result,
        events=[EventDraft("tenant.closed", wish.tenant_id, result)],
    )


def _failed(context: Context, tenant: str) -> Provisioning:
    """The failed wish of a locked tenant or of the live tenant beside it."""
    found: Tenant = context.locked[Tenant, tenant]  # type: ignore[assignment]
    wish = Provisioning.objects.filter(tenant=found.live, status=ProvisioningStatus.FAILED).first()
    if wish is None:
        raise TenantStatusUnfit(
            f"{found.name} is {found.status}, and its provisioning has not failed.", field="/tenant"
        )
    return wish
