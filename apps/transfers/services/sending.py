"""Sending: the intent is committed as an attempt before a socket is opened, by the one worker that has the lease."""

from collections.abc import Iterator, Mapping, Set
from functools import reduce
from typing import Any, Final

from apps.accounts.models import Recipient
from apps.core import ids
from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.operations import books
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.operations.registry import Input, Target
from apps.providers.models import Action, Attempt
from apps.providers.protocol import Instruction
from apps.providers.queries import routing
from apps.transfers.flows import FLOWS
from apps.transfers.leases import SENDING
from apps.transfers.models import Status, Transfer
from apps.transfers.services.making import told
from apps.transfers.services.posting import refuse_unbookable

WORKER: Final = Actor.system(
    "transfers",
    {
        "transfers.begin_sending",
        "transfers.record_answer",
        "transfers.record_news",
        "transfers.move_on",
        "transfers.cancel_rejected",
        "operations.withdraw_request",
    },
)
"""Who moves transfers along by itself."""

SHORTEST, BLOT = 8, "…"
"""How long a detail is that must not be kept, and what stands in its place; networks and currencies are shorter."""

SENT = (
    "status",
    "attempt_id",
    "attempts",
    "requeries",
    "provider",
    "sent_at",
    "expected_at",
    "next_attempt_at",
    "changed_at",
)


class LeaseLost(DomainError):
    """Another worker has taken the transfer since, or it is no longer to be sent."""

    code = "LEASE_LOST"
    http_status = 409


class RecipientChanged(DomainError):
    """Somebody changed whom the transfer pays since it was reserved, and perhaps approved."""

    code = "RECIPIENT_CHANGED"
    http_status = 409


def target(data: Input) -> Iterator[Target]:
    """The transfer, which is locked."""
    yield Target(Transfer, data["transfer"])


def scopes(data: Input) -> list[tuple[str, str]]:
    """The flag scopes that sending touches: a freeze of a tenant, a currency or a provider stops it."""
    found = Transfer.objects.filter(pk=data["transfer"]).values_list("book_id", "currency").first()
    if found is None:
        return []
    book, currency = found
    tenant = books.find(book).tenant_id
    provider = ("provider", data["provider"])
    return [*([("tenant", tenant)] if tenant else []), ("currency", currency), provider]


def plan_begin_sending(
    context: Context,
    *,
    transfer: str,
    lease: int,
    recipient_version: int | None,
    provider: str,
    attempt: str,
    why: Mapping[str, Any],
    worker: str,
) -> Plan:
    """Write down that a provider is about to be asked, if the worker still has the transfer and nothing else is open."""
    found: Transfer = context.locked[Transfer, transfer]  # type: ignore[assignment]
    chosen = routing.by_name(provider)
    if found.lease != lease or found.attempt_id or not sendable(found) or chosen is None:
        raise LeaseLost(f"{transfer} is no longer this worker's to send.", field="/lease")
    if recipient_version != found.recipient_version:
        raise RecipientChanged(f"The recipient of {transfer} is another than when it was reserved.")
    if found.destination_wallet_id:
        refuse_unbookable(context, found, chosen.name)
    was = {"status": found.status, "attempt_id": None, "lease": lease}
    if found.status != Status.SENT_TO_PROVIDER:
        found.send()
    found.attempt_id, found.provider = attempt, provider
    found.attempts, found.requeries = found.attempts + 1, 0
    found.sent_at = found.sent_at or context.now
    usually = FLOWS[found.kind].usually
    found.expected_at = routing.expected_at(chosen, context.now, usually=usually, amount=found.money)
    found.next_attempt_at, found.changed_at = context.now + SENDING, context.now
    row = Attempt(
        id=attempt,
        book_id=found.book_id,
        provider=chosen,
        subject=found.pk,
        action=Action.SUBMIT,
        reference=found.submission,
        sent=_masked(found),
        why=dict(why),
        worker=worker,
        started_at=context.now,
    )
    result = {"transfer": transfer, "attempt": attempt}
    return Plan(
        rows=[row],
        updates=[Update(found, SENT, was)],
        result=result,
        events=[EventDraft("transfer.sent", transfer, told(found), book_id=found.book_id)],
    )


def sendable(transfer: Transfer) -> bool:
    """Whether a worker may send it: reserved, approved where that is asked for, or provably not accepted before."""
    if transfer.status == Status.AWAITING_APPROVAL:
        return transfer.expires_at is None
    return transfer.status in {Status.BALANCE_RESERVED, Status.SENT_TO_PROVIDER}


def new_attempt() -> str:
    """The id of an attempt to be."""
    return ids.new_id("ptm")


def next_submission(transfer: Transfer) -> str:
    """Under what name a provider will know the next try."""
    return f"{transfer.pk}.{transfer.attempts + 1}"


def instruction(transfer: Transfer, reference: str) -> Instruction:
    """What the provider is asked to do."""
    return Instruction(
        reference=reference,
        kind=transfer.kind,
        amount=transfer.money,
        to=payee(transfer.recipient) or _payer(transfer),
        receives=transfer.received_currency or None,
        memo=(transfer.reference or transfer.pk)[:140],
        made_at=transfer.created_at,
        asked_at=ids.made_at("ptm", transfer.attempt_id) if transfer.attempt_id else None,
    )


def _payer(transfer: Transfer) -> dict[str, Any]:
    """Of a refund: who paid, as the provider knows them."""
    return {"payment": transfer.terms["payment"]} if "payment" in transfer.terms else {}


def payee(recipient: Recipient | None) -> dict[str, Any]:
    """The recipient as a provider needs it."""
    if recipient is None:
        return {}
    return {"kind": recipient.kind, "name": recipient.name, "country": recipient.country, **recipient.where}


def is_another(transfer: Transfer) -> bool:
    """Whether whom it pays was changed since it was reserved."""
    return transfer.recipient is not None and transfer.recipient.version != transfer.recipient_version


def without_details(received: Any, recipient: Recipient | None) -> Any:
    """What a provider answered, for the evidence: where it repeats the recipient's details, only that it does."""
    secrets = (
        {str(each) for each in recipient.where.values() if len(str(each)) >= SHORTEST} if recipient else set()
    )
    return _blotted(received, secrets)


def storable(told: Any) -> Any:
    """What a provider wrote, with a sign in the place of what no column takes: NUL, and half a character."""
    if isinstance(told, str):
        return told.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(told, Mapping):
        return {storable(name): storable(value) for name, value in told.items()}
    return [storable(each) for each in told] if isinstance(told, list | tuple) else told


def _blotted(told: Any, secrets: Set[str]) -> Any:
    if isinstance(told, str):
        return reduce(lambda text, secret: text.replace(secret, BLOT), secrets, told)
    if isinstance(told, Mapping):
        return {name: _blotted(value, secrets) for name, value in told.items()}
    return [_blotted(each, secrets) for each in told] if isinstance(told, list | tuple) else told


def _masked(transfer: Transfer) -> dict[str, Any]:
    """What is asked, for the evidence: whom by the id and what people recognise."""
    return {
        "kind": transfer.kind,
        "amount": transfer.money.decimal,
        "currency": transfer.currency,
        "recipient": transfer.recipient_id,
        "receives": transfer.received_currency or None,
        "memo": (transfer.reference or transfer.pk)[:140],
    }
