"""Who looks after a tenant."""

from apps.accounts.models import Membership, TeamRole, Tenant
from apps.operations import books


def owners_of(book: int) -> list[str]:
    """The ids of the owners of the tenant whose book it is; a test tenant's are those of the live one."""
    tenant = Tenant.objects.filter(pk=books.find(book).tenant_id).first()
    if tenant is None:
        return []
    owners = Membership.objects.filter(
        tenant=tenant.test_of_id or tenant.pk, role=TeamRole.OWNER, user__is_active=True
    )
    return sorted(str(owner) for owner in owners.values_list("user_id", flat=True))
