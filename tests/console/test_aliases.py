"""Other names of commands lead to their forms, write nothing, and stand in one table of the docs."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client

from apps.accounts.models import User
from apps.console import aliases
from apps.core.ids import new_id
from apps.operations import registry
from apps.operations.models import Operation
from tests.console.test_writes import only_reading

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def boss(admin: User) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    return client


@pytest.mark.parametrize("alias", aliases.ROUTES, ids=lambda alias: alias.route)
@pytest.mark.parametrize("before", ["", "/api"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_route_leads_to_the_form_of_its_command(
    boss: Client, alias: aliases.Alias, before: str, method: str
) -> None:
    batch = new_id("bat")
    to = {
        "payouts_batch_changelist": "/ops/payouts/batch/",
        "payouts_batch_change": f"/ops/payouts/batch/{batch}/",
        "": f"/ops/do/{alias.command}/" + (f"?{alias.named['id']}={batch}" if "id" in alias.named else ""),
    }[alias.page]
    for after in ("", "/"):
        with only_reading():
            answer = getattr(boss, method)(f"{before}{alias.route.replace('{id}', batch)}{after}")
        assert (answer.status_code, answer.url) == (303, to)
    assert boss.get(answer.url).status_code == (404 if alias.page == "payouts_batch_change" else 200)
    assert not Operation.objects.exists()


def test_what_the_address_says_is_filled_in(boss: Client) -> None:
    asked = (
        "currency=EGP&amount=5000&auditReason=wrong+fee&relatedEntityType=ticket&relatedEntityId=T-1&userId=u"
    )
    to = boss.get(f"/api/finance/admin-adjust?{asked}").headers["Location"]
    assert parse_qs(urlsplit(to).query) == {
        "amount.currency": ["EGP"],
        "amount.amount": ["5000"],
        "reason": ["wrong fee"],
        "related_type": ["ticket"],
        "related_id": ["T-1"],
    }
    form = boss.get(to).context["form"]
    assert (form.values["amount.amount"], form.values["reason"]) == ("5000", "wrong fee")


@pytest.mark.parametrize("alias", aliases.ROUTES, ids=lambda alias: alias.command)
def test_its_parameters_are_fields_of_the_command(boss: Client, alias: aliases.Alias) -> None:
    fields = registry.find(alias.command).input().fields
    assert {name.partition(".")[0] for name in alias.named.values()} <= set(fields)


def test_other_methods_are_refused_and_the_unknown_sign_in_first(boss: Client) -> None:
    route = aliases.ROUTES[0].route
    assert boss.delete(route).status_code == 405
    answer = Client().get(route, follow=True)
    assert "/ops/login/" in answer.redirect_chain[-1][0]


def test_the_table_in_the_docs_is_true() -> None:
    page = (Path(settings.BASE_DIR) / "docs" / "aliases.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert rows == aliases.table(), "\n".join(["It should be:", *aliases.table()])
