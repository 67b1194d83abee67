"""The chart of accounts in the console: the tree with balances as of any date, down to the operation behind."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from apps.core import clock
from apps.ledger.models import Account, GlAccount
from tests.console.making import open_account, seal_and_project
from tests.support.charted import ChartFile
from tests.support.door import done, eur

CHART = "/ops/ledger/account/?by=gl"


def page(console: Client, address: str) -> str:
    """What a page says."""
    answer = console.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def row(text: str, name: str) -> str:
    """The table row in which this stands, without tags."""
    rows: list[str] = re.findall(r"<tr.*?</tr>", text, re.DOTALL)
    found = next(each for each in rows if f">{name}<" in each)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found)).split())


def link(text: str, name: str) -> str:
    """Where a link with this text leads."""
    found = re.search(rf'<a[^>]*href="([^"]*)"[^>]*>{re.escape(name)}</a>', text)
    assert found, name
    return unescape(found.group(1))


def test_the_tree_adds_up_on_the_normal_side(console: Client, world: dict[str, Any]) -> None:
    text = page(console, CHART)
    assert row(text, "Cash at banks") == "1110 Cash at banks Asset 1 251.00 EUR"
    assert row(text, "Assets") == "1000 Assets Asset 1 251.00 EUR"
    assert row(text, "Wallets: available") == "2110 Wallets: available Liability 2 211.00 EUR 0.00 USD"
    assert row(text, "Wallets: held") == "2120 Wallets: held Liability 1 40.00 EUR"
    assert row(text, "Customer funds") == "2100 Customer funds Liability 3 251.00 EUR 0.00 USD"
    assert (
        row(text, "FX position (credit is long)") == "1500 FX position (credit is long) Asset credit-normal"
    )
    assert "Sums to zero" in text
    assert len(re.findall(r'<tr class="[^"]*vacant', text)) == GlAccount.objects.count() - 7


def test_empty_codes_can_be_hidden(console: Client, world: dict[str, Any]) -> None:
    hidden = link(page(console, CHART), "Hide empty codes")
    text = page(console, f"/ops/ledger/account/{hidden}")
    assert "Escrow" not in text
    assert "vacant" not in text
    assert "Wallets: held" in text
    assert link(text, "Show empty codes") == "?by=gl"


def test_it_is_shown_as_of_any_day_and_instant(console: Client, world: dict[str, Any]) -> None:
    then = (clock.now() - timedelta(days=2)).date()
    assert row(page(console, f"{CHART}&on={then}"), "Cash at banks").endswith(" 100.00 EUR")
    assert row(page(console, f"{CHART}&at=2020-01-01T00:00:00"), "Cash at banks").endswith(" 0.00 EUR")
    sealed = (clock.now() + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S")
    assert row(page(console, f"{CHART}&at={sealed}"), "Cash at banks").endswith(" 250.00 EUR")
    assert "effective up to 2020-01-01" in page(console, f"{CHART}&on=2020-01-01")
    assert "Enter a valid date" in page(console, f"{CHART}&on=tomorrow")


def test_it_is_of_one_book_or_of_all(console: Client, world: dict[str, Any], platform: Any) -> None:
    from apps.operations.models import Book

    south = Book.objects.create(slug="south", name="South", created_at=clock.now())
    open_account(south, "bank:south")
    assert row(page(console, CHART), "Cash at banks") == "1110 Cash at banks Asset 2 251.00 EUR"
    assert (
        row(page(console, f"{CHART}&book={south.pk}"), "Cash at banks")
        == "1110 Cash at banks Asset 1 0.00 EUR"
    )
    assert row(page(console, f"{CHART}&book={platform.pk}"), "Cash at banks").startswith(
        "1110 Cash at banks Asset 1 251"
    )
    assert "Cash at banks" in page(console, f"{CHART}&book=nonsense")


def test_from_a_code_down_to_the_operation(console: Client, ledger_db: Any) -> None:
    done("ledger.open_account", book="platform", address="bank:ing", currency="EUR")
    done("ledger.post_opening_balance", book="platform", account="bank:ing", amount=eur("12.00"))
    seal_and_project()
    day = clock.now().date().isoformat()
    accounts = page(console, "/ops/ledger/account/" + link(page(console, f"{CHART}&on={day}"), "1110"))
    assert f"effective up to {day}" in accounts
    assert link(accounts, "Chart of accounts") == f"?on={day}&by=gl"
    account = link(accounts, "bank:ing")
    assert account == f"/ops/ledger/account/{Account.objects.get(address='bank:ing').pk}/?on={day}"
    statement = page(console, account)
    assert "Cash at banks" in statement
    entry = page(console, link(statement, "opening:bank:ing:EUR"))
    operation = page(console, link(entry, "ledger.post_opening_balance"))
    assert "ledger.post_opening_balance" in operation


def test_the_accounts_of_a_code_are_shown_as_of_then(console: Client, world: dict[str, Any]) -> None:
    then = (clock.now() - timedelta(days=2)).date()
    assert "251.00 EUR" in row(page(console, "/ops/ledger/account/?gl=1110"), "bank:ing")
    assert "100.00 EUR" in row(page(console, f"/ops/ledger/account/?gl=1110&on={then}"), "bank:ing")
    assert "0.00 EUR" in row(page(console, "/ops/ledger/account/?gl=1110&at=2020-01-01T00:00"), "bank:ing")
    searched = page(console, f"/ops/ledger/account/?q=bank&on={then}")
    assert "100.00 EUR" in row(searched, "bank:ing")
    assert f'<input type="hidden" name="on" value="{then}">' in searched


def test_patterns_are_listed_with_their_codes(console: Client, world: dict[str, Any]) -> None:
    text = page(console, "/ops/ledger/account/?by=pattern")
    assert (
        row(text, "wallet:*:held")
        == "wallet:*:held names holds 2120 Wallets: held Liability Credit names holds"
    )
    assert link(text, "2120") == "?gl=2120"


class TestDrift:
    def test_is_on_the_overview(self, console: Client, chart: ChartFile) -> None:
        assert ">0</span>" in self.notice(console)
        assert "is-good" in self.notice(console)
        chart.account("1110", name="Nostro accounts")
        chart.pattern("vault:*", gl_code="1140")
        assert "is-wait" in self.notice(console)
        assert ">2</span>" in self.notice(console)
        assert "ledger.rebuild_coa makes them equal" in self.notice(console)
        done("ledger.rebuild_coa")
        assert "is-good" in self.notice(console)

    def test_in_a_broken_file_is_told(self, console: Client, chart: ChartFile) -> None:
        chart.account("1110", type="cash")
        assert "is-stop" in self.notice(console)
        assert "the type &#x27;cash&#x27; must be one of" in self.notice(console)
        assert "Its file is wrong" in page(console, CHART)

    def test_says_what_would_be_done(self, console: Client, chart: ChartFile) -> None:
        assert "Not as in its file" not in page(console, CHART)
        chart.account("1160", name="Vault", type="asset", parent="1100")
        chart.pattern("cash:*", gl_code="1160")
        chart.without("strategy:*")
        text = " ".join(re.sub(r"<[^>]+>", "", page(console, CHART)).split())
        assert "Not as in its file" in text
        assert "fixtures/chart.json: add 1160. Change cash:*. Remove strategy:*." in text

    @staticmethod
    def notice(console: Client) -> str:
        """The notice about the chart."""
        notices = re.findall(r'<a class="notice.*?</a>', page(console, "/ops/"), re.DOTALL)
        return next(each for each in notices if "hart of accounts" in each)


@pytest.mark.tampers
def test_books_that_do_not_sum_to_zero_say_by_how_much(console: Client, world: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_balance SET balance = balance + 7 WHERE account_id = %s", [world["wallet"].pk]
        )
    text = " ".join(re.sub(r"<[^>]+>", " ", page(console, CHART)).split())
    assert "Not zero" in text
    assert "off zero by 0.07 EUR" in text


def test_a_heading_leads_to_the_accounts_of_all_codes_below_it(
    console: Client, world: dict[str, Any], platform: Any
) -> None:
    open_account(platform, "provider:stripe")
    open_account(platform, "fx:eur")
    text = page(console, CHART)
    assert link(text, "1100") == "?gl=1100"
    listed = page(console, "/ops/ledger/account/?gl=1100")
    assert "bank:ing" in listed
    assert "provider:stripe" in listed
    assert "fx:eur" not in listed
    assert "customer:1" not in listed
    everything = page(console, "/ops/ledger/account/?gl=2000")
    assert "customer:1:available" in everything
    assert "customer:1:held" in everything
    assert "bank:ing" not in everything


def test_branches_fold(console: Client, world: dict[str, Any]) -> None:
    text = page(console, f"{CHART}&empty=hidden")
    folded = page(console, "/ops/ledger/account/" + fold(text, "Customer funds"))
    assert row(folded, "2100").startswith("2100 Customer funds")
    assert "2110" not in folded
    assert "1110" in folded
    both = page(console, "/ops/ledger/account/" + fold(folded, "Assets"))
    assert "1110" not in both
    assert "2110" not in both
    again = page(console, "/ops/ledger/account/" + fold(both, "Customer funds"))
    assert "2110" in again
    assert "1110" not in again


def fold(text: str, name: str) -> str:
    """Where the fold of a heading leads."""
    found = re.search(rf'href="([^"]*)"><span class="twig"></span>{name}</a>', text)
    return unescape(found.group(1))
