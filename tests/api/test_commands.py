"""Commands over HTTP: keys, replays, refusals, previews, approvals."""

import threading
from typing import Any

import pytest
from django.test import override_settings

from apps.accounts.models import ApiKey, Customer, Wallet
from apps.api import request_log
from apps.api.models import LoggedRequest
from apps.operations.models import Operation
from apps.operations.registry import Command, all_commands
from tests.api.conftest import Client, Party, key_in_flight, let_wait, make_key
from tests.support.door import done

WALLET = {"currency": "EUR", "name": "Savings"}


def test_a_command_is_done_once_and_answered_again(client: Client, acme: Party) -> None:
    first = client.post("/v1/wallets", WALLET, key="k-1")
    assert first.status_code == 201, first.text
    assert first.headers["Operation-Id"].startswith("op_")
    assert "Idempotent-Replayed" not in first.headers
    again = client.post("/v1/wallets", WALLET, key="k-1")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Operation-Id"] == first.headers["Operation-Id"]
    assert Wallet.objects.filter(tenant_id=acme.tenant).count() == 3


def test_another_input_under_the_key_is_refused_with_what_differs(client: Client) -> None:
    made = client.post("/v1/wallets", WALLET, key="k-1")
    answer = client.post("/v1/wallets", {**WALLET, "currency": "USD"}, key="k-1")
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["fields"]) == (422, "KEY_REUSED", ["currency"])
    assert problem["details"]["resource"] == made.json()["wallet"]
    assert problem["details"]["operation"] == made.headers["Operation-Id"]


def test_a_used_key_shows_nothing_of_what_it_made_but_the_id(
    client: Client, acme: Party, asking: Any
) -> None:
    made = client.post("/v1/customers", {"kind": "person", "name": "Bo", "external_id": "vip-7"}, key="k-1")
    for_wallets = asking(make_key(acme.tenant, "wallets:write")["secret"])
    answer = for_wallets.post("/v1/wallets", WALLET, key="k-1")
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["fields"]) == (422, "KEY_REUSED", ["command"])
    assert problem["details"] == {
        "operation": made.headers["Operation-Id"],
        "resource": made.json()["customer"],
    }
    item = {"command": "accounts.create_wallet", "idempotency_key": "k-1", "input": WALLET}
    [of_bulk] = for_wallets.post("/v1/bulk", {"items": [item]}).json()["items"]
    assert of_bulk["problem"]["details"] == problem["details"]
    assert "vip-7" not in answer.text


def test_a_key_of_another_tenant_is_another_key(client: Client, globex: Party, asking: Any) -> None:
    client.post("/v1/wallets", WALLET, key="k-1")
    answer = asking(globex.key).post("/v1/wallets", {"currency": "USD"}, key="k-1")
    assert answer.status_code == 201
    assert "Idempotent-Replayed" not in answer.headers


