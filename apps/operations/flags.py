"""Feature flags by scope, and what they say to one command (W083-W089)."""

from collections.abc import Iterable, Mapping, Sequence

from django.conf import settings

from apps.operations.errors import FlagDenied, TenantSuspended
from apps.operations.registry import Command

Flags = Mapping[tuple[str, str, str], bool]
"""(name, scope, scope id) to whether it is enabled."""

Scopes = Sequence[tuple[str, str]]
"""What a command touches: scope and scope id, of a scope perhaps several."""

TENANT_ACTIVE = "tenant_active"
"""Disabled for tenants that are suspended or closed, by the commands that do so and by no other."""


def governs(command: Command) -> bool:
    """Whether a flag has a say in this command: completions pass unless CORE_WALLET_COMPLETION_GATING is `gate`."""
    return command.flag is not None and not (
        command.completion and settings.CORE_WALLET_COMPLETION_GATING != "gate"
    )


def check(command: Command, scopes: Scopes, flags: Flags) -> None:
    """Refuse if a flag stops the command in any scope it touches.

    Under `fail_open` what is not disabled passes; under `fail_closed` some scope must also be enabled.
    """
    for scope, scope_id in scopes:
        if not flags.get((TENANT_ACTIVE, scope, scope_id), True):
            raise TenantSuspended(
                f"The tenant {scope_id} does not transact; an operator can resume it.",
                details={"tenant": scope_id},
            )
    name = command.flag or ""
    known = {
        (scope, scope_id): flags[name, scope, scope_id]
        for scope, scope_id in (("everything", ""), *scopes)
        if (name, scope, scope_id) in flags
    }
    for (scope, scope_id), enabled in known.items():
        if not enabled:
            raise FlagDenied(
                f"{name} is disabled for {_words(scope, scope_id)}; an operator can enable it under Flags.",
                details={"flag": name, "scope": scope, "scope_id": scope_id},
            )
    if settings.CORE_WALLET_FLAG_MODE == "fail_closed" and not known:
        raise FlagDenied(
            f"{name} is not enabled for any scope of this command, and only enabled scopes may transact.",
            details={"flag": name, "scope": "none", "scope_id": ""},
        )


def names(commands: Iterable[Command]) -> list[str]:
    """The flags that a batch has to read."""
    found = {command.flag for command in commands if command.flag and governs(command)}
    return sorted({*found, TENANT_ACTIVE}) if found else []


def _words(scope: str, scope_id: str) -> str:
    return "everything" if scope == "everything" else f"{scope} {scope_id}"
