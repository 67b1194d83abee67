"""The pages of standing payouts: what is paid when, what came of its days, and the forms that change it."""

import html
from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.core import clock
from tests.support.door import done
from tests.support.payouts import recipient
from tests.support.schedules import at, batch_of, pays, run_at, scheduled
from tests.support.tenants import World, world

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/ops/payouts/schedule/"


@pytest.fixture
def acme(platform: object) -> World:
    return world("acme")


@pytest.fixture
def operator(make_user: Callable[..., User]) -> Client:
    """A browser in which an operator is signed in."""
    client = Client()
    client.force_login(make_user("operator", email="op@example.com"))
    return client


@pytest.fixture
def schedule(acme: World) -> Iterator[str]:
    """Rent on the 31st, whose first day has come, on 1 February 2030."""
    with clock.frozen(at("2030-01-01T12:00")):
        when = {"every": "month", "on_day": 31, "at": "09:00", "calendar": "TARGET", "on_holiday": "before"}
        made = scheduled(acme, acme.funded("100.00"), pays(recipient(acme), reference="flat 3"), when=when)
    run_at("2030-01-31T09:00")
    with clock.frozen(at("2030-02-01T12:00")):
        yield made


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return html.unescape(answer.content.decode())


def test_a_page_says_what_is_paid_when_and_what_came_of_it(
    operator: Client, acme: World, schedule: str
) -> None:
    page = shown(operator, f"{LIST}{schedule}/")
    for said in ("Rent", "Bo Lind", "flat 3", "40.00", "Batch made", batch_of(schedule, "2030-01-31")):
        assert said in page, said
    # The last day of March 2030 is a Sunday.
    for said in ("Thu 2030-02-28", "Sun 2030-03-31", "paid on Fri 2030-03-29", "Fri 2030-05-31"):
        assert said in page, said
    assert "Sun 2030-06-30" in page
    assert "Wed 2030-07-31" not in page
    assert schedule in shown(operator, LIST)


def test_its_forms_know_what_stands(operator: Client, schedule: str) -> None:
    page = shown(operator, f"{LIST}{schedule}/")
    [change] = [part.split('"')[0] for part in page.split('href="') if "payouts.change_schedule" in part[:80]]
    form = shown(operator, change)
    for said in ('value="flat 3"', 'value="40.00"', 'value="31"', 'value="09:00"'):
        assert said in form, said
    assert "payouts.pause_schedule" in page
    done("payouts.pause_schedule", schedule=schedule, reason="moving")
    paused = shown(operator, f"{LIST}{schedule}/")
    assert "payouts.resume_schedule" in paused
    assert "payouts.pause_schedule" not in paused
    done("payouts.end_schedule", schedule=schedule, reason="moved")
    assert "payouts.change_schedule" not in shown(operator, f"{LIST}{schedule}/")


def test_who_may_only_look_is_offered_nothing(console: Client, schedule: str) -> None:
    page = shown(console, f"{LIST}{schedule}/")
    assert "payouts.pause_schedule" not in page
