"""The page of a wallet: its days, what is in it now, and that it looks again by itself."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User, Wallet
from apps.accounts.tasks import watch_balances
from tests.console.browsing import NEEDS_CHROMIUM, on_page, tell, wide
from tests.console.test_doing import send
from tests.support.door import done, eur
from tests.support.tenants import World

pytestmark = pytest.mark.django_db(transaction=True)


def page_of(wallet: str) -> str:
    return f"/ops/accounts/wallet/{wallet}/"


def pay_in(wallet: str, amount: str) -> None:
    done("transfers.post_pay_in", wallet=wallet, amount=eur(amount), from_account="bank:ing")


def test_a_wallet_shows_its_days_as_its_account_does(acme: World, console: Client) -> None:
    wallet = acme.funded("10.00")
    page = console.get(page_of(wallet))
    chart = page.context["chart"]
    assert (chart["currency"], [point[1] for point in chart["points"]]) == ("EUR", ["10.00"])
    account = page.context["parts"]["available"]
    assert console.get(f"/ops/ledger/account/{account.pk}/").context["chart"] == chart
    assert b'<canvas data-points="balance-points"' in page.content
    assert b'data-live="?part=live"' in page.content
    empty = console.get(page_of(acme.wallet()))
    assert empty.context["chart"] is None
    assert b"Nothing was posted here yet" in empty.content


@pytest.mark.parametrize("span", ["90", "366", "all", "", "x", "²", "-1", "9" * 5000])
def test_a_span_is_one_of_those_that_are_offered(acme: World, console: Client, span: str) -> None:
    page = console.get(page_of(acme.funded("10.00")), {"span": span})
    assert page.status_code == 200
    assert page.context["span"] == (span if span in {"90", "366", "all"} else "366")


def test_what_moves_comes_alone_and_for_who_may_see_it(acme: World, console: Client) -> None:
    wallet = acme.funded("10.00")
    pay_in(wallet, "2.50")
    part = console.get(page_of(wallet), {"part": "live"})
    assert part.headers["Cache-Control"].count("no-store") == 1
    text = part.content.decode()
    assert "<html" not in text
    for shown in ("12.50", "+2.50", 'id="wallet-lines"', 'id="wallet-balance"', 'id="wallet-why"'):
        assert shown in text
    whole = console.get(page_of(wallet)).content.decode()
    for each in ("wallet-balance", "wallet-lines", "wallet-transfers", "wallet-why"):
        assert whole.count(f'id="{each}"') == 1
    assert Client().get(page_of(wallet), {"part": "live"}).status_code == 302
    assert console.post(page_of(wallet) + "?part=live").status_code == 403
    assert console.get(page_of("wal_01jd0000000000000000000000"), {"part": "live"}).status_code == 404


def test_transfers_out_and_in_are_merged_the_newest_first(acme: World, console: Client) -> None:
    one, other = acme.funded("100.00"), acme.wallet()
    for number in range(7):
        pay_in(one, f"1.0{number}")
        money = {"from_wallet": one, "to_wallet": other, "amount": eur(f"0.1{number}")}
        done("transfers.create_transfer", **money)
    with CaptureQueriesContext(connection) as said:
        found = console.get(page_of(one)).context["transfers"]
    assert len(found) == 10
    assert [each.pk for each in found] == sorted((each.pk for each in found), reverse=True)
    assert {each.kind for each in found} == {"pay_in", "internal"}
    asked = [query["sql"] for query in said.captured_queries if 'FROM "transfers_transfer"' in query["sql"]]
    beside = ("manual_review", "escrow_hold")  # the sidebar's count, and what is in escrow
    asked = [each for each in asked if not any(word in each for word in beside)]
    assert len(asked) == 2
    assert not any(" OR " in each for each in asked)


def test_a_wallet_that_is_low_is_marked_and_listed(acme: World, console: Client) -> None:
    wallet = acme.wallet(low_balance=eur("125.00"), name="Till")
    quiet = acme.wallet(name="Savings")
    mark = '<span class="status stop">Low</span>'

    def shown(address: str) -> str:
        return " ".join(console.get(address).content.decode().split())

    page = shown(page_of(wallet))
    assert "Low below" in page
    assert "125.00" in page
    assert mark not in page
    watch_balances()
    for address in (page_of(wallet), page_of(wallet) + "?part=live", "/ops/accounts/wallet/?low=yes"):
        assert shown(address).count(mark) == 1, address
    listed = shown("/ops/accounts/wallet/?low=yes")
    assert page_of(wallet) in listed
    assert page_of(quiet) not in listed
    assert page_of(quiet) in shown("/ops/accounts/wallet/")
    assert "Low below" not in shown(page_of(quiet))
    assert shown("/ops/accounts/wallet/?low=no").count(page_of(wallet)) == 0


def test_an_operator_sets_what_it_should_have_by_its_form(
    acme: World, make_user: Callable[..., User]
) -> None:
    operator = Client()
    operator.force_login(make_user("operator"))
    wallet = acme.wallet()
    form = "/ops/do/accounts.update_wallet/"
    assert 'name="low_balance.amount"' in operator.get(form, {"wallet": wallet}).content.decode()

    def set_to(amount: str) -> int | None:
        given = {"wallet": wallet, "low_balance__amount": amount, "low_balance__currency": "EUR"}
        send(operator, "accounts.update_wallet", key=f"k{amount}", **given)
        return Wallet.objects.get(pk=wallet).low_balance

    assert [set_to(amount) for amount in ("125.00", "-1", "0")] == [125_00, 125_00, None]


class Watched:
    """A page of a wallet in a browser whose clock is ours."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.asked, self.wrong = page, 0, []  # type: ignore[var-annotated]
        page.clock.install()
        page.on("request", lambda request: self._count(request.url))
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda message: tell(page, message, self.wrong))
        page.goto(address)
        page.wait_for_load_state("networkidle")

    def _count(self, url: str) -> None:
        self.asked += "part=live" in url

    def after(self, seconds: int) -> None:
        """Let time pass, and what is asked for be answered."""
        self.page.clock.fast_forward(seconds * 1000)
        self._answered()

    def hide(self, hidden: bool) -> None:
        """Look at another tab, or at this one again."""
        self.page.evaluate(
            """(hidden) => {
              Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
              document.dispatchEvent(new Event("visibilitychange"));
            }""",
            hidden,
        )
        self._answered()

    def _answered(self) -> None:
        """Wait until what was asked for has come and stands; the page's own clock is stopped meanwhile."""
        while self.page.evaluate("window.asking"):
            self.page.wait_for_timeout(50)
        self.page.wait_for_timeout(300)

    def state(self) -> list[Any]:
        """How many lines there are, what the balance is, where the focus is, and how often it has asked."""
        return [
            self.page.locator("#wallet-lines tbody tr").count(),
            self.page.locator("#wallet-balance .money").first.inner_text().split()[0],
            self.page.evaluate("document.activeElement.getAttribute('href')"),
            self.asked,
        ]


