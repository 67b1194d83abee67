"""From the fields of a serializer to the controls of a form and back: nothing is validated here.

A control is named by the path of its field, `amount.currency`; an error finds it by its pointer, `/amount/currency`.
`values` is what the controls hold: text by name, as a browser posts it.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.datastructures import MultiValueDict
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from apps.console.forms.looking import look_up_of
from apps.console.forms.places import MISSING, Control, Field, Place, Values
from apps.core.serializer_fields import FileField, MoneyField

ON = {"on", "true"}
SEVERAL_LINES = "textarea.html"
ROWS_AT_MOST = 200


class Line:
    """A line of text, which the serializer makes into whatever it stands for."""

    widget = "line"

    def read(self, place: Place) -> Any:
        """The text without blanks around it, unless they are part of it."""
        trims = getattr(place.field, "trim_whitespace", True)
        text = place.text.strip() if trims else place.text
        return text if text else blank(place.field)

    def write(self, place: Place, data: Any) -> None:
        """Put data into the control; what is no single value cannot stand in it."""
        if data is not None and _is_single(data):
            place.values[place.name] = str(data)

    def draw(self, place: Place) -> Control:
        """The control."""
        control = self.named(place)
        control.value = "" if place.secret else place.text
        control.errors = place.errors_here(within=True)
        control.look_up = look_up_of(place.field)
        control.longest = getattr(place.field, "max_length", None)
        return control

    def named(self, place: Place) -> Control:
        """The control with its words, before anything is in it."""
        return Control(
            name=place.name,
            label=place.field.label or place.name.rpartition(".")[2],
            widget="secret" if place.secret else self.widget,
            help=place.field.help_text or "",
            required=bool(place.field.required)
            and not (place.field.allow_null or getattr(place.field, "allow_blank", False)),
        )


class Lines(Line):
    """Text of several lines."""

    widget = "text"


class Email(Line):
    """An e-mail address."""

    widget = "email"


class Number(Line):
    """A whole number."""

    widget = "number"


class Day(Line):
    """A date."""

    widget = "date"


class Instant(Line):
    """A moment in UTC, as a browser's own control has it: without its zone."""

    widget = "instant"

    def write(self, place: Place, data: Any) -> None:
        """Put a moment into the control."""
        at = _in_utc(data)
        if at:
            data = at.isoformat(timespec="milliseconds" if at.microsecond else "seconds")
        super().write(place, data)


class Choice(Line):
    """One of several values."""

    widget = "select"

    def draw(self, place: Place) -> Control:
        """The control; blank is a choice where the field may be left out."""
        control = super().draw(place)
        control.choices = choices_of(place.field)
        if not (control.required and len(control.choices) == 1):
            control.choices.insert(0, ("", _("Choose…") if control.required else _("—")))
        return control


class Decision(Choice):
    """Yes or no, where neither is taken for granted."""

    def write(self, place: Place, data: Any) -> None:
        """Put yes or no into the control."""
        super().write(place, str(data).lower() if isinstance(data, bool) else data)


class Check(Line):
    """Yes if it is ticked."""

    widget = "check"

    def read(self, place: Place) -> Any:
        """Whether it is ticked; what no browser sends goes to the serializer as it came."""
        return bool(place.text) if place.text in {"", *ON} else place.text

    def write(self, place: Place, data: Any) -> None:
        """Tick it or not."""
        if isinstance(data, str | int) and data in serializers.BooleanField.TRUE_VALUES:
            place.values[place.name] = "on"

    def draw(self, place: Place) -> Control:
        """The control, which is never required: not ticked is an answer."""
        control = super().draw(place)
        control.required, control.value = False, "on" if place.text in ON else ""
        return control


class Upload(Line):
    """A file to choose. What was chosen is never drawn again: a browser would not take it."""

    widget = "file"

    def write(self, place: Place, data: Any) -> None:
        """Nothing: a browser lets nobody choose for its user."""

    def draw(self, place: Place) -> Control:
        """The control, empty."""
        control = super().draw(place)
        control.widget, control.value = self.widget, ""
        return control


class Ticks(Line):
    """Any number of several values."""

    widget = "ticks"

    def read(self, place: Place) -> Any:
        """The values that are ticked; where a field may be left as it is, none leaves it so."""
        ticked = place.values.getlist(place.name)
        return MISSING if not ticked and place.field.allow_null else ticked

    def write(self, place: Place, data: Any) -> None:
        """Tick values."""
        place.values.setlist(place.name, [str(each) for each in _items(data) if _is_single(each)])

    def draw(self, place: Place) -> Control:
        """The controls."""
        control = super().draw(place)
        control.choices = choices_of(getattr(place.field, "child", place.field))
        control.values = place.values.getlist(place.name)
        return control


