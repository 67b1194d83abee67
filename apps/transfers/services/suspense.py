"""What people do about money in suspense."""

from collections.abc import Iterator
from typing import Any, Final

from apps.accounts.queries.tenants import is_test
from apps.accounts.queries.wallets import Holder, holder
from apps.core.errors import DomainError
from apps.ledger import templates
from apps.ledger.services.placing import new_account
from apps.operations import books
from apps.operations.models import Book
from apps.operations.plan import Context, Entry, EventDraft, Plan, Update
from apps.operations.registry import Input, Target
from apps.providers.queries import routing
from apps.transfers.arrivals import Chargeback, Deposit, DepositStatus
from apps.transfers.services.deposits import SUSPENSE, description, pay_in
from apps.transfers.services.making import balances, check_currency, told
from apps.transfers.services.reserves import keeper, kept_of

ASSIGNED: Final = (
    "status",
    "book",
    "wallet",
    "transfer",
    "matched_by",
    "why",
    "matched_at",
    "credited_at",
    "available_at",
)


RETURNED: Final = ("status", "returned_at", "returned_by", "return_reference")


class NotInSuspense(DomainError):
    """The deposit is not in suspense."""

    code = "DEPOSIT_NOT_IN_SUSPENSE"
    http_status = 409


class NotToBeReturned(DomainError):
    """Nobody has said that the deposit is to be sent back."""

    code = "DEPOSIT_NOT_TO_BE_RETURNED"
    http_status = 409


class DepositChargedBack(DomainError):
    """The provider takes the deposit back: it is not sent back besides."""

    code = "DEPOSIT_CHARGED_BACK"
    http_status = 409


class RealMoney(DomainError):
    """Real money is never a test environment's."""

    code = "REAL_MONEY"
    http_status = 422


class PlayMoney(DomainError):
    """Play money is never a real environment's, where there is real money."""

    code = "PLAY_MONEY"
    http_status = 422


def to_wallet(data: Input) -> Iterator[Target]:
    """The deposit, and its wallet-to-be if something of that is kept back, locked."""
    yield Target(Deposit, data["deposit"])
    yield from keeper(data["wallet"])


def plan_assign_deposit(context: Context, *, deposit: str, wallet: str, reason: str) -> Plan:
    """Give money in suspense to the wallet whose it is: from the platform's book to the tenant's."""
    found, was = _suspended(context, deposit, DepositStatus.OPEN, DepositStatus.RETURNING)
    to = holder(wallet)
    check_currency(to, found.money)
    if is_test(to.tenant_id) and not found.provider.is_play:
        raise RealMoney(f"{wallet} is a test environment's, and the money is real.", field="/wallet")
    if found.provider.is_play and not is_test(to.tenant_id) and routing.moves_real_money():
        raise PlayMoney(f"{wallet} is no test environment's, and the money is play money.", field="/wallet")
    transfer = pay_in(context, found, to)
    platform = books.find(books.platform_id())
    kept = kept_of(context, transfer, to)
    posts = [*_group(found, to, platform, transfer.pk), *kept.posts]
    found.status, found.transfer, found.why = DepositStatus.ASSIGNED, transfer, reason
    found.book_id, found.wallet_id, found.matched_by = to.book_id, to.id, "person"
    found.matched_at = found.credited_at = found.available_at = context.now
    result = {
        **told(transfer),
        "deposit": found.pk,
        "entries": [entry.id for entry in posts],
        "reserved": kept.amount,
        "balances": balances([to]),
    }
    return Plan(
        rows=[transfer, *kept.rows],
        updates=[Update(found, ASSIGNED, was)],
        posts=posts,
        accounts=[*_between(context, platform, to, found.currency), *kept.accounts],
        result=result,
        events=[EventDraft("transfer.completed", transfer.pk, result, book_id=to.book_id)],
    )


