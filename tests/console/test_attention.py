"""What the Overview and a tenant's page say of provisioning that failed and of rates that are unknown or old."""

from datetime import timedelta

from django.test import Client

from apps.accounts.models import Provisioning
from apps.core import clock
from apps.ledger.models import Verification
from apps.ledger.tasks import verify_books
from apps.operations.models import Book
from tests.rates.making import loaded
from tests.support.tenants import World


def text(client: Client, address: str) -> str:
    """A page, its blanks as one."""
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def load(days_ago: int, **rates: str) -> None:
    """The ECB's rates of a day, as a file."""
    day = (clock.now() - timedelta(days=days_ago)).date().isoformat()
    loaded({day: rates})


def test_a_tenant_that_could_not_be_provisioned(acme: World, console: Client) -> None:
    assert "could not be provisioned" not in text(console, "/ops/")
    Provisioning.objects.filter(tenant_id=acme.tenant).update(status="failed", reason="no chart")
    assert "tenant could not be provisioned" in text(console, "/ops/")
    assert "has the forms to provision it again" in text(console, "/ops/")


def test_books_that_were_found_broken(acme: World, console: Client) -> None:
    assert "found broken" not in text(console, "/ops/")
    verify_books()
    assert "found broken" not in text(console, "/ops/")
    Verification.objects.filter(book=acme.book).update(
        found=["acme: position 7: expected a, found b."], found_at=clock.now()
    )
    overview, book = text(console, "/ops/"), f"/ops/operations/book/{acme.book.pk}/"
    assert "book was found broken" in overview
    assert f'href="{book}"' in overview
    assert "acme: position 7: expected a, found b." in text(console, book)


def test_books_that_nobody_verified_for_days(acme: World, console: Client) -> None:
    verify_books()
    now = clock.now()
    Book.objects.update(created_at=now - timedelta(days=30))
    assert "since all books were verified" not in text(console, "/ops/")
    Verification.objects.filter(book=acme.book).update(verified_at=now - timedelta(days=3))
    assert "3 d" in text(console, "/ops/").partition("since all books were verified")[0][-400:]
    Verification.objects.filter(book=acme.book).delete()
    assert "30 d" in text(console, "/ops/").partition("since all books were verified")[0][-400:]
    Book.objects.update(created_at=now)
    assert "since all books were verified" not in text(console, "/ops/")


def test_rates_that_are_old_are_told_of_once_there_are_any(acme: World, console: Client) -> None:
    assert "since the last ECB rates" not in text(console, "/ops/")
    load(20, USD="1.10")
    assert "since the last ECB rates" in text(console, "/ops/")
    load(2, USD="1.25")
    assert "since the last ECB rates" not in text(console, "/ops/")


def test_what_all_wallets_have_in_the_base_currency(acme: World, console: Client) -> None:
    page = f"/ops/accounts/tenant/{acme.tenant}/"
    for amount, code in (("100.00", "EUR"), ("50.00", "USD"), ("7.00", "GBP")):
        acme.funded(amount, code)
    found = text(console, page)
    assert "In all, in EUR" in found
    assert "today's rate is unknown" in found
    load(1, USD="1.25")
    found = text(console, page)
    in_all = found.partition("In all, in EUR")[2].partition("</tfoot>")[0]
    assert "140.00" in in_all
    unknown = found.partition("today's rate is unknown:")[2].partition("</p>")[0]
    assert "GBP" in unknown
    assert "USD" not in unknown
    assert "EUR" not in unknown
