"""Paying out of a wallet: asked for, confirmed, reserved, and opened for sending."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Model

from apps.accounts.models import Recipient, RecipientStatus
from apps.accounts.queries.wallets import Holder, holder
from apps.accounts.services.recipients import RecipientNotFound
from apps.core import ids
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger import templates
from apps.ledger.templates import Held
from apps.operations import approvals, books
from apps.operations.errors import ApprovalMissing
from apps.operations.plan import Context, Entry, EventDraft, Plan, Update
from apps.operations.registry import Input, Target
from apps.operations.rendering import render_plan
from apps.providers.queries import routing
from apps.transfers.facts import facts_of
from apps.transfers.flows import FLOWS
from apps.transfers.models import Kind, Status, Transfer
from apps.transfers.services.making import Named, balances, new_transfer, own_wallet, told
from apps.transfers.services.own import locked_transfer

CONFIRM_WITHIN, APPROVE_WITHIN = timedelta(minutes=15), timedelta(days=7)
"""How long a price waits to be confirmed, and a reserved transfer for the people who must agree."""

OPEN_SENDING = "transfers.open_sending"
RESERVED = ("status", "hold_id", "approval_request_id", "next_attempt_at", "expires_at", "changed_at")


class RecipientUnfit(DomainError):
    """The recipient cannot be paid this."""

    code = "RECIPIENT_UNFIT"
    http_status = 409


class NoRoute(DomainError):
    """No provider carries such a transfer."""

    code = "NO_ROUTE"
    http_status = 422


class NotAwaitingConfirmation(DomainError):
    """The transfer does not wait for its price to be confirmed."""

    code = "TRANSFER_NOT_UNCONFIRMED"
    http_status = 409


class NotAwaitingApproval(DomainError):
    """The transfer does not wait for other people."""

    code = "TRANSFER_NOT_AWAITING_APPROVAL"
    http_status = 409


def target(data: Input) -> Iterator[Target]:
    """The transfer, which is locked."""
    yield Target(Transfer, data["transfer"])


def scopes(data: Input) -> list[tuple[str, str]]:
    """The flag scopes that a payout touches."""
    wallet = holder(data["wallet"])
    return [("tenant", wallet.tenant_id), ("currency", wallet.currency)]


def plan_create_payout(
    context: Context,
    *,
    wallet: str,
    recipient: str,
    amount: Money,
    confirm: bool,
    reference: str,
    description: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """Pay out of a wallet: the amount and the fees are held at once or, unconfirmed, priced and waiting for a yes."""
    source = own_wallet(context, wallet, amount)
    to = _recipient(recipient, source, amount)
    transfer = new_transfer(
        context,
        Kind.PAYOUT,
        source.book_id,
        amount,
        Named(reference, description, metadata),
        source_wallet_id=wallet,
        recipient=to,
    )
    route = routing.route(wanted(transfer, to), now=context.now)
    if not route.possible:
        raise NoRoute(_no_route(transfer, to), field="/amount", details=route.as_dict())
    if route.provider:
        transfer.expected_at = routing.expected_at(route.provider, context.now)
    return _reserved(context, transfer, source, to) if confirm else _priced(context, transfer)


def plan_confirm_payout(context: Context, *, transfer: str) -> Plan:
    """Say yes to a price: the money is held, and the payout goes its way."""
    found = locked_transfer(context, transfer)
    if found.status != Status.INITIATED:
        raise NotAwaitingConfirmation(
            f"{transfer} is {found.get_status_display().lower()} and waits for no confirmation.",
            field="/transfer",
        )
    source = holder(str(found.source_wallet_id))
    to = _recipient(str(found.recipient_id), source, found.money)
    plan = _reserved(context, found, source, to)
    updates = [Update(found, RESERVED, {"status": Status.INITIATED})]
    return Plan(
        rows=[row for row in plan.rows if row is not found],
        updates=updates,
        posts=plan.posts,
        result=plan.result,
        events=plan.events,
    )


def plan_open_sending(context: Context, *, transfer: str) -> Plan:
    """What other people agreed to: the reserved transfer may be sent."""
    found = locked_transfer(context, transfer)
    if context.approval_request_id is None:
        raise ApprovalMissing(f"{transfer} is opened for sending by an approval alone.", field="/transfer")
    if found.status != Status.AWAITING_APPROVAL:
        raise NotAwaitingApproval(
            f"{transfer} is {found.get_status_display().lower()} and waits for no approval.",
            field="/transfer",
        )
    found.next_attempt_at, found.expires_at, found.changed_at = context.now, None, context.now
    was = {"status": Status.AWAITING_APPROVAL, "approval_request_id": found.approval_request_id}
    result = told(found)
    return Plan(
        updates=[Update(found, ("next_attempt_at", "expires_at", "changed_at"), was)],
        result=result,
        events=[EventDraft("transfer.approved", transfer, result, book_id=found.book_id)],
        approved=_terms(found, found.recipient),
    )


def wanted(transfer: Transfer, to: Recipient | None) -> routing.Wanted:
    """What a provider must be able to carry."""
    facts = {"tenant": books.find(transfer.book_id).tenant_id, "recipient_kind": to.kind if to else ""}
    return routing.Wanted(transfer.kind, transfer.money, to.country if to else "", facts)


def _recipient(recipient: str, source: Holder, amount: Money) -> Recipient:
    """The recipient, who is of the wallet's tenant and can be paid this currency."""
    found: Recipient | None = Recipient.objects.filter(pk=recipient, tenant_id=source.tenant_id).first()
    if found is None:
        raise RecipientNotFound(f"There is no recipient {recipient}.", field="/recipient")
    if found.status == RecipientStatus.CLOSED:
        raise RecipientUnfit(f"Recipient {recipient} was closed; make another.", field="/recipient")
    if found.currency != amount.currency:
        raise RecipientUnfit(
            f"Recipient {recipient} is paid in {found.currency}, the amount is in {amount.currency}.",
            field="/recipient",
        )
    return found


