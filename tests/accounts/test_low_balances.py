"""Wallets that have too little: told once, and once when it is enough again, whoever looks and whenever they stop."""

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.accounts.models import Wallet
from apps.accounts.queries.watched import NOT_AS_TOLD
from apps.accounts.services import watching
from apps.accounts.services.watching import WATCH, tell_balances
from apps.accounts.tasks import watch_balances
from apps.core import clock
from apps.operations.models import Event, Operation
from config.schedule import BEAT_SCHEDULE
from tests.support.door import done, eur, refused, run
from tests.support.hooked import receiving
from tests.support.tenants import World, world
from tests.support.threads import at_once, somebody_else, under_way, wait_until_blocked
from tests.support.webhooks import deliver, endpoint

pytestmark = pytest.mark.usefixtures("ledger_db")

LOW, RECOVERED = "wallet.balance.low", "wallet.balance.recovered"
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"


@pytest.fixture
def acme(acme: World) -> World:
    """A tenant with a bank from which wallets are paid into."""
    return with_bank(acme)


def with_bank(made: World) -> World:
    done("ledger.open_account", book=made.book.slug, address="bank:ing", currency="EUR")
    return made


def watched(acme: World, low_balance: str = "100.00", **more: Any) -> str:
    """A wallet that is low below so much, and empty."""
    return acme.wallet(low_balance=eur(low_balance), **more)


def pay_in(wallet: str, amount: str) -> None:
    done("transfers.post_pay_in", wallet=wallet, amount=eur(amount), from_account="bank:ing")


def set_low(wallet: str, amount: str) -> None:
    done("accounts.update_wallet", wallet=wallet, low_balance=eur(amount))


def told(wallet: str) -> list[str]:
    """What was told of the balance of a wallet, in order."""
    found = Event.objects.filter(subject=wallet, type__startswith="wallet.balance.").order_by("ordinal")
    return [event.type for event in found]


@contextmanager
def found_but_not_told(workers: int) -> Iterator[None]:
    """So many workers look, have found what is to be told, and go on when the block ends."""
    with somebody_else() as other:
        other.execute("SELECT FROM accounts_wallet FOR NO KEY UPDATE")
        with under_way(*[watch_balances] * workers):
            try:
                wait_until_blocked(workers)
                yield
            finally:
                other.rollback()


def stands(wallet: str) -> tuple[Any, bool, Any]:
    found = Wallet.objects.get(pk=wallet)
    return (found.low_money and found.low_money.decimal, found.is_low, found.low_since)


