"""Tenants: created, described, suspended, closed. What makes them work is in `provisioning`."""

from collections.abc import Iterator

from apps.accounts.models import ApiKey, Provisioning, Tenant, TenantStatus, Wallet, WalletStatus
from apps.accounts.queries.tenants import TenantStatusUnfit
from apps.accounts.services import provisioning
from apps.accounts.services.provisioning import SlugTaken
from apps.core import ids
from apps.core.errors import DomainError
from apps.operations.models import ApprovalRequest, ApprovalStatus, Book
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.operations.registry import Done, Input, Target
from apps.operations.services import flags

TEST_SUFFIX = "-test"


class TenantNotEmpty(DomainError):
    """Wallets are open, or something waits for approval."""

    code = "TENANT_NOT_EMPTY"
    http_status = 409


def target(data: Input) -> Iterator[Target]:
    """The tenant, which is locked."""
    yield Target(Tenant, data["tenant"])


def plan_create_tenant(
    context: Context,
    *,
    name: str,
    slug: str,
    base_currency: str,
    time_zone: str,
    legal_name: str,
    country: str,
    owner_email: str,
) -> Plan:
    """A tenant, its test tenant, and the wish to provision both, which follows at once."""
    slugs = [slug, f"{slug}{TEST_SUFFIX}"]
    if Tenant.objects.filter(slug__in=slugs).exists() or Book.objects.filter(slug__in=slugs).exists():
        raise SlugTaken(f"There is a book {slug} already.", field="/slug")
    live = Tenant(
        id=ids.new_id("ten"),
        slug=slug,
        name=name,
        legal_name=legal_name,
        country=country,
        base_currency=base_currency,
        time_zone=time_zone,
        created_at=context.now,
    )
    test = Tenant(
        id=ids.new_id("ten"),
        slug=slugs[1],
        name=f"{name} (test)",
        base_currency=base_currency,
        time_zone=time_zone,
        test_of=live,
        created_at=context.now,
    )
    wish = Provisioning(
        id=ids.new_id("pvg"),
        tenant=live,
        owner_email=owner_email,
        next_attempt_at=context.now,
        created_at=context.now,
    )
    result = {"tenant": live.pk, "test_tenant": test.pk, "book": slug}
    return Plan(
        rows=[live, test, wish],
        result=result,
        events=[EventDraft("tenant.created", live.pk, result)],
        follow_ups=[provisioning.request_for(wish.pk)],
    )


def plan_update_tenant(
    context: Context,
    *,
    tenant: str,
    name: str | None,
    legal_name: str | None,
    registration_number: str | None,
    country: str | None,
    website: str | None,
    requests_per_minute: int | None,
    mail_about: list[str] | None,
) -> Plan:
    """Change what is given of the profile and the settings; the rest stays."""
    given = {
        "name": name,
        "legal_name": legal_name,
        "registration_number": registration_number,
        "country": country,
        "website": website,
        "requests_per_minute": requests_per_minute,
        "mail_about": mail_about if mail_about is None else sorted(set(mail_about)),
    }
    found: Tenant = context.locked[Tenant, tenant]  # type: ignore[assignment]
    changes = {field: value for field, value in given.items() if value is not None}
    was = {field: getattr(found, field) for field in changes}
    for field, value in changes.items():
        setattr(found, field, value)
    result = {"tenant": tenant, **changes}
    updates = [Update(found, tuple(changes), was)] if changes else []
    return Plan(updates=updates, result=result, events=[EventDraft("tenant.updated", tenant, result)])


def suspend_tenant(context: Context, *, tenant: str, reason: str) -> Done:
    """Nothing of the tenant transacts until it is resumed; what was begun is finished."""
    found = _locked(context, tenant, TenantStatus.ACTIVE, "suspended")
    found.suspend()
    found.save(update_fields=["status"])
    flags.stop_tenant(context, found.pk, reason)
    return _told(found, "tenant.suspended", reason)


def resume_tenant(context: Context, *, tenant: str, reason: str) -> Done:
    """The tenant transacts again."""
    found = _locked(context, tenant, TenantStatus.SUSPENDED, "resumed")
    found.resume()
    found.save(update_fields=["status"])
    flags.let_tenant_go_on(context, found.pk, reason)
    return _told(found, "tenant.resumed", reason)


def close_tenant(context: Context, *, tenant: str, reason: str) -> Done:
    """End it: no wallet may be open and nothing wait for approval. Its keys are revoked, its books stay."""
    found = _locked(context, tenant, TenantStatus.ACTIVE, "closed", TenantStatus.SUSPENDED)
    test = Tenant.objects.filter(test_of=found).exclude(status=TenantStatus.CLOSED).first()
    if test:
        raise TenantNotEmpty(f"Close its test tenant {test.pk} first.", field="/tenant")
    open_wallets = Wallet.objects.filter(tenant=found, status=WalletStatus.OPEN).count()
    if open_wallets:
        raise TenantNotEmpty(f"{open_wallets} of its wallets are open; close them first.", field="/tenant")
    if ApprovalRequest.objects.filter(book__tenant_id=found.pk, status=ApprovalStatus.PENDING).exists():
        raise TenantNotEmpty(
            "Something of it waits for approval; have it approved or rejected first.", field="/tenant"
        )
    found.close()
    found.save(update_fields=["status"])
    ApiKey.objects.filter(tenant=found, revoked_at=None).update(revoked_at=context.now)
    flags.stop_tenant(context, found.pk, reason)
    return _told(found, "tenant.closed", reason)


def _locked(context: Context, tenant: str, wanted: str, what: str, *others: str) -> Tenant:
    found: Tenant = context.locked[Tenant, tenant]  # type: ignore[assignment]
    if found.status not in {wanted, *others}:
        raise TenantStatusUnfit(f"{found.name} is {found.status}, so it cannot be {what}.", field="/tenant")
    return found


def _told(tenant: Tenant, event: str, reason: str) -> Done:
    result = {"tenant": tenant.pk, "status": str(tenant.status), "reason": reason}
    return Done(result, (EventDraft(event, tenant.pk, result),))
