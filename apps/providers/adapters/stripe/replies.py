"""What Stripe's answers and refusals say, in the words of the protocol."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import stripe

from apps.core import clock
from apps.providers.adapters.http import KEPT, evidence, retry_after
from apps.providers.adapters.stripe.amounts import from_stripe
from apps.providers.adapters.stripe.wire import Unsent
from apps.providers.protocol import MessageUnreadable, Outcome, Reply

Told = Mapping[str, Any]

PAYOUT: Final[Mapping[str, Outcome]] = {
    "pending": Outcome.ACCEPTED,
    "in_transit": Outcome.ACCEPTED,
    "paid": Outcome.COMPLETED,
    "canceled": Outcome.CANCELLED,
}
REFUND: Final[Mapping[str, Outcome]] = {
    "pending": Outcome.ACCEPTED,
    "requires_action": Outcome.ACCEPTED,
    "succeeded": Outcome.COMPLETED,
    "canceled": Outcome.CANCELLED,
}
STATUSES: Final = {"payout": PAYOUT, "refund": REFUND}

UNFUNDED: Final = frozenset({"balance_insufficient", "insufficient_funds"})
REFUSES: Final = frozenset({"invalid_request_error", "card_error"})
"""The types of errors that say of the request itself that it was not taken."""

WORDS: Final[Mapping[str, str]] = {
    "account_closed": "The bank account was closed.",
    "account_frozen": "The bank account is frozen.",
    "bank_account_restricted": "The bank account may not receive such payments.",
    "bank_ownership_changed": "The bank account belongs to another bank now.",
    "could_not_process": "The bank could not process it.",
    "debit_not_authorized": "The bank account does not allow it.",
    "declined": "The bank declined it.",
    "insufficient_funds": "There was not enough money at Stripe.",
    "invalid_account_number": "The account number is not valid.",
    "incorrect_account_holder_name": "The name is not that of the account's holder.",
    "incorrect_account_holder_address": "The address is not that of the account's holder.",
    "incorrect_account_holder_tax_id": "The tax number is not that of the account's holder.",
    "invalid_currency": "The bank account does not take this currency.",
    "no_account": "There is no such bank account.",
    "unsupported_card": "The card takes no payouts.",
    "charge_for_pending_refund_disputed": "The payment was disputed meanwhile.",
    "expired_or_canceled_card": "The card has expired or was cancelled.",
    "lost_or_stolen_card": "The card was lost or stolen.",
    "merchant_request": "It was taken back at our request.",
    "unknown": "Stripe does not say why.",
}
"""Why payouts and refunds fail."""


def told(data: Any, received: Told | None = None) -> Reply:
    """What a payout or a refund says; MessageUnreadable if it is neither, or has no status that is known.

    What failed came back, whether or not it had been told as paid before: the books give it back in both cases. Of what
    never left our balance nothing could come back, so it simply failed.
    """
    known = STATUSES.get(str(data.get("object"))) if isinstance(data, Mapping) else None
    if known is None:
        raise MessageUnreadable("It is neither a payout nor a refund.")
    status = str(data.get("status"))
    outcome = _failure(data) if status == "failed" else known.get(status)
    if outcome is None:
        raise MessageUnreadable(f"Stripe has no status {status[:40]!r} that is known here.")
    code, message = _why(data) if status == "failed" else ("", "")
    return Reply(
        outcome,
        provider_reference=str(data.get("id") or "")[:120],
        code=code,
        message=message,
        settled=from_stripe(data.get("amount"), data.get("currency"))
        if outcome == Outcome.COMPLETED
        else None,
        expected_at=instant(data.get("arrival_date")) if outcome == Outcome.ACCEPTED else None,
        received=received or {data["object"]: data},
    )


def _failure(data: Told) -> Outcome:
    return Outcome.RETURNED if data.get("failure_balance_transaction") else Outcome.FAILED


def _why(data: Told) -> tuple[str, str]:
    """Why it failed, as a code and in words."""
    code = str(data.get("failure_code") or data.get("failure_reason") or "")[:60]
    return code, str(data.get("failure_message") or WORDS.get(code, "Stripe says that it failed."))[:500]


def answered(found: Any) -> tuple[Any, Told]:
    """The JSON of what the library returned, and the evidence."""
    response = getattr(found, "last_response", None)
    return (response.data, evidence(response.code, response.body)) if response else (found, {})


def of_answer(found: Any) -> Reply:
    """What came of a call that was answered."""
    return read(*answered(found))


def read(data: Any, received: Told | None = None) -> Reply:
    """What a payout or a refund says; what cannot be read tells nothing."""
    try:
        return told(data, received)
    except MessageUnreadable as error:
        return Reply(
            Outcome.UNKNOWN, code="UNREADABLE", message=error.message, transient=True, received=received or {}
        )


def of_refusal(error: stripe.StripeError) -> Reply:
    """What an exception of the library says of what was asked for. Whatever does not prove that it was not taken leaves
    that open: no answer, a key in use (409), a key of another request, trouble at Stripe (5xx), no error of its shape."""
    if isinstance(error, Unsent):
        return _reply(error, Outcome.NOT_ACCEPTED, "UNREACHABLE", transient=True)
    if isinstance(error, stripe.APIConnectionError):
        return _reply(error, Outcome.UNKNOWN, "NO_ANSWER", transient=True)
    code = _of_error(error, "code")[:60]
    if isinstance(error, stripe.RateLimitError):
        return _reply(error, Outcome.NOT_ACCEPTED, code or "rate_limited", transient=True)
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return _reply(error, Outcome.NOT_ACCEPTED, code or f"HTTP_{error.http_status}", transient=True)
    refused = isinstance(error, stripe.InvalidRequestError | stripe.CardError)
    if not refused or _of_error(error, "type") not in REFUSES:
        return _reply(error, Outcome.UNKNOWN, code or f"HTTP_{error.http_status}", transient=True)
    if code in UNFUNDED:
        return _reply(error, Outcome.NOT_ACCEPTED, "insufficient_funds", transient=True)
    return _reply(error, Outcome.NOT_ACCEPTED, code or f"HTTP_{error.http_status}", transient=False)


def of_silence(error: stripe.StripeError) -> Reply:
    """A question that was not answered says nothing of what it was about."""
    said = of_refusal(error)
    return Reply(
        Outcome.UNKNOWN, code=said.code, message=said.message, transient=True, received=said.received
    )


def never(code: str, message: str) -> Reply:
    """Stripe was not even asked, and never will be."""
    return Reply(Outcome.NOT_ACCEPTED, code=code, message=message[:500])


def instant(seconds: Any) -> datetime | None:
    """A time as Stripe writes it."""
    return datetime.fromtimestamp(seconds, UTC) if type(seconds) is int and 0 <= seconds < 2**36 else None


def _of_error(error: stripe.StripeError, name: str) -> str:
    said = error.json_body.get("error") if isinstance(error.json_body, dict) else None
    return str(said.get(name) or "") if isinstance(said, dict) else ""


def _reply(error: stripe.StripeError, outcome: Outcome, code: str, *, transient: bool) -> Reply:
    later = retry_after(str((error.headers or {}).get("retry-after") or ""))
    said = (
        evidence(error.http_status, error.http_body or "")
        if error.http_status
        else {"error": f"{error.user_message}"[:KEPT]}
    )
    return Reply(
        outcome,
        code=code,
        message=str(error.user_message or "")[:500],
        transient=transient,
        retry_at=clock.now() + later if later and outcome == Outcome.NOT_ACCEPTED else None,
        received=said,
    )
