"""Refusals as RFC 9457 says them: `application/problem+json`, one shape for all."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from apps.api.errors import InternalError
from apps.core.errors import DomainError

DOCUMENTATION = "/v1/docs/errors"
CONTENT_TYPE = "application/problem+json"

_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


def problem(error: DomainError, request_id: str, *, operation: str = "") -> dict[str, Any]:
    """The refusal as JSON values. `errors` names each field that is wrong, by its pointer."""
    shown: dict[str, Any] = {
        "type": f"{DOCUMENTATION}#{error.code}",
        "title": title(type(error)),
        "status": error.http_status,
        "detail": error.message,
        "code": error.code,
        "transient": error.transient,
        "request_id": request_id,
    }
    if operation:
        shown["operation"] = operation
    if error.field:
        shown["pointer"] = error.field
    details = dict(error.details)
    fields = details.pop("fields", None)
    if isinstance(fields, dict):
        shown["errors"] = list(field_errors(fields))
    elif fields:
        shown["fields"] = fields
    if details:
        shown["details"] = details
    return shown


def title(error: type[DomainError]) -> str:
    """What kind of refusal it is, the same each time."""
    return _WORD.sub(" ", error.__name__).capitalize()


def retry_after(error: DomainError) -> int | None:
    """Seconds after which the same request may go another way; None if it never does."""
    if not error.transient:
        return None
    seconds = error.details.get("retry_after")
    return seconds if isinstance(seconds, int) else 1


def unexpected() -> InternalError:
    """What is said of a defect; what it was stands in the log, under the request's id."""
    return InternalError(
        "Something broke on our side and was logged under this request's id. With the same idempotency key, the"
        " request may be repeated."
    )


def field_errors(fields: Mapping[str, Any], path: str = "") -> Iterator[dict[str, str]]:
    """Each reason with the pointer of its field, from what validation says in nested objects and lists."""
    for name, value in fields.items():
        pointer = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
        yield from _reasons(value, path if name == "non_field_errors" else pointer)


def _reasons(value: Any, pointer: str) -> Iterator[dict[str, str]]:
    if isinstance(value, Mapping):
        if value.keys() == {"message", "code"}:
            yield {"pointer": pointer, "detail": str(value["message"]), "code": str(value["code"])}
        else:
            yield from field_errors(value, pointer)
    elif isinstance(value, list):
        for item in value:
            yield from _reasons(item, pointer)
    else:
        yield {"pointer": pointer, "detail": str(value), "code": "invalid"}
