"""What approval policies may look at: every fact that a command may tell, and what can be asked of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.money import Money
from apps.operations import books
from apps.operations.plan import Context, Plan, Posting
from apps.operations.registry import Command, all_commands

Kind = Literal["text", "flag", "whole", "decimal"]

OPERATORS: Mapping[Kind, tuple[str, ...]] = {
    "text": ("eq", "ne", "in"),
    "flag": ("eq", "ne"),
    "whole": ("eq", "ne", "in", "gte", "lte"),
    "decimal": ("gte", "lte"),
}
"""What can be asked of a fact. Of an amount only whether it is above or below: 10 and 10.00 are the same."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that a command tells of itself. A `whole` is a number, a `decimal` is digits; None is not known."""

    name: str
    title: str | Promise
    kind: Kind = "text"


THRESHOLDS = "USD"
"""The currency in which thresholds are told."""

WALLETS = "wallet:"
"""How the addresses of all wallets' accounts begin."""

_known: dict[str, Fact] = {}


def register(*facts: Fact) -> None:
    """A higher app says once, when it is ready, what its commands tell."""
    _known.update({fact.name: fact for fact in facts})


def known() -> Mapping[str, Fact]:
    """Every fact by name."""
    return _known


def told_by(command: Command) -> frozenset[str]:
    """The names of the facts that policies for a command may look at."""
    return command.tells | OF_ANYTHING.keys()


def governable() -> dict[str, Command]:
    """The commands that policies may hold, by name: those that tell facts, or whose approval others ask for."""
    commands = {command.name: command for command in all_commands()}
    asked_for = {command.asks_for for command in commands.values()}
    return {name: each for name, each in commands.items() if each.facts or name in asked_for}


def of_anything(context: Context) -> dict[str, Any]:
    """What is known of every run: who asks from where, for whom, and when."""
    return {
        "actor_kind": context.actor.kind,
        "origin": context.origin,
        "book": context.book.slug,
        "tenant": context.book.tenant_id,
        "hour": context.now.hour,
    }


Worth = Callable[[Context, Money], Money | None]
_worth: list[Worth] = []


def register_worth(worth: Worth) -> None:
    """The app that knows rates says once what an amount is worth in THRESHOLDS; None if that is not known."""
    _worth[:] = [worth]


def of_money(context: Context, amount: Money) -> dict[str, Any]:
    """An amount as it is and in dollars: None, which is above any threshold, without a rate."""
    dollars = _worth[0](context, amount)
    return {
        "currency": amount.currency,
        "amount": amount.decimal,
        "amount_usd": dollars.decimal if dollars else None,
    }


def of_plan(context: Context, plan: Plan, **_: Any) -> Mapping[str, Any]:
    """What policies may ask of anything that posts: its kind, whose it is, and the most that it moves at once.

    Nothing is told of one posting as if it were of all. Of several currencies it is what the wallets pay in, and `amount` the most
    in that; of several tenants the one whose wallets pay. Where that is none or several, neither is known. The most in
    dollars is that of all postings.
    """
    if not plan.posts:
        return {"kind": "", "currency": "", "amount": "0", "amount_usd": "0"}
    return {"kind": plan.posts[0].kind, "tenant": _tenant_of(plan), **_moved(context, plan)}


def tenants_of(plan: Plan) -> set[str]:
    """The tenants in whose books a plan posts."""
    found = {books.find(book_id).tenant_id for book_id in {entry.book_id for entry in plan.posts}}
    return {tenant for tenant in found if tenant}


def _tenant_of(plan: Plan) -> str | None:
    tenants = tenants_of(plan)
    if len(tenants) > 1:
        paying = {entry.book_id for entry in plan.posts if any(map(_pays, entry.postings))}
        tenants = {str(books.find(book_id).tenant_id) for book_id in paying}
    return tenants.pop() if len(tenants) == 1 else None


def _moved(context: Context, plan: Plan) -> dict[str, Any]:
    postings = [posting for entry in plan.posts for posting in entry.postings]
    moved = {posting.amount for posting in postings}
    if len(moved) == 1:
        return of_money(context, *moved)
    codes = {amount.currency for amount in moved}
    if len(codes) > 1:
        codes = {posting.amount.currency for posting in postings if _pays(posting)}
    code = codes.pop() if len(codes) == 1 else None
    most = max((amount for amount in moved if amount.currency == code), default=None)
    worth = [_worth[0](context, amount) for amount in moved]
    known = [each for each in worth if each is not None]
    return {
        "currency": code,
        "amount": most.decimal if most else None,
        "amount_usd": max(known).decimal if len(known) == len(worth) else None,
    }


def _pays(posting: Posting) -> bool:
    return posting.source.startswith(WALLETS)


OF_ANYTHING = {
    fact.name: fact
    for fact in (
        Fact("actor_kind", _("Kind of maker")),
        Fact("origin", _("Source")),
        Fact("book", _("Book")),
        Fact("tenant", _("Tenant")),
        Fact("hour", _("Hour of the day, UTC"), "whole"),
    )
}
register(*OF_ANYTHING.values())

OF_MONEY = frozenset({"kind", "currency", "amount", "amount_usd"})
register(
    Fact("kind", _("Kind of transfer or entry")),
    Fact("currency", _("Currency")),
    Fact("amount", _("Amount in its currency"), "decimal"),
    Fact("amount_usd", _("Amount in US dollars"), "decimal"),
)
