"""Every code of the API and the shell commands, from the errors themselves; the console has some of its own."""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import walk_packages

import apps
from apps.api.problems import title
from apps.core.errors import all_error_codes

HEADING = """# Error codes

Every refusal is `application/problem+json` with a stable `code`. A *transient* one may succeed later with the same
idempotency key; any other needs another request. Made from the code by `script/manage api_docs`; the server shows the same
at `/v1/docs/errors`.

| code | status | transient | meaning |
| --- | --- | --- | --- |
"""


@dataclass(frozen=True, slots=True)
class Code:
    """A code and what it means."""

    code: str
    title: str
    status: int
    transient: bool
    meaning: str


def codes() -> list[Code]:
    """All codes in order."""
    _load_every_module()
    return [
        Code(code, title(error), error.http_status, error.transient, _meaning(error))
        for code, error in all_error_codes().items()
        if error.__module__.startswith("apps.") and not error.__module__.startswith("apps.console.")
    ]


def as_markdown() -> str:
    """The catalogue as docs/errors.md."""
    rows = (
        f"| `{each.code}` | {each.status} | {'yes' if each.transient else ''} | {each.meaning} |\n"
        for each in codes()
    )
    return HEADING + "".join(rows)


@cache
def _load_every_module() -> None:
    # A class is known once its module was imported, and what only a shell command imports would come and go.
    for module in walk_packages(apps.__path__, "apps."):
        if ".migrations" not in module.name:
            import_module(module.name)


def _meaning(error: type[Exception]) -> str:
    return " ".join((error.__doc__ or "").split())
