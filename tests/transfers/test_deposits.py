"""Money that comes to our accounts: credited once to whose it is, or in suspense until a person knows."""

import json
from collections.abc import Callable

import pytest

from apps.accounts.deposit_references import grouped
from apps.accounts.models import Wallet
from apps.core import clock
from apps.operations.models import Event
from apps.providers.services import inbox
from apps.transfers.arrivals import Chargeback, Deposit, VirtualAccount
from apps.transfers.models import Transfer
from tests.support.arrivals import arrived, assert_agrees
from tests.support.door import balance, done, eur, person, refused
from tests.support.inbound import event, followed, send, stored
from tests.support.payouts import later, provider, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, available, has, key_of, world

pytestmark = pytest.mark.usefixtures("ledger_db")


def number_of(acme: World, wallet: str) -> str:
    """A number of the bank's for a wallet."""
    made = done("transfers.request_virtual_account", actor=acme.key, wallet=wallet)
    work()
    return str(VirtualAccount.objects.get(pk=made["virtual_account"]).number)


def alarms() -> list[str]:
    return [each.data["reason"] for each in Event.objects.filter(type="alert.raised").order_by("pk")]


class TestNumbers:
    def test_are_given_by_the_provider_once(self, acme: World, bank: Sandbox) -> None:
        wallet = acme.wallet()
        asked = done("transfers.request_virtual_account", actor=acme.key, wallet=wallet)
        assert (asked["status"], asked["number"]) == ("requested", None)
        work()
        again = done("transfers.request_virtual_account", actor=acme.key, wallet=wallet)
        assert again["virtual_account"] == asked["virtual_account"]
        assert (again["status"], again["number"][:2]) == ("active", "SB")
        told = Event.objects.get(type="virtual_account.active")
        assert (told.book_id, told.data["number"]) == (acme.book.pk, again["number"])

    def test_of_a_custodian_are_told_where_its_answer_was_lost(self, acme: World, bank: Sandbox) -> None:
        """What it tells is taken once, also when the answer comes after all; another's is not."""
        provider(bank, "custody", currencies=["USDC"], options={"virtual_accounts": True})
        wallet = acme.wallet("USDC")
        asked = done("transfers.request_virtual_account", actor=acme.key, wallet=wallet)["virtual_account"]
        with bank.client() as client:
            number = client.post("/custody/virtual-accounts", json={"reference": asked}).json()["number"]
            [told] = client.get("/custody/events?since=2026-01-01T00:00:00Z").json()["events"]
        data = {"reference": asked, "number": number}
        assert json.loads(told["body"]) | {"type": "wallet.wallet_created", "data": data} == json.loads(
            told["body"]
        )
        for name in ("sandbox-bank", "sandbox-custody"):
            send(told["body"].encode(), to=name)
        followed()
        became = {each.provider.name: each.status for each in stored()}
        assert became == {"sandbox-bank": "quarantined", "sandbox-custody": "processed"}
        work()
        found = VirtualAccount.objects.get(pk=asked)
        assert (found.number, found.status) == (number, "active")
        assert Event.objects.filter(type="virtual_account.active").count() == 1

    def test_wait_for_a_provider_that_is_away(self, acme: World, bank: Sandbox) -> None:
        bank.down("bank", how="503")
        wallet = acme.wallet()
        done("transfers.request_virtual_account", actor=acme.key, wallet=wallet)
        work()
        row = VirtualAccount.objects.get()
        assert (row.status, row.tries) == ("requested", 1)
        assert row.failure
        bank.up()
        with later(minutes=2):
            work()
        assert VirtualAccount.objects.get().status == "active"

    def test_are_not_given_for_every_currency(self, acme: World, bank: Sandbox) -> None:
        wallet = acme.wallet("USD")
        asked = refused("transfers.request_virtual_account", actor=acme.key, wallet=wallet)
        assert asked == "NO_VIRTUAL_ACCOUNTS"

    def test_of_anothers_wallet_are_not_told(self, acme: World, bank: Sandbox) -> None:
        wallet, other = acme.wallet(), world("umbrella")
        asked = refused("transfers.request_virtual_account", actor=other.key, wallet=wallet)
        assert asked == "WALLET_NOT_FOUND"


