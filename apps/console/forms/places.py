"""Controls of a form, and the places of fields within it."""

from dataclasses import dataclass
from dataclasses import field as made
from typing import Any, Final

from django.utils.datastructures import MultiValueDict
from django.utils.functional import Promise
from rest_framework import serializers
from rest_framework.fields import empty

from apps.console.forms.looking import Option

Values = MultiValueDict[str, str]
Errors = dict[str, list[str]]
Field = serializers.Field[Any, Any, Any, Any]

MISSING: Final = empty
"""What a control that was left blank gives: the field is not in the input."""


@dataclass(slots=True)
class Control:
    """One control, or a group of them, as the templates draw it."""

    name: str
    label: str | Promise
    widget: str
    help: str | Promise = ""
    required: bool = False
    value: str = ""
    values: list[str] = made(default_factory=list)
    choices: list[tuple[str, str | Promise]] = made(default_factory=list)
    errors: list[str] = made(default_factory=list)
    parts: list["Control"] = made(default_factory=list)
    look_up: str = ""
    found: list[Option] | None = None
    longest: int | None = None

    @property
    def id(self) -> str:
        """The id of the control in its page."""
        return "field-" + self.name.replace(".", "-")

    @property
    def described_by(self) -> str:
        """The ids of its help and of what is wrong with it."""
        parts = {"help": self.help, "errors": self.errors}
        return " ".join(f"{self.id}-{name}" for name, told in parts.items() if told)

    @property
    def is_wide(self) -> bool:
        """Whether it takes the whole width of a form."""
        return self.widget in {"text", "json", "rows", "group"} or (self.longest or 0) > 200


@dataclass(slots=True)
class Place:
    """A field within a form: what it is called there, and what the form knows."""

    field: Field
    name: str
    values: Values
    errors: Errors = made(default_factory=dict)
    secret: bool = False

    @property
    def text(self) -> str:
        """What stands in its control."""
        return self.values.get(self.name) or ""

    @property
    def child(self) -> Field:
        """What a list is a list of."""
        found: Field = self.field.child  # type: ignore[attr-defined]
        return found

    @property
    def pointer(self) -> str:
        """Where an error says that it is."""
        return "/" + self.name.replace(".", "/")

    def below(self, name: str, inner: Field) -> "Place":
        """A field within this one."""
        return Place(inner, f"{self.name}.{name}" if self.name else name, self.values, self.errors)

    def errors_here(self, *, within: bool = False) -> list[str]:
        """What is wrong with it, and with what lies within it."""
        inside = f"{self.pointer}/"
        found = [self.errors.get(self.pointer, [])]
        found += [each for at, each in self.errors.items() if within and at.startswith(inside)]
        return [message for each in found for message in each]
