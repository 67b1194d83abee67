"""The console in a real browser: nothing leaves the origin, nothing overflows, the tree unfolds."""

from typing import Any

import pytest

from apps.accounts.models import User
from apps.core import ids
from tests.console.browsing import LOOKS, NEEDS_CHROMIUM, settled, tell
from tests.console.making import PASSWORD

pytestmark = [NEEDS_CHROMIUM, pytest.mark.django_db(transaction=True)]


def pages(world: dict[str, Any], viewer: User) -> list[str]:
    """One of every kind of page."""
    return [
        "/ops/login/?next=/ops/schedule/",
        "/ops/",
        "/ops/ledger/account/",
        "/ops/ledger/account/?by=gl",
        "/ops/ledger/account/?by=gl&on=2020-01-01",
        "/ops/ledger/account/?by=pattern",
        "/ops/ledger/account/?gl=2110&on=2020-01-01&at=2020-01-01T00:00:00",
        "/ops/ledger/account/?q=customer",
        f"/ops/ledger/account/{world['wallet'].pk}/?on=2020-01-01",
        "/ops/ledger/journalentry/",
        f"/ops/ledger/journalentry/{ids.encode('je', world['first'])}/",
        "/ops/ledger/templateversion/",
        "/ops/ledger/templateversion/commission_split/",
        "/ops/ledger/templateversion/commission_split/1/",
        "/ops/ledger/templateversion/commission_split/difference/",
        "/ops/ledger/templateversion/commission_split/entries/",
        "/ops/ledger/templateversion/commission_split/try/",
        "/ops/ledger/hold/",
        f"/ops/ledger/hold/{ids.encode('hld', world['hold'])}/",
        "/ops/finance/",
        "/ops/finance/trial_balance/?book=platform&since=2020-01-01",
        "/ops/finance/wallet_statement/?book=platform&account=customer:1",
        "/ops/finance/general_ledger/",
        "/ops/ledger/exportjob/",
        "/ops/journal-exports/",
        "/ops/finance/alm/",
        "/ops/finance/safeguarding/",
        "/ops/ledger/statementschedule/",
        "/ops/operations/book/",
        f"/ops/operations/book/{world['wallet'].book_id}/",
        "/ops/ledger/periodchange/",
        f"/ops/ledger/periodchange/{world['closing']}/",
        f"/ops/ledger/periodchange/{world['policy']}/",
        f"/ops/ledger/journalentry/{ids.encode('je', world['moved'])}/",
        "/ops/operations/operation/",
        f"/ops/operations/operation/{world['refused'].pk}/",
        "/ops/operations/approvalrequest/",
        "/ops/approvals/",
        "/ops/approvals/?whose=others",
        "/ops/approvals/?whose=decided",
        f"/ops/operations/approvalrequest/{world['request'].pk}/",
        "/ops/operations/event/",
        f"/ops/operations/event/{world['event'].pk}/",
        "/ops/operations/featureflag/",
        "/ops/accounts/user/",
        f"/ops/accounts/user/{viewer.pk}/",
        "/ops/auth/group/",
        "/ops/rates/",
        "/ops/rates/?on=2026-02-27",
        "/ops/schedule/",
        "/ops/do/",
        "/ops/do/?q=freeze",
        "/ops/do/ledger.place_hold/",
        "/ops/do/accounts.create_user/",
        "/ops/do/ledger.request_export/",
        f"/ops/do/ledger.post_correction/?account={world['wallet'].address}&again={world['refused'].pk}",
        "/ops/nowhere/",
    ]


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_no_page_leaves_the_origin_overflows_or_fails(
    browse: Any, world: dict[str, Any], viewer: User, theme: str, size: str
) -> None:
    addresses = pages(world, viewer)

    def steps(page: Any, origin: str) -> tuple[list[str], list[str], list[str], str]:
        asked: list[str] = []
        wrong: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(f"{page.url} {error}"))
        page.on("console", lambda message: tell(page, message, wrong))
        wide = []
        for address in addresses:
            page.goto(origin + address)
            settled(page)
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append(address)
            wrong.extend(f"{address} {each}" for each in page.evaluate("window.refused"))
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        local = (f"{origin}/", "data:", "blob:")
        return [url for url in asked if not url.startswith(local)], wrong, wide, paper

    left, wrong, wide, _ = browse(steps, theme, size)
    assert left == []
    assert wrong == []
    assert wide == []


