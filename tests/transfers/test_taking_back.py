"""Pay-ins of real deposits that are reversed: nothing vanishes, and nothing is given back twice."""

from functools import partial
from typing import Any

import pytest
from django.core.management import call_command

from apps.core import ids
from apps.ledger.models import JournalEntry
from apps.operations.models import Event
from apps.transfers import reserves
from apps.transfers.arrivals import Deposit
from apps.transfers.models import Transfer
from apps.transfers.reserves import RollingReserve
from tests.support.arrivals import arrived, assert_agrees, assert_paired, at_the_bank, charged_back
from tests.support.door import balance, code, done, eur, moved, opened, person, refused, run
from tests.support.payouts import later, status, work
from tests.support.policies import agrees
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, available, has
from tests.support.threads import somebody_else, under_way, wait_until_blocked

pytestmark = pytest.mark.usefixtures("ledger_db")


def reverse(deposit: Deposit) -> None:
    deposit.refresh_from_db()
    done("transfers.reverse_transfer", transfer=deposit.transfer_id, reason="wrong wallet")


def cannot_reverse(deposit: Deposit) -> str:
    deposit.refresh_from_db()
    return refused("transfers.reverse_transfer", transfer=deposit.transfer_id, reason="wrong wallet")


def assign(deposit: Deposit, wallet: str) -> None:
    done("transfers.assign_deposit", deposit=deposit.pk, wallet=wallet, reason="theirs")


def assert_open(deposit: Deposit) -> None:
    deposit.refresh_from_db()
    assert (deposit.status, deposit.transfer, deposit.wallet, deposit.book) == ("open", None, None, None)
    assert [name for name, at in deposit.stages if at] == ["received", "verified"]
    assert balance("suspense:deposits") == deposit.money.decimal


