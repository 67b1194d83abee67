"""Joining a team in a real browser, which says where a form comes from."""

from typing import Any

import pytest

from apps.accounts.models import Membership
from apps.accounts.services.team import token_of
from tests.console.browsing import NEEDS_CHROMIUM, STORY, settled, wide
from tests.support.door import PASSWORD, done
from tests.support.tenants import world as tenant_world

pytestmark = [NEEDS_CHROMIUM, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("theme", "size"), STORY)
def test_who_follows_the_link_joins(ledger_db: Any, browse: Any, theme: str, size: str) -> None:
    given = {"tenant": tenant_world().tenant, "email": "amara@acme.example", "role": "owner"}
    token = token_of(done("accounts.invite_member", **given)["invitation"])

    def steps(page: Any, origin: str) -> tuple[str, bool, list[str]]:
        page.goto(f"{origin}/join/{token}/")
        page.fill("[name=name]", "Amara")
        page.fill("[name=password]", PASSWORD)
        page.click("button")
        settled(page)
        return page.inner_text("main"), wide(page), page.evaluate("window.refused")

    words, is_wide, refused = browse(steps, theme, size)
    assert "Acme has you as Owner." in words
    assert (is_wide, refused) == (False, [])
    assert Membership.objects.get().user.name == "Amara"
