"""What a command would do, and what came of it, as the cards of a page show it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.console import saying
from apps.console.listing import KeysetAdmin
from apps.console.site import site
from apps.core import ids
from apps.core.currencies import all_currencies
from apps.core.errors import DomainError
from apps.core.fields import PrefixedIdField
from apps.core.money import Money
from apps.ledger.models import Account, JournalEntry, Line
from apps.operations import subjects
from apps.operations.errors import FlagDenied, InputInvalid, KeyReused, PermissionDenied
from apps.operations.models import ApprovalRequest, Operation
from apps.operations.registry import Command
from apps.operations.run import Outcome

MANY = 100
"""Accounts, entries and facts of one card; the operation's page has the rest."""

SHOWN_BY: Mapping[str, str] = {
    f"payouts.{name}": "batch"
    for name in (
        *("upload_batch", "create_batch", "add_rows", "mend_row", "drop_row"),
        *("submit_batch", "execute_batch", "cancel_batch", "compare_batch"),
    )
}
"""By command, what of its result has the page that it leads back to."""

_CODES = frozenset(each.code for each in all_currencies())
_Place = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class Move:
    """What a plan would do to one account, or has done. Amounts are as shown; without `now` the account is not there yet."""

    account: Account | None
    address: str
    change: Money
    now: Money | None
    afterwards: Money | None
    below_floor: bool
    is_posted: bool = False

    @property
    def as_posted(self) -> "Move":
        """The same of what stands in the books already, so that what is held now is what came of it."""
        return replace(self, afterwards=None, below_floor=False, is_posted=True)


@dataclass(frozen=True, slots=True)
class Fact:
    """One part of a result: its name, and a value that may lead somewhere."""

    name: str
    text: str = ""
    money: Money | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """What came of a run that was not refused."""

    outcome: Outcome
    operation: Operation | None
    entries: list[JournalEntry]
    balances: list[tuple[Account, Money]]
    facts: list[Fact]
    request: ApprovalRequest | None


def moves(entries: Iterable[Mapping[str, Any]]) -> list[Move]:
    """The accounts that the entries of a rendered plan would move, with what they hold now."""
    return moves_of_each([entries])[0]


def moves_of_each(plans: Iterable[Iterable[Mapping[str, Any]]]) -> list[list[Move]]:
    """The moves of several rendered plans, by one look at all their accounts."""
    changes = [_changes(entries) for entries in plans]
    known = _accounts({place for each in changes for place in each})
    return [[_move(place, minor, known.get(place)) for place, minor in each.items()] for each in changes]


def _changes(entries: Iterable[Mapping[str, Any]]) -> dict[_Place, int]:
    """What the entries put into each account, less what they take, as far as a card shows it."""
    raw: dict[_Place, int] = {}
    for entry in entries:
        for posting in entry["postings"]:
            money = Money.parse(posting["amount"]["amount"], posting["amount"]["currency"])
            for address, minor in ((posting["source"], -money.minor), (posting["destination"], money.minor)):
                place = (entry.get("book", 0), address, money.currency)
                raw[place] = raw.get(place, 0) + minor
    return dict(islice(raw.items(), MANY))


def _accounts(places: set[_Place]) -> dict[_Place, Account]:
    if not places:
        return {}
    books, addresses, _currencies = (set(each) for each in zip(*places, strict=True))
    rows = Account.objects.filter(book__in=books, address__in=addresses).select_related("balance")
    return {(row.book_id, row.address, row.currency): row for row in rows}


def _move(place: _Place, minor: int, account: Account | None) -> Move:
    _book, address, currency = place
    if account is None:
        return Move(None, address, Money(minor, currency), None, None, below_floor=False)
    change = Money(minor * account.side, currency)
    balance = getattr(account, "balance", None)
    now = Money(balance.shown if balance else 0, currency)
    floor = None if account.floor is None else Money(int(account.floor), currency)
    low = floor is not None and now + change < floor and change.is_negative
    return Move(account, address, change, now, now + change, below_floor=low)


def card(outcome: Outcome) -> Card:
    """The green card: what stands in the books because of this run."""
    entries = list(JournalEntry.objects.filter(operation_id=outcome.operation_id).order_by("ordinal")[:MANY])
    balances = _balances(entries)
    result = outcome.result if isinstance(outcome.result, Mapping) else {}
    return Card(
        outcome=outcome,
        operation=Operation.objects.filter(pk=outcome.operation_id).first(),
        entries=entries,
        balances=balances,
        facts=sorted((each for each in facts(result) if not _is_told(each, entries, balances)), key=_rank),
        request=_request(outcome, result),
    )


def shown_by(command: Command, outcome: Outcome) -> str | None:
    """The page that shows what came of a run, where that is made for it; its card is the page of most."""
    name = SHOWN_BY.get(command.name)
    if name is None or not outcome.accepted:
        return None
    page = page_of(str(outcome.result[name]))
    return f"{page}?done={outcome.operation_id}" if page else None


def _rank(fact: Fact) -> int:
    """What became of it first, then what it leads to, then how much, then the rest."""
    return 0 if fact.name == "status" else 1 if fact.url else 2 if fact.money else 3


def _is_told(fact: Fact, entries: list[JournalEntry], balances: list[Any]) -> bool:
    """Whether the card shows a fact already, among its entries or its balances."""
    if fact.money:
        return bool(balances) and fact.name.startswith("balance")
    return fact.text in {entry.pk for entry in entries}


