"""Books to tamper with, and what a verification finds in them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from apps.core import ids
from apps.ledger import projections
from apps.ledger.models import Account
from apps.ledger.verify import verify
from apps.operations import books
from apps.operations.models import Book
from tests.ledger.bookkeeping import Leg, new_book, number_everything, open_account, post


@dataclass(frozen=True)
class Scene:
    """A platform book with ten entries at the positions one to ten, and another book with two."""

    book: Book
    bank: Account
    wallet: Account
    held: Account
    other: Account
    entries: list[str]
    hold: str


def set_up() -> Scene:
    """The books of a scene, numbered and projected."""
    book = books.find(books.platform_id())
    bank = open_account(book, "bank:ing")
    wallet = open_account(book, "wallet:a", floor=0)
    held = open_account(book, "wallet:a:held", names_holds=True, floor=0)
    other = open_account(book, "wallet:b")
    dollars = open_account(book, "bank:usd", "USD"), open_account(book, "wallet:usd", "USD")
    hold = ids.new_id("hld")
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    entries = [
        post(Leg(bank, wallet, 1_000), effective_at=noon, description="salary", metadata={"from": "work"})
    ]
    entries.append(post(Leg(wallet, other, 100)))
    entries.append(post(Leg(wallet, held, 300, hold, "open")))
    entries.append(post(Leg(held, other, 120, hold, "take")))
    entries.append(post(Leg(wallet, held, 20, hold, "return")))
    entries.append(post(Leg(bank, wallet, 50), Leg(*dollars, 77)))
    entries.append(post(Leg(other, wallet, 100), reverses=entries[1]))
    entries += [post(Leg(wallet, other, amount)) for amount in (1, 2, 3)]
    south = new_book("south")
    pair = [open_account(south, f"s:{number}") for number in range(2)]
    for _ in range(2):
        post(Leg(pair[0], pair[1], 9))
    number_everything()
    projections.project()
    return Scene(book, bank, wallet, held, other, entries, hold)


def broken(**options: Any) -> list[str]:
    return [str(fault) for fault in verify(**options).broken]


def found(*words: str, **options: Any) -> None:
    """The first broken place has all these words."""
    faults = broken(**options)
    assert faults, "nothing was found"
    assert [word for word in words if word not in faults[0]] == [], faults


def change_line(position: int, account: Account, assignment: str) -> tuple[str, list[Any]]:
    return (
        f"UPDATE ledger_line SET {assignment} WHERE account_id = %s AND entry_id ="
        " (SELECT entry_id FROM ledger_seal s JOIN operations_book b ON b.id = s.book_id"
        " WHERE b.slug = 'platform' AND position = %s)",
        [account.pk, position],
    )


def closed_through(day: str, scene: Scene) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_change_period(gen_random_uuid(), %s, 'closed', %s, NULL, 'refuse', NULL, 'x', 'x', now())",
            [scene.book.pk, day],
        )