class TestReversing:
    def test_a_deposit_that_was_credited_puts_it_in_suspense(self, acme: World, bank: Sandbox) -> None:
        wallet, right = acme.wallet(), acme.wallet()
        deposit = arrived(bank, reference=wallet)
        wrong = str(deposit.transfer_id)
        reverse(deposit)
        assert (status(wrong), available(wallet)) == ("reversed", "0.00")
        assert_open(deposit)
        assert "wrong wallet" in deposit.why
        assert_agrees(bank)
        told = Event.objects.get(type="deposit.suspended")
        assert (told.subject, told.data["why"]) == (deposit.pk, deposit.why)
        assign(deposit, right)
        assert (available(right), balance("suspense:deposits")) == ("25.00", "0.00")
        assert_agrees(bank)
        assert_paired("acme")

    def test_a_deposit_that_was_assigned_pairs_the_books(self, acme: World, bank: Sandbox) -> None:
        wallet, right = acme.wallet(), acme.wallet()
        deposit = arrived(bank)
        assign(deposit, wallet)
        reverse(deposit)
        assert_open(deposit)
        assert (available(wallet), balance("due_to:acme")) == ("0.00", "0.00")
        assert_paired("acme")
        assert_agrees(bank)
        assign(deposit, right)
        reverse(deposit)
        assert_open(deposit)
        assert_paired("acme")

    def test_the_same_wallet_may_have_it_again(self, acme: World, bank: Sandbox) -> None:
        wallet = acme.wallet()
        deposit = arrived(bank, reference=wallet)
        for _ in range(2):
            reverse(deposit)
            assert available(wallet) == "0.00"
            assign(deposit, wallet)
        assert available(wallet) == "25.00"
        assert_paired("acme")
        assert_agrees(bank)
        assert Transfer.objects.filter(status="reversed").count() == 2

    def test_what_is_spent_is_not_taken_back(self, acme: World, bank: Sandbox) -> None:
        wallet, other = acme.wallet(), acme.wallet()
        deposit = arrived(bank, reference=wallet)
        spent = {"from_wallet": wallet, "to_wallet": other, "amount": eur("20.00")}
        done("transfers.create_transfer", actor=acme.key, **spent)
        assert cannot_reverse(deposit) == "INSUFFICIENT_BALANCE"
        deposit.refresh_from_db()
        assert deposit.status == "credited"

    def test_what_was_refunded_is_not_taken_as_well(self, acme: World, bank: Sandbox) -> None:
        wallet = acme.wallet()
        deposit = arrived(bank, "100.00", reference=wallet)
        arrived(bank, "100.00", reference=wallet)
        done("transfers.create_refund", actor=acme.key, transfer=deposit.transfer_id, amount=eur("30.00"))
        assert cannot_reverse(deposit) == "PAY_IN_GIVEN_BACK"
        work()
        bank.settle()
        with later(days=1):
            work()
            work()
        assert cannot_reverse(deposit) == "PAY_IN_GIVEN_BACK"
        assert available(wallet) == "170.00"

    def test_what_was_charged_back_is_not_taken_as_well(self, acme: World, bank: Sandbox) -> None:
        wallet = acme.funded("100.00")
        deposit = arrived(bank, reference=wallet)
        charged_back(bank, deposit, "5.00")
        assert cannot_reverse(deposit) == "PAY_IN_GIVEN_BACK"

    def test_what_was_kept_back_of_it_goes_with_it(self, acme: World, bank: Sandbox) -> None:
        wallet = acme.wallet()
        given = {"wallet": wallet, "basis_points": 1_000, "days": 90}
        done("transfers.set_reserve_policy", **given, reason="new merchant")
        reserves.forget()
        deposit = arrived(bank, reference=wallet)
        reverse(deposit)
        assert (available(wallet), balance(f"reserve:{wallet}", book="acme")) == ("0.00", "0.00")
        assert RollingReserve.objects.get().status == "released"
        assert_open(deposit)

    def test_one_posted_by_hand_is_reversed_but_not_what_was_refunded(self, acme: World) -> None:
        wallet = acme.funded("100.00")
        pay_in = Transfer.objects.get(destination_wallet=wallet)
        acme_bank = {"wallet": wallet, "amount": eur("100.00"), "from_account": "bank:ing"}
        other = done("transfers.post_pay_in", **acme_bank)["transfer"]
        done("transfers.create_refund", transfer=pay_in.pk, amount=eur("1.00"))
        given = {"reason": "twice"}
        assert refused("transfers.reverse_transfer", transfer=pay_in.pk, **given) == "PAY_IN_GIVEN_BACK"
        done("transfers.reverse_transfer", transfer=other, **given)
        assert available(wallet) == "99.00"


class TestGivenBackOnce:
    """Whoever paid is not paid twice, by a refund and by a chargeback."""

    def test_what_was_charged_back_is_not_refunded(self, acme: World, bank: Sandbox) -> None:
        acme.wallet()
        wallet = acme.funded("100.00")
        deposit = arrived(bank, reference=wallet)
        charged_back(bank, deposit, "10.00")
        given = {"transfer": deposit.transfer_id, "actor": acme.key}
        assert refused("transfers.create_refund", amount=eur("15.01"), **given) == "REFUND_TOO_LARGE"
        assert done("transfers.create_refund", **given)["amount"] == eur("15.00")
        assert refused("transfers.create_refund", **given) == "REFUND_TOO_LARGE"

    def test_what_was_refunded_is_charged_back_by_a_person_alone(self, acme: World, bank: Sandbox) -> None:
        wallet = acme.funded("100.00")
        deposit = arrived(bank, reference=wallet)
        done("transfers.create_refund", transfer=deposit.transfer_id, amount=eur("20.00"))
        charged_back(bank, deposit, "5.00")
        assert available(wallet) == "100.00"
        chargeback = charged_back(bank, deposit, "0.01")
        assert (chargeback.status, available(wallet)) == ("open", "100.00")
        assert chargeback.note.startswith("20.00 EUR of the deposit was refunded already")
        told = Event.objects.get(type="alert.raised")
        assert (told.data["chargeback"], told.data["why"]) == (chargeback.pk, chargeback.note)
        done("transfers.post_chargeback", chargeback=chargeback.pk, reason="They keep it.")
        assert available(wallet) == "99.99"


