"""Switching feature flags."""

from apps.core.errors import DomainError
from apps.operations.models import FeatureFlag
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
    result = {"name": name, "scope": scope, "scope_id": scope_id, "enabled": enabled}
    return Done(result, (EventDraft("flag.changed", name, {**result, "reason": reason}),))
