"""The desk in a real browser: a parked payout is found, its evidence read, and it is settled with a second person."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apps.core import clock
from apps.providers.protocol import Outcome, Reply
from apps.providers.services import balances, health
from apps.transfers.models import Transfer
from tests.console.browsing import LOOK, LOOKS, NEEDS_CHROMIUM, STORY, Operator, on_page, sign_in, wide
from tests.console.making import ask_for_two
from tests.support import payouts
from tests.support.door import done
from tests.support.payouts import pay_out, recipient, status, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, has

pytestmark = [NEEDS_CHROMIUM, pytest.mark.django_db(transaction=True)]


def parked(acme: World, sandbox: Sandbox, wallet: str) -> str:
    """A payout whose outcome the provider never told, left to a person."""
    sandbox.fault(do={"submit": "timeout_after"})
    to = recipient(acme, name="Hansa Hausverwaltung GmbH")
    made = pay_out(acme, wallet, to, amount="1180.00", reference="rent-11")["transfer"]
    work()
    done("transfers.review_transfer", transfer=made, reason="No answer since Friday")
    return str(made)


@pytest.mark.parametrize(("theme", "size"), STORY)
def test_an_operator_settles_a_parked_payout_with_a_second_person(
    acme: World, sandbox: Sandbox, browse: Any, sessions: tuple[str, str], theme: str, size: str
) -> None:
    payouts.provider(sandbox)
    wallet = acme.funded("2000.00")
    made = parked(acme, sandbox, wallet)
    ask_for_two()
    statement = {"name": "statement.txt", "mimeType": "text/plain", "buffer": b"1180.00 to Hansa: paid"}

    def steps(page: Any, origin: str) -> Operator:
        operator = Operator(page, origin, theme, size)
        sign_in(page, origin, sessions[0])
        operator.open("/ops/")
        page.locator(".notice", has_text="in manual review").click()
        operator.look()
        operator.seen.append(page.locator(".review header .status").inner_text())
        page.locator(".review").get_by_role("link", name="Settle: it was paid").click()
        operator.look()
        operator.fill(reason="Their desk says so")
        operator.press("run")
        operator.open("/ops/payouts/")
        page.locator(".review").get_by_role("link", name="Attach a file").click()
        page.set_input_files("[name=content]", files=[statement])
        operator.press("run")
        operator.open("/ops/payouts/")
        page.locator(".review").get_by_role("link", name="Settle: it was paid").click()
        operator.look()
        operator.fill(reason="The statement says so")
        operator.press("run")
        sign_in(page, origin, sessions[1])
        operator.open("/ops/approvals/")
        page.get_by_role("button", name="Approve").first.click()
        operator.look()
        operator.open(f"/ops/transfers/transfer/{made}/")
        operator.seen.append(page.locator(".head .status").first.inner_text())
        operator.wrong += ["wider than its sheet"] if wide(page) else []
        return operator

    operator = browse(steps, theme, size)
    assert operator.seen == [
        "No answer proves it",
        "EVIDENCE_MISSING",
        "Done",
        "It waits for other people",
        "Completed",
    ]
    assert operator.wrong == []
    assert (status(made), has(wallet).available.decimal, has(wallet).held.decimal) == (
        "completed",
        "820.00",
        "0.00",
    )


def test_an_operator_looks_at_a_provider_whose_circuit_is_open(
    acme: World, sandbox: Sandbox, browse: Any, sessions: tuple[str, str]
) -> None:
    made = payouts.provider(sandbox)

    def down() -> None:
        for _ in range(health.FAILURES):
            health.note(str(made.pk), Reply(Outcome.UNKNOWN, code="TIMEOUT"), now=clock.now())

    def steps(page: Any, origin: str) -> Operator:
        operator = Operator(page, origin, "dark", "wide")
        sign_in(page, origin, sessions[0])
        operator.open("/ops/providers/provider/")
        operator.seen.append(page.locator("tbody .status").nth(1).inner_text())
        on_page(down)
        operator.open("/ops/")
        page.locator(".notice", has_text="its circuit is open").click()
        operator.look()
        operator.seen.append(page.locator(".refusal h2").inner_text())
        operator.follow("Send nothing to a provider")
        operator.fill(reason="Down since noon; their status page says until three")
        operator.press("run")
        operator.open(f"/ops/providers/provider/{made.pk}/")
        operator.seen.append(page.locator(".refusal h2").first.inner_text())
        return operator

    operator = browse(steps, "dark", "wide")
    assert operator.seen == [
        "Closed",
        "The circuit is open: it is left alone",
        "Done",
        "Nothing is sent to it",
    ]
    assert operator.wrong == []


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_every_page_fits(acme: World, sandbox: Sandbox, browse: Any, theme: str, size: str) -> None:
    made = payouts.provider(
        sandbox,
        title="Sandbox Bank",
        kinds=["payout", "refund"],
        limits={"largest": {"EUR": "50000.00"}},
        cost={"basis_points": 20, "fixed": {"EUR": "0.25"}},
        low_balance={"EUR": "1000000.00"},
        cut_off="16:00",
        time_zone="Europe/Berlin",
        business_days=False,
    )
    rule = [{"fact": "country", "op": "eq", "value": "DE"}]
    done("providers.set_routing_rule", name="Germany by SEPA", conditions=rule, providers=["sandbox-bank"])
    wallet = acme.funded("99000.00")
    review = parked(acme, sandbox, wallet)
    sandbox.fault(do={"outcome": "fail:beneficiary_refused"})
    failed = pay_out(acme, wallet, recipient(acme), reference="refund-7")["transfer"]
    work()
    sandbox.settle()
    done("transfers.requery_transfer", transfer=failed)
    work()
    stuck = pay_out(acme, wallet, recipient(acme), reference="stuck-1")["transfer"]
    ask_for_two()
    pay_out(acme, wallet, recipient(acme), amount="50000.00", reference="big-1")
    balances.ask_all(clock.now())
    stand_still(stuck)
    addresses = {
        "overview": "/ops/",
        "payouts": "/ops/payouts/",
        "transfers": "/ops/transfers/transfer/",
        "stuck": f"/ops/transfers/transfer/{stuck}/",
        "review": f"/ops/transfers/transfer/{review}/",
        "failed": f"/ops/transfers/transfer/{failed}/",
        "report": f"/ops/transfers/transfer/{failed}/report/",
        "providers": "/ops/providers/provider/",
        "provider": f"/ops/providers/provider/{made.pk}/",
    }

    def steps(page: Any, origin: str) -> list[str]:
        operator = Operator(page, origin, theme, size)
        for name, address in addresses.items():
            operator.open(address)
            operator.wrong += [f"{address} is wider than its sheet"] if wide(page) else []
            if LOOK:
                page.screenshot(path=Path(LOOK) / f"{name}-{theme}-{size}.png", full_page=True)
        return operator.wrong

    assert browse(steps, theme, size) == []


def stand_still(transfer: str) -> None:
    """Let it not have moved for half an hour already."""
    since = clock.now() - timedelta(minutes=31)
    Transfer.objects.filter(pk=transfer).update(stuck_from=since)
