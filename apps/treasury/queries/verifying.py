"""Whether executions are what their rules asked for: recomputed from the ledger's lines, and every due time looked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from django.db import connection
from django.db.models import Q, QuerySet

from apps.core import clock
from apps.core.money import Money
from apps.ledger.models import JournalEntry, Side
from apps.operations.models import Operation, OperationStatus
from apps.treasury.decision import Decision, decide
from apps.treasury.models import (
    ExecutionStatus,
    InstructionStatus,
    SweepExecution,
    SweepInstruction,
    SweepRule,
    Why,
)

GRACE: Final = timedelta(minutes=5)
"""How long after a due time its execution may still come."""

AT_A_TIME: Final = 500

_LINES: Final = """
SELECT k.account, k.sequence, l.balance_after
  FROM unnest(%s::bigint[], %s::bigint[]) k(account, sequence)
  JOIN ledger_line l ON l.account_id = k.account AND l.sequence = k.sequence
"""


Wrong = tuple[str, str]
"""What differs, in one word and in a sentence."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be, about a due time of a rule."""

    rule: str
    due_at: datetime
    what: str
    message: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What executions are compared with: raw balances by account and sequence, entries, instructions by their own id and by
    that of their execution, and refused operations."""

    balances: Mapping[tuple[int, int], int]
    entries: Mapping[str, JournalEntry]
    instructions: Mapping[str, SweepInstruction]
    refused: frozenset[str]


def differences(now: datetime, since: datetime | None = None) -> Iterator[Difference]:
    """Everything that is wrong with the due times since then, or with all of them, rule by rule."""
    for rule in SweepRule.objects.select_related("account", "counter_account").order_by("id"):
        yield from _of_times(rule, now, since)
        rows = executions(since).filter(rule=rule).order_by("due_at").iterator(AT_A_TIME)
        before: SweepExecution | None = None
        while part := list(islice(rows, AT_A_TIME)):
            evidence = _evidence(rule, part)
            for execution in part:
                for what, message in _of_execution(rule, execution, before, evidence):
                    yield Difference(str(rule.pk), execution.due_at, what, message)
                before = execution


def executions(since: datetime | None) -> QuerySet[SweepExecution]:
    """The executions of due times since then, or all."""
    rows: QuerySet[SweepExecution] = SweepExecution.objects.all()
    return rows if since is None else rows.filter(due_at__gte=since)


def _of_times(rule: SweepRule, now: datetime, since: datetime | None) -> Iterator[Difference]:
    """Every due time has an execution, and no execution is of another time."""
    until = now - GRACE if rule.ended_at is None else rule.last_due_at
    had = set(executions(since).filter(rule=rule).values_list("due_at", flat=True))
    first = rule.started_at if since is None else max(rule.started_at, since - timedelta(microseconds=1))
    due = set(rule.when.between(first, until)) if until else set()
    for at in sorted(due - had):
        yield Difference(str(rule.pk), at, "missing", f"{rule} was not executed for {clock.written(at)}.")
    for at in sorted(had - due):
        if rule.ended_at or (until and at <= until) or not rule.when.is_due(at):
            message = f"{rule} was executed for {clock.written(at)}, when it is not due."
            yield Difference(str(rule.pk), at, "not_due", message)


def _of_execution(
    rule: SweepRule, execution: SweepExecution, before: SweepExecution | None, evidence: Evidence
) -> Iterator[Wrong]:
    yield from _of_balances(rule, execution, evidence)
    if before and not _is_later(execution, before):
        yield "balance", "The accounts had moved on since what was seen: the execution before it saw more."
    spare = max(execution.counter_balance - execution.counter_least, 0)
    decision = decide(rule.band, balance=execution.balance, spare=spare)
    if execution.asked != decision.asked:
        yield "asked", f"The rule asks for {_in(rule, decision.asked)}, not for {execution.asked_money}."
    if (execution.status, execution.why, execution.amount) not in _wanted(rule, execution, decision):
        yield (
            "decided",
            f"It is {execution.status} of {execution.money}; of these balances comes {_in(rule, decision.amount)}.",
        )
    yield from _of_movement(rule, execution, evidence)


def _of_balances(rule: SweepRule, execution: SweepExecution, evidence: Evidence) -> Iterator[Wrong]:
    """What was seen is what the lines say."""
    looks = (
        (rule.account, execution.sequence, execution.balance),
        (rule.counter_account, execution.counter_sequence, execution.counter_balance),
    )
    for account, sequence, seen in looks:
        raw = evidence.balances.get((account.pk, sequence), 0 if sequence == 0 else None)
        if raw is None:
            yield "balance", f"{account.address} has no line {sequence}."
        elif raw * account.side != seen:
            had, told = _in(rule, raw * account.side), _in(rule, seen)
            yield "balance", f"{account.address} had {had} at line {sequence}, not {told}."


def _is_later(execution: SweepExecution, before: SweepExecution) -> bool:
    """Whether it saw all that was seen before it and, if that was posted, moved then."""
    moved = 1 if before.entry_id else 0
    return (
        execution.sequence >= before.sequence + moved
        and execution.counter_sequence >= before.counter_sequence + moved
    )


def _wanted(rule: SweepRule, execution: SweepExecution, decision: Decision) -> set[tuple[str, str, int]]:
    """What the status, the reason and the amount can be: the ledger may refuse, and an instruction may be open."""
    if not decision.amount:
        status = ExecutionStatus.SHORT if decision.why == Why.LACKING else ExecutionStatus.NOTHING_TO_DO
        wanted = {(status.value, decision.why, 0)}
    elif rule.instructs:
        wanted = {(ExecutionStatus.INSTRUCTED.value, decision.why, decision.amount)}
    else:
        status = ExecutionStatus.SHORT if decision.why == Why.LACKING else ExecutionStatus.DONE
        wanted = {
            (status.value, decision.why, decision.amount),
            (ExecutionStatus.REFUSED.value, Why.LEDGER.value, 0),
        }
    if decision.asked and rule.instructs and execution.waits_for_id:
        wanted.add((ExecutionStatus.WAITING.value, Why.UNCONFIRMED.value, 0))
    return wanted


def _of_movement(rule: SweepRule, execution: SweepExecution, evidence: Evidence) -> Iterator[Wrong]:
    """What was moved stands in the books as it was decided, and what was not, does not."""
    if execution.entry_id:
        yield from _of_entry(rule, str(execution.entry_id), execution.amount, evidence)
    if execution.status == ExecutionStatus.REFUSED and execution.operation_id not in evidence.refused:
        yield "refusal", f"{execution.operation_id} is no refusal."
    if execution.waits_for_id and not _was_open(rule, execution, evidence):
        yield "instruction", f"{execution.waits_for_id} was not open."
    if execution.status == ExecutionStatus.INSTRUCTED:
        yield from _of_instruction(rule, execution, evidence)


def _was_open(rule: SweepRule, execution: SweepExecution, evidence: Evidence) -> bool:
    """Whether people had something to confirm for the account."""
    found = evidence.instructions.get(str(execution.waits_for_id))
    return (
        found is not None
        and found.account_id == rule.account_id
        and found.made_at <= execution.executed_at
        and (found.closed_at is None or found.closed_at >= execution.executed_at)
    )


def _of_instruction(rule: SweepRule, execution: SweepExecution, evidence: Evidence) -> Iterator[Wrong]:
    """People were told what was decided and, if they confirmed it, it stands in the books."""
    instruction = evidence.instructions.get(str(execution.pk))
    if instruction is None:
        yield "instruction", f"Nobody was told to move {execution.money}."
        return
    into = instruction.amount if instruction.taker == rule.account.address else -instruction.amount
    if into != execution.amount:
        yield (
            "instruction",
            f"{instruction.pk} says {instruction}, and {execution.money} was to be moved.",
        )
    if instruction.status == InstructionStatus.CONFIRMED:
        yield from _of_entry(rule, str(instruction.entry_id), execution.amount, evidence)


def _of_entry(rule: SweepRule, entry_id: str, amount: int, evidence: Evidence) -> Iterator[Wrong]:
    entry = evidence.entries.get(entry_id)
    if entry is None:
        yield "entry", f"There is no entry {entry_id}."
        return
    moved = sorted((line.account_id, int(line.amount)) for line in entry.lines.all())
    own, counter = rule.account, rule.counter_account
    wanted = sorted([(own.pk, amount * Side(own.side)), (counter.pk, -amount * Side(counter.side))])
    if moved != wanted:
        yield "entry", f"{entry_id} does not move {_in(rule, amount)} between the accounts of the rule."


def _evidence(rule: SweepRule, part: Sequence[SweepExecution]) -> Evidence:
    waited_for = [each.waits_for_id for each in part if each.waits_for_id]
    found = SweepInstruction.objects.filter(Q(execution__in=part) | Q(pk__in=waited_for))
    instructions = {key: each for each in found for key in (str(each.pk), str(each.execution_id))}
    entries = [each.entry_id for each in part] + [each.entry_id for each in instructions.values()]
    made = JournalEntry.objects.filter(pk__in={each for each in entries if each})
    refused = Operation.objects.filter(
        pk__in=[each.operation_id for each in part if each.status == ExecutionStatus.REFUSED],
        status=OperationStatus.REFUSED,
    )
    return Evidence(
        balances=_balances(rule, part),
        entries={str(each.pk): each for each in made.prefetch_related("lines")},
        instructions=instructions,
        refused=frozenset(map(str, refused.values_list("pk", flat=True))),
    )


def _balances(rule: SweepRule, part: Sequence[SweepExecution]) -> dict[tuple[int, int], int]:
    wanted = {(rule.account_id, each.sequence) for each in part}
    wanted |= {(rule.counter_account_id, each.counter_sequence) for each in part}
    with connection.cursor() as cursor:
        cursor.execute(_LINES, [[account for account, _ in wanted], [sequence for _, sequence in wanted]])
        return {(account, sequence): int(balance) for account, sequence, balance in cursor.fetchall()}


def _in(rule: SweepRule, minor: int) -> Money:
    return Money(minor, rule.currency)
