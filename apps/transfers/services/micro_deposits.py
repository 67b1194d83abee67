"""Micro-deposits: two small amounts are paid to a recipient out of a wallet of the house; who tells them has the account."""

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.conf import settings
from django.db.models import F, Model, Q

from apps.accounts.models import (
    VERIFICATION,
    Method,
    Recipient,
    RecipientKind,
    RecipientStatus,
    RecipientVerification,
    Verification,
)
from apps.accounts.queries.tenants import is_test
from apps.accounts.queries.wallets import Holder, holders
from apps.accounts.services import verifications
from apps.accounts.services.recipients import own
from apps.core import clock
from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.core.money import CurrencyMismatch, Money
from apps.ledger.models import Account
from apps.operations.plan import Context, Entry, EventDraft, Plan, Request, Update
from apps.operations.registry import Input, Target
from apps.transfers.micro_deposits import MicroDeposits, MicroDepositsStatus
from apps.transfers.models import Kind
from apps.transfers.services.asking import plan_asked
from apps.transfers.services.making import Named, new_transfer

LARGEST: Final = 99
"""Of either amount, in minor units."""
EXPIRE_AFTER: Final = timedelta(days=settings.MICRO_DEPOSITS_EXPIRE_DAYS)
AGAIN_AFTER: Final = timedelta(days=1)
"""How long after the last ones others are sent to the same version of a recipient."""
MOST: Final = 500

WORKER: Final = Actor.system("micro-deposits", {"transfers.expire_micro_deposits"})
MARK: Final = Named(description="Account verification")
ENDED: Final = ("status", "tries", "ended_at")


class NoMicroDeposits(DomainError):
    """No wallet of the house pays micro-deposits to such a recipient."""

    code = "NO_MICRO_DEPOSITS"
    http_status = 422


class MicroDepositsSent(DomainError):
    """Micro-deposits were sent a short while ago, to this recipient or to too many of the tenant."""

    code = "MICRO_DEPOSITS_SENT"
    http_status = 409
    transient = True


class NothingToProve(DomainError):
    """There are no micro-deposits to the recipient as it is now of which the amounts could be told."""

    code = "NOTHING_TO_PROVE"
    http_status = 409


def parties(_data: Input) -> list[int]:
    """The books of the wallets of the house, which the command of a tenant must reach."""
    return sorted({each.book_id for each in _of_the_house()})


def targets_of_expiry(data: Input) -> Iterator[Target]:
    """The recipient, and what it was paid."""
    yield Target(Recipient, data["recipient"])
    yield Target(MicroDeposits, data["micro_deposits"])


def plan_send_micro_deposits(context: Context, *, recipient: str) -> Plan:
    """Pay two small amounts. Neither the answer nor anything in the tenant's book says which: no facts are kept of it, and
    nobody is asked to approve less than two of a currency."""
    found = own(context, recipient)
    wallet = _wallet(found)
    _refuse_too_soon(context, found)
    older = MicroDeposits.objects.filter(recipient=found, status=MicroDepositsStatus.SENT).first()
    amounts = [Money(1 + secrets.randbelow(LARGEST), wallet.currency) for _ in range(2)]
    paid = [_paid(context, wallet, found, amount) for amount in amounts]
    row = MicroDeposits(
        book_id=found.tenant.book.pk,
        recipient=found,
        version=found.version,
        currency=wallet.currency,
        amounts=json.dumps([amount.minor for amount in amounts]),
        transfers=[plan.result["transfer"] for plan in paid],
        requested_at=context.now,
        expires_at=context.now + EXPIRE_AFTER,
    )
    was = {"version": found.version, "verification": found.verification}
    if found.verification == Verification.UNVERIFIED:
        found.await_answer()
    result = told(row, found)
    event = EventDraft("recipient.micro_deposits_sent", found.pk, result, book_id=row.book_id)
    return Plan(
        rows=[*(each for plan in paid for each in plan.rows), row],
        updates=[Update(found, VERIFICATION, was), *([_given_up(context, older)] if older else [])],
        posts=[_of_ours(entry, wallet) for plan in paid for entry in plan.posts],
        accounts=_once([each for plan in paid for each in plan.accounts]),
        result=result,
        events=[*(each for plan in paid for each in plan.events), event],
    )


