"""The worker that moves transfers along: takes what is due, asks providers in threads of its own, follows their answers.

One turn is a few batches through the command door, however many transfers are due. The database is asked by the
worker's own thread alone; the threads of the pool do nothing but wait for providers, so a slow one keeps nobody waiting.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from apps.core import clock
from apps.operations.executor import LOST_CONNECTION, execute_many
from apps.operations.plan import Request
from apps.providers.adapters import adapter_of
from apps.providers.models import Action, Answer, Attempt, Provider
from apps.providers.protocol import Outcome, Reply
from apps.providers.queries import routing
from apps.providers.services import health
from apps.transfers import leases
from apps.transfers.inbound import Inbound
from apps.transfers.models import Status, Transfer
from apps.transfers.services.answers import LADDER
from apps.transfers.services.asking import wanted
from apps.transfers.services.sending import (
    WORKER,
    instruction,
    is_another,
    new_attempt,
    next_submission,
    sendable,
    storable,
    without_details,
)

logger = logging.getLogger(__name__)

Item = TypeVar("Item")

MOST: Final = 100
"""Transfers of one status that are taken at once."""
CALLS: Final = 32
"""Calls of providers that one worker has open at most."""
ENOUGH: Final = 16
"""Of fewer in one turn the worker lets more gather: a turn of one costs nearly as much as a turn of twenty."""
PAUSE_SECONDS: Final = 0.05
NOT_SENT: Final = Reply(
    Outcome.NOT_ACCEPTED,
    code="NOT_SENT",
    message="It waited too long for its turn, and was not sent.",
    transient=True,
)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a provider, on its way or answered."""

    transfer: Transfer
    provider: Provider
    action: Action
    attempt: str
    reference: str
    of: str | None
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """What a call brought; `took` is in milliseconds."""

    call: Call
    reply: Reply
    took: int


@dataclass
class Worker:
    """One worker of a process. `name` is told in the evidence."""

    name: str
    _inbound: Inbound = field(default_factory=Inbound)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(CALLS, "provider"))
    _open: set[Future[Answered]] = field(default_factory=set)

    def run(self, seconds: float) -> int:
        """Work for about so long, and as long as there is something to do; how many transfers were touched.

        Nothing is done while a restore is not finished: what a backup believes of a transfer may be older than what was done.
        """
        until, touched = time.monotonic() + seconds, 0
        while not routing.is_catching_up():
            done = self.turn()
            touched += done
            if not done and not self._open and time.monotonic() > until:
                return touched
            if done < ENOUGH:
                time.sleep(PAUSE_SECONDS)
        return touched

    def turn(self) -> int:
        """Follow the messages and the answers that came, and take what is due."""
        return self._inbound.turn() + self._follow() + sum(self._take(status) for status in leases.WORKED)

    def close(self) -> None:
        """Wait for what is open, follow it, and let the threads go."""
        self._inbound.close()
        self._pool.shutdown(wait=True)
        self._follow()

    def _take(self, status: Status) -> int:
        room = min(MOST, CALLS * 2 - len(self._open))
        if room <= 0:
            return 0
        due = leases.take(status, now=clock.now(), most=room)
        if not due:
            return 0
        if status in {Status.OUTCOME_UNKNOWN, Status.MANUAL_REVIEW}:
            return self._ask(due)
        to_send = [each for each in due if _is_to_send(each)]
        self._send(to_send)
        self._move_on([each for each in due if each not in to_send])
        return len(due)

    def _send(self, transfers: Sequence[Transfer]) -> None:
        """Commit the attempts, then open the sockets of those that are ours."""
        now = clock.now()
        calls = [routed for each in transfers if (routed := self._routed(each, now))]
        requests = [_begin(call, route, self.name) for call, route in calls]
        for (call, _), outcome in zip(calls, execute_many(requests), strict=True):
            if outcome.accepted and not outcome.replayed:
                self._open.add(self._pool.submit(_answered, call))
        leases.put_off([each for each in transfers if not _is_among(each, calls)], now + LADDER[0])

    def _ask(self, transfers: Sequence[Transfer]) -> int:
        """Ask after unknown outcomes; where the provider has not heard of it and can rule it out, let it do so."""
        for each in transfers:
            _together([each], lambda some: self._ask_after(some[0]), lambda transfer: str(transfer.pk))
        return len(transfers)

    def _ask_after(self, transfer: Transfer) -> None:
        provider = routing.by_name(transfer.provider)
        if provider is None or transfer.attempt_id is None:
            return
        void = _is_unheard_of(transfer) and adapter_of(provider).voids_unknown
        action = Action.CANCEL if void else Action.QUERY
        about = (transfer.submission, str(transfer.attempt_id))
        call = Call(transfer, provider, action, new_attempt(), *about, clock.now())
        self._open.add(self._pool.submit(_answered, call))

    def _move_on(self, transfers: Sequence[Transfer]) -> None:
        requests = [_moving_on(each) for each in transfers]
        _together(requests, execute_many, lambda request: str(request.input["transfer"]))

    def _routed(self, transfer: Transfer, now: datetime) -> tuple[Call, routing.Route] | None:
        """How it is sent, if it can be now; what cannot even be looked at keeps no other waiting."""
        try:
            return self._route(transfer, now)
        except LOST_CONNECTION:
            raise
        except Exception:
            logger.exception("No way can be looked for to send %s.", transfer.pk)
            return None

    def _route(self, transfer: Transfer, now: datetime) -> tuple[Call, routing.Route] | None:
        route = routing.route(wanted(transfer, transfer.recipient), now=now, without=transfer.refused_by)
        if route.provider is None:
            return None
        if routing.ails(route.provider) and not health.take_probe(str(route.provider.pk), now=now):
            return None
        reference = next_submission(transfer)
        return Call(transfer, route.provider, Action.SUBMIT, new_attempt(), reference, None, now), route

    def _follow(self) -> int:
        done = {future for future in self._open if future.done()}
        self._open -= done
        answered = [future.result() for future in done]
        if not answered:
            return 0
        _together(answered, lambda some: _follow_all(some, self.name), lambda each: each.call.attempt)
        return len(answered)


