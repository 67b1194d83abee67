"""Model fields for what core owns: ids, amounts in minor units and encrypted text."""

from collections.abc import Callable
from decimal import Decimal
from functools import cached_property, partial
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from apps.core import ids
from apps.core.encryption import decrypt, encrypt
from apps.core.money import LIMIT


class PrefixedIdField(models.UUIDField):  # type: ignore[type-arg]
    """A uuid column whose Python value is always the id that people see, such as `je_01jd…`.

    As a primary key it makes its own ids. A malformed id, or one of another prefix, is a ValidationError, in
    lookups too.
    """

    def __init__(self, verbose_name: str | None = None, *, prefix: str, **kwargs: Any) -> None:
        self.prefix = prefix
        self.own_default = partial(ids.new_id, prefix)
        if kwargs.get("primary_key"):
            kwargs.setdefault("default", self.own_default)
        super().__init__(verbose_name, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Name the prefix; the default follows from it."""
        name, path, args, kwargs = super().deconstruct()
        if self.default is self.own_default:
            del kwargs["default"]
        return name, path, [*args], {**kwargs, "prefix": self.prefix}

    def to_python(self, value: Any) -> str | None:
        """The id as text, checked."""
        if value is None:
            return None
        if isinstance(value, UUID):
            return ids.encode(self.prefix, value)
        self._decode(value)
        return str(value)

    def from_db_value(self, value: UUID | None, *_: Any) -> str | None:
        """The id as text."""
        return None if value is None else ids.encode(self.prefix, value)

    def get_prep_value(self, value: Any) -> Any:
        """The UUID that is stored."""
        value = super(models.UUIDField, self).get_prep_value(value)
        if value is None or isinstance(value, UUID):
            return value
        return self._decode(value)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """The UUID as the database takes it."""
        return super().get_db_prep_value(self.get_prep_value(value), connection, prepared=True)

    def formfield(self, **kwargs: Any) -> Any:
        """A plain text input; the model field checks what is typed."""
        length = len(self.prefix) + 1 + ids.LENGTH
        return super().formfield(**{"form_class": forms.CharField, "max_length": length, **kwargs})

    def _decode(self, value: Any) -> UUID:
        try:
            return ids.decode(self.prefix, value)
        except ids.InvalidId as error:
            raise ValidationError(error.message, code=error.code) from None


class MinorUnitsField(models.DecimalField):  # type: ignore[type-arg]
    """An amount in minor units: numeric(38,0) in the database, int in Python."""

    def __init__(self, verbose_name: str | None = None, **kwargs: Any) -> None:
        super().__init__(verbose_name, **{**kwargs, "max_digits": 38, "decimal_places": 0})

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Leave out the digits, which are always the same."""
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_digits"], kwargs["decimal_places"]
        return name, path, [*args], kwargs

    @cached_property
    def validators(self) -> list[Callable[[Any], None]]:
        """The range of the column; DecimalField's own validator takes no int."""
        own = super(models.DecimalField, self).validators
        return [*own, MinValueValidator(1 - LIMIT), MaxValueValidator(LIMIT - 1)]

    def to_python(self, value: Any) -> int | None:
        """The amount as int; TypeError for a float, ValidationError for what is no whole number."""
        if value is None or type(value) is int:
            return value
        if isinstance(value, float | bool):
            raise TypeError(f"{self.name} counts minor units in int, not {type(value).__name__}.")
        exact = super().to_python(value)
        if exact != exact.to_integral_value():
            raise ValidationError(f"{value} is not a whole number of minor units.", code="invalid")
        return int(exact)

    def from_db_value(self, value: Decimal | None, *_: Any) -> int | None:
        """The amount as int."""
        return None if value is None else int(value)


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """Text that the database holds encrypted. It cannot be searched: only `isnull` is a lookup."""

    def get_prep_value(self, value: Any) -> Any:
        """The token that is stored."""
        text = super().get_prep_value(value)
        return None if text is None else encrypt(text)

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        """The text."""
        return None if value is None else decrypt(value)

    def get_lookup(self, lookup_name: str) -> Any:
        """Nothing but `isnull`: the same text never has the same token twice."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None