class Group(Line):
    """Fields within a field."""

    widget = "group"

    def inner(self, place: Place) -> list[Place]:
        """Its fields."""
        return [place.below(name, each) for name, each in written_fields(place.field).items()]

    def read(self, place: Place) -> Any:
        """What its fields hold, or nothing if all are blank."""
        found = {each.name.rpartition(".")[2]: read(each) for each in self.inner(place)}
        found = {name: value for name, value in found.items() if value is not MISSING}
        return found or blank(place.field)

    def write(self, place: Place, data: Any) -> None:
        """Put an object into its fields."""
        for each in self.inner(place):
            if isinstance(data, Mapping) and (key := each.name.rpartition(".")[2]) in data:
                write(each, data[key])

    def draw(self, place: Place) -> Control:
        """The controls under one name."""
        control = self.named(place)
        control.parts = [draw(each) for each in self.inner(place)]
        control.errors = place.errors_here()
        return control


class MoneyPair(Group):
    """An amount and its currency."""

    widget = "money"

    class Pair(serializers.Serializer[Any]):
        """What an amount is written as."""

        amount = serializers.CharField(label=gettext_lazy("Amount"), max_length=60)
        currency = serializers.CharField(
            label=gettext_lazy("Currency"), max_length=10, style={"look_up": "currency"}
        )

    def inner(self, place: Place) -> list[Place]:
        """Amount and currency."""
        return [place.below(name, each) for name, each in self.Pair().fields.items()]


class Rows(Line):
    """A list: a row for each item, and one to spare."""

    widget = "rows"

    def items(self, place: Place) -> list[Place]:
        """The rows that have something in them, by number."""
        prefix = f"{place.name}."
        numbers = {
            name.removeprefix(prefix).partition(".")[0] for name in place.values if name.startswith(prefix)
        }
        known = sorted({int(each) for each in numbers if each.isascii() and each.isdigit() and len(each) < 7})
        rows = [place.below(str(number), place.child) for number in known[:ROWS_AT_MOST]]
        return [row for row in rows if not _is_blank(read(row))]

    def read(self, place: Place) -> Any:
        """The items."""
        found = [read(row) for row in self.items(place)]
        return found if found or place.field.required else MISSING

    def write(self, place: Place, data: Any) -> None:
        """Put a list into rows."""
        for number, item in enumerate(_items(data)):
            write(place.below(str(number), place.child), item)

    def draw(self, place: Place) -> Control:
        """The rows, numbered as the serializer was given them, and an empty one."""
        control, items = self.named(place), [read(row) for row in self.items(place)]
        anew: Values = MultiValueDict()
        drawn = [
            Place(place.child, f"{place.name}.{number}", anew, place.errors)
            for number in range(len(items) + 1)
        ]
        for row, item in zip(drawn, items, strict=False):
            write(row, item)
        control.parts = [draw(row) for row in drawn]
        for number, part in enumerate(control.parts):
            called = f"{place.child.label} " if place.child.label else ""
            part.label, part.required = f"{called}{number + 1}", False
        control.errors = place.errors_here()
        return control


class Pairs(Line):
    """Names, each with one of several values: a row for each name. A name without a value is left out."""

    widget = "pairs"

    def read(self, place: Place) -> Any:
        """The names that have a value; a name that stands there twice is an error of the control."""
        found: dict[str, str] = {}
        for name, value in self.rows(place):
            if value and name in found:
                problem = _("%(name)s stands here twice.") % {"name": name}
                place.errors.setdefault(place.pointer, []).append(problem)
            if value:
                found[name] = value
        return found or blank(place.field)

    def write(self, place: Place, data: Any) -> None:
        """Put names with their values into rows, in place of those that are there."""
        for name in [each for each in place.values if each.startswith(f"{place.name}.")]:
            del place.values[name]
        for number, (name, value) in enumerate(data.items() if isinstance(data, Mapping) else ()):
            place.values[f"{place.name}.{number}.name"] = str(name)
            place.values[f"{place.name}.{number}.value"] = str(value)

    def rows(self, place: Place) -> list[tuple[str, str]]:
        """Each name with its value, which may be blank."""
        at = [f"{place.name}.{number}" for number in range(ROWS_AT_MOST)]
        given = [(place.values.get(f"{each}.name", ""), place.values.get(f"{each}.value", "")) for each in at]
        return [(name.strip(), value) for name, value in given if name.strip() or value]

    def draw(self, place: Place) -> Control:
        """A choice for each name; without names, a line for one."""
        control = self.named(place)
        control.errors = place.errors_here(within=True)
        choices = [("", _("—")), *choices_of(place.field.child)]  # type: ignore[attr-defined]
        for number, (name, value) in enumerate(self.rows(place) or [("", "")]):
            at = f"{place.name}.{number}"
            parts = [
                Control(f"{at}.name", _("Name"), "hidden" if name else "line", value=name),
                Control(f"{at}.value", name or _("Value"), "select", value=value, choices=choices),
            ]
            control.parts.append(Control(at, name, "pair", parts=parts))
        return control


