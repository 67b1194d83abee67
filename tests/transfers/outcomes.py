"""Payouts whose provider does what it is told to, and what becomes of them."""

from typing import Any

from tests.support import payouts
from tests.support.payouts import later, pay_out, recipient, status, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World


def sent(acme: World, wallet: str, sandbox: Sandbox, **do: Any) -> str:
    """A payout that was sent once, to a sandbox that does this with it."""
    payouts.provider(sandbox)
    if do:
        sandbox.fault(do=do)
    made = pay_out(acme, wallet, recipient(acme))["transfer"]
    work()
    return str(made)


def until_ended(transfer: str, *, hours: int = 3) -> str:
    """Its status after some hours in which workers look at it."""
    for minutes in (2, 4, 8, 16, 32, 60 * hours):
        with later(minutes=minutes):
            work()
            work()
    return status(transfer)


def truth(sandbox: Sandbox) -> list[str]:
    """How the orders truly ended."""
    sandbox.settle()
    return [order["status"] for order in sandbox.truth()["order"]]
