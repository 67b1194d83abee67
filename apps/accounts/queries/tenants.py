"""What is asked of tenants again and again."""

from django.db.backends.signals import connection_created

from apps.accounts.models import Tenant, TenantStatus
from apps.core.errors import DomainError
from apps.operations import isolation
from apps.operations.plan import Context


class TenantNotFound(DomainError):
    """There is no such tenant, as far as the caller may know."""

    code = "TENANT_NOT_FOUND"
    http_status = 404


class TenantUnnamed(DomainError):
    """Whoever reaches all tenants must say which one is meant."""

    code = "TENANT_REQUIRED"


class TenantStatusUnfit(DomainError):
    """The tenant's status does not allow it."""

    code = "TENANT_STATUS_UNFIT"
    http_status = 409


def tenant_of(context: Context, named: str | None, *, locked: bool = False) -> Tenant:
    """The caller's own tenant, or the one that an operator names. TenantNotFound for anybody else's.

    `locked`, its status stays what it is until the transaction ends; a batch of commands locks and fetches it once.
    """
    own = context.book.tenant_id
    if named is None and own is None:
        raise TenantUnnamed("Say which tenant it is for.", field="/tenant")
    if own is not None and named not in {None, own}:
        raise TenantNotFound(f"There is no tenant {named}.", field="/tenant")
    found = _locked(context, str(named or own)) if locked else Tenant.objects.filter(pk=named or own).first()
    if found is None:
        raise TenantNotFound(f"There is no tenant {named}.", field="/tenant")
    return found


def _locked(context: Context, tenant: str) -> Tenant | None:
    kept: Tenant | None = context.shared.get((Tenant, tenant))
    if kept is None:
        rows = Tenant.objects.select_for_update(no_key=True, of=["self"])
        kept = context.shared[Tenant, tenant] = rows.filter(pk=tenant).first()
    return kept


def active_tenant_of(context: Context, named: str | None, what: str) -> Tenant:
    """The same, and active until the transaction ends; else TenantStatusUnfit, saying what an active one alone does."""
    return checked_active(tenant_of(context, named, locked=True), what)


def checked_active(tenant: Tenant, what: str) -> Tenant:
    """The tenant, unless it is suspended, closed, or not made yet."""
    if tenant.status != TenantStatus.ACTIVE:
        raise TenantStatusUnfit(
            f"{tenant.name} is {tenant.status}; only an active tenant {what}.", field="/tenant"
        )
    return tenant


_tests: dict[str, bool] = {}


def is_test(tenant: str) -> bool:
    """Whether it is the test environment of another tenant, which never changes."""
    kept = _tests  # if it is dropped meanwhile, what is read now goes with it
    known = kept.get(tenant)
    if known is None:
        with isolation.as_platform():  # also of another tenant, which is not the caller's to read
            known = kept[tenant] = Tenant.objects.filter(pk=tenant, test_of__isnull=False).exists()
    return known


def forget(**_: object) -> None:
    """Drop what is kept: a new connection may lead to a restored database."""
    global _tests
    _tests = {}


connection_created.connect(forget, dispatch_uid="forget-tenants")
