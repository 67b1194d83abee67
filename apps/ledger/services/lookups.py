"""Finding what a command names, or refusing with what to do."""

from collections.abc import Callable

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger.errors import AccountNotFound
from apps.ledger.models import Account, Hold, JournalEntry
from apps.operations import books
from apps.operations.models import Book
from apps.operations.registry import Input


class EntryNotFound(DomainError):
    """There is no such journal entry."""

    code = "ENTRY_NOT_FOUND"
    http_status = 404


class HoldUnknown(DomainError):
    """There is no such hold."""

    code = "HOLD_NOT_FOUND"
    http_status = 404


_guards: list[Callable[[Hold], None]] = []


def guard_holds(guard: Callable[[Hold], None]) -> None:
    """A higher app that holds money for something of its own says so: the guard raises for such a hold."""
    _guards.append(guard)


_entry_guards: list[Callable[[JournalEntry], None]] = []


def guard_entries(guard: Callable[[JournalEntry], None]) -> None:
    """A higher app whose entries are taken back only together with something of its own says so: the guard raises."""
    _entry_guards.append(guard)


def find_account(book: str, address: str, currency: str) -> tuple[Book, Account]:
    """The book of this slug and its account."""
    found = books.by_slug(book)
    account = Account.objects.filter(book=found, address=address, currency=currency).first()
    if account is None:
        raise AccountNotFound(f"Book {book} has no account {address} in {currency}.", field="/account")
    return found, account


def find_entry(entry_id: str) -> JournalEntry:
    """The journal entry of this id."""
    entry = JournalEntry.objects.filter(pk=entry_id).first()
    if entry is None:
        raise EntryNotFound(f"There is no journal entry {entry_id}.", field="/entry")
    return entry


def free_entry(entry_id: str) -> JournalEntry:
    """The entry of this id, for which nothing else stands."""
    entry = find_entry(entry_id)
    for guard in _entry_guards:
        guard(entry)
    return entry


def find_hold(hold_id: str) -> Hold:
    """The hold of this id with its accounts."""
    hold = Hold.objects.select_related("account", "held_account").filter(pk=hold_id).first()
    if hold is None:
        raise HoldUnknown(f"There is no hold {hold_id}.", field="/hold")
    return hold


def free_hold(hold_id: str) -> Hold:
    """The hold of this id, which nothing but the hold itself stands for."""
    hold = find_hold(hold_id)
    for guard in _guards:
        guard(hold)
    return hold


def remaining_of(hold: Hold) -> Money:
    """What is left of a hold, as read; the posting function looks again under its lock."""
    return Money(hold.remaining, hold.account.currency)


def scopes_of_amount(data: Input) -> list[tuple[str, str]]:
    """The flag scopes that an amount in a book touches."""
    return _scopes(books.find(books.id_of(data["book"])), data["amount"].currency)


def scopes_of_hold(data: Input) -> list[tuple[str, str]]:
    """The flag scopes that a hold touches."""
    hold = find_hold(data["hold"])
    return _scopes(books.find(hold.book_id), hold.account.currency)


def _scopes(book: Book, currency: str) -> list[tuple[str, str]]:
    return [("currency", currency), *([("tenant", book.tenant_id)] if book.tenant_id else [])]