class TestCredited:
    def test_by_its_number_with_every_stage(self, acme: World, bank: Sandbox) -> None:
        wallet = acme.wallet()
        number = number_of(acme, wallet)
        before = clock.now()
        deposit = arrived(bank, virtual_account=number, remitter="Ann", reference="rent")
        assert (deposit.status, deposit.matched_by) == ("credited", "virtual account")
        assert available(wallet) == "25.00"
        assert balance("provider:sandbox-bank", book="acme") == "25.00"
        times = [at for _, at in deposit.stages if at]
        assert times == sorted(times)
        assert times[0] > before
        assert [name for name, _ in deposit.stages] == [
            "received",
            "verified",
            "matched",
            "credited",
            "available",
        ]
        transfer = Transfer.objects.get()
        assert deposit.transfer == transfer
        assert (transfer.kind, transfer.status, transfer.description) == (
            "pay_in",
            "completed",
            "Deposit from Ann: rent",
        )
        assert [(each.status, each.subject) for each in stored()] == [("processed", deposit.pk)]
        assert_agrees(bank)

    def test_by_the_id_of_a_wallet_in_the_text(self, acme: World, bank: Sandbox) -> None:
        wallet = acme.wallet()
        deposit = arrived(bank, reference=f"Top up {wallet}, thanks")
        assert (deposit.status, deposit.matched_by) == ("credited", "wallet id")
        assert available(wallet) == "25.00"

    @pytest.mark.parametrize("written", ["{} rent", "{}"])
    @pytest.mark.parametrize("shown", [str.upper, lambda text: text.upper().replace("_", " ")])
    def test_by_the_id_as_banks_pass_it_on(
        self, acme: World, bank: Sandbox, written: str, shown: Callable[[str], str]
    ) -> None:
        wallet = acme.wallet()
        deposit = arrived(bank, reference=written.format(shown(wallet)))
        assert (deposit.status, deposit.matched_by, deposit.wallet_id) == ("credited", "wallet id", wallet)

    @pytest.mark.parametrize("shown", [str, grouped, str.lower])
    def test_by_its_reference(self, acme: World, bank: Sandbox, shown: Callable[[str], str]) -> None:
        acme.wallet(), world("umbrella").wallet()
        wallet = Wallet.objects.get(pk=acme.wallet())
        deposit = arrived(bank, reference=f"rent {shown(wallet.deposit_reference)} (August)")
        assert (deposit.status, deposit.matched_by) == ("credited", "deposit reference")
        assert deposit.wallet == wallet

    @pytest.mark.parametrize("faults", [["duplicate"], ["no_event_id", "duplicate"], ["changed_bytes"]])
    def test_once_whatever_is_sent(self, acme: World, bank: Sandbox, faults: list[str]) -> None:
        wallet = acme.wallet()
        bank.fault(do={"webhook": faults}, times=None)
        arrived(bank, reference=wallet)
        followed()
        assert available(wallet) == "25.00"
        assert_agrees(bank)

    def test_once_for_each_reference_of_the_provider(self, acme: World, bank: Sandbox) -> None:
        wallet = acme.wallet()
        told = {"id": "sbd_1", "amount": "5.00", "currency": "EUR", "reference": wallet}
        for number, data in enumerate((told, told, {**told, "amount": "6.00"})):
            send(event("deposit.received", **data), f"sbe_{number}")
        followed()
        assert available(wallet) == "5.00"
        assert {each.status for each in stored()} == {"processed"}
        assert alarms() == ["contradiction"]

    def test_after_the_worker_died(self, acme: World, bank: Sandbox) -> None:
        wallet = acme.wallet()
        bank.deposit("bank", "25.00", "EUR", reference=wallet)
        bank.settle()
        taken = inbox.take(clock.now())
        inbox.followed(taken)
        assert (followed(), available(wallet)) == (0, "25.00")
        with later(minutes=2):
            assert followed() == 1
        assert available(wallet) == "25.00"
        assert [each.status for each in stored()] == ["processed"]

    def test_not_what_was_posted_by_hand(self, acme: World, bank: Sandbox) -> None:
        wallet = acme.wallet()
        account = {"book": "acme", "address": "provider:sandbox-bank", "currency": "EUR"}
        done("ledger.open_account", **account)
        given = {"from_account": account["address"], "provider_reference": "sbd_1"}
        done("transfers.post_pay_in", wallet=wallet, amount=eur("5.00"), **given)
        told = {"id": "sbd_1", "amount": "5.00", "currency": "EUR", "reference": wallet}
        send(event("deposit.received", **told))
        followed()
        assert [each.status for each in stored()] == ["quarantined"]
        assert available(wallet) == "5.00"

    @pytest.mark.long
    def test_a_thousand(self, acme: World, bank: Sandbox) -> None:
        wallet = acme.wallet()
        for _ in range(1_000):
            bank.deposit("bank", "1.00", "EUR", reference=wallet)
        bank.settle(60)
        assert followed() == 1_000
        assert available(wallet) == "1000.00"
        assert_agrees(bank)


