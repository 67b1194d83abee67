"""Batches of payouts as tests make them."""

from typing import Any

from apps.accounts.models import User
from apps.accounts.people import actor_of
from apps.core.actor import Actor
from apps.operations.models import ApprovalRequest
from apps.payouts.models import Batch, BatchRow
from apps.payouts.worker import work
from tests.support.door import done, eur, person
from tests.support.payouts import IBAN, later
from tests.support.payouts import work as work_on_transfers
from tests.support.tenants import World

OTHER_IBAN = "NL91ABNA0417164300"


def row(amount: str = "40.00", **more: Any) -> dict[str, Any]:
    """A payout to somebody whose bank account is told."""
    payee = (
        {}
        if {"recipient", "recipient_external_id"} & more.keys()
        else {"name": "Bo Lind", "details": {"iban": IBAN}}
    )
    return {"amount": eur(amount), **payee, **more}


def maker() -> Actor:
    """Who makes batches, and does not approve them."""
    known = User.objects.filter(email="maker@example.com").first()
    return actor_of(known) if known else person("maker@example.com", "operator")


def draft(acme: World, wallet: str | None, *rows: dict[str, Any], **more: Any) -> str:
    """A batch that is not submitted."""
    given = {"tenant": acme.tenant, "name": "Salaries", "wallet": wallet, "rows": list(rows), **more}
    return str(done("payouts.create_batch", actor=maker(), **given)["batch"])


def submitted(acme: World, wallet: str, *rows: dict[str, Any], **more: Any) -> str:
    """A batch for which money is to be held."""
    batch = draft(acme, wallet, *rows)
    done("payouts.submit_batch", actor=maker(), batch=batch, **more)
    return batch


def finished(batch: str) -> str:
    """Where it is after some minutes in which workers do all that they can."""
    for minutes in range(1, 9):
        with later(minutes=minutes):
            work_on_transfers()
            work()
    return status_of(batch)


def rows_of(batch: str) -> list[tuple[int, str, str]]:
    """Number, status and code of each row."""
    return list(
        BatchRow.objects.filter(batch=batch).order_by("number").values_list("number", "status", "code")
    )


def status_of(batch: str) -> str:
    return str(Batch.objects.get(pk=batch).status)


def request_of(batch: str) -> ApprovalRequest:
    """What other people decide about."""
    return ApprovalRequest.objects.get(pk=Batch.objects.get(pk=batch).approval_request_id)
