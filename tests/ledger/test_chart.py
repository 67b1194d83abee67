"""The chart of accounts in the database: what it makes of addresses, and what may still change in it."""

from functools import partial
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from apps.ledger.chart import read_chart
from apps.ledger.models import Account, GlAccount
from apps.ledger.queries.chart import chart_drift, stored_chart
from apps.operations.models import Event, Operation
from apps.operations.run import Outcome
from tests.support.charted import ChartFile
from tests.support.door import code, done, opened, person, refused, rows, run

pytestmark = pytest.mark.usefixtures("ledger_db")


def open_at(address: str, currency: str = "EUR", **more: Any) -> Outcome:
    """Open an account of the platform's book."""
    return run("ledger.open_account", book="platform", address=address, currency=currency, **more)


def reasons() -> list[str]:
    """Why a rebuild is refused; the tables are as they were."""
    before = stored_chart()
    outcome = run("ledger.rebuild_coa")
    assert code(outcome) == "CHART_CHANGES_HISTORY", outcome
    assert stored_chart() == before
    found = list(outcome.error.details["reasons"])
    assert outcome.error.message.startswith(found[0])
    return found


class TestOpening:
    def test_follows_the_chart(self) -> None:
        assert open_at("wallet:bo:available").result["gl_code"] == "2110"
        assert open_at("wallet:bo:owed").result["side"] == "debit"
        open_at("wallet:bo:held")
        found = {
            account.address: (account.gl_code, account.side, account.names_holds)
            for account in Account.objects.all()
        }
        assert found == {
            "wallet:bo:available": ("2110", 1, False),
            "wallet:bo:owed": ("1310", -1, False),
            "wallet:bo:held": ("2120", 1, True),
        }

    def test_may_say_what_the_chart_says(self) -> None:
        assert open_at("bank:ing", gl_code="1110", side="debit", names_holds=False).accepted

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"gl_code": "1120"}, "/gl_code"),
            ({"gl_code": "7777"}, "/gl_code"),
            ({"side": "credit"}, "/side"),
            ({"names_holds": True}, "/names_holds"),
        ],
    )
    def test_may_not_contradict_it(self, given: dict[str, Any], field: str) -> None:
        outcome = open_at("bank:ing", **given)
        assert code(outcome) == "CHART_CONTRADICTED"
        assert outcome.error.field == field
        assert outcome.error.details == {"pattern": "bank:*", "gl_code": "1110", "side": "debit"}
        assert "fits the pattern bank:* and so belongs to 1110 (Cash at banks)" in outcome.error.message
        assert not Account.objects.exists()

    def test_of_an_address_that_nothing_knows_is_refused_with_what_to_do(self) -> None:
        outcome = open_at("nobody:knows:this:one")
        assert code(outcome) == "UNKNOWN_ADDRESS"
        assert "name the gl_code" in outcome.error.message
        assert "ledger.rebuild_coa" in outcome.error.message

    def test_outside_the_patterns_takes_a_gl_account(self) -> None:
        assert open_at("till", gl_code="1140").result["side"] == "debit"
        assert open_at("safe", gl_code="2210", names_holds=True).accepted
        assert dict(Account.objects.values_list("address", "names_holds")) == {"till": False, "safe": True}
        assert code(open_at("drawer", gl_code="1140", side="credit")) == "CHART_CONTRADICTED"
        assert code(open_at("drawer", gl_code="7777")) == "GL_ACCOUNT_UNKNOWN"

    def test_on_a_heading_is_refused(self) -> None:
        assert code(open_at("till", gl_code="1100")) == "GL_ACCOUNT_IS_HEADING"

    def test_in_a_currency_that_is_not_for_the_gl_account_is_refused(self) -> None:
        assert code(open_at("custody:hot", "EUR")) == "CURRENCY_NOT_ALLOWED"
        assert open_at("custody:hot", "USDC").accepted

    def test_leaves_the_key_free_when_it_is_refused(self) -> None:
        run("ledger.open_account", key="k", book="platform", address="x:y:z:z", currency="EUR")
        assert run(
            "ledger.open_account", key="k", book="platform", address="bank:ing", currency="EUR"
        ).accepted


