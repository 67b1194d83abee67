"""The page of a tenant: its team, and what can be done about each of it."""

import html
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Invitation, Membership, Provisioning, Tenant, User
from apps.core import clock
from apps.operations.models import Book
from tests.console.browsing import NEEDS_CHROMIUM, settled, wide
from tests.support.door import done
from tests.support.tenants import World
from tests.support.tenants import world as tenant_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme(ledger_db: Any, make_user: Callable[..., User]) -> World:
    """A tenant with a member, and somebody who was asked in."""
    acme = tenant_world()
    member = make_user(email="olu@example.com")
    Membership.objects.create(tenant_id=acme.tenant, user=member, role="admin", joined_at=clock.now())
    done("accounts.invite_member", tenant=acme.tenant, email="pia@example.com", role="viewer")
    return acme


def ways(acme: World, tenant: str) -> list[str]:
    """Where the page of a tenant should lead about its team."""
    user, invitation = User.objects.get(email="olu@example.com").pk, Invitation.objects.get().pk
    return [
        f"/ops/do/accounts.change_member_role/?tenant={acme.tenant}&user={user}&role=admin",
        f"/ops/do/accounts.remove_member/?tenant={acme.tenant}&user={user}",
        f"/ops/do/accounts.revoke_invitation/?invitation={invitation}",
    ]


def test_each_of_a_team_leads_to_what_can_be_done(acme: World, make_user: Callable[..., User]) -> None:
    client = Client()
    client.force_login(make_user("admin", email="grace@example.com"))
    for tenant in (acme.tenant, acme.test_tenant):
        page = html.unescape(client.get(f"/ops/accounts/tenant/{tenant}/").content.decode())
        for way in ways(acme, tenant):
            assert f'href="{way}"' in page
    for way in ways(acme, acme.tenant):
        form = client.get(way)
        assert form.status_code == 200
        for name, value in (pair.split("=") for pair in way.partition("?")[2].split("&")):
            assert form.context["form"].values[name] == value


def test_who_may_not_is_not_led_there(acme: World, console: Client) -> None:
    page = console.get(f"/ops/accounts/tenant/{acme.tenant}/").content.decode()
    assert "olu@example.com" in page
    assert "pia@example.com" in page
    assert "/ops/do/accounts." not in page


@pytest.mark.parametrize("status", ["queued", "failed", "abandoned"])
def test_who_could_not_be_provisioned_is_offered_again_or_given_up(
    ledger_db: Any, make_user: Callable[..., User], status: str
) -> None:
    made = tenant_world()
    Book.objects.filter(tenant_id__in=[made.tenant, made.test_tenant]).update(tenant_id=None)
    Tenant.objects.update(status="closed" if status == "abandoned" else "provisioning")
    Provisioning.objects.update(status=status, reason="a book is in the way")
    client = Client()
    client.force_login(make_user("operator", email="grace@example.com"))
    for tenant in (made.tenant, made.test_tenant):
        page = client.get(f"/ops/accounts/tenant/{tenant}/").content.decode()
        assert "a book is in the way" in page
        for command in ("retry_provisioning", "abandon_tenant"):
            assert (f"/ops/do/accounts.{command}/?tenant={tenant}" in page) == (status == "failed")


@NEEDS_CHROMIUM
def test_the_rows_of_a_team_fit_into_their_sheet(acme: World, browse: Any) -> None:
    def steps(page: Any, origin: str) -> bool:
        page.goto(f"{origin}/ops/accounts/tenant/{acme.tenant}/")
        settled(page)
        return wide(page)

    assert [browse(steps, "light", size) for size in ("wide", "narrow")] == [False, False]
