"""What adapters share whose payments leave in files: asked one by one, they keep, tell and cancel by our own books.

Nothing is sent when a payment is submitted. Files are made at the cut-off (`services/cutting.py`), handed over
(`services/handing_over.py`), and what the bank says of them is read (`services/reading.py`).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from django.db import connection

from apps.core import clock
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.providers.adapters import sayings
from apps.providers.adapters.channel import Channel
from apps.providers.adapters.sayings import Report
from apps.providers.adapters.signatures import is_signed
from apps.providers.models import Provider
from apps.providers.protocol import Envelope, Instruction, News, Outcome, PayeeCheck, Reply
from apps.providers.services import rail_payments

NO_NUMBERS = Reply(
    Outcome.NOT_ACCEPTED, code="NO_VIRTUAL_ACCOUNTS", message="It gives no numbers for deposits."
)
NO_CHECKS = Reply(Outcome.NOT_ACCEPTED, code="NO_PAYEE_CHECK", message="It does not say whose an account is.")


@dataclass(frozen=True, slots=True)
class Carried:
    """A payment as a file carries it; `sequence` is its place among all that the provider was sent, `returned` what came
    back of it so far."""

    reference: str
    amount: Money
    to: Mapping[str, Any]
    memo: str
    sequence: int = 0
    returned: Money | None = None


@dataclass(frozen=True, slots=True)
class FileSaid:
    """What a file of our own says, read from its bytes."""

    scheme: str
    execute_on: date
    payments: Sequence[Carried]


class OurPayments(ABC):
    """What reading a bank's file asks of our books."""

    @abstractmethod
    def of_file(self, message_id: str) -> Sequence[Carried] | None:
        """The payments of a file of ours, in its order; None if there is no such file."""

    @abstractmethod
    def named(self, references: Iterable[str]) -> Mapping[str, Carried]:
        """Those of these references of ours that are in a file, by reference."""

    @abstractmethod
    def traced(self, sequences: Iterable[int]) -> Mapping[int, Carried]:
        """The latest payments whose sequence ends in these seven digits, by those digits."""


class FileAdapter(ABC):
    """A provider whose payments leave in files."""

    voids_unknown = True
    format: str
    options: Mapping[str, Any]

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        seconds = int(provider.options.get("answer_seconds", 20))
        self.channel = Channel(provider, answer_seconds=seconds) if provider.base_url else None

    @abstractmethod
    def scheme_of(self, payment: Carried) -> str:
        """How it travels; PaymentUnwritable, with a pointer to the field, if no file of ours can carry it."""

    @abstractmethod
    def write(
        self,
        payments: Sequence[Carried],
        *,
        scheme: str,
        message_id: str,
        number: int,
        on: date,
        now: datetime,
    ) -> bytes:
        """The file of payments of one scheme and currency for one day; `number` counts the provider's files of today."""

    @abstractmethod
    def read(self, content: bytes, ours: OurPayments) -> Report:
        """What a file of the bank says; FileError, at its place, if it cannot be read."""

    @abstractmethod
    def contents(self, content: bytes) -> FileSaid:
        """What a file of our own says by our references; ProviderSilent if the format does not carry those."""

    def submit(self, instruction: Instruction) -> Reply:
        """Keep it for the next file."""
        carried = Carried(instruction.reference, instruction.amount, instruction.to, instruction.memo, 1)
        try:
            scheme = self.scheme_of(carried)
        except DomainError as error:
            return Reply(Outcome.NOT_ACCEPTED, code=error.code, message=error.message[:500])
        with _own_connection():
            return rail_payments.keep(self._provider, instruction, scheme=scheme, now=clock.now())

    def query(self, reference: str, instruction: Instruction) -> Reply:
        """How it stands in our own books: what they do not know was never in a file."""
        with _own_connection():
            return rail_payments.standing(rail_payments.find(self._provider, reference))

    def cancel(self, reference: str, instruction: Instruction) -> Reply:
        """Cancel it unless it is in a file, for good."""
        with _own_connection():
            return rail_payments.void(self._provider, reference, now=clock.now())

    def verify(self, envelope: Envelope, *, now: datetime) -> bool:
        """Whether it is signed with the secret that the bank's channel has from us."""
        return is_signed(envelope, self._provider.webhook_secret, now=now)

    def name_of(self, envelope: Envelope) -> str:
        """Its hash: banks send a file again as it was, and name another one in the same way."""
        return f"sha256:{sha256(envelope.body).hexdigest()}"

    def parse(self, envelope: Envelope) -> Sequence[News]:
        """Of a part, what it says of payments; of a file, that there is one to be read."""
        if sayings.PART_OF in envelope.headers:
            return sayings.news_of_part(envelope)
        return [News(sayings.ABOUT_FILE, self.name_of(envelope), Reply(Outcome.ACCEPTED), None)]

    def virtual_account(self, reference: str) -> str | Reply:
        """It gives none."""
        return NO_NUMBERS

    def verify_payee(self, name: str, details: Mapping[str, str]) -> PayeeCheck | Reply:
        """It does not say."""
        return NO_CHECKS

    def balances(self) -> Mapping[str, Money]:
        """What the bank's channel says that we have."""
        return self.channel.balances() if self.channel else {}

    def told_since(self, since: datetime) -> Iterable[Envelope]:
        """Every file that the bank made for us since; ProviderSilent without a channel that says."""
        return Channel.of(self.channel).reports_since(since)

    def executed_since(self, since: datetime) -> Iterable[tuple[str, Reply]]:
        """Every payment of the files that the bank has of us since, as it stands there."""
        return Channel.of(self.channel).payments_since(since)


@contextmanager
def _own_connection() -> Iterator[None]:
    """The database for a thread that waits for providers: it is left as a request leaves it."""
    try:
        yield
    finally:
        connection.close_if_unusable_or_obsolete()