def plan_mark_for_return(context: Context, *, deposit: str, reason: str) -> Plan:
    """Nobody here is to have it: it is to be sent back to where it came from. Nothing moves until it has been."""
    found, was = _suspended(context, deposit, DepositStatus.OPEN)
    found.status, found.why = DepositStatus.RETURNING, reason
    result = {"deposit": found.pk, "status": found.status, "amount": found.money}
    return Plan(
        updates=[Update(found, ("status", "why"), was)],
        result=result,
        events=[EventDraft("deposit.to_be_returned", found.pk, result)],
    )


def plan_return_deposit(context: Context, *, deposit: str, reference: str, reason: str) -> Plan:
    """Record that the money was sent back from where it arrived, under the bank's reference for that."""
    found: Deposit = context.locked[Deposit, deposit]  # type: ignore[assignment]
    if found.status != DepositStatus.RETURNING:
        raise NotToBeReturned(
            f"{deposit} is {found.get_status_display().lower()}; only what was marked to be sent back is returned.",
            field="/deposit",
        )
    _refuse_twice(found, reference)
    was = {"status": found.status}
    found.status, found.returned_at = DepositStatus.RETURNED, context.now
    found.returned_by, found.return_reference = context.actor.label, reference
    entry = templates.entry(
        "deposit_return",
        {"amount": found.money, "suspense": SUSPENSE, "provider": found.provider.account},
        book_id=books.platform_id(),
        reference=f"{found.pk}:return",
        description=f"Sent back: {found.remitter or 'to where it came from'}",
        metadata={"deposit": found.pk, "bank_reference": reference, "reason": reason},
        refusal_sticks=False,
    )
    result = {
        "deposit": found.pk,
        "status": found.status,
        "amount": found.money,
        "reference": reference,
        "entry": entry.id,
    }
    return Plan(
        updates=[Update(found, RETURNED, was)],
        posts=[entry],
        result=result,
        events=[EventDraft("transfer.inflow.compensated", found.pk, result)],
    )


def _refuse_twice(deposit: Deposit, reference: str) -> None:
    """Raise DepositChargedBack if a chargeback is still open, unless that is how all of it went back."""
    for each in Chargeback.open_of(deposit):
        if (each.reference, each.money) != (reference, deposit.money):
            raise DepositChargedBack(
                f"{each.pk} takes {each.money} of it back: close that first or, if all of it went back so, give the reference"
                f" {each.reference}.",
                field="/reference",
                details={"chargeback": each.pk},
            )


def _suspended(context: Context, deposit: str, *statuses: str) -> tuple[Deposit, dict[str, Any]]:
    found: Deposit = context.locked[Deposit, deposit]  # type: ignore[assignment]
    if found.status not in statuses:
        raise NotInSuspense(f"{deposit} is {found.status}.", field="/deposit")
    return found, {"status": found.status}


def _group(deposit: Deposit, to: Holder, platform: Book, transfer: str) -> list[Entry]:
    """The two halves: what the platform owes the tenant's book and what is due to it from there stay the same."""

    def entry(template: str, book_id: int, **variables: str) -> Entry:
        return templates.entry(
            template,
            {"amount": deposit.money, **variables},
            book_id=book_id,
            reference=transfer,
            kind="pay_in",
            description=description(deposit),
            metadata={"transfer": transfer, "deposit": deposit.pk},
            refusal_sticks=False,
        )

    return [
        entry("book_transfer_out", platform.pk, **{"from": SUSPENSE, "other": to.book.slug}),
        entry("book_transfer_in", to.book_id, to=to.available, other=platform.slug),
    ]


def _between(context: Context, platform: Book, to: Holder, currency: str) -> list[Any]:
    """The accounts in which the two books keep what they owe each other; opened when first needed."""
    return [
        new_account(platform, f"due_to:{to.book.slug}", currency, now=context.now),
        new_account(to.book, f"due_from:{platform.slug}", currency, now=context.now),
    ]
