"""What a preview shows of commands that plan nothing, and what a form is filled with that ran before."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Invitation, User
from apps.console.forms.outcomes import would_answer
from apps.operations.models import Book
from apps.operations.registry import find
from tests.console.making import run
from tests.console.test_doing import page_of, send, text
from tests.support.tenants import world as tenant_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("ledger_db")]


@pytest.fixture
def client(make_user: Callable[..., User]) -> Client:
    """The browser of somebody who may run everything."""
    client = Client()
    client.force_login(make_user("admin", "approver", "finance"))
    return client


def test_a_preview_of_what_plans_nothing_shows_what_it_would_answer(client: Client) -> None:
    tenant = tenant_world().tenant
    given = {"tenant": tenant, "email": "pia@example.com", "role": "viewer"}
    page = send(client, "accounts.invite_member", do="preview", **given)
    told = {each.name: each for each in page.context["facts"]}
    assert (told["invitation"].text, told["invitation"].url) == ("a new one", None)
    assert (told["tenant"].text, told["tenant"].url) == (tenant, f"/ops/accounts/tenant/{tenant}/")
    assert told["role"].text == "viewer"
    assert "Expires at" in text(page)
    assert not Invitation.objects.exists()


def test_a_preview_tells_no_secret_and_repeats_no_plan() -> None:
    handled, planned = find("accounts.invite_member"), find("accounts.create_operator_key")
    result = {"result": {"role": "viewer", "token": "opens a door"}}
    hiding = replace(handled, secret_results=frozenset({"token"}))
    told = would_answer([(hiding, result), (planned, result), (None, result), (handled, {})])
    assert [[each.text for each in some] for some in told] == [["viewer"], [], [], []]


@pytest.mark.parametrize(
    ("command", "stored"),
    [
        (
            "accounts.create_operator_key",
            {"scopes": 5, "name": {"a": 1}, "expires_at": "2026-02-30T10:00:00Z"},
        ),
        ("accounts.create_operator_key", {"scopes": "abc", "name": ["a"], "expires_at": 5}),
        ("accounts.create_operator_key", {"expires_at": "0001-01-01T00:00:00+14:00"}),
        ("accounts.create_operator_key", []),
        ("accounts.create_operator_key", "nonsense"),
        ("ledger.place_hold", {"amount": 5, "account": {"x": []}}),
        ("ledger.place_hold", {"amount": {"amount": {}, "currency": []}}),
        ("accounts.create_customer", {"metadata": 5, "name": [1]}),
        ("accounts.create_api_key", {"networks": [5, None, {"a": 1}, [2]], "scopes": [{}]}),
        ("accounts.create_api_key", {"networks": "10.0.0.0/8", "scopes": {"a": 1}}),
        ("operations.set_feature_flag", {"enabled": {}}),
    ],
)
def test_what_never_was_valid_is_left_out_when_a_form_is_filled_in_again(
    client: Client, platform: Book, command: str, stored: Any
) -> None:
    refusal = {"code": "INPUT_INVALID", "message": "wrong"}
    operation = run(platform, 1, "refused", command=command, input=stored, refusal=refusal)
    form = client.get(page_of(command), {"again": operation.pk})
    assert form.status_code == 200
    shown = [each for each in form.context["controls"] if each.value and "{" in each.value]
    assert [each.name for each in shown if each.widget != "json"] == []


@pytest.mark.parametrize("word", ["false", "0", "off", "no"])
def test_a_no_is_not_ticked_when_a_form_is_filled_in_again(client: Client, platform: Book, word: str) -> None:
    command, name = "ledger.request_export", "by_account"
    for stored, ticked in ((word, ""), (True, "on"), ("true", "on"), (False, "")):
        operation = run(
            platform,
            hash(str(stored)) % 10**6,
            "refused",
            command=command,
            input={name: stored},
            refusal={"code": "X"},
        )
        controls = client.get(page_of(command), {"again": operation.pk}).context["controls"]
        assert [each.value for each in controls if each.name == name] == [ticked], stored


def test_only_an_operation_whose_key_can_be_freed_is_offered(client: Client, platform: Book) -> None:
    accepted = run(platform, 1)
    refused = run(platform, 2, "refused", refusal={"code": "INSUFFICIENT_BALANCE"})
    freed = run(platform, 3, "refused", refusal={"code": "X"}, holds_key=False)
    for operation in (accepted, freed):
        answer = client.get("/ops/look-up/op/", {"q": operation.pk})
        assert (answer.status_code, text(answer).strip()) == (200, "")
    assert "INSUFFICIENT_BALANCE" in text(client.get("/ops/look-up/op/", {"q": refused.pk}))
    assert refused.pk in text(client.get("/ops/look-up/op/"))