def _request(outcome: Outcome, result: Mapping[str, Any]) -> ApprovalRequest | None:
    """The request that waits in place of the run."""
    known = outcome.approval_request_id or result.get("approval_request")
    return ApprovalRequest.objects.filter(pk=known).first() if known else None


def _balances(entries: list[JournalEntry]) -> list[tuple[Account, Money]]:
    """What each account held after these entries: as they left it, whatever came since."""
    last: dict[int, Line] = {}
    lines = Line.objects.filter(entry__in=[entry.pk for entry in entries]).select_related("account")
    for line in lines.order_by("account_id", "sequence")[: 10 * MANY]:
        last[line.account_id] = line
    return [
        (line.account, Money(int(line.balance_after) * line.account.side, line.account.currency))
        for line in list(last.values())[:MANY]
    ]


def facts(result: Mapping[str, Any], name: str = "") -> list[Fact]:
    """A result, part by part."""
    found: list[Fact] = []
    for key, value in result.items():
        called = f"{name} {key}".strip().replace("_", " ")
        if isinstance(value, Mapping) and value.keys() == {"amount", "currency"}:
            found.append(Fact(called, money=Money.parse(value["amount"], value["currency"])))
        elif isinstance(value, Mapping):
            found += facts(value, called)
        elif isinstance(value, list):
            found += [_fact(called, each) for each in value if not isinstance(each, Mapping)]
            found += [each for item in value if isinstance(item, Mapping) for each in facts(item, called)]
        elif value is not None and value != "":
            found.append(_fact(called, value))
    return found[:MANY]


def would_answer(plans: Iterable[tuple[Command | None, Mapping[str, Any]]]) -> list[list[Fact]]:
    """What commands would answer that plan nothing, or whose answer is a report, each without its secrets; of others nothing.

    They ran and were rolled back: an id of nothing is of what they would make, and will be another one.
    """
    told = [_told(command, plan) for command, plan in plans]
    named = {each.text for some in told for each in some if _is_id(each.text)}
    new = named - subjects.known(named).keys()
    return [[_new(each) if each.text in new else each for each in some] for some in told]


def agreed_to(approved: Mapping[str, Any]) -> list[Fact]:
    """What approvers agree to beside postings, such as fees, which are amounts in minor units with their currency."""
    return facts(_with_money(saying.policy(approved) if "blocks" in approved else approved))


def _with_money(value: Any) -> Any:
    """The same with money where an amount and its currency stand as a pair."""
    if isinstance(value, Mapping):
        return {name: _with_money(each) for name, each in value.items()}
    if isinstance(value, list) and len(value) == 2 and _is_minor(value):
        minor, currency = value
        return {"amount": Money(int(minor), currency).decimal, "currency": currency}
    return [_with_money(each) for each in value] if isinstance(value, list) else value


def _is_minor(pair: list[Any]) -> bool:
    amount, currency = pair
    return isinstance(amount, int | str) and str(amount).isdigit() and currency in _CODES


def _told(command: Command | None, plan: Mapping[str, Any]) -> list[Fact]:
    if command is None or (command.handler is None and command.name not in SHOWN_BY):
        return []
    result = plan.get("result", {})
    return facts({name: each for name, each in result.items() if name not in command.secret_results})


def _new(fact: Fact) -> Fact:
    return Fact(fact.name, str(_("a new one")))


def _is_id(text: str) -> bool:
    kind, underscore, _rest = text.partition("_")
    try:
        return bool(underscore) and bool(ids.decode(kind, text)) and kind in subjects.kinds()
    except ids.InvalidId:
        return False


def _fact(name: str, value: Any) -> Fact:
    text = {True: str(_("yes")), False: str(_("no"))}[value] if isinstance(value, bool) else str(value)
    return Fact(name, text, url=page_of(text))


def page_of(text: str) -> str | None:
    """The page of what has this id, if the console has one."""
    label, _colon, key = text.partition(":")
    if key and (model := subjects.labelled(label)) in site._registry:
        return reverse(site._registry[model].url_name("change"), args=[key])
    prefix, underscore, _rest = text.partition("_")
    for each in site._registry.values() if underscore else ():
        pk = each.opts.pk
        if isinstance(each, KeysetAdmin) and isinstance(pk, PrefixedIdField) and pk.prefix == prefix:
            return reverse(each.url_name("change"), args=[text])
    return None


def advice(error: DomainError, *, sticks: bool) -> str | Promise:
    """What an operator can do about a refusal, beside what its message says."""
    if error.transient:
        return _(
            "Press the same button again. The form keeps its key, so it happens once, whatever became of this try."
        )
    if isinstance(error, InputInvalid):
        return _("Mend the marked fields and try again. Nothing was changed.")
    if isinstance(error, PermissionDenied):
        return _("Ask an admin for a role that allows it. Nothing was changed.")
    if isinstance(error, FlagDenied):
        return _("Flags says who switched it off, and why. Nothing was changed.")
    if isinstance(error, KeyReused):
        return _(
            "This form had run before with other values, so nothing was done now. It has a new key: run it if you want both."
        )
    if sticks:
        return _("Nothing was posted. The form has a new key: once the reason is gone, run it again.")
    return _("Nothing was changed. Change the form, or try again once the reason is gone.")
