"""Switching feature flags."""

from apps.core.errors import DomainError
from apps.operations.flags import TENANT_ACTIVE
from apps.operations.models import FeatureFlag, FlagScope
from apps.operations.plan import Context, EventDraft
from apps.operations.registry import Done


class ScopeInvalid(DomainError):
    """A scope other than everything names whom it is for."""

    code = "FLAG_SCOPE_INVALID"


def set_feature_flag(
    context: Context, *, name: str, scope: str, scope_id: str, enabled: bool, reason: str
) -> Done:
    """Enable or disable a flag for one scope. Off in any scope that a command touches is off."""
    if (scope == "everything") == bool(scope_id):
        raise ScopeInvalid(
            "Name a scope id for a tenant, currency or provider, none for everything.", field="/scope_id"
        )
    if name == TENANT_ACTIVE:
        raise ScopeInvalid("Suspend or resume the tenant, which sets this flag.", field="/name")
    _set(context, name, scope, scope_id, enabled, reason)
    result = {"name": name, "scope": scope, "scope_id": scope_id, "enabled": enabled}
    return Done(result, (EventDraft("flag.changed", name, {**result, "reason": reason}),))


def stop_tenant(context: Context, tenant: str, reason: str) -> None:
    """Nothing of a tenant transacts: for the handlers that suspend and close."""
    _set(context, TENANT_ACTIVE, FlagScope.TENANT, tenant, False, reason)


def let_tenant_go_on(context: Context, tenant: str, reason: str) -> None:
    """A tenant transacts again."""
    _set(context, TENANT_ACTIVE, FlagScope.TENANT, tenant, True, reason)


def _set(context: Context, name: str, scope: str, scope_id: str, enabled: bool, reason: str) -> None:
    FeatureFlag.objects.update_or_create(
        name=name,
        scope=scope,
        scope_id=scope_id,
        defaults={
            "enabled": enabled,
            "reason": reason,
            "changed_by": context.actor.label,
            "changed_at": context.now,
        },
    )
