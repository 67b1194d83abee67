"""An example of each input, made from its fields."""

from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from apps.core import serializer_fields as fields

SAMPLE = "01k9zw3v5r8e2n6b4m7x0q1c9d"
"""What stands after the prefix of an id."""

TEXTS = {
    "amount": "12.30",
    "external_id": "order-1042",
    "name": "Amara Osei",
    "purpose": "Savings",
    "reason": "As agreed on the phone",
    "reference": "order-1042",
    "slug": "acme",
    "strategy": "aave-usdc",
    "website": "https://acme.example",
}


def example_of(serializer: serializers.Serializer[Any]) -> dict[str, Any]:
    """What may be sent: the fields that must be, and of the others those that say something.

    A serializer of which no field must be, but some field, has an `example` of its own.
    """
    own: dict[str, Any] | None = getattr(serializer, "example", None)
    return own or {
        name: _value(name, field)
        for name, field in serializer.fields.items()
        if field.required or (name in TEXTS and field.default in (empty, ""))
    }


def _value(name: str, field: Any) -> Any:
    if isinstance(field, fields.IdField):
        return f"{field.prefix}_{SAMPLE}"
    if isinstance(field, fields.MoneyField):
        return {"amount": "12.30", "currency": "EUR"}
    if isinstance(field, fields.CurrencyField):
        return "EUR"
    if isinstance(field, fields.NetworkField):
        return "203.0.113.0/24"
    if isinstance(field, serializers.ChoiceField):
        return next(iter(field.choices))
    if isinstance(field, serializers.ListField):
        return [_value(name, field.child)]
    if isinstance(field, serializers.Serializer):
        return example_of(field)
    return _plain(name, field)


def _plain(name: str, field: Any) -> Any:
    if isinstance(field, serializers.EmailField):
        return "ada@acme.example"
    if isinstance(field, serializers.DateTimeField):
        return "2026-11-21T12:00:00Z"
    if isinstance(field, serializers.DateField):
        return "2026-11-21"
    if isinstance(field, serializers.TimeField):
        return "09:00"
    if isinstance(field, serializers.BooleanField):
        return True
    if isinstance(field, serializers.IntegerField):
        return field.min_value or 1
    if isinstance(field, serializers.DictField | serializers.JSONField):
        return {}
    return TEXTS.get(name, "As agreed")
