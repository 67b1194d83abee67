"""Who is let in, from where, to what."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings

from apps.accounts.models import ApiKey
from apps.api.callers import authenticate, caller_of, client_address
from apps.core import clock, ids
from apps.operations.models import Book
from tests.api.conftest import Client, Party, make_key
from tests.support.door import done
from tests.support.statements import statements


def test_no_key_is_refused(asking: Any) -> None:
    answer = asking(None).get("/v1/wallets")
    assert answer.status_code == 401
    assert answer.json()["code"] == "AUTHENTICATION_REQUIRED"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "change", [lambda key: key + "x", lambda key: key[:-1], lambda key: "ch_live_0_x", str.upper]
)
def test_a_wrong_key_is_refused_alike(client: Client, asking: Any, change: Any) -> None:
    wrong, other = (
        asking(change(client.key)).get("/v1/wallets"),
        asking("ch_live_000000000000_nothing").get("/v1/wallets"),
    )
    assert (wrong.status_code, wrong.json()["detail"]) == (401, other.json()["detail"])


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Basic abc", "Bearer ch_live_\xff", "Bearer " + "ch_" * 900]
)
def test_a_header_that_is_no_key_is_refused(http: Any, header: str) -> None:
    answer = http.get("/v1/wallets", headers={"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401


def test_a_revoked_key_ends_at_once(acme: Party, client: Client) -> None:
    assert client.get("/v1/wallets").status_code == 200
    done("accounts.revoke_api_key", api_key=acme.ids["api_key"], reason="lost")
    assert client.get("/v1/wallets").status_code == 401


def test_an_expired_key_is_refused(acme: Party, client: Client) -> None:
    ApiKey.objects.filter(pk=acme.ids["api_key"]).update(expires_at=clock.now() - timedelta(seconds=1))
    assert client.get("/v1/wallets").status_code == 401


def test_a_rotated_key_goes_on_beside_the_new_one(acme: Party, client: Client, asking: Any) -> None:
    rotated = client.post(f"/v1/api-keys/{acme.ids['api_key']}/rotate", {"overlap_hours": 1})
    assert rotated.status_code == 200, rotated.text
    assert client.get("/v1/wallets").status_code == 200
    assert asking(rotated.json()["secret"]).get("/v1/wallets").status_code == 200


def test_a_key_for_other_networks_is_refused(acme: Party, asking: Any) -> None:
    far = make_key(acme.tenant, networks=["203.0.113.0/24"])["secret"]
    answer = asking(far).get("/v1/wallets")
    assert (answer.status_code, answer.json()["code"]) == (403, "NETWORK_DENIED")
    near = make_key(acme.tenant, networks=["127.0.0.0/8", "::1/128"])["secret"]
    assert asking(near).get("/v1/wallets").status_code == 200


def test_a_forwarded_address_counts_behind_a_proxy_alone(acme: Party, asking: Any) -> None:
    far = asking(make_key(acme.tenant, networks=["203.0.113.0/24"])["secret"])
    forwarded = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}
    assert far.get("/v1/wallets", headers=forwarded).status_code == 403
    with override_settings(BEHIND_PROXY=True):
        assert far.get("/v1/wallets", headers=forwarded).status_code == 200
        spoofed = {"X-Forwarded-For": "203.0.113.9, 198.51.100.1"}
        assert far.get("/v1/wallets", headers=spoofed).status_code == 403


def test_the_address_is_the_one_that_the_proxy_wrote() -> None:
    meta = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "1.1.1.1, 2.2.2.2"}
    assert client_address(meta) == "10.0.0.1"
    with override_settings(BEHIND_PROXY=True):
        assert client_address(meta) == "2.2.2.2"


def test_last_used_is_kept_to_the_minute(acme: Party, client: Client) -> None:
    client.get("/v1/wallets")
    first = ApiKey.objects.get(pk=acme.ids["api_key"]).last_used_at
    client.get("/v1/wallets")
    assert first is not None
    assert ApiKey.objects.get(pk=acme.ids["api_key"]).last_used_at == first
    ApiKey.objects.filter(pk=acme.ids["api_key"]).update(last_used_at=first - timedelta(seconds=61))
    client.get("/v1/wallets")
    assert ApiKey.objects.get(pk=acme.ids["api_key"]).last_used_at >= first


def test_a_key_is_looked_up_in_one_query(acme: Party) -> None:
    now = clock.now()
    shown = {"HTTP_AUTHORIZATION": f"Bearer {acme.key}", "REMOTE_ADDR": "127.0.0.1"}
    authenticate(shown, now)
    with statements() as counted:
        caller = authenticate(shown, now)
    assert caller.tenant_id == acme.tenant
    assert len(counted) == 1


def test_a_key_whose_tenant_has_no_book_yet_reaches_nothing(acme: Party, asking: Any) -> None:
    """Without a book it would be taken for one that reaches all of them."""
    made = done("accounts.create_tenant", name="Slow", slug="slow", base_currency="EUR")
    secret = make_key(made["tenant"])["secret"]
    Book.objects.filter(tenant_id=made["tenant"]).update(tenant_id=ids.new_id("ten"))
    answer = asking(secret).get(f"/v1/wallets/{acme.wallet}/statement")
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (
        503,
        "TENANT_UNREADY",
        "1",
    )
    assert caller_of(ApiKey.objects.get(tenant_id=made["tenant"]).pk, clock.now()) is None


def test_after_the_database_was_away_the_next_request_is_answered(client: Client) -> None:
    assert client.get("/v1/wallets").status_code == 200
    assert client.post("/v1/wallets", {"currency": "EUR"}).status_code == 201
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    assert {client.get("/v1/wallets").status_code for _ in range(8)} == {200}
    assert client.post("/v1/wallets", {"currency": "EUR"}).status_code == 201


def test_a_missing_scope_is_named(acme: Party, asking: Any) -> None:
    reader = asking(make_key(acme.tenant, "customers:read")["secret"])
    assert reader.get("/v1/customers").status_code == 200
    answer = reader.get("/v1/wallets")
    assert answer.status_code == 403
    assert answer.json()["code"] == "AUTHORIZATION_FAILED"
    assert answer.json()["details"] == {"scope": "wallets:read"}
    written = reader.post("/v1/wallets", {"currency": "EUR"})
    assert (written.status_code, written.json()["details"]) == (403, {"scope": "wallets:write"})


def test_a_tenants_key_reaches_no_platform_route(client: Client, acme: Party) -> None:
    for path in (
        "/v1/tenants",
        f"/v1/tenants/{acme.tenant}",
        "/v1/platform/statistics",
        "/v1/idempotency-keys",
    ):
        assert client.get(path).status_code == 403, path


def test_an_operator_reaches_all_tenants(operator: Client, acme: Party, globex: Party) -> None:
    found = {wallet["id"] for wallet in operator.get("/v1/wallets").json()["items"]}
    assert {acme.wallet, globex.wallet} <= found
    of_one = operator.get("/v1/wallets", params={"tenant": acme.tenant}).json()["items"]
    assert {wallet["tenant"] for wallet in of_one} == {acme.tenant}
    assert operator.get(f"/v1/wallets/{globex.wallet}/balances").json()["available"]["amount"] == "100.00"
    assert operator.get(f"/v1/tenants/{globex.tenant}").json()["id"] == globex.tenant
