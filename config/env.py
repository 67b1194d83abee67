"""Typed reading of the environment. The only place that touches `os.environ` for settings."""

import os
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

SELDOM = 1_000_000
"""Uses after which a statement is prepared without having asked for it. With None, Django's own, none ever is."""


class Misconfigured(SystemExit):
    """A setting is missing or wrong; the message says which and what to do."""


def text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise Misconfigured(f"Setting {name} is missing: set it in the environment.")
    return value


def flag(name: str, default: bool) -> bool:
    value = os.environ.get(name, "")
    if value == "":
        return default
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off"}:
        return False
    raise Misconfigured(f"Setting {name}={value!r} is neither true nor false: use 1 or 0.")


def number(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    if value == "":
        return default
    if not value.lstrip("-").isdigit():
        raise Misconfigured(f"Setting {name}={value!r} is no whole number.")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def database(name: str) -> dict[str, Any]:
    """A `postgresql://user:password@host:port/name?option=value` URL as Django's database settings."""
    url = urlsplit(text(name))
    if url.scheme not in {"postgresql", "postgres"}:
        raise Misconfigured(
            f"Setting {name} must start with postgresql://: nothing but PostgreSQL holds a ledger here."
        )
    options: dict[str, Any] = dict(parse_qsl(url.query))
    # The statements are short; compiling them costs more than it saves.
    options.setdefault("options", "-c jit=off")
    options["prepare_threshold"] = SELDOM
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or options.pop("user", "")),
        "PASSWORD": unquote(url.password or options.pop("password", "")),
        "HOST": unquote(url.hostname or options.pop("host", "")),
        "PORT": str(url.port or options.pop("port", "")),
        "OPTIONS": options,
    }
