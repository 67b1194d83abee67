"""The form of a command: drawn from its serializer, read into its input, marked with what the door refused."""

import hashlib
import uuid
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from rest_framework.fields import empty

from apps.console.forms import looking
from apps.console.forms.parts import draw, read, write, written_fields
from apps.console.forms.places import MISSING, Control, Errors, Place, Values
from apps.core.errors import DomainError
from apps.core.serializer_fields import FileField
from apps.operations.registry import Command

KEY = "idempotency_key"
DO = "do"
"""The control that says which button was pressed."""


def new_key() -> str:
    """A key for one wish of an operator."""
    return f"console:{uuid.uuid4().hex}"


class Form:
    """The form of a command with what is in it."""

    def __init__(self, command: Command, values: Values | None = None, *, key: str | None = None) -> None:
        self.command = command
        self.serializer = command.input()
        self.values: Values = MultiValueDict() if values is None else values
        self.errors: Errors = {}
        self.key = new_key() if key is None else key
        self.found: dict[str, list[looking.Option]] = {}

    @classmethod
    def fresh(cls, command: Command, given: QueryDict | None = None) -> "Form":
        """A form with the defaults of the command and, before them, what an address gives by name."""
        form = cls(command)
        form.fill(
            {
                name: each.default() if callable(each.default) else each.default
                for name, each in written_fields(form.serializer).items()
                if each.default is not empty
            }
        )
        for name, values in given.lists() if given else ():
            form.values.setlist(name, [str(each) for each in values])
        return form

    @classmethod
    def posted(
        cls, command: Command, given: QueryDict, files: Mapping[str, "UploadedFile[Any]"] | None = None
    ) -> "Form":
        """A form as a browser sent it."""
        values: Values = MultiValueDict({name: list(each) for name, each in given.lists()})
        form = cls(command, values, key=given.get(KEY, ""))
        for name, each in form.uploads().items():
            values.pop(name, None)
            if files and name in files:
                form._take(name, each, files[name])
        return form

    def uploads(self) -> dict[str, FileField]:
        """The fields that are files."""
        fields = written_fields(self.serializer)
        return {name: each for name, each in fields.items() if isinstance(each, FileField)}

    def _take(self, name: str, field: FileField, file: "UploadedFile[Any]") -> None:
        """Put a chosen file into its field, with its hash and, unless it was given another, its name."""
        content = file.read(field.max_bytes + 1)
        self.values[name] = b64encode(content).decode()
        self.values[field.names["sha256"]] = hashlib.sha256(content).hexdigest()
        if not self.values.get(field.names["name"], "").strip():
            self.values[field.names["name"]] = file.name or ""

    def fill(self, data: Mapping[str, Any]) -> None:
        """Put input, as the command takes it, into the controls."""
        for name, place in self.places().items():
            if name in data:
                write(place, data[name])

    def places(self) -> dict[str, Place]:
        """The fields at their places."""
        return {
            name: Place(each, name, self.values, self.errors, secret=name in self.command.secret_fields)
            for name, each in written_fields(self.serializer).items()
        }

    def input(self) -> dict[str, Any]:
        """What the serializer is given. Text that cannot be read at all is left out, and an error of its field."""
        found = {name: read(place) for name, place in self.places().items()}
        return {name: value for name, value in found.items() if value is not MISSING}

    def mark(self, error: DomainError) -> list[str]:
        """Put a refusal beside the fields that it is about; answers what belongs to none of them."""
        fields = error.details.get("fields")
        told = _by_pointer(fields) if isinstance(fields, dict) else {}
        if error.field and not told:
            told = {error.field: [error.message]}
        for pointer, messages in told.items():
            self.errors.setdefault(pointer, []).extend(messages)
        known = {place.pointer for place in self.places().values()}
        return [
            f"{pointer}: {message}"
            for pointer, messages in told.items()
            if "/" + pointer.split("/")[1] not in known
            for message in messages
        ]

    def ask(self, error: DomainError) -> None:
        """Where a refusal tells the columns of a file and what each may be, a row for each of them."""
        headings, guessed = error.details.get("headings"), error.details.get("guessed")
        if error.field and isinstance(headings, list) and isinstance(guessed, dict):
            told = {each: guessed.get(str(each), "") for each in headings if each}
            self.fill({error.field.removeprefix("/"): told})
            for name in self.uploads():
                self.errors.setdefault(f"/{name}", []).append(
                    _("Choose the file again: a browser keeps none.")
                )

    def named(self, name: str) -> list[Control]:
        """The control of this name, if it names something that can be looked up."""
        return [each for each in self._flat(self.controls()) if each.name == name and each.look_up]

    def look_up(self, name: str) -> None:
        """Find what begins as the control of this name does."""
        for control in self.named(name):
            self.found[name] = looking.find(control.look_up, self.values.get(name) or "", self._within())

    def pick(self, name: str, value: str) -> None:
        """Take what was found."""
        self.values[name] = value

    def controls(self) -> list[Control]:
        """What the template draws."""
        controls = [draw(place) for place in self.places().values()]
        for control in self._flat(controls):
            if control.name in self.found:
                control.found = self.found[control.name]
        return controls

    def _within(self) -> dict[str, str]:
        return {name: self.values.get(name) or "" for name in ("book", "tenant")}

    def _flat(self, controls: Sequence[Control]) -> list[Control]:
        return [each for control in controls for each in (control, *self._flat(control.parts))]


def _by_pointer(told: Any, pointer: str = "") -> Errors:
    """The reasons that the serializer gave, however deep, each at the pointer of its field."""
    if isinstance(told, Mapping) and not told.keys() >= {"message", "code"}:
        parts = [(f"{pointer}/{name}", value) for name, value in told.items()]
    elif isinstance(told, list) and any(
        isinstance(each, list | Mapping) and not _is_reason(each) for each in told
    ):
        parts = [(f"{pointer}/{number}", value) for number, value in enumerate(told)]
    else:
        reasons = told if isinstance(told, list) else [told]
        return {pointer: [str(each["message"]) if _is_reason(each) else str(each) for each in reasons]}
    found: Errors = {}
    for at, value in parts:
        for where, messages in _by_pointer(value, at).items():
            found.setdefault(where, []).extend(messages)
    return found


def _is_reason(told: Any) -> bool:
    return isinstance(told, Mapping) and told.keys() == {"message", "code"}