class TestSuspense:
    @pytest.mark.parametrize("written", ["", "for the cats", "wal_" + "0" * 26, "rent 12"])
    def test_what_names_nobody(self, acme: World, bank: Sandbox, written: str) -> None:
        acme.wallet(external_id="12")
        deposit = arrived(bank, reference=written)
        assert (deposit.status, deposit.why) == ("open", "It names no number and no wallet of ours.")
        assert balance("suspense:deposits") == "25.00"
        assert_agrees(bank)

    def test_what_names_two(self, acme: World, bank: Sandbox) -> None:
        one, other = acme.wallet(), world("umbrella").wallet()
        assert arrived(bank, reference=f"{one} {other}").why == "It names several wallets."

    def test_what_names_one_by_reference_and_another_by_id(self, acme: World, bank: Sandbox) -> None:
        one, other = Wallet.objects.get(pk=acme.wallet()), acme.wallet()
        both = arrived(bank, reference=f"{one.deposit_reference} {other}")
        assert (both.status, both.why) == ("open", "It names several wallets.")
        twice = arrived(bank, reference=f"{one.deposit_reference} {one.pk}")
        assert (twice.status, twice.wallet) == ("credited", one)

    def test_what_names_one_with_a_typo(self, acme: World, bank: Sandbox) -> None:
        reference = Wallet.objects.get(pk=acme.wallet()).deposit_reference
        wrong = reference[:-1] + ("A" if reference[-1] != "A" else "B")
        assert arrived(bank, reference=wrong).status == "open"

    def test_what_names_only_what_a_tenant_has_chosen(self, acme: World, bank: Sandbox) -> None:
        """Anybody may call a wallet as strangers' invoices are called."""
        wallet = acme.wallet(external_id="INV-2026-0001")
        deposit = arrived(bank, reference="invoice INV-2026-0001")
        assert (deposit.status, available(wallet)) == ("open", "0.00")
        assert deposit.why == f"It may be for {wallet}, by external id."
        done("transfers.assign_deposit", deposit=deposit.pk, wallet=wallet, reason="they called")
        assert available(wallet) == "25.00"

    def test_what_is_in_another_currency(self, acme: World, bank: Sandbox) -> None:
        wallet = acme.wallet("USD")
        deposit = arrived(bank, reference=wallet)
        assert (deposit.status, deposit.why) == ("open", f"{wallet} is in USD.")

    def test_what_a_closed_wallet_gets(self, acme: World, bank: Sandbox) -> None:
        wallet = acme.wallet()
        done("accounts.close_wallet", wallet=wallet, reason="over")
        assert arrived(bank, reference=wallet).why == f"{wallet} is closed."

    def test_what_a_frozen_wallet_cannot_take(self, acme: World, bank: Sandbox) -> None:
        wallet = acme.wallet()
        frozen = {"book": "acme", "account": f"wallet:{wallet}:available", "currency": "EUR"}
        done("ledger.freeze_account", **frozen, direction="both", reason="fraud")
        deposit = arrived(bank, reference=wallet)
        assert (deposit.status, deposit.wallet_id, deposit.book_id) == ("open", None, None)
        assert "could not take it" in deposit.why
        assert not Transfer.objects.exists()
        assert [each.status for each in stored()] == ["processed"]
        assert balance("suspense:deposits") == "25.00"
        assert_agrees(bank)

    @pytest.mark.parametrize(
        "data",
        [
            {"id": "sbd_1", "amount": "1.001", "currency": "EUR"},
            {"id": "sbd_1", "amount": "0.00", "currency": "EUR"},
            {"id": "sbd_1", "amount": "-1.00", "currency": "EUR"},
            {"id": "sbd_1", "amount": "1.00", "currency": "XXX"},
            {"id": "", "amount": "1.00", "currency": "EUR"},
            {"id": "a\x00b", "amount": "1.00", "currency": "EUR"},
            {"id": "sbd_1"},
        ],
    )
    def test_what_cannot_be_read_is_quarantined(self, bank: Sandbox, data: dict[str, str]) -> None:
        send(event("deposit.received", **data))
        followed()
        assert [each.status for each in stored()] == ["quarantined"]
        assert not Deposit.objects.exists()

    def test_what_is_written_oddly_is_kept(self, acme: World, bank: Sandbox) -> None:
        told = {
            "id": "sbd_1",
            "amount": "1.00",
            "currency": "EUR",
            "reference": "\x00\ud800",
            "remitter": "ä",
        }
        send(event("deposit.received", **told))
        followed()
        deposit = Deposit.objects.get()
        assert (deposit.status, deposit.remittance, deposit.remitter) == ("open", "?", "ä")