class Json(Line):
    """An object of any shape, as JSON."""

    widget = "json"

    def read(self, place: Place) -> Any:
        """The object; text that is no JSON is an error of the control."""
        text = place.text.strip()
        if not text:
            return blank(place.field)
        try:
            return json.loads(text, parse_float=str)
        except json.JSONDecodeError as error:
            problem = _("This is no JSON: %(why)s at line %(line)s, column %(column)s.") % {
                "why": error.msg,
                "line": error.lineno,
                "column": error.colno,
            }
        except (RecursionError, ValueError):
            problem = _("This is no JSON that can be read.")
        place.errors.setdefault(place.pointer, []).append(problem)
        return MISSING

    def write(self, place: Place, data: Any) -> None:
        """Put an object into the control."""
        if data:
            place.values[place.name] = json.dumps(data, indent=2, ensure_ascii=False)


_KINDS: list[tuple[type[Any], Line]] = [
    (MoneyField, MoneyPair()),
    (FileField, Upload()),
    (serializers.Serializer, Group()),
    (serializers.MultipleChoiceField, Ticks()),
    (serializers.ChoiceField, Choice()),
    (serializers.ListSerializer, Rows()),
    (serializers.DictField, Json()),
    (serializers.JSONField, Json()),
    (serializers.IntegerField, Number()),
    (serializers.DateField, Day()),
    (serializers.DateTimeField, Instant()),
    (serializers.EmailField, Email()),
]


def kind_of(each: Field) -> Line:
    """How a field is drawn, read and written."""
    if isinstance(each, serializers.BooleanField):
        return Decision() if each.required or each.allow_null else Check()
    if isinstance(each, serializers.ListField):
        return Ticks() if isinstance(each.child, serializers.ChoiceField) else Rows()
    if isinstance(each, serializers.DictField) and isinstance(each.child, serializers.ChoiceField):
        return Pairs()
    if each.style.get("base_template") == SEVERAL_LINES:
        return Lines()
    return next((kind for cls, kind in _KINDS if isinstance(each, cls)), Line())


def read(place: Place) -> Any:
    """What the serializer is given for a field, MISSING if nothing."""
    return kind_of(place.field).read(place)


def write(place: Place, data: Any) -> None:
    """Put data as the serializer takes it into the controls of a field."""
    kind_of(place.field).write(place, data)


def draw(place: Place) -> Control:
    """The controls of a field."""
    return kind_of(place.field).draw(place)


def _is_blank(data: Any) -> bool:
    """Nothing, or a list within a list that has no items."""
    return data is MISSING or (isinstance(data, list) and not data)


def _is_single(data: Any) -> bool:
    return not isinstance(data, Mapping | list | tuple | set | frozenset)


def _items(data: Any) -> Iterable[Any]:
    """A list as it was stored; what is no list has no items."""
    return data if isinstance(data, list | tuple | set | frozenset) else ()


def _in_utc(data: Any) -> datetime | None:
    """A moment without its zone; None if it is none."""
    try:
        at = parse_datetime(data) if isinstance(data, str) else data
        if not isinstance(at, datetime):
            return None
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):  # such as the thirtieth of February
        return None


def written_fields(serializer: Any) -> dict[str, Field]:
    """The fields of a serializer that take input."""
    return {name: each for name, each in serializer.fields.items() if not each.read_only}


def blank(each: Field) -> Any:
    """What a field is given when its control is blank."""
    if not each.required:
        return MISSING
    if each.allow_null:
        return None
    return "" if getattr(each, "allow_blank", False) else MISSING


def choices_of(each: Field) -> list[tuple[str, str | Promise]]:
    """The values of a choice with what people call them."""
    if isinstance(each, serializers.BooleanField):
        return [("true", _("Yes")), ("false", _("No"))]
    return [(str(value), _called(value, label)) for value, label in each.choices.items()]  # type: ignore[attr-defined]


def _called(value: Any, label: Any) -> str | Promise:
    """A value that has no other name, as a word."""
    text = str(label)
    is_word = text == str(value) and text.islower() and text.replace("_", "").isalpha()
    return text.replace("_", " ").capitalize() if is_word else text
