"""The log of the API's requests, as operators see it: who asked what, from where, and what came of it."""

import html
import json
from typing import Any

import pytest
from django.test import Client

from apps.api import request_log
from apps.operations.models import Operation
from tests.console.browsing import NEEDS_CHROMIUM, settled, wide
from tests.support.door import done
from tests.support.tenants import World
from tests.support.tenants import world as tenant_world

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/ops/api/loggedrequest/"


@pytest.fixture
def acme(ledger_db: Any) -> World:
    """A tenant whose program made a wallet, asked for one of a currency that is none, and looked at nothing of its own."""
    acme = tenant_world()
    made = done("accounts.create_api_key", tenant=acme.tenant, name="Shop", scopes=["wallets:write"])
    program = Client(headers={"Authorization": f"Bearer {made['secret']}"}, REMOTE_ADDR="203.0.113.7")
    for number, currency in enumerate(("EUR", "XXX")):
        program.post(
            "/v1/wallets",
            json.dumps({"currency": currency}),
            content_type="application/json",
            headers={"Idempotency-Key": f"wallet-{number}"},
        )
    program.get("/v1/customers")
    request_log.flush()
    return acme


def text(client: Client, address: str) -> str:
    """A page."""
    answer = client.get(address)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def asked(client: Client, narrowed: str = "") -> list[tuple[str, str]]:
    """What the list has, as its file says it."""
    answer = client.get(f"{LIST}as/csv/{narrowed}")
    lines = b"".join(answer.streaming_content).decode().splitlines()
    names, *rows = [line.split(",") for line in lines]
    return [(row[names.index("Path")], row[names.index("Status")]) for row in rows]


def test_the_list_says_who_asked_what_from_where(acme: World, console: Client) -> None:
    page = text(console, LIST)
    for words in (
        "POST /v1/wallets",
        "GET /v1/customers",
        "203.0.113.7",
        "Shop",
        "Acme",
        "AUTHORIZATION_FAILED",
    ):
        assert words in page


def test_it_is_narrowed_by_answer_tenant_and_key(acme: World, admin: Any) -> None:
    boss = Client()
    boss.force_login(admin)
    everything = asked(boss)
    assert everything == [("/v1/customers", "403"), ("/v1/wallets", "400"), ("/v1/wallets", "201")]
    operation = Operation.objects.get(command="accounts.create_wallet", status="accepted")
    key = operation.actor_id
    assert asked(boss, f"?tenant={acme.tenant}&key={key}") == everything
    assert asked(boss, f"?tenant={acme.test_tenant}") == []
    assert asked(boss, "?answer=4xx") == everything[:2]
    assert asked(boss, "?answer=5xx") == []
    assert asked(boss, f"?operation={operation.pk}") == everything[2:]


def test_an_operation_leads_to_its_key_and_its_request_and_back(acme: World, console: Client) -> None:
    operation = Operation.objects.get(command="accounts.create_wallet", status="accepted")
    page = text(console, f"/ops/operations/operation/{operation.pk}/")
    assert f'href="/ops/accounts/apikey/{operation.actor_id}/"' in page
    assert "203.0.113.7" in page
    [link] = [part.partition('"')[0] for part in page.split(f'href="{LIST}')[1:] if part.startswith("rql_")]
    shown = text(console, LIST + link)
    assert f'href="/ops/operations/operation/{operation.pk}/"' in shown
    assert f'href="{LIST}?key={operation.actor_id}"' in shown
    key = text(console, f"/ops/accounts/apikey/{operation.actor_id}/")
    assert f'href="{LIST}?key={operation.actor_id}"' in key


def test_an_operation_of_which_nobody_asked_the_api_leads_to_no_request(acme: World, console: Client) -> None:
    operation = Operation.objects.get(command="accounts.create_api_key")
    page = text(console, f"/ops/operations/operation/{operation.pk}/")
    assert f'href="{LIST}rql_' not in page


@NEEDS_CHROMIUM
def test_the_pages_fit_their_screens(acme: World, browse: Any) -> None:
    def steps(page: Any, origin: str) -> list[bool]:
        found = []
        for address in (LIST, ""):
            page.goto(origin + LIST)
            if not address:
                page.click("table a[href*=rql_]")
            settled(page)
            found.append(wide(page))
        return found

    assert [browse(steps, theme, size) for theme, size in (("light", "wide"), ("dark", "narrow"))] == [
        [False, False]
    ] * 2