class TestDesk:
    def test_a_person_gives_it_to_whose_it_is(self, acme: World, bank: Sandbox) -> None:
        deposit, wallet = arrived(bank, remitter="Ann"), acme.wallet()
        ann = person("ann@example.com", "operator")
        given = {"deposit": deposit.pk, "wallet": wallet, "reason": "She called."}
        result = done("transfers.assign_deposit", actor=ann, **given)
        deposit.refresh_from_db()
        assert (deposit.status, deposit.matched_by, deposit.why) == ("assigned", "person", "She called.")
        assert all(at for _, at in deposit.stages)
        assert available(wallet) == "25.00"
        assert balance("suspense:deposits") == "0.00"
        assert balance("due_to:acme") == balance("due_from:platform", book="acme") == "25.00"
        transfer = Transfer.objects.get(pk=result["transfer"])
        assert (transfer.kind, transfer.status, transfer.book_id) == ("pay_in", "completed", acme.book.pk)
        assert refused("transfers.assign_deposit", **given) == "DEPOSIT_NOT_IN_SUSPENSE"
        assert_agrees(bank)

    def test_not_to_a_wallet_that_cannot_have_it(self, acme: World, bank: Sandbox) -> None:
        deposit, reason = arrived(bank), {"reason": "x"}
        dollars, closed = acme.wallet("USD"), acme.wallet()
        done("accounts.close_wallet", wallet=closed, reason="over")
        given = {"deposit": deposit.pk, **reason}
        assert refused("transfers.assign_deposit", wallet=dollars, **given) == "CURRENCY_MISMATCH"
        assert refused("transfers.assign_deposit", wallet=closed, **given) == "ACCOUNT_CLOSED"
        deposit.refresh_from_db()
        assert deposit.status == "open"

    def test_it_is_marked_to_be_sent_back_and_can_still_be_assigned(self, acme: World, bank: Sandbox) -> None:
        deposit, wallet = arrived(bank), acme.wallet()
        given = {"deposit": deposit.pk, "reason": "Nobody knows them."}
        done("transfers.mark_for_return", **given)
        assert refused("transfers.mark_for_return", **given) == "DEPOSIT_NOT_IN_SUSPENSE"
        assert balance("suspense:deposits") == "25.00"
        done("transfers.assign_deposit", wallet=wallet, **given)
        assert available(wallet) == "25.00"

    def test_tenants_have_no_part_in_it(self, acme: World, bank: Sandbox) -> None:
        deposit, wallet = arrived(bank), acme.wallet()
        given = {"deposit": deposit.pk, "wallet": wallet, "reason": "x"}
        key = key_of(acme.book.pk)
        assert refused("transfers.assign_deposit", actor=key, **given) == "AUTHORIZATION_FAILED"