class TestChargebacks:
    def test_of_what_was_assigned_go_through_both_books(self, acme: World, bank: Sandbox) -> None:
        wallet, other = acme.wallet(), acme.wallet()
        deposit = arrived(bank)
        assign(deposit, wallet)
        spent = {"from_wallet": wallet, "to_wallet": other, "amount": eur("20.00")}
        done("transfers.create_transfer", actor=acme.key, **spent)
        chargeback = charged_back(bank, deposit, "10.00")
        assert (chargeback.status, has(wallet).owed.decimal) == ("posted", "5.00")
        assert balance("due_to:acme") == balance("due_from:platform", book="acme") == "15.00"
        assert_paired("acme")
        assert at_the_bank() == "15.00"

    def test_that_a_frozen_wallet_refused_are_posted_by_a_person(self, acme: World, bank: Sandbox) -> None:
        wallet = acme.wallet()
        deposit = arrived(bank, reference=wallet)
        account = {"book": "acme", "account": f"wallet:{wallet}:available", "currency": "EUR"}
        freeze = done("ledger.freeze_account", **account, direction="both", reason="court")["freeze"]
        chargeback = charged_back(bank, deposit)
        given = {"chargeback": chargeback.pk, "reason": "unfrozen"}
        assert (chargeback.status, available(wallet)) == ("open", "25.00")
        closed = {"chargeback": chargeback.pk, "note": "away"}
        assert refused("transfers.close_chargeback", **closed) == "CHARGEBACK_TO_BE_POSTED"
        assert refused("transfers.post_chargeback", **given) == "ACCOUNT_FROZEN"
        done("ledger.unfreeze_account", freeze=freeze, reason="over")
        ann = person("ann@example.com", "operator")
        done("transfers.post_chargeback", actor=ann, **given)
        chargeback.refresh_from_db()
        deposit.refresh_from_db()
        assert (chargeback.status, chargeback.note, deposit.charged_back) == ("posted", "unfrozen", 2_500)
        assert (available(wallet), at_the_bank()) == ("0.00", "0.00")
        assert refused("transfers.post_chargeback", **given) == "CHARGEBACK_CLOSED"

    def test_that_was_corrected_by_hand_is_closed_with_the_entry(self, acme: World, bank: Sandbox) -> None:
        wallet = acme.wallet()
        deposit = arrived(bank, reference=wallet)
        account = {"book": "acme", "account": f"wallet:{wallet}:available", "currency": "EUR"}
        done("ledger.freeze_account", **account, direction="in", reason="court")
        done("ledger.freeze_account", **account, direction="out", reason="court")
        chargeback = charged_back(bank, deposit)
        entry = JournalEntry.objects.latest("pk").pk
        closed = {"chargeback": chargeback.pk, "note": "Corrected."}
        unknown = "je_" + "0" * 26
        assert refused("transfers.close_chargeback", entry=unknown, **closed) == "ENTRY_NOT_FOUND"
        done("transfers.close_chargeback", entry=entry, **closed)
        deposit.refresh_from_db()
        assert deposit.charged_back == 2_500

    def test_of_what_is_in_suspense_are_not_posted(self, acme: World, bank: Sandbox) -> None:
        chargeback = charged_back(bank, arrived(bank))
        given = {"chargeback": chargeback.pk, "reason": "x"}
        assert chargeback.note.startswith("The deposit is in suspense: no wallet has it.")
        assert refused("transfers.post_chargeback", **given) == "CHARGEBACK_NOT_POSTABLE"
        done("transfers.close_chargeback", chargeback=chargeback.pk, note="Returned.")

    def test_that_are_still_open_count_against_refunds(self, acme: World, bank: Sandbox) -> None:
        deposit, wallet = arrived(bank), acme.funded("50.00")
        chargeback = charged_back(bank, deposit, "20.00")
        assign(deposit, wallet)
        pay_in = str(Deposit.objects.get(pk=deposit.pk).transfer_id)
        given = {"actor": acme.key, "transfer": pay_in}
        assert refused("transfers.create_refund", **given, amount=eur("5.01")) == "REFUND_TOO_LARGE"
        assert done("transfers.create_refund", **given)["amount"] == eur("5.00")
        done("transfers.post_chargeback", chargeback=chargeback.pk, reason="theirs")
        assert available(wallet) == "50.00"

    def test_won_by_us_are_closed_with_a_note_and_by_no_other_entry(self, acme: World, bank: Sandbox) -> None:
        wallet = acme.wallet()
        deposit = arrived(bank, reference=wallet)
        done("transfers.create_refund", actor=acme.key, transfer=str(deposit.transfer_id))
        chargeback = charged_back(bank, deposit)
        other = done(
            "transfers.post_pay_in", wallet=acme.funded("1.00"), amount=eur("1.00"), from_account="bank:ing"
        )
        given = {"chargeback": chargeback.pk, "note": "They gave in"}
        wrong = refused("transfers.close_chargeback", **given, entry=other["entry"])
        assert wrong == "CHARGEBACK_TO_BE_POSTED"
        done("transfers.close_chargeback", **given)
        assert Deposit.objects.get(pk=deposit.pk).charged_back == 0

    def test_and_refunds_at_the_same_time_give_it_back_once(self, acme: World, bank: Sandbox) -> None:
        """A refund and a chargeback wait for the same pay-in, and whoever comes second knows of the first."""
        wallet = acme.funded("100.00")
        deposit = arrived(bank, reference=wallet)
        account = {"book": "acme", "account": f"wallet:{wallet}:available", "currency": "EUR"}
        freeze = done("ledger.freeze_account", **account, direction="both", reason="court")["freeze"]
        chargeback = charged_back(bank, deposit)
        done("ledger.unfreeze_account", freeze=freeze, reason="over")
        post = partial(run, "transfers.post_chargeback", chargeback=chargeback.pk, reason="x")
        refund = partial(run, "transfers.create_refund", transfer=deposit.transfer_id)
        with somebody_else() as other:
            row = [ids.decode("trf", str(deposit.transfer_id))]
            other.execute("SELECT FROM transfers_transfer WHERE id = %s FOR UPDATE", row)
            with under_way(post) as [posted]:
                wait_until_blocked(1)
                with under_way(refund) as [refunded]:
                    wait_until_blocked(2)
                    other.rollback()
                answers = [code(posted.result()), code(refunded.result())]
        assert answers == [None, "REFUND_TOO_LARGE"]
        assert available(wallet) == "100.00"


