"""The loop that sends: takes what is due, opens connections, writes down what came, as long as there is something to do."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import psycopg
from django.db import connection

from apps.operations import sequencer
from apps.operations.executor import LOST_CONNECTION, execute_many
from apps.operations.plan import Request
from apps.webhooks import ladder
from apps.webhooks.client import Client, Sent
from apps.webhooks.dispatch.desk import Desk, Done, Work
from apps.webhooks.dispatch.lines import RENEW_SECONDS, Line, Settings
from apps.webhooks.dispatch.times import DatabaseClock
from apps.webhooks.message import shown
from apps.webhooks.models import Failure, Trouble
from apps.webhooks.services.endpoints import WORKER

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")

ON_THE_WAY: Final = 512
"""Messages that one worker has under way at most."""
OF_A_BOOK: Final = ON_THE_WAY // 4
"""Of them for one tenant."""
LINES: Final = 2_000
TAKEN_AT_ONCE: Final = 200
LOOK_SECONDS: Final = 0.5
TAKE_SECONDS: Final = 0.25
TELL_SECONDS: Final = 1.0
GATHER_SECONDS: Final = 0.005
"""How long answers are let gather after the first: a turn of one costs nearly as much as a turn of twenty."""
NUMBER_SECONDS: Final = 0.1
AGAIN_SECONDS: Final = 1.0


class Dispatcher:
    """One worker. `name` is told in the evidence."""

    def __init__(self, name: str) -> None:
        self._desk = Desk(name)
        self._clock = DatabaseClock()
        self._thread = ThreadPoolExecutor(1, "webhooks")
        self._lines: dict[UUID, Line] = {}
        self._done: list[Done] = []
        self._unwritten: list[Done] = []
        self._news: set[int] = set()
        self._on_the_way: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._look_at = self._take_at = self._tell_at = 0.0
        self._is_looking = self._is_ending = False

    async def run(self) -> None:
        """Until `end` is called; then what is on its way is waited for."""
        beside = [asyncio.create_task(self._listen()), asyncio.create_task(self._number())]
        try:
            async with self._connected():
                while not self._is_ending or self._is_busy:
                    await self._turn_or_later()
                    await self._rest()
        finally:
            for task in beside:
                task.cancel()

    async def until_idle(self) -> None:
        """As long as there is something to do now; for tests, and by hand."""
        async with self._connected():
            idle = 0
            while idle < 2 or self._is_busy:
                self._look_at = self._take_at = self._tell_at = 0.0
                begun = await self._ask(self._turn)
                self._begin(begun)
                idle = 0 if begun else idle + 1
                if self._on_the_way:
                    await asyncio.wait(self._on_the_way, return_when=asyncio.FIRST_COMPLETED)

    def end(self) -> None:
        """Begin nothing new."""
        self._is_ending = True
        self._wake.set()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[None]:
        """With clients to send by; in the end everything is given back and closed."""
        async with Client() as public, Client(loopback=True) as local:
            self._clients = {False: public, True: local}
            yield
            await self._ask(self._desk.give_back, list(self._lines.values()))
        self._lines.clear()
        await self._ask(_close)
        self._thread.shutdown()

    @property
    def _is_busy(self) -> bool:
        return bool(self._on_the_way or self._done or self._unwritten)

    async def _turn_or_later(self) -> None:
        try:
            self._begin(await self._ask(self._turn))
        except LOST_CONNECTION:
            logger.warning(
                "The database is not there; what was sent is written down when it is.", exc_info=True
            )
            await self._ask(_close)
            await asyncio.sleep(AGAIN_SECONDS)
        except Exception:
            logger.exception("Webhooks are not sent now.")
            await asyncio.sleep(AGAIN_SECONDS)

    async def _rest(self) -> None:
        """Until something has come, or it is time to look."""
        try:
            async with asyncio.timeout(max(0.0, min(self._look_at, self._take_at) - time.monotonic())):
                await self._wake.wait()
            await asyncio.sleep(GATHER_SECONDS)
        except TimeoutError:
            pass
        self._wake.clear()

    async def _ask(self, function: Callable[..., Answer], *arguments: object) -> Answer:
        run = copy_context().run
        return await asyncio.get_running_loop().run_in_executor(self._thread, run, function, *arguments)

    def _turn(self) -> list[Work]:
        """In the database's thread: write down what came, and see what is next."""
        if time.monotonic() >= self._look_at:
            self._desk.steady_plans()
            self._clock.look()
        now = self._clock.now()
        self._follow(now)
        self._tell(now)
        self._look(now)
        self._take(now)
        held = list(self._lines.values())
        if news := [line for line in held if line.has_news and not line.is_ending]:
            self._desk.match(news, now)
        return [*self._urgent(now), *self._due(now)]

    def _urgent(self, now: datetime) -> list[Work]:
        """What somebody waits for, looked for as often as new endpoints are. Who has just changed the endpoint tries that."""
        if not self._is_looking or self._is_ending:
            return []
        self._is_looking = False
        found = self._desk.urgent({pk: line for pk, line in self._lines.items() if not line.is_ending})
        if found:
            self._desk.look({each.line.endpoint: each.line for each in found}, now)
        return [each for each in found if not each.line.is_ending]

    def _follow(self, now: datetime) -> None:
        done = self._done[:]
        del self._done[: len(done)]
        for each in done:
            each.work.line.note(each.work.delivery, each.sent, now)
            if each.sent.failure != Failure.NONE:
                self._tell_at = 0.0
        # What could not be written down, for want of the database, is tried again.
        self._unwritten += done
        if self._unwritten:
            self._record(now)

    def _record(self, now: datetime) -> None:
        """All at once; if the database does not take that, each by itself, in the end without what the receiver said."""
        try:
            self._desk.record(self._unwritten, now)
            self._unwritten.clear()
        except Exception:
            if _is_lost():
                raise
            logger.exception("What came of %d messages is written down one by one.", len(self._unwritten))
            while self._unwritten:
                self._record_alone(self._unwritten[0], now)
                del self._unwritten[0]

    def _record_alone(self, done: Done, now: datetime) -> None:
        try:
            self._desk.record([done], now)
        except Exception:
            if _is_lost():
                raise
            logger.exception("What came of %s is written down without the answer.", done.work.message.id)
            self._record_less(done.without_answer(), now)

    def _record_less(self, done: Done, now: datetime) -> None:
        """What cannot be written down at all is sent again, but not at once and over and over."""
        try:
            self._desk.record([done], now)
        except Exception:
            if _is_lost():
                raise
            logger.exception("What came of %s is not written down.", done.work.message.id)
            done.work.line.paused_until = now + ladder.LONGEST_PAUSE

    def _look(self, now: datetime) -> None:
        """From time to time: what has changed, what waits, and what is given back."""
        news, self._news = self._news, set()
        for line in self._lines.values():
            line.has_news = line.has_news or line.book in news
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK_SECONDS
        if self._lines:
            self._renew(now)
            self._desk.look(self._lines, now)
            self._desk.replay(self._lines, now)
        back = [line for line in self._lines.values() if self._is_ending or line.is_to_be_given_back(now)]
        back = [line for line in back if not line.on_the_way]
        self._desk.give_back(back)
        for line in back:
            del self._lines[line.endpoint]
        for line in self._lines.values():
            line.is_awake = line.has_news = True

    def _renew(self, now: datetime) -> None:
        """All at once, when the first needs it."""
        if any(time.monotonic() - line.renewed_at > RENEW_SECONDS for line in self._lines.values()):
            self._desk.renew(list(self._lines.values()), now)

    def _take(self, now: datetime) -> None:
        if self._is_ending or time.monotonic() < self._take_at:
            return
        self._take_at, self._is_looking = time.monotonic() + TAKE_SECONDS, True
        if room := min(TAKEN_AT_ONCE, LINES - len(self._lines)):
            for line in self._desk.take(room, now):
                self._lines[line.endpoint] = line

    def _due(self, now: datetime) -> list[Work]:
        """What is to be begun: what somebody waits for, then for those that were served the longest time ago. No tenant has more
        than its share of all that is on the way, nor have all who are slow."""
        if self._is_ending:
            return []
        held = list(self._lines.values())
        books = Counter({book: OF_A_BOOK for book in {line.book for line in held}})
        slow, free = ON_THE_WAY // 2, ON_THE_WAY - len(self._on_the_way)
        for line in held:
            books[line.book] -= len(line.on_the_way)
            slow -= len(line.on_the_way) if line.is_slow else 0
        rooms: dict[UUID, int] = {}
        for line in sorted(held, key=lambda each: each.busy_at):
            some = min(line.room(now), free, books[line.book], slow if line.is_slow else free)
            if some > 0:
                rooms[line.endpoint] = some
                free, books[line.book] = free - some, books[line.book] - some
                slow -= some if line.is_slow else 0
        return self._desk.due(rooms, self._lines, now) if rooms else []

    def _begin(self, works: Collection[Work]) -> None:
        for work in works:
            work.line.begin(work.delivery)
            task = asyncio.create_task(self._send(work))
            self._on_the_way.add(task)
            task.add_done_callback(self._on_the_way.discard)

    async def _send(self, work: Work) -> None:
        settings, message = work.line.settings, work.message
        began_at = self._clock.now()
        headers = message.headers(int(began_at.timestamp()), settings.signers, settings.headers)
        sent = await self._sent(settings, headers, message.body)
        kept = shown(headers, settings.headers)
        self._done.append(Done(work, sent, began_at, kept, settings.url))
        self._wake.set()

    async def _sent(self, settings: Settings, headers: dict[str, str], body: bytes) -> Sent:
        """What came of it, whatever that is: a message of which nothing is heard would hold its endpoint for ever."""
        try:
            return await self._clients[settings.loopback].send(settings.url, headers, body)
        except Exception as error:
            logger.exception("A message could not be sent.")
            return Sent(Failure.BROKEN, 0.0, why=type(error).__name__)

    def _tell(self, now: datetime) -> None:
        """What people are to know, and what becomes of endpoints that are gone: what is written down of it and was not told."""
        if time.monotonic() < self._tell_at:
            return
        self._tell_at = time.monotonic() + TELL_SECONDS
        requests = [_telling(*each) for each in self._desk.troubles(now)]
        try:
            outcomes = execute_many(requests) if requests else []
        except Exception:
            if _is_lost():
                raise
            logger.exception("The trouble of endpoints could not be told.")
            outcomes = []
        for outcome in outcomes:
            if outcome.error:
                logger.warning("An endpoint's trouble could not be told: %s", outcome.error)

    async def _listen(self) -> None:
        """Hear in which books there is news; what was not heard is found by looking."""
        while True:
            try:
                await self._hear()
            except Exception:
                logger.warning("News of events is not heard now, but found a little later.", exc_info=True)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _hear(self) -> None:
        async with await psycopg.AsyncConnection.connect(**_address(), autocommit=True) as hearing:
            await hearing.execute(f"LISTEN {sequencer.CHANNEL}")
            async for news in hearing.notifies():
                self._news.add(int(news.payload))
                self._wake.set()

    async def _number(self) -> None:
        """Have committed events numbered soon; the clock's tick does it each second anyway."""
        numbered = 0
        with ThreadPoolExecutor(1, "webhooks-numbering") as thread:
            while True:
                await asyncio.sleep(NUMBER_SECONDS)
                loop = asyncio.get_running_loop()
                numbered = await loop.run_in_executor(thread, _number_beyond, numbered)


def _number_beyond(numbered: int) -> int:
    try:
        return sequencer.sequence_beyond(numbered)
    except Exception:
        logger.warning("Events are not numbered now.", exc_info=True)
        connection.close()
        return numbered


def _is_lost() -> bool:
    """Whether the connection is gone, so that nothing can be said of what was to be written."""
    return connection.connection is None or bool(connection.connection.closed)


def _close() -> None:
    """The connection of the thread that this runs in."""
    connection.close()


def _address() -> dict[str, Any]:
    """Where the database is, without what Django adds for itself."""
    given = connection.get_connection_params()
    return {name: value for name, value in given.items() if name not in {"cursor_factory", "context"}}


def _telling(endpoint: str, trouble: Trouble, since: datetime) -> Request:
    """What tells of it, once for each time that it was written down."""
    told = {"endpoint": endpoint}
    name = "webhooks.raise_alarm"
    if trouble != Trouble.FAILED:
        name, told = "webhooks.disable_dead_endpoint", {**told, "why": str(trouble)}
    return Request(name, told, f"{endpoint}:{trouble}:{since.isoformat()}", WORKER, origin="worker")