def _no_route(transfer: Transfer, to: Recipient) -> str:
    where = f" to {to.country}" if to.country else ""
    return f"No provider pays {transfer.money}{where} to a {to.get_kind_display().lower()}; see the details for why."


def _priced(context: Context, transfer: Transfer) -> Plan:
    """Nothing is held yet: what it would cost, and until when the answer counts."""
    transfer.expires_at = transfer.next_attempt_at = context.now + CONFIRM_WITHIN
    result = {**_told(transfer), "hold": None, "entry": None, "approval_request": None, "balances": {}}
    return Plan(
        rows=[transfer],
        result=result,
        events=[EventDraft("transfer.priced", transfer.pk, result, book_id=transfer.book_id)],
    )


def _reserved(context: Context, transfer: Transfer, source: Holder, to: Recipient) -> Plan:
    transfer.validate()
    transfer.reserve()
    held = Held(ids.new_id("hld"), source.held)
    transfer.hold_id, transfer.changed_at = held.hold_id, context.now
    transfer.next_attempt_at, transfer.expires_at = context.now, None
    entry = _reserve_entry(transfer, source, held)
    request = approvals.ask_for(
        context,
        OPEN_SENDING,
        {"transfer": transfer.pk},
        lambda: facts_of(transfer, to, context.now),
        Plan(result={}, posts=(), approved=_terms(transfer, to)),
    )
    if request:
        request.preview = render_plan(Plan(result=_told(transfer), posts=[entry]))
        transfer.await_approval()
        transfer.approval_request_id = request.pk
        transfer.next_attempt_at = transfer.expires_at = context.now + APPROVE_WITHIN
    rows: list[Model] = [transfer, *([request] if request else [])]
    result = {
        **_told(transfer),
        "hold": held.hold_id,
        "entry": entry.id,
        "approval_request": request.pk if request else None,
        "balances": balances([source]),
    }
    return Plan(
        rows=rows,
        posts=[entry],
        result=result,
        events=_events(transfer, request, result),
    )


def _events(transfer: Transfer, request: Any, result: Mapping[str, Any]) -> Sequence[EventDraft]:
    type_ = "transfer.awaiting_approval" if request else "transfer.reserved"
    events = [EventDraft(type_, transfer.pk, result, book_id=transfer.book_id)]
    if request and request.nobody_eligible:
        data = {
            "reason": "no eligible approver",
            "request": request.pk,
            "command": OPEN_SENDING,
            "role": request.role,
        }
        events.append(EventDraft("alert.raised", request.pk, data))
    return events


def _reserve_entry(transfer: Transfer, source: Holder, held: Held) -> Entry:
    return templates.entry(
        FLOWS[transfer.kind].reserve,
        {
            "amount": transfer.money,
            "fee": transfer.fee_money,
            "wallet": source.available,
            "held": source.held,
        },
        book_id=transfer.book_id,
        reference=f"{transfer.pk}:reserve",
        description=transfer.description,
        metadata={"transfer": transfer.pk, "hold": held.hold_id},
        held=held,
    )


def _terms(transfer: Transfer, to: Recipient | None) -> dict[str, Any]:
    """What approvers agree to, beside the input: who is paid what, out of where, for which fees."""
    return {
        "kind": transfer.kind,
        "wallet": transfer.source_wallet_id,
        "amount": [transfer.amount, transfer.currency],
        "fees": transfer.fees,
        "template": FLOWS[transfer.kind].settle,
        "recipient": [to.pk, to.version] if to else None,
    }


def _told(transfer: Transfer) -> dict[str, Any]:
    return {
        **told(transfer),
        "fee": transfer.fee_money,
        "fees": transfer.fees,
        "total": transfer.total,
        "recipient": transfer.recipient_id,
        "expected_at": transfer.expected_at,
        "expires_at": transfer.expires_at,
    }
