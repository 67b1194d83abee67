"""Commands that only tests know, for what the product's own do not do yet."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from datetime import datetime
from typing import Any

from rest_framework import serializers

from apps.accounts.models import Tenant
from apps.core import ids
from apps.core.money import Money
from apps.core.serializer_fields import IdField, MoneyField, TextField
from apps.operations import books, event_types, registry
from apps.operations.event_types import EventType
from apps.operations.plan import BalanceAfter, Context, Entry, EventDraft, HoldUse, Plan, Posting, Update
from apps.operations.registry import Command, Done, Target


class PostInput(serializers.Serializer[Any]):
    entries = serializers.ListField(child=serializers.DictField())
    sticks = serializers.BooleanField(default=True)


def plan_post(context: Context, *, entries: list[dict[str, Any]], sticks: bool) -> Plan:
    """Several entries, perhaps of several books, posted together."""
    posts = [_entry(entry, sticks) for entry in entries]
    result = {
        "entries": [post.id for post in posts],
        "balances": {
            f"{address} {posting.amount.currency}": BalanceAfter(address, posting.amount.currency)
            for post in posts
            for posting in post.postings
            for address in (posting.source, posting.destination)
        },
    }
    return Plan(result=result, posts=posts, events=[EventDraft("tests.posted", posts[0].id, {})])


def _entry(entry: Mapping[str, Any], sticks: bool) -> Entry:
    effective = entry.get("effective_at")
    return Entry(
        id=ids.new_id("je"),
        book_id=books.id_of(entry["book"]),
        reference=entry["reference"],
        kind=entry.get("kind", "test"),
        postings=[
            Posting(source, destination, Money.parse(amount, currency), HoldUse(*hold[0]) if hold else None)
            for source, destination, amount, currency, *hold in entry["postings"]
        ],
        effective_at=datetime.fromisoformat(effective) if effective else None,
        involuntary=entry.get("involuntary", False),
        refusal_sticks=sticks,
    )


class RenameInput(serializers.Serializer[Any]):
    tenant = IdField("ten")
    name = TextField(max_length=120)


def rename_targets(data: Mapping[str, Any]) -> list[Target]:
    """The tenant that is renamed."""
    return [Target(Tenant, data["tenant"])]


def plan_rename(context: Context, *, tenant: str, name: str) -> Plan:
    """A locked row that is changed, guarded by what was read."""
    found: Any = context.locked[Tenant, tenant]
    before, found.name = found.name, name
    return Plan(result={"was": before}, updates=[Update(found, ("name",), {"name": before})])


def plan_rename_unlocked(context: Context, *, tenant: str, name: str) -> Plan:
    """A row that is changed without a lock, as if nobody had renamed it since it was called Acme."""
    found = Tenant.objects.get(pk=tenant)
    found.name = name
    return Plan(result={}, updates=[Update(found, ("name",), {"name": "Acme"})])


class RenameBothInput(serializers.Serializer[Any]):
    tenants = serializers.ListField(child=IdField("ten"))
    suffix = TextField(max_length=20)


def rename_both_targets(data: Mapping[str, Any]) -> list[Target]:
    """All of the tenants, in the order in which they were given."""
    return [Target(Tenant, pk) for pk in data["tenants"]]


def plan_rename_both(context: Context, *, tenants: list[str], suffix: str) -> Plan:
    """Several locked rows."""
    found: list[Any] = [context.locked[Tenant, pk] for pk in tenants]
    for each in found:
        each.name += suffix
    return Plan(
        result={"names": [each.name for each in found]}, updates=[Update(each, ("name",)) for each in found]
    )


class SpendInput(serializers.Serializer[Any]):
    tenant = IdField("ten")
    amount = MoneyField(positive=True)
    sticks = serializers.BooleanField(default=True)


def plan_spend(context: Context, *, tenant: str, amount: Money, sticks: bool) -> Plan:
    """A payment of Amara's that renames a tenant for what came of it, and makes another only if it went well."""
    paid: Any = context.locked[Tenant, tenant]
    failed = copy(paid)
    paid.name, failed.name = "paid", "failed"
    post = Entry(
        id=ids.new_id("je"),
        book_id=books.platform_id(),
        reference=f"spend:{context.operation_id}",
        kind="payment",
        postings=[Posting("amara", "bo", amount)],
        refusal_sticks=sticks,
    )
    receipt = Tenant(name="receipt", base_currency="EUR", created_at=context.now)
    return Plan(
        result={"entry": post.id},
        posts=[post],
        rows=[receipt],
        updates=[Update(paid, ("name",))],
        events=[EventDraft("tests.spent", tenant, {})],
        if_refused=Plan(
            result={}, updates=[Update(failed, ("name",))], events=[EventDraft("tests.not_spent", tenant, {})]
        ),
    )


class BreakInput(serializers.Serializer[Any]):
    why = TextField(max_length=100, default="a defect")


def plan_break(context: Context, *, why: str) -> Plan:
    """A plan with a defect."""
    raise RuntimeError(why)


def plan_break_database(context: Context, *, why: str) -> Plan:
    """A plan whose result the database cannot store."""
    return Plan(result={"why": "\x00"})


class PayInput(serializers.Serializer[Any]):
    source = TextField(max_length=200)
    destination = TextField(max_length=200)
    amount = MoneyField(positive=True)


FEES: dict[str, str] = {"fee": "0.10"}
"""What the fee of `tests.pay` is at this moment; a test may change it between approval and run."""


