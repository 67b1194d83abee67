"""What holds accounts to the chart in the database, whoever writes, and however many at once."""

import json
from dataclasses import asdict
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import example, given
from hypothesis import strategies as st

from apps.ledger.chart import read_chart
from apps.ledger.models import Account
from apps.ledger.queries.chart import place_of, stored_chart
from apps.operations.models import Operation
from tests.support.charted import ChartFile
from tests.support.door import code, moved, opened, rows, run
from tests.support.threads import at_once, somebody_else, under_way, wait_until_blocked

pytestmark = pytest.mark.usefixtures("ledger_db")


def fits(address: str, pattern: str) -> bool:
    """Plainly: as many segments, and each the same or `*`."""
    ours, theirs = address.split(":"), pattern.split(":")
    return len(ours) == len(theirs) and all(p in {"*", a} for a, p in zip(ours, theirs, strict=True))


def most_specific(address: str, patterns: set[str]) -> str | None:
    """Plainly: of those that fit, the one with a fixed segment where the others first have `*`."""
    found = [pattern.split(":") for pattern in patterns if fits(address, pattern)]
    for place in range(address.count(":") + 1):
        found = [each for each in found if each[place] != "*"] or found
    assert len(found) <= 1
    return ":".join(found[0]) if found else None


NAMES = st.sampled_from(["a", "b", "a_", "ab", "A", "0", "-", "_"])
PATTERNS = st.sets(
    st.lists(NAMES | st.just("*"), min_size=1, max_size=4).map(":".join), min_size=1, max_size=12
)
ADDRESSES = st.lists(st.lists(NAMES, min_size=1, max_size=4).map(":".join), min_size=1, max_size=8)


