"""What is asked of tenants again and again."""

from django.db.backends.signals import connection_created

from apps.accounts.models import Tenant

_tests: dict[str, bool] = {}


def is_test(tenant: str) -> bool:
    """Whether it is the test environment of another tenant, which never changes."""
    if tenant not in _tests:
        _tests[tenant] = Tenant.objects.filter(pk=tenant, test_of__isnull=False).exists()
    return _tests[tenant]


def forget(**_: object) -> None:
    """Drop what is kept: a new connection may lead to a restored database."""
    _tests.clear()


connection_created.connect(forget, dispatch_uid="forget-tenants")