def _together(
    items: Sequence[Item], follow: Callable[[Sequence[Item]], object], called: Callable[[Item], str]
) -> None:
    """Follow them in one batch or, where one brings that down, each by itself, so that it keeps no other waiting."""
    try:
        follow(items)
    except LOST_CONNECTION:
        raise
    except Exception:
        if len(items) == 1:
            logger.exception("%s cannot be followed.", called(items[0]))
            return
        logger.exception("Of %s one cannot be followed; now each by itself.", len(items))
        for each in items:
            _together([each], follow, called)


def _begin(call: Call, route: routing.Route, worker: str) -> Request:
    data = {
        "transfer": call.transfer.pk,
        "lease": call.transfer.lease,
        "recipient_version": call.transfer.recipient.version if call.transfer.recipient else None,
        "provider": call.provider.name,
        "attempt": call.attempt,
        "why": route.as_dict(),
        "worker": worker,
    }
    key = f"{call.transfer.pk}:send:{call.transfer.lease}"
    return Request("transfers.begin_sending", data, key, WORKER, origin="worker")


def _moving_on(transfer: Transfer) -> Request:
    data, key = {"transfer": transfer.pk, "lease": transfer.lease}, f"{transfer.pk}:move:{transfer.lease}"
    return Request("transfers.move_on", data, key, WORKER, origin="worker")


def _is_to_send(transfer: Transfer) -> bool:
    return sendable(transfer) and transfer.attempt_id is None and not is_another(transfer)


def _is_unheard_of(transfer: Transfer) -> bool:
    """Whether the provider said last time that it does not know the reference. What a person looks at is only asked after."""
    return transfer.status == Status.OUTCOME_UNKNOWN and transfer.failure_code == "NOT_FOUND"


def _answered(call: Call) -> Answered:
    """What the provider answers. What cannot be read, or breaks its adapter, tells nothing of what became of it."""
    begun = time.monotonic()
    try:
        reply = NOT_SENT if _is_too_late(call) else _asked(call)
    except Exception as error:
        logger.exception("The answer to %s cannot be read.", call.attempt)
        what = f"The answer cannot be read: {type(error).__name__}."
        reply = Reply(Outcome.UNKNOWN, code="UNREADABLE", message=what, transient=True)
    return Answered(call, reply, round((time.monotonic() - begun) * 1_000))


def _is_too_late(call: Call) -> bool:
    """Whether it waited so long for a thread that another worker might ask what became of it before it is sent."""
    return call.action == Action.SUBMIT and clock.now() - call.started_at > leases.SENDING / 2


def _asked(call: Call) -> Reply:
    adapter, told = adapter_of(call.provider), instruction(call.transfer, call.reference)
    if call.action == Action.SUBMIT:
        return adapter.submit(told)
    if call.action == Action.CANCEL:
        return adapter.cancel(call.reference, told)
    return adapter.query(call.reference, told)


def _follow_all(answered: Sequence[Answered], worker: str) -> None:
    _keep(answered, worker)
    execute_many(
        Request(
            "transfers.record_answer",
            {"transfer": each.call.transfer.pk, "attempt": each.call.attempt},
            f"{each.call.attempt}:answer",
            WORKER,
            origin="worker",
        )
        for each in answered
    )


def _keep(answered: Sequence[Answered], worker: str) -> None:
    """The evidence, once: questions with their answers, and the answers to what was submitted."""
    now = clock.now()
    questions = [
        Attempt(
            id=each.call.attempt,
            book_id=each.call.transfer.book_id,
            provider=each.call.provider,
            subject=each.call.transfer.pk,
            action=each.call.action,
            of_id=each.call.of,
            reference=each.call.reference,
            sent={"reference": each.call.reference},
            worker=worker,
            started_at=each.call.started_at,
        )
        for each in answered
        if each.call.of
    ]
    Attempt.objects.bulk_create(questions, ignore_conflicts=True)
    answers = [
        Answer(
            attempt_id=each.call.attempt,
            outcome=each.reply.outcome.value,
            code=storable(each.reply.code),
            message=storable(each.reply.message),
            reply=storable(each.reply.as_dict()),
            received=storable(without_details(dict(each.reply.received), each.call.transfer.recipient)),
            took=each.took,
            answered_at=now,
        )
        for each in answered
    ]
    Answer.objects.bulk_create(answers, ignore_conflicts=True)
    for provider, reply in _worst_of_each([each for each in answered if each.reply is not NOT_SENT]):
        health.note(provider, reply, now=now)


def _worst_of_each(answered: Iterable[Answered]) -> list[tuple[str, Reply]]:
    """Of each provider every failure, or one success if there was none."""
    failures = [(str(each.call.provider.pk), each.reply) for each in answered if health.failed(each.reply)]
    failing = {provider for provider, _ in failures}
    well = {str(each.call.provider.pk): each.reply for each in answered}
    return failures + [(provider, reply) for provider, reply in well.items() if provider not in failing]


def _is_among(transfer: Transfer, calls: Iterable[tuple[Call, routing.Route]]) -> bool:
    return any(call.transfer is transfer for call, _ in calls)
