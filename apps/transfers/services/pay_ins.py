"""Money that arrived for somebody."""

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from apps.accounts.queries.tenants import is_test
from apps.accounts.queries.wallets import Holder, holder
from apps.accounts.services.provisioning import BANK_OF_TESTS, bank_of_tests
from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger import templates
from apps.ledger.errors import DuplicateTransaction
from apps.ledger.models import Account
from apps.ledger.queries.accounts import is_open
from apps.operations import books
from apps.operations.plan import Context, Entry, EventDraft, Plan, Request, Update
from apps.operations.registry import Input, Target
from apps.transfers.models import Kind, Status, Transfer
from apps.transfers.services.making import Named, balances, ended, new_transfer, own_wallet, told
from apps.transfers.services.reserves import kept_of

LATE, REFUSED = "test_late", "test_refused"
"""References that make a test tenant's pay-in arrive a minute later, or not at all."""
LATE_BY = timedelta(minutes=1)
ENDING = ("status", "next_attempt_at", "changed_at", "ended_at")
NOT_POSTED = (
    "PAY_IN_NOT_POSTED",
    "The money arrived, and the wallet or the account that it came from cannot take part.",
)
WORKER = Actor.system("pay-ins", {"transfers.complete_pay_in"})


class LivePayIn(DomainError):
    """A live tenant's key cannot say that money has arrived: banks and providers do."""

    code = "TEST_MODE_ONLY"
    http_status = 403


class NotAwaited(DomainError):
    """The transfer does not wait for money to arrive."""

    code = "TRANSFER_NOT_WAITING"
    http_status = 409


def target(data: Input) -> Iterator[Target]:
    """The transfer, which is locked."""
    yield Target(Transfer, data["transfer"])


def scopes(data: Input) -> list[tuple[str, str]]:
    """The flag scopes that a pay-in touches."""
    wallet = holder(data["wallet"])
    return [("tenant", wallet.tenant_id), ("currency", wallet.currency)]


