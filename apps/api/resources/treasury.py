"""Treasury, for operators' keys alone: what we hold where, the rules that keep it there, and what came of them."""

from rest_framework import serializers

from apps.api.resources.base import Computed, Filter, Resource, declare
from apps.api.resources.outputs import Output, day, instant, number, text, yes_or_no
from apps.core.money import Money
from apps.core.serializer_fields import CurrencyField, IdField, InstantField, MoneyField, TextField
from apps.treasury.models import (
    ExecutionStatus,
    InstructionStatus,
    SweepExecution,
    SweepInstruction,
    SweepRule,
    Why,
)


def _money(column: str) -> Computed:
    return Computed((column, "currency"), Money)


class SweepRuleOutput(Output):
    id = IdField("swr")
    version = number(help_text="Counts the rules that this account has had.")
    book = text(source="book.slug")
    account = text(source="account.address", help_text="What is kept between floor and target.")
    counter_account = text(source="counter_account.address", help_text="Where it comes from and goes to.")
    currency = CurrencyField()
    floor = MoneyField(help_text="Below this it is brought up to the target.")
    target = MoneyField(help_text="Above this it is brought down to it.")
    minimum = MoneyField(help_text="Nothing less is moved.")
    at = serializers.TimeField(allow_null=True, help_text="The time of the day, if it is due once a day.")
    every_minutes = number(allow_null=True, help_text="If it is due so often.")
    time_zone = text()
    days = text(help_text="every_day, or the calendar on whose business days it is due.")
    instructs = yes_or_no(help_text="Whether people move the money at a bank or provider, and confirm it.")
    confirm_within = number(help_text="Hours, after which what is not confirmed is an alert.")
    reason = text()
    started_at = instant()
    started_by = text()
    ended_at = instant(allow_null=True, help_text="Empty while it is in force.")
    ended_by = text(allow_blank=True)
    end_reason = text(allow_blank=True)


declare(
    Resource(
        path="sweep-rules",
        name="sweep rule",
        summary="Sweep rules",
        description="Every version of every rule that keeps an account of ours between a floor and a target.",
        model=SweepRule,
        output=SweepRuleOutput,
        scope="platform:read",
        owner="book_id",
        key_prefix="swr",
        filters={
            "account": Filter("account__address", TextField(max_length=200)),
            "currency": Filter("currency", CurrencyField()),
            "in_force": Filter("ended_at__isnull", serializers.BooleanField()),
        },
        computed={name: _money(name) for name in ("floor", "target", "minimum")},
    )
)


class SweepExecutionOutput(Output):
    id = IdField("swx")
    rule = IdField("swr", source="rule_id")
    account = text(source="rule.account.address")
    counter_account = text(source="rule.counter_account.address")
    due_at = instant()
    executed_at = instant()
    status = serializers.ChoiceField(ExecutionStatus.choices)
    why = serializers.ChoiceField(Why.choices, allow_blank=True)
    balance = MoneyField(help_text="What the account had.")
    counter_balance = MoneyField(help_text="What the counter account had.")
    asked = MoneyField(help_text="What the rule asked for: into the account, or out of it if negative.")
    amount = MoneyField(help_text="What was posted or instructed of that.")
    waits_for = IdField("swi", source="waits_for_id", allow_null=True, help_text="The open instruction.")
    entry = IdField("je", source="entry_id", allow_null=True)
    operation = IdField("op", source="operation_id")


declare(
    Resource(
        path="sweep-executions",
        name="sweep execution",
        summary="What came of each due time of a sweep rule",
        model=SweepExecution,
        output=SweepExecutionOutput,
        scope="platform:read",
        owner="book_id",
        key_prefix="swx",
        filters={
            "rule": Filter("rule_id", IdField("swr")),
            "status": Filter("status", serializers.ChoiceField(ExecutionStatus.choices)),
            "due_from": Filter("due_at__gte", InstantField(), "Due at this moment or later."),
            "due_before": Filter("due_at__lt", InstantField(), "Due before this moment."),
        },
        computed={
            "balance": _money("balance"),
            "counter_balance": _money("counter_balance"),
            "asked": _money("asked"),
            "amount": _money("amount"),
        },
    )
)


class SweepInstructionOutput(Output):
    id = IdField("swi")
    rule = IdField("swr", source="rule_id")
    execution = IdField("swx", source="execution_id")
    giver = text(help_text="The account that the money leaves.")
    taker = text(help_text="The account that it goes to.")
    amount = MoneyField()
    status = serializers.ChoiceField(InstructionStatus.choices)
    made_at = instant()
    confirm_by = instant()
    closed_at = instant(allow_null=True)
    closed_by = text(allow_blank=True)
    bank_reference = text(allow_blank=True)
    reason = text(allow_blank=True)
    entry = IdField("je", source="entry_id", allow_null=True)


declare(
    Resource(
        path="sweep-instructions",
        name="sweep instruction",
        summary="Money that people move for sweep rules",
        model=SweepInstruction,
        output=SweepInstructionOutput,
        scope="platform:read",
        owner="book_id",
        key_prefix="swi",
        filters={
            "rule": Filter("rule_id", IdField("swr")),
            "status": Filter("status", serializers.ChoiceField(InstructionStatus.choices)),
        },
        computed={"amount": _money("amount")},
    )
)


class AtProviderOutput(Output):
    provider = text()
    currency = CurrencyField()
    says = MoneyField(
        allow_null=True, help_text="What the provider says that it has; empty if it never told."
    )
    said_at = instant(allow_null=True)
    books = MoneyField(help_text="What our books have there.")
    difference = MoneyField(allow_null=True, help_text="What it says that it has beyond our books.")
    reserved = MoneyField(help_text="What transfers under way have put aside that will leave through it.")
    left = MoneyField(help_text="What our books have there when all of that has gone.")
    least = MoneyField(allow_null=True, help_text="What should be there; empty if nobody wants any.")
    missing = MoneyField(allow_null=True, help_text="How much too little it is; empty if it is enough.")


class AtBankOutput(Output):
    account = text(help_text="The address, over all books.")
    currency = CurrencyField()
    books = MoneyField(help_text="What our books have there.")
    rule = IdField("swr", allow_null=True, help_text="The sweep rule that keeps it.")
    missing = MoneyField(allow_null=True, help_text="How much it is below the floor of its rule.")


class DueOutput(Output):
    day = day(allow_null=True, help_text="In UTC; empty where nobody promised one.")
    provider = text(
        allow_null=True,
        allow_blank=True,
        help_text="Through which it leaves: blank before one is chosen, empty for rolling reserves that are released.",
    )
    amount = MoneyField()
    is_overdue = yes_or_no()


class TreasuryOutput(Output):
    as_of = instant()
    providers = AtProviderOutput(many=True)
    banks = AtBankOutput(many=True, help_text="Bank accounts, pools and custody.")
    due = DueOutput(many=True, help_text="For a week, by day.")
    unrouted = serializers.ListField(
        child=MoneyField(), help_text="Reserved for transfers whose provider is not chosen yet, by currency."
    )
