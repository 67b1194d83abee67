"""The end of what a provider executes: settled by the books, or given back with a report of why."""

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import timedelta
from fractions import Fraction
from typing import Any

from apps.accounts.queries.wallets import Holder, holder
from apps.core.money import Money
from apps.ledger import templates
from apps.ledger.queries.accounts import is_open
from apps.ledger.services.placing import new_account
from apps.ledger.templates import Held, Variables
from apps.operations.plan import Context, Entry, EventDraft, Plan, Update
from apps.transfers.flows import FLOWS
from apps.transfers.models import Status, Transfer
from apps.transfers.services.making import balances, ended, told

ENDING = (
    "status",
    "provider_reference",
    "settled",
    "failure_code",
    "failure_message",
    "compensation",
    "next_attempt_at",
    "changed_at",
    "ended_at",
)
AGAIN = timedelta(minutes=1)
"""When what the ledger refused is tried again."""

LONGEST_MESSAGE = 500


def plan_settle(context: Context, transfer: Transfer, was: Mapping[str, Any], paid: Money) -> Plan:
    """The provider has paid: the books say so, of less than was asked for only that part, and the rest goes back."""
    if transfer.status != Status.PROVIDER_COMPLETED:
        transfer.confirm()
    transfer.settled, transfer.changed_at = paid.minor, context.now
    waits = copy(transfer)
    waits.next_attempt_at = context.now + AGAIN
    transfer.complete()
    ended(transfer, context)
    transfer.next_attempt_at = None
    source = holder(str(transfer.source_wallet_id))
    entry = _settle_entry(transfer, source, paid)
    result = {**told(transfer), "settled": paid, "entry": entry.id, "balances": balances([source])}
    return Plan(
        updates=[Update(transfer, ENDING, was)],
        posts=[entry],
        accounts=_accounts(context, transfer, source),
        result=result,
        events=[EventDraft("transfer.completed", transfer.pk, result, book_id=transfer.book_id)],
        if_refused=Plan(result={}, updates=[Update(waits, ENDING, was)]),
    )


def plan_compensate(
    context: Context, transfer: Transfer, was: Mapping[str, Any], code: str, message: str
) -> Plan:
    """The provider has not paid and will not: what was held goes back, and a report says what happened."""
    if transfer.status != Status.PROVIDER_FAILED:
        transfer.fail_at_provider()
    transfer.failure_code = code[:60] or "PROVIDER_FAILED"
    transfer.failure_message = message[:LONGEST_MESSAGE]
    transfer.changed_at = context.now
    waits = copy(transfer)
    waits.next_attempt_at = context.now + AGAIN
    transfer.compensate()
    ended(transfer, context)
    transfer.next_attempt_at = None
    transfer.compensation = report(transfer, released=transfer.total)
    source = holder(str(transfer.source_wallet_id))
    entry = release_entry(transfer, source)
    result = {
        **told(transfer),
        "compensation": transfer.compensation,
        "entry": entry.id,
        "balances": balances([source]),
    }
    return Plan(
        updates=[Update(transfer, ENDING, was)],
        posts=[entry],
        result=result,
        events=[EventDraft("transaction.compensated", transfer.pk, result, book_id=transfer.book_id)],
        if_refused=Plan(result={}, updates=[Update(waits, ENDING, was)]),
    )


def report(transfer: Transfer, *, released: Money) -> dict[str, Any]:
    """The compensation report: what was asked for, what went wrong, what was given back, what to do next."""
    return {
        "transaction": {
            "transfer": transfer.pk,
            "kind": transfer.kind,
            "amount": str(transfer.money),
            "fee": str(transfer.fee_money),
            "reference": transfer.reference,
            "recipient": str(transfer.recipient) if transfer.recipient_id else "",
        },
        "error": {"code": transfer.failure_code, "message": transfer.failure_message},
        "refunded": {"amount": str(transfer.money), "fees": str(transfer.fee_money)},
        "released": str(released),
        "next_steps": NEXT_STEPS.get(transfer.failure_code, ASK),
    }


ASK = "The money is available again. Look at the reason, mend it, and ask anew under a new key."
NEXT_STEPS: Mapping[str, str] = {
    "beneficiary_refused": "The recipient's bank refuses payments to this account: check the recipient's details.",
    "insufficient_funds": "The provider was not funded in time. Nothing is wrong with the transfer: ask again later.",
    "not_accepted": "The provider took no payments for long. Nothing is wrong with the transfer: ask again later.",
}


def release_entry(transfer: Transfer, source: Holder) -> Entry:
    """All that is held for a transfer goes back to its wallet."""
    return templates.entry(
        FLOWS[transfer.kind].release,
        {"amount": transfer.total, "wallet": source.available, "held": source.held},
        book_id=transfer.book_id,
        reference=f"{transfer.pk}:release",
        description=transfer.description,
        metadata={"transfer": transfer.pk, "hold": transfer.hold_id},
        held=Held(str(transfer.hold_id), source.held),
    )


def provider_account(transfer: Transfer) -> str:
    """The address of what the provider has of the book's money."""
    return f"provider:{transfer.provider}"


def _settle_entry(transfer: Transfer, source: Holder, paid: Money) -> Entry:
    flow = FLOWS[transfer.kind]
    variables: Variables = {"held": source.held, "provider": provider_account(transfer), "amount": paid}
    if paid == transfer.money:
        name, variables = flow.settle, {**variables, "fee": transfer.fee_money}
    else:
        fee = transfer.fee_money.times(Fraction(paid.minor, transfer.amount))
        rest = transfer.total - paid - fee
        name, variables = (
            flow.settle_part,
            {**variables, "fee": fee, "rest": rest, "wallet": source.available},
        )
    return templates.entry(
        name,
        variables,
        book_id=transfer.book_id,
        reference=f"{transfer.pk}:settle",
        description=transfer.description,
        metadata={"transfer": transfer.pk, "hold": transfer.hold_id, "attempt": transfer.attempt_id},
        held=Held(str(transfer.hold_id), source.held),
    )


def _accounts(context: Context, transfer: Transfer, source: Holder) -> Sequence[Any]:
    """The provider's account in the book and that of fees, opened when they are first needed."""
    wanted = [provider_account(transfer), *(["revenue:fees"] if transfer.fee else [])]
    return [
        new_account(source.book, address, transfer.currency, now=context.now)
        for address in wanted
        if not is_open(transfer.book_id, address, transfer.currency)
    ]
