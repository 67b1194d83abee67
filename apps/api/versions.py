"""Versions of the API by date. One is chosen by the header `Api-Version`; the policy stands in docs/api.md."""

from collections.abc import Mapping
from typing import Any

from apps.api.errors import VersionUnknown

CURRENT = "2026-11-21"
VERSIONS = (CURRENT,)
"""Those that are answered, oldest first."""


def chosen(meta: Mapping[str, Any]) -> str:
    """The version that a request asks for; the newest without the header."""
    version: str = meta.get("HTTP_API_VERSION", CURRENT)
    if version not in VERSIONS:
        raise VersionUnknown(
            f"There is no version of that date; these are answered: {', '.join(VERSIONS)}.",
            details={"versions": list(VERSIONS)},
        )
    return version
