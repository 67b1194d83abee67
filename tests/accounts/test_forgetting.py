"""What a process keeps of the database: what was read before it is forgotten is not kept after it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from apps.accounts.queries import tenants, wallets
from apps.ledger import addresses, templates
from apps.operations import books
from tests.support.tenants import World, world
from tests.support.threads import read_but_not_done

pytestmark = pytest.mark.usefixtures("ledger_db")

Ask = Callable[[World, str], Any]
Forget = Callable[[], None]


def resolved(acme: World, wallet: str) -> Any:
    """The account of what is available in a wallet, as a posting resolves it."""
    with transaction.atomic():
        wanted = [(acme.book.pk, f"wallet:{wallet}:available", "EUR")]
        return addresses.resolve(connection.connection, wanted)


KEPT: dict[str, tuple[Ask, Forget]] = {
    "book": (lambda acme, _: books.find(acme.book.pk), books.forget),
    "slug": (lambda acme, _: books.id_of(acme.book.slug), books.forget),
    "tenant": (lambda acme, _: books.id_of_tenant(acme.tenant), books.forget),
    "test": (lambda acme, _: tenants.is_test(acme.test_tenant), tenants.forget),
    "wallet": (lambda _, wallet: wallets.holders([wallet]), wallets.forget),
    "address": (resolved, addresses.forget),
    "template": (
        lambda *_: templates.version_id(templates.find("bank_funding")),
        templates.forget_versions,
    ),
}


@pytest.mark.parametrize("what", KEPT)
def test_what_was_read_before_it_is_forgotten_is_not_kept(what: str) -> None:
    acme = world("acme")
    wallet = acme.wallet()
    ask, forget = KEPT[what]
    forget()
    with read_but_not_done(lambda: ask(acme, wallet)) as asked:
        forget()
    assert asked.result()
    assert rows_read(lambda: ask(acme, wallet)) > 0
    assert rows_read(lambda: ask(acme, wallet)) == 0


def rows_read(call: Callable[[], Any]) -> int:
    """How many rows a call reads from the database."""
    read: list[Any] = []

    def counted(_: Any) -> Callable[[Any], Any]:
        def row(values: Any) -> Any:
            read.append(values)
            return tuple(values)

        return row

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection.connection, "row_factory", counted)
        call()
    return len(read)
