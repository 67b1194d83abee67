"""Who listens to which book, and the newest events of each. One loop keeps it; a few threads read the database.

PostgreSQL says in which book there is news; a look each two seconds finds what it could not say. What is read once is
sent to all who listen to a book. Nothing is queued for anybody: each goes on from its own position at its own pace, and
reads the database again where it has fallen behind.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connection

from apps.api import callers
from apps.api.callers import Caller
from apps.api.errors import StreamsOpen, Unavailable
from apps.api.stream import events
from apps.api.stream.events import Opening, Told
from apps.api.stream.tickets import Wish
from apps.api.view import LOST
from apps.core import clock
from apps.core.errors import DomainError
from apps.operations import sequencer

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")

THREADS = 4
TAIL = 1_000
"""The newest events of a book that are kept for those who are nearly there."""

LOOK_SECONDS = 2.0
NUMBER_SECONDS = 0.1
AGAIN_SECONDS = 1.0


class Feed:
    """The newest events of a book: `tail` has those beyond `begins` through `head`."""

    def __init__(self, reader: Caller, book: int, head: int) -> None:
        self.reader, self.book, self.head, self.begins = reader, book, head, head
        self.tail: deque[Told] = deque()
        self.news = asyncio.Event()
        self.listeners = 0
        self.is_stale = False
        self.refreshing: asyncio.Task[None] | None = None

    def add(self, told: list[Told], through: int) -> None:
        """What is new, through a position."""
        self.tail.extend(told)
        self.head = through
        while len(self.tail) > TAIL:
            self.begins = self.tail.popleft().position
        self.announce()

    def after(self, position: int, wishes: Collection[Wish]) -> list[Told]:
        """What of the tail is beyond a position and wanted."""
        found: list[Told] = []
        for each in reversed(self.tail):
            if each.position <= position:
                break
            if all(wish.wants(each.type, each.subject) for wish in wishes):
                found.append(each)
        return found[::-1]

    def announce(self) -> None:
        """Wake all who wait."""
        self.news.set()
        self.news = asyncio.Event()


class Listener:
    """One connection: whose key, from where, to which feed, and how far it is."""

    def __init__(self, hub: "Hub", feed: Feed, opening: Opening) -> None:
        self.hub, self.feed, self.wishes, self.position = hub, feed, opening.wishes, opening.after
        self.key = opening.caller.key
        self.access: tuple[UUID, str] = (opening.caller.key, opening.address)
        self.dismissed: asyncio.Future[DomainError] = asyncio.get_running_loop().create_future()

    def dismiss(self, why: DomainError) -> None:
        """Its key does not hold any more."""
        if not self.dismissed.done():
            self.dismissed.set_result(why)

    async def pages(self) -> AsyncIterator[list[Told]]:
        """What is told, as it comes; an empty page is a sign of life. Ends when the process does."""
        now, beat = asyncio.get_running_loop().time, settings.STREAM_HEARTBEAT_SECONDS
        until = now() + beat
        while not self.hub.is_ending:
            told = await self._next(until)
            if told or now() >= until:
                yield told
                until = now() + beat

    async def _next(self, until: float) -> list[Told]:
        feed = self.feed
        if self.position >= feed.head:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await feed.news.wait()
            return []
        if self.position >= feed.begins:
            told, self.position = feed.after(self.position, self.wishes), feed.head
            return told
        through = min(self.position + events.WINDOW, feed.head)
        try:
            told = await self.hub.ask(events.between, feed.reader, self.position, through, self.wishes)
        except Unavailable:
            await asyncio.sleep(AGAIN_SECONDS)
            return []
        self.position = through
        return told


class Hub:
    """All listeners of the process, and what keeps them informed."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "stream")
        self._numbering = ThreadPoolExecutor(1, "stream-numbering")
        self._feeds: dict[int, Feed] = {}
        self._listeners: set[Listener] = set()
        self._of_key: Counter[UUID] = Counter()
        self.is_ending = False

    async def run(self) -> None:
        """Until it is cancelled. What fails for want of the database is tried again."""
        async with asyncio.TaskGroup() as group:
            for part in (self._listen, self._look, self._check, self._number):
                group.create_task(self._forever(part))

    def end(self) -> None:
        """Let everybody go: they connect again, and go on from where they were."""
        self.is_ending = True
        for feed in self._feeds.values():
            feed.announce()

    def enter(self, opening: Opening) -> Listener:
        """A listener, to be handed to `leave`; StreamsOpen if the key has as many as it may."""
        key, most = opening.caller.key, settings.STREAM_CONNECTIONS_PER_KEY
        if self._of_key[key] >= most:
            raise StreamsOpen(
                f"This key has {most} open connections here, which is as many as it may; close one.",
                details={"limit": most, "retry_after": 5},
            )
        feed = self._feeds.get(opening.book)
        if feed is None:
            feed = self._feeds[opening.book] = Feed(opening.reader, opening.book, opening.head)
        listener = Listener(self, feed, opening)
        feed.listeners += 1
        self._of_key[key] += 1
        self._listeners.add(listener)
        if feed.head < opening.head:
            self._stir(feed)
        return listener

    def leave(self, listener: Listener) -> None:
        """It is gone; with the last one of a book its feed."""
        self._listeners.discard(listener)
        self._of_key[listener.key] -= 1
        if not self._of_key[listener.key]:
            del self._of_key[listener.key]
        listener.feed.listeners -= 1
        if not listener.feed.listeners:
            del self._feeds[listener.feed.book]

    async def ask(self, function: Callable[..., Answer], *args: Any) -> Answer:
        """What a function answers that reads the database; Unavailable while that is away."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, _asked, function, *args)

    async def _forever(self, part: Callable[[], Any]) -> None:
        while True:
            try:
                await part()
            except (Unavailable, psycopg.Error) as error:
                logger.warning("The stream waits for the database: %s", type(error).__name__)
                await asyncio.sleep(AGAIN_SECONDS)

    async def _listen(self) -> None:
        """News as PostgreSQL tells it, by a connection of its own."""
        async with await psycopg.AsyncConnection.connect(**_address(), autocommit=True) as listening:
            await listening.execute(f"LISTEN {sequencer.CHANNEL}")
            await self._look_now()
            async for news in listening.notifies():
                feed = self._feeds.get(int(news.payload))
                if feed:
                    self._stir(feed)

    async def _look(self) -> None:
        """News that could not be told."""
        await asyncio.sleep(LOOK_SECONDS)
        await self._look_now()

    async def _look_now(self) -> None:
        if not self._feeds:
            return
        for book, head in (await self.ask(events.heads, list(self._feeds))).items():
            feed = self._feeds.get(book)
            if feed and feed.head < head:
                self._stir(feed)

    async def _check(self) -> None:
        """Whether the keys in use still hold."""
        await asyncio.sleep(settings.STREAM_CHECK_SECONDS)
        used = {listener.access for listener in self._listeners}
        refused = await self.ask(callers.dismissed, used, events.SCOPE, clock.now()) if used else {}
        for listener in list(self._listeners):
            if listener.access in refused:
                listener.dismiss(refused[listener.access])

    async def _number(self) -> None:
        """Have committed events numbered at once while somebody listens; the clock's tick does it each second anyway."""
        numbered = 0
        while True:
            await asyncio.sleep(NUMBER_SECONDS)
            if self._listeners:
                loop = asyncio.get_running_loop()
                numbered = await loop.run_in_executor(
                    self._numbering, _asked, sequencer.sequence_beyond, numbered
                )

    def _stir(self, feed: Feed) -> None:
        """Read what is new in a feed, once for all who ask meanwhile."""
        feed.is_stale = True
        if feed.refreshing is None or feed.refreshing.done():
            feed.refreshing = asyncio.create_task(self._refresh(feed))

    async def _refresh(self, feed: Feed) -> None:
        while feed.is_stale:
            feed.is_stale = False
            try:
                through = (await self.ask(events.heads, [feed.book])).get(feed.book, 0)
                while feed.head < through:
                    step = min(feed.head + events.WINDOW, through)
                    feed.add(await self.ask(events.between, feed.reader, feed.head, step), step)
            except Unavailable:
                return  # the next look finds it


def _asked(function: Callable[..., Answer], *args: Any) -> Answer:
    for attempt in (1, 2):
        try:
            return function(*args)
        except LOST as error:
            connection.close()
            if attempt == 2:
                raise Unavailable("The database cannot be reached; repeat in a moment.") from error
    raise AssertionError("the second attempt answers or raises")


def _address() -> dict[str, Any]:
    """Where the database is, without what Django adds for itself."""
    given = connection.get_connection_params()
    return {name: value for name, value in given.items() if name not in {"cursor_factory", "context"}}