class TestSetting:
    def test_it_is_set_changed_left_and_cleared(self, acme: World) -> None:
        wallet = acme.wallet()
        assert stands(wallet) == (None, False, None)
        assert stands(watched(acme, "0.01")) == ("0.01", False, None)
        change = {"wallet": wallet, "actor": acme.key}
        assert done("accounts.update_wallet", **change, low_balance=eur("5.00"))["changed"] == ["low_balance"]
        both = done("accounts.update_wallet", **change, low_balance=eur("7.00"), name="Till")
        assert both["changed"] == ["low_balance", "name"]
        done("accounts.update_wallet", **change, purpose="sales")
        done("accounts.update_wallet", **change, low_balance=None)
        assert stands(wallet)[0] == "7.00"
        done("accounts.update_wallet", **change, low_balance=eur("0.00"))
        assert stands(wallet) == (None, False, None)

    @pytest.mark.parametrize(
        ("amount", "code", "create_code"),
        [
            ({"amount": "1.00", "currency": "USD"}, "CURRENCY_MISMATCH", "CURRENCY_MISMATCH"),
            ({"amount": "-0.01", "currency": "EUR"}, "INVALID_AMOUNT", "INPUT_INVALID"),
            ({"amount": "1.001", "currency": "EUR"}, "INPUT_INVALID", "INPUT_INVALID"),
            ({"amount": "1e3", "currency": "EUR"}, "INPUT_INVALID", "INPUT_INVALID"),
            ({"amount": 5, "currency": "EUR"}, "INPUT_INVALID", "INPUT_INVALID"),
            ({"amount": "9" * 39, "currency": "EUR"}, "INPUT_INVALID", "INPUT_INVALID"),
            ({"amount": "1.00"}, "INPUT_INVALID", "INPUT_INVALID"),
            ("1.00", "INPUT_INVALID", "INPUT_INVALID"),
        ],
    )
    def test_what_is_no_amount_for_it_is_refused(
        self, acme: World, amount: Any, code: str, create_code: str
    ) -> None:
        wallet = watched(acme)
        assert refused("accounts.update_wallet", wallet=wallet, low_balance=amount, name="x") == code
        assert (stands(wallet)[0], Wallet.objects.get(pk=wallet).name) == ("100.00", "")
        new = {"tenant": acme.tenant, "currency": "EUR", "low_balance": amount}
        assert refused("accounts.create_wallet", **new) == create_code
        assert Wallet.objects.count() == 1

    def test_the_error_names_the_place(self, acme: World) -> None:
        wallet = acme.wallet()
        for amount, at in (({"amount": "1.00", "currency": "USD"}, "currency"), (eur("-1.00"), "amount")):
            error = run("accounts.update_wallet", wallet=wallet, low_balance=amount).error
            assert error is not None
            assert error.field == f"/low_balance/{at}"

    def test_zero_is_refused_where_nothing_is_watched_yet(self, acme: World) -> None:
        new = {"tenant": acme.tenant, "currency": "EUR", "low_balance": eur("0.00")}
        assert refused("accounts.create_wallet", **new) == "INPUT_INVALID"

    def test_a_closed_wallet_is_not_changed(self, acme: World) -> None:
        wallet = acme.wallet()
        done("accounts.close_wallet", wallet=wallet, reason="x")
        assert refused("accounts.update_wallet", wallet=wallet, low_balance=eur("1.00")) == "WALLET_CLOSED"

    @pytest.mark.parametrize(
        ("fields", "constraint"),
        [
            ({"low_balance": 0}, "wallet_low_balance_positive"),
            ({"low_balance": -1}, "wallet_low_balance_positive"),
            ({"is_low": True, "low_since": clock.now()}, "wallet_low_is_watched"),
            ({"is_low": True, "low_balance": 1}, "wallet_low_is_watched"),
            ({"low_since": clock.now(), "low_balance": 1}, "wallet_low_is_watched"),
            (
                {
                    "is_low": True,
                    "low_since": clock.now(),
                    "low_balance": 1,
                    "status": "closed",
                    "closed_at": clock.now(),
                },
                "wallet_low_is_watched",
            ),
        ],
    )
    def test_the_database_refuses_it_too(self, acme: World, fields: dict[str, Any], constraint: str) -> None:
        wallet = acme.wallet()
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Wallet.objects.filter(pk=wallet).update(**fields)


