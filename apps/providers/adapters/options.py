"""What a provider that makes files must say of itself in its options."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from apps.core.errors import DomainError
from apps.core.serializer_fields import CountryField, CurrencyField, TextField


class OptionsWrong(DomainError):
    """The options of a provider lack what its adapter needs, or say what it cannot use."""

    code = "PROVIDER_OPTIONS_WRONG"


class _Common(serializers.Serializer[Any]):
    calendar = TextField(max_length=20, required=False)
    play = serializers.BooleanField(default=False)
    most = serializers.IntegerField(min_value=1, max_value=10_000, default=1_000)
    answer_seconds = serializers.IntegerField(min_value=1, max_value=300, default=20)


class _Account(serializers.Serializer[Any]):
    currency = CurrencyField()
    iban = TextField(max_length=34, default="", allow_blank=True)
    account = TextField(max_length=34, default="", allow_blank=True)
    bic = TextField(max_length=11, default="", allow_blank=True)


class BankfileOptions(_Common):
    """`accounts` are ours at the bank, one a currency; payments of a currency without one are not carried."""

    name = TextField(max_length=70)
    country = CountryField(default="", allow_blank=True)
    accounts = _Account(many=True, allow_empty=False)
    sepa = serializers.ChoiceField(["03", "09"], default="09")
    swift = serializers.BooleanField(default=True)
    charges = serializers.ChoiceField(["SHAR", "DEBT", "CRED"], default="SHAR")
    batch_booking = serializers.BooleanField(default=False)


class AchOptions(_Common):
    """Numbers and names as the bank has given them; `odfi` are the first eight digits of its routing number."""

    destination = TextField(max_length=10, pattern=r"[ 0-9]?[0-9]{9}")
    destination_name = TextField(max_length=23)
    origin = TextField(max_length=10, pattern=r"[ 0-9]?[0-9]{9}")
    origin_name = TextField(max_length=23)
    company_name = TextField(max_length=16)
    company_id = TextField(max_length=10)
    odfi = TextField(max_length=8, pattern=r"[0-9]{8}")
    description = TextField(max_length=10, default="PAYOUT")
    sec = serializers.ChoiceField(["CCD", "PPD"], default="CCD")
    same_day = serializers.BooleanField(default=False)
    lead_minutes = serializers.IntegerField(min_value=0, max_value=240, default=15)
    return_days = serializers.IntegerField(min_value=1, max_value=60, default=2)


def read(kind: type[serializers.Serializer[Any]], options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with what they leave out; OptionsWrong at the first that is missing, wrong or not known."""
    asked = kind(data=dict(options))
    if not asked.is_valid():
        path, message = _first(asked.errors)
        raise OptionsWrong(message, field=f"/options{path}")
    if unknown := sorted(options.keys() - asked.fields.keys()):
        raise OptionsWrong(
            f"There is no option {unknown[0]}: {', '.join(asked.fields)}.", field=f"/options/{unknown[0]}"
        )
    return dict(asked.validated_data)


def _first(errors: Any) -> tuple[str, str]:
    """Where the first error is, and what it says."""
    items = errors.items() if isinstance(errors, Mapping) else enumerate(errors)
    for name, inner in items:
        if isinstance(inner, str):
            return "", inner
        if inner:
            path, message = _first(inner)
            return (f"/{name}{path}" if name != "non_field_errors" else path), message
    return "", "It is wrong."
