"""Asking for what a provider executes: priced, confirmed, reserved, and opened for sending by other people."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Model

from apps.accounts.models import Recipient
from apps.accounts.queries.tenants import is_test
from apps.core import clock, ids
from apps.core.errors import DomainError
from apps.operations import approvals, books, isolation, people
from apps.operations.errors import ApprovalMissing
from apps.operations.models import ApprovalRequest, Operation
from apps.operations.plan import Context, Entry, EventDraft, Plan, Update
from apps.operations.registry import Input, Target
from apps.operations.rendering import render_plan
from apps.providers.queries import cut_offs, routing
from apps.transfers.facts import facts_of
from apps.transfers.flows import FLOWS
from apps.transfers.models import Status, Transfer
from apps.transfers.services.making import balances, told
from apps.transfers.services.own import locked_transfer
from apps.transfers.services.payable import refuse_unpayable
from apps.transfers.services.posting import (
    entry,
    missing_accounts,
    places_of,
    refuse_unbookable,
    wallets_of,
)

CONFIRM_WITHIN = timedelta(seconds=settings.TRANSFER_CONFIRM_SECONDS)
APPROVE_WITHIN = timedelta(seconds=settings.TRANSFER_APPROVE_SECONDS)
"""How long a price waits to be confirmed, and a reserved transfer for the people who must agree."""

OPEN_SENDING = "transfers.open_sending"
RESERVED = (
    "status",
    "hold_id",
    "recipient_version",
    "approval_request_id",
    "next_attempt_at",
    "expires_at",
    "changed_at",
)


class NoRoute(DomainError):
    """No provider carries such a transfer."""

    code = "NO_ROUTE"
    http_status = 422


class NotAwaitingConfirmation(DomainError):
    """The transfer does not wait for its price to be confirmed."""

    code = "TRANSFER_NOT_UNCONFIRMED"
    http_status = 409


class TransferExpired(DomainError):
    """The time in which somebody could have agreed is over."""

    code = "TRANSFER_EXPIRED"
    http_status = 409


class NotAwaitingApproval(DomainError):
    """The transfer does not wait for other people."""

    code = "TRANSFER_NOT_AWAITING_APPROVAL"
    http_status = 409


def target(data: Input) -> Iterator[Target]:
    """The transfer, which is locked."""
    yield Target(Transfer, data["transfer"])


def plan_asked(context: Context, transfer: Transfer, to: Recipient | None, *, confirm: bool) -> Plan:
    """A new transfer, reserved at once or, unconfirmed, priced; NoRoute if no provider could ever carry it."""
    look_for_route(context, transfer, to)
    return plan_reserved(context, transfer, to) if confirm else _priced(context, transfer)


def look_for_route(context: Context, transfer: Transfer, to: Recipient | None) -> None:
    """When it is expected to arrive; NoRoute if no provider could ever carry it, NotBookable if the books could not."""
    route = routing.route(wanted(transfer, to), now=context.now)
    if not route.possible:
        raise NoRoute(_no_route(transfer, to), field="/amount", details=route.as_dict())
    able = route.provider or next(each.provider for each in route.considered if not each.never)
    refuse_unbookable(context, transfer, able.name)
    if route.provider:
        transfer.expected_at = routing.expected_at(
            route.provider, context.now, usually=FLOWS[transfer.kind].usually, amount=transfer.money
        )


def plan_confirm_transfer(context: Context, *, transfer: str) -> Plan:
    """Say yes to a price: the money is held, and the transfer goes its way."""
    found = locked_transfer(context, transfer)
    if found.status != Status.INITIATED:
        raise NotAwaitingConfirmation(
            f"{transfer} is {found.get_status_display().lower()} and waits for no confirmation.",
            field="/transfer",
        )
    _refuse_expired(context, found)
    if found.recipient:
        refuse_unpayable(context, found.recipient, found.money)
    plan = plan_reserved(context, found, found.recipient, _who_asked(found))
    return Plan(
        rows=[row for row in plan.rows if row is not found],
        updates=[Update(found, RESERVED, {"status": Status.INITIATED})],
        posts=plan.posts,
        accounts=plan.accounts,
        result=plan.result,
        events=plan.events,
        facts=plan.facts,
        makers=plan.makers,
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
    _refuse_expired(context, found)
    found.next_attempt_at, found.expires_at, found.changed_at = context.now, None, context.now
    was = {"status": Status.AWAITING_APPROVAL, "approval_request_id": found.approval_request_id}
    result = told(found)
    return Plan(
        updates=[Update(found, ("next_attempt_at", "expires_at", "changed_at"), was)],
        result=result,
        events=[EventDraft("transfer.approved", transfer, result, book_id=found.book_id)],
        approved=agreed_to(found, found.recipient),
    )


def _refuse_expired(context: Context, transfer: Transfer) -> None:
    if transfer.expires_at and transfer.expires_at <= context.now:
        raise TransferExpired(
            f"{transfer.pk} could be agreed to until {clock.written(transfer.expires_at)}; ask for it anew.",
            field="/transfer",
        )


def wanted(transfer: Transfer, to: Recipient | None) -> routing.Wanted:
    """What a provider must be able to carry."""
    tenant = books.find(transfer.book_id).tenant_id
    facts = {
        "tenant": tenant,
        "recipient_kind": to.kind if to else "",
        "receives": transfer.received_currency,
    }
    country, only = to.country if to else "", transfer.terms.get("provider", "")
    return routing.Wanted(
        transfer.kind, transfer.money, country, facts, only, play=bool(tenant) and is_test(str(tenant))
    )


def _who_asked(transfer: Transfer) -> frozenset[str]:
    """The people who asked for a transfer, whoever confirms its price."""
    with isolation.as_platform():
        asked = Operation.objects.values_list("actor_kind", "actor_id")
        return people.behind(*asked.get(pk=transfer.operation_id))


def plan_reserved(
    context: Context, transfer: Transfer, to: Recipient | None, asked_by: Collection[str] = ()
) -> Plan:
    """Amount and fees are held; who else must agree is asked, but of who makes it and of who asked for it before."""
    posted = hold_all(context, transfer, to)
    facts, agreed = facts_of(context, transfer, to), agreed_to(transfer, to)
    request = approvals.ask_for(
        context, OPEN_SENDING, {"transfer": transfer.pk}, facts, Plan(result={}, approved=agreed), asked_by
    )
    if request:
        held = Plan(result=told_asked(transfer), posts=[posted], approved=agreed)
        request.preview = {**render_plan(held), "posted": True}
        transfer.await_approval()
        transfer.approval_request_id = request.pk
        transfer.next_attempt_at = transfer.expires_at = context.now + APPROVE_WITHIN
    rows: list[Model] = [transfer, *([request] if request else [])]
    result = told_reserved(transfer, posted)
    return Plan(
        rows=rows,
        posts=[posted],
        accounts=missing_accounts(context, posted),
        result=result,
        events=_events(transfer, request, result),
        facts={OPEN_SENDING: facts},
        makers=asked_by,
    )


def hold_all(context: Context, transfer: Transfer, to: Recipient | None) -> Entry:
    """Let a new transfer be reserved, to be sent at once: the entry that holds amount and fees."""
    transfer.validate()
    transfer.reserve()
    transfer.hold_id, transfer.changed_at = ids.new_id("hld"), context.now
    transfer.recipient_version = to.version if to else None
    transfer.next_attempt_at, transfer.expires_at = context.now, None
    places = places_of(transfer)
    return entry(transfer, FLOWS[transfer.kind].reserve(transfer, places), "reserve", places)


def told_reserved(transfer: Transfer, posted: Entry) -> dict[str, Any]:
    """What is told of a transfer for which money is held."""
    return {
        **told_asked(transfer),
        "hold": transfer.hold_id,
        "entry": posted.id,
        "approval_request": transfer.approval_request_id,
        "balances": {} if FLOWS[transfer.kind].from_strategy else balances(wallets_of(transfer)[:1]),
    }


def _no_route(transfer: Transfer, to: Recipient | None) -> str:
    what = transfer.get_kind_display().lower()
    if to is None:
        return f"No provider executes the {what} of {transfer.money}; the details say why."
    where = f" to {to.country}" if to.country else ""
    return (
        f"No provider pays {transfer.money}{where} to a {to.get_kind_display().lower()}; the details say why."
    )


def _priced(context: Context, transfer: Transfer) -> Plan:
    """Nothing is held yet: what it would cost, and until when the answer counts."""
    transfer.expires_at = transfer.next_attempt_at = context.now + CONFIRM_WITHIN
    result = {**told_asked(transfer), "hold": None, "entry": None, "approval_request": None, "balances": {}}
    return Plan(
        rows=[transfer],
        result=result,
        events=[EventDraft("transfer.priced", transfer.pk, result, book_id=transfer.book_id)],
    )


def _events(
    transfer: Transfer, request: ApprovalRequest | None, result: Mapping[str, Any]
) -> Sequence[EventDraft]:
    name = "transfer.awaiting_approval" if request else "transfer.reserved"
    events = [EventDraft(name, transfer.pk, result, book_id=transfer.book_id)]
    if request and request.nobody_eligible:
        events.append(approvals.no_approver(request))
    return events


def agreed_to(transfer: Transfer, to: Recipient | None) -> dict[str, Any]:
    """What approvers agree to, beside the input: who is paid what, out of where, for which fees."""
    return {
        "kind": transfer.kind,
        "wallets": [transfer.source_wallet_id, transfer.destination_wallet_id],
        "amount": [transfer.amount, transfer.currency],
        "terms": transfer.terms,
        "fees": transfer.fees,
        "recipient": [to.pk, to.version] if to else None,
    }


def next_cut_off(transfer: Transfer, now: datetime) -> datetime | None:
    """Until when it must be sent to go with the provider's next payments; none where there is no cut-off."""
    if transfer.kind not in FLOWS:
        return None
    chosen = routing.route(wanted(transfer, transfer.recipient), now=now).provider
    return cut_offs.next_cut_off(chosen, now) if chosen else None


def told_asked(transfer: Transfer) -> dict[str, Any]:
    """What is told of a transfer that a provider is to execute."""
    return {
        **told(transfer),
        "fee": transfer.fee_money,
        "fees": transfer.fees,
        "checks": [],
        "total": transfer.total,
        "recipient": transfer.recipient_id,
        "refund_of": transfer.refund_of_id,
        "to_wallet": transfer.destination_wallet_id,
        "expected_at": transfer.expected_at,
        "next_cut_off": next_cut_off(transfer, transfer.changed_at),
        "expires_at": transfer.expires_at,
    }