@given(PATTERNS, ADDRESSES)
@example({"a_:*"}, ["ab:x"])
@example({"a:*"}, ["a:b:c"])
@example({"*:b", "a:*"}, ["a:b"])
def test_patterns_are_matched_as_a_plain_model_says(patterns: set[str], addresses: list[str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_addresspattern")
        cursor.execute(
            "INSERT INTO ledger_addresspattern (pattern, gl_code, names_holds) SELECT unnest(%s::text[]), '1110', false",
            [list(patterns)],
        )
        found = {address: rows("SELECT ledger_pattern_of(%s)", address)[0][0] for address in addresses}
        transaction.set_rollback(True)
    assert found == {address: most_specific(address, patterns) for address in addresses}


def attempt(statement: str) -> str:
    """Why the database refuses a statement to the owner; empty if it does not. Nothing of it stays."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
            transaction.set_rollback(True)
    except DatabaseError as error:
        return str(error)
    return ""


def insertion(address: str, currency: str, gl_code: str, side: int, names_holds: bool = False) -> str:
    """SQL that opens an account past everything."""
    return (
        "INSERT INTO ledger_account (book_id, address, currency, gl_code, side, name, names_holds, opened_at)"
        f" SELECT id, '{address}', '{currency}', '{gl_code}', {side}, '', {names_holds}, now() FROM operations_book"
    )


class TestTheDatabase:
    def test_takes_an_account_where_it_belongs(self) -> None:
        assert attempt(insertion("bank:ing", "EUR", "1110", -1)) == ""
        assert attempt(insertion("till", "EUR", "1110", -1)) == ""
        assert attempt(insertion("wallet:a:held", "EUR", "2120", 1, True)) == ""

    @pytest.mark.parametrize(
        ("given", "why"),
        [
            (("till", "EUR", "1110", 1), "account_of_gl_account"),
            (("till", "EUR", "7777", 1), "account_of_gl_account"),
            (("till", "EUR", "1100", -1), "LEDGER_CHART"),
            (("till", "EUR", "1150", -1), "LEDGER_CHART"),
            (("bank:ing", "EUR", "1120", -1), "LEDGER_CHART"),
            (("wallet:a:held", "EUR", "2120", 1, False), "LEDGER_CHART"),
            (("wallet:a:available", "EUR", "2110", 1, True), "LEDGER_CHART"),
        ],
    )
    def test_refuses_an_account_that_stands_elsewhere(self, given: Any, why: str) -> None:
        assert why in attempt(insertion(*given))

    @pytest.mark.parametrize(
        ("statement", "why"),
        [
            ("UPDATE ledger_glaccount SET side = -1 WHERE code = '2210'", "LEDGER_CHART_FIXED"),
            ("UPDATE ledger_glaccount SET currencies = '{EUR}' WHERE code = '2210'", "LEDGER_CHART_FIXED"),
            (
                "UPDATE ledger_glaccount SET type = 'equity', parent_id = NULL WHERE code = '2210'",
                "LEDGER_CHART_FIXED",
            ),
            ("UPDATE ledger_glaccount SET code = '2211' WHERE code = '2210'", "LEDGER_CHART_FIXED"),
            ("UPDATE ledger_glaccount SET parent_id = '2210' WHERE code = '2220'", "LEDGER_CHART_FIXED"),
            ("DELETE FROM ledger_glaccount WHERE code = '2210'", "account_of_gl_account"),
            ("TRUNCATE ledger_glaccount CASCADE", "ledger_account refuses TRUNCATE"),
            (
                "UPDATE ledger_addresspattern SET gl_code = '2220' WHERE pattern = 'reserve:*'",
                "LEDGER_CHART_FIXED",
            ),
            (
                "UPDATE ledger_addresspattern SET names_holds = true WHERE pattern = 'reserve:*'",
                "LEDGER_CHART_FIXED",
            ),
            (
                "UPDATE ledger_addresspattern SET pattern = 'reserve:m1' WHERE pattern = 'escrow:*'",
                "LEDGER_CHART_FIXED",
            ),
            ("INSERT INTO ledger_addresspattern VALUES ('reserve:m1', false, '2220')", "LEDGER_CHART_FIXED"),
            ("DELETE FROM ledger_addresspattern WHERE pattern = 'revenue:fees'", "LEDGER_CHART_FIXED"),
            (
                "UPDATE ledger_addresspattern SET pattern = 'x' WHERE pattern = 'revenue:fees'",
                "LEDGER_CHART_FIXED",
            ),
        ],
    )
    def test_refuses_a_chart_that_puts_accounts_elsewhere(self, statement: str, why: str) -> None:
        opened("reserve:m1")
        opened("revenue:fees", floor=None)
        assert why in attempt(statement)

    @pytest.mark.parametrize(
        ("statement", "why"),
        [
            (
                "UPDATE ledger_glaccount SET type = 'equity' WHERE code = '2210'",
                "gl_account_of_its_parents_type",
            ),
            ("UPDATE ledger_glaccount SET type = 'nothing' WHERE code = '2210'", "gl_account_type_known"),
            ("UPDATE ledger_glaccount SET side = 0 WHERE code = '2210'", "gl_account_side_known"),
            (
                "UPDATE ledger_glaccount SET parent_id = '2210' WHERE code = '2200'",
                "gl_account_behind_its_parent",
            ),
            (
                "UPDATE ledger_glaccount SET parent_id = '2210' WHERE code = '2210'",
                "gl_account_behind_its_parent",
            ),
            (
                "INSERT INTO ledger_glaccount VALUES ('1a', '', 'asset', -1, '{}', NULL)",
                "gl_account_code_shape",
            ),
            ("INSERT INTO ledger_addresspattern VALUES ('a:**', false, '1110')", "address_pattern_shape"),
        ],
    )
    def test_refuses_what_is_no_chart(self, statement: str, why: str) -> None:
        assert why in attempt(statement)

    def test_lets_the_chart_of_others_alone(self) -> None:
        opened("reserve:m1")
        assert attempt("UPDATE ledger_glaccount SET side = -1 WHERE code = '2220'") == ""
        assert attempt("DELETE FROM ledger_addresspattern WHERE pattern = 'reserve:*'") == ""


class TestAtOnce:
    def test_two_rebuilds_are_one_after_the_other(self, chart: ChartFile) -> None:
        chart.account("1160", name="Vault", type="asset", parent="1100")
        for _ in range(4):
            outcomes = at_once(*[partial(run, "ledger.rebuild_coa")] * 4)
            assert [code(outcome) for outcome in outcomes] == [None] * 4
        added = [
            o.result["accounts"]["added"] for o in Operation.objects.filter(command="ledger.rebuild_coa")
        ]
        assert sorted(added) == [*[[]] * 15, ["1160"]]

    def test_a_rebuild_waits_for_an_account_that_is_being_opened(self, chart: ChartFile) -> None:
        chart.pattern("reserve:*", gl_code="2220")
        with somebody_else() as other:
            other.execute(insertion("reserve:m1", "EUR", "2210", 1).encode())
            with under_way(partial(run, "ledger.rebuild_coa")) as [asked]:
                wait_until_blocked(1)
                other.commit()
                assert code(asked.result()) == "CHART_CHANGES_HISTORY"

    def test_an_account_opened_amid_a_rebuild_stands_where_the_new_chart_puts_it(
        self, chart: ChartFile
    ) -> None:
        chart.pattern("reserve:*", gl_code="2220")
        wanted = read_chart()
        parts = [
            json.dumps([asdict(each) for each in part.values()])
            for part in (wanted.accounts, wanted.patterns)
        ]
        with somebody_else() as other:
            other.execute("SELECT ledger_set_chart(%s, %s)", parts)
            given = {"book": "platform", "address": "reserve:m1", "currency": "EUR"}
            with under_way(partial(run, "ledger.open_account", **given)) as [asked]:
                wait_until_blocked(1)
                other.commit()
                assert asked.result().result["gl_code"] == "2220"
        assert Account.objects.get().gl_code == "2220"
        assert stored_chart() == wanted

    def test_posting_goes_on_amid_a_rebuild(self) -> None:
        opened("mint", floor=None)
        opened("amara")
        with somebody_else() as other:
            other.execute("SELECT ledger_lock_chart()")
            with under_way(partial(moved, "mint", "amara", "1.00")) as [asked]:
                assert asked.result(timeout=20)
            assert place_of("bank:ing") is not None
