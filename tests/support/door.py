"""The command door as tests use it: who acts, what is run, and what stands in the books afterwards."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import Group
from django.db import connection

from apps.accounts.models import User
from apps.accounts.people import actor_of
from apps.core.actor import Actor
from apps.core.money import Money
from apps.ledger.models import Account, Balance, Hold
from apps.ledger.queries.chart import place_of
from apps.ledger.services.accounts import SIDES
from apps.operations import books, registry
from apps.operations.executor import execute
from apps.operations.plan import Request
from apps.operations.run import Outcome
from tests.support.charted import OUTSIDE

PLATFORM = "platform"
PASSWORD = "correct horse battery staple"


def everyone() -> Actor:
    """A system actor that may run every command."""
    return Actor.system("test", {command.permission for command in registry.all_commands()})


def request(command: str, *, key: str | None = None, actor: Actor | None = None, **data: Any) -> Request:
    """A request to run a command, with a key of its own unless one is given."""
    return Request(command, data, uuid.uuid4().hex if key is None else key, actor or everyone())


def run(command: str, *, key: str | None = None, actor: Actor | None = None, **data: Any) -> Outcome:
    """Run one command."""
    return execute(request(command, key=key, actor=actor, **data))


def done(command: str, *, key: str | None = None, actor: Actor | None = None, **data: Any) -> Any:
    """Run one command that must be accepted; its result."""
    outcome = run(command, key=key, actor=actor, **data).or_raise()
    assert outcome.accepted, outcome
    return outcome.result


def refused(command: str, *, key: str | None = None, actor: Actor | None = None, **data: Any) -> str:
    """Run one command that must be refused and move nothing; the code of the refusal."""
    with nothing_moved():
        outcome = run(command, key=key, actor=actor, **data)
    assert outcome.error, outcome
    return outcome.error.code


def code(outcome: Outcome) -> str | None:
    """Why an outcome was refused, or None."""
    return outcome.error.code if outcome.error else None


def person(email: str, *roles: str) -> Actor:
    """A person, made by command, with these roles, which they have without anybody's yes."""
    made = done("accounts.create_user", email=email, name="", password=PASSWORD, role_names=["viewer"])
    User.objects.get(pk=made["user"]).roles.set(Group.objects.filter(name__in=roles))
    return actor_of(User.objects.get(pk=made["user"]))


def tenant(slug: str, *, time_zone: str = "UTC") -> str:
    """A tenant with a book of this slug; its id."""
    made = done(
        "accounts.create_tenant", name=slug.title(), slug=slug, base_currency="EUR", time_zone=time_zone
    )
    return str(made["tenant"])


def eur(amount: str) -> dict[str, str]:
    """An amount of euros, as input."""
    return {"amount": amount, "currency": "EUR"}


def opened(
    address: str,
    *,
    book: str = PLATFORM,
    currency: str = "EUR",
    side: str = "credit",
    floor: str | None = "0",
    names_holds: bool = False,
) -> str:
    """Open an account; its address. What side it has and whether it names holds is asked only outside the patterns."""
    outside = {"gl_code": OUTSIDE[SIDES[side]], "side": side, "names_holds": names_holds}
    done(
        "ledger.open_account",
        book=book,
        address=address,
        currency=currency,
        floor=floor,
        **({} if place_of(address) else outside),
    )
    return address


def moved(
    source: str, destination: str, amount: str, *, book: str = PLATFORM, currency: str = "EUR", **more: Any
) -> str:
    """Post one entry of one posting; its id."""
    return str(
        done("ledger.import_entry", **movement(source, destination, amount, book, currency), **more)["entry"]
    )


def movement(
    source: str, destination: str, amount: str, book: str = PLATFORM, currency: str = "EUR"
) -> dict[str, Any]:
    """The input of an entry of one posting."""
    return {
        "book": book,
        "reference": uuid.uuid4().hex,
        "kind": "internal",
        "source": source,
        "destination": destination,
        "amount": {"amount": amount, "currency": currency},
    }


def held(account: str, held_account: str, amount: str, *, book: str = PLATFORM) -> str:
    """Place a hold; its id."""
    given = {"book": book, "account": account, "held_account": held_account, "amount": eur(amount)}
    return str(done("ledger.place_hold", **given, reason="reserved")["hold"])


def remaining(hold: str) -> str:
    """What remains of a hold, in digits."""
    found = Hold.objects.select_related("account").get(pk=hold)
    return Money(found.remaining, found.account.currency).decimal


def balance(address: str, *, book: str = PLATFORM, currency: str = "EUR") -> str:
    """The balance of an account as people read it, in digits."""
    account = Account.objects.get(book_id=books.by_slug(book).pk, address=address, currency=currency)
    return Money(Balance.objects.get(pk=account.pk).shown, currency).decimal


def balances(*addresses: str, book: str = PLATFORM) -> dict[str, str]:
    """Balances in euros, by address."""
    return {address: balance(address, book=book) for address in addresses}


def rows(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """What a query answers."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


@contextmanager
def nothing_moved() -> Iterator[None]:
    """No balance, hold, entry or line is another afterwards."""
    before = _standing()
    yield
    assert _standing() == before


def _standing() -> list[list[tuple[Any, ...]]]:
    return [
        rows("SELECT account_id, balance, sequence FROM ledger_balance WHERE sequence > 0 ORDER BY 1"),
        rows("SELECT id, remaining FROM ledger_hold ORDER BY 1"),
        rows("SELECT count(*) FROM ledger_entry"),
        rows("SELECT count(*) FROM ledger_line"),
    ]