class TestLooking:
    def test_each_fall_and_each_recovery_is_told_once(self, acme: World) -> None:
        wallet = acme.wallet()
        pay_in(wallet, "100.00")
        set_low(wallet, "100.00")
        watch_balances()
        assert told(wallet) == []  # neither above nor below
        other = acme.wallet()
        done("transfers.create_transfer", from_wallet=wallet, to_wallet=other, amount=eur("0.01"))
        watch_balances()
        watch_balances()
        assert told(wallet) == [LOW]
        pay_in(wallet, "0.01")
        watch_balances()
        watch_balances()
        assert told(wallet) == [LOW, RECOVERED]
        done("transfers.place_hold", wallet=wallet, amount=eur("40.00"), reason="reserved")
        watch_balances()
        assert told(wallet) == [LOW, RECOVERED, LOW]
        assert told(other) == []

    def test_it_tells_what_was_read_then(self, acme: World) -> None:
        customer = done("accounts.create_customer", tenant=acme.tenant, kind="person", name="Ann")["customer"]
        wallet = watched(acme, customer=customer, external_id="till-7")
        pay_in(wallet, "99.99")
        began = clock.now()
        watch_balances()
        since = stands(wallet)[2]
        assert began <= since <= clock.now()
        pay_in(wallet, "50.00")
        with clock.frozen(since + timedelta(minutes=5)):
            watch_balances()
        low, recovered = Event.objects.filter(type__startswith="wallet.balance.").order_by("ordinal")
        same = {
            "wallet": wallet,
            "tenant": acme.tenant,
            "customer": customer,
            "external_id": "till-7",
            "currency": "EUR",
            "low_balance": eur("100.00"),
            "low_since": clock.written(since),
        }
        assert (low.type, low.data) == (LOW, same | {"available": eur("99.99")})
        assert (recovered.type, recovered.data) == (RECOVERED, same | {"available": eur("149.99")})
        assert {low.book_id, recovered.book_id} == {acme.book.pk}
        assert stands(wallet) == ("100.00", False, None)

    def test_what_comes_and_goes_between_two_looks_is_not_told(self, acme: World) -> None:
        wallet = acme.wallet()
        pay_in(wallet, "100.00")
        set_low(wallet, "60.00")
        hold = done("transfers.place_hold", wallet=wallet, amount=eur("90.00"), reason="x")["hold"]
        done("transfers.release_hold", hold=hold, reason="x")
        watch_balances()
        assert told(wallet) == []

    def test_another_threshold_is_looked_at_anew(self, acme: World) -> None:
        wallet = acme.wallet()
        pay_in(wallet, "50.00")
        steps = (("50.01", [LOW]), ("80.00", []), ("50.00", [RECOVERED]), ("49.00", []), ("51.00", [LOW]))
        expected: list[str] = []
        for low_balance, new in steps:
            set_low(wallet, low_balance)
            watch_balances()
            expected += new
            assert told(wallet) == expected
        set_low(wallet, "0.00")
        assert stands(wallet) == (None, False, None)
        watch_balances()
        assert told(wallet) == expected
        set_low(wallet, "51.00")
        watch_balances()
        assert told(wallet) == [*expected, LOW]

    def test_a_wallet_that_begins_empty_is_low_and_one_that_is_closed_is_nothing(self, acme: World) -> None:
        wallet, quiet = watched(acme), watched(acme)
        done("accounts.close_wallet", wallet=quiet, reason="x")
        watch_balances()
        assert (told(wallet), told(quiet)) == ([LOW], [])
        done("accounts.close_wallet", wallet=wallet, reason="x")
        assert stands(wallet) == ("100.00", False, None)
        watch_balances()
        assert told(wallet) == [LOW]

    def test_what_changed_since_the_look_is_not_told(self, acme: World) -> None:
        enough, unwatched, closed = (watched(acme) for _ in range(3))
        pay_in(enough, "100.00")
        set_low(unwatched, "0.00")
        done("accounts.close_wallet", wallet=closed, reason="x")
        for wallet in (enough, unwatched, closed):
            result = done("accounts.tell_balance", actor=WATCH, wallet=wallet)
            assert result == {"wallet": wallet, "is_low": False}
            assert told(wallet) == []

    def test_nobody_tells_it_by_hand(self, acme: World) -> None:
        wallet = watched(acme)
        assert refused("accounts.tell_balance", actor=acme.key, wallet=wallet) == "AUTHORIZATION_FAILED"
        assert told(wallet) == []

    def test_all_are_found_some_at_a_time_whatever_becomes_of_one(
        self, acme: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(watching, "AT_ONCE", 2)
        wallets = [watched(acme) for _ in range(5)]
        assert tell_balances(clock.now()) == 5
        assert [told(wallet) for wallet in wallets] == [[LOW]] * 5
        assert tell_balances(clock.now()) == 0

    def test_a_look_that_was_lost_is_made_up_for(self, acme: World) -> None:
        """What a killed worker did not commit is no more than what it did not look at."""
        wallet = watched(acme)
        with found_but_not_told(1), somebody_else() as killer:
            killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
        assert (told(wallet), stands(wallet)[1]) == ([], False)
        watch_balances()
        assert told(wallet) == [LOW]

    def test_the_beat_looks_every_five_seconds(self) -> None:
        entry = BEAT_SCHEDULE["watch-balances"]
        assert (entry["task"], entry["schedule"]) == (watch_balances.name, timedelta(seconds=5))


class TestAtOnce:
    def test_two_workers_tell_it_once(self, acme: World) -> None:
        wallet = watched(acme)
        with found_but_not_told(2):
            pass
        assert told(wallet) == [LOW]
        assert Operation.objects.filter(command="accounts.tell_balance").count() == 2

    def test_it_tells_what_is_there_once_it_holds_the_wallet(self, acme: World) -> None:
        wallet = watched(acme)
        with found_but_not_told(1):
            pay_in(wallet, "100.00")  # posting waits for no wallet
        assert (told(wallet), stands(wallet)[1]) == ([], False)

    def test_a_change_and_a_look_at_once(self, acme: World) -> None:
        """Whichever comes first, what stands is what the last event says, and what is not watched is not low."""
        for _ in range(6):
            wallet = watched(acme)
            at_once(watch_balances, lambda: set_low(wallet, "0.00"))  # noqa: B023
            assert stands(wallet) == (None, False, None)
            assert told(wallet) in ([], [LOW])


def planned(statement: str, given: list[Any]) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", given)
        answer = cursor.fetchone()[0]
    plan: dict[str, Any] = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for below in plan.get("Plans", ()) for node in nodes(below))]


