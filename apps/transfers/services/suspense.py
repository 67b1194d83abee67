"""What people do about money in suspense, and about chargebacks."""

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
from apps.transfers.arrivals import Chargeback, ChargebackStatus, Deposit, DepositStatus
from apps.transfers.services.deposits import SUSPENSE, description, pay_in
from apps.transfers.services.making import balances, check_currency, told

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


class NotInSuspense(DomainError):
    """The deposit is not in suspense."""

    code = "DEPOSIT_NOT_IN_SUSPENSE"
    http_status = 409


class RealMoney(DomainError):
    """Real money is never a test environment's."""

    code = "REAL_MONEY"
    http_status = 422


class ChargebackClosed(DomainError):
    """Somebody has seen to the chargeback already."""

    code = "CHARGEBACK_CLOSED"
    http_status = 409


def of_chargeback(data: Input) -> Iterator[Target]:
    """The chargeback, which is locked."""
    yield Target(Chargeback, data["chargeback"])


def plan_assign_deposit(context: Context, *, deposit: str, wallet: str, reason: str) -> Plan:
    """Give money in suspense to the wallet whose it is: from the platform's book to the tenant's."""
    found, was = _suspended(context, deposit, DepositStatus.OPEN, DepositStatus.RETURNING)
    to = holder(wallet)
    check_currency(to, found.money)
    if is_test(to.tenant_id) and not found.provider.is_play:
        raise RealMoney(f"{wallet} is a test environment's, and the money is real.", field="/wallet")
    transfer = pay_in(context, found, to)
    platform = books.find(books.platform_id())
    posts = _group(found, to, platform, transfer.pk)
    found.status, found.transfer, found.why = DepositStatus.ASSIGNED, transfer, reason
    found.book_id, found.wallet_id, found.matched_by = to.book_id, to.id, "person"
    found.matched_at = found.credited_at = found.available_at = context.now
    result = {
        **told(transfer),
        "deposit": found.pk,
        "entries": [entry.id for entry in posts],
        "balances": balances([to]),
    }
    return Plan(
        rows=[transfer],
        updates=[Update(found, ASSIGNED, was)],
        posts=posts,
        accounts=_between(context, platform, to, found.currency),
        result=result,
        events=[EventDraft("transfer.completed", transfer.pk, result, book_id=to.book_id)],
    )


def plan_mark_for_return(context: Context, *, deposit: str, reason: str) -> Plan:
    """Nobody here is to have it: it is to be sent back to where it came from. Nothing moves yet."""
    found, was = _suspended(context, deposit, DepositStatus.OPEN)
    found.status, found.why = DepositStatus.RETURNING, reason
    result = {"deposit": found.pk, "status": found.status, "amount": found.money}
    return Plan(
        updates=[Update(found, ("status", "why"), was)],
        result=result,
        events=[EventDraft("deposit.to_be_returned", found.pk, result)],
    )


def plan_close_chargeback(context: Context, *, chargeback: str, note: str) -> Plan:
    """A person has seen to a chargeback: posted a correction, or come to terms with the provider."""
    found: Chargeback = context.locked[Chargeback, chargeback]  # type: ignore[assignment]
    if found.status != ChargebackStatus.OPEN:
        raise ChargebackClosed(f"{chargeback} is closed: {found.note}", field="/chargeback")
    found.status, found.note, found.closed_at = ChargebackStatus.CLOSED, note, context.now
    return Plan(
        updates=[Update(found, ("status", "note", "closed_at"), {"status": ChargebackStatus.OPEN})],
        result={"chargeback": found.pk, "status": found.status},
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
