"""Whether a recipient may be paid an amount now: not closed, not known to be somebody else, not just changed."""

from datetime import timedelta
from typing import Final

from django.conf import settings

from apps.accounts.models import Recipient, Verification
from apps.accounts.queries.tenants import is_test
from apps.core import clock
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.operations.facts import THRESHOLDS
from apps.operations.plan import Context
from apps.rates.worth import in_dollars
from apps.transfers.services.own import refuse_closed

BLOCKED: Final = frozenset(Verification(each) for each in settings.RECIPIENT_BLOCKED_WHEN)
COOLING: Final = timedelta(seconds=settings.RECIPIENT_COOLING_SECONDS)
LARGE: Final = Money.parse(settings.RECIPIENT_COOLING_FROM_USD, THRESHOLDS)


class RecipientNotVerified(DomainError):
    """What is known of the recipient's account forbids to pay there."""

    code = "RECIPIENT_NOT_VERIFIED"
    http_status = 409


class RecipientCoolingDown(DomainError):
    """The recipient was changed a short while ago, and the payout is a large one."""

    code = "RECIPIENT_COOLING_DOWN"
    http_status = 409
    transient = True


def refuse_unpayable(context: Context, recipient: Recipient, amount: Money) -> None:
    """Raise RecipientUnfit, RecipientNotVerified or RecipientCoolingDown, in this order, if it may not be paid now."""
    refuse_closed(recipient)
    _refuse_unverified(recipient)
    _refuse_cooling(context, recipient, amount)


def _refuse_unverified(recipient: Recipient) -> None:
    if recipient.verification in BLOCKED:
        raise RecipientNotVerified(
            f"The verification of recipient {recipient.pk} is: {recipient.get_verification_display()}."
            " Correct its name or details, verify it again, or let an operator reset its verification.",
            field="/recipient",
            details={"verification": recipient.verification},
        )


def _refuse_cooling(context: Context, recipient: Recipient, amount: Money) -> None:
    """A changed one: who adds a recipient knows whom they mean, who changes one may be an intruder.

    Without a rate any amount may be a large one, but for play money.
    """
    until = recipient.changed_at + COOLING
    if recipient.version == 1 or until <= context.now:
        return
    worth = in_dollars(context, amount)
    if worth < LARGE if worth else is_test(str(recipient.tenant_id)):
        return
    raise RecipientCoolingDown(
        f"Recipient {recipient.pk} was changed at {clock.written(recipient.changed_at)}: until {clock.written(until)}"
        f" it is paid less than {LARGE} at a time{'' if worth else f', and of {amount.currency} no rate is known'}.",
        field="/recipient",
        details={"until": clock.written(until), "below": LARGE.decimal, "currency": LARGE.currency},
    )
