"""Payouts in files: kept until the cut-off, cut once, handed over, told of, booked and returned; exact balances."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from apps.operations.models import Event
from apps.providers.adapters import adapter_of
from apps.providers.models import Attempt, RailFile, RailPayment
from apps.transfers.models import Transfer
from apps.transfers.services.sending import instruction
from tests.support.door import balance, done, refused
from tests.support.files import (
    BANKFILE,
    at_the_cut_off,
    bankfile,
    cut,
    gone,
    hand_over,
    quarantined,
    sent,
    statuses,
    told_by,
)
from tests.support.inbound import hook_up
from tests.support.payouts import pay_out, recipient, status, work
from tests.support.sandbox import KEY, Sandbox
from tests.support.tenants import World, parts

pytestmark = pytest.mark.usefixtures("ledger_db")


@pytest.fixture
def bank(sandbox: Sandbox, live_server: Any) -> Sandbox:
    """The sandbox, whose bank for files reports to a real server of ours."""
    hook_up(sandbox, live_server.url)
    return sandbox


class TestLife:
    def test_is_booked_from_the_statement(self, acme: World, wallet: str, bank: Sandbox) -> None:
        provider = bankfile(bank)
        [made] = sent(acme, wallet, "40.00")
        assert (status(made), statuses(provider)) == ("provider_processing", ["waiting"])
        assert parts(wallet) == ("60.00", "40.00")
        [file] = cut(provider)
        assert (file.count, file.money.decimal, file.status) == (1, "40.00", "made")
        assert statuses(provider) == ["in_file"]
        hand_over()
        file.refresh_from_db()
        assert file.status == "taken"
        told_by(bank)
        assert (status(made), statuses(provider)) == ("completed", ["booked"])
        assert parts(wallet) == ("60.00", "0.00")
        assert balance("provider:sandbox-bankfile", book="acme") == "-40.00"
        [order] = bank.truth()["order"]
        assert (order["status"], order["amount"], order["desk"]) == ("completed", "40.00", "bankfile")
        assert quarantined() == []

    def test_of_a_file_some_are_rejected_and_the_others_booked(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        provider = bankfile(bank)
        bank.fault(do={"outcome": "fail:ac04"}, amount="20.00")
        good, bad = sent(acme, wallet, "10.00", "20.00")
        file = gone(provider)
        assert (file.count, file.money.decimal, file.status) == (2, "30.00", "taken")
        told_by(bank)
        assert (status(good), status(bad)) == ("completed", "compensated")
        assert statuses(provider) == ["booked", "rejected"]
        assert parts(wallet) == ("90.00", "0.00")
        refused = Transfer.objects.get(pk=bad)
        assert (refused.failure_code, refused.failure_message) == ("AC04", "The account is closed.")
        assert balance("provider:sandbox-bankfile", book="acme") == "-10.00"

    def test_a_file_that_is_rejected_gives_all_of_it_back(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        provider = bankfile(bank)
        bank.fault(do={"outcome": "fail:ff01"}, kind="file")
        made = sent(acme, wallet, "10.00", "20.00")
        file = gone(provider)
        told_by(bank)
        file.refresh_from_db()
        assert ([status(each) for each in made], file.status) == (["compensated"] * 2, "taken")
        assert statuses(provider) == ["rejected"] * 2
        assert parts(wallet) == ("100.00", "0.00")
        assert bank.truth()["order"] == []

    def test_what_comes_back_later_is_the_wallets_again(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        provider = bankfile(bank)
        [made] = sent(acme, wallet, "40.00")
        gone(provider)
        told_by(bank)
        assert (status(made), parts(wallet)) == ("completed", ("60.00", "0.00"))
        [payment] = RailPayment.objects.all()
        bank.give_back("bankfile", payment.reference.replace("_", "-"), code="ac06")
        told_by(bank)
        payment.refresh_from_db()
        assert (status(made), payment.status, payment.code) == ("reversed", "returned", "AC06")
        assert parts(wallet) == ("100.00", "0.00")
        assert balance("provider:sandbox-bankfile", book="acme") == "0.00"

    def test_in_dollars_goes_by_swift_in_a_file_of_its_own(self, acme: World, bank: Sandbox) -> None:
        provider = bankfile(bank)
        dollars, euros = acme.funded("100.00", "USD"), acme.funded("100.00")
        details = {"account_number": "123456789", "bank_code": "021000021", "bic": "CHASUS33XXX"}
        to = recipient(acme, "USD", details=details, country="US")
        first = pay_out(acme, dollars, to, "40.00", "USD")["transfer"]
        second = pay_out(acme, euros, recipient(acme), "30.00")["transfer"]
        work()
        files = cut(provider)
        assert sorted((each.scheme, each.currency, each.count) for each in files) == [
            ("sepa", "EUR", 1),
            ("swift", "USD", 1),
        ]
        hand_over()
        told_by(bank)
        assert (status(first), status(second)) == ("completed", "completed")
        assert (parts(dollars), parts(euros)) == (("60.00", "0.00"), ("70.00", "0.00"))


class TestBeforeTheCutOff:
    def test_is_cancelled_and_never_leaves(self, acme: World, wallet: str, bank: Sandbox) -> None:
        provider = bankfile(bank)
        [made] = sent(acme, wallet, "40.00")
        transfer = Transfer.objects.get(pk=made)
        asked = instruction(transfer, transfer.submission)
        assert adapter_of(provider).cancel(asked.reference, asked).outcome == "cancelled"
        assert cut(provider) == []
        assert adapter_of(provider).submit(asked).code == "REFERENCE_CANCELLED"
        assert statuses(provider) == ["cancelled"]

    def test_what_is_in_a_file_is_not_cancelled(self, acme: World, wallet: str, bank: Sandbox) -> None:
        provider = bankfile(bank)
        [made] = sent(acme, wallet, "40.00")
        cut(provider)
        transfer = Transfer.objects.get(pk=made)
        asked = instruction(transfer, transfer.submission)
        assert adapter_of(provider).cancel(asked.reference, asked).outcome == "accepted"
        assert statuses(provider) == ["in_file"]

    def test_what_never_came_is_not_known_and_then_never_comes(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        provider = bankfile(bank)
        [made] = sent(acme, wallet, "40.00")
        asked = instruction(Transfer.objects.get(pk=made), f"{made}.9")
        adapter = adapter_of(provider)
        assert adapter.query(asked.reference, asked).outcome == "not_found"
        assert adapter.cancel(asked.reference, asked).outcome == "cancelled"
        assert adapter.submit(asked).outcome == "not_accepted"
        assert len(cut(provider)[0].payments.all()) == 1

    def test_what_no_file_can_say_goes_back_at_once(self, acme: World, wallet: str, bank: Sandbox) -> None:
        bankfile(bank, options={"swift": False})
        to = recipient(acme, details={"account_number": "123456789", "bank_code": "021000021"}, country="US")
        made = pay_out(acme, wallet, to)["transfer"]
        work()
        assert (status(made), parts(wallet)) == ("compensated", ("100.00", "0.00"))
        assert Transfer.objects.get(pk=made).failure_code == "PAYMENT_UNWRITABLE"

    def test_waits_for_no_cut_off_if_an_operator_says_so(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        provider = bankfile(bank)
        sent(acme, wallet, "40.00")
        made = done("providers.cut_file", provider=provider.name)
        assert len(made["files"]) == 1
        assert statuses(provider) == ["in_file"]

    def test_a_locked_provider_cuts_and_hands_over_nothing(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        provider = bankfile(bank)
        sent(acme, wallet, "10.00")
        [file] = cut(provider)
        sent(acme, wallet, "20.00")
        done("providers.lock_sending", provider=provider.name, reason="an incident")
        assert cut(provider) == []
        hand_over()
        file.refresh_from_db()
        assert (file.status, file.tries) == ("made", 0)
        done("providers.unlock_sending", provider=provider.name)
        assert len(cut(provider)) == 1

    @pytest.mark.parametrize(("scope", "scope_id"), [("provider", "sandbox-bankfile"), ("currency", "EUR")])
    def test_what_is_frozen_is_cut_once_the_freeze_is_lifted(
        self, acme: World, wallet: str, bank: Sandbox, scope: str, scope_id: str
    ) -> None:
        provider = bankfile(bank)
        sent(acme, wallet, "40.00")
        flag = {"name": "core_wallet_enabled", "scope": scope, "scope_id": scope_id, "reason": "incident"}
        done("operations.set_feature_flag", enabled=False, **flag)
        assert (cut(provider), statuses(provider)) == ([], ["waiting"])
        done("operations.set_feature_flag", enabled=True, **flag)
        assert len(cut(provider)) == 1


class TestHandingOver:
    @pytest.mark.parametrize("fault", ["timeout_after", "reset_after", "error_after", "garbage"])
    def test_an_answer_that_was_lost_is_asked_for(
        self, acme: World, wallet: str, bank: Sandbox, fault: str
    ) -> None:
        provider = bankfile(bank, options={"answer_seconds": 1})
        bank.fault(do={"submit": fault}, kind="file")
        [made] = sent(acme, wallet, "40.00")
        file = gone(provider)
        assert (file.status, file.tries) == ("made", 1)
        hand_over()
        file.refresh_from_db()
        assert (file.status, file.tries) == ("taken", 2)
        told_by(bank)
        assert (status(made), parts(wallet)) == ("completed", ("60.00", "0.00"))
        truth = bank.truth()
        assert (len(truth["file"]), len(truth["order"])) == (1, 1)

    @pytest.mark.parametrize("fault", ["timeout_before", "reset_before", "error_before", "not_accepted"])
    def test_a_file_that_never_arrived_is_given_again_byte_by_byte(
        self, acme: World, wallet: str, bank: Sandbox, fault: str
    ) -> None:
        provider = bankfile(bank, options={"answer_seconds": 1})
        bank.fault(do={"submit": fault}, kind="file")
        sent(acme, wallet, "40.00")
        file = gone(provider)
        assert file.status == "made"
        hand_over()
        file.refresh_from_db()
        assert file.status == "taken"
        [there] = bank.truth()["file"]
        assert there["content"].encode() == bytes(file.content)
        assert there["sha256"] == bytes(file.sha256).hex()

    def test_a_file_that_the_channel_refuses_gives_all_of_it_back(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        provider = bankfile(bank)
        bank.fault(do={"submit": "refuse"}, kind="file")
        [made] = sent(acme, wallet, "40.00")
        file = gone(provider)
        told_by(bank)
        assert (file.status, status(made), parts(wallet)) == ("refused", "compensated", ("100.00", "0.00"))
        assert Event.objects.filter(type="alert.raised", data__reason="payment file").count() == 1

    def test_a_duplicate_that_the_bank_refuses_releases_no_money(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        provider = bankfile(bank)
        bank.set(delays="5")
        [made] = sent(acme, wallet, "40.00")
        file = gone(provider)
        again = httpx.put(
            f"{provider.base_url}/files/{file.message_id}",
            content=bytes(file.content),
            headers={"Authorization": f"Bearer {KEY}"},
        )
        assert (again.status_code, again.json()["code"]) == (409, "duplicate")
        bank.set(delays="0.05")
        told_by(bank)
        assert any("duplicate" in why for why in quarantined())
        assert (status(made), parts(wallet)) == ("completed", ("60.00", "0.00"))
        assert [order["amount"] for order in bank.truth()["order"]] == ["40.00"]

    def test_a_worker_that_was_killed_after_cutting_repeats_nothing(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        provider = bankfile(bank)
        sent(acme, wallet, "40.00")
        at = at_the_cut_off(provider)
        [file] = cut(provider)
        assert cut(provider) == []
        RailFile.objects.update(
            tries=1, next_attempt_at=at + timedelta(minutes=2)
        )  # killed while it handed over
        hand_over()
        hand_over()
        file.refresh_from_db()
        assert (file.status, len(bank.truth()["file"])) == ("taken", 1)

    def test_play_money_goes_to_no_bank_that_is_not_the_sandbox(
        self, acme: World, wallet: str, bank: Sandbox, live_server: Any
    ) -> None:
        provider = bankfile(bank, base_url=live_server.url)
        sent(acme, wallet, "40.00")
        [file] = cut(provider)
        hand_over()
        file.refresh_from_db()
        assert (file.status, file.said) == ("made", "This is no sandbox, and play money goes nowhere else.")

    def test_a_provider_stays_of_play_or_of_real_money(self, bank: Sandbox) -> None:
        provider = bankfile(bank)
        given = {"name": provider.name, "title": "Bank", "adapter": "bankfile", "base_url": provider.base_url}
        code = refused("providers.set_provider", **given, options=BANKFILE | {"play": False})
        assert code == "PROVIDER_PLAY_IS_FIXED"


def test_the_evidence_of_a_submission_says_when_it_leaves(acme: World, wallet: str, bank: Sandbox) -> None:
    provider = bankfile(bank)
    [made] = sent(acme, wallet, "40.00")
    [payment], [attempt] = RailPayment.objects.all(), Attempt.objects.filter(subject=made, action="submit")
    assert attempt.answer.outcome == "accepted"
    assert Transfer.objects.get(pk=made).expected_at == payment.expected_at
    assert payment.due_at == at_the_cut_off(provider)
    assert payment.expected_at > payment.due_at
