"""The operators' desk: what needs a person comes first, with all evidence, and leads to the forms that end it."""

import base64
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from tests.console.test_transfers import counted, page_of, shown
from tests.support import payouts
from tests.support.door import done, eur
from tests.support.payouts import later, pay_out, recipient, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World

pytestmark = pytest.mark.django_db(transaction=True)

DESK = "/ops/payouts/"


@pytest.fixture
def operator(make_user: Any) -> Client:
    """A browser in which an operator is signed in."""
    client = Client()
    client.force_login(make_user("operator", email="op@example.com"))
    return client


def parked(acme: World, sandbox: Sandbox, **do: Any) -> str:
    """A payout that was put into review."""
    sandbox.fault(do=do)
    made = pay_out(acme, acme.funded("100.00"), recipient(acme))["transfer"]
    work()
    done("transfers.review_transfer", transfer=made, reason="it takes too long")
    return str(made)


def test_an_empty_desk_says_so(acme: World, console: Client) -> None:
    page = shown(console, DESK)
    for said in ("Everything moves", "Nothing waits for other people.", "No money is held."):
        assert said in page


def test_a_review_shows_all_evidence_and_what_is_missing(
    acme: World, sandbox: Sandbox, operator: Client
) -> None:
    payouts.provider(sandbox)
    made = parked(acme, sandbox, submit="timeout_after")
    page = shown(operator, DESK)
    for said in (
        "it takes too long",
        "No answer proves it",
        "missing: attach what shows it, such as a bank statement",
        "Bo Lind",
        "DE89 … 3000",
        f">{made}.1<",
        f"/ops/do/transfers.settle_transfer/?transfer={made}",
        f"/ops/do/transfers.release_transfer/?transfer={made}",
        f"/ops/do/transfers.requery_transfer/?transfer={made}",
        f"/ops/do/operations.attach_file/?subject={made}",
    ):
        assert str(said) in page, said
    assert payouts.IBAN not in page
    file = done(
        "operations.attach_file",
        subject=made,
        name="statement.txt",
        content=base64.b64encode(b"paid").decode(),
    )["attachment"]
    page = shown(operator, DESK)
    assert f"?transfer={made}&evidence={file}" in page
    assert "statement.txt" in page


def test_a_review_that_an_answer_proves_needs_no_file(
    acme: World, sandbox: Sandbox, operator: Client, console: Client
) -> None:
    payouts.provider(sandbox)
    made = parked(acme, sandbox, outcome="wrong_amount:41.00")
    sandbox.settle()
    done("transfers.requery_transfer", transfer=made)
    work()
    page = shown(operator, DESK)
    assert "The provider says paid" in page
    assert "WRONG_AMOUNT" in page
    assert "&evidence=" not in page
    settle = page[page.index("do/transfers.settle_transfer") :]
    assert "paid.amount=40.00" in settle[: settle.index(">")], settle[:300]
    assert "settle_transfer" not in shown(console, DESK)


def test_who_agrees_sees_what_is_held_already_and_not_moved_again(
    acme: World, sandbox: Sandbox, operator: Client
) -> None:
    payouts.provider(sandbox)
    wallet, to = acme.funded("60000.00"), recipient(acme)
    call_command("loaddata", "approval_policies", verbosity=0)
    asked = pay_out(acme, wallet, to, amount="50000.00")["approval_request"]
    page = shown(operator, f"/ops/operations/approvalrequest/{asked}/")
    assert "Posted when it was asked for" in page
    assert "Changed by" in page
    assert "Would hold" not in page
    assert "below its floor" not in page
    assert "Held when it was asked for" in shown(operator, "/ops/approvals/?whose=others")


def test_what_is_stuck_waits_and_is_held(acme: World, sandbox: Sandbox, operator: Client) -> None:
    payouts.provider(sandbox)
    wallet, to = acme.funded("90000.00"), recipient(acme)
    moves = pay_out(acme, wallet, to, reference="moves")["transfer"]
    call_command("loaddata", "approval_policies", verbosity=0)
    waits = pay_out(acme, wallet, to, amount="50000.00", reference="waits")["transfer"]
    done("transfers.place_hold", wallet=wallet, amount=eur("7.00"), reason="Order 1042")
    page = shown(operator, DESK)
    assert "Everything moves" in page
    assert page_of(waits) in page
    assert "Order 1042" in page
    with later(minutes=16):
        page = operator.get(DESK)
    assert [each.row.pk for each in page.context["standstills"]] == [moves]
    [one] = page.context["standstills"]
    assert (one.standing.level, [each.command for each in one.doings]) == (
        "alert",
        ["transfers.retry_transfer", "transfers.cancel_transfer"],
    )
    assert page.context["counts"] == {
        "review": 0,
        "approval": 1,
        "old_holds": 0,
        "stuck": 1,
        "alert": 1,
        "critical": 0,
    }
    with later(days=8):
        held = operator.get(DESK).context["holds"]
    assert [(each.of.transfer and each.of.transfer.pk, each.is_old) for each in held] == [
        (moves, True),
        (waits, True),
        (None, True),
    ]


def test_the_overview_counts_what_needs_a_person(acme: World, sandbox: Sandbox, console: Client) -> None:
    assert '0</span> <span class="title">transfers in manual review' in shown(console, "/ops/")
    payouts.provider(sandbox)
    parked(acme, sandbox, submit="timeout_after")
    pay_out(acme, acme.funded("100.00"), recipient(acme))
    with later(minutes=61):
        page = shown(console, "/ops/")
    for said in ("transfer in manual review", "transfer is stuck", "1 for 15 min or longer."):
        assert said in page, said


def least(operator: Client) -> int:
    """How many queries the page takes when all is known that is kept for some seconds: rates, routes."""
    return min(counted(operator, DESK) for _ in range(4))


def test_it_takes_as_many_queries_however_much_stands_there(
    acme: World, sandbox: Sandbox, operator: Client
) -> None:
    payouts.provider(sandbox)

    def add() -> None:
        parked(acme, sandbox, submit="timeout_after")
        pay_out(acme, acme.funded("100.00"), recipient(acme))

    add()
    with later(minutes=12):
        before = least(operator)
    add()
    add()
    with later(minutes=12):
        assert least(operator) == before


def test_only_those_who_may_look_see_it(acme: World, console: Client) -> None:
    assert Client().get(DESK).status_code == 302
    assert console.post(DESK).status_code == 403
