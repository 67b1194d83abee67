"""Mails about milestones: to whom, about what, once each, by a real SMTP server."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from apps.accounts.services.invitations import LEASE
from apps.accounts.services.team import token_of
from apps.core import clock
from apps.operations import sequencer
from apps.transfers.mailing import MailCursor, MilestoneMail
from apps.transfers.services import mails
from apps.transfers.tasks import mail_milestones
from tests.support import payouts
from tests.support.door import PASSWORD, done, eur, person
from tests.support.payouts import pay_out, recipient, work
from tests.support.policies import policy
from tests.support.post import Post, post
from tests.support.processes import ran
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, world
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("ledger_db")
KILLED = -9


@pytest.fixture
def taking(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """The server that this process, and those that it starts, send to."""
    with post() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", server.port, False
        settings.PUBLIC_URL = "https://bank.example"
        for name, value in {"HOST": "127.0.0.1", "PORT": str(server.port), "TLS": "0"}.items():
            monkeypatch.setenv(f"MAIL_{name}", value)
        yield server


@pytest.fixture
def acme(ledger_db: Any) -> World:
    """A tenant whose team has one of each role that matters."""
    made = world("acme")
    for role in ("owner", "finance", "developer"):
        invited = done("accounts.invite_member", tenant=made.tenant, email=f"{role}@acme.example", role=role)[
            "invitation"
        ]
        done("accounts.accept_invitation", token=token_of(invited), name="", password=PASSWORD)
    return made


def about(world: World, *milestones: str) -> None:
    """What its team wants to be told of."""
    done("accounts.update_tenant", tenant=world.tenant, mail_about=list(milestones))


def mail() -> None:
    """What the beat does."""
    sequencer.sequence()
    mail_milestones()


def told(taking: Post) -> list[tuple[str, str]]:
    """Whom, of what."""
    return sorted((each["To"], each["Subject"].split(":")[0]) for each in taking.mails)


class TestMilestones:
    def test_what_failed_and_what_came_back_is_told_to_those_who_answer_for_it(
        self, acme: World, taking: Post, sandbox: Sandbox
    ) -> None:
        wallet = acme.funded("100.00")
        payouts.provider(sandbox)
        sandbox.fault(do={"submit": "refuse"})
        made = pay_out(acme, wallet, recipient(acme), reference="rent")["transfer"]
        work()
        for _ in range(2):
            mail()
        assert told(taking) == [
            ("finance@acme.example", "Transfer failed"),
            ("owner@acme.example", "Transfer failed"),
        ]
        text = taking.mails[0].get_body(("plain",)).get_content()
        page = taking.mails[0].get_body(("html",)).get_content()
        for shown in (made, "40.00 EUR", "rent", "failed", "available again", "https://bank.example"):
            assert shown in text
            assert shown in page
        assert made in taking.mails[0]["Subject"]
        assert taking.mails[0]["Auto-Submitted"] == "auto-generated"

    def test_what_is_completed_is_told_if_it_is_wanted(self, acme: World, taking: Post) -> None:
        acme.funded("100.00")
        mail()
        assert taking.mails == []
        about(acme, "completed")
        done("transfers.post_pay_in", wallet=acme.wallet(test=True), amount=eur("1.00"), actor=acme.test_key)
        acme.funded("12.30")
        mail()
        assert {who for who, _ in told(taking)} == {"owner@acme.example", "finance@acme.example"}
        assert "12.30 EUR" in taking.mails[0]["Subject"]

    def test_a_review_is_told_without_its_reasons(self, acme: World, taking: Post, sandbox: Sandbox) -> None:
        sandbox.fund("bank", "USD", "1000.00")
        payouts.provider(sandbox)
        made = pay_out(acme, acme.funded("100.00", "USD"), recipient(acme, "USD"), currency="USD")
        work()
        done("transfers.review_transfer", transfer=made["transfer"], reason="smells")
        mail()
        assert {subject for _, subject in told(taking)} == {"Transfer is being looked at"}
        text = taking.mails[0].get_body(("plain",)).get_content()
        assert ("Status: processing" in text, "smells" in text, "review" in text) == (True, False, False)

    def test_approvers_are_asked_but_for_the_maker(self, acme: World, taking: Post, sandbox: Sandbox) -> None:
        policy("transfers.open_sending")
        payouts.provider(sandbox)
        maker = person("op@example.com", "operator", "approver")
        person("ann@example.com", "approver")
        made = pay_out(acme, acme.funded("100.00"), recipient(acme), actor=maker)
        mail()
        assert told(taking) == [("ann@example.com", "Transfer waits for your approval")]
        page = f"https://bank.example/ops/operations/approvalrequest/{made['approval_request']}/"
        assert page in taking.mails[0].get_body(("plain",)).get_content()


class TestOnce:
    @pytest.fixture(autouse=True)
    def _something_to_tell(self, acme: World, taking: Post) -> None:
        about(acme, "completed")
        acme.funded("100.00")
        sequencer.sequence()

    def test_several_workers_tell_it_once(self, taking: Post) -> None:
        at_once(*[mail_milestones] * 4)
        assert [who for who, _ in told(taking)] == ["finance@acme.example", "owner@acme.example"]

    def test_what_the_server_does_not_take_is_tried_again(self, taking: Post) -> None:
        taking.refuse = 1
        for _ in range(2):
            mail_milestones()
        assert len(taking.mails) == 1
        with clock.frozen(clock.now() + LEASE + timedelta(seconds=1)):
            mail_milestones()
        assert [who for who, _ in told(taking)] == ["finance@acme.example", "owner@acme.example"]
        assert sorted(MilestoneMail.objects.values_list("attempts", flat=True)) == [1, 2]

    def test_a_worker_that_dies_before_the_cursor_moves_has_written_nothing(self, taking: Post) -> None:
        ran(
            """
            from unittest.mock import patch
            from apps.core import clock
            from apps.transfers.mailing import MilestoneMail
            from apps.transfers.services import mails
            original = MilestoneMail.objects.bulk_create
            with patch.object(MilestoneMail.objects, "bulk_create", lambda *a, **k: (original(*a, **k), die())):
                mails.queue_new(now=clock.now())
            """,
            code=KILLED,
        )
        assert not MilestoneMail.objects.exists()
        mail_milestones()
        assert len(taking.mails) == 2
        assert MailCursor.objects.get().ordinal > 0

    def test_a_worker_that_dies_after_the_server_took_it_sends_the_same_again(self, taking: Post) -> None:
        mails.queue_new(now=clock.now())
        ran(
            """
            from unittest.mock import patch
            from django.core.mail import EmailMultiAlternatives
            from apps.transfers.services import mails
            original = EmailMultiAlternatives.send
            with patch.object(EmailMultiAlternatives, "send", lambda self: (original(self), die())):
                mails.send_due()
            """,
            code=KILLED,
        )
        assert len(taking.mails) == 1
        mail_milestones()
        assert len(taking.mails) == 2
        with clock.frozen(clock.now() + LEASE + timedelta(seconds=1)):
            mail_milestones()
        names = [each["Message-ID"] for each in taking.mails]
        assert (len(names), len(set(names)), names[2]) == (3, 2, names[0])

    def test_what_is_old_is_no_news(self, taking: Post) -> None:
        with clock.frozen(clock.now() + mails.NEWS + timedelta(seconds=1)):
            mail_milestones()
            assert (taking.mails, MilestoneMail.objects.count()) == ([], 0)
        mails.queue_new(now=clock.now())
        assert MilestoneMail.objects.count() == 0
