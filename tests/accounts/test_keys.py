"""API keys: shown once, rotated with an overlap, revoked at once, a tenant's own."""

from datetime import timedelta
from typing import Any

import pytest

from apps.accounts import scopes
from apps.accounts.models import ApiKey, Tenant, TenantStatus
from apps.accounts.services.keys import digest
from apps.core import clock, ids
from apps.operations import people, registry
from apps.operations.models import Event, Operation
from tests.support.door import done, refused, run
from tests.support.tenants import World, key_of, world

pytestmark = pytest.mark.usefixtures("ledger_db")


def made(acme: World, **more: Any) -> Any:
    return done("accounts.create_api_key", tenant=acme.tenant, name="shop", scopes=["wallets:write"], **more)


def test_a_key_is_shown_once_and_stored_nowhere(acme: World) -> None:
    given = {"tenant": acme.tenant, "name": "shop", "scopes": ["wallets:write", "wallets:read"]}
    first = run("accounts.create_api_key", key="once", **given).result
    again = run("accounts.create_api_key", key="once", **given)
    assert first["secret"].startswith(f"{first['prefix']}_")
    assert again.replayed
    assert again.result == {**first, "secret": "••••••"}
    stored = Operation.objects.get(key="once")
    assert first["secret"] not in f"{stored.input}{stored.result}"
    key = ApiKey.objects.get()
    assert bytes(key.digest) == digest(first["secret"])
    assert key.scopes == ["wallets:read", "wallets:write"]


def test_the_environment_stands_in_the_prefix(acme: World) -> None:
    test = done("accounts.create_api_key", tenant=acme.test_tenant, name="t", scopes=["wallets:read"])
    ours = done("accounts.create_operator_key", name="ops", scopes=["platform:read"])
    assert [key["prefix"][:8] for key in (made(acme), test, ours)] == ["ch_live_", "ch_test_", "ch_ops_" + ours["prefix"][7]]  # fmt: skip


def test_a_rotated_key_goes_on_for_a_while(acme: World) -> None:
    old = made(acme)
    new = done("accounts.rotate_api_key", api_key=old["api_key"], overlap_hours=2)
    before, after = ApiKey.objects.get(pk=old["api_key"]), ApiKey.objects.get(pk=new["api_key"])
    assert (after.name, after.scopes, after.replaces) == (before.name, before.scopes, before)
    assert before.is_valid(clock.now() + timedelta(minutes=119))
    assert not before.is_valid(clock.now() + timedelta(minutes=121))
    assert refused("accounts.rotate_api_key", api_key=old["api_key"]) == "API_KEY_ENDED"


def test_a_revoked_key_is_nobody(acme: World) -> None:
    key = made(acme)["api_key"]
    assert people.actor("api_key", key).book_id == acme.book.pk
    done("accounts.revoke_api_key", api_key=key, reason="leaked")
    with pytest.raises(Exception, match="has not ended"):
        people.actor("api_key", key)
    assert refused("accounts.revoke_api_key", api_key=key, reason="again") == "API_KEY_ENDED"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"scopes": ["platform:write"]}, "INPUT_INVALID"),
        ({"scopes": []}, "INPUT_INVALID"),
        ({"networks": ["203.0.113.7/33"]}, "INPUT_INVALID"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "EXPIRY_PAST"),
    ],
)
def test_a_key_that_cannot_be_made(acme: World, change: dict[str, Any], expected: str) -> None:
    given = {"tenant": acme.tenant, "name": "shop", "scopes": ["wallets:read"]}
    assert refused("accounts.create_api_key", **given | change) == expected


def test_a_key_makes_none_that_may_do_more_than_itself(acme: World) -> None:
    keeper = key_of(acme.book.pk, "keys:write", "wallets:read")
    given = {"actor": keeper, "name": "shop"}
    assert done("accounts.create_api_key", scopes=["wallets:read"], **given)["scopes"] == ["wallets:read"]
    wider = {"scopes": ["wallets:read", "transfers:write"], **given}
    assert refused("accounts.create_api_key", **wider) == "SCOPES_TOO_WIDE"
    strong = made(acme)["api_key"]
    assert refused("accounts.rotate_api_key", actor=keeper, api_key=strong) == "SCOPES_TOO_WIDE"
    platform = scopes.actor(ids.new_id("key"), "ops", frozenset({"keys:write"}), None)
    ours = done("accounts.create_operator_key", name="ours", scopes=["platform:write"])["api_key"]
    assert refused("accounts.rotate_api_key", actor=platform, api_key=ours) == "SCOPES_TOO_WIDE"


def test_a_tenant_that_is_being_set_up_or_was_closed_gets_no_key(acme: World) -> None:
    for status in (TenantStatus.PROVISIONING, TenantStatus.CLOSED):
        Tenant.objects.filter(pk=acme.tenant).update(status=status)
        given = {"tenant": acme.tenant, "name": "shop", "scopes": ["wallets:read"]}
        assert refused("accounts.create_api_key", **given) == "TENANT_STATUS_UNFIT"


def test_what_is_done_to_a_tenants_keys_stands_in_its_feed(acme: World) -> None:
    key = made(acme)["api_key"]
    done("accounts.revoke_api_key", api_key=key, reason="lost")
    told = Event.objects.filter(subject=key).values_list("type", "book__slug")
    assert sorted(told) == [("api_key.created", "acme"), ("api_key.revoked", "acme")]


def test_networks_are_kept_in_their_own_spelling(acme: World) -> None:
    made(acme, networks=["203.0.113.7", "2001:DB8::1/32"])
    assert ApiKey.objects.get().networks == ["203.0.113.7/32", "2001:db8::/32"]


def test_keys_of_others_are_not_known(acme: World) -> None:
    key = made(world("bloom"))["api_key"]
    assert refused("accounts.revoke_api_key", actor=acme.key, api_key=key, reason="x") == "NOT_FOUND"


def test_a_key_may_what_its_scopes_open(acme: World) -> None:
    reader = key_of(acme.book.pk, "wallets:read")
    assert refused("accounts.create_wallet", actor=reader, currency="EUR") == "AUTHORIZATION_FAILED"
    writer = key_of(acme.book.pk, "wallets:write")
    assert done("accounts.create_wallet", actor=writer, currency="EUR")["currency"] == "EUR"


def test_every_command_of_the_api_has_a_scope_that_can_be_given() -> None:
    from apps.accounts.scopes import SCOPES

    commands = [command for command in registry.all_commands() if "api" in command.surfaces]
    assert commands
    assert {command.scope for command in commands} <= SCOPES.keys()
