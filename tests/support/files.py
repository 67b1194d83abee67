"""Providers that make files, against the sandbox's desks for files; and what is done at and after a cut-off."""

from base64 import b64encode
from datetime import datetime, time
from typing import Any

from apps.core import clock
from apps.providers.models import InboundMessage, Provider, RailFile, RailPayment
from apps.providers.queries import routing
from apps.providers.sandbox.reports import statement
from apps.providers.services import cutting, handing_over, told
from tests.support import payouts
from tests.support.inbound import followed
from tests.support.payouts import done, later, pay_out, recipient, work
from tests.support.sandbox import SECRET, Sandbox
from tests.support.tenants import World

ACCOUNT = {"currency": "EUR", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX"}
DOLLARS = {"currency": "USD", "account": "12345678", "bic": "COBADEFFXXX"}
BANKFILE: dict[str, Any] = {
    "play": True,
    "name": "Countinghouse",
    "country": "DE",
    "accounts": [ACCOUNT, DOLLARS],
}
ACH: dict[str, Any] = {
    "play": True,
    "destination": " 091000019",
    "destination_name": "SANDBOX BANK",
    "origin": " 091000019",
    "origin_name": "COUNTINGHOUSE",
    "company_name": "COUNTINGHOUSE",
    "company_id": "1234567890",
    "odfi": "09100001",
}


def bankfile(sandbox: Sandbox, *, options: dict[str, Any] | None = None, **more: Any) -> Provider:
    """A bank that takes pain.001, until three in the afternoon in Berlin."""
    sandbox.fund("bankfile", "EUR", "1000000.00")
    sandbox.fund("bankfile", "USD", "1000000.00")
    given = {"base_url": f"{sandbox.url}/bankfile", "cut_off": time(15), "time_zone": "Europe/Berlin"}
    return _provider(sandbox, "bankfile", BANKFILE | (options or {}), given | more)


def ach(sandbox: Sandbox, *, options: dict[str, Any] | None = None, **more: Any) -> Provider:
    """A bank that takes NACHA files, until four in the afternoon in New York."""
    sandbox.fund("ach", "USD", "1000000.00")
    given = {"base_url": f"{sandbox.url}/ach", "cut_off": time(16), "time_zone": "America/New_York"}
    return _provider(sandbox, "ach", ACH | (options or {}), given | more)


def _provider(sandbox: Sandbox, adapter: str, options: dict[str, Any], given: dict[str, Any]) -> Provider:
    desk = given.pop("name", f"sandbox-{adapter}")
    made = payouts.done(
        "providers.set_provider",
        **{"name": desk, "title": desk, "adapter": adapter, "options": options} | given,
        secret="sandbox-key",
        webhook_secret=SECRET,
    )
    routing.forget()
    return Provider.objects.get(pk=made["provider"])


def at_the_cut_off(provider: Provider) -> datetime:
    """The cut-off with which all that waits has gone."""
    latest = RailPayment.objects.filter(provider=provider, status="waiting").order_by("-due_at").first()
    return latest.due_at if latest and latest.due_at else clock.now()


def cut(provider: Provider) -> list[RailFile]:
    """The files that the clock makes at the cut-off."""
    routing.forget()
    made = cutting.cut_due(at_the_cut_off(provider))
    return list(RailFile.objects.filter(pk__in=made).order_by("pk"))


def hand_over() -> None:
    """Hand over all that is not handed over, whenever it would be tried."""
    routing.forget()
    now = clock.now()
    RailFile.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=now)
    handing_over.hand_over_due(now)


def told_by(sandbox: Sandbox) -> None:
    """Let the bank do and tell what it will, and workers follow it."""
    sandbox.settle()
    followed()
    work()


def statuses(provider: Provider) -> list[str]:
    """How its payments stand, by their amounts."""
    return list(
        RailPayment.objects.filter(provider=provider)
        .order_by("amount", "pk")
        .values_list("status", flat=True)
    )


def sent(acme: World, wallet: str, *amounts: str) -> list[str]:
    """Payouts that wait for the cut-off."""
    to = recipient(acme)
    made = [str(pay_out(acme, wallet, to, amount)["transfer"]) for amount in amounts]
    work()
    return made


def gone(provider: Provider) -> RailFile:
    """The one file of what waits, which the bank has."""
    [file] = cut(provider)
    hand_over()
    file.refresh_from_db()
    return file


def quarantined() -> list[str]:
    """Why people must look at messages."""
    return list(
        InboundMessage.objects.filter(status="quarantined").order_by("pk").values_list("why", flat=True)
    )


def taken_in(provider: Provider, content: bytes) -> Any:
    """What is told to who brings a file."""
    return done("providers.take_in_file", provider=provider.name, content=as_base64(content))


def as_base64(content: bytes) -> str:
    """A file as commands take it."""
    return b64encode(content).decode()


def camt(payment: RailPayment, amount: str, what: str = "completed", message: str = "STM-1") -> bytes:
    """A statement that books one payment, or its return."""
    row = {
        "what": what,
        "reference": payment.reference.replace("_", "-"),
        "currency": payment.currency,
        "amount": amount,
    }
    return statement(message, "2026-11-23T08:00:00Z", "EUR", "100.00", "60.00", [row]).encode()


__all__ = [
    "ACH",
    "BANKFILE",
    "ach",
    "as_base64",
    "at_the_cut_off",
    "bankfile",
    "camt",
    "cut",
    "gone",
    "hand_over",
    "later",
    "quarantined",
    "sent",
    "statuses",
    "taken_in",
    "told",
    "told_by",
]
