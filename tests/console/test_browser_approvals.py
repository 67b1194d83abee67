"""Approvals in a real browser: a policy is drafted, what it would have held is read, two people let it hold, and many are decided about."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.accounts.people import actor_of
from apps.core import clock
from apps.operations.models import ApprovalPolicy
from tests.console.browsing import NEEDS_CHROMIUM, STORY
from tests.console.test_browser_desk import sign_in
from tests.console.test_operator import Operator
from tests.operations.decisions import CORRECTION
from tests.support.door import done, eur, moved, opened, run
from tests.support.threads import at_once

pytestmark = [NEEDS_CHROMIUM, pytest.mark.django_db(transaction=True)]

LOOK = os.environ.get("LOOK")
"""A folder for pictures of every page, for those who change how they look."""


@pytest.fixture
def users(make_user: Callable[..., User], ledger_db: Any) -> dict[str, User]:
    """An admin who drafts, somebody in finance who asks, two who approve and one of compliance."""
    opened("mint", floor=None)
    opened("amara")
    moved("mint", "amara", "100.00")
    for amount in ("12.30", "4800.00", "9.99"):
        done("ledger.post_correction", **{**CORRECTION, "amount": eur(amount)})
    return {
        "admin": make_user("admin", email="root@example.com"),
        "finance": make_user("finance", email="tom@example.com"),
        "mira": make_user("approver", email="mira@example.com"),
        "ines": make_user("approver", email="ines@example.com"),
        "carl": make_user("compliance", email="carl@example.com"),
    }


def ask_for_three(who: User) -> list[str]:
    """Three large corrections; their requests."""
    outcomes = [
        run(
            "ledger.post_correction",
            actor=actor_of(who),
            **{**CORRECTION, "amount": eur(f"{number}000.00"), "related_id": f"T-{number}"},
        )
        for number in (1, 2, 3)
    ]
    return [str(each.approval_request_id) for each in outcomes]


def session(user: User) -> str:
    """A session of somebody."""
    client = Client()
    client.force_login(user)
    return str(client.cookies["sessionid"].value)


@pytest.mark.parametrize(("theme", "size"), STORY)
def test_from_a_draft_to_what_was_decided(users: dict[str, User], browse: Any, theme: str, size: str) -> None:
    sessions = {name: session(user) for name, user in users.items()}

    def steps(page: Any, origin: str) -> Operator:
        operator = Operator(page, origin, theme, size)

        def keep(name: str) -> None:
            if LOOK:
                page.screenshot(path=Path(LOOK) / f"{name}-{theme}-{size}.png", full_page=True)

        sign_in(page, origin, sessions["admin"])
        operator.open("/ops/operations/approvalpolicy/")
        keep("policies-empty")
        operator.follow("Draft an approval policy")
        operator.fill(name="Large corrections", governs="ledger.post_correction", reason="Two pairs of eyes")
        operator.fill(blocks__0__0__fact="amount", blocks__0__0__op="gte", blocks__0__0__value="1000")
        operator.fill(steps__0__role="approver", steps__0__people="1")
        operator.press("preview")
        operator.fill(blocks__0__1__fact="currency", blocks__0__1__op="in", blocks__0__1__value="EUR, USD")
        operator.fill(blocks__1__0__fact="hour", blocks__1__0__op="lte", blocks__1__0__value="23")
        operator.press("preview")
        operator.fill(steps__1__role="compliance", steps__1__people="1")
        page.locator("[name=in_sequence]").check()
        keep("draft")
        operator.press("run")
        keep("drafted")
        policy = operator.made("approvalpolicy")
        operator.open(f"/ops/operations/approvalpolicy/{policy}/")
        operator.seen += page.locator(".would .figure").all_inner_texts()
        keep("policy-draft")
        operator.follow("Activate an approval policy")
        operator.fill(reason="Decided on Monday")
        operator.press("run")
        sign_in(page, origin, sessions["mira"])
        operator.open("/ops/approvals/")
        keep("inbox-one")
        page.get_by_role("button", name="Approve").first.click()
        operator.look()
        [requests] = at_once(lambda: ask_for_three(users["finance"]))
        operator.open("/ops/approvals/")
        keep("inbox-many")
        for tick in page.locator("input[type=checkbox]").all()[:2]:
            tick.check()
        page.get_by_role("button", name="Approve ticked").click()
        operator.look()
        keep("decided-many")
        operator.seen.append(str(page.get_by_text("1 of 2 have agreed").count()))
        operator.open("/ops/approvals/?whose=others")
        keep("inbox-others")
        operator.open(f"/ops/operations/approvalrequest/{requests[0]}/")
        keep("request")
        operator.follow("Take a yes back")
        operator.fill(reason="Called them: it was not twice")
        operator.press("run")
        operator.open("/ops/operations/delegation/")
        operator.follow("Let somebody decide in your place")
        until = (clock.now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%S")
        operator.fill(delegate=users["carl"].pk, role="approver", until=until, reason="On holiday")
        keep("delegate")
        operator.press("run")
        operator.open("/ops/operations/delegation/")
        keep("delegations")
        sign_in(page, origin, sessions["carl"])
        operator.open("/ops/approvals/")
        keep("inbox-standing-in")
        page.get_by_role("button", name="Approve", exact=True).first.click()
        operator.look()
        operator.open("/ops/approvals/?whose=decided")
        keep("inbox-decided")
        operator.open("/ops/operations/approvalpolicy/")
        keep("policies")
        return operator

    operator = browse(steps, theme, size)
    assert operator.wrong == []
    assert operator.seen == [
        "Preview: nothing was done",
        "Preview: nothing was done",
        "Done",
        "3",
        "0",
        "0",
        "It waits for other people",
        "2",
        "Done",
        "Done",
    ]
    assert ApprovalPolicy.objects.get().status == "active"
