"""The Inbox and Suspense in a real browser: what cannot be followed is seen to, and money finds its wallet or its way back."""

from pathlib import Path
from typing import Any

import pytest

from apps.operations.models import ApprovalRequest
from apps.transfers.arrivals import Deposit
from tests.console.browsing import LOOK, NEEDS_CHROMIUM, STORY, Operator, on_page, sign_in, wide
from tests.console.inflows import INBOX, Scene
from tests.console.making import ask_for_two
from tests.support.door import balance, done
from tests.support.inbound import followed
from tests.support.tenants import has

pytestmark = [NEEDS_CHROMIUM, pytest.mark.django_db(transaction=True)]


def keep(operator: Operator, name: str) -> None:
    operator.wrong += [f"{name} is wider than its sheet"] if wide(operator.page) else []
    if LOOK:
        picture = Path(LOOK) / f"{name}-{operator.theme}-{operator.size}.png"
        operator.page.screenshot(path=picture, full_page=True)


@pytest.mark.parametrize(("theme", "size"), STORY)
def test_an_operator_has_a_message_followed_again_and_then_acknowledges_it(
    scene: Scene,
    browse: Any,
    sessions: tuple[str, str],
    theme: str,
    size: str,
) -> None:
    def steps(page: Any, origin: str) -> Operator:
        operator = Operator(page, origin, theme, size)
        sign_in(page, origin, sessions[0])
        operator.open("/ops/")
        page.locator(".notice", has_text="messages are quarantined").click()
        operator.look()
        keep(operator, "inbox")
        operator.open(f"{INBOX}{scene.quarantined}/")
        operator.follow("Follow a quarantined message again")
        operator.press("run")
        on_page(followed)
        operator.open(f"{INBOX}{scene.quarantined}/")
        operator.seen.append(page.locator(".head .status").first.inner_text())
        operator.follow("Acknowledge a quarantined message")
        operator.fill(reason="Theirs, from before we were connected")
        operator.press("run")
        operator.open(f"{INBOX}{scene.quarantined}/")
        keep(operator, "message")
        operator.seen.append(page.locator(".head .status").first.inner_text())
        return operator

    operator = browse(steps, theme, size)
    assert operator.seen == ["Done", "Quarantined", "Done", "Acknowledged"]
    assert operator.wrong == []


@pytest.mark.parametrize(("theme", "size"), STORY)
def test_an_operator_assigns_a_deposit(
    scene: Scene,
    browse: Any,
    sessions: tuple[str, str],
    theme: str,
    size: str,
) -> None:
    def steps(page: Any, origin: str) -> Operator:
        operator = Operator(page, origin, theme, size)
        sign_in(page, origin, sessions[0])
        operator.open("/ops/")
        page.locator(".notice", has_text="in suspense").click()
        operator.look()
        keep(operator, "suspense")
        page.get_by_role("link", name="Bo Lind").click()
        operator.look()
        operator.follow("Assign money in suspense to a wallet")
        operator.fill(wallet=scene.wallet, reason="Bo called: the rent of November")
        operator.press("run")
        operator.open(f"/ops/transfers/deposit/{scene.suspended}/")
        keep(operator, "assigned")
        operator.seen.append(page.locator(".head .status").first.inner_text())
        operator.open(f"/ops/accounts/wallet/{scene.wallet}/")
        keep(operator, "wallet")
        return operator

    operator = browse(steps, theme, size)
    assert operator.seen == ["Done", "Assigned"]
    assert operator.wrong == []
    assert has(scene.wallet).available.decimal == "1225.00"


@pytest.mark.parametrize(("theme", "size"), STORY)
def test_an_operator_sends_a_deposit_back_with_a_second_person(
    scene: Scene,
    browse: Any,
    sessions: tuple[str, str],
    theme: str,
    size: str,
) -> None:
    ask_for_two()
    done("transfers.close_chargeback", chargeback=scene.chargeback, note="They let go of it.")

    def steps(page: Any, origin: str) -> Operator:
        operator = Operator(page, origin, theme, size)
        deposit = f"/ops/transfers/deposit/{scene.suspended}/"
        sign_in(page, origin, sessions[0])
        operator.open(deposit)
        operator.follow("Mark money in suspense to be sent back")
        operator.fill(reason="Nobody here knows Bo Lind")
        operator.press("run")
        operator.open("/ops/")
        page.locator(".notice", has_text="is to be sent back").click()
        operator.look()
        operator.open(deposit)
        operator.follow("Record that money in suspense was sent back")
        operator.fill(reference="2026-11-22-0815", reason="Sent at the bank")
        operator.press("run")
        sign_in(page, origin, sessions[1])
        operator.open("/ops/approvals/")
        keep(operator, "approval")
        page.get_by_role("button", name="Approve").first.click()
        operator.look()
        operator.open(deposit)
        keep(operator, "returned")
        operator.seen.append(page.locator(".head .status").first.inner_text())
        operator.open(f"/ops/transfers/chargeback/{scene.chargeback}/")
        keep(operator, "chargeback")
        return operator

    operator = browse(steps, theme, size)
    assert operator.seen == ["Done", "It waits for other people", "Sent back"]
    assert operator.wrong == []
    assert ApprovalRequest.objects.get().command == "transfers.return_deposit"
    assert Deposit.objects.get(pk=scene.suspended).returned_by == "operator@example.com"
    assert balance("suspense:deposits") == "0.00"
