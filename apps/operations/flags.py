"""Feature flags by scope, and what they say to one command (W083-W089)."""

from collections.abc import Iterable, Mapping

from django.conf import settings

from apps.operations.errors import FlagDenied
from apps.operations.registry import Command

Flags = Mapping[tuple[str, str, str], bool]
"""(name, scope, scope id) to whether it is enabled."""


def governs(command: Command) -> bool:
    """Whether a flag has a say in this command: completions pass unless CORE_WALLET_COMPLETION_GATING is `gate`."""
    return command.flag is not None and not (
        command.completion and settings.CORE_WALLET_COMPLETION_GATING != "gate"
    )


def check(command: Command, scopes: Mapping[str, str], flags: Flags) -> None:
    """Refuse if a flag stops the command in any scope it touches.

    Under `fail_open` what is not disabled passes; under `fail_closed` some scope must also be enabled.
    """
    name = command.flag or ""
    known = {
        scope: flags[name, scope, scope_id]
        for scope, scope_id in (("everything", ""), *scopes.items())
        if (name, scope, scope_id) in flags
    }
    for scope, enabled in known.items():
        if not enabled:
            raise FlagDenied(
                f"{name} is disabled for {_words(scope, scopes)}; an operator can enable it under Flags.",
                details={"flag": name, "scope": scope, "scope_id": scopes.get(scope, "")},
            )
    if settings.CORE_WALLET_FLAG_MODE == "fail_closed" and not known:
        raise FlagDenied(
            f"{name} is not enabled for any scope of this command, and only enabled scopes may transact.",
            details={"flag": name, "scope": "none", "scope_id": ""},
        )


def names(commands: Iterable[Command]) -> list[str]:
    """The flags that a batch has to read."""
    return sorted({command.flag for command in commands if command.flag and governs(command)})


def _words(scope: str, scopes: Mapping[str, str]) -> str:
    return "everything" if scope == "everything" else f"{scope} {scopes[scope]}"
