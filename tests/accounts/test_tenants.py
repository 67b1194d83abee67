"""Tenants: made with their test tenants, provisioned whatever crashes, suspended, closed."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from apps.accounts.models import ApiKey, Invitation, Provisioning, Tenant, Wallet
from apps.accounts.services import provisioning
from apps.accounts.tasks import provision_tenants
from apps.core import clock
from apps.operations.models import Book, Event, Operation
from tests.support.door import code, done, eur, refused, run
from tests.support.tenants import World, world
from tests.support.threads import at_once, somebody_else, under_way, wait_until_blocked

pytestmark = pytest.mark.usefixtures("ledger_db")

CREATE_WALLET = "accounts.create_wallet"
ACME = {"name": "Acme", "slug": "acme", "base_currency": "EUR"}
RECIPIENT = {
    "kind": "bank_account",
    "name": "Hansa Bau",
    "currency": "EUR",
    "details": {"iban": "DE89370400440532013000"},
}


class TestCreating:
    def test_makes_two_active_tenants_with_books(self) -> None:
        made = done(
            "accounts.create_tenant", **ACME, time_zone="Asia/Tokyo", owner_email="owner@acme.example"
        )
        live, test = (Tenant.objects.get(pk=made[name]) for name in ("tenant", "test_tenant"))
        assert (live.status, test.status, test.test_of) == ("active", "active", live)
        assert [(each.book.slug, each.book.time_zone) for each in (live, test)] == [
            ("acme", "Asia/Tokyo"),
            ("acme-test", "Asia/Tokyo"),
        ]
        assert list(test.book.accounts.values_list("address", flat=True)) == ["bank:sandbox"]
        invitation = Invitation.objects.get()
        assert (invitation.tenant, invitation.email, invitation.role) == (live, "owner@acme.example", "owner")
        assert list(Event.objects.order_by("id").values_list("type", flat=True)) == [
            "tenant.created",
            "tenant.activated",
            "team.invited",
        ]

    def test_keeps_the_owners_address_encrypted(self) -> None:
        done("accounts.create_tenant", **ACME, owner_email="owner@acme.example")
        operation = Operation.objects.get(command="accounts.create_tenant")
        assert "owner@acme.example" not in str(operation.input)

    @pytest.mark.parametrize("slug", ["acme", "acme-test"])
    def test_takes_a_slug_once(self, acme: World, slug: str) -> None:
        assert refused("accounts.create_tenant", **ACME | {"slug": slug}) == "SLUG_TAKEN"


class TestTheQueue:
    def left_over(self) -> Provisioning:
        """A tenant whose provisioning never was tried."""
        provisioned = Operation.objects.filter(command="accounts.provision_tenant")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                provisioning.PROVISIONER.__class__, "can", lambda actor, _: actor.id == "system:test"
            )
            done("accounts.create_tenant", **ACME)
        assert not provisioned.filter(status="accepted").exists()
        assert not Book.objects.filter(slug="acme").exists()
        return Provisioning.objects.get()

    def test_takes_up_what_was_missed(self) -> None:
        left = self.left_over()
        assert left.tenant.status == "provisioning"
        provision_tenants()
        left.refresh_from_db()
        assert (left.status, Tenant.objects.get(pk=left.tenant_id).status) == ("done", "active")
        assert provisioning.work_off(now=clock.now()) == 0

    def test_is_worked_by_many_and_each_tenant_is_made_once(self) -> None:
        self.left_over()
        now = clock.now()
        assert sum(at_once(*[partial(provisioning.work_off, now=now)] * 4)) == 1
        assert Book.objects.filter(slug__startswith="acme").count() == 2

    def test_waits_between_tries_and_ends_as_failed(self) -> None:
        left = self.left_over()
        Book.objects.create(slug="acme", name="In the way", created_at=clock.now())
        now = clock.now()
        assert provisioning.work_off(now=now) == 1
        assert provisioning.work_off(now=now + provisioning.LEASE - timedelta(seconds=1)) == 0
        left.refresh_from_db()
        assert left.reason.startswith("SLUG_TAKEN: There is a book acme already")
        for number in range(1, provisioning.ATTEMPTS + 1):
            provisioning.work_off(now=now + number * provisioning.LEASE)
        left.refresh_from_db()
        assert (left.status, left.attempts) == ("failed", provisioning.ATTEMPTS + 1)

    def failed(self) -> Provisioning:
        """A tenant whose provisioning was tried too often, because a book stood in the way."""
        left = self.left_over()
        Book.objects.create(slug="acme", name="In the way", created_at=clock.now())
        for number in range(provisioning.ATTEMPTS + 1):
            provisioning.work_off(now=clock.now() + number * provisioning.LEASE)
        left.refresh_from_db()
        assert left.status == "failed"
        return left

    @pytest.mark.parametrize("of", ["tenant", "test_tenant"])
    def test_what_failed_is_provisioned_once_its_cause_is_gone(self, of: str) -> None:
        failed = self.failed()
        Book.objects.filter(slug="acme").update(slug="moved")
        tenant = failed.tenant if of == "tenant" else failed.tenant.test_tenant
        asked = {"tenant": tenant.pk, "reason": "book renamed"}
        assert "SLUG_TAKEN" in done("accounts.retry_provisioning", **asked)["failed_because"]
        assert {each.status for each in Tenant.objects.all()} == {"active"}
        assert Book.objects.filter(slug__startswith="acme").count() == 2
        assert refused("accounts.retry_provisioning", **asked) == "TENANT_STATUS_UNFIT"
        assert refused("accounts.abandon_tenant", **asked) == "TENANT_STATUS_UNFIT"

    def test_what_fails_again_is_tried_as_often_as_a_new_one(self) -> None:
        failed = self.failed()
        done("accounts.retry_provisioning", tenant=failed.tenant_id, reason="hope")
        failed.refresh_from_db()
        assert (failed.status, failed.attempts) == ("queued", 0)
        assert provisioning.work_off(now=clock.now()) == 1

    def test_what_is_still_tried_needs_nobody(self) -> None:
        asked = {"tenant": self.left_over().tenant_id, "reason": "impatient"}
        assert refused("accounts.retry_provisioning", **asked) == "TENANT_STATUS_UNFIT"
        assert refused("accounts.abandon_tenant", **asked) == "TENANT_STATUS_UNFIT"

    def test_what_is_given_up_frees_its_slugs(self) -> None:
        failed = self.failed()
        done("accounts.abandon_tenant", tenant=failed.tenant_id, reason="never mind")
        failed.refresh_from_db()
        assert failed.status == "abandoned"
        assert {each.status for each in Tenant.objects.all()} == {"closed"}
        assert provisioning.work_off(now=clock.now()) == 0
        Book.objects.filter(slug="acme").update(slug="moved")
        made = done("accounts.create_tenant", **ACME)
        assert Tenant.objects.get(slug="acme").pk == made["tenant"]


class TestLife:
    def test_changes_what_is_given(self, acme: World) -> None:
        done("accounts.update_tenant", tenant=acme.tenant, legal_name="Acme GmbH", country="DE")
        tenant = Tenant.objects.get(pk=acme.tenant)
        assert (tenant.name, tenant.legal_name, tenant.country) == ("Acme", "Acme GmbH", "DE")

    def test_a_suspended_one_opens_no_wallet(self, acme: World) -> None:
        done("accounts.suspend_tenant", tenant=acme.tenant, reason="fraud")
        assert refused("accounts.suspend_tenant", tenant=acme.tenant, reason="again") == "TENANT_STATUS_UNFIT"
        assert refused(CREATE_WALLET, actor=acme.key, currency="EUR") == "TENANT_SUSPENDED"
        assert refused(CREATE_WALLET, tenant=acme.tenant, currency="EUR") == "TENANT_STATUS_UNFIT"
        done("accounts.resume_tenant", tenant=acme.tenant, reason="cleared")
        assert done("accounts.create_wallet", actor=acme.key, currency="EUR")["currency"] == "EUR"

    @pytest.mark.parametrize("end", ["accounts.suspend_tenant", "accounts.close_tenant"])
    @pytest.mark.parametrize(
        ("command", "given"),
        [
            ("accounts.create_customer", {"kind": "person", "name": "Amara"}),
            ("accounts.create_recipient", RECIPIENT),
            ("accounts.invite_member", {"email": "amara@acme.example", "role": "viewer"}),
        ],
    )
    def test_an_ended_one_gets_nobody(
        self, acme: World, end: str, command: str, given: dict[str, Any]
    ) -> None:
        done(end, tenant=acme.test_tenant, reason="left")
        done(end, tenant=acme.tenant, reason="left")
        for actor, named in ((None, {"tenant": acme.tenant}), (acme.key, {})):
            assert refused(command, actor=actor, **named, **given) == "TENANT_STATUS_UNFIT"

    def test_its_flag_is_set_by_suspending_alone(self, acme: World) -> None:
        flag = {"name": "tenant_active", "scope": "tenant", "scope_id": acme.tenant, "enabled": False}
        assert refused("operations.set_feature_flag", **flag, reason="x") == "FLAG_SCOPE_INVALID"

    def test_is_closed_when_nothing_is_left_of_it(self, acme: World) -> None:
        wallet = acme.wallet()
        key = done("accounts.create_api_key", tenant=acme.tenant, name="k", scopes=["wallets:read"])[
            "api_key"
        ]
        close = partial(refused, "accounts.close_tenant", tenant=acme.tenant, reason="left")
        assert close() == "TENANT_NOT_EMPTY"
        done("accounts.close_tenant", tenant=acme.test_tenant, reason="left")
        assert close() == "TENANT_NOT_EMPTY"
        done("accounts.close_wallet", wallet=wallet, reason="left")
        done("accounts.close_tenant", tenant=acme.tenant, reason="left")
        assert ApiKey.objects.get(pk=key).revoked_at is not None
        assert refused("accounts.resume_tenant", tenant=acme.tenant, reason="x") == "TENANT_STATUS_UNFIT"

    @pytest.mark.parametrize("command", ["accounts.suspend_tenant", "accounts.close_tenant"])
    def test_opens_no_wallet_while_it_is_ended(self, acme: World, command: str) -> None:
        tenant = {"tenant": acme.test_tenant}
        with somebody_else() as other:
            other.execute("LOCK operations_featureflag IN SHARE MODE")
            with under_way(partial(run, command, **tenant, reason="fraud")) as [ending]:
                wait_until_blocked(1)
                by_key = partial(run, CREATE_WALLET, actor=acme.test_key, currency="EUR")
                with under_way(partial(run, CREATE_WALLET, **tenant, currency="EUR"), by_key) as opening:
                    try:
                        wait_until_blocked(3)
                    finally:
                        other.rollback()
        assert ending.result().accepted
        assert [code(each.result()) for each in opening] == ["TENANT_STATUS_UNFIT"] * 2
        assert not Wallet.objects.exists()

    def test_is_not_closed_while_it_opens_a_wallet(self, acme: World) -> None:
        tenant = {"tenant": acme.test_tenant}
        with somebody_else() as other:
            other.execute("LOCK accounts_wallet IN SHARE MODE")
            with under_way(partial(run, CREATE_WALLET, **tenant, currency="EUR")) as [opening]:
                wait_until_blocked(1)
                with under_way(partial(run, "accounts.close_tenant", **tenant, reason="left")) as [closing]:
                    try:
                        wait_until_blocked(2)
                    finally:
                        other.rollback()
        assert opening.result().accepted
        assert code(closing.result()) == "TENANT_NOT_EMPTY"
        assert Tenant.objects.get(pk=acme.test_tenant).status == "active"

    def test_of_others_is_not_known(self, acme: World) -> None:
        bloom = world("bloom")
        given = {"tenant": bloom.tenant, "kind": "person", "name": "Amara"}
        assert refused("accounts.create_customer", actor=acme.key, **given) == "TENANT_NOT_FOUND"
        assert refused("accounts.create_customer", kind="person", name="Amara") == "TENANT_REQUIRED"


class TestCustomersAndWallets:
    def test_an_external_id_is_a_tenants_own(self, acme: World) -> None:
        bloom = world("bloom")
        amara = {"kind": "person", "name": "Amara", "external_id": "c-1"}
        done("accounts.create_customer", actor=acme.key, **amara)
        assert refused("accounts.create_customer", actor=acme.key, **amara) == "EXTERNAL_ID_TAKEN"
        done("accounts.create_customer", actor=bloom.key, **amara)
        outcomes = at_once(
            *[partial(run, "accounts.create_wallet", actor=acme.key, currency="EUR", external_id="w")] * 3
        )
        assert sum(outcome.accepted for outcome in outcomes) == 1

    def test_a_customer_with_wallets_is_not_closed(self, acme: World) -> None:
        customer = done("accounts.create_customer", actor=acme.key, kind="business", name="Bo & Co")[
            "customer"
        ]
        wallet = done("accounts.create_wallet", actor=acme.key, customer=customer, currency="USD")["wallet"]
        close = {"actor": acme.key, "customer": customer, "reason": "left"}
        assert refused("accounts.close_customer", **close) == "CUSTOMER_HAS_WALLETS"
        done("accounts.close_wallet", actor=acme.key, wallet=wallet, reason="left")
        done("accounts.close_customer", **close)
        again = {"actor": acme.key, "customer": customer, "currency": "USD"}
        assert refused("accounts.create_wallet", **again) == "CUSTOMER_CLOSED"

    def test_a_wallet_is_renamed_and_described_and_keeps_the_rest(self, acme: World) -> None:
        wallet = acme.wallet(name="Savings", purpose="rainy days", metadata={"a": "1"}, category="investing")
        change = {"actor": acme.key, "wallet": wallet}
        assert done("accounts.update_wallet", **change, name="Holidays")["changed"] == ["name"]
        done("accounts.update_wallet", **change, metadata={"b": "2"})
        found = Wallet.objects.get(pk=wallet)
        assert (found.name, found.purpose, found.metadata) == ("Holidays", "rainy days", {"b": "2"})
        done("accounts.update_wallet", **change, purpose="the sea")
        assert done("accounts.update_wallet", **change)["changed"] == []
        found.refresh_from_db()
        assert (found.purpose, found.category, found.status) == ("the sea", "investing", "open")
        for fixed in ("currency", "category", "customer", "external_id"):
            assert refused("accounts.update_wallet", **change, **{fixed: "USD"}) == "INPUT_INVALID"
        told = Event.objects.filter(type="wallet.updated").order_by("id")
        assert [each.data["changed"] for each in told] == [["name"], ["metadata"], ["purpose"], []]
        assert {each.book_id for each in told} == {acme.book.pk}
        done("accounts.close_wallet", **change, reason="left")
        assert refused("accounts.update_wallet", **change, name="Back") == "WALLET_CLOSED"

    def test_a_wallet_with_money_is_not_closed(self, acme: World) -> None:
        wallet = acme.funded("1.00")
        close = {"actor": acme.key, "wallet": wallet, "reason": "left"}
        assert refused("accounts.close_wallet", **close) == "ACCOUNT_NOT_EMPTY"
        given = {"from_wallet": wallet, "to_wallet": acme.wallet(), "amount": eur("1.00")}
        done("transfers.create_transfer", **given)
        done("accounts.close_wallet", **close)
        assert refused("accounts.close_wallet", **close) == "WALLET_CLOSED"

    def test_what_is_anothers_is_not_found(self, acme: World) -> None:
        bloom = world("bloom")
        customer = done("accounts.create_customer", actor=bloom.key, kind="person", name="Bo")["customer"]
        wallet = bloom.wallet()
        for command, given in (
            ("accounts.close_wallet", {"wallet": wallet, "reason": "x"}),
            ("accounts.update_wallet", {"wallet": wallet, "name": "Mine"}),
            ("accounts.close_customer", {"customer": customer, "reason": "x"}),
            ("accounts.update_customer", {"customer": customer, "name": "Mine"}),
            ("accounts.create_wallet", {"customer": customer, "currency": "EUR"}),
        ):
            assert refused(command, actor=acme.key, **given) == "NOT_FOUND", command