def plan_post_pay_in(
    context: Context,
    *,
    wallet: str,
    amount: Money,
    from_account: str,
    reference: str,
    provider_reference: str,
    description: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """Credit a wallet with money that arrived at one of our accounts (`from_account`), once for each provider reference."""
    to = own_wallet(context, wallet, amount)
    _refuse_live_keys(context, to)
    named = Named(reference, description, metadata)
    transfer = new_transfer(
        context,
        Kind.PAY_IN,
        to.book_id,
        amount,
        named,
        destination_wallet_id=wallet,
        provider=from_account,
        provider_reference=provider_reference,
    )
    transfer.validate()
    if reference in {LATE, REFUSED} and is_test(to.tenant_id):
        _check_once(transfer)
        return _in_test(context, transfer, reference)
    return _arrived(context, transfer, to)


def plan_complete_pay_in(context: Context, *, transfer: str) -> Plan:
    """The money that was announced is there."""
    found: Transfer = context.locked[Transfer, transfer]  # type: ignore[assignment]
    if found.kind != Kind.PAY_IN or found.status != Status.PROVIDER_PROCESSING:
        raise NotAwaited(f"{transfer} is {found.status} and waits for no money.", field="/transfer")
    to = holder(str(found.destination_wallet_id))
    was = {"status": found.status}
    found.next_attempt_at = None
    refused = _refused(context, copy(found), was, to)
    found.confirm()
    plan = _arrived(context, found, to)
    return Plan(
        rows=[row for row in plan.rows if row is not found],
        accounts=plan.accounts,
        posts=[replace(post, refusal_sticks=True) for post in plan.posts],
        updates=[Update(found, ENDING, was)],
        result=plan.result,
        events=plan.events,
        if_refused=refused,
    )


def due(now: datetime) -> list[Request]:
    """For each announced pay-in whose time has come, the command that posts it."""
    waiting = Transfer.objects.filter(
        kind=Kind.PAY_IN, status=Status.PROVIDER_PROCESSING, next_attempt_at__lte=now
    )
    return [
        Request("transfers.complete_pay_in", {"transfer": str(pk)}, f"{pk}:complete", WORKER, origin="worker")
        for pk in waiting.order_by("next_attempt_at").values_list("pk", flat=True)[:500]
    ]


def _refused(context: Context, transfer: Transfer, was: Mapping[str, Any], to: Holder) -> Plan:
    """What becomes of an announced pay-in that cannot be posted: it has failed, and is not tried for ever."""
    transfer.fail_at_provider()
    transfer.fail()
    ended(transfer, context)
    transfer.failure_code, transfer.failure_message = NOT_POSTED
    return Plan(
        updates=[Update(transfer, (*ENDING, "failure_code", "failure_message"), was)],
        result={},
        events=[_failed(transfer, to.book_id)],
    )


def _failed(transfer: Transfer, book: int) -> EventDraft:
    why = {"code": transfer.failure_code, "message": transfer.failure_message}
    return EventDraft("transfer.failed", transfer.pk, told(transfer) | why, book_id=book)


def _arrived(context: Context, transfer: Transfer, to: Holder) -> Plan:
    transfer.complete()
    ended(transfer, context)
    entry, kept = _entry(transfer, to), kept_of(context, transfer, to)
    result = {**told(transfer), "entry": entry.id, "reserved": kept.amount, "balances": balances([to])}
    return Plan(
        rows=[transfer, *kept.rows],
        posts=[entry, *kept.posts],
        accounts=[*kept.accounts, *_bank_of_tests(context, transfer, to)],
        result=result,
        events=[EventDraft("transfer.completed", transfer.pk, result, book_id=to.book_id)],
    )


def _bank_of_tests(context: Context, transfer: Transfer, to: Holder) -> list[Account]:
    """The sandbox's bank in this currency, where a test environment gets its first money of it."""
    if transfer.provider != BANK_OF_TESTS or not is_test(to.tenant_id):
        return []
    if is_open(to.book_id, BANK_OF_TESTS, to.currency):
        return []
    return [bank_of_tests(books.find(to.book_id), to.currency, context.now)]


def _in_test(context: Context, transfer: Transfer, reference: str) -> Plan:
    """What the magic references ask for."""
    if reference == REFUSED:
        transfer.fail()
        ended(transfer, context)
        transfer.failure_code = "PAY_IN_REFUSED"
        transfer.failure_message = "The test reference asks for a pay-in that is refused."
        event = _failed(transfer, transfer.book_id)
    else:
        transfer.wait_for_provider()
        transfer.next_attempt_at = context.now + LATE_BY
        data = told(transfer) | {"next_attempt_at": transfer.next_attempt_at}
        event = EventDraft("transfer.processing", transfer.pk, data, book_id=transfer.book_id)
    result = told(transfer) | {"entry": None, "reserved": None, "balances": {}}
    return Plan(rows=[transfer], result=result, events=[event])


def _check_once(transfer: Transfer) -> None:
    """The ledger sees to it for what is posted at once."""
    named = {"provider": transfer.provider, "provider_reference": transfer.provider_reference}
    if transfer.provider_reference and Transfer.objects.filter(book_id=transfer.book_id, **named).exists():
        raise DuplicateTransaction(
            f"{transfer.provider} has the reference {transfer.provider_reference} already.",
            field="/provider_reference",
        )


def _entry(transfer: Transfer, to: Holder) -> Entry:
    by_provider = f"{transfer.provider}:{transfer.provider_reference}"
    return templates.entry(
        "pay_in",
        {"amount": transfer.money, "source": transfer.provider, "wallet": to.available},
        book_id=to.book_id,
        reference=by_provider if transfer.provider_reference else transfer.pk,
        description=transfer.description,
        metadata={"transfer": transfer.pk},
        refusal_sticks=False,
    )


def _refuse_live_keys(context: Context, to: Holder) -> None:
    if context.actor.book_id is not None and not is_test(to.tenant_id):
        raise LivePayIn(
            "Only a test tenant's key posts pay-ins; here they come from banks and providers, and from operators."
        )
