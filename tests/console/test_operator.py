"""An operator's first hour in a real browser, from the sign-in to money that moved, was refused, and moved once.

`SCREENS=docs/screens script/test -m "long or not long" tests/console/test_operator.py` also keeps pictures of the way.
"""

from typing import Any

import pytest

from apps.accounts.models import Wallet
from apps.ledger.models import Account, JournalEntry
from apps.operations.models import Attachment
from apps.transfers.models import Transfer
from tests.console.browsing import NEEDS_CHROMIUM, STORY, Operator
from tests.support.tenants import has

pytestmark = [NEEDS_CHROMIUM, pytest.mark.django_db(transaction=True)]

EMAIL = "ada@countinghouse.example"


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


@pytest.mark.parametrize(("theme", "size"), STORY)
def test_an_operator_sets_a_tenant_up_and_moves_its_money_once(
    browse: Any, make_user: Any, ledger_db: Any, theme: str, size: str
) -> None:
    make_user("operator", email=EMAIL)

    def steps(page: Any, origin: str) -> Operator:
        operator = Operator(page, origin, theme, size)
        operator.sign_in(EMAIL)
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
