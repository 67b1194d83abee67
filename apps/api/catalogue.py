"""Every code that the API can answer, from the errors themselves; the console has some of its own."""

from dataclasses import dataclass

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


def _meaning(error: type[Exception]) -> str:
    return " ".join((error.__doc__ or "").split())