def test_counterparts_stand_where_the_chart_puts_them() -> None:
    opened("wallet:bo:available")
    account = {"book": "platform", "account": "wallet:bo:available"}
    done("ledger.post_opening_balance", **account, amount={"amount": "5.00", "currency": "EUR"})
    done(
        "ledger.post_correction",
        **account,
        direction="credit",
        amount={"amount": "1.00", "currency": "EUR"},
        reason="too little",
        related_type="ticket",
        related_id="1",
    )
    found = Account.objects.exclude(address="wallet:bo:available").values_list("address", "gl_code", "name")
    assert sorted(found) == [
        ("equity:opening-balances", "3900", "Opening balances"),
        ("suspense:corrections", "2910", "Corrections"),
    ]


class TestRebuilding:
    def test_again_changes_nothing(self) -> None:
        result = done("ledger.rebuild_coa")
        chart = read_chart()
        nothing: dict[str, Any] = {"added": [], "changed": [], "removed": []}
        assert result == {
            "accounts": {**nothing, "unchanged": len(chart.accounts)},
            "patterns": {**nothing, "unchanged": len(chart.patterns)},
        }
        assert not Event.objects.exists()

    def test_makes_the_tables_equal_to_the_file_and_says_what_it_did(self, chart: ChartFile) -> None:
        chart.account("1110", name="Nostro accounts", currencies=["EUR", "CZK"])
        chart.account("1160", name="Vault", type="asset", parent="1100", side="credit")
        chart.pattern("vault:*", gl_code="1160", names_holds=True)
        chart.pattern("cash:*", gl_code="1160")
        for name in ("strategy:*", "strategy:*:*", "2140"):
            chart.without(name)
        assert chart_drift().size == 7
        result = done("rebuildFromSeed")
        assert result["accounts"]["added"] == ["1160"]
        assert result["accounts"]["changed"] == ["1110"]
        assert result["accounts"]["removed"] == ["2140"]
        assert result["patterns"]["added"] == ["vault:*"]
        assert result["patterns"]["changed"] == ["cash:*"]
        assert result["patterns"]["removed"] == ["strategy:*", "strategy:*:*"]
        assert stored_chart() == read_chart(chart.path)
        assert not chart_drift()
        assert GlAccount.objects.get(pk="1110").currencies == ["CZK", "EUR"]
        assert Event.objects.get().type == "chart.rebuilt"

    def test_fills_empty_tables(self, chart: ChartFile) -> None:
        rows("DELETE FROM ledger_addresspattern RETURNING 1")
        rows("DELETE FROM ledger_glaccount RETURNING 1")
        assert code(open_at("bank:ing")) == "UNKNOWN_ADDRESS"
        assert done("ledger.rebuild_coa")["accounts"]["unchanged"] == 0
        assert stored_chart() == read_chart()

    def test_from_a_wrong_file_is_refused(self, chart: ChartFile) -> None:
        chart.account("1110", type="cash")
        outcome = run("ledger.rebuild_coa")
        assert code(outcome) == "CHART_INVALID"
        assert "(1110): the type 'cash' must be one of" in outcome.error.message

    def test_is_for_finance_and_admins(self) -> None:
        assert (
            refused("ledger.rebuild_coa", actor=person("olu@example.com", "operator"))
            == "AUTHORIZATION_FAILED"
        )
        assert done("ledger.rebuild_coa", actor=person("fin@example.com", "finance"))

    def test_works_as_the_applications_role(self, chart: ChartFile) -> None:
        chart.account("1110", name="Nostro accounts")
        with transaction.atomic():
            rows("SELECT set_config('role', 'countinghouse_app', true)")
            from apps.ledger.services.chart import load

            load(read_chart())
        assert GlAccount.objects.get(pk="1110").name == "Nostro accounts"


def retyped(chart: ChartFile) -> None:
    for entry in list(chart.content["accounts"]):
        if entry["code"].startswith("22"):
            chart.account(entry["code"], type="equity")
    chart.account("2200", parent=None)


def contra(chart: ChartFile) -> None:
    chart.account("2210", side="debit")


def limited(chart: ChartFile) -> None:
    chart.account("2210", currencies=["EUR", "USD"])


def removed(chart: ChartFile) -> None:
    for name in ("reserve:*", "reserve:*:*", "2210"):
        chart.without(name)


def moved_to_another_type(chart: ChartFile) -> None:
    chart.account("2210", parent="1000", type="asset", side="credit")


def made_a_heading(chart: ChartFile) -> None:
    chart.account("2211", name="Of merchants", type="liability", parent="2210")
    chart.pattern("reserve:*", gl_code="2211")
    chart.pattern("reserve:*:*", gl_code="2211")


def mapped_elsewhere(chart: ChartFile) -> None:
    chart.pattern("reserve:*", gl_code="2220")