class TestSentBack:
    def marked(self, bank: Sandbox) -> Deposit:
        """A deposit that is to be sent back."""
        deposit = arrived(bank, remitter="Ann")
        done("transfers.mark_for_return", deposit=deposit.pk, reason="Nobody knows them.")
        return deposit

    def test_leaves_suspense_when_that_is_recorded(self, bank: Sandbox) -> None:
        deposit = self.marked(bank)
        done("transfers.return_deposit", deposit=deposit.pk, reference="SEPA-1", reason="sent at the bank")
        deposit.refresh_from_db()
        assert (deposit.status, deposit.returned_by, deposit.return_reference) == (
            "returned",
            "test",
            "SEPA-1",
        )
        assert (deposit.returned_at is not None, balance("suspense:deposits")) == (True, "0.00")
        assert at_the_bank() == "0.00"
        told = Event.objects.get(type="transfer.inflow.compensated")
        assert (told.subject, told.data["amount"]) == (deposit.pk, eur("25.00"))

    def test_needs_another_person_where_one_records_it(self, bank: Sandbox) -> None:
        call_command("loaddata", "approval_policies", verbosity=0)
        deposit, ann = self.marked(bank), person("ann@example.com", "operator")
        approver = person("bo@example.com", "approver")
        given = {"deposit": deposit.pk, "reference": "SEPA-1", "reason": "sent"}
        asked = run("transfers.return_deposit", actor=ann, **given).approval_request_id
        assert balance("suspense:deposits") == "25.00"
        agrees(approver, asked, comment="seen").or_raise()
        deposit.refresh_from_db()
        assert (deposit.status, deposit.returned_by) == ("returned", ann.label)

    def test_is_only_what_was_marked_and_only_once(self, acme: World, bank: Sandbox) -> None:
        deposit = arrived(bank)
        given = {"deposit": deposit.pk, "reference": "SEPA-1", "reason": "sent"}
        assert refused("transfers.return_deposit", **given) == "DEPOSIT_NOT_TO_BE_RETURNED"
        done("transfers.mark_for_return", deposit=deposit.pk, reason="x")
        done("transfers.return_deposit", **given)
        assert refused("transfers.return_deposit", **given) == "DEPOSIT_NOT_TO_BE_RETURNED"
        late = {"deposit": deposit.pk, "wallet": acme.wallet(), "reason": "they called"}
        assert refused("transfers.assign_deposit", **late) == "DEPOSIT_NOT_IN_SUSPENSE"

    def test_is_not_what_the_provider_took_back_besides(self, bank: Sandbox) -> None:
        deposit = self.marked(bank)
        chargeback = charged_back(bank, deposit)
        given = {"deposit": deposit.pk, "reason": "gone"}
        twice = refused("transfers.return_deposit", reference="SEPA-1", **given)
        assert twice == "DEPOSIT_CHARGED_BACK"
        done("transfers.return_deposit", reference=chargeback.reference, **given)
        assert (at_the_bank(), balance("suspense:deposits")) == ("0.00", "0.00")

    def test_is_not_all_where_the_provider_took_a_part(self, bank: Sandbox) -> None:
        deposit = self.marked(bank)
        chargeback = charged_back(bank, deposit, "5.00")
        given = {"deposit": deposit.pk, "reference": chargeback.reference, "reason": "gone"}
        assert refused("transfers.return_deposit", **given) == "DEPOSIT_CHARGED_BACK"
        done("transfers.close_chargeback", chargeback=chargeback.pk, note="They let go of it.")
        done("transfers.return_deposit", **given)

    def test_a_refund_that_is_done_is_told_as_well(self, acme: World) -> None:
        wallet = acme.funded("100.00")
        made = done("transfers.create_refund", transfer=Transfer.objects.get(destination_wallet=wallet).pk)
        told = Event.objects.get(type="transfer.inflow.compensated")
        assert (told.subject, told.book_id) == (made["transfer"], acme.book.pk)


