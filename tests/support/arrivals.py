"""Money that comes to the sandbox's bank and is followed by a worker of ours."""

from decimal import Decimal
from typing import Any

from apps.core.money import Money
from apps.transfers.arrivals import Chargeback, Deposit
from tests.support import payouts
from tests.support.door import rows
from tests.support.inbound import followed, hook_up
from tests.support.sandbox import Sandbox


def bank_of(sandbox: Sandbox, url: str) -> Sandbox:
    """The sandbox, which reports to a server of ours at a URL and gives numbers for euros."""
    payouts.provider(sandbox, currencies=["EUR"], options={"virtual_accounts": True})
    hook_up(sandbox, url)
    return sandbox


def arrived(bank: Sandbox, amount: str = "25.00", currency: str = "EUR", **more: Any) -> Deposit:
    """A deposit that was followed."""
    reference = bank.deposit("bank", amount, currency, **more)["id"]
    bank.settle()
    followed()
    return Deposit.objects.get(reference=reference)


def charged_back(bank: Sandbox, deposit: Deposit, amount: str | None = None) -> Chargeback:
    """What the bank took back of a deposit, all of it if no amount is given; followed."""
    more = {"amount": amount} if amount else {}
    bank.charge_back(deposit.reference, reason="fraud", **more)
    bank.settle()
    followed()
    return Chargeback.objects.filter(deposit_reference=deposit.reference).latest("pk")


def at_the_bank() -> str:
    """What our books, all together, say that the bank has of ours, in euros."""
    query = (
        "SELECT coalesce(sum(b.balance * a.side), 0) FROM ledger_balance b JOIN ledger_account a ON a.id = b.account_id"
        " WHERE a.address = 'provider:sandbox-bank' AND a.currency = 'EUR'"
    )
    [(ours,)] = rows(query)
    return Money(int(ours), "EUR").decimal


def assert_agrees(bank: Sandbox) -> None:
    """Every cent that truly came stands at the provider in one of our books."""
    came = sum((Decimal(each["amount"]) for each in bank.truth()["deposit"]), Decimal())
    assert at_the_bank() == f"{came:.2f}"


def assert_paired(book: str) -> None:
    """What the platform and a tenant's book say that they owe each other is the same, seen from both sides."""
    query = (
        "SELECT a.address, b.slug, coalesce(sum(l.balance * a.side), 0) FROM ledger_account a"
        " JOIN operations_book b ON b.id = a.book_id JOIN ledger_balance l ON l.account_id = a.id"
        " WHERE a.address LIKE 'due_%%' GROUP BY 1, 2"
    )
    said = {(slug, address): int(balance) for address, slug, balance in rows(query)}
    assert said.get(("platform", f"due_to:{book}"), 0) == said.get((book, "due_from:platform"), 0)
    assert said.get(("platform", f"due_from:{book}"), 0) == said.get((book, "due_to:platform"), 0)
