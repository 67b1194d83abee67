"""The forms in a real browser: filled in, previewed, sent twice, refused; with scripts and without."""

from typing import Any

import pytest

from apps.accounts.models import User
from apps.accounts.people import actor_of
from apps.ledger.models import Freeze, Hold, JournalEntry
from apps.operations.models import ApprovalRequest
from tests.console.browsing import NEEDS_CHROMIUM, STORY, settled, tell
from tests.support.door import balance, eur, moved, opened, run
from tests.support.policies import policy

pytestmark = [NEEDS_CHROMIUM, pytest.mark.django_db(transaction=True)]

FORM = "/ops/do/ledger.place_hold/?book=platform&amount.currency=EUR"


@pytest.fixture
def wallets(ledger_db: Any) -> None:
    """Amara has 1250 euros, and a reserve."""
    opened("bank:ing", side="debit", floor=None)
    opened("wallet:amara:available")
    opened("wallet:amara:held")
    moved("bank:ing", "wallet:amara:available", "1250.00")


def fill(page: Any, amount: str) -> None:
    """Fill in a hold."""
    page.fill("[name=account]", "wallet:amara:available")
    page.fill("[name=held_account]", "wallet:amara:held")
    page.fill("[name='amount.amount']", amount)
    page.fill("[name=reason]", "ticket T-1")