class TestEntriesOfRecords:
    def test_of_a_reserve_is_released_not_reversed(self, acme: World) -> None:
        given = {"wallet": acme.funded("50.00"), "amount": eur("20.00"), "days": 30, "reason": "disputes"}
        held = done("transfers.hold_rolling_reserve", **given)
        outcome = run("ledger.reverse_entry", entry=held["entry"], reason="x")
        assert code(outcome) == "ENTRY_OF_RESERVE"
        assert "transfers.release_rolling_reserve" in str(outcome.error)

    def test_of_suspense_is_assigned_or_sent_back(self, bank: Sandbox) -> None:
        deposit = arrived(bank)
        outcome = run("ledger.reverse_entry", entry=deposit.entry_id, reason="x")
        assert code(outcome) == "ENTRY_OF_DEPOSIT"
        assert "transfers.mark_for_return" in str(outcome.error)

    def test_of_a_chargeback_stands(self, acme: World, bank: Sandbox) -> None:
        chargeback = charged_back(bank, arrived(bank, reference=acme.wallet()))
        entry = {"entry": chargeback.entry_id, "reason": "x"}
        assert refused("ledger.reverse_entry", **entry) == "ENTRY_OF_CHARGEBACK"

    @pytest.mark.parametrize("deposit", ["dep_" + "0" * 26, "the first one", 7])
    def test_that_only_sound_like_it_are_free(self, ledger_db: Any, deposit: Any) -> None:
        opened("bank:ing"), opened("suspense:x")
        entry = moved("bank:ing", "suspense:x", "1.00", metadata={"deposit": deposit})
        done("ledger.reverse_entry", entry=entry, reason="x")
