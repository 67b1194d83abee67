"""Sweep rules: set, replaced by another version, stopped."""

from collections.abc import Iterator, Mapping
from datetime import time
from typing import Any

from django.db.models import Max

from apps.accounts.queries.tenants import is_test
from apps.core import ids
from apps.core.money import CurrencyMismatch, Money
from apps.ledger.errors import AccountNotFound
from apps.ledger.models import Account, Balance
from apps.operations import books, facts
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.operations.registry import Input, Target
from apps.providers.formats import calendars
from apps.treasury.errors import BandUnfit, FloorMissing, RuleEnded, SameAccounts, WhenUnclear
from apps.treasury.models import SweepExecution, SweepRule
from apps.treasury.queries.places import is_ours, only_in_books
from apps.treasury.when import EVERY_DAY

ENDING = ("ended_at", "ended_by", "end_reason", "last_due_at")


def target_in_force(data: Input) -> Iterator[Target]:
    """The version that is in force for the account, which is locked if there is one."""
    found = SweepRule.objects.filter(
        account__address=data["account"],
        account__currency=data["target"].currency,
        book__slug=data["book"],
        ended_at=None,
    )
    for pk in found.values_list("pk", flat=True):
        yield Target(SweepRule, str(pk))


def target(data: Input) -> Iterator[Target]:
    """The rule, which is locked."""
    yield Target(SweepRule, data["rule"])


def scopes(data: Input) -> list[tuple[str, str]]:
    """The flag scopes that a rule touches."""
    rule = SweepRule.objects.filter(pk=data["rule"]).first()
    return scopes_of(rule.book_id, rule.currency) if rule else []


def scopes_of(book_id: int, currency: str) -> list[tuple[str, str]]:
    """The flag scopes of money of a book."""
    tenant = books.find(book_id).tenant_id
    return [*([("tenant", tenant)] if tenant else []), ("currency", currency)]


def plan_set_sweep_rule(
    context: Context,
    *,
    book: str,
    account: str,
    counter_account: str,
    floor: Money,
    target: Money,
    minimum: Money,
    at: time | None,
    every_minutes: int | None,
    time_zone: str,
    days: str,
    confirm_within: int,
    reason: str,
) -> Plan:
    """From now on keep an account between floor and target; the version that was in force ends."""
    _check_band(floor, target, minimum)
    _check_when(at, every_minutes, days)
    found, counter = (
        _account(book, account, target, "/account"),
        _account(book, counter_account, target, "/counter_account"),
    )
    rule = SweepRule(
        id=ids.new_id("swr"),
        version=_last_version(found) + 1,
        book_id=found.book_id,
        account=found,
        counter_account=counter,
        currency=target.currency,
        floor=floor.minor,
        target=target.minor,
        minimum=minimum.minor,
        at=at,
        every_minutes=every_minutes,
        time_zone=time_zone,
        days=days,
        instructs=_instructs(found, counter),
        confirm_within=confirm_within,
        reason=reason,
        started_at=context.now,
        started_by=context.actor.label,
    )
    replaced = [row for row in context.locked.values() if isinstance(row, SweepRule)]
    result = {**told(rule), "replaces": [row.pk for row in replaced], "reason": reason}
    return Plan(
        rows=[rule],
        updates=[_ended(context, row, f"Replaced by version {rule.version}.") for row in replaced],
        result=result,
        events=[EventDraft("sweep_rule.set", rule.pk, result)],
    )


def plan_stop_sweep_rule(context: Context, *, rule: str, reason: str) -> Plan:
    """The rule is due no more. An instruction that is open stays, to be confirmed or cancelled."""
    found = in_force(context, rule)
    result = {**told(found), "reason": reason}
    return Plan(
        updates=[_ended(context, found, reason)],
        result=result,
        events=[EventDraft("sweep_rule.stopped", rule, result)],
    )


def facts_of_rule(context: Context, plan: Plan, **_: Any) -> Mapping[str, Any]:
    """What policies may ask of a rule: whose account it keeps, and its target."""
    [rule] = (row for row in plan.rows if isinstance(row, SweepRule))
    tenant = books.find(rule.book_id).tenant_id
    return {
        "kind": "sweep_rule",
        **facts.of_money(context, rule.target_money),
        "tenant": tenant,
        "test": tenant is not None and is_test(tenant),
    }


def in_force(context: Context, rule: str) -> SweepRule:
    """The locked rule; RuleEnded if it is not in force."""
    found: SweepRule = context.locked[SweepRule, rule]  # type: ignore[assignment]
    if found.ended_at is not None:
        raise RuleEnded(f"{rule} ended: {found.end_reason}", field="/rule")
    return found


def told(rule: SweepRule) -> dict[str, Any]:
    """What results and events say of a rule."""
    return {
        "rule": rule.pk,
        "version": rule.version,
        "book": books.find(rule.book_id).slug,
        "account": rule.account.address,
        "counter_account": rule.counter_account.address,
        "floor": rule.floor_money,
        "target": rule.target_money,
        "minimum": rule.minimum_money,
        "instructs": rule.instructs,
    }


def _ended(context: Context, rule: SweepRule, reason: str) -> Update:
    """What was due and not executed by now is not due any more: nothing of it can come later, for the rule is locked."""
    last = SweepExecution.objects.filter(rule=rule).aggregate(last=Max("due_at"))["last"]
    rule.ended_at, rule.ended_by, rule.end_reason = context.now, context.actor.label, reason
    rule.last_due_at = last
    return Update(rule, ENDING, {"ended_at": None})


def _check_band(floor: Money, target: Money, minimum: Money) -> None:
    for name, amount in (("floor", floor), ("minimum", minimum)):
        if amount.currency != target.currency:
            raise CurrencyMismatch(
                f"The target is in {target.currency}, not in {amount.currency}.", field=f"/{name}/currency"
            )
    if floor.is_negative:
        raise BandUnfit(f"The floor is zero or more, not {floor}.", field="/floor")
    if floor > target:
        raise BandUnfit(f"The floor is at most the target: {floor} is more than {target}.", field="/floor")


def _check_when(at: time | None, every_minutes: int | None, days: str) -> None:
    if (at is None) == (every_minutes is None):
        raise WhenUnclear(
            "Give either a time of the day or a number of minutes, and leave the other out.", field="/at"
        )
    if days != EVERY_DAY:
        calendars.check(days, field="/days")


def _account(book: str, address: str, target: Money, field: str) -> Account:
    found = Account.objects.filter(
        book=books.by_slug(book), address=address, currency=target.currency
    ).first()
    if found is None:
        raise AccountNotFound(f"Book {book} has no account {address} in {target.currency}.", field=field)
    is_ours(found, field=field)
    return found


def _instructs(account: Account, counter: Account) -> bool:
    """Whether money must truly move. What is posted at once needs floors, for the amount is decided without a lock."""
    if account.pk == counter.pk:
        raise SameAccounts("The counter account is another account.", field="/counter_account")
    if not only_in_books(account, counter):
        return True
    for row in Balance.objects.filter(pk__in=[account.pk, counter.pk], floor=None):
        address = account.address if row.pk == account.pk else counter.address
        raise FloorMissing(
            f"{address} has no floor, so the ledger would let a sweep overdraw it: run ledger.set_floor first.",
            field="/account" if row.pk == account.pk else "/counter_account",
        )
    return False


def _last_version(account: Account) -> int:
    found: int | None = SweepRule.objects.filter(account=account).aggregate(last=Max("version"))["last"]
    return found or 0
