"""An operator's first hour in a real browser, from the sign-in to money that moved, was refused, and moved once.

With `SCREENS=docs/screens` in the environment it also keeps the pictures of what was seen on the way.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from apps.accounts.models import Wallet
from apps.ledger.models import Account, JournalEntry
from apps.operations.models import Attachment
from apps.transfers.models import Transfer
from tests.console.browsing import NEEDS_CHROMIUM, settled, tell
from tests.console.making import PASSWORD
from tests.support.tenants import has

pytestmark = [NEEDS_CHROMIUM, pytest.mark.django_db(transaction=True)]

SCREENS = os.environ.get("SCREENS")
EMAIL = "ada@countinghouse.example"
LOOKS = [("light", "wide"), ("dark", "narrow")] + [("light", "narrow"), ("dark", "wide")] * bool(SCREENS)
"""Each theme and each size, and where pictures are wanted, all of both."""
NARROW = {"transfer-done", "wallet"}
"""Of what there are also pictures of a phone."""


@dataclass
class Operator:
    """Somebody at a browser, who notes whatever goes wrong in it."""

    page: Any
    origin: str
    theme: str
    size: str
    wrong: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.wrong.append(f"{self.page.url} {error}"))
        self.page.on("console", lambda message: tell(self.page, message, self.wrong))

    def sign_in(self) -> None:
        """As everybody does, without the session that the fixture has."""
        self.page.context.clear_cookies()
        self.page.goto(f"{self.origin}/ops/")
        self.page.fill("[name=username]", EMAIL)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("button[type=submit]")
        self.page.wait_for_url(f"{self.origin}/ops/")
        self.look()

    def look(self) -> None:
        """Note what the policy refused here, and whether the page is wider than its screen."""
        settled(self.page)
        self.wrong.extend(self.page.evaluate("window.refused"))
        if self.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            self.wrong.append(f"{self.page.url} is too wide")

    def open(self, address: str) -> None:
        """Go to a page."""
        self.page.goto(self.origin + address)
        self.look()

    def follow(self, name: str) -> None:
        """Go where a button above the page leads."""
        self.page.locator(".doings").get_by_role("link", name=name, exact=True).click()
        self.look()

    def fill(self, **given: str) -> None:
        """Type into a form; two underscores stand for the dot in a name."""
        for name, value in given.items():
            control = self.page.locator(f"[name='{name.replace('__', '.')}']")
            if control.evaluate("each => each.tagName") == "SELECT":
                control.select_option(value)
            else:
                control.fill(value)

    def press(self, button: str) -> None:
        """Preview or run; the card that comes is noted."""
        self.page.locator(f"footer [value={button}]").click()
        self.look()
        self.seen.append(self.page.locator(".sheet > header h2").first.inner_text())

    def made(self, kind: str) -> str:
        """The id of what the green card says was made."""
        link = self.page.locator(f".success a[href*='/{kind}/']").first.get_attribute("href")
        return str(link).rstrip("/").rpartition("/")[2]

    def keep(self, name: str) -> None:
        """A picture of what is seen, where pictures are wanted."""
        if not SCREENS or (self.size == "narrow" and name not in NARROW):
            return
        ending = "" if self.size == "wide" else "-narrow"
        self.page.screenshot(path=Path(SCREENS) / f"{name}-{self.theme}{ending}.png")


def build(operator: Operator) -> tuple[str, str]:
    """A tenant with a customer and two wallets, of which one was paid into; the wallets' ids."""
    operator.open("/ops/accounts/tenant/")
    operator.follow("Create a tenant")
    operator.fill(name="Acme Pay", slug="acme", base_currency="EUR", country="NL")
    operator.press("run")
    tenant = operator.made("tenant")
    operator.open(f"/ops/accounts/tenant/{tenant}/")
    operator.follow("Create a customer")
    operator.fill(kind="person", name="Amara Obi", external_id="amara")
    operator.press("run")
    customer = operator.made("customer")
    wallets = []
    for name in ("spending", "savings"):
        operator.open(f"/ops/accounts/customer/{customer}/")
        operator.follow("Create a wallet")
        operator.fill(currency="EUR", name=f"Amara's {name}", external_id=name)
        operator.press("run")
        wallets.append(operator.made("wallet"))
        if name == "spending":
            pay_in(operator, wallets[0])
    operator.open(f"/ops/accounts/tenant/{tenant}/")
    operator.keep("tenant")
    return wallets[0], wallets[1]


def pay_in(operator: Operator, wallet: str) -> None:
    """Money that arrived at a bank account of the tenant's book, which is opened first."""
    operator.open("/ops/do/ledger.open_account/")
    operator.fill(book="acme", address="bank:ing", currency="EUR", name="Settlement account at ING")
    operator.press("run")
    operator.open(f"/ops/accounts/wallet/{wallet}/")
    operator.follow("Post a pay-in")
    operator.fill(amount__amount="1250.00", from_account="bank:ing", reference="salary-11")
    operator.press("run")


def transfer(operator: Operator, source: str, destination: str) -> None:
    """Move money: refused for lack of funds, then previewed, run, and sent a second time."""
    operator.open(f"/ops/accounts/wallet/{source}/")
    operator.follow("Transfer between wallets")
    operator.fill(to_wallet=destination, amount__amount="1250.01", reference="rent-11")
    operator.press("run")
    operator.seen.append(operator.page.locator(".refusal .reason").inner_text())
    operator.keep("transfer-refused")
    operator.fill(amount__amount="400.00")
    operator.press("preview")
    operator.keep("transfer-preview")
    operator.press("run")
    operator.keep("transfer-done")
    operator.page.go_back()
    operator.look()
    operator.press("run")
    write_down(operator, f"/ops/accounts/wallet/{source}/")


def write_down(operator: Operator, page: str) -> None:
    """Leave a note and a file for the next one."""
    operator.open(page)
    operator.follow("Add a note")
    operator.fill(text="Salary account. Rent goes to savings\nuntil the new lease begins.")
    operator.press("run")
    operator.open(page)
    operator.follow("Attach a file")
    lease = {"name": "lease.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n"}
    operator.page.set_input_files("[name=content]", files=[lease])
    operator.press("run")
    operator.open(page)
    operator.keep("wallet")


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_an_operator_sets_a_tenant_up_and_moves_its_money_once(
    browse: Any, make_user: Any, ledger_db: Any, theme: str, size: str
) -> None:
    make_user("operator", email=EMAIL)

    def steps(page: Any, origin: str) -> Operator:
        operator = Operator(page, origin, theme, size)
        operator.sign_in()
        transfer(operator, *build(operator))
        operator.open("/ops/")
        return operator

    operator = browse(steps, theme, size)
    spending, savings = (Wallet.objects.get(external_id=each) for each in ("spending", "savings"))
    assert operator.seen == [
        *["Done"] * 6,
        "INSUFFICIENT_BALANCE",
        f"1250.01 EUR from {spending.available} to {savings.available}:"
        f" {spending.available} has 1250.00 EUR to spend, 0.01 EUR too little.",
        "Preview: nothing was done",
        "Done",
        "Done: this is the first result, nothing happened twice",
        *["Done"] * 2,
    ]
    assert operator.wrong == []
    assert JournalEntry.objects.count() == 2
    assert Transfer.objects.filter(kind="internal", status="completed").count() == 1
    assert [has(str(each.pk)).available.decimal for each in (spending, savings)] == ["850.00", "400.00"]
    assert [each.name for each in Attachment.objects.filter(subject=spending.pk)] == ["lease.pdf"]
    assert Account.objects.filter(book__slug="acme", address="bank:ing").exists()