MANY = """
SET session_replication_role = replica;
INSERT INTO ledger_balance (account_id, book_id, currency, side, balance, sequence, names_holds, owing, closed, recorded_at)
  SELECT i, 1, 'EUR', 1, i %% 100, 1, false, false, false, now() FROM generate_series(1000001, 1150000) i;
INSERT INTO accounts_wallet (id, tenant_id, book_id, currency, available_account_id, held_account_id, owed_account_id, purpose,
                             category, name, external_id, metadata, status, created_at, low_balance, is_low)
  SELECT ('b' || lpad(to_hex(i), 31, '0'))::uuid, lpad('7', 32, '0')::uuid, 1, 'EUR', 1000000 + i, 1050000 + i, 1100000 + i, '',
         'banking', '', '', '{}', 'open', now(), CASE WHEN i %% 50 = 0 THEN 10 END, false
    FROM generate_series(1, 50000) i;
SET session_replication_role = DEFAULT;
ANALYZE accounts_wallet, ledger_balance;
"""


@pytest.mark.tampers
def test_a_look_reads_the_watched_wallets_alone(acme: World) -> None:
    """Of 50,000 wallets 1,000 are watched: so many entries of the index are read, and so many balances."""
    with connection.cursor() as cursor:
        cursor.execute(MANY.replace("%%", "%"))
    for after in (uuid.UUID(int=0), uuid.UUID(int=0xB << 124)):
        read = [node for node in nodes(planned(NOT_AS_TOLD, [after, 500])) if "Relation Name" in node]
        assert [(node["Relation Name"], node.get("Index Name")) for node in read] == [
            ("accounts_wallet", "wallet_watched"),
            ("ledger_balance", "ledger_balance_pkey"),
        ]
        assert read[0]["Actual Rows"] <= 1_000
        assert read[1]["Actual Loops"] <= 1_000


def test_it_arrives_as_a_webhook(acme: World) -> None:
    with receiving() as receiver:
        endpoint(acme, receiver.url, types=[LOW, RECOVERED])
        wallet = watched(acme, test=True)
        watch_balances()
        set_low(wallet, "0.00")
        quiet = acme.wallet(test=True)
        watch_balances()
        deliver()
        [body] = [json.loads(each.body) for each in receiver.received]
    assert (body["type"], body["subject"]) == (LOW, wallet)
    assert body["data"]["available"] == eur("0.00")
    assert body["data"]["low_balance"] == eur("100.00")
    assert told(quiet) == []


steps = st.lists(
    st.one_of(
        st.tuples(st.just("in"), st.integers(1, 300)),
        st.tuples(st.just("out"), st.integers(1, 300)),
        st.tuples(st.just("low"), st.integers(0, 300)),
        st.tuples(st.just("look"), st.just(0)),
    ),
    min_size=4,
    max_size=30,
)


@settings(max_examples=300 if LONG else 20)
@given(steps=steps)
def test_what_is_told_is_what_a_plain_model_tells(ledger_db: Any, steps: list[tuple[str, int]]) -> None:
    made = with_bank(world(f"t{uuid.uuid4().hex[:10]}"))
    wallet, other = made.wallet(), made.wallet()
    has, low_balance, is_low = 0, 0, False
    expected: list[tuple[str, str, str]] = []
    for what, amount in [*steps, ("look", 0)]:
        money = eur(f"{amount / 100:.2f}")
        if what == "in":
            pay_in(wallet, money["amount"])
            has += amount
        elif what == "out":
            asked = {"from_wallet": wallet, "to_wallet": other, "amount": money}
            accepted = run("transfers.create_transfer", **asked).accepted
            assert accepted == (amount <= has)
            has -= amount if accepted else 0
        elif what == "low":
            done("accounts.update_wallet", wallet=wallet, low_balance=money)
            low_balance, is_low = amount, is_low and amount > 0
        else:
            watch_balances()
            if is_low != (has < low_balance):
                is_low = not is_low
                told_now = (LOW if is_low else RECOVERED, f"{has / 100:.2f}", f"{low_balance / 100:.2f}")
                expected.append(told_now)
        assert Wallet.objects.get(pk=wallet).is_low == is_low
    found = Event.objects.filter(subject=wallet, type__startswith="wallet.balance.").order_by("ordinal")
    assert [
        (each.type, each.data["available"]["amount"], each.data["low_balance"]["amount"]) for each in found
    ] == expected