@pytest.mark.parametrize(("theme", "paper"), [("light", "rgb(247, 244, 234)"), ("dark", "rgb(13, 20, 18)")])
def test_the_theme_colours_page_and_chart(browse: Any, world: dict[str, Any], theme: str, paper: str) -> None:
    def steps(page: Any, origin: str) -> tuple[str, str]:
        page.goto(f"{origin}/ops/ledger/account/{world['wallet'].pk}/")
        settled(page)
        return (
            page.evaluate("getComputedStyle(document.getElementById('main')).backgroundColor"),
            page.evaluate("Chart.getChart(document.querySelector('canvas')).data.datasets[0].borderColor"),
        )

    accent = "#17603f" if theme == "light" else "#5fd39a"
    assert browse(steps, theme, "wide") == (paper, accent)


def test_the_tree_unfolds_and_folds(browse: Any, world: dict[str, Any]) -> None:
    def steps(page: Any, origin: str) -> list[int]:
        page.goto(f"{origin}/ops/ledger/account/")
        customers = page.locator("tr.branch", has_text="customer").locator(".node").first
        counts = []
        for depth, row in ((1, customers), (2, page.locator("tr[data-depth='1'] .node").first)):
            row.click()
            page.locator(f"tr[data-depth='{depth}']").first.wait_for()
            counts.append(page.locator("tr[data-depth]").count())
        customers.click()
        return [*counts, page.locator("tr[data-depth]").count()]

    assert browse(steps, "light", "wide") == [3, 5, 2]


@pytest.mark.parametrize(("theme", "size"), [("light", "narrow"), ("dark", "wide")])
def test_trying_a_template(browse: Any, world: dict[str, Any], theme: str, size: str) -> None:
    """What is filled in at first runs, also with balances; then the text breaks and is marked, and the values stay."""

    def steps(page: Any, origin: str) -> list[str]:
        page.goto(f"{origin}/ops/ledger/templateversion/pay_in/try/")
        seen = []
        for amount in ("100.00", "99.99"):
            page.check("[value=these]")
            page.fill("[name=balance-0_amount]", amount)
            page.locator("button.run").first.click()
            page.wait_for_url("**#result")
            seen.append(page.locator("#result header h2").first.inner_text())
        page.fill("[name=text]", page.input_value("[name=text]").replace("= $source", "= $sauce"))
        page.locator("button.run").last.click()
        page.locator("#result h2", has_text="UNKNOWN_VARIABLE").wait_for()
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        keyword = page.locator(".n-keyword").first.evaluate("word => getComputedStyle(word).color")
        return [
            *seen,
            page.locator("li.at code").inner_text(),
            page.input_value("[name=var-source]"),
            str(wide),
            keyword,
        ]

    keyword = "rgb(138, 47, 92)" if theme == "light" else "rgb(242, 156, 192)"
    assert browse(steps, theme, size) == [
        "It would post",
        "MISSING_FUNDS",
        "  source = $sauce",
        "bank:ing",
        "False",
        keyword,
    ]


