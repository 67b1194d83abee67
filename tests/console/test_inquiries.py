"""Recalls, traces and proofs of payment on a transfer's page, the operators' desk and the Overview."""

from typing import Any

import pytest
from django.test import Client

from apps.operations import sequencer
from tests.console.test_transfers import page_of, shown
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


@pytest.fixture
def paid(acme: World, sandbox: Sandbox) -> str:
    """A payout that was paid."""
    sandbox.set(instant={"bank": True})
    payouts.provider(sandbox)
    made = pay_out(acme, acme.funded("100.00"), recipient(acme))["transfer"]
    work()
    return str(made)


def test_a_payout_offers_what_can_be_asked_and_shows_what_was(paid: str, operator: Client) -> None:
    recall, trace = (f"/ops/do/transfers.request_{kind}/?transfer={paid}" for kind in ("recall", "trace"))
    page = shown(operator, page_of(paid))
    assert recall in page
    assert trace in page
    made = done("transfers.request_trace", transfer=paid, reason="it did not arrive")["inquiry"]
    answer = f"/ops/do/transfers.answer_inquiry/?inquiry={made}"
    page = shown(operator, page_of(paid))
    for said in (recall, answer, "it did not arrive", "Waits for an operator to ask", f"{paid}.1"):
        assert said in page, said
    assert trace not in page
    done("transfers.answer_inquiry", inquiry=made, answer="Booked on Monday.", accepted=True)
    page = shown(operator, page_of(paid))
    assert page.count("Booked on Monday.") >= 2
    assert answer not in page
    assert trace in page


def test_what_is_open_stands_on_the_desk_and_after_a_day_on_the_overview(
    paid: str, operator: Client, console: Client
) -> None:
    assert "Recalls and traces" not in shown(operator, "/ops/payouts/")
    done("transfers.request_trace", transfer=paid, reason="it did not arrive")
    page = shown(operator, "/ops/payouts/")
    for said in ("Recalls and traces", "it did not arrive", f"{page_of(paid)}#inquiries"):
        assert said in page, said
    notice = "recall or trace is open for a day"
    assert notice not in shown(console, "/ops/")
    with later(days=1):
        assert notice in shown(console, "/ops/")


def test_the_proof_of_payment_is_on_the_page(paid: str, acme: World, console: Client) -> None:
    sequencer.sequence()
    address = page_of(paid) + "proof/"
    assert f'href="{address}"' in shown(console, page_of(paid))
    answer = console.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF")
    waits = pay_out(acme, acme.funded("100.00"), recipient(acme))["transfer"]
    assert page_of(waits) + "proof/" not in shown(console, page_of(waits))
    assert console.get(page_of(waits) + "proof/").status_code == 404
    assert Client().get(address).status_code == 302
