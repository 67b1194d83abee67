import json
from collections import Counter

import pytest

from apps.core.currencies import FIXTURE, CurrencyUnknown, MinorUnit, all_currencies, currency

EXPONENTS = {
    "USD": 2, "EUR": 2, "EGP": 2, "JPY": 0, "KRW": 0, "ISK": 0, "UGX": 0, "VND": 0, "XOF": 0, "UYI": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3, "CLF": 4, "UYW": 4, "MRU": 2,
    "MGA": 2, "USDC": 6, "USDT": 6, "BTC": 8, "SOL": 9, "SUI": 9, "ETH": 18,
}  # fmt: skip


@pytest.mark.parametrize(("code", "exponent"), EXPONENTS.items())
def test_exponents_are_those_of_iso_and_the_chains(code, exponent):
    assert currency(code).exponent == exponent


def test_the_egyptian_pound():
    pound = currency("EGP")
    assert (pound.numeric, pound.symbol, pound.minor_unit) == ("818", "£", MinorUnit("piastre", "piastres"))


@pytest.mark.parametrize("code", ["XAU", "XTS", "XXX", "BGN", "egp", "", None, []])
def test_what_is_no_currency_here(code):
    with pytest.raises(CurrencyUnknown) as refusal:
        currency(code)
    assert refusal.value.code == "CURRENCY_UNKNOWN"


def test_fixture_is_complete_and_in_order():
    listed = all_currencies()
    assert [each.code for each in listed] == sorted(
        {row["code"] for row in json.loads(FIXTURE.read_text("utf-8"))}
    )
    assert Counter(each.kind for each in listed) == {"fiat": 165, "crypto": 6}


@pytest.mark.parametrize("each", all_currencies(), ids=lambda each: each.code)
def test_each_is_whole(each):
    assert (each.minor_unit is None) == (each.exponent == 0)
    assert (each.numeric is None) == (each.kind == "crypto")
    assert each.numeric is None or (len(each.numeric) == 3 and each.numeric.isdigit())
    assert each.name
    assert each.symbol


def test_only_the_pound_sign_is_shared():
    shared = Counter(each.symbol for each in all_currencies())
    assert [symbol for symbol, count in shared.items() if count > 1] == ["£"]
