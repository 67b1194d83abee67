"""What a command would do, as plain data: the executor acts on it, a preview shows it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.db.models import Model

from apps.core.actor import Actor
from apps.core.money import Money
from apps.operations.models import ApprovalPolicy, Book


@dataclass(frozen=True, slots=True)
class HoldUse:
    """How a posting touches a hold: it opens it, takes from it, or gives back to it."""

    hold_id: str
    use: Literal["open", "take", "return"]


@dataclass(frozen=True, slots=True)
class Posting:
    """An amount moved from the source account to the destination account, both named by address."""

    source: str
    destination: str
    amount: Money
    hold: HoldUse | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A journal entry to be. `reference` is its own key, unique in its book.

    `adjusts` says that it puts right what stands, and so passes while its day is closing. `template` is the version
    of the posting template that made it. `involuntary` says that it happened whether or not there was enough (a return, a
    chargeback): what an account with an owed account lacks is owed. `refusal_sticks` is off where the ledger's
    refusal is not about the caller's own accounts (an unfunded pool): then the key stays free and the same
    request may be run again. `prefunded` are accounts of ours that must have the money, each with what to do if not:
    then the refusal is INSUFFICIENT_FUND, which never sticks.
    """

    id: str
    book_id: int
    reference: str
    kind: str
    postings: Sequence[Posting]
    description: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    effective_at: datetime | None = None
    adjusts: bool = False
    involuntary: bool = False
    reverses: str | None = None
    template: int | None = None
    refusal_sticks: bool = True
    prefunded: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BalanceAfter:
    """Stands in a result or an event for the balance of an account after the plan was posted, as shown."""

    address: str
    currency: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Stands in a result or an event for where the postings of an entry went, and how much, as they are stored."""

    entry: Entry

    @staticmethod
    def told(postings: Sequence[Posting]) -> list[dict[str, Any]]:
        """What stands there in the end."""
        return [{"to": posting.destination, "amount": posting.amount} for posting in postings]


@dataclass(frozen=True, slots=True)
class EventDraft:
    """A fact for the outside: what happened (`type`) to which object (`subject`).

    It is told in the feed of the book that runs the command, unless `book_id` names a counterparty's or it is `ours`: then
    it is told in the platform's own, and neither the feed nor a preview of a tenant has it.
    """

    type: str
    subject: str
    data: Mapping[str, Any]
    version: int = 1
    book_id: int | None = None
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Update:
    """Fields of a locked instance to be written; `was` is what must still stand in the row."""

    instance: Model
    fields: tuple[str, ...]
    was: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that one run would do. Nothing of it has happened yet.

    `accounts` are opened before the posting; they stay, empty, if it is refused. `own_accounts` belong to what the plan
    makes, and are not there if it is refused. `if_refused` is written in place of the rest when the ledger refuses.
    `approved` holds what approvers agree to beside input and postings: fees, a quote, a recipient's version.
    `follow_ups` run as commands of their own after the commit.
    `facts` are what policies could see of a later command whose approval it may ask for, by that command, and `makers` the
    ids of the people who asked for that before.
    """

    result: Mapping[str, Any]
    posts: Sequence[Entry] = ()
    events: Sequence[EventDraft] = ()
    rows: Sequence[Model] = ()
    updates: Sequence[Update] = ()
    accounts: Sequence[Model] = ()
    own_accounts: Sequence[Model] = ()
    approved: Mapping[str, Any] = field(default_factory=dict)
    if_refused: "Plan | None" = None
    follow_ups: "Sequence[Request]" = ()
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    makers: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One wish to run a command. The book defaults to the actor's, else it is the platform's."""

    command: str
    input: Mapping[str, Any]
    key: str
    actor: Actor
    origin: str = "internal"
    book_id: int | None = None
    approval_request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What a plan or a handler is given beside its input. `locked` are the targets, fetched under their locks.

    `policies` are those in force for this command and for the one whose approval it may ask for. `shared` is kept for all
    runs of a batch, for what need not be read again for each.
    """

    actor: Actor
    book: Book
    now: datetime
    operation_id: str
    key: str
    origin: str
    approval_request_id: str | None = None
    locked: Mapping[tuple[type[Model], str], Model] = field(default_factory=dict)
    policies: Sequence[ApprovalPolicy] = ()
    shared: dict[Any, Any] = field(default_factory=dict)
