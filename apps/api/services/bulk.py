"""Many commands at once: each is answered by itself, at once or later, and each key still runs once."""

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import transaction
from django.db.models import F, Q

from apps.api import doors
from apps.api.callers import Caller, caller_of
from apps.api.errors import BulksOpen, ScopeMissing
from apps.api.models import BulkJob, BulkPart, BulkStatus
from apps.core import clock, ids
from apps.core.errors import DomainError
from apps.operations import executor
from apps.operations.errors import CommandUnknown, InputInvalid, KeyInFlight, KeyMissing
from apps.operations.plan import Request
from apps.operations.registry import Command

logger = logging.getLogger(__name__)

PART = 500
"""Items that are worked off and answered together."""

LEASE = timedelta(minutes=2)
TRIES = 10
"""Leases after which a bulk that breaks its workers is stopped."""

MOST_OPEN = 20
"""Bulks of one key that wait or are worked off."""

FIELDS = {"command", "path", "idempotency_key", "input"}

Item = Any
Answers = list[dict[str, Any]]


def answers(caller: Caller, items: Sequence[Item]) -> Answers:
    """The answer of each item, in their order. Those that are no wish at all are refused without the door."""
    commands = doors.by_name()
    wishes = [_wish(caller, commands, item) for item in items]
    outcomes = executor.execute_stream(wish for wish in wishes if isinstance(wish, Request))
    return [
        doors.refused_item(wish)
        if isinstance(wish, DomainError)
        else doors.item_answer(commands[wish.command], next(outcomes), wish.input)
        for wish in wishes
    ]


def ask_for(caller: Caller, items: Sequence[Item], *, now: datetime) -> BulkJob:
    """Keep the items, to be worked off by a worker. BulksOpen where too many of this key wait already."""
    if not any(scope.endswith(":write") for scope in caller.scopes):
        raise ScopeMissing("This API key may run no command at all.")
    waiting = BulkJob.objects.filter(
        api_key_id=caller.key, status__in=[BulkStatus.QUEUED, BulkStatus.RUNNING]
    )
    if waiting.count() >= MOST_OPEN:
        raise BulksOpen(f"{MOST_OPEN} bulks of this key wait already; let some be done first.")
    job = BulkJob(
        id=ids.new_id("blk"),
        tenant_id=caller.tenant_id,
        api_key_id=caller.key_id,
        items=len(items),
        created_at=now,
    )
    with transaction.atomic():
        job.save(force_insert=True)
        BulkPart.objects.bulk_create(
            BulkPart(job=job, number=number, items=json.dumps(items[start : start + PART]))
            for number, start in enumerate(range(0, len(items), PART))
        )
    return job


def work_off() -> int:
    """Answer what waits, part by part; how many bulks were taken."""
    taken = 0
    while job := _take(clock.now()):
        taken += 1
        _work(job)
    return taken


def stored_answers(part: BulkPart) -> Answers:
    """The answers of a part, none before it was worked off."""
    found: Answers = json.loads(part.answers) if part.answers else []
    return found


def _wish(caller: Caller, commands: Mapping[str, Command], item: Item) -> Request | DomainError:
    try:
        return _checked(caller, commands, item)
    except DomainError as error:
        return error


def _checked(caller: Caller, commands: Mapping[str, Command], item: Item) -> Request:
    if not isinstance(item, dict) or item.keys() - FIELDS or ("command" in item) == ("path" in item):
        raise InputInvalid("An item has a command or a path, an idempotency_key, and an input.")
    named, data = item.get("command", item.get("path")), item.get("input")
    command = commands.get(named) if isinstance(named, str) else None
    if command is None:
        raise CommandUnknown("There is no such command in the API; GET /v1/docs/ shows them all.")
    if not isinstance(data, dict):
        raise InputInvalid("The input of an item is a JSON object.", field="/input")
    if not isinstance(item.get("idempotency_key"), str):
        raise KeyMissing("Each item needs an idempotency_key of its own.", field="/idempotency_key")
    caller.require(str(command.scope))
    doors.check_bulk(command)
    return doors.wish(caller, command, item["idempotency_key"], data)


def _take(now: datetime) -> BulkJob | None:
    """The oldest bulk that waits, or whose worker is gone, under a new lease."""
    free = Q(status=BulkStatus.QUEUED) | Q(status=BulkStatus.RUNNING, leased_until__lt=now)
    with transaction.atomic():
        waiting = BulkJob.objects.select_for_update(skip_locked=True).filter(free)
        job = waiting.order_by("id").first()
        if job is None:
            return None
        job.lease += 1
        job.status, job.leased_until = BulkStatus.RUNNING, now + LEASE
        if job.lease > TRIES:
            job.status, job.finished_at = BulkStatus.STOPPED, now
        job.save(update_fields=["lease", "status", "leased_until", "finished_at"])
    if job.status == BulkStatus.STOPPED:
        logger.error("The bulk %s broke its workers again and again and was stopped.", job.pk)
        return _take(now)
    return job


def _work(job: BulkJob) -> None:
    """Answer the parts that have no answer yet. A worker that died before it noted one has run it all the same: its
    keys replay."""
    for part in BulkPart.objects.filter(job=job, answers__isnull=True).order_by("number").iterator():
        caller = caller_of(job.api_key_id, clock.now())
        if caller is None:
            return _end(job, BulkStatus.STOPPED, clock.now())
        found = answers(caller, json.loads(part.items))
        if any(answer.get("problem", {}).get("code") == KeyInFlight.code for answer in found):
            return None  # another worker is at it, or the caller; the next lease gets what became of it
        if not _note(job, part, found, clock.now()):
            return None
    return _end(job, BulkStatus.DONE, clock.now())


def _note(job: BulkJob, part: BulkPart, found: Answers, now: datetime) -> bool:
    """Keep the answers of a part, unless another worker has the bulk by now."""
    refused = sum("problem" in answer for answer in found)
    with transaction.atomic():
        mine = BulkJob.objects.filter(pk=job.pk, lease=job.lease, status=BulkStatus.RUNNING)
        counted = {"answered": F("answered") + len(found), "refused": F("refused") + refused}
        if not mine.update(**counted, leased_until=now + LEASE):
            return False
        kept = BulkPart.objects.filter(job=job, number=part.number)
        kept.update(answers=orjson.dumps(found).decode())
    return True


def _end(job: BulkJob, status: BulkStatus, now: datetime) -> None:
    BulkJob.objects.filter(pk=job.pk, lease=job.lease, status=BulkStatus.RUNNING).update(
        status=status, finished_at=now
    )
