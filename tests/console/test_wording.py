"""What forms and lists say of themselves: labels that a screen reader finds, and ways that lead somewhere."""

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from apps.accounts.models import User
from apps.operations.models import FeatureFlag
from tests.console.test_doing import HOLD, page_of, send, text
from tests.console.test_forms import ON_CONSOLE
from tests.support.door import done
from tests.support.tenants import world as tenant_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("ledger_db")]


class Parsed(HTMLParser):
    """The elements of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def of(self, name: str) -> dict[str, str | None]:
        """The attributes of the control of this name."""
        return next(given for _tag, given in self.elements if given.get("name") == name)

    @cached_property
    def ids(self) -> list[str]:
        """Every id."""
        return [given["id"] or "" for _tag, given in self.elements if "id" in given]


@pytest.fixture
def client(make_user: Callable[..., User]) -> Client:
    """The browser of somebody who may run everything."""
    client = Client()
    client.force_login(make_user("admin", "approver", "finance"))
    return client


def test_what_describes_a_control_is_there(client: Client) -> None:
    for command in ON_CONSOLE:
        for page in (client.get(page_of(command.name)), send(client, command.name, do="preview")):
            assert list(undescribed(page)) == [], command.name


def undescribed(page: Any) -> Iterator[str]:
    """What a screen reader would not find of the controls of a form."""
    parsed = Parsed(text(page))
    ids = set(parsed.ids)
    if len(parsed.ids) != len(ids):
        yield "an id stands twice"
    for _tag, given in parsed.elements:
        yield from set((given.get("aria-describedby") or "").split()) - ids
    for control in page.context["controls"]:
        if control.widget in {"group", "rows", "pairs", "ticks"}:
            continue
        names = [part.name for part in control.parts] or [control.name]
        for described in (parsed.of(name).get("aria-describedby") or "" for name in names):
            if control.help and f"{control.id}-help" not in described:
                yield f"the help of {control.id}"
            if control.errors and f"{control.id}-errors" not in described:
                yield f"the errors of {control.id}"


def test_what_is_wrong_is_said_beside_its_control(client: Client) -> None:
    page = send(client, "operations.add_note", do="preview", subject="x", text=" ")
    area = Parsed(text(page)).of("text")
    assert area["aria-invalid"] == "true"
    assert "field-text-errors" in (area["aria-describedby"] or "")
    page = send(client, "ledger.place_hold", do="preview", **HOLD | {"amount__amount": "ten"})
    assert "field-amount-" in (Parsed(text(page)).of("amount.amount")["aria-describedby"] or "")


def test_what_can_be_pressed_is_a_button_with_a_name(client: Client) -> None:
    page = text(client.get("/ops/do/"))
    assert 'role="button"' not in page.partition('id="content"')[0].partition("nav-sidebar-apps")[0]
    assert re.search(r'<button[^>]*aria-label="Sidebar"[^>]*toggleSidebar', page)
    assert re.search(r"<button[^>]*opencommand", page)
    assert Parsed(page).of("s")["aria-label"]


def test_status_tabs_keep_what_else_narrows_the_list(client: Client) -> None:
    page = text(client.get("/ops/operations/operation/?command=ledger.place_hold&q=k&status=refused&after=x"))
    assert 'href="?command=ledger.place_hold&amp;q=k&amp;status=accepted"' in page
    assert 'href="?command=ledger.place_hold&amp;q=k"' in page


def test_the_flag_of_a_tenant_leads_to_what_sets_it(client: Client) -> None:
    assert "operations.set_feature_flag" in text(client.get("/ops/operations/featureflag/"))
    acme = tenant_world()
    tenant = acme.tenant
    done("accounts.close_tenant", tenant=acme.test_tenant, reason="settled")
    done("accounts.suspend_tenant", tenant=tenant, reason="court order")
    flag = FeatureFlag.objects.get(name="tenant_active", scope_id=tenant)
    for way, after in (("resume", "accounts.resume_tenant"), ("suspend", "accounts.close_tenant"), ("", "")):
        page = text(client.get(f"/ops/operations/featureflag/{flag.pk}/"))
        assert "set_feature_flag" not in page
        assert (f"/ops/do/accounts.{way}_tenant/?tenant={tenant}" in page) == bool(way)
        assert page.count("/ops/do/accounts.") == bool(way)
        if after:
            done(after, tenant=tenant, reason="settled")


def test_a_role_does_not_lead_to_taking_the_others_away(client: Client) -> None:
    way = "/ops/do/accounts.set_roles/"
    for role in Group.objects.all():
        assert way not in text(client.get(f"/ops/auth/group/{role.pk}/"))
    assert way in text(client.get("/ops/auth/group/"))
