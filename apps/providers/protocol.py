"""What every provider's adapter is: the few things that the product asks, and the words of the answers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol, runtime_checkable

from apps.core import clock
from apps.core.errors import DomainError
from apps.core.money import Money

KINDS: Final = (
    *("payout", "refund", "onramp", "offramp", "buy", "sell", "bridge"),
    *("strategy_start", "strategy_stop"),
)
"""The kinds of transfers that providers execute."""


class Outcome(StrEnum):
    """What an answer says. Only `unknown` leaves open whether the money moves; nothing is guessed from it."""

    ACCEPTED = "accepted"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    RETURNED = "returned"
    NOT_ACCEPTED = "not_accepted"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a provider is to do. `reference` is ours, never used twice; `to` is who receives, as the adapter needs it.

    For questions about it: nothing of it was asked before `made_at`, and it was asked for last at `asked_at`.
    """

    reference: str
    kind: str
    amount: Money
    to: Mapping[str, Any]
    receives: str | None = None
    memo: str = ""
    made_at: datetime | None = None
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a call. `settled` is what was truly paid, `delivered` what was bought with it, once that is known;
    `returned` what came back of it so far, all of it if that is not said.

    `transient` says of a refusal that another time may do. `received` is what came back, for the evidence.
    """

    outcome: Outcome
    provider_reference: str = ""
    code: str = ""
    message: str = ""
    transient: bool = False
    settled: Money | None = None
    delivered: Money | None = None
    returned: Money | None = None
    expected_at: datetime | None = None
    retry_at: datetime | None = None
    received: Mapping[str, Any] = field(default_factory=dict)

    def came_back_whole(self, asked: Money) -> bool:
        """Whether it says that all came back of what was paid, which is what was asked for unless it says otherwise."""
        return self.outcome == Outcome.RETURNED and self.returned in {None, self.settled or asked}

    def as_dict(self) -> dict[str, Any]:
        """All but the evidence, as JSON."""
        return {
            "outcome": self.outcome.value,
            "provider_reference": self.provider_reference,
            "code": self.code,
            "message": self.message,
            "transient": self.transient,
            "settled": _written(self.settled),
            "delivered": _written(self.delivered),
            "returned": _written(self.returned),
            "expected_at": clock.written(self.expected_at) if self.expected_at else None,
            "retry_at": clock.written(self.retry_at) if self.retry_at else None,
        }

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Reply":
        """A reply that was kept as JSON."""
        amounts = {name: _read(kept[name]) for name in ("settled", "delivered", "returned")}
        instants = {
            name: kept[name] and datetime.fromisoformat(kept[name]) for name in ("expected_at", "retry_at")
        }
        return cls(**{**kept, **amounts, **instants, "outcome": Outcome(kept["outcome"])})


@dataclass(frozen=True, slots=True)
class News:
    """What an inbound message says: of one of our references (`payment`), or of money that came in or was taken.

    That of a `virtual_account` names the one that we asked for and, in `data`, its `number`.
    The `data` of a `deposit` has `amount`, `currency`, `virtual_account` (the number), `reference` (what the remitter
    wrote) and `remitter`; that of a `chargeback` has `amount`, `currency`, `deposit` (its reference) and `reason`.
    """

    about: str
    reference: str
    reply: Reply
    occurred_at: datetime | None
    data: Mapping[str, Any] = field(default_factory=dict)


def _written(amount: Money | None) -> dict[str, str] | None:
    return {"amount": amount.decimal, "currency": amount.currency} if amount else None


def _read(kept: Mapping[str, str] | None) -> Money | None:
    return Money.parse(kept["amount"], kept["currency"]) if kept else None


class MessageUnreadable(DomainError):
    """The provider's message is not of a shape that is known."""

    code = "MESSAGE_UNREADABLE"


@dataclass(frozen=True, slots=True)
class Envelope:
    """An inbound message as it came; the names of its headers are in lower case."""

    headers: Mapping[str, str]
    body: bytes


class PayeeResult(StrEnum):
    """What a provider finds of the holder of an account. That it cannot tell is not a no."""

    MATCH = "match"
    PARTIAL = "partial"
    NO_MATCH = "no_match"
    NOT_POSSIBLE = "not_possible"


@dataclass(frozen=True, slots=True)
class PayeeCheck:
    """Whether an account is whose it should be. `name` is whose it is, where the provider says so."""

    result: PayeeResult
    code: str
    message: str
    name: str = ""


class Adapter(Protocol):
    """One provider behind the protocol. No method raises for what the provider or the network does: it is a Reply.

    `voids_unknown` says that a cancelled reference is never executed, even one the provider has not heard of yet.
    """

    voids_unknown: bool

    def submit(self, instruction: Instruction) -> Reply:
        """Ask for the payment, once."""

    def query(self, reference: str, instruction: Instruction) -> Reply:
        """Ask what became of our reference."""

    def cancel(self, reference: str, instruction: Instruction) -> Reply:
        """Ask that it is not executed."""

    def verify(self, envelope: Envelope, *, now: datetime) -> bool:
        """Whether the message is from the provider."""

    def name_of(self, envelope: Envelope) -> str:
        """The message's own id or, lacking one, its reference, type and time; MessageUnreadable if it has none."""

    def parse(self, envelope: Envelope) -> Sequence[News]:
        """What the message says; MessageUnreadable if that is not known."""

    def virtual_account(self, reference: str) -> str | Reply:
        """A number for deposits, the same for the same reference of ours; a Reply if it gives none, or not now."""

    def verify_payee(self, name: str, details: Mapping[str, str]) -> PayeeCheck | Reply:
        """Whether the account that the details lead to is the named one's; a Reply if it does not say, or not now."""

    def balances(self) -> Mapping[str, Money]:
        """What the provider has of ours, by currency."""

    def told_since(self, since: datetime) -> Iterable[Envelope]:
        """Every message that it sent us since, or meant to, as it names and writes it."""

    def executed_since(self, since: datetime) -> Iterable[tuple[str, Reply]]:
        """Every reference of ours that was executed or changed since, with what became of it."""


@runtime_checkable
class Recalling(Protocol):
    """What an adapter may be besides: one whose provider is asked by its API that a payment comes back."""

    recalls: bool

    def recall(self, name: str, reference: str, instruction: Instruction) -> Reply:
        """Ask for the money of a payment back, once for each name: accepted if it was asked for, failed if that is refused.

        Anything else is no answer. What comes back is told as a return, later.
        """
