"""The end of what a provider executes: settled by the books, or given back with a report of why."""

from collections.abc import Mapping
from copy import copy
from datetime import datetime, timedelta
from typing import Any

from apps.core import clock
from apps.core.money import Money
from apps.operations.plan import Context, Entry, EventDraft, Plan, Update
from apps.transfers.flows import FLOWS, Done, Places
from apps.transfers.models import Status, Transfer
from apps.transfers.services.making import balances, completed, ended, told
from apps.transfers.services.posting import entry, missing_accounts, places_of, wallets_of

ENDING = (
    "status",
    "provider_reference",
    "settled",
    "received",
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


def plan_settle(context: Context, transfer: Transfer, was: Mapping[str, Any], did: Done) -> Plan:
    """The provider has done it: the books say so, of less than was asked for only that part, and the rest goes back."""
    if transfer.status != Status.PROVIDER_COMPLETED:
        transfer.confirm()
    transfer.settled, transfer.changed_at = did.paid.minor, context.now
    transfer.received = did.delivered.minor if did.delivered else None
    waits = copy(transfer)
    waits.next_attempt_at = context.now + AGAIN
    transfer.complete()
    ended(transfer, context)
    transfer.next_attempt_at = None
    posted = _settle_entry(transfer, places_of(transfer), did)
    result = {
        **told(transfer),
        "settled": did.paid,
        "received": did.delivered,
        "entry": posted.id,
        "balances": balances(wallets_of(transfer)),
    }
    return Plan(
        updates=[Update(transfer, ENDING, was)],
        posts=[posted],
        accounts=missing_accounts(context, posted),
        result=result,
        events=completed(transfer, result),
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
    transfer.compensation = report(transfer, amount=transfer.money, fees=transfer.fee_money)
    posted = release_entry(transfer)
    result = {
        **told(transfer),
        "compensation": transfer.compensation,
        "entry": posted.id,
        "balances": balances(wallets_of(transfer)),
    }
    return Plan(
        updates=[Update(transfer, ENDING, was)],
        posts=[posted],
        result=result,
        events=[EventDraft("transaction.compensated", transfer.pk, result, book_id=transfer.book_id)],
        if_refused=Plan(result={}, updates=[Update(waits, ENDING, was)]),
    )


def report(
    transfer: Transfer, *, amount: Money, fees: Money, came_back: datetime | None = None
) -> dict[str, Any]:
    """The compensation report: what was asked for, what went wrong, what was given back, what to do next.

    `came_back` says that it had been carried out, so that nothing was held any more, and when that was.
    """
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
        "refunded": {"amount": str(amount), "fees": str(fees)},
        "released": "" if came_back else str(amount + fees),
        "came_back": clock.written(came_back) if came_back else None,
        "next_steps": NEXT_STEPS.get(transfer.failure_code, ASK),
    }


ASK = "The money is available again. Look at the reason, mend it, and ask anew under a new key."
NEXT_STEPS: Mapping[str, str] = {
    "beneficiary_refused": "The recipient's bank refuses payments to this account: check the recipient's details.",
    "account_closed": "The recipient's account was closed: ask them for another, and change the recipient.",
    "insufficient_funds": "The provider was not funded in time. Nothing is wrong with the transfer: ask again later.",
    "not_accepted": "The provider took no payments for long. Nothing is wrong with the transfer: ask again later.",
}


def release_entry(transfer: Transfer) -> Entry:
    """All that is held for a transfer goes back to where it came from."""
    places = places_of(transfer)
    return entry(transfer, FLOWS[transfer.kind].release(transfer, places), "release", places)


def _settle_entry(transfer: Transfer, places: Places, did: Done) -> Entry:
    flow = FLOWS[transfer.kind]
    settle = flow.settle if did.paid == transfer.money or flow.settle_part is None else flow.settle_part
    return entry(transfer, settle(transfer, places, did), "settle", places)
