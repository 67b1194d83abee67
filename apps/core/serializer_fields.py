"""DRF fields for what core owns, and for what inputs of all apps have: texts, moments, networks, notes."""

import re
from base64 import b64decode, b64encode
from datetime import UTC, date, datetime
from ipaddress import ip_network
from typing import Any, NoReturn
from zoneinfo import available_timezones

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.fields import empty

from apps.core import ids
from apps.core.currencies import currency as find_currency
from apps.core.errors import DomainError
from apps.core.money import Money

PRINTABLE = re.compile(r"^[^\x00-\x1f\x7f-\x9f\ud800-\udfff]*\Z")
_SEVERAL_LINES = re.compile(r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]*\Z")
EXAMPLE = '{"amount": "12.34", "currency": "EUR"}'


class MoneyField(serializers.Field[Money, Any, dict[str, str], Any]):
    """`{"amount": "12.34", "currency": "EUR"}` to and from Money; `positive` refuses zero and less."""

    def __init__(self, *, positive: bool = False, **kwargs: Any) -> None:
        self.positive = positive
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Money:
        """The Money that was written, with each error at `amount` or `currency`."""
        if not isinstance(data, dict):
            raise serializers.ValidationError(f"Give an object such as {EXAMPLE}.", "invalid")
        currency = self._currency(data)
        money = self._money(data, currency)
        if self.positive and money.minor <= 0:
            _refuse("amount", f"The amount must be above zero, not {money}.", "INVALID_AMOUNT")
        return money

    def to_representation(self, value: Money) -> dict[str, str]:
        """The amount in digits beside its currency."""
        return {"amount": value.decimal, "currency": value.currency}

    def _currency(self, data: dict[str, Any]) -> str:
        code = data.get("currency")
        if code is None:
            _refuse("currency", "Say which currency it is, such as EUR.", "required")
        try:
            return find_currency(code).code
        except DomainError as error:
            _refuse("currency", error.message, error.code)

    def _money(self, data: dict[str, Any], currency: str) -> Money:
        amount = data.get("amount")
        if amount is None:
            _refuse("amount", "Give the amount in digits, as a string.", "required")
        if not isinstance(amount, str):
            _refuse("amount", f"Give the amount as a string, as in {EXAMPLE}.", "INVALID_AMOUNT")
        try:
            return Money.parse(amount, currency)
        except DomainError as error:
            _refuse("amount", error.message, error.code)


class CurrencyField(serializers.Field[str, Any, str, Any]):
    """The code of a currency that exists here."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("A code such as EUR or USDC."))
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        """The code, as it was written."""
        try:
            return find_currency(data).code
        except DomainError as error:
            raise serializers.ValidationError(error.message, error.code) from None

    def to_representation(self, value: str) -> str:
        """The code."""
        return value


class TextField(serializers.CharField):
    """Text without line breaks or other characters that do not print; `pattern` is what all of it must match.

    The plainly valid is accepted at once, the doubtful goes DRF's own way, which costs several times as much
    and finds the words for what is wrong.
    """

    def __init__(self, *, max_length: int, pattern: str | None = None, **kwargs: Any) -> None:
        self.pattern = re.compile(rf"^(?:{pattern})\Z", re.ASCII) if pattern else None
        super().__init__(max_length=max_length, **kwargs)
        self.validators += [RegexValidator(self.pattern or PRINTABLE)]

    def run_validation(self, data: Any = empty) -> str | None:
        """The text, without blanks around it."""
        if type(data) is str and 0 < len(data) <= (self.max_length or 0) and self._is_plain(data):
            return data
        if data is not empty and data is not None and not isinstance(data, str):
            self.fail("invalid")
        text: str | None = super().run_validation(data)
        return text

    def _is_plain(self, text: str) -> bool:
        if self.pattern:
            return self.pattern.fullmatch(text) is not None
        return text.isprintable() and not (text[0].isspace() or text[-1].isspace())


class IdField(serializers.Field[str, Any, str, Any]):
    """An id of one prefix, as text."""

    def __init__(self, prefix: str, **kwargs: Any) -> None:
        self.prefix = prefix
        kwargs.setdefault("help_text", format_lazy(_("An id that begins with {prefix}_."), prefix=prefix))
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        """The id, if it is one of ours."""
        if not isinstance(data, str):
            raise serializers.ValidationError("An id is a text.", "INVALID_ID")
        try:
            ids.decode(self.prefix, data)
        except DomainError as error:
            raise serializers.ValidationError(error.message, error.code) from None
        return str(data)

    def to_representation(self, value: str) -> str:
        """The id."""
        return value


class InstantField(serializers.DateTimeField):
    """A moment that is in every time zone a day of the calendar, in living memory or foreseeable."""

    FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("In UTC."))
        super().__init__(**kwargs)
        self.validators += [MinValueValidator(self.FIRST), MaxValueValidator(self.LAST)]


class DayField(serializers.DateField):
    """A day in living memory or foreseeable, so that days can be counted from it both ways."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators += [MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(2200, 1, 1))]