def narrowed_elsewhere(chart: ChartFile) -> None:
    chart.pattern("reserve:m1", gl_code="2220")


def made_a_reserve(chart: ChartFile) -> None:
    chart.pattern("reserve:*", names_holds=True)


CHANGES = {
    retyped: ["1 account carries 2210, so its type must stay: make a new code"],
    contra: ["1 account carries 2210, so its side must stay: make a new code"],
    limited: ["1 account carries 2210, so its currencies must stay: make a new code"],
    removed: ["1 account carries 2210, so it must stay"],
    moved_to_another_type: ["1 account carries 2210, so its type must stay: make a new code"],
    made_a_heading: [
        "1 account carries 2210, so no other code can stand below it",
        "reserve:m1 stands at 2210, so the pattern reserve:* cannot put them to 2211",
    ],
    mapped_elsewhere: ["reserve:m1 stands at 2210, so the pattern reserve:* cannot put them to 2220"],
    narrowed_elsewhere: ["reserve:m1 stands at 2210, so the pattern reserve:m1 cannot put them to 2220"],
    made_a_reserve: [
        "reserve:m1 stands at 2210, so the pattern reserve:* cannot change whether they hold reserves"
    ],
}


class TestHistory:
    @pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
    def test_is_not_changed_where_accounts_stand(self, chart: ChartFile, change: Any) -> None:
        opened("reserve:m1")
        change(chart)
        assert reasons() == CHANGES[change]
        assert Operation.objects.get(command="ledger.rebuild_coa").status == "refused"

    @pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
    def test_may_be_changed_where_none_stand(self, chart: ChartFile, change: Any) -> None:
        opened("escrow:e1")
        opened("reserve", floor=None)
        if change is retyped:
            change = partial(chart.account, "2210", parent=None, type="equity")
            change()
        else:
            change(chart)
        assert done("ledger.rebuild_coa")
        assert stored_chart() == read_chart()

    def test_is_not_changed_by_names_and_order(self, chart: ChartFile) -> None:
        opened("reserve:m1")
        chart.account("2210", name="Held back from merchants", parent="2000")
        chart.pattern("reserve:m2", gl_code="2220")
        chart.without("reserve:*")
        assert done("ledger.rebuild_coa")["accounts"]["changed"] == ["2210"]
        assert Account.objects.get().gl_code == "2210"

    def test_is_not_changed_by_a_pattern_that_takes_over(self, chart: ChartFile) -> None:
        """Each pattern is replaced by a narrower and a wider one, which together put every account where it stands."""
        for address in ("revenue:fees", "revenue:fees:cards", "revenue:else"):
            opened(address, floor=None)
        chart.without("revenue:fees")
        chart.without("revenue:fees:*")
        chart.pattern("*:fees", gl_code="4100")
        chart.pattern("*:fees:*", gl_code="4100")
        assert reasons() == [
            "revenue:fees stands at 4100, so the pattern revenue:* cannot put them to 4900",
            "revenue:fees:cards stands at 4100, so the pattern revenue:*:* cannot put them to 4900",
        ]
        chart.without("revenue:*")
        chart.without("revenue:*:*")
        chart.pattern("*:else", gl_code="4900")
        assert done("ledger.rebuild_coa")["patterns"]["removed"] == [
            "revenue:*",
            "revenue:*:*",
            "revenue:fees",
            "revenue:fees:*",
        ]

    def test_is_told_with_every_reason(self, chart: ChartFile) -> None:
        opened("reserve:m1")
        opened("escrow:e1")
        contra(chart)
        chart.account("2220", side="debit")
        outcome = run("ledger.rebuild_coa")
        assert outcome.error.message.endswith("(and 1 more).")
        assert len(outcome.error.details["reasons"]) == 2


class TestSetup:
    def test_brings_the_chart_once(self, chart: ChartFile) -> None:
        chart.account("1160", name="Vault", type="asset", parent="1100")
        for _ in range(2):
            call_command("setup", "--no-demo")
        assert GlAccount.objects.filter(pk="1160").exists()
        assert Operation.objects.filter(command="ledger.rebuild_coa").count() == 1

    def test_stops_at_a_chart_that_changes_history(self, chart: ChartFile) -> None:
        opened("reserve:m1")
        mapped_elsewhere(chart)
        with pytest.raises(CommandError, match="CHART_CHANGES_HISTORY: reserve:m1"):
            call_command("setup", "--no-demo")
