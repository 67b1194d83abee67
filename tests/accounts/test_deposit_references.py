"""References that people write on bank transfers: what every bank passes on, and no typo leads to another wallet."""

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts.deposit_references import grouped, ids_in, reference_of, tail_of, tails_in
from apps.accounts.models import Wallet
from apps.accounts.models.customers import WALLET_TAIL
from apps.core import ids

WALLET = "wal_01m80kv3jxe7s9q2c4zt5b6n8d"
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

wallets = st.uuids().map(lambda value: ids.encode("wal", value))


def remainder(reference: str) -> int:
    """By the rule of ISO 11649: the first four behind the rest, letters as numbers, modulo 97."""
    turned = reference[4:] + reference[:4]
    return int("".join(str(LETTERS.index(each)) for each in turned)) % 97


@given(wallets)
def test_it_is_a_creditor_reference_in_the_characters_of_sepa(wallet: str) -> None:
    reference = reference_of(wallet)
    assert (len(reference), reference[:2], remainder(reference)) == (16, "RF", 1)
    assert reference.isalnum()
    assert reference == reference.upper()


@given(wallets)
def test_it_stands_for_the_end_of_the_id_as_the_database_shows_it(wallet: str) -> None:
    assert tails_in(reference_of(wallet)) == {tail_of(wallet)} == {str(ids.decode("wal", wallet))[-16:]}


@pytest.mark.parametrize(
    "written",
    ["{}", "rent {}, thanks", "{} ", "/RFB/{}/", "xRF{}", "RF{}12"],
)
@pytest.mark.parametrize("shown", [str, str.lower, grouped, lambda text: "-".join(text)])
def test_it_is_found_whatever_stands_around_it(written: str, shown: object) -> None:
    reference = reference_of(WALLET)
    assert tail_of(WALLET) in tails_in(written.format(shown(reference)))  # type: ignore[operator]


@pytest.mark.parametrize(
    "written", [WALLET, WALLET.upper(), WALLET.replace("_", ""), WALLET.replace("_", " "), f"to {WALLET}."]
)
def test_so_is_the_id(written: str) -> None:
    assert ids_in(written) == {WALLET}


@given(wallets, st.integers(0, 15), st.sampled_from(LETTERS))
def test_a_typo_leads_to_no_other_wallet(wallet: str, place: int, letter: str) -> None:
    reference = reference_of(wallet)
    wrong = reference[:place] + letter + reference[place + 1 :]
    both_digits = letter.isdigit() == reference[place].isdigit()
    found = tails_in(wrong)
    assert found == ({tail_of(wallet)} if wrong == reference else set()) or not both_digits


@given(wallets, st.integers(4, 14))
def test_two_that_changed_places_lead_to_no_other_wallet(wallet: str, place: int) -> None:
    reference = reference_of(wallet)
    first, second = reference[place], reference[place + 1]
    wrong = reference[:place] + second + first + reference[place + 2 :]
    same_sort = first.isdigit() == second.isdigit()
    assert wrong == reference or not tails_in(wrong) or not same_sort


def test_people_read_it_in_fours() -> None:
    assert grouped("RF18ABCD1234EFGH") == "RF18 ABCD 1234 EFGH"


@pytest.mark.django_db
def test_it_is_looked_up_by_its_index() -> None:
    wanted = Wallet.objects.annotate(tail=WALLET_TAIL).filter(tail__in=[tail_of(WALLET)])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "wallet_deposit_reference_once" in wanted.explain()