class CountryField(TextField):
    """A country by its two letters, as in ISO 3166."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("Two letters, such as DE."))
        super().__init__(max_length=2, pattern="[A-Z]{2}", **kwargs)


class TimeZoneField(serializers.ChoiceField):
    """A time zone by its name, such as Europe/Berlin."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(sorted(available_timezones()), **kwargs)


class NetworkField(serializers.CharField):
    """An address or a network, such as `203.0.113.7` or `2001:db8::/32`, to the network's own spelling."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=50, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """The network."""
        text = super().to_internal_value(data)
        try:
            return str(ip_network(text, strict=False))
        except ValueError:
            raise serializers.ValidationError(
                f"{text} is neither an address nor a network such as 203.0.113.0/24.", "invalid"
            ) from None


class MetadataField(serializers.DictField):
    """A caller's own notes: up to 50 texts of up to 500 characters, by names of up to 40."""

    MOST, LONGEST_NAME = 50, 40

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("Notes of the caller's own: texts by name."))
        super().__init__(child=serializers.CharField(max_length=500, allow_blank=True), **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        """The notes."""
        if isinstance(data, dict) and len(data) > self.MOST:
            raise serializers.ValidationError(f"At most {self.MOST} notes, not {len(data)}.", "too_many")
        for name in data if isinstance(data, dict) else ():
            if len(str(name)) > self.LONGEST_NAME:
                raise serializers.ValidationError(
                    f"A name has at most {self.LONGEST_NAME} characters.", "name_too_long"
                )
        return super().to_internal_value(data)


def _refuse(key: str, message: str, code: str) -> NoReturn:
    raise serializers.ValidationError({key: [ErrorDetail(message, code)]})


class NoteField(serializers.CharField):
    """Text of several lines; other characters that do not print are refused."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(style={"base_template": "textarea.html"}, **kwargs)
        self.validators += [RegexValidator(_SEVERAL_LINES)]

    def to_internal_value(self, data: Any) -> str:
        """The text with line feeds alone: a browser sends two characters for each."""
        return super().to_internal_value(data).replace("\r\n", "\n")


class FileField(serializers.Field[bytes, Any, str, Any]):
    """A file in base64. In a form it is a file to choose, and `names` are the fields that its name and hash go to."""

    def __init__(self, *, max_bytes: int, names: dict[str, str], **kwargs: Any) -> None:
        self.max_bytes, self.names = max_bytes, names
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> bytes:
        """The bytes."""
        if not isinstance(data, str):
            raise serializers.ValidationError("Give the file in base64.", "invalid")
        if len(data) > self.longest:
            raise serializers.ValidationError(f"The file is larger than {self.max_bytes} bytes.", "too_large")
        try:
            content = b64decode(data, validate=True)
        except ValueError:
            raise serializers.ValidationError("This is no base64.", "invalid") from None
        if not content:
            raise serializers.ValidationError("The file is empty.", "empty")
        if len(content) > self.max_bytes:
            raise serializers.ValidationError(f"The file is larger than {self.max_bytes} bytes.", "too_large")
        return content

    def to_representation(self, value: bytes) -> str:
        """Base64."""
        return b64encode(value).decode()

    @property
    def longest(self) -> int:
        """Characters of the base64 of the largest file."""
        return 4 * -(-self.max_bytes // 3)


def tell_choices(field: serializers.Field[Any, Any, Any, Any]) -> None:
    """Let a field, and those inside it, say what the choices are when they refuse what is none."""
    if isinstance(field, serializers.ChoiceField):
        named = ", ".join(map(str, field.choices)).replace("{", "{{").replace("}", "}}")
        field.error_messages["invalid_choice"] = f'"{{input}}" is none of: {named}.'
    inner = (
        field.fields.values()
        if isinstance(field, serializers.Serializer)
        else [getattr(field, "child", None)]
    )
    for each in inner:
        if isinstance(each, serializers.Field):
            tell_choices(each)
