"""Payouts as tests make them: a provider that is the sandbox, a recipient, a worker, and time that passes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from apps.core import clock
from apps.providers.models import Provider
from apps.providers.queries import routing
from apps.transfers.models import Transfer
from apps.transfers.worker import Worker
from tests.support.door import done
from tests.support.sandbox import KEY, SECRET, Sandbox
from tests.support.tenants import World

IBAN = "DE89370400440532013000"


def provider(sandbox: Sandbox, desk: str = "bank", **more: Any) -> Provider:
    """A provider that is a desk of the sandbox; funded with a million euros if it is the bank."""
    name = more.pop("name", f"sandbox-{desk}")
    options = {"desk": desk, "answer_seconds": 1, **more.pop("options", {})}
    given = {
        "title": name,
        "base_url": sandbox.url,
        "secret": KEY,
        "webhook_secret": SECRET,
        "options": options,
    }
    done("providers.set_provider", name=name, **given | more)
    routing.forget()
    return Provider.objects.get(name=name)


def recipient(world: World, currency: str = "EUR", **more: Any) -> str:
    """Somebody whom the tenant pays, at a bank."""
    given = {
        "kind": "bank_account",
        "name": "Bo Lind",
        "currency": currency,
        "details": {"iban": IBAN},
    }
    return str(done("accounts.create_recipient", tenant=world.tenant, **given | more)["recipient"])


def pay_out(
    world: World, wallet: str, to: str, amount: str = "40.00", currency: str = "EUR", **more: Any
) -> Any:
    """Ask for a payout with the tenant's key; the answer."""
    money = {"amount": amount, "currency": currency}
    given = {"actor": world.key, **more}
    return done("transfers.create_payout", wallet=wallet, recipient=to, amount=money, **given)


@contextmanager
def working() -> Iterator[Worker]:
    """A worker in this process."""
    worker = Worker("test")
    try:
        yield worker
    finally:
        worker.close()


def work(seconds: float = 0) -> None:
    """Let a worker do what is due, and follow what it asked."""
    routing.forget()
    with working() as worker:
        worker.run(seconds)


@contextmanager
def later(**delta: Any) -> Iterator[None]:
    """The same, after a while."""
    with clock.frozen(clock.now() + timedelta(**delta)):
        yield


def status(transfer: str) -> str:
    """Where a transfer is."""
    return str(Transfer.objects.get(pk=transfer).status)