@NEEDS_CHROMIUM
def test_the_statement_is_live_while_it_is_seen(acme: World, browse: Any) -> None:
    wallet = acme.funded("10.00")

    def steps(page: Any, origin: str) -> tuple[list[Any], list[str]]:
        seen = []
        watched = Watched(page, origin + page_of(wallet))
        link = page.locator("#wallet-lines a").first
        link.focus()
        href = link.get_attribute("href")
        seen.append([*watched.state(), href])
        on_page(pay_in, wallet, "2.50")
        watched.after(11)
        seen.append([*watched.state(), href])
        watched.hide(True)
        on_page(pay_in, wallet, "1.00")
        watched.after(60)
        seen.append([*watched.state(), href])
        watched.hide(False)
        seen.append([*watched.state(), href])
        seen.append(wide(page))
        return seen, [*watched.wrong, *page.evaluate("window.refused")]

    seen, wrong = browse(steps, "light", "wide")
    href = seen[0][-1]
    assert wrong == []
    assert seen == [
        [1, "10.00", href, 0, href],
        [2, "12.50", href, 1, href],
        [2, "12.50", href, 1, href],
        [3, "13.50", href, 2, href],
        False,
    ]


@NEEDS_CHROMIUM
def test_who_is_signed_out_is_told_and_nothing_is_put_into_the_page(acme: World, browse: Any) -> None:
    wallet = acme.funded("10.00")

    def steps(page: Any, origin: str) -> list[Any]:
        watched = Watched(page, origin + page_of(wallet))
        on_page(Session.objects.all().delete)
        watched.after(11)
        seen = [page.locator(".live").inner_text(), page.locator("[type=password]").count(), *watched.state()]
        watched.after(60)
        watched.hide(False)
        return [*seen, watched.asked, wide(page)]

    assert browse(steps, "dark", "narrow") == [
        "You are signed out: reload the page to sign in.",
        0,
        1,
        "10.00",
        None,
        1,
        1,
        False,
    ]
