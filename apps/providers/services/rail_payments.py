"""The payments of a provider that makes files: kept until their cut-off, cancelled before it, and how each stands."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from apps.core.money import Money
from apps.providers.models import PaymentStatus, Provider, RailPayment
from apps.providers.protocol import Instruction, Outcome, Reply
from apps.providers.queries import cut_offs

DOUBTFUL: Final = "DOUBTFUL"
CANCELLED_BEFORE: Final = "It was cancelled before it came, and is never executed."

STANDING: Final[Mapping[str, Outcome]] = {
    PaymentStatus.WAITING: Outcome.ACCEPTED,
    PaymentStatus.IN_FILE: Outcome.ACCEPTED,
    PaymentStatus.ACCEPTED: Outcome.ACCEPTED,
    PaymentStatus.BOOKED: Outcome.COMPLETED,
    PaymentStatus.REJECTED: Outcome.FAILED,
    PaymentStatus.RETURNED: Outcome.RETURNED,
    PaymentStatus.CANCELLED: Outcome.CANCELLED,
}
"""What each status says to who asks after a payment."""


def keep(provider: Provider, instruction: Instruction, *, scheme: str, now: datetime) -> Reply:
    """Keep a payment for the next cut-off; one of a reference that is known stays as it is."""
    due = cut_offs.next_cut_off(provider, now) or now
    day = cut_offs.execution_day(provider, due, instruction.amount)
    row = RailPayment(
        provider=provider,
        reference=instruction.reference,
        scheme=scheme,
        amount=instruction.amount.minor,
        currency=instruction.amount.currency,
        to=json.dumps(dict(instruction.to)),
        memo=instruction.memo,
        status=PaymentStatus.WAITING,
        due_at=due,
        execute_on=day,
        expected_at=cut_offs.executed_by(provider, day, due),
        created_at=now,
        changed_at=now,
    )
    RailPayment.objects.bulk_create([row], ignore_conflicts=True)
    kept = find(provider, instruction.reference)
    if kept and kept.status == PaymentStatus.CANCELLED:
        return Reply(Outcome.NOT_ACCEPTED, code="REFERENCE_CANCELLED", message=CANCELLED_BEFORE)
    return standing(kept)


def void(provider: Provider, reference: str, *, now: datetime) -> Reply:
    """Cancel a payment that waits, or one that never came, for good; of one that is in a file, how it stands."""
    never = RailPayment(
        provider=provider,
        reference=reference,
        status=PaymentStatus.CANCELLED,
        created_at=now,
        changed_at=now,
    )
    RailPayment.objects.bulk_create([never], ignore_conflicts=True)
    waiting = RailPayment.objects.filter(provider=provider, reference=reference, status=PaymentStatus.WAITING)
    waiting.update(status=PaymentStatus.CANCELLED, changed_at=now)
    return standing(find(provider, reference))


def find(provider: Provider, reference: str) -> RailPayment | None:
    """The payment of a reference, if it ever came."""
    return RailPayment.objects.filter(provider=provider, reference=reference).first()


def standing(payment: RailPayment | None) -> Reply:
    """How a payment stands. What the bank said and does not prove anything leaves it open."""
    if payment is None:
        return Reply(Outcome.NOT_FOUND, code="NOT_FOUND")
    outcome, settled = STANDING[payment.status], payment.money
    if payment.doubt and outcome == Outcome.ACCEPTED:
        return Reply(Outcome.UNKNOWN, str(payment.pk), code=DOUBTFUL, message=payment.doubt)
    back = None if payment.returned is None else Money(payment.returned, payment.currency)
    return Reply(
        outcome,
        str(payment.pk),
        code=payment.code,
        message=payment.why,
        settled=settled if outcome == Outcome.COMPLETED else None,
        returned=back if outcome == Outcome.RETURNED else None,
        expected_at=payment.expected_at,
    )
