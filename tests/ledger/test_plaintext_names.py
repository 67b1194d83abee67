"""Names in plain text: each program takes them, and no two things ever share one."""

import re
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.ledger.models import GlType
from apps.ledger.plaintext import names
from tests.support import plaintext as programs

ADDRESSES = st.from_regex(r"[A-Za-z0-9_-]{1,6}(:[A-Za-z0-9_-]{1,6}){0,3}", fullmatch=True)
CODES = st.text("ABXZabz019._-'\"% é€\n;", min_size=1, max_size=5) | st.sampled_from(
    ["1INCH", "USDC.e", "USDC", "usdc", "X.1", "TRUE", "NULL", "X", "x", "EUR"]
)
TYPES = st.sampled_from(sorted(names.ROOTS))


@settings(max_examples=500)
@given(TYPES, ADDRESSES)
def test_an_account_is_read_back(gl_type: str, address: str) -> None:
    name = names.beancount_account(gl_type, address)
    assert names.address_of_beancount(name) == (gl_type, address)
    assert re.fullmatch(r"[A-Z][a-z]+(:[A-Z0-9][A-Za-z0-9-]*)+", name)
    assert names.address_of_hledger(names.hledger_account(gl_type, address)) == (gl_type, address)


@settings(max_examples=500)
@given(CODES)
def test_a_currency_is_read_back(code: str) -> None:
    name = names.beancount_currency(code)
    assert names.currency_of_beancount(name) == code
    assert re.fullmatch(r"[A-Z]|[A-Z][A-Z0-9'._-]*[A-Z0-9]", name)
    assert name not in ("TRUE", "NULL")
    assert names.currency_of_hledger(names.hledger_currency(code)) == code


def all_texts(alphabet: str, longest: int) -> list[str]:
    texts = [""]
    for text in texts:
        if len(text) < longest:
            texts += [text + letter for letter in alphabet]
    return texts[1:]


def test_every_short_address_and_currency_has_a_name_of_its_own() -> None:
    """All that can be made of a few letters, so that no two can hide."""
    segments = all_texts("hXu_-", 6)
    assert len({names.beancount_account("asset", segment) for segment in segments}) == len(segments)
    codes = all_texts("AX2x.'", 5)
    assert len({names.beancount_currency(code) for code in codes}) == len(codes)
    assert len({names.hledger_currency(code) for code in codes}) == len(codes)


def test_names_are_those_of_the_documentation() -> None:
    assert names.beancount_account("liability", "wallet:wal_7") == "Liabilities:Wallet:Wal--7"
    assert names.beancount_account("revenue", "revenue:fx-spread") == "Income:Revenue:Fx-spread"
    assert names.beancount_account("asset", "bank:ING") == "Assets:Bank:X----ING"
    assert names.beancount_account("asset", "a-_b") == "Assets:A---hu-b"
    assert names.beancount_currency("USDC.e") == "X.USDC'2E'65"
    assert names.beancount_currency("1INCH") == "X.1INCH"
    assert names.hledger_account("liability", "wallet:wal_7") == "Liabilities:wallet:wal_7"
    assert names.hledger_currency("USDC.e") == '"USDC.e"'


def test_every_gl_type_has_a_root() -> None:
    assert set(names.ROOTS) == set(GlType.values)


def test_the_programs_take_every_currency(tmp_path: Path) -> None:
    """Codes such as the chains have, which no currency of the fixture has yet."""
    programs.needs_hledger()
    codes = ["1INCH", "USDC.e", "USDC", "TRUE", "x", "é€", 'a"b', "a b", "%22"]
    bean = "".join(f"2024-01-01 commodity {names.beancount_currency(code)}\n" for code in codes)
    bean += "2024-01-01 open Assets:A\n2024-01-01 open Assets:B\n"
    journal = "account Assets:a\naccount Assets:b\n"
    journal += "".join(f"commodity {names.hledger_currency(code)}\n" for code in codes)
    for code in codes:
        name, symbol = names.beancount_currency(code), names.hledger_currency(code)
        bean += f'2024-01-02 * "x"\n  Assets:A  1 {name}\n  Assets:B  -1 {name}\n'
        journal += f"2024-01-02 x\n  Assets:a  1 {symbol}\n  Assets:b  -1 {symbol}\n"
    expected = {
        ("asset", address, code): Decimal(number)
        for address, number in (("a", 1), ("b", -1))
        for code in codes
    }
    programs.assert_holdings(tmp_path, bean, journal, expected)


def test_the_programs_take_any_account(tmp_path: Path) -> None:
    programs.needs_hledger()
    addresses = [*all_texts("aX7_-", 3), "wallet:wal_7:held", "-:_:0:--"]
    bean, journal = "", "commodity EUR\n"
    for address in addresses:
        name, plain = names.beancount_account("equity", address), names.hledger_account("equity", address)
        bean += (
            f'2024-01-01 open {name}\n2024-01-02 * "x"\n  {name}  1 EUR\n  {name}  1 EUR\n  {name}  -2 EUR\n'
        )
        bean += f'2024-01-02 * "x"\n  {name}  1 EUR\n  Assets:Other  -1 EUR\n'
        journal += f"account {plain}\n2024-01-02 x\n  {plain}  1 EUR\n  Assets:other  -1 EUR\n"
    bean += "2024-01-01 open Assets:Other\n"
    journal += "account Assets:other\n"
    expected = {("equity", address, "EUR"): Decimal(1) for address in addresses}
    expected["asset", "other", "EUR"] = Decimal(-len(addresses))
    programs.assert_holdings(tmp_path, bean, journal, expected)
