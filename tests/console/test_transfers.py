"""Transfers in the console: how far each is and why, everything that happened in order, and what can be done."""

import html
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.support import payouts
from tests.support.door import done
from tests.support.payouts import later, pay_out, recipient, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator(make_user: Any) -> Client:
    """A browser in which an operator is signed in."""
    client = Client()
    client.force_login(make_user("operator", email="op@example.com"))
    return client


def page_of(transfer: str) -> str:
    return f"/ops/transfers/transfer/{transfer}/"


def shown(client: Client, address: str, **given: str) -> str:
    """What a page says, its blanks as one."""
    answer = client.get(address, given)
    assert answer.status_code == 200, address
    return " ".join(html.unescape(answer.content.decode()).split())


def sent(acme: World, sandbox: Sandbox, **do: Any) -> str:
    """A payout that was sent once, to a sandbox that does this with it."""
    payouts.provider(sandbox)
    if do:
        sandbox.fault(do=do)
    made = pay_out(acme, acme.funded("100.00"), recipient(acme), reference="rent")["transfer"]
    work()
    return str(made)


def test_a_payout_says_what_it_is_and_what_it_waits_for(
    acme: World, sandbox: Sandbox, console: Client
) -> None:
    made = sent(acme, sandbox)
    page = shown(console, page_of(made))
    for said in (
        "With the provider",
        "The provider, which has it and is expected to be done by then",
        "Expected arrival",
        "<dt>Fees</dt><dd>none</dd>",
        "DE89 … 3000",
        "transfers.create_payout",
        "Payout reserve",
        "of <span",
    ):
        assert said in page, said
    assert payouts.IBAN not in page


def test_the_timeline_tells_all_of_it_in_order(acme: World, sandbox: Sandbox, console: Client) -> None:
    made = sent(acme, sandbox, submit="timeout_after")
    done("transfers.requery_transfer", transfer=made)
    sandbox.settle()
    work()
    page = console.get(page_of(made))
    told = [
        getattr(each.row, "type", getattr(each.row, "command", "")) or each.row.action
        for each in page.context["steps"]
    ]
    assert told == [
        "transfers.create_payout",
        "transfer.reserved",
        "transfer.sent",
        "submit",
        "transfer.outcome_unknown",
        "transfers.requery_transfer",
        "query",
        "transfer.completed",
    ]
    text = shown(console, page_of(made))
    assert "Why this provider" in text
    assert "costs 0.00" in text
    assert "No answer" not in text
    assert "HTTP 200" in text


def test_what_is_done_with_it_follows_its_status(acme: World, sandbox: Sandbox, operator: Client) -> None:
    payouts.provider(sandbox)
    made = pay_out(acme, acme.funded("100.00"), recipient(acme))["transfer"]
    assert offered(operator, made) == ["retry_transfer", "cancel_transfer"]
    work()
    assert offered(operator, made) == ["requery_transfer", "review_transfer"]
    done("transfers.review_transfer", transfer=made, reason="too long")
    assert offered(operator, made) == []
    page = shown(operator, page_of(made))
    assert f"/ops/do/transfers.settle_transfer/?transfer={made}" in page
    assert f"/ops/do/transfers.release_transfer/?transfer={made}" in page
    assert f"/ops/do/transfers.requery_transfer/?transfer={made}" in page
    sandbox.settle()
    done("transfers.requery_transfer", transfer=made)
    work()
    assert offered(operator, made) == []


def offered(client: Client, transfer: str) -> list[str]:
    """The commands above the page."""
    return [
        each.command.removeprefix("transfers.") for each in client.get(page_of(transfer)).context["doings"]
    ]


def test_the_compensation_report_is_on_the_page_and_on_paper(
    acme: World, sandbox: Sandbox, console: Client
) -> None:
    made = sent(acme, sandbox, outcome="fail:beneficiary_refused")
    sandbox.settle()
    with later(minutes=5):
        work()
        work()
    for address in (page_of(made), page_of(made) + "report/"):
        text = shown(console, address)
        for said in ("Compensation report", "Amount given back", "40.00 EUR", "What to do next"):
            assert said in text, (address, said)
    other = sent(acme, sandbox)
    assert console.get(page_of(other) + "report/").status_code == 404
    assert console.post(page_of(made) + "report/").status_code == 403
    assert Client().get(page_of(made) + "report/").status_code == 302


def test_lists_are_narrowed_by_what_operators_ask(acme: World, sandbox: Sandbox, console: Client) -> None:
    made = sent(acme, sandbox)
    listed = "/ops/transfers/transfer/"
    for given, there in (
        ({"kind": "payout"}, True),
        ({"kind": "refund"}, False),
        ({"status": "provider_processing"}, True),
        ({"provider": "sandbox-bank"}, True),
        ({"provider": "other"}, False),
        ({"stuck": "stuck"}, False),
        ({"stuck": "nonsense"}, False),
    ):
        assert (page_of(made) in shown(console, listed, **given)) == there, given
    with later(minutes=12):
        assert page_of(made) in shown(console, listed, stuck="stuck")
        assert page_of(made) not in shown(console, listed, stuck="alert")
        assert "stuck for" in shown(console, listed)


def test_a_page_takes_as_many_queries_however_much_happened(
    acme: World, sandbox: Sandbox, console: Client
) -> None:
    made = sent(acme, sandbox, submit="timeout_after")
    console.get(page_of(made))
    before = counted(console, page_of(made))
    sandbox.fault(do={"query": "error"}, times=None)
    for _ in range(3):
        done("transfers.requery_transfer", transfer=made)
        work()
    assert payouts.status(made) == "outcome_unknown"
    assert counted(console, page_of(made)) == before


def counted(console: Client, page: str) -> int:
    """How many queries a page takes."""
    with CaptureQueriesContext(connection) as said:
        assert console.get(page).status_code == 200
    return len(said.captured_queries)