def plan_pay(context: Context, *, source: str, destination: str, amount: Money) -> Plan:
    """A payment that may need approval; its fee is part of what is approved."""
    post = Entry(
        id=ids.new_id("je"),
        book_id=books.platform_id(),
        reference=f"pay:{context.operation_id}",
        kind="payment",
        postings=[Posting(source, destination, amount)],
    )
    after = BalanceAfter(destination, amount.currency)
    return Plan(
        result={"entry": post.id, "after": after},
        posts=[post],
        approved={"fee": FEES["fee"]},
        events=[EventDraft("tests.paid", post.id, {"after": after})],
    )


def pay_facts(context: Context, plan: Plan, *, amount: Money, **_: Any) -> Mapping[str, Any]:
    """What policies may ask of a payment."""
    return {"amount": amount.decimal, "currency": amount.currency}


class NoteInput(serializers.Serializer[Any]):
    name = TextField(max_length=120)


def note(context: Context, *, name: str) -> Done:
    """A handler that writes a row by itself and may need approval."""
    made = Tenant.objects.create(name=name, base_currency="EUR", created_at=context.now)
    return Done({"tenant": made.pk}, (EventDraft("tests.noted", made.pk, {}),))


def note_facts(context: Context, plan: Plan, *, name: str) -> Mapping[str, Any]:
    """What policies may ask of a note."""
    return {"amount": str(len(name))}


class RegisterInput(serializers.Serializer[Any]):
    email = serializers.EmailField()
    pin = TextField(max_length=20)
    city = TextField(max_length=60)


def plan_register(context: Context, *, email: str, pin: str, city: str) -> Plan:
    """A plan with a secret and a personal field."""
    return Plan(result={"city": city})


class SwitchInput(serializers.Serializer[Any]):
    currency = TextField(max_length=5, default="EUR")
    provider = TextField(max_length=60, default="acme")


def switch_scopes(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The currency and the provider that are touched."""
    return [("currency", data["currency"]), ("provider", data["provider"])]


def plan_switch(context: Context, *, currency: str, provider: str) -> Plan:
    """A plan that stands behind a flag and does nothing."""
    return Plan(result={"ran": True})


COMMANDS = (
    Command(name="tests.post", summary="Post", plan=plan_post, input=PostInput, permission="tests.post"),
    Command(
        name="tests.rename",
        summary="Rename",
        plan=plan_rename,
        targets=rename_targets,
        input=RenameInput,
        permission="tests.rename",
    ),
    Command(
        name="tests.rename_unlocked",
        summary="Rename without a lock",
        plan=plan_rename_unlocked,
        input=RenameInput,
        permission="tests.rename",
    ),
    Command(
        name="tests.spend",
        summary="Spend, and remember if it failed",
        plan=plan_spend,
        targets=rename_targets,
        input=SpendInput,
        permission="tests.spend",
    ),
    Command(
        name="tests.rename_both",
        summary="Rename several",
        plan=plan_rename_both,
        targets=rename_both_targets,
        input=RenameBothInput,
        permission="tests.rename",
    ),
    Command(name="tests.break", summary="Break", plan=plan_break, input=BreakInput, permission="tests.break"),
    Command(
        name="tests.break_database",
        summary="Break the database",
        plan=plan_break_database,
        input=BreakInput,
        permission="tests.break",
    ),
    Command(
        name="tests.pay",
        summary="Pay",
        plan=plan_pay,
        facts=pay_facts,
        tells=frozenset({"amount", "currency"}),
        input=PayInput,
        permission="tests.pay",
    ),
    Command(
        name="tests.note",
        summary="Note",
        handler=note,
        facts=note_facts,
        tells=frozenset({"amount"}),
        input=NoteInput,
        permission="tests.note",
    ),
    Command(
        name="tests.register",
        summary="Register",
        plan=plan_register,
        input=RegisterInput,
        permission="tests.register",
        secret_fields=frozenset({"pin"}),
        personal_fields=frozenset({"email"}),
    ),
    Command(
        name="tests.switch",
        summary="Switch",
        plan=plan_switch,
        scopes=switch_scopes,
        input=SwitchInput,
        permission="tests.switch",
        flag="core_wallet_enabled",
    ),
    Command(
        name="tests.complete",
        summary="Complete",
        plan=plan_switch,
        scopes=switch_scopes,
        input=SwitchInput,
        permission="tests.switch",
        flag="core_wallet_enabled",
        completion=True,
    ),
)


class PaidEvent(serializers.Serializer[Any]):
    after = MoneyField(allow_null=True)


EVENT_TYPES = (
    EventType("tests.posted", 1, "Posted", None, {}, ("tests.post",)),
    EventType("tests.spent", 1, "Spent", None, {}, ("tests.spend",)),
    EventType("tests.not_spent", 1, "Not spent", None, {}, ("tests.spend",)),
    EventType("tests.paid", 1, "Paid", PaidEvent, {"after": None}, ("tests.pay",)),
    EventType("tests.noted", 1, "Noted", None, {}, ("tests.note",)),
)


@contextmanager
def registered(*commands: Command) -> Iterator[None]:
    """The registry knows these commands for a while, and what they tell."""
    names = {command.name for command in commands}
    types = [each for each in EVENT_TYPES if names.intersection(each.by)]
    for command in commands:
        registry.register(command)
    event_types.register(*types)
    try:
        yield
    finally:
        for each in types:
            del event_types._types[each.name, each.version]
        for command in commands:
            del registry._commands[command.name]
            for alias in command.aliases:
                del registry._aliases[alias]
