import pytest
from rest_framework.exceptions import ValidationError
from rest_framework.serializers import ModelField, ModelSerializer

from apps.core import ids
from apps.core.fields import PrefixedIdField
from apps.core.money import Money
from apps.core.serializer_fields import CurrencyField, IdField, MoneyField


def test_money_goes_in_and_out():
    field = MoneyField(positive=True)
    written = {"amount": "12.30", "currency": "EUR"}
    assert field.run_validation(written) == Money(1230, "EUR")
    assert field.to_representation(Money(1230, "EUR")) == written
    assert MoneyField().run_validation({"amount": "-1", "currency": "JPY"}) == Money(-1, "JPY")


@pytest.mark.parametrize(
    ("written", "key", "code"),
    [
        ({"amount": "12.345", "currency": "EUR"}, "amount", "INVALID_AMOUNT"),
        ({"amount": "0", "currency": "EUR"}, "amount", "INVALID_AMOUNT"),
        ({"amount": "-5", "currency": "EUR"}, "amount", "INVALID_AMOUNT"),
        ({"amount": 12, "currency": "EUR"}, "amount", "INVALID_AMOUNT"),
        ({"amount": 12.5, "currency": "EUR"}, "amount", "INVALID_AMOUNT"),
        ({"currency": "EUR"}, "amount", "required"),
        ({"amount": "12"}, "currency", "required"),
        ({"amount": "12", "currency": "XXX"}, "currency", "CURRENCY_UNKNOWN"),
        ({"amount": "12", "currency": ["EUR"]}, "currency", "CURRENCY_UNKNOWN"),
    ],
)
def test_money_errors_stand_at_their_key(written, key, code):
    with pytest.raises(ValidationError) as refusal:
        MoneyField(positive=True).run_validation(written)
    assert list(refusal.value.detail) == [key]
    assert refusal.value.detail[key][0].code == code


@pytest.mark.parametrize("written", ["12.34", 12.34, ["12.34", "EUR"], None])
def test_money_is_an_object(written):
    with pytest.raises(ValidationError):
        MoneyField().run_validation(written)


def test_currency():
    assert CurrencyField().run_validation("EGP") == "EGP"
    with pytest.raises(ValidationError) as refusal:
        CurrencyField().run_validation("egp")
    assert refusal.value.detail[0].code == "CURRENCY_UNKNOWN"


def test_model_serializers_take_ids_as_text():
    field = ModelField(model_field=PrefixedIdField(prefix="wal"))
    made = ids.new_id("wal")
    assert ModelSerializer.serializer_field_mapping[PrefixedIdField] is ModelField
    assert field.run_validation(made) == made


def test_id():
    made = ids.new_id("wal")
    assert IdField("wal").run_validation(made) == made
    with pytest.raises(ValidationError) as refusal:
        IdField("je").run_validation(made)
    assert refusal.value.detail[0].code == "INVALID_ID"
