"""Executing sweep rules: once for each due time, whatever is delivered twice or killed in between."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Max

from apps.core import clock, ids
from apps.core.actor import Actor
from apps.core.money import Money
from apps.ledger import templates
from apps.ledger.models import Balance
from apps.operations.executor import execute
from apps.operations.plan import Context, Entry, EventDraft, Plan, Request
from apps.treasury.decision import Decision, decide
from apps.treasury.errors import SweepExecuted, SweepNotDue
from apps.treasury.models import (
    ExecutionStatus,
    InstructionStatus,
    SweepExecution,
    SweepInstruction,
    SweepRule,
    Why,
)
from apps.treasury.services.rules import in_force

SWEEPER: Final = Actor.system("sweeper", {"treasury.execute_sweep"})
"""Who executes rules."""

AT_ONCE: Final = 500
"""Due times of one rule that are made up for in one go, after nobody executed anything for long."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the balances were, at which sequences of the accounts' lines, and what the counter account can give."""

    balance: int
    sequence: int
    counter_balance: int
    counter_sequence: int
    counter_least: int

    @property
    def spare(self) -> int:
        """What the counter account can give: never below zero, nor below its floor."""
        return max(self.counter_balance - self.counter_least, 0)


def run_due(now: datetime) -> int:
    """Execute every rule for every due time that has come, each rule's in their order; how many were executed.

    One at a time, so that each sees what the one before it moved. What is refused for a reason outside the books (a flag)
    leaves its due time and those after it for the next run.
    """
    done = 0
    for rule in SweepRule.objects.filter(ended_at=None).order_by("id"):
        for request in _due(rule, now):
            outcome = execute(request)
            if not SweepExecution.objects.filter(rule=rule, due_at=request.input["due_at"]).exists():
                break
            done += not outcome.replayed
    return done


def plan_execute_sweep(context: Context, *, rule: str, due_at: datetime) -> Plan:
    """Look at the balances, and move what the rule asks for: at once, or by an instruction that a person confirms."""
    found = in_force(context, rule)
    _refuse_not_due(found, due_at, context.now)
    seen = look(found)
    decision = decide(found.band, balance=seen.balance, spare=seen.spare)
    execution = _execution(context, found, due_at, seen, decision)
    if decision.asked and found.instructs and (instruction := _open_instruction(found)):
        execution.status, execution.why = ExecutionStatus.WAITING, Why.UNCONFIRMED
        execution.waits_for_id = instruction
        return Plan(rows=[execution], result=told(execution, found))
    if not decision.amount:
        return _nothing(execution, found, decision)
    execution.amount, execution.why = decision.amount, decision.why
    return _instructed(execution, found) if found.instructs else _posted(execution, found)


def look(rule: SweepRule) -> Look:
    """What both accounts have, of one moment and without a lock: what changes until the posting, the ledger's floors refuse."""
    rows = {row.pk: row for row in Balance.objects.filter(pk__in=[rule.account_id, rule.counter_account_id])}
    own, counter = rows[rule.account_id], rows[rule.counter_account_id]
    return Look(own.shown, own.sequence, counter.shown, counter.sequence, int(counter.floor or 0))


def giver_and_taker(rule: SweepRule, amount: int) -> tuple[str, str]:
    """Whose money it is and who gets it, by address."""
    pair = rule.counter_account.address, rule.account.address
    return pair if amount > 0 else (pair[1], pair[0])


def entry_of(
    rule: SweepRule,
    amount: int,
    reference: str,
    metadata: Mapping[str, Any],
    *,
    prefunded: Mapping[str, str] | None = None,
) -> Entry:
    """The entry that moves an amount into the account of a rule, or out of it."""
    giver, taker = giver_and_taker(rule, amount)
    return templates.entry(
        "sweep",
        {"amount": Money(abs(amount), rule.currency), "giver": giver, "taker": taker},
        book_id=rule.book_id,
        reference=reference,
        description=f"Sweep from {giver} to {taker}",
        metadata={"sweep_rule": rule.pk, **metadata},
        prefunded=prefunded,
    )


def reference_of(rule_id: str, due_at: datetime) -> str:
    """The reference of an execution's entry, and the key of its command: one for each due time."""
    return f"{rule_id}:{clock.written(due_at)}"


def told(execution: SweepExecution, rule: SweepRule) -> dict[str, Any]:
    """What results and events say of an execution."""
    return {
        "execution": execution.pk,
        "rule": rule.pk,
        "account": rule.account.address,
        "counter_account": rule.counter_account.address,
        "due_at": execution.due_at,
        "status": execution.status,
        "why": execution.why,
        "balance": execution.balance_money,
        "asked": execution.asked_money,
        "amount": execution.money,
        "entry": execution.entry_id,
    }


