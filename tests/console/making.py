"""Accounts, entries and operations for the console's tests, made past the door."""

import uuid
from datetime import date
from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import connection

from apps.core import clock, ids
from apps.ledger.models import Account
from apps.operations.models import Book, Operation
from tests.support.charted import charted
from tests.support.plain import Entry, Leg
from tests.support.posting import post

PASSWORD = "correct horse battery"


@cache
def hashed_password() -> str:
    """Hashed once: it is slow on purpose."""
    return make_password(PASSWORD)


def open_account(book: Book, address: str, currency: str = "EUR", **fields: Any) -> Account:
    """An account where the chart puts it; outside its patterns credit-normal, and without a floor unless told."""
    usual = {**charted(address, fields.get("side")), "name": address.title(), "opened_at": clock.now()}
    return Account.objects.create(book=book, address=address, currency=currency, **(usual | fields))


def move(
    book: Book, reference: str, source: Account, destination: Account, amount: int, **fields: Any
) -> uuid.UUID:
    """Post one entry of one posting; its id."""
    leg = Leg(
        source.pk, destination.pk, amount, source.currency, fields.pop("hold", None), fields.pop("use", None)
    )
    answer = post([[Entry(book.pk, reference, (leg,), **fields)]])
    assert answer.codes == [None], answer.codes
    return answer.ids[0]


def change_periods(
    book: Book, what: str, closed: date | None = None, closing: date | None = None, policy: str = "refuse"
) -> str:
    """Change the periods of a book; the id of the change."""
    change = ids.new_id("prd")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_change_period(%s, %s, %s, %s, %s, %s, NULL, 'Mira Olsen', 'Month end', now())",
            [ids.decode("prd", change), book.pk, what, closed, closing, policy],
        )
    return change


def seal_and_project() -> None:
    """What the worker does every few seconds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_seal_entries(9223372036854775807, 10000)")
        cursor.execute("SELECT ledger_project(id, 10000) FROM operations_book")


def run(book: Book, number: int, status: str = "accepted", **fields: Any) -> Operation:
    """One stored run of a command."""
    usual: dict[str, Any] = {
        "command": "ledger.open_account",
        "version": 1,
        "key": f"key-{number}",
        "holds_key": True,
        "actor_kind": "user",
        "actor_id": "usr_maker",
        "actor_label": "Tom Brandt",
        "origin": "console",
        "input": {"address": "bank:ing"},
        "input_hash": b"0" * 32,
        "recorded_at": clock.now(),
    }
    return Operation.objects.create(book=book, status=status, **(usual | fields))


def ask_for_two() -> None:
    """From now on the policies ask other people."""
    call_command("loaddata", "approval_policies", verbosity=0)
