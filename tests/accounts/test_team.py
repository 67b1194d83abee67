"""Teams: invited, joined, changed; the last owner stays."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Invitation, Membership, User
from apps.accounts.services import invitations
from apps.accounts.services.team import token_of
from apps.accounts.tasks import send_invitations
from apps.core import clock
from apps.operations.models import Operation
from tests.support.door import PASSWORD, done, refused, run
from tests.support.tenants import World, world
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("ledger_db")


def invited(acme: World, email: str = "amara@acme.example", role: str = "developer") -> str:
    return str(done("accounts.invite_member", tenant=acme.tenant, email=email, role=role)["invitation"])


def joined(acme: World, email: str, role: str) -> str:
    token = token_of(invited(acme, email, role))
    return str(done("accounts.accept_invitation", token=token, name="", password=PASSWORD)["user"])


def test_who_is_invited_joins_with_a_user_of_their_own(acme: World) -> None:
    user = joined(acme, "amara@acme.example", "developer")
    member = Membership.objects.get()
    assert (str(member.tenant_id), str(member.user_id), member.role) == (acme.tenant, user, "developer")
    assert User.objects.get(pk=user).check_password(PASSWORD)


def test_who_has_a_user_keeps_it(acme: World) -> None:
    user = joined(acme, "amara@acme.example", "developer")
    again = joined(world("bloom"), "AMARA@acme.example", "owner")
    assert again == user


def test_the_team_is_that_of_the_live_tenant(acme: World) -> None:
    made = done("accounts.invite_member", tenant=acme.test_tenant, email="a@b.example", role="viewer")
    assert made["tenant"] == acme.tenant


def test_an_invitation_is_good_once_and_for_a_week(acme: World) -> None:
    token = token_of(invited(acme))
    accept = {"token": token, "name": "Amara", "password": PASSWORD}
    with clock.frozen(clock.now() + timedelta(days=8)):
        assert refused("accounts.accept_invitation", **accept) == "INVITATION_UNUSABLE"
    assert refused("accounts.accept_invitation", **accept | {"password": "short"}) == "PASSWORD_TOO_WEAK"
    outcomes = at_once(*[partial(run, "accounts.accept_invitation", **accept)] * 3)
    assert sum(outcome.accepted for outcome in outcomes) == 1
    assert Membership.objects.count() == 1


@pytest.mark.parametrize("token", ["", "inv_01m7z75h000000000000000000", "x:y:z"])
def test_a_token_cannot_be_made_up(acme: World, token: str) -> None:
    code = refused("accounts.accept_invitation", token=token, name="", password=PASSWORD)
    assert code == ("INVITATION_UNUSABLE" if token else "INPUT_INVALID")


def test_a_revoked_invitation_opens_nothing_and_makes_room(acme: World) -> None:
    first = invited(acme)
    again = {"tenant": acme.tenant, "email": "Amara@acme.example", "role": "viewer"}
    assert refused("accounts.invite_member", **again) == "ALREADY_IN_TEAM"
    done("accounts.revoke_invitation", invitation=first, reason="wrong person")
    done("accounts.invite_member", **again)
    accept = {"token": token_of(first), "name": "", "password": PASSWORD}
    assert refused("accounts.accept_invitation", **accept) == "INVITATION_UNUSABLE"


def test_nobody_joins_a_closed_tenant(acme: World) -> None:
    accept = {"token": token_of(invited(acme)), "name": "", "password": PASSWORD}
    for tenant in (acme.test_tenant, acme.tenant):
        done("accounts.close_tenant", tenant=tenant, reason="left")
    assert refused("accounts.accept_invitation", **accept) == "INVITATION_UNUSABLE"


def test_an_expired_invitation_is_replaced(acme: World) -> None:
    invited(acme)
    with clock.frozen(clock.now() + timedelta(days=8)):
        invited(acme)
    assert Invitation.objects.filter(revoked_at=None).count() == 1


def test_the_last_owner_stays(acme: World) -> None:
    owner, other = joined(acme, "a@acme.example", "owner"), joined(acme, "b@acme.example", "viewer")
    of_owner = {"tenant": acme.tenant, "user": owner}
    assert refused("accounts.change_member_role", **of_owner, role="viewer") == "LAST_OWNER"
    assert refused("accounts.remove_member", **of_owner, reason="left") == "LAST_OWNER"
    done("accounts.change_member_role", tenant=acme.tenant, user=other, role="owner")
    resign = partial(run, "accounts.change_member_role", tenant=acme.tenant, role="viewer")
    outcomes = at_once(*(partial(resign, user=user) for user in (owner, other)))
    assert sum(outcome.accepted for outcome in outcomes) == 1
    assert Membership.objects.filter(role="owner").count() == 1


def test_who_is_not_in_the_team_cannot_leave_it(acme: World) -> None:
    stranger = joined(world("bloom"), "s@bloom.example", "owner")
    given = {"tenant": acme.tenant, "user": stranger, "reason": "x"}
    assert refused("accounts.remove_member", **given) == "MEMBER_NOT_FOUND"


class TestMail:
    def test_an_invitation_is_mailed_once_with_its_link(self, acme: World, mailoutbox: list[Any]) -> None:
        invited(acme)
        for _ in range(2):
            send_invitations()
        [mail] = mailoutbox
        assert (mail.to, "Acme" in mail.subject) == (["amara@acme.example"], True)
        assert "as Developer" in mail.body
        assert invitations.link(Invitation.objects.get()) in mail.body

    def test_what_no_server_takes_is_tried_again(
        self, acme: World, settings: Any, mailoutbox: list[Any]
    ) -> None:
        invited(acme)
        taking = settings.EMAIL_BACKEND
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
        send_invitations()
        settings.EMAIL_BACKEND = taking
        send_invitations()
        assert mailoutbox == []
        with clock.frozen(clock.now() + invitations.LEASE + timedelta(seconds=1)):
            assert invitations.send_due() == 1

    def test_what_was_revoked_is_not_mailed(self, acme: World, mailoutbox: list[Any]) -> None:
        done("accounts.revoke_invitation", invitation=invited(acme), reason="wrong person")
        send_invitations()
        assert mailoutbox == []


class TestJoining:
    def test_the_link_leads_to_a_form_and_into_the_team(self, acme: World, client: Client) -> None:
        path = f"/join/{token_of(invited(acme))}/"
        assert b"Join the team" in client.get(path).content
        weak = client.post(path, {"name": "Amara <b>", "password": "short"})
        assert (weak.status_code, b"Amara &lt;b&gt;" in weak.content) == (400, True)
        for _ in range(2):
            answer = client.post(path, {"name": "Amara", "password": PASSWORD})
            assert (answer.status_code, b"You are in the team" in answer.content) == (200, True)
        assert Membership.objects.get().user.name == "Amara"

    @pytest.mark.parametrize(("role", "is_told"), [("owner", True), ("finance", True), ("developer", False)])
    def test_who_joined_is_told_what_that_means_and_promised_no_page(
        self, acme: World, client: Client, role: str, is_told: bool
    ) -> None:
        path = f"/join/{token_of(invited(acme, role=role))}/"
        page = client.post(path, {"name": "Amara", "password": PASSWORD}).content.decode()
        assert f"Acme has you as {role.title()}" in page
        assert "Sign in" not in page
        assert "no pages to sign in to yet" in page
        assert ("You get a mail about each transfer" in page) == is_told

    @pytest.mark.parametrize("token", ["x", "x" * 300, "a:b:c", "%00"])
    def test_a_made_up_link_joins_nothing_and_leaves_nothing(
        self, acme: World, client: Client, token: str
    ) -> None:
        before = Operation.objects.count()
        answer = client.post(f"/join/{token}/", {"name": "", "password": PASSWORD})
        assert answer.status_code == 410
        assert b"ask for a new one" in answer.content
        assert not Membership.objects.exists()
        assert Operation.objects.count() == before

    def test_the_link_stands_in_no_operation(self, acme: World, client: Client) -> None:
        """They are shown to all who may look, and a weak password leaves the invitation open."""
        token = token_of(invited(acme))
        client.post(f"/join/{token}/", {"name": "Amara", "password": "short"})
        [kept] = Operation.objects.filter(command="accounts.accept_invitation")
        assert token not in f"{kept.key} {kept.input} {kept.refusal}"
        other = client.post(f"/join/{token}/", {"name": "Amara O.", "password": PASSWORD})
        assert b"You are in the team" in other.content
