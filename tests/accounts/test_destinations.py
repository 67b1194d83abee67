"""Where money can go: right and wrong account numbers, addresses and tokens, and what is told of the wrong ones."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts.destinations import destination_of
from apps.accounts.destinations.encodings import keccak256
from apps.accounts.destinations.schemes import is_routing_number, of_country
from apps.accounts.serializers import CreateRecipientInput
from apps.core.errors import DomainError

# Examples of the IBAN registry, and of banks' own pages.
IBANS = {
    "DE89370400440532013000": ("DE", "Commerzbank", "COBADEFFXXX"),
    "de89 3704 0044 0532 0130 00": ("DE", "Commerzbank", "COBADEFFXXX"),
    "FR1420041010050500013M02606": ("FR", "LA BANQUE POSTALE", "PSSTFRPP"),
    "GB29NWBK60161331926819": ("GB", "NATIONAL WESTMINSTER BANK PUBLIC LIMITED COMPANY", "NWBKGB2LXXX"),
    "NO9386011117947": ("NO", "Danske Bank", "DABANO22"),
    "MT84MALT011000012345MTLCAST001S": ("MT", "", ""),
    "SC18SSCB11010000000000001497USD": ("SC", "", ""),
}

WRONG_IBANS = {
    "DE88370400440532013000": "check digits 88",
    "DE89370400440523013000": "check digits 89",
    "DE8937040044053201300": "21 characters",
    "DE893704004405320130000": "23 characters",
    "US64SVBKUS6S3300958879": "US has no IBANs",
    "XX89370400440532013000": "XX has no IBANs",
    "GB29NWBK6016133192681A": "This is no IBAN",
    "DE89-3704-0044-0532-0130-00": "This is no IBAN",
    "0532013000": "This is no IBAN",
    "ES6421000418450200051333": "within its account numbers",
    "FR8420041010050500013M02607": "within its account numbers",
    "DE": "This is no IBAN",
}

# BIP 173, BIP 350, the first block, and the programs and addresses that everybody knows.
ADDRESSES = [
    ("BTC", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("BTC", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"),
    ("BTC", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"),
    ("BTC", "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3"),
    ("BTC", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"),
    ("BTC", "BC1SW50QGDZ25J"),
    ("ETH", "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"),
    ("ETH", "0xd8da6bf26964af9d7eed9e03e53415d37aa96045"),
    *((network, "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359") for network in ("ARBITRUM", "BASE", "POLYGON")),
    ("ETH", "0xDBF03B407C01E7CD3CBEA99509D93F8DDDC8C6FB"),
    ("TRON", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"),
    ("SOL", "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"),
    ("SOL", "So11111111111111111111111111111111111111112"),
    ("SUI", "0x" + "02a212de6a9dfa3a69e22387acfbafbb1a9e591bd9d636e7895dcfc8de05f331"),
]

WRONG_ADDRESSES = [
    ("BTC", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"),
    ("BTC", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN"),
    ("BTC", "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"),
    ("BTC", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"),
    ("BTC", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh"),
    ("BTC", "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4"),
    ("BTC", "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R"),
    ("BTC", "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P"),
    ("BTC", "bc1pw5dgrnzv"),
    ("BTC", "bc1gmk9yu"),
    ("BTC", "bc1"),
    ("BTC", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8f3t4"),
    ("BTC", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"),
    ("BTC", "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"),
    ("BTC", "1"),
    ("ETH", "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA9604"),
    ("ETH", "d8dA6BF26964aF9D7eEd9e03E53415D37aA96045"),
    ("ETH", "0xg8dA6BF26964aF9D7eEd9e03E53415D37aA96045"),
    ("ETH", "0x" + "0" * 40),
    ("ETH", "0xD8dA6BF26964aF9D7eEd9e03E53415D37aA96045"),
    ("POLYGON", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5D359"),
    ("TRON", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u"),
    ("TRON", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("ETH", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("SOL", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("SOL", "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5D"),
    ("SOL", "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5D0"),
    ("SOL", "1" * 32),
    ("SUI", "0x2a212de6a9dfa3a69e22387acfbafbb1a9e591bd9d636e7895dcfc8de05f331"),
    ("SUI", "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"),
]


def refusal(**details: str) -> DomainError:
    """Why there is no such destination."""
    with pytest.raises(DomainError) as error:
        destination_of(details)
    return error.value


@pytest.mark.parametrize("iban", IBANS)
def test_an_iban_says_its_country_and_its_bank(iban: str) -> None:
    found = destination_of({"iban": iban})
    compact = iban.replace(" ", "").upper()
    assert found.details == {"iban": compact}
    country, bank, bic = IBANS[iban]
    assert (found.kind, found.country) == ("bank_account", country)
    if bank:
        assert (found.bank_name, found.bic) == (bank, bic)
    assert found.display == f"{compact[:4]} … {compact[-4:]}"


@pytest.mark.parametrize(("iban", "told"), WRONG_IBANS.items())
def test_a_wrong_iban_is_told_apart_and_not_repeated(iban: str, told: str) -> None:
    error = refusal(iban=iban)
    assert (error.code, error.field) == ("INVALID_IBAN", "/iban")
    assert told in error.message
    assert len(iban) < 8 or iban not in error.message


def test_every_mistyped_character_and_every_swap_is_found() -> None:
    right = "DE89370400440532013000"
    for place in range(4, len(right)):
        wrong = right[:place] + str((int(right[place]) + 1) % 10) + right[place + 1 :]
        assert refusal(iban=wrong).code == "INVALID_IBAN"
        swapped = right[: place - 1] + right[place] + right[place - 1] + right[place + 1 :]
        if swapped != right and place > 4:
            assert refusal(iban=swapped).code == "INVALID_IBAN"


def test_an_account_number_stands_beside_its_banks_code() -> None:
    found = destination_of({"account_number": "000123456789", "bank_code": "021000021", "bic": "chasus33"})
    assert found.display == "021000021 … 6789"
    assert found.details["bic"] == found.bic == "CHASUS33"
    assert destination_of({"account_number": "12345", "bank_code": "0210"}).display == "0210 … 45"
    assert refusal(account_number="123456", bank_code="0210", bic="CHASZZ33").code == "INVALID_BIC"
    assert refusal(account_number="123456", bank_code="0210", bic="CHAS").field == "/bic"


@pytest.mark.parametrize(("network", "address"), ADDRESSES)
def test_an_address_is_of_its_network(network: str, address: str) -> None:
    found = destination_of({"network": network, "address": address})
    assert found.details["address"].lower() == address.lower()
    assert found.display.startswith(f"{network} ")
    assert address.lower() not in found.display.lower()


@pytest.mark.parametrize(("network", "address"), WRONG_ADDRESSES)
def test_a_wrong_address_is_refused(network: str, address: str) -> None:
    error = refusal(network=network, address=address)
    assert (error.code, error.field) == ("INVALID_CRYPTO_ADDRESS", "/address")
    assert len(address) < 8 or address not in error.message


# Of EIP-55 itself.
MIXED = (
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0xde709f2102306220921060314715629080e2fb77",
)


@given(st.sampled_from(MIXED), st.integers(2, 41))
def test_one_letter_in_the_other_case_is_another_address(address: str, place: int) -> None:
    for same in (address, address.lower(), "0x" + address[2:].upper()):
        assert destination_of({"network": "ETH", "address": same}).details["address"] == address
    other = address[:place] + address[place].swapcase() + address[place + 1 :]
    if other not in {address, address.lower(), "0x" + address[2:].upper()}:
        assert refusal(network="ETH", address=other).code == "INVALID_CRYPTO_ADDRESS"


@pytest.mark.parametrize(
    ("length", "digest"),
    [
        (0, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (3, "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
    ],
)
def test_keccak_is_that_of_ethereum(length: int, digest: str) -> None:
    assert keccak256(b"abc"[:length]).hex() == digest


# Routing numbers of the Federal Reserve, and of banks' own pages.
NUMBERS = {
    "US": ("021000021", "000123456789"),
    "GB": ("20-00-00", "5577 9911"),
    "CA": ("0003-00012", "1234567"),
    "AU": ("062-000", "12345678"),
    "IN": ("SBIN0001234", "12345678901"),
    "MX": ("032", "032180000118359719"),
    "BR": ("60701190", "1234-5"),
}

WRONG_NUMBERS = [
    ("US", "021000022", "123456", "bank_code"),
    ("US", "02100002", "123456", "bank_code"),
    ("US", "991000029", "123456", "bank_code"),
    ("US", "000000000", "123456", "bank_code"),
    ("US", "021000021", "123", "account_number"),
    ("GB", "20-00-0", "55779911", "bank_code"),
    ("GB", "200000", "5577991", "account_number"),
    ("AU", "06200", "12345678", "bank_code"),
    ("IN", "SBIN1001234", "12345678901", "bank_code"),
    ("MX", "032", "032180000118359718", "account_number"),
    ("MX", "014", "032180000118359719", "account_number"),
    ("CA", "12345", "1234567", "bank_code"),
]


@pytest.mark.parametrize("country", NUMBERS)
def test_a_country_writes_numbers_in_its_way(country: str) -> None:
    bank_code, number = NUMBERS[country]
    to = of_country(destination_of({"account_number": number, "bank_code": bank_code}), country)
    kept = to.details["bank_code"], to.details["account_number"]
    if country == "BR":
        assert kept == (bank_code, number)
        return
    assert kept == tuple(re.sub("[- ]", "", each) for each in (bank_code, number))
    assert to.display == f"{kept[0]} … {kept[1][-4:] if len(kept[1]) >= 8 else kept[1][-2:]}"


@pytest.mark.parametrize(("country", "bank_code", "number", "field"), WRONG_NUMBERS)
def test_a_number_that_the_country_has_not_is_refused(
    country: str, bank_code: str, number: str, field: str
) -> None:
    to = destination_of({"account_number": number, "bank_code": bank_code})
    with pytest.raises(DomainError) as error:
        of_country(to, country)
    assert error.value.code == f"INVALID_{field.upper()}"
    assert error.value.field == f"/details/{field}"
    assert number not in error.value.message


def test_every_mistyped_digit_of_a_routing_number_is_found() -> None:
    for right in ("021000021", "011401533", "322271627", "121000358"):
        assert is_routing_number(right)
        for place in range(9):
            for digit in set("0123456789") - {right[place]}:
                assert not is_routing_number(right[:place] + digit + right[place + 1 :])


def test_the_number_of_a_card_is_no_token() -> None:
    assert destination_of({"token": "tok_1PqZ8a2eZvKYlo2C"}).display == "… lo2C"
    assert destination_of({"token": "4242424242424241"}).kind == "card"
    for number in ("4242424242424242", "4242-4242-4242-4242", "378282246310005"):
        error = refusal(token=number)
        assert (error.code, error.field) == ("CARD_NUMBER_GIVEN", "/token")


@pytest.mark.parametrize(
    "details",
    [
        {},
        {"network": "BTC"},
        {"account_number": "123456"},
        {"iban": "DE89370400440532013000", "token": "tok_12345678"},
        {"iban": "DE89370400440532013000", "bic": "COBADEFFXXX"},
    ],
)
def test_details_tell_of_one_destination(details: dict[str, str]) -> None:
    assert refusal(**details).code == "DETAILS_UNCLEAR"


@pytest.mark.parametrize(
    ("details", "at"),
    [
        ({"iban": "DE88370400440532013000"}, {"iban": "INVALID_IBAN"}),
        ({"IBAN": "DE89370400440532013000"}, {"IBAN": "invalid"}),
        ({"network": "DOGE", "address": "D"}, {"network": "invalid_choice"}),
        ({"token": "short"}, {"token": "invalid"}),
        ({"account_number": "1;2", "bank_code": "x y"}, {"account_number": "invalid"}),
    ],
)
def test_an_error_stands_at_its_field(details: dict[str, Any], at: dict[str, str]) -> None:
    sent = CreateRecipientInput(data={"kind": "card", "name": "Bo", "currency": "EUR", "details": details})
    assert not sent.is_valid()
    errors: Any = sent.errors["details"]
    assert {name: reasons[0].code for name, reasons in errors.items()} == at
    sent = CreateRecipientInput(data={"kind": "card", "name": "Bo", "currency": "EUR", "details": {}})
    assert not sent.is_valid()
    assert sent.errors["details"][0].code == "DETAILS_UNCLEAR"
