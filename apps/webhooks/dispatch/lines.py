"""Endpoints that a worker holds: what it knows of each, and how many messages may go there now."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from apps.webhooks import ladder
from apps.webhooks.client import Sent
from apps.webhooks.models import Failure
from apps.webhooks.signing import Key, Secret

LEASE: Final = timedelta(seconds=15)
RENEW_SECONDS: Final = 4.0
"""A worker says so often that it lives; what one held that died another takes after the lease."""
TERM_SECONDS: Final = 20.0
"""After so long an endpoint is given back, so that workers share them."""
IDLE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What is set of an endpoint, as of `changed_at`."""

    url: str
    loopback: bool
    headers: Mapping[str, str]
    signers: Sequence[Secret | Key]
    most_at_once: int
    per_second: int | None
    changed_at: datetime


@dataclass
class Line:
    """An endpoint that this worker holds until its lease ends."""

    endpoint: UUID
    book: int
    lease: int
    settings: Settings
    failures: int
    failing_since: datetime | None
    paused_until: datetime | None
    since: float = field(default_factory=time.monotonic)
    window: int = 1
    on_the_way: set[UUID] = field(default_factory=set)
    is_awake: bool = True
    has_news: bool = True
    busy_at: float = field(default_factory=time.monotonic)
    is_slow: bool = False
    is_lost: bool = False
    renewed_at: float = field(default_factory=time.monotonic)
    _allowance: float = 1.0
    _counted_at: float = field(default_factory=time.monotonic)

    @property
    def is_ending(self) -> bool:
        """Whether no new message goes there by this worker."""
        now = time.monotonic()
        is_stale = now - self.renewed_at > LEASE.total_seconds()
        return self.is_lost or is_stale or now - self.since > TERM_SECONDS

    def room(self, now: datetime) -> int:
        """How many messages may be begun now."""
        if self.is_ending or not self.is_awake:
            return 0
        if self.paused_until and self.paused_until > now:
            return 0
        # What has failed in a row is tried with one message, whatever waits behind it.
        window = 1 if self.failures >= ladder.TOLERATED else min(self.window, self.settings.most_at_once)
        return min(max(0, window - len(self.on_the_way)), self._allowed())

    def begin_anew_if_changed(self) -> None:
        """Whoever has changed or enabled it does not wait for a pause, and its day of failing begins anew."""
        if self.failing_since and self.settings.changed_at > self.failing_since:
            self.failures, self.failing_since, self.paused_until = 0, None, None

    def begin(self, delivery: UUID) -> None:
        """A message is on its way."""
        self.on_the_way.add(delivery)
        self._allowance -= 1
        self.busy_at = time.monotonic()

    def note(self, delivery: UUID, sent: Sent, now: datetime) -> None:
        """What came of it, for what comes next."""
        self.on_the_way.discard(delivery)
        self.is_awake = True
        self.busy_at = time.monotonic()
        accepted = sent.failure == Failure.NONE
        self.is_slow = sent.took > ladder.QUICK
        self.window = ladder.window(
            self.window, self.settings.most_at_once, accepted=accepted, seconds=sent.took
        )
        if accepted:
            self.failures, self.failing_since, self.paused_until = 0, None, None
            return
        self.failures += 1
        self.failing_since = self.failing_since or now
        self.paused_until = ladder.paused_until(self.failures, now, retry_after(sent))

    def is_to_be_given_back(self, now: datetime) -> bool:
        """Whether there is nothing to do for it now, or its term is over."""
        if self.on_the_way:
            return False
        is_paused = self.paused_until is not None and self.paused_until > now
        is_idle = not self.is_awake and time.monotonic() - self.busy_at > IDLE_SECONDS
        return self.is_ending or is_paused or is_idle

    def _allowed(self) -> int:
        """What the rate allows, saved up for at most a second."""
        rate = self.settings.per_second
        if rate is None:
            return self.settings.most_at_once
        now = time.monotonic()
        self._allowance = min(float(rate), self._allowance + (now - self._counted_at) * rate)
        self._counted_at = now
        return int(self._allowance)


def retry_after(sent: Sent) -> timedelta | None:
    """For how long an endpoint asks to be left alone, in seconds; the form with a date is not heard."""
    text = next((value for name, value in sent.headers.items() if name.lower() == "retry-after"), "")
    return timedelta(seconds=int(text)) if text.isascii() and text.isdigit() and len(text) < 8 else None
