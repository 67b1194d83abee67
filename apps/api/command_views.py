"""One route for each command with a path, made from its registry entry."""

import re
from functools import cache
from typing import ClassVar

from apps.api import doors
from apps.api.bodies import read_object
from apps.api.errors import ParameterInvalid
from apps.api.reading import own_operation_exists
from apps.api.view import Answer, ApiView, Asking
from apps.core.serializer_fields import FileField
from apps.operations import executor
from apps.operations.errors import InputInvalid, KeyMissing
from apps.operations.registry import Command

BODY_LIMIT = 1_000_000
"""Bytes."""

_IN_PATH = re.compile(r"{(\w+)}")


class CommandView(ApiView):
    """POST runs the command; with `?preview=true` it says what it would do."""

    command: ClassVar[Command]

    def post(self, asking: Asking, **in_path: str) -> Answer:
        """The outcome of the command."""
        command, caller, meta = self.command, asking.caller, asking.meta
        preview = _is_preview(asking)
        key = meta.get("HTTP_IDEMPOTENCY_KEY", "")
        if not key and not preview:
            raise KeyMissing(
                "Send the header Idempotency-Key: a new one for each new wish, the same one to repeat it."
            )
        data = read_object(asking.request, limit=_limit(command))
        for name in in_path.keys() & data.keys():
            raise InputInvalid(f"{name} stands in the path; leave it out of the body.", field=f"/{name}")
        data.update(in_path)
        if preview:
            return Answer(executor.preview(doors.wish(caller, command, "preview", data)))
        if "HTTP_RETRY_OF" in meta:
            asking.retry_of = _retry_of(asking, meta["HTTP_RETRY_OF"])
        return doors.answer(command, doors.run(doors.wish(caller, command, key, data)), data)


@cache
def _limit(command: Command) -> int:
    """How large a body may be: files come in it."""
    fields = command.input().fields.values()
    return BODY_LIMIT + sum(field.longest for field in fields if isinstance(field, FileField))


def routes() -> list[tuple[str, type[ApiView]]]:
    """The routes of all commands that have one."""
    return [(route(command), view_of(command)) for command in doors.commands()]


def route(command: Command) -> str:
    """The command's path as Django writes it."""
    return _IN_PATH.sub(r"<str:\1>", command.path or "")


def view_of(command: Command) -> type[CommandView]:
    """The view of one command."""
    name = "".join(part.title() for part in re.split(r"[._]", command.name))
    return type(
        name,
        (CommandView,),
        {"command": command, "post_scope": command.scope, "__doc__": str(command.summary)},
    )


def _is_preview(asking: Asking) -> bool:
    query = asking.request.GET
    unknown = query.keys() - {"preview"}
    value = query.get("preview", "false")
    if unknown or value not in ("true", "false"):
        raise ParameterInvalid(
            "A command takes one parameter: preview=true.", details={"parameters": ["preview"]}
        )
    return value == "true"


def _retry_of(asking: Asking, operation: str) -> str:
    """The refused operation that is run again; the log keeps it beside the new one."""
    if not own_operation_exists(asking.caller, operation):
        raise ParameterInvalid(
            "Retry-Of names no operation of yours.", field="/Retry-Of", details={"header": "Retry-Of"}
        )
    return operation