def watched(page: Any) -> list[str]:
    """What goes wrong on a page from now on."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"{page.url} {error}"))
    page.on("console", lambda message: tell(page, message, wrong))
    return wrong


def checked(page: Any, wrong: list[str]) -> None:
    """Note what the policy refused here, and whether the page is wider than its screen."""
    wrong.extend(page.evaluate("window.refused"))
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        wrong.append(f"{page.url} is too wide")


@pytest.mark.parametrize(("theme", "size"), STORY)
def test_an_operator_previews_runs_goes_back_and_sends_again(
    browse: Any, wallets: None, theme: str, size: str
) -> None:
    def steps(page: Any, origin: str) -> tuple[list[str], list[str]]:
        wrong, seen = watched(page), []

        def press(button: str) -> None:
            page.locator(f"footer [value={button}]").click()
            settled(page)
            checked(page, wrong)
            seen.append(page.locator(".sheet > header h2").first.inner_text())

        page.goto(origin + FORM)
        fill(page, "ten")
        press("preview")
        page.fill("[name='amount.amount']", "40.00")
        press("preview")
        press("run")
        page.go_back()
        settled(page)
        press("run")
        fill(page, "9999.00")
        press("run")
        return seen, wrong

    seen, wrong = browse(steps, theme, size)
    assert seen == [
        "INPUT_INVALID",
        "Preview: nothing was done",
        "Done",
        "Done: this is the first result, nothing happened twice",
        "INSUFFICIENT_BALANCE",
    ]
    assert wrong == []
    assert (Hold.objects.count(), balance("wallet:amara:available")) == (1, "1210.00")


def test_the_return_key_only_previews(browse: Any, wallets: None) -> None:
    def steps(page: Any, origin: str) -> str:
        page.goto(origin + FORM)
        fill(page, "40.00")
        page.press("[name=reason]", "Enter")
        settled(page)
        return str(page.locator(".sheet > header h2").first.inner_text())

    assert browse(steps, "light", "wide") == "Preview: nothing was done"
    assert not Hold.objects.exists()


def test_what_one_types_is_offered(browse: Any, wallets: None) -> None:
    def steps(page: Any, origin: str) -> list[str]:
        wrong = watched(page)
        page.goto(origin + FORM)
        page.locator("[name=account]").press_sequentially("wallet:amara:a")
        option = page.locator("#field-account-list option[value='wallet:amara:available']")
        option.wait_for(state="attached")
        checked(page, wrong)
        return wrong

    assert browse(steps, "light", "wide") == []


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_without_scripts_all_of_it_works(browse: Any, wallets: None, size: str) -> None:
    def steps(page: Any, origin: str) -> list[str]:
        seen = []
        page.goto(f"{origin}/ops/do/")
        page.get_by_role("link", name="Freeze an account").click()
        page.fill("[name=account]", "wallet:amara:a")
        page.locator("[value='find:account']").click()
        page.locator(".found button").first.click()
        seen.append(page.input_value("[name=account]"))
        page.fill("[name=book]", "platform")
        page.fill("[name=currency]", "EUR")
        page.select_option("[name=direction]", "both")
        page.fill("[name=reason]", "court order")
        page.locator("footer [value=run]").click()
        seen.append(page.locator(".sheet > header h2").first.inner_text())
        page.locator("#nav-sidebar a", has_text="Holds").click()
        page.wait_for_url("**/ops/ledger/hold/**")
        seen.append(str(page.get_by_role("button", name="Sign out").is_visible()))
        return seen

    assert browse(steps, "light", size, scripts=False) == ["wallet:amara:available", "Done", "True"]
    assert Freeze.objects.get().reason == "court order"


def test_two_people_decide_in_the_inbox(browse: Any, make_user: Any, wallets: None) -> None:
    maker = make_user("finance", email="tom@example.com")
    policy("ledger.post_correction")
    run(
        "ledger.post_correction",
        actor=actor_of(maker),
        book="platform",
        account="wallet:amara:available",
        direction="credit",
        amount=eur("12.30"),
        reason="fee charged twice",
        related_type="ticket",
        related_id="T-1",
    )

    def steps(page: Any, origin: str) -> tuple[str, list[str]]:
        wrong = watched(page)
        page.goto(f"{origin}/ops/approvals/")
        checked(page, wrong)
        page.fill(".decide [name=comment]", "Called back")
        page.get_by_role("button", name="Approve").click()
        settled(page)
        return page.locator(".sheet > header h2").first.inner_text(), wrong

    assert browse(steps, "dark", "narrow") == ("Done", [])
    assert ApprovalRequest.objects.get().status == "applied"
    assert JournalEntry.objects.filter(kind="correction").count() == 1


def test_the_frame_works_under_the_policy(browse: Any, admin: User) -> None:
    """The theme, the menus and the sidebar are Alpine's, whose expressions are read without eval."""

    def steps(page: Any, origin: str) -> tuple[list[Any], list[str]]:
        wrong, seen = watched(page), []
        page.goto(f"{origin}/ops/do/")
        page.get_by_text(admin.email).click()
        page.get_by_text("Dark", exact=True).click()
        seen.append(page.evaluate("document.documentElement.className"))
        page.reload()
        seen.append(page.evaluate("document.documentElement.className"))
        for _ in range(2):
            page.get_by_label("Sidebar").first.click()
            page.wait_for_timeout(100)
            seen.append(page.locator("#nav-sidebar").is_visible())
        page.set_viewport_size({"width": 390, "height": 844})
        page.get_by_label("Sidebar").last.click()
        page.wait_for_timeout(100)
        seen.append(page.locator("#nav-sidebar").is_visible())
        checked(page, wrong)
        return seen, wrong

    assert browse(steps, "light", "wide") == (["dark", "light", False, True, True], [])


def test_what_stands_in_a_page_does_not_run(browse: Any, admin: User) -> None:
    """The watch of these tests sees what the policy refuses: a style, a script and a handler of the page's own."""

    def steps(page: Any, origin: str) -> list[str]:
        page.goto(f"{origin}/ops/do/")
        page.evaluate(
            """() => {
              document.body.insertAdjacentHTML("beforeend", "<p style='color: red' onclick='window.ran = 1'>x</p>");
              const script = document.createElement("script");
              script.textContent = "window.ran = 1";
              document.body.append(script);
              document.body.lastElementChild.previousElementSibling.click();
            }"""
        )
        page.wait_for_timeout(200)
        ran = page.evaluate("window.ran || 0")
        return [str(ran), *sorted({each.split()[0] for each in page.evaluate("window.refused")})]

    assert browse(steps, "light", "wide") == ["0", "script-src-attr", "script-src-elem", "style-src-attr"]
