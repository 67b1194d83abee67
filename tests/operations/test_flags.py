"""Switches by scope: what is off anywhere that a command touches is off."""

from typing import Any

import pytest

from apps.core.actor import Actor
from apps.operations import books
from apps.operations.executor import execute_many
from apps.operations.models import Event, FeatureFlag
from tests.support.door import code, done, eur, everyone, held, moved, opened, refused, request, run, tenant

pytestmark = pytest.mark.usefixtures("ledger_db", "test_commands")

WALLET = "core_wallet_enabled"


def switch(scope: str, scope_id: str = "", *, on: bool) -> Any:
    """Set the flag for one scope, by command."""
    return done(
        "operations.set_feature_flag", name=WALLET, scope=scope, scope_id=scope_id, enabled=on, reason="drill"
    )


def of_tenant(slug: str) -> Actor:
    """An API key of a tenant."""
    return Actor("api_key", f"key of {slug}", slug, everyone().permissions, book_id=books.by_slug(slug).pk)


def test_what_was_never_switched_is_on() -> None:
    assert run("tests.switch").accepted


@pytest.mark.parametrize(
    ("scope", "scope_id"), [("everything", ""), ("currency", "EUR"), ("provider", "acme")]
)
def test_off_in_a_scope_that_is_touched_is_off(scope: str, scope_id: str) -> None:
    switch(scope, scope_id, on=False)
    outcome = run("tests.switch")
    assert code(outcome) == "FLAG_DENIED"
    assert outcome.error is not None
    assert outcome.error.details == {"flag": WALLET, "scope": scope, "scope_id": scope_id}
    switch(scope, scope_id, on=True)
    assert run("tests.switch").accepted


@pytest.mark.parametrize(
    ("scope", "scope_id"), [("currency", "USD"), ("provider", "other"), ("tenant", "ten_x")]
)
def test_off_in_another_scope_is_on(scope: str, scope_id: str) -> None:
    switch(scope, scope_id, on=False)
    assert run("tests.switch").accepted


def test_on_in_one_scope_does_not_outweigh_off_in_another() -> None:
    switch("currency", "EUR", on=True)
    switch("everything", on=False)
    assert refused("tests.switch") == "FLAG_DENIED"


def test_a_tenant_is_frozen_alone() -> None:
    acme, _ = tenant("acme"), tenant("bloom")
    switch("tenant", acme, on=False)
    assert refused("tests.switch", actor=of_tenant("acme")) == "FLAG_DENIED"
    assert run("tests.switch", actor=of_tenant("bloom")).accepted
    assert run("tests.switch").accepted


def test_a_frozen_tenants_money_is_not_moved_by_operators_either() -> None:
    acme = tenant("acme")
    for address, more in (("mint", {"floor": None}), ("amara", {}), ("reserve", {"names_holds": True})):
        opened(address, book="acme", **more)  # type: ignore[arg-type]
    moved("mint", "amara", "10.00", book="acme")
    hold = held("amara", "reserve", "1.00", book="acme")
    switch("tenant", acme, on=False)
    given = {
        "book": "acme",
        "account": "amara",
        "held_account": "reserve",
        "amount": eur("1.00"),
        "reason": "x",
    }
    assert refused("ledger.place_hold", **given) == "FLAG_DENIED"
    assert done("ledger.release_hold", hold=hold, reason="completions go on")["hold"] == hold


def test_a_refusal_by_flag_leaves_the_key_free() -> None:
    switch("everything", on=False)
    assert refused("tests.switch", key="k") == "FLAG_DENIED"
    switch("everything", on=True)
    assert run("tests.switch", key="k").accepted


class TestFailClosed:
    @pytest.fixture(autouse=True)
    def _fail_closed(self, settings: Any) -> None:
        settings.CORE_WALLET_FLAG_MODE = "fail_closed"

    def test_only_enabled_scopes_transact(self) -> None:
        assert refused("tests.switch") == "FLAG_DENIED"
        switch("currency", "EUR", on=True)
        assert run("tests.switch").accepted
        assert refused("tests.switch", currency="USD") == "FLAG_DENIED"

    def test_disabled_in_one_scope_is_off_although_another_is_on(self) -> None:
        switch("everything", on=True)
        assert run("tests.switch").accepted
        switch("provider", "acme", on=False)
        assert refused("tests.switch") == "FLAG_DENIED"

    def test_what_stands_behind_no_flag_goes_on(self) -> None:
        assert run("tests.register", email="a@example.com", pin="1", city="Bonn").accepted


class TestCompletions:
    def test_pass_a_freeze(self) -> None:
        switch("everything", on=False)
        assert run("tests.complete").accepted

    def test_do_not_pass_where_they_are_gated(self, settings: Any) -> None:
        settings.CORE_WALLET_COMPLETION_GATING = "gate"
        switch("everything", on=False)
        assert refused("tests.complete") == "FLAG_DENIED"

    def test_of_holds_do_not_pass_for_a_frozen_tenant_where_they_are_gated(self, settings: Any) -> None:
        acme = tenant("acme")
        for address, more in (("mint", {"floor": None}), ("amara", {}), ("reserve", {"names_holds": True})):
            opened(address, book="acme", **more)  # type: ignore[arg-type]
        moved("mint", "amara", "10.00", book="acme")
        hold = held("amara", "reserve", "1.00", book="acme")
        settings.CORE_WALLET_COMPLETION_GATING = "gate"
        switch("tenant", acme, on=False)
        assert refused("ledger.settle_hold", hold=hold, destination="mint", reason="x") == "FLAG_DENIED"
        switch("tenant", acme, on=True)
        switch("currency", "EUR", on=False)
        assert refused("ledger.release_hold", hold=hold, reason="x") == "FLAG_DENIED"


class TestSwitching:
    def test_tells_who_why_and_when(self) -> None:
        assert switch("currency", "EUR", on=False) == {
            "name": WALLET,
            "scope": "currency",
            "scope_id": "EUR",
            "enabled": False,
        }
        switch("currency", "EUR", on=True)
        flag = FeatureFlag.objects.get()
        assert (flag.enabled, flag.reason, flag.changed_by) == (True, "drill", "test")
        assert Event.objects.filter(type="flag.changed", subject=WALLET).count() == 2

    @pytest.mark.parametrize(("scope", "scope_id"), [("everything", "EUR"), ("currency", ""), ("tenant", "")])
    def test_needs_a_scope_that_is_named_rightly(self, scope: str, scope_id: str) -> None:
        given = {"name": WALLET, "scope": scope, "scope_id": scope_id, "enabled": False, "reason": "x"}
        assert refused("operations.set_feature_flag", **given) == "FLAG_SCOPE_INVALID"
        assert not FeatureFlag.objects.exists()

    def test_takes_effect_for_what_follows_in_the_same_call(self) -> None:
        off = {"name": WALLET, "scope": "everything", "scope_id": "", "enabled": False, "reason": "x"}
        outcomes = execute_many(
            [request("tests.switch"), request("operations.set_feature_flag", **off), request("tests.switch")]
        )
        assert [code(outcome) for outcome in outcomes] == [None, None, "FLAG_DENIED"]
