"""Giving money back: a refund is a transfer of its own, linked to the one that it gives back, wholly or in part."""

from collections.abc import Iterator, Mapping
from typing import Any

from apps.accounts.queries.wallets import holder
from apps.core.errors import DomainError
from apps.core.money import CurrencyMismatch, Money
from apps.ledger import templates
from apps.operations.plan import Context, Plan
from apps.operations.registry import Input, Target
from apps.providers.queries import routing
from apps.transfers.models import Kind, Status, Transfer
from apps.transfers.queries.given_back import charged_back, refunded
from apps.transfers.services.asking import plan_asked, told_asked
from apps.transfers.services.making import Named, balances, completed, ended, new_transfer
from apps.transfers.services.own import locked_transfer


class NotRefundable(DomainError):
    """Only a pay-in that was completed is refunded."""

    code = "NOT_REFUNDABLE"
    http_status = 409


class RefundTooLarge(DomainError):
    """More would be given back than came in."""

    code = "REFUND_TOO_LARGE"
    http_status = 422


class RefundByHand(DomainError):
    """The money came to a bank account that no provider serves: an operator sends it back."""

    code = "REFUND_BY_HAND"
    http_status = 409


def target(data: Input) -> Iterator[Target]:
    """The pay-in, which is locked so that no two refunds give more back than it brought."""
    yield Target(Transfer, data["transfer"])


def plan_create_refund(
    context: Context,
    *,
    transfer: str,
    amount: Money | None,
    reference: str,
    description: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """Give a pay-in, or a part of it, back to whoever paid, the way it came."""
    original = locked_transfer(context, transfer)
    if original.kind != Kind.PAY_IN or original.status != Status.COMPLETED:
        raise NotRefundable(
            f"{transfer} is {original.get_kind_display()}, {original.get_status_display().lower()}: only a completed"
            " pay-in is refunded.",
            field="/transfer",
        )
    back = _part(original, amount)
    refund = new_transfer(
        context,
        Kind.REFUND,
        original.book_id,
        back,
        Named(reference, description, metadata),
        source_wallet_id=original.destination_wallet_id,
        refund_of=original,
    )
    provider = routing.by_name(original.provider.removeprefix("provider:"))
    if provider is None:
        return _by_hand(context, refund, original)
    refund.terms = {"provider": provider.name, "payment": original.provider_reference}
    return plan_asked(context, refund, None, confirm=True)


def _part(original: Transfer, amount: Money | None) -> Money:
    """What is asked for, or all that is left, of what neither refunds nor chargebacks gave back: whoever paid is not paid
    twice."""
    taken = charged_back(original)
    left = original.money - refunded(original) - taken
    if amount and amount.currency != original.currency:
        raise CurrencyMismatch(f"{original.pk} is in {original.currency}.", field="/amount/currency")
    if not left.is_positive or (amount and amount > left):
        left = max(left, Money(0, original.currency))
        said = f" {taken} of it was charged back." if taken.is_positive else ""
        raise RefundTooLarge(
            f"Of {original.money} there is {left} left to be given back.{said}", field="/amount"
        )
    return amount or left


def _by_hand(context: Context, refund: Transfer, original: Transfer) -> Plan:
    """Booked at once: whoever asks sends it from the bank account at which it arrived."""
    if context.actor.book_id is not None:
        raise RefundByHand(
            f"{original.pk} came through {original.provider}, from which an operator sends it back.",
            field="/transfer",
        )
    refund.validate()
    refund.complete()
    ended(refund, context)
    wallet = holder(str(refund.source_wallet_id))
    entry = templates.entry(
        "refund",
        {"amount": refund.money, "wallet": wallet.available, "provider": original.provider},
        book_id=refund.book_id,
        reference=refund.pk,
        description=refund.description,
        metadata={"transfer": refund.pk, "refund_of": original.pk},
    )
    result = {
        **told_asked(refund),
        "hold": None,
        "entry": entry.id,
        "approval_request": None,
        "balances": balances([wallet]),
    }
    return Plan(
        rows=[refund],
        posts=[entry],
        result=result,
        events=completed(refund, result),
    )
