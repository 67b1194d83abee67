"""Accounts and journal entries."""

from typing import Any

from rest_framework import serializers

from apps.api.resources.base import Computed, Filter, Resource, Rows, declare
from apps.api.resources.outputs import Output, anything, day, instant, number, text
from apps.core.money import Money
from apps.core.serializer_fields import CurrencyField, IdField, MoneyField, TextField
from apps.ledger.models import Account, JournalEntry, Line, Seal
from apps.ledger.models.accounts import Side


class AccountOutput(Output):
    address = text()
    currency = CurrencyField()
    name = text()
    gl_code = text()
    side = serializers.ChoiceField(["credit", "debit"])
    floor = MoneyField(allow_null=True)
    balance = MoneyField(allow_null=True)
    opened_at = instant()


def _money(minor: int | None, currency: str) -> Money | None:
    return None if minor is None else Money(minor, currency)


def _shown(raw: int | None, side: int, currency: str) -> Money | None:
    return None if raw is None else Money(raw * side, currency)


declare(
    Resource(
        path="accounts",
        name="account",
        summary="Accounts of the book",
        model=Account,
        output=AccountOutput,
        scope="ledger:read",
        owner="book_id",
        key=None,
        by_book=True,
        orders=("address,currency", "-address,currency"),
        filters={
            "address": Filter("address", TextField(max_length=200)),
            "under": Filter(
                "address__startswith",
                TextField(max_length=200, pattern=r"[A-Za-z0-9_:-]+"),
                "Addresses that begin so.",
            ),
            "currency": Filter("currency", CurrencyField()),
            "gl_code": Filter("gl_code", TextField(max_length=20)),
        },
        computed={
            "side": Computed(("side",), lambda side: Side(side).name.lower()),
            "floor": Computed(("floor", "currency"), _money),
            "balance": Computed(("balance__balance", "side", "currency"), _shown),
        },
    )
)


class LineOutput(Output):
    account = text()
    direction = serializers.ChoiceField(["in", "out"])
    amount = MoneyField()
    balance_after = MoneyField()
    hold = IdField("hld", allow_null=True)


class EntryOutput(Output):
    id = IdField("je")
    position = number(
        allow_null=True, help_text="Its place in the book; empty for the moment before it is sealed."
    )
    seal = text(allow_null=True, help_text="Its SHA-256 in the book's chain, in hexadecimal.")
    sealed_at = instant(allow_null=True)
    reference = text()
    kind = text()
    description = text(allow_blank=True)
    metadata = anything()
    group = IdField("jeg", allow_null=True)
    reverses = IdField("je", allow_null=True)
    operation = IdField("op", allow_null=True)
    effective_at = instant()
    effective_on = day()
    recorded_at = instant()
    lines = LineOutput(many=True)


def add_lines(rows: Rows) -> None:
    """The lines of these entries, in the order of their postings."""
    of_entry: dict[str, list[Any]] = {row["id"]: [] for row in rows}
    found = Line.objects.filter(entry_id__in=list(of_entry)).order_by(
        "entry_id", "posting", "amount", "sequence"
    )
    columns = (
        "entry_id",
        "account__address",
        "account__currency",
        "account__side",
        "amount",
        "balance_after",
        "hold_id",
    )
    for entry, address, currency, side, amount, after, hold in found.values_list(*columns):
        of_entry[entry].append(
            {
                "account": address,
                "direction": "in" if amount > 0 else "out",
                "amount": Money(abs(amount), currency),
                "balance_after": Money(after * side, currency),
                "hold": hold,
            }
        )
    for row in rows:
        row["lines"] = of_entry[row["id"]]


def _hex(digest: bytes | None) -> str | None:
    return None if digest is None else bytes(digest).hex()


def _same(value: Any) -> Any:
    return value


def _entry(prefix: str, seal: str) -> dict[str, Computed]:
    """Where the shown values stand, from an entry or from its seal."""
    plain = ("reference", "kind", "description", "metadata", "effective_at", "effective_on", "recorded_at")
    return {
        **{name: Computed((f"{prefix}{name}",), _same) for name in plain},
        "id": Computed((f"{prefix}id" if prefix else "id",), _same),
        "group": Computed((f"{prefix}group_id",), _same),
        "reverses": Computed((f"{prefix}reverses_id",), _same),
        "operation": Computed((f"{prefix}operation_id",), _same),
        "position": Computed((f"{seal}position",), _same),
        "seal": Computed((f"{seal}hash",), _hex),
        "sealed_at": Computed((f"{seal}sealed_at",), _same),
    }


declare(
    Resource(
        path="entries",
        name="entry",
        summary="Journal entries by position",
        description="What has its position; an entry just posted gets it within about a second.",
        model=Seal,
        output=EntryOutput,
        scope="ledger:read",
        owner="book_id",
        key=None,
        by_book=True,
        orders=("-position", "position"),
        filters={
            "reference": Filter("entry__reference", TextField(max_length=200), "Its own key in the book."),
            "kind": Filter("entry__kind", TextField(max_length=60)),
            "operation": Filter("entry__operation_id", IdField("op")),
        },
        computed=_entry("entry__", ""),
        extend=add_lines,
        extended=frozenset({"lines"}),
    )
)

ENTRY = Resource(
    path="entries",
    name="entry",
    summary="One entry",
    model=JournalEntry,
    output=EntryOutput,
    scope="ledger:read",
    owner="book_id",
    key_prefix="je",
    computed=_entry("", "seal__"),
    extend=add_lines,
    extended=frozenset({"lines"}),
)
"""A single one, which may have no position yet."""
