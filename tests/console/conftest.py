"""A user for each role, and books with something of everything in them."""

import hashlib
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from apps.accounts import roles
from apps.accounts.models import User
from apps.core import clock
from apps.operations.models import (
    ApprovalRequest,
    Book,
    Decision,
    Event,
    EventPosition,
    FeatureFlag,
    Heartbeat,
)
from tests.console.browsing import visit
from tests.console.inflows import Scene, inflows
from tests.console.making import change_periods, hashed_password, move, open_account, run, seal_and_project
from tests.support.hooked import Receiver, receiving
from tests.support.tenants import World


@pytest.fixture
def make_user(db: Any) -> Callable[..., User]:
    """Make a user with some roles."""

    def make(*roles: str, email: str = "ada@example.com", active: bool = True) -> User:
        user = User.objects.create(
            email=email, name="Ada", is_active=active, created_at=clock.now(), password=hashed_password()
        )
        user.roles.set(Group.objects.filter(name__in=roles))
        return user

    return make


@pytest.fixture
def viewer(make_user: Callable[..., User]) -> User:
    """Someone who may look at everything and do nothing."""
    return make_user("viewer")


@pytest.fixture
def admin(make_user: Callable[..., User]) -> User:
    """Somebody who may run everything, and decide."""
    return make_user("admin", "approver", email="grace@example.com")


@pytest.fixture
def sessions(make_user: Callable[..., User]) -> tuple[str, str]:
    """Two people signed in: an operator, and somebody who approves."""

    def session(role: str) -> str:
        client = Client()
        client.force_login(make_user(role, email=f"{role}@example.com"))
        return client.cookies["sessionid"].value

    return session("operator"), session("approver")


@pytest.fixture
def browse(live_server: Any, admin: User) -> Iterator[Callable[..., Any]]:
    """Take steps in a real browser of a theme and a size, in which the admin is signed in."""
    client = Client()
    client.force_login(admin)
    session = client.cookies["sessionid"].value

    def browsed(*arguments: Any, **more: Any) -> Any:
        return pool.submit(visit, live_server.url, session, *arguments, **more).result()

    # Playwright runs an event loop in its thread, in which Django would refuse to reach the database.
    with ThreadPoolExecutor(1) as pool:
        yield browsed


@pytest.fixture
def console(viewer: User) -> Client:
    """A browser in which the viewer is signed in. It ignores CSRF, so that a refusal is the page's own."""
    client = Client()
    client.force_login(viewer)
    return client


@pytest.fixture
def platform(db: Any) -> Book:
    """The platform's book."""
    return Book.objects.get(slug="platform")


@pytest.fixture
def viewers_see_nothing() -> Iterator[None]:
    """The viewers' role without its permissions, which outlive the tests and so are given back."""
    Group.objects.get(name="viewer").permissions.clear()
    yield
    roles.seed()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """What a tenant runs to hear of its events; it accepts all."""
    with receiving() as found:
        yield found


@pytest.fixture
def scene(acme: World) -> Scene:
    """Something of everything that comes from providers."""
    return inflows(acme)


@pytest.fixture
def world(platform: Book, viewer: User) -> dict[str, Any]:
    """Books with something of everything."""
    now = clock.now()
    bank = open_account(platform, "bank:ing")
    wallet = open_account(platform, "customer:1:available", floor=0)
    held = open_account(platform, "customer:1:held", floor=0, names_holds=True)
    dollars = open_account(platform, "customer:1:available", "USD", floor=0)
    first = move(platform, "payin:1", bank, wallet, 100_00, on=(now - timedelta(days=3)).date())
    reversed_ = move(platform, "payin:1:reversal", wallet, bank, 100_00, reverses=first)
    move(platform, "payin:2", bank, wallet, 250_00)
    early = (now - timedelta(days=30)).date()
    closing = change_periods(platform, "closing_begun", closing=early)
    late = move(platform, "late:1", bank, wallet, 30_00, on=early, adjusts=True)
    policy = change_periods(platform, "late_policy_set", closing=early, policy="next_open_day")
    moved = move(platform, "late:2", wallet, bank, 30_00, on=early)
    hold = uuid.uuid4()
    move(platform, "reserve:1", wallet, held, 40_00, hold=hold, use=1)
    seal_and_project()
    unsealed = move(platform, "payin:3", bank, wallet, 1_00)
    accepted = run(platform, 1, result={"account": wallet.pk})
    refusal = {
        "code": "INSUFFICIENT_BALANCE",
        "message": "customer:1:available has 1.00 EUR: 5.00 EUR cannot leave it.",
        "transient": False,
        "field": "/amount",
        "details": {"available": "1.00"},
    }
    refused = run(platform, 2, "refused", refusal=refusal)
    event = Event.objects.create(
        book=platform,
        type="account.opened",
        subject="acc_1",
        data={
            "book": "platform",
            "address": "bank:ing",
            "currency": "EUR",
            "gl_code": "1110",
            "side": "debit",
        },
        operation=accepted,
        recorded_at=now,
        ordinal=10**9,
    )
    EventPosition.objects.create(
        book=platform,
        position=1,
        event=event,
        subject=event.subject,
        object_sequence=1,
        ordinal=event.ordinal,
        sequenced_at=now,
    )
    request = ApprovalRequest.objects.create(
        book=platform,
        command="ledger.post_correction",
        version=1,
        input={"amount": "48000.00"},
        facts={"amount_base": "48000.00"},
        preview={
            "entries": [
                {
                    "kind": "correction",
                    "description": "Wrong customer",
                    "postings": [
                        {
                            "source": "bank:ing",
                            "destination": "customer:1:available",
                            "amount": {"amount": "48000.00", "currency": "EUR"},
                        }
                    ],
                }
            ]
        },
        approved_hash=hashlib.sha256(b"what").digest(),
        approvers_needed=2,
        steps=[{"role": "approver", "people": 2}],
        nobody_eligible=True,
        maker_kind="user",
        maker_id="usr_maker",
        maker_label="Tom Brandt",
        created_at=now,
    )
    mira = User.objects.create(email="olsen@example.com", name="Mira Olsen", created_at=now, password="x")
    mira.roles.set(Group.objects.filter(name="approver"))
    Decision.objects.create(
        request=request,
        approved_hash=request.approved_hash,
        approves=True,
        actor_id=mira.pk,
        actor_label="Mira Olsen",
        for_id=mira.pk,
        roles=["approver"],
        comment="Called back",
        created_at=now,
    )
    flag = FeatureFlag.objects.create(
        name="core_wallet_enabled",
        scope="currency",
        scope_id="USD",
        enabled=False,
        reason="Bank holiday",
        changed_by="Tom Brandt",
        changed_at=now,
    )
    Heartbeat.objects.create(name="worker:one", seen_at=now)
    return {
        "wallet": wallet,
        "held": held,
        "dollars": dollars,
        "bank": bank,
        "first": first,
        "reversal": reversed_,
        "unsealed": unsealed,
        "closing": closing,
        "policy": policy,
        "late": late,
        "moved": moved,
        "hold": hold,
        "accepted": accepted,
        "refused": refused,
        "event": event,
        "request": request,
        "flag": flag,
        "at": datetime.now(UTC),
    }
