"""What a bank's file says of our payments, and the parts in which workers follow it.

A file may speak of many thousands of payments. It is read once; what it says is stored as messages of their own, a few
payments each, which are followed like any other message.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from apps.core.money import Money
from apps.providers.protocol import Envelope, MessageUnreadable, News, Outcome, Reply

PART_OF: Final = "countinghouse-part-of"
"""The header of a part: the message whose part it is."""

ABOUT_FILE: Final = "rail_file"
"""What news of a whole file are about."""


@dataclass(frozen=True, slots=True)
class Saying:
    """What is said of one payment by our reference. `amount` is what was paid, or came back.

    `doubt` says why nothing may be concluded, and that a person must look. `entry` is under what name the bank's account
    has what was debited, so that a second debit is known.
    """

    reference: str
    outcome: Outcome
    code: str = ""
    message: str = ""
    amount: Money | None = None
    doubt: str = ""
    entry: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As a part keeps it."""
        amount = {"amount": self.amount.decimal, "currency": self.amount.currency} if self.amount else None
        told = {"outcome": self.outcome.value, "code": self.code, "message": self.message, "amount": amount}
        return {"reference": self.reference, **told}


@dataclass(frozen=True, slots=True)
class Report:
    """What a file of the bank says: of which of our files, of which payments, and what a person must look at besides.

    `standing` is how the bank says that our file stands, if it says so; `others` counts entries that are no payment of ours.
    """

    sayings: tuple[Saying, ...] = ()
    about: str = ""
    standing: str = ""
    doubts: tuple[str, ...] = ()
    others: int = 0


def part(of: str, sayings: Sequence[Saying]) -> Envelope:
    """A message that says a part of what another one said; the same part has the same bytes."""
    body = {"part_of": of, "payments": [each.as_dict() for each in sayings]}
    return Envelope({PART_OF: of}, json.dumps(body, sort_keys=True).encode())


def news_of_part(envelope: Envelope) -> list[News]:
    """What a part says, payment by payment."""
    try:
        return [_news(each) for each in json.loads(envelope.body)["payments"]]
    except (ValueError, KeyError, TypeError) as error:
        raise MessageUnreadable(f"The part cannot be read: {type(error).__name__}.") from None


def _news(told: Mapping[str, Any]) -> News:
    outcome = Outcome(told["outcome"])
    amount = told["amount"] and Money.parse(told["amount"]["amount"], told["amount"]["currency"])
    reply = Reply(
        outcome,
        code=told["code"],
        message=told["message"],
        settled=amount if outcome == Outcome.COMPLETED else None,
        returned=amount if outcome == Outcome.RETURNED else None,
        received=told,
    )
    return News("payment", told["reference"], reply, None)
