"""Money between wallets: pay-ins, transfers within and between tenants, holds."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from apps.accounts.queries.wallets import holder
from apps.core import clock
from apps.ledger.models import Balance, JournalEntry
from apps.operations.executor import execute_many
from apps.operations.models import Event, Operation
from apps.transfers.models import Transfer
from apps.transfers.tasks import complete_pay_ins
from tests.support.door import code, done, eur, refused, request, run
from tests.support.tenants import World, has, world
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("ledger_db")


@pytest.fixture
def bloom(ledger_db: Any) -> World:
    return world("bloom")


class TestPayIn:
    def test_credits_the_wallet_and_says_so(self, acme: World) -> None:
        wallet = acme.wallet(test=True)
        result = done(
            "transfers.post_pay_in",
            actor=acme.test_key,
            wallet=wallet,
            amount=eur("25.50"),
            reference="invoice 7",
        )
        assert (result["type"], result["status"], result["reference"]) == (
            "DEPOSIT",
            "completed",
            "invoice 7",
        )
        assert result["balances"] == {wallet: eur("25.50")}
        transfer = Transfer.objects.get(pk=result["transfer"])
        assert (transfer.status, transfer.money.decimal, transfer.book) == (
            "completed",
            "25.50",
            acme.test_book,
        )
        [event] = Event.objects.filter(type="transfer.completed")
        assert (event.book, event.data["transfer"]) == (acme.test_book, transfer.pk)

    def test_is_posted_once_for_each_reference_of_the_provider(self, acme: World) -> None:
        wallet = acme.wallet(test=True)
        pay_in = partial(
            run,
            "transfers.post_pay_in",
            actor=acme.test_key,
            wallet=wallet,
            amount=eur("5.00"),
            provider_reference="E2E-1",
        )
        outcomes = at_once(*[pay_in] * 4)
        assert sorted(code(outcome) or "" for outcome in outcomes) == ["", *["DUPLICATE_TRANSACTION"] * 3]
        assert has(wallet).available.decimal == "5.00"
        assert Transfer.objects.count() == 1

    def test_is_not_for_a_live_tenants_key(self, acme: World) -> None:
        wallet = acme.wallet()
        pay_in = {"wallet": wallet, "amount": eur("5.00")}
        assert refused("transfers.post_pay_in", actor=acme.key, **pay_in) == "TEST_MODE_ONLY"

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"amount": {"amount": "1.00", "currency": "USD"}}, "CURRENCY_MISMATCH"),
            ({"wallet": "wal_01m7z75h000000000000000000"}, "WALLET_NOT_FOUND"),
            ({"amount": eur("0.00")}, "INPUT_INVALID"),
            ({"from_account": "bank:nowhere"}, "ACCOUNT_NOT_FOUND"),
        ],
    )
    def test_is_refused(self, acme: World, change: dict[str, Any], expected: str) -> None:
        given = {"wallet": acme.wallet(test=True), "amount": eur("5.00")}
        assert refused("transfers.post_pay_in", actor=acme.test_key, **given | change) == expected
        assert not Transfer.objects.exists()

    def test_that_is_late_arrives_a_minute_later(self, acme: World) -> None:
        wallet = acme.wallet(test=True)
        given = {"wallet": wallet, "amount": eur("5.00"), "reference": "test_late"}
        result = done("transfers.post_pay_in", actor=acme.test_key, **given)
        assert (result["status"], result["entry"], has(wallet).available.decimal) == (
            "processing",
            None,
            "0.00",
        )
        complete_pay_ins()
        assert has(wallet).available.decimal == "0.00"
        with clock.frozen(clock.now() + timedelta(minutes=2)):
            for _ in range(2):
                complete_pay_ins()
        assert has(wallet).available.decimal == "5.00"
        transfer = Transfer.objects.get(pk=result["transfer"])
        assert (transfer.status, transfer.next_attempt_at) == ("completed", None)

    def test_that_is_late_and_cannot_be_posted_fails_once(self, acme: World) -> None:
        given = {"wallet": acme.wallet(test=True), "amount": eur("5.00"), "reference": "test_late"}
        result = done("transfers.post_pay_in", actor=acme.test_key, **given)
        done("accounts.close_wallet", wallet=given["wallet"], reason="by mistake")
        with clock.frozen(clock.now() + timedelta(minutes=2)):
            for _ in range(3):
                complete_pay_ins()
        transfer = Transfer.objects.get(pk=result["transfer"])
        assert (transfer.status, transfer.failure_code) == ("failed", "PAY_IN_NOT_POSTED")
        assert Operation.objects.filter(command="transfers.complete_pay_in").count() == 1
        [told] = Event.objects.filter(type="transfer.failed")
        assert (told.book, told.data["status"]) == (acme.test_book, "failed")

    def test_that_was_announced_is_not_announced_again(self, acme: World) -> None:
        given = {"wallet": acme.wallet(test=True), "amount": eur("5.00"), "reference": "test_late"}
        done("transfers.post_pay_in", actor=acme.test_key, provider_reference="p-1", **given)
        again = {**given, "provider_reference": "p-1"}
        assert refused("transfers.post_pay_in", actor=acme.test_key, **again) == "DUPLICATE_TRANSACTION"

    def test_that_is_refused_moves_nothing(self, acme: World) -> None:
        wallet = acme.wallet(test=True)
        given = {"wallet": wallet, "amount": eur("5.00"), "reference": "test_refused"}
        result = done("transfers.post_pay_in", actor=acme.test_key, **given)
        assert (result["status"], has(wallet).available.decimal) == ("failed", "0.00")
        assert Transfer.objects.get(pk=result["transfer"]).failure_code == "PAY_IN_REFUSED"

    def test_magic_references_are_plain_ones_for_live_tenants(self, acme: World) -> None:
        acme.funded("1.00")
        wallet = acme.wallet()
        given = {
            "wallet": wallet,
            "amount": eur("5.00"),
            "from_account": "bank:ing",
            "reference": "test_late",
        }
        assert done("transfers.post_pay_in", **given)["status"] == "completed"


class TestInternal:
    def test_moves_money_at_once(self, acme: World) -> None:
        source, destination = acme.funded("100.00"), acme.wallet()
        result = done(
            "transfers.create_transfer",
            actor=acme.key,
            from_wallet=source,
            to_wallet=destination,
            amount=eur("30.00"),
        )
        assert (result["type"], result["status"]) == ("TRANSFER", "completed")
        assert result["balances"] == {source: eur("70.00"), destination: eur("30.00")}
        [entry] = result["entries"]
        assert JournalEntry.objects.get(pk=entry).kind == "internal_transfer"

    def test_is_refused_for_lack_of_funds_and_leaves_nothing(self, acme: World) -> None:
        source, destination = acme.funded("10.00"), acme.wallet()
        transfers = Transfer.objects.count()
        given = {"from_wallet": source, "to_wallet": destination, "amount": eur("10.01")}
        assert refused("transfers.create_transfer", actor=acme.key, **given) == "INSUFFICIENT_BALANCE"
        assert Transfer.objects.count() == transfers

    def test_between_two_tenants_is_an_entry_group(self, acme: World, bloom: World) -> None:
        source, destination = acme.funded("100.00"), bloom.wallet()
        result = done(
            "transfers.create_transfer",
            actor=acme.key,
            from_wallet=source,
            to_wallet=destination,
            amount=eur("40.00"),
            reference="ours alone",
        )
        assert (has(source).available.decimal, has(destination).available.decimal) == ("60.00", "40.00")
        entries = JournalEntry.objects.filter(pk__in=result["entries"])
        assert {entry.book_id for entry in entries} == {acme.book.pk, bloom.book.pk}
        assert len({entry.group_id for entry in entries}) == 1
        between = Balance.objects.filter(account__address__regex="^due_").values_list(
            "account__address", "balance"
        )
        assert dict(between) == {"due_to:bloom": 40_00, "due_from:acme": -40_00}
        assert set(result["balances"]) == {source}
        [received] = Event.objects.filter(book=bloom.book, type="transfer.received")
        assert (received.data["wallet"], received.data["reference"]) == (destination, "")
        assert Operation.objects.get(command="transfers.create_transfer").book == acme.book

    def test_of_another_tenants_money_is_not_even_known(self, acme: World, bloom: World) -> None:
        theirs, mine = bloom.funded("100.00"), acme.wallet()
        given = {"from_wallet": theirs, "to_wallet": mine, "amount": eur("1.00")}
        assert refused("transfers.create_transfer", actor=acme.key, **given) == "WALLET_NOT_FOUND"
        assert has(theirs).available.decimal == "100.00"

    @pytest.mark.parametrize("stop", ["freeze", "close"])
    def test_what_stops_the_other_side_is_its_own_business(
        self, acme: World, bloom: World, stop: str
    ) -> None:
        """The payer is told nothing of it, and keeps the key."""
        wallet = bloom.wallet()
        given = {"from_wallet": acme.funded("100.00"), "to_wallet": wallet, "amount": eur("1.00")}
        if stop == "freeze":
            account = {"book": "bloom", "account": holder(wallet).available, "currency": "EUR"}
            done("ledger.freeze_account", direction="both", reason="court", **account)
        else:
            done("accounts.close_wallet", wallet=wallet, reason="left")
        outcome = run("transfers.create_transfer", actor=acme.key, key="k", **given)
        assert code(outcome) == "COUNTERPARTY_REFUSED"
        assert "bloom" not in outcome.error.message
        assert not Operation.objects.get(key="k").holds_key

    def test_the_payee_reads_no_word_of_the_payers(self, acme: World, bloom: World) -> None:
        given = {"from_wallet": acme.funded("100.00"), "to_wallet": bloom.wallet(), "amount": eur("1.00")}
        done("transfers.create_transfer", actor=acme.key, description="hush money", reference="h-1", **given)
        received = JournalEntry.objects.get(book=bloom.book, kind="internal_transfer")
        assert (received.description, "hush" in str(received.metadata)) == ("", False)

    @pytest.mark.parametrize(
        ("side", "code"), [("sender", "TENANT_SUSPENDED"), ("receiver", "COUNTERPARTY_REFUSED")]
    )
    def test_is_refused_while_a_tenant_is_suspended(
        self, acme: World, bloom: World, side: str, code: str
    ) -> None:
        source, destination = acme.funded("100.00"), bloom.wallet()
        suspended = acme.tenant if side == "sender" else bloom.tenant
        done("accounts.suspend_tenant", tenant=suspended, reason="fraud")
        given = {"from_wallet": source, "to_wallet": destination, "amount": eur("1.00")}
        assert refused("transfers.create_transfer", actor=acme.key, **given) == code
        done("accounts.resume_tenant", tenant=suspended, reason="cleared")
        assert done("transfers.create_transfer", actor=acme.key, **given)["status"] == "completed"

    @pytest.mark.parametrize(
        ("destination", "expected"),
        [("itself", "SAME_WALLET"), ("dollars", "CURRENCY_MISMATCH"), ("nobody", "WALLET_NOT_FOUND")],
    )
    def test_needs_another_wallet_in_its_currency(self, acme: World, destination: str, expected: str) -> None:
        source = acme.funded("10.00")
        wallets = {
            "itself": lambda: source,
            "dollars": lambda: acme.wallet("USD"),
            "nobody": lambda: "wal_01m7z75h000000000000000000",
        }
        given = {"from_wallet": source, "to_wallet": wallets[destination](), "amount": eur("1.00")}
        assert refused("transfers.create_transfer", actor=acme.key, **given) == expected

    def test_of_all_at_once_never_spends_twice(self, acme: World, bloom: World) -> None:
        source, near, far = acme.funded("100.00"), acme.wallet(), bloom.wallet()
        transfers = [
            partial(
                run,
                "transfers.create_transfer",
                actor=acme.key,
                from_wallet=source,
                to_wallet=to,
                amount=eur("30.00"),
            )
            for to in (near, far) * 3
        ]
        outcomes = at_once(*transfers)
        assert sum(outcome.accepted for outcome in outcomes) == 3
        assert has(source).available.decimal == "10.00"
        assert {code(outcome) for outcome in outcomes} == {None, "INSUFFICIENT_BALANCE"}


class TestHolds:
    def test_are_placed_settled_in_part_and_released(self, acme: World) -> None:
        source, destination = acme.funded("100.00"), acme.wallet()
        hold = done(
            "transfers.place_hold", actor=acme.key, wallet=source, amount=eur("60.00"), reason="order 1"
        )["hold"]
        assert (has(source).available.decimal, has(source).held.decimal) == ("40.00", "60.00")
        settle = {"hold": hold, "to_wallet": destination, "amount": eur("45.00"), "reason": "delivered"}
        done("transfers.settle_hold", actor=acme.key, **settle)
        done("transfers.release_hold", actor=acme.key, hold=hold, reason="rest")
        assert (has(source).available.decimal, has(source).held.decimal) == ("55.00", "0.00")
        assert has(destination).total.decimal == "45.00"

    def test_of_others_are_not_known(self, acme: World, bloom: World) -> None:
        source = bloom.funded("100.00")
        hold = done("transfers.place_hold", wallet=source, amount=eur("60.00"), reason="x")["hold"]
        release = {"hold": hold, "reason": "mine now"}
        assert refused("transfers.release_hold", actor=acme.key, **release) == "HOLD_NOT_FOUND"
        settle = {"hold": hold, "to_wallet": acme.wallet(), "reason": "mine now"}
        assert refused("transfers.settle_hold", actor=acme.key, **settle) == "HOLD_NOT_FOUND"

    @pytest.mark.parametrize("how", ["settle", "release"])
    def test_of_a_counterparty_are_not_known_in_one_batch_either(
        self, acme: World, bloom: World, how: str
    ) -> None:
        """A transfer to bloom lets the batch see bloom's book."""
        wallet, other = bloom.funded("100.00"), bloom.wallet()
        hold = done("transfers.place_hold", wallet=wallet, amount=eur("60.00"), reason="x")["hold"]
        pay = {"from_wallet": acme.funded("9.00"), "to_wallet": wallet, "amount": eur("1.00")}
        take = {"hold": hold, "reason": "mine"} | ({"to_wallet": other} if how == "settle" else {})
        outcomes = execute_many(
            [
                request("transfers.create_transfer", actor=acme.key, **pay),
                request(f"transfers.{how}_hold", actor=acme.key, **take),
            ]
        )
        assert [code(each) for each in outcomes] == [None, "HOLD_NOT_FOUND"]
        assert has(wallet).held.decimal == "60.00"

    def test_are_told_of_in_the_tenants_feed_whoever_did_it(self, acme: World) -> None:
        hold = done("transfers.place_hold", wallet=acme.funded("9.00"), amount=eur("9.00"), reason="x")[
            "hold"
        ]
        done("transfers.release_hold", hold=hold, reason="y")
        told = Event.objects.filter(subject=hold).values_list("type", "book__slug")
        assert sorted(told) == [("hold.placed", "acme"), ("hold.released", "acme")]

    def test_are_settled_within_the_tenant(self, acme: World, bloom: World) -> None:
        hold = done(
            "transfers.place_hold", actor=acme.key, wallet=acme.funded("9.00"), amount=eur("9.00"), reason="x"
        )["hold"]
        settle = {"hold": hold, "to_wallet": bloom.wallet(), "reason": "x"}
        assert refused("transfers.settle_hold", actor=acme.key, **settle) == "WALLET_NOT_FOUND"
        assert refused("transfers.settle_hold", **settle) == "OTHER_BOOK"