def _due(rule: SweepRule, now: datetime) -> Iterator[Request]:
    last = SweepExecution.objects.filter(rule=rule).aggregate(last=Max("due_at"))["last"]
    for number, due in enumerate(rule.when.between(last or rule.started_at, now)):
        if number == AT_ONCE:
            return
        data = {"rule": rule.pk, "due_at": clock.written(due)}
        yield Request("treasury.execute_sweep", data, reference_of(rule.pk, due), SWEEPER, origin="beat")


def _refuse_not_due(rule: SweepRule, due_at: datetime, now: datetime) -> None:
    if not rule.started_at < due_at <= now or not rule.when.is_due(due_at):
        raise SweepNotDue(f"{rule.pk} is not due at {clock.written(due_at)}.", field="/due_at")
    if SweepExecution.objects.filter(rule=rule, due_at=due_at).exists():
        raise SweepExecuted(f"{rule.pk} was executed for {clock.written(due_at)}.", field="/due_at")


def _execution(
    context: Context, rule: SweepRule, due_at: datetime, seen: Look, decision: Decision
) -> SweepExecution:
    return SweepExecution(
        id=ids.new_id("swx"),
        rule=rule,
        book_id=rule.book_id,
        due_at=due_at,
        executed_at=context.now,
        currency=rule.currency,
        balance=seen.balance,
        sequence=seen.sequence,
        counter_balance=seen.counter_balance,
        counter_sequence=seen.counter_sequence,
        counter_least=seen.counter_least,
        asked=decision.asked,
        amount=0,
        operation_id=context.operation_id,
    )


def _open_instruction(rule: SweepRule) -> str | None:
    """What people have to confirm for the account, also of an earlier version of its rule."""
    found = SweepInstruction.objects.filter(account_id=rule.account_id, status=InstructionStatus.OPEN)
    first = found.first()
    return str(first.pk) if first else None


def _nothing(execution: SweepExecution, rule: SweepRule, decision: Decision) -> Plan:
    execution.why = decision.why
    if decision.why != Why.LACKING:
        execution.status = ExecutionStatus.NOTHING_TO_DO
        return Plan(rows=[execution], result=told(execution, rule))
    execution.status = ExecutionStatus.SHORT
    result = told(execution, rule)
    return Plan(rows=[execution], result=result, events=_alarms(execution, rule, "sweep short"))


def _posted(execution: SweepExecution, rule: SweepRule) -> Plan:
    reference = reference_of(rule.pk, execution.due_at)
    entry = entry_of(rule, execution.amount, reference, {"sweep": execution.pk})
    execution.status = ExecutionStatus.SHORT if execution.why == Why.LACKING else ExecutionStatus.DONE
    execution.entry_id = entry.id
    result = told(execution, rule)
    events = [EventDraft("sweep.executed", execution.pk, result)]
    if execution.why == Why.LACKING:
        events += _alarms(execution, rule, "sweep short")
    return Plan(
        rows=[execution], posts=[entry], result=result, events=events, if_refused=_refused(execution, rule)
    )


def _refused(execution: SweepExecution, rule: SweepRule) -> Plan:
    """What is written if the ledger refuses: the operation has its reason."""
    values = {field.attname: getattr(execution, field.attname) for field in execution._meta.concrete_fields}
    refused = SweepExecution(
        **values | {"status": ExecutionStatus.REFUSED, "why": Why.LEDGER, "amount": 0, "entry_id": None}
    )
    return Plan(result={}, rows=[refused], events=_alarms(refused, rule, "sweep refused"))


def _instructed(execution: SweepExecution, rule: SweepRule) -> Plan:
    giver, taker = giver_and_taker(rule, execution.amount)
    execution.status = ExecutionStatus.INSTRUCTED
    instruction = SweepInstruction(
        id=ids.new_id("swi"),
        execution=execution,
        rule=rule,
        book_id=rule.book_id,
        account_id=rule.account_id,
        giver=giver,
        taker=taker,
        amount=abs(execution.amount),
        currency=rule.currency,
        made_at=execution.executed_at,
        confirm_by=execution.executed_at + timedelta(hours=rule.confirm_within),
    )
    result = {
        **told(execution, rule),
        "instruction": instruction.pk,
        "from": giver,
        "to": taker,
        "confirm_by": instruction.confirm_by,
    }
    events = [EventDraft("sweep.instructed", instruction.pk, result)]
    if execution.why == Why.LACKING:
        events += _alarms(execution, rule, "sweep short")
    return Plan(rows=[execution, instruction], result=result, events=events)


def _alarms(execution: SweepExecution, rule: SweepRule, reason: str) -> list[EventDraft]:
    """People are told when it begins, not again at every due time while it lasts."""
    last = SweepExecution.objects.filter(rule=rule).order_by("-due_at").first()
    if last and last.trouble == execution.trouble:
        return []
    data = {"reason": reason, **told(execution, rule)}
    return [EventDraft("alert.raised", execution.pk, data)]
