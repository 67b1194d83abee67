"""Texts of rails: names that stay readable, references that come back as they were."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.ids import new_id
from apps.providers.formats.errors import PaymentUnwritable
from apps.providers.formats.texts import checked_reference, id_of, latin, latin_name, reference_of


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Dáel Muñiz", "Dael Muniz"),
        ("Łódź & Straße", "Lodz + Strasse"),
        ("Ελλάδα", "Ellada"),
        ("Москва", "Moskva"),
        ('a_b "c" [d] e@f #1', "a-b 'c' (d) e(at)f .1"),
        ("two\nlines\t ", "two lines"),
        ("5 €", "5 EUR"),
    ],
)
def test_other_letters_are_written_in_latin_ones(text: str, written: str) -> None:
    assert latin(text) == written


@given(st.text(max_size=100))
def test_any_text_becomes_one_that_every_bank_takes(text: str) -> None:
    written = latin(text)
    assert re.fullmatch(r"[A-Za-z0-9/\-?:().,'+ ]*", written)
    assert latin(written) == written


@given(st.text(min_size=1, max_size=100))
def test_a_payee_is_never_left_out(name: str) -> None:
    if re.search("[A-Za-z0-9]", latin(name)[:70]):
        assert latin_name(name, limit=70, field="/name")
        return
    with pytest.raises(PaymentUnwritable, match="Nothing is left of the name"):
        latin_name(name, limit=70, field="/name")


def test_an_id_of_ours_goes_out_and_comes_back() -> None:
    ours = new_id("tr")
    reference = reference_of(ours)
    assert checked_reference(reference, field="/x") == reference
    assert id_of(reference) == ours
    with pytest.raises(PaymentUnwritable, match="'_' in it"):
        checked_reference(ours, field="/x")