def plan_prove_micro_deposits(context: Context, *, recipient: str, first: Money, second: Money) -> Plan:
    """Tell the amounts. Right ones verify the recipient; after three wrong tries they are not asked for any more."""
    found = own(context, recipient)
    for name, amount in (("first", first), ("second", second)):
        if amount.currency != found.currency:
            raise CurrencyMismatch(
                f"{recipient} was sent {found.currency}, and {amount} is none; no try was counted.",
                field=f"/{name}",
            )
    row = MicroDeposits.objects.filter(
        recipient=found, version=found.version, status=MicroDepositsStatus.SENT
    ).first()
    was_reset = found.verification == Verification.UNVERIFIED
    if row is None or row.expires_at <= context.now or was_reset:
        raise NothingToProve(
            f"No micro-deposits to {recipient}, as it is now, wait for their amounts to be told.",
            field="/recipient",
        )
    was = {"status": row.status, "tries": row.tries}
    row.tries += 1
    if row.are([first, second]):
        return _ended(context, found, row, was, MicroDepositsStatus.PROVEN, _PROVEN)
    if row.left == 0:
        return _ended(context, found, row, was, MicroDepositsStatus.FAILED, _WRONG)
    return Plan(updates=[Update(row, ENDED, was)], result={**told(row, found), "proven": False})


def plan_expire_micro_deposits(context: Context, *, recipient: str, micro_deposits: str) -> Plan:
    """Nobody has told the amounts in time: that it cannot be said whose the account is, is not a no. Those of an older
    version end at once, and say nothing."""
    found: Recipient = context.locked[Recipient, recipient]  # type: ignore[assignment]
    row: MicroDeposits = context.locked[MicroDeposits, micro_deposits]  # type: ignore[assignment]
    is_due = row.expires_at <= context.now or row.version != found.version
    if row.status != MicroDepositsStatus.SENT or not is_due:
        raise NothingToProve(f"{micro_deposits} is {row.status}.", field="/micro_deposits")
    was = {"status": row.status, "tries": row.tries}
    if _awaits(found, row):
        return _ended(context, found, row, was, MicroDepositsStatus.EXPIRED, _UNTOLD)
    given_up = _given_up(context, row)
    return Plan(updates=[given_up], result={**told(row, found), "proven": False})


def due(now: datetime) -> list[Request]:
    """The requests that end what nobody has told the amounts of, and what is of an older version of its recipient."""
    is_due = Q(expires_at__lte=now) | ~Q(version=F("recipient__version"))
    rows = MicroDeposits.objects.filter(is_due, status=MicroDepositsStatus.SENT)
    return [
        Request(
            "transfers.expire_micro_deposits",
            {"recipient": recipient, "micro_deposits": pk},
            f"{pk}:expire",
            WORKER,
            origin="worker",
        )
        for pk, recipient in rows.order_by("expires_at").values_list("pk", "recipient_id")[:MOST]
    ]


def told(row: MicroDeposits, recipient: Recipient) -> dict[str, Any]:
    """What the tenant may know: all but the amounts, and by which transfers they were paid."""
    return {
        "recipient": recipient.pk,
        "micro_deposits": row.pk,
        "version": row.version,
        "status": row.status,
        "tries_left": row.left,
        "expires_at": row.expires_at,
        "verification": recipient.verification,
    }


_PROVEN = (Verification.MATCH, "AMOUNTS_TOLD", "Both amounts that were paid there were told.")
_WRONG = (
    Verification.NO_MATCH,
    "AMOUNTS_WRONG",
    "Other amounts than those that were paid there were told, each time.",
)
_UNTOLD = (Verification.NOT_POSSIBLE, "AMOUNTS_UNTOLD", "Nobody told in time which amounts were paid there.")


