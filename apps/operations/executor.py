"""The one door: everything that changes money or state passes here.

Three steps, three round trips to the database beside what plans read: claim the keys and answer replays; post;
write what was accepted and commit. Balances are locked only between the second and the end of the third.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import psycopg
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models import Model

from apps.core import canonical, clock
from apps.core.canonical import represent
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.operations import approvals, books, claims, flags, inputs, isolation, writes
from apps.operations.batching import BATCH, batches, targets_of
from apps.operations.errors import (
    ApprovalMissing,
    Conflict,
    CounterpartyRefused,
    FlagDenied,
    InsideTransaction,
    IntegrityBroken,
    PreviewRefused,
    TargetNotFound,
    TenantSuspended,
)
from apps.operations.isolation import Circle
from apps.operations.models import ApprovalPolicy, ApprovalRequest, ApprovalStatus, OperationStatus
from apps.operations.plan import BalanceAfter, Context, EventDraft, Moved, Plan, Request, Update
from apps.operations.post_plans import OTHER_SIDE, post_plans
from apps.operations.rendering import render_plan
from apps.operations.run import Outcome, Run, prepare
from apps.operations.turns import Turns

logger = logging.getLogger(__name__)

_turns = Turns()

LARGE = 100
TRIES = 3

_COLLISIONS = (
    IntegrityError,
    psycopg.IntegrityError,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    writes.StaleUpdate,
)
_BROKEN = (psycopg.errors.CheckViolation, psycopg.errors.NotNullViolation)
Locked = dict[tuple[type[Model], str], Model]

LOST_CONNECTION = (InterfaceError, OperationalError, psycopg.InterfaceError, psycopg.OperationalError)


def execute(request: Request) -> Outcome:
    """Run one command. A refusal is an Outcome with an `error`, not an exception."""
    return execute_many([request])[0]


def execute_many(requests: Iterable[Request]) -> list[Outcome]:
    """Run commands in batches; one Outcome for each request, in their order.

    Raises InsideTransaction if a transaction is open, and the driver's error if the connection is lost: then
    what was committed stays, and the same requests with the same keys finish the rest.
    """
    return list(execute_stream(requests))


def execute_stream(requests: Iterable[Request]) -> Iterator[Outcome]:
    """The same for any number of requests, in flat memory: they are taken, run and answered batch by batch."""
    if connection.in_atomic_block:
        raise InsideTransaction("The command door opens and commits its own transaction; leave yours first.")
    return (outcome for prepared in _prepared_ahead(iter(requests)) for outcome in execute_prepared(prepared))


def _prepared_ahead(requests: Iterator[Request]) -> Iterator[list[Run | Outcome]]:
    """The requests, prepared batch by batch: the next one while the database works on this one."""
    part, following = list(islice(requests, BATCH)), list(islice(requests, BATCH))
    if not following:
        yield _prepare_all(part)
        return
    books.platform_id()  # known from here on, so that preparing asks the database for nothing
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="prepare") as ahead:
        coming = ahead.submit(_prepare_all, part)
        while following:
            prepared = coming.result()
            coming = ahead.submit(_prepare_all, following)
            yield prepared
            following = list(islice(requests, BATCH))
        yield coming.result()


def _prepare_all(requests: Sequence[Request]) -> list[Run | Outcome]:
    return [prepare(request) for request in requests]


def execute_prepared(prepared: Sequence[Run | Outcome]) -> list[Outcome]:
    """Run what `prepare` made."""
    outcomes: list[Outcome | None] = [item if isinstance(item, Outcome) else None for item in prepared]
    follow_ups: list[Request] = []
    for batch in batches(prepared):
        for index, run in zip(batch, _in_turn([prepared[i] for i in batch]), strict=True):  # type: ignore[misc]
            outcomes[index] = run.outcome
            follow_ups += _follow_ups(run)
    if follow_ups:
        execute_many(follow_ups)
    return outcomes  # type: ignore[return-value]


def _follow_ups(run: Run) -> Sequence[Request]:
    """What runs next: what the plan wants or, of what others agreed to and is refused now, what a no would have led to."""
    if run.applies and run.applies.status == ApprovalStatus.REFUSED and run.command.if_rejected:
        return [run.command.if_rejected(run.request.input)]
    return run.plan.follow_ups if run.plan and not run.error and not run.asks else ()


def preview(request: Request) -> dict[str, Any]:
    """What the command would do, as JSON, without doing it; raises its refusal.

    A plan is rendered. A handler runs and is rolled back.
    """
    if connection.in_atomic_block:
        raise InsideTransaction("A preview opens its own transaction; leave yours first.")
    run = prepare(request)
    if isinstance(run, Outcome):
        run.or_raise()
        raise AssertionError("prepare answers with a refusal or a run")
    if run.error:
        raise run.error
    if not run.command.previews:
        raise PreviewRefused(f"{run.command.name} says nothing before it is run.")
    with transaction.atomic(durable=True):
        try:
            return _preview(run)
        finally:
            transaction.set_rollback(True)


def _preview(run: Run) -> dict[str, Any]:
    names = approvals.governed([run.command])
    rules = claims.claim([], flag_names=flags.names([run.command]), governed=names, circle=_circle([run]))
    _check_flag(run, rules.flags)
    context = _context(run, _lock([run]), clock.now(), approvals.in_force(rules.policies, names), {})
    if run.command.handler:
        done = run.command.handler(context, **run.input)
        shown = render_plan(Plan(result=done.result, events=done.events))
        return {**shown, "approval": approvals.in_preview(run, Plan(result={}), context)}
    plan = run.command.plan(context, **run.input)  # type: ignore[misc]
    if run.held_back:
        raise run.held_back
    return {**render_plan(plan), "approval": approvals.in_preview(run, plan, context)}


def _in_turn(runs: list[Run]) -> list[Run]:
    """Large batches of one process run one after the other: side by side, each would hold balances for longer while
    the others take the interpreter from it."""
    if len(runs) < LARGE:
        return _run_batch(runs)
    with _turns.mine():
        return _run_batch(runs)


def _run_batch(runs: list[Run]) -> list[Run]:
    """One transaction for all; if they collide, with others or each other, each has one of its own."""
    try:
        return _attempt(runs)
    except LOST_CONNECTION as error:
        if not isinstance(error, _COLLISIONS) and not isinstance(error.__cause__, _COLLISIONS):
            connection.close()
            raise
    except _COLLISIONS:
        pass
    if len(runs) > 1:
        return [again for run in runs for again in _run_batch([run.anew()])]
    return [_retry_alone(runs[0])]


def _retry_alone(run: Run) -> Run:
    reason: DomainError = Conflict(
        "Somebody else changes the same things at this moment; try again with the same key."
    )
    for _ in range(TRIES - 1):
        try:
            return _attempt([run.anew()])[0]
        except (*_COLLISIONS, OperationalError) as error:
            if not isinstance(error, _COLLISIONS) and not isinstance(error.__cause__, _COLLISIONS):
                connection.close()
                raise
            if isinstance(error, _BROKEN) or isinstance(error.__cause__, _BROKEN):
                logger.exception("The database refused what %s wanted to write.", run.command.name)
                reason = IntegrityBroken(f"The database refused it: {str(error).splitlines()[0]}")
    refused = run.anew()
    refused.error = reason
    return _attempt([refused])[0]


def _attempt(runs: list[Run]) -> list[Run]:
    now, circle = clock.now(), _circle(runs)
    with transaction.atomic(durable=True):
        names = approvals.governed(run.command for run in runs)
        flagged = flags.names(run.command for run in runs)
        rules = claims.claim(runs, flag_names=flagged, governed=names, circle=circle)
        _check_flags(runs, rules.flags)
        locked = _lock(runs)
        in_force = approvals.in_force(rules.policies, names)
        shared: dict[Any, Any] = {}
        contexts = {id(run): _guarded(run, _context, locked, now, in_force, shared) for run in _open(runs)}
        for run in _open(runs):
            _guarded(run, _plan, contexts[id(run)])
        for run in _open(runs):
            run.error = run.held_back  # after planning, which says first what does not exist for the caller
        for run in _open(runs):
            _guarded(run, approvals.ask_others, contexts[id(run)])
        for run in _open(runs):
            _guarded(run, _handle, contexts[id(run)])
        post_plans(runs, now)
        _write(runs, now)
    return runs


def _circle(runs: Sequence[Run]) -> Circle | None:
    """Whom a batch may reach: its caller, and the counterparties that the inputs name."""
    own = runs[0].tenant_book
    if own is None:
        return None
    named = (run.command.parties(run.input) for run in runs if run.command.parties and not run.error)
    return Circle(own, frozenset(book for parties in named for book in parties))


def _open(runs: Iterable[Run]) -> list[Run]:
    return [run for run in runs if run.open]


def _guarded(run: Run, step: Any, *args: Any) -> Any:
    """A step of one run; its refusal ends the run, not the batch."""
    try:
        return step(run, *args)
    except DomainError as error:
        run.error = error
        return None


def _check_flags(runs: Iterable[Run], known: flags.Flags) -> None:
    for run in _open(runs):
        _guarded(run, _check_flag, known)


def _check_flag(run: Run, known: flags.Flags) -> None:
    if not flags.governs(run.command):
        return
    scopes = list(run.command.scopes(run.input)) if run.command.scopes else []
    tenant = books.find(run.book_id).tenant_id
    if tenant and ("tenant", tenant) not in scopes:
        scopes.append(("tenant", tenant))
    try:
        flags.check(run.command, scopes, known)
    except (FlagDenied, TenantSuspended) as error:
        if run.tenant_book is None or _stopped_tenant(error) in {None, tenant}:
            raise
        run.held_back = CounterpartyRefused(OTHER_SIDE)


def _stopped_tenant(error: DomainError) -> Any:
    """The tenant whose flag stops a command, if it is one of a tenant."""
    told = error.details
    return told.get("tenant") or (told.get("scope_id") if told.get("scope") == "tenant" else None)


def _lock(runs: Iterable[Run]) -> Locked:
    """Lock what the runs work on, all of it in (type, id) order, so that no two batches deadlock."""
    for run in runs:
        run.targets = targets_of(run) if run.outcome is None else []
    wanted = {target for run in runs for target in run.targets}
    locked: Locked = {}
    for model in sorted({target.model for target in wanted}, key=lambda model: model._meta.label):
        rows = model._base_manager.order_by("pk")
        if any(target.lock for target in wanted if target.model is model):
            rows = rows.select_for_update(no_key=True)
        for row in rows.filter(pk__in=[target.id for target in wanted if target.model is model]):
            locked[model, row.pk] = row
    for run in runs:
        request = locked.get((ApprovalRequest, run.request.approval_request_id or ""))
        run.applies = request if isinstance(request, ApprovalRequest) else None
    return locked


def _context(
    run: Run, locked: Locked, now: Any, in_force: Sequence[ApprovalPolicy], shared: dict[Any, Any]
) -> Context:
    own = {(target.model, target.id): locked.get((target.model, target.id)) for target in run.targets}
    for (model, pk), row in own.items():
        if row is None:
            raise TargetNotFound(f"There is no {model._meta.verbose_name} {pk}.")
    if run.applies and (run.applies.status, run.applies.book_id) != (ApprovalStatus.APPROVED, run.book_id):
        raise ApprovalMissing(f"{run.applies.pk} is not approved, so it cannot be applied.")
    return Context(
        actor=run.request.actor,
        book=books.find(run.book_id),
        now=now,
        operation_id=run.operation_id,
        key=run.request.key,
        origin=run.request.origin,
        approval_request_id=run.request.approval_request_id,
        locked={key: row for key, row in own.items() if row is not None},
        policies=in_force,
        shared=shared,
    )


def _plan(run: Run, context: Context) -> None:
    if run.command.plan:
        run.plan = run.command.plan(context, **run.input)


def _handle(run: Run, context: Context) -> None:
    """A handler writes by itself, so it runs only once nobody else is to be asked."""
    if run.command.handler and not run.asks:
        with transaction.atomic():
            run.done = run.command.handler(context, **run.input)


def _write(runs: list[Run], now: Any) -> None:
    operations: list[writes.OperationRow] = []
    told: list[tuple[Run, EventDraft, str]] = []
    plans: list[Plan] = []
    updates: list[Update] = []
    requests = [run.asks for run in runs if run.asks and run.open]
    for run in runs:
        if run.outcome is not None:
            continue
        part = _part_to_write(run)
        if part:
            plans.append(part)
        updates += approvals.updates_of(run)
        result, refusal = _finish(run)
        operations.append(
            writes.operation_row(
                run,
                status=run.outcome.status,  # type: ignore[attr-defined]
                holds_key=run.error is None or run.error_sticks,
                result=result,
                refusal=refusal,
            )
        )
        told += [(run, event, _encode_event(run, event, result)) for event in _events(run, part)]
    if operations:
        business = [*(row for plan in plans for row in plan.rows), *requests]
        events = [writes.event_row(*each) for each in told if not each[1].ours]
        writes.insert(connection.connection, now, business, operations, events)
    if ours := [each for each in told if each[1].ours]:
        with isolation.as_platform():  # the feed of the platform is out of a tenant's reach
            writes.insert(connection.connection, now, (), (), [writes.event_row(*each) for each in ours])
    writes.write_updates([*updates, *(update for plan in plans for update in plan.updates)])


def _part_to_write(run: Run) -> Plan | None:
    if run.plan is None or run.asks:
        return None
    if run.error is None:
        return run.plan
    return run.plan.if_refused if run.error_sticks else None


def _events(run: Run, part: Plan | None) -> Sequence[EventDraft]:
    if run.asks and run.asks.nobody_eligible:
        return [approvals.no_approver(run.asks)]
    if run.done and not run.error:
        return run.done.events
    return part.events if part else ()


def _finish(run: Run) -> tuple[str | None, str | None]:
    """Give the run its outcome; answers the stored result and refusal."""
    if run.error:
        refusal = inputs.storable(json.dumps(run.error.as_dict()))
        run.outcome = Outcome(OperationStatus.REFUSED, run.operation_id, error=run.error)
        return None, refusal
    if run.asks:
        result = json.dumps({"approval_request": run.asks.pk, "approvers_needed": run.asks.approvers_needed})
        run.outcome = Outcome(
            OperationStatus.PENDING_APPROVAL, run.operation_id, result, approval_request_id=run.asks.pk
        )
        return result, None
    told = run.plan.result if run.plan else run.done.result  # type: ignore[union-attr]
    result = _encode(run, told)
    run.outcome = Outcome(OperationStatus.ACCEPTED, run.operation_id, result)
    return _without_secrets(run, told, result), None


def _without_secrets(run: Run, told: Mapping[str, Any], result: str) -> str:
    """What is stored of a result."""
    hidden = run.command.secret_results & told.keys()
    return _encode(run, {**told, **dict.fromkeys(hidden, inputs.REDACTED)}) if hidden else result


def _encode(run: Run, value: Any) -> str:
    """JSON, with the balances after in the place of their names."""

    def known_now(item: Any) -> Any:
        if isinstance(item, BalanceAfter):
            return _balance_after(run, item)
        if isinstance(item, Moved):
            return Moved.told(*(each.postings for each in run.posted if each.entry_id == item.entry.id))
        return represent(item)

    return canonical.encode(value, known_now)


def _encode_event(run: Run, event: EventDraft, result: str | None) -> str:
    """What an event tells, which often is the result itself."""
    if result and run.plan and event.data is run.plan.result:
        return result
    return _encode(run, event.data)


def _balance_after(run: Run, named: BalanceAfter) -> Money | None:
    for posted in reversed(run.posted):
        if balance := posted.balance_after(named.address, named.currency):
            return balance
    return None