def test_signing_in_and_jumping_to_an_id(browse: Any, world: dict[str, Any], viewer: User) -> None:
    entry = ids.encode("je", world["first"])

    def steps(page: Any, origin: str) -> str:
        page.context.clear_cookies()
        page.goto(f"{origin}/ops/")
        page.fill("[name=username]", viewer.email)
        page.fill("[name=password]", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url(f"{origin}/ops/")
        page.keyboard.press("Control+k")
        page.locator("#search-input-command").press_sequentially(entry)
        page.locator("#command-results-list a").first.wait_for()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/{entry}/")
        return str(page.locator("#content h2").first.inner_text())

    assert browse(steps, "light", "wide") == "payin:1"


def test_fast_clicks_leave_a_branch_as_it_was_last_wanted(browse: Any, world: dict[str, Any]) -> None:
    def steps(page: Any, origin: str) -> list[int]:
        page.goto(f"{origin}/ops/ledger/account/")
        branch = page.locator("tr.branch", has_text="customer").locator(".node").first
        counts = []
        for clicks in (2, 1, 3):
            for _ in range(clicks):
                branch.dispatch_event("click")
            settled(page)
            page.wait_for_timeout(300)
            counts.append(page.locator("tr[data-depth]").count())
        return counts

    assert browse(steps, "light", "wide") == [2, 3, 2]


def test_who_is_signed_out_gets_the_sign_in_and_no_table_of_it(browse: Any, world: dict[str, Any]) -> None:
    def steps(page: Any, origin: str) -> list[Any]:
        page.goto(f"{origin}/ops/do/ledger.place_hold/")
        page.context.clear_cookies()
        page.locator("[name=account]").press_sequentially("cust")
        page.wait_for_timeout(500)
        seen = [page.locator("#field-account-list *").count(), page.url.endswith("/ledger.place_hold/")]
        return [*seen, *_signed_out_in_the_tree(page, origin)]

    assert browse(steps, "light", "wide") == [0, True, 1, True, 0]


def _signed_out_in_the_tree(page: Any, origin: str) -> list[Any]:
    page.goto(f"{origin}/ops/login/?next=/ops/ledger/account/")
    page.fill("[name=username]", "grace@example.com")
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/ops/ledger/account/")
    page.context.clear_cookies()
    page.locator("tr.branch .node").first.click()
    page.wait_for_url("**/ops/login/**")
    return [
        page.locator("[type=password]").count(),
        "under%3D" in page.url,
        page.locator("table.tree").count(),
    ]


def test_a_late_look_up_gives_way_to_a_newer_one(browse: Any, world: dict[str, Any]) -> None:
    def steps(page: Any, origin: str) -> list[str]:
        waiting: list[Any] = []

        def answer(route: Any) -> None:
            """Keep the first word's answer until the second word's has come."""
            if "q=bank" in route.request.url:
                waiting.append(route)
            else:
                route.continue_()

        page.route("**/look-up/account/**", answer)
        page.goto(f"{origin}/ops/do/ledger.place_hold/")
        page.fill("[name=account]", "bank")
        page.wait_for_timeout(400)
        page.fill("[name=account]", "customer")
        page.locator("#field-account-list option").first.wait_for(state="attached")
        for route in waiting:
            route.continue_()
        settled(page)
        page.wait_for_timeout(300)
        options = page.locator("#field-account-list option")
        return sorted({each.get_attribute("value").partition(":")[0] for each in options.all()})

    assert browse(steps, "light", "wide") == ["customer"]


@pytest.mark.parametrize(("takes", "shown"), [(True, "copied"), (False, "failed")])
def test_a_copy_says_whether_it_was_made(browse: Any, world: dict[str, Any], takes: bool, shown: str) -> None:
    """Without https there is no clipboard to write to; the old way may be refused as well."""

    def steps(page: Any, origin: str) -> str:
        page.add_init_script("Object.defineProperty(navigator, 'clipboard', { get: () => undefined })")
        page.add_init_script(f"document.execCommand = () => {str(takes).lower()}")
        page.goto(f"{origin}/ops/do/")
        page.evaluate(
            "document.getElementById('content').insertAdjacentHTML('beforeend', '<button data-copy=\"x\">Copy</button>')"
        )
        page.locator("[data-copy]").click()
        page.locator("[data-done]").wait_for()
        return str(page.locator("[data-copy]").get_attribute("data-done"))

    assert browse(steps, "light", "wide") == shown


def test_the_frame_is_used_by_the_keyboard(browse: Any, world: dict[str, Any]) -> None:
    def steps(page: Any, origin: str) -> list[Any]:
        page.goto(f"{origin}/ops/")
        seen = []
        sidebar = page.get_by_label("Sidebar").first
        for key in ("Enter", "Space"):
            sidebar.focus()
            page.keyboard.press(key)
            page.wait_for_timeout(200)
            seen.append((page.locator("#nav-sidebar").is_visible(), sidebar.get_attribute("aria-expanded")))
        page.get_by_role("button", name="Jump to any id").focus()
        page.keyboard.press("Enter")
        page.locator("#search-input-command").wait_for(state="visible")
        page.wait_for_timeout(200)
        seen.append(page.evaluate("document.activeElement.id"))
        return seen

    assert browse(steps, "light", "wide") == [
        (False, "false"),
        (True, "true"),
        "search-input-command",
    ]