class TestChargebacks:
    def test_take_what_the_wallet_has_and_leave_the_rest_owed(self, acme: World, bank: Sandbox) -> None:
        wallet, other = acme.wallet(), acme.wallet()
        deposit = arrived(bank, reference=wallet)
        spent = {"from_wallet": wallet, "to_wallet": other, "amount": eur("20.00")}
        done("transfers.create_transfer", actor=key_of(acme.book.pk), **spent)
        bank.charge_back(deposit.reference, amount="10.00", reason="fraud")
        bank.settle()
        followed()
        left = has(wallet)
        assert (left.available.decimal, left.owed.decimal) == ("0.00", "5.00")
        assert (Chargeback.objects.get().status, alarms()) == ("posted", [])
        assert balance("provider:sandbox-bank", book="acme") == "15.00"
        back = {"from_wallet": other, "to_wallet": wallet, "amount": eur("8.00")}
        done("transfers.create_transfer", actor=key_of(acme.book.pk), **back)
        left = has(wallet)
        assert (left.available.decimal, left.owed.decimal) == ("3.00", "0.00")

    def test_of_what_is_not_known_stand_on_the_desk_and_are_told(self, bank: Sandbox) -> None:
        told = {"id": "sbc_1", "amount": "10.00", "currency": "EUR", "deposit": "sbd_1", "reason": "fraud"}
        send(event("chargeback.opened", **told))
        followed()
        chargeback = Chargeback.objects.get()
        assert (chargeback.deposit, chargeback.money.decimal, chargeback.reason) == (None, "10.00", "fraud")
        assert alarms() == ["chargeback to be posted"]
        given = {"chargeback": chargeback.pk, "note": "Corrected by hand."}
        done("transfers.close_chargeback", **given)
        assert Chargeback.objects.get().status == "closed"
        assert refused("transfers.close_chargeback", **given) == "CHARGEBACK_CLOSED"

    def test_of_the_same_deposit_know_of_each_other(self, acme: World, bank: Sandbox) -> None:
        wallet = acme.wallet()
        deposit = arrived(bank, reference=wallet)
        told = {"amount": "25.00", "currency": "EUR", "deposit": deposit.reference, "reason": "fraud"}
        for name in ("sbc_1", "sbc_2"):
            send(event("chargeback.opened", id=name, **told), name)
        followed()
        assert sorted(each.status for each in Chargeback.objects.all()) == ["open", "posted"]
        assert (available(wallet), has(wallet).owed.decimal) == ("0.00", "0.00")
        assert alarms() == ["chargeback to be posted"]

    def test_are_taken_once(self, bank: Sandbox) -> None:
        told = {"id": "sbc_1", "amount": "1.00", "currency": "EUR", "deposit": "sbd_1", "reason": "x"}
        for name in ("sbe_1", "sbe_2"):
            send(event("chargeback.opened", **told), name)
        followed()
        assert Chargeback.objects.count() == 1
        assert {each.status for each in stored()} == {"processed"}