def _ended(
    context: Context,
    recipient: Recipient,
    row: MicroDeposits,
    was: dict[str, Any],
    status: MicroDepositsStatus,
    found: tuple[Verification, str, str],
) -> Plan:
    """The end of micro-deposits, which says something of the recipient."""
    row.status, row.ended_at = status, context.now
    result, code, why = found
    evidence = RecipientVerification(
        **verifications.said_of(context, recipient),
        method=Method.MICRO_DEPOSIT,
        result=result,
        code=code,
        why=why,
    )
    plan = verifications.found_out(context, recipient, evidence)
    proven = status == MicroDepositsStatus.PROVEN
    return replace(
        plan,
        updates=[*plan.updates, Update(row, ENDED, was)],
        result={**told(row, recipient), "proven": proven},
    )


def _given_up(context: Context, row: MicroDeposits) -> Update:
    """They end without saying anything of the recipient, who is another or was found out otherwise."""
    was = {"status": row.status, "tries": row.tries}
    row.status, row.ended_at = MicroDepositsStatus.EXPIRED, context.now
    return Update(row, ENDED, was)


def _awaits(recipient: Recipient, row: MicroDeposits) -> bool:
    """Whether the recipient waits for these amounts and nothing else."""
    return (
        recipient.status == RecipientStatus.ACTIVE
        and recipient.version == row.version
        and recipient.verification == Verification.PENDING
        and recipient.check_id is None
    )


def _of_the_house() -> Sequence[Holder]:
    return list(holders(settings.MICRO_DEPOSIT_WALLETS).values())


def _wallet(recipient: Recipient) -> Holder:
    """Of the house, in the recipient's currency; play money for a test environment, and for nobody else."""
    play = is_test(str(recipient.tenant_id))
    fit = [
        each
        for each in _of_the_house()
        if each.currency == recipient.currency and is_test(each.tenant_id) == play
    ]
    if recipient.kind != RecipientKind.BANK_ACCOUNT or not fit:
        raise NoMicroDeposits(
            f"There are no micro-deposits to a {recipient.get_kind_display().lower()} in {recipient.currency};"
            " verify it by a provider.",
            field="/recipient",
        )
    return fit[0]


def _refuse_too_soon(context: Context, recipient: Recipient) -> None:
    since = context.now - AGAIN_AFTER
    recent = MicroDeposits.objects.filter(book=recipient.tenant.book, requested_at__gt=since)
    last = (
        MicroDeposits.objects.filter(recipient=recipient, version=recipient.version).order_by("-id").first()
    )
    if last and (last.status == MicroDepositsStatus.SENT or last.requested_at > since):
        until = (
            last.expires_at if last.status == MicroDepositsStatus.SENT else last.requested_at + AGAIN_AFTER
        )
        raise MicroDepositsSent(
            f"{last.pk} was sent to {recipient.pk}; others may be sent after {clock.written(until)}.",
            field="/recipient",
            details={"micro_deposits": last.pk, "until": clock.written(until)},
        )
    if recent.count() >= settings.MICRO_DEPOSITS_PER_DAY:
        raise MicroDepositsSent(
            f"{settings.MICRO_DEPOSITS_PER_DAY} recipients a day are sent micro-deposits.", field="/recipient"
        )


def _paid(context: Context, wallet: Holder, recipient: Recipient, amount: Money) -> Plan:
    transfer = new_transfer(
        context,
        Kind.PAYOUT,
        wallet.book_id,
        amount,
        MARK,
        source_wallet_id=wallet.id,
        recipient=recipient,
    )
    return plan_asked(context, transfer, recipient, confirm=True)


def _of_ours(entry: Entry, wallet: Holder) -> Entry:
    """If the house lacks the money, that is not the caller's fault: the key stays free."""
    lacking = "The house has too little for micro-deposits; an operator must fund its wallet."
    return replace(entry, prefunded={wallet.available: lacking})


def _once(accounts: Sequence[Model]) -> list[Model]:
    """Accounts that both payments would open, once."""
    by_place: dict[Any, Model] = {}
    for each in (cast(Account, one) for one in accounts):
        by_place.setdefault((each.book_id, each.address, each.currency), each)
    return list(by_place.values())