@pytest.mark.parametrize(
    ("key", "code"), [("", "KEY_MISSING"), ("x" * 256, "KEY_INVALID"), ("a\tb", "KEY_INVALID")]
)
def test_a_key_is_needed(client: Client, key: str, code: str) -> None:
    answer = client.post("/v1/wallets", WALLET, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_key_in_use_is_refused(client: Client, acme: Party) -> None:
    with key_in_flight(acme, "k-1"):
        answer = client.post("/v1/wallets", WALLET, key="k-1")
    assert (answer.status_code, answer.json()["code"]) == (409, "KEY_IN_FLIGHT")
    assert answer.json()["transient"] is True
    assert int(answer.headers["Retry-After"]) >= 1


def test_many_at_once_under_one_key_make_one(client: Client, acme: Party) -> None:
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(client.post("/v1/wallets", WALLET, key="k")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert Wallet.objects.filter(tenant_id=acme.tenant).count() == 3


def test_fields_are_pointed_to(client: Client) -> None:
    answer = client.post("/v1/wallets", {"currency": "XXX1", "metadata": {"a": {"b": 1}}, "colour": "red"})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"][0]["pointer"] == "/colour"
    answer = client.post("/v1/wallets", {"currency": "XXX1", "metadata": {"a": {"b": 1}}})
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert pointers == {"/currency", "/metadata/a"}
    assert answer.json()["operation"] == answer.headers["Operation-Id"]


def test_the_path_is_part_of_the_input(client: Client, acme: Party) -> None:
    answer = client.post(f"/v1/wallets/{acme.other}/close", {"reason": "not used"})
    assert (answer.status_code, answer.json()["status"]) == (200, "closed")
    twice = client.post(f"/v1/wallets/{acme.other}/close", {"reason": "x", "wallet": acme.wallet})
    assert (twice.status_code, twice.json()["pointer"]) == (400, "/wallet")
    bad = client.post("/v1/wallets/nonsense/close", {"reason": "x"})
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (400, "/wallet")


def test_a_refusal_says_why_and_the_operation_too(client: Client, acme: Party) -> None:
    answer = client.post(f"/v1/wallets/{acme.wallet}/close", {"reason": "not used"})
    problem = answer.json()
    assert answer.status_code >= 400
    assert problem["type"] == f"/v1/docs/errors#{problem['code']}"
    stored = client.get(f"/v1/operations/{answer.headers['Operation-Id']}").json()
    assert stored["status"] == "refused"
    assert stored["refusal"]["code"] == problem["code"]
    assert stored["refusal"]["detail"] == problem["detail"]
    assert stored["refusal"]["documentation"] == problem["type"]


def test_a_preview_does_nothing_and_needs_no_key(client: Client, acme: Party) -> None:
    answer = client.post("/v1/wallets?preview=true", WALLET, headers={"Idempotency-Key": ""})
    assert answer.status_code == 200, answer.text
    assert any(row.startswith("wallet") for row in answer.json()["rows"])
    assert Wallet.objects.filter(tenant_id=acme.tenant).count() == 2
    assert not Operation.objects.filter(book__slug="acme").exists()
    refused = client.post("/v1/wallets?preview=true", {"currency": "?"})
    assert refused.json()["code"] == "INPUT_INVALID"
    assert client.post("/v1/wallets?preview=maybe", WALLET).json()["code"] == "PARAMETER_INVALID"


def test_what_waits_for_people_is_accepted(client: Client, monkeypatch: Any) -> None:
    let_wait("accounts.create_wallet", monkeypatch)
    answer = client.post("/v1/wallets", WALLET, key="k")
    assert answer.status_code == 202
    request = client.get(answer.headers["Location"]).json()
    assert (request["status"], request["command"]) == ("pending", "accounts.create_wallet")
    again = client.post("/v1/wallets", WALLET, key="k")
    assert (again.status_code, again.json()) == (202, answer.json())


def test_run_again_is_a_new_key_that_names_the_old_operation(
    client: Client, globex: Party, asking: Any
) -> None:
    refused = client.post("/v1/wallets", {"currency": "?"})
    old = refused.headers["Operation-Id"]
    again = client.post("/v1/wallets", WALLET, headers={"Retry-Of": old})
    assert again.status_code == 201
    request_log.flush()
    kept = LoggedRequest.objects.get(operation_id=again.headers["Operation-Id"])
    assert kept.retry_of == old
    foreign = asking(globex.key).post("/v1/wallets", WALLET, headers={"Retry-Of": old})
    assert (foreign.status_code, foreign.json()["code"]) == (400, "PARAMETER_INVALID")


def test_a_new_keys_secret_is_shown_once(client: Client) -> None:
    body = {"name": "worker", "scopes": ["wallets:read"]}
    made = client.post("/v1/api-keys", body, key="k")
    assert made.json()["secret"].startswith("ch_")
    again = client.post("/v1/api-keys", body, key="k")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert made.json()["secret"] not in again.text
    listed = client.get("/v1/api-keys")
    assert ApiKey.objects.get(pk=made.json()["api_key"]).digest
    assert made.json()["secret"] not in listed.text
    assert "digest" not in listed.text


def test_without_the_combiner_it_is_the_same(client: Client) -> None:
    with override_settings(API_COMBINER=False):
        first = client.post("/v1/wallets", WALLET, key="k")
        again = client.post("/v1/wallets", WALLET, key="k")
    assert (first.status_code, again.content) == (201, first.content)


def test_every_command_of_the_api_has_its_route_and_no_other(client: Client) -> None:
    def answered(command: Command) -> int:
        path = (command.path or "").replace("{", "").replace("}", "")
        return client.post(f"/v1/{path or command.name}", {}).status_code

    for command in all_commands():
        known = answered(command) not in (404, 405)
        assert known == ("api" in command.surfaces), command.name


def test_invalid_input_with_personal_fields_is_shown_without_them(client: Client) -> None:
    refused = client.post("/v1/customers", {"kind": "?", "name": "Bo", "email": "bo@acme.example"})
    shown = client.get(f"/v1/operations/{refused.headers['Operation-Id']}")
    assert shown.status_code == 200
    assert "bo@acme.example" not in shown.text


def test_an_operators_key_runs_a_command_for_a_tenant(operator: Client, acme: Party) -> None:
    made = operator.post("/v1/customers", {"tenant": acme.tenant, "kind": "person", "name": "Bo"})
    assert made.status_code == 201, made.text
    assert Customer.objects.get(pk=made.json()["customer"]).tenant_id == acme.tenant
    assert operator.post(f"/v1/tenants/{acme.tenant}/suspend", {"reason": "Audit"}).status_code == 200


def test_a_suspended_tenant_reads_but_does_not_transact(client: Client, acme: Party) -> None:
    done("accounts.suspend_tenant", tenant=acme.tenant, reason="Audit")
    assert client.get("/v1/wallets").status_code == 200
    answer = client.post("/v1/wallets", WALLET)
    assert (answer.status_code, answer.json()["code"]) == (403, "TENANT_SUSPENDED")


def test_an_operator_frees_the_key_of_a_refusal_and_of_nothing_else(
    client: Client, operator: Client, acme: Party
) -> None:
    done_ = client.post("/v1/wallets", WALLET, key="k").headers["Operation-Id"]
    body = {"reason": "asked for by phone"}
    answer = operator.post(f"/v1/operations/{done_}/reset-key", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "KEY_NOT_RESETTABLE")
    Operation.objects.filter(pk=done_)
    listed = operator.get("/v1/idempotency-keys", params={"key": "k", "tenant": acme.tenant}).json()["items"]
    assert [(each["operation"], each["resettable"]) for each in listed] == [(done_, False)]
    assert client.post(f"/v1/operations/{done_}/reset-key", body).status_code == 403
