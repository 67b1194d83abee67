"""The ledger's commands, one by one, with the amounts that must come of them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.ledger.models import BookPeriod, Freeze, Hold, JournalEntry, Line, PeriodChange
from apps.operations.models import Event, Operation
from tests.support.door import (
    balance,
    balances,
    code,
    done,
    eur,
    held,
    moved,
    movement,
    nothing_moved,
    opened,
    refused,
    remaining,
    rows,
    run,
    tenant,
)

pytestmark = pytest.mark.usefixtures("ledger_db", "test_commands", "_books")


@pytest.fixture
def _books(ledger_db: Any) -> None:
    opened("bank", side="debit", floor=None)
    opened("amara")
    opened("bo")
    opened("reserve", names_holds=True)
    moved("bank", "amara", "100.00")


def lines(entry: str) -> list[tuple[str, int, int]]:
    """The lines of an entry: account, amount, balance after; raw."""
    found = (
        Line.objects.filter(entry=entry)
        .order_by("posting", "amount")
        .values_list("account__address", "amount", "balance_after")
    )
    return list(found)


class TestEntries:
    def test_debit_the_source_and_credit_the_destination(self) -> None:
        entry = moved("amara", "bo", "30.00")
        assert lines(entry) == [("amara", -3000, 7000), ("bo", 3000, 3000)]
        assert balances("amara", "bo", "bank") == {"amara": "70.00", "bo": "30.00", "bank": "100.00"}

    def test_keep_what_they_were_told(self) -> None:
        given = {
            **movement("amara", "bo", "1.00"),
            "reference": "bank:4711",
            "kind": "fee",
            "description": "Fee for January",
            "metadata": {"invoice": "I-1", "lines": [1, 2]},
            "effective_at": "2026-01-31T23:30:00+01:00",
        }
        entry = JournalEntry.objects.get(pk=done("ledger.import_entry", key="k", **given)["entry"])
        assert (entry.reference, entry.kind, entry.description) == ("bank:4711", "fee", "Fee for January")
        assert entry.metadata == {"invoice": "I-1", "lines": [1, 2]}
        assert (entry.effective_at, str(entry.effective_on)) == (
            datetime(2026, 1, 31, 22, 30, tzinfo=UTC),
            "2026-01-31",
        )
        assert entry.operation_id == Operation.objects.get(key="k").pk

    def test_take_effect_on_the_day_that_it_is_where_the_book_is(self) -> None:
        tenant("tokyo", time_zone="Asia/Tokyo")
        opened("mint", book="tokyo", floor=None)
        opened("wallet", book="tokyo")
        for count in (1, 2):
            given = [["mint", "wallet", "1.00", "EUR"]] * count
            entry = {
                "book": "tokyo",
                "reference": f"r{count}",
                "postings": given,
                "effective_at": "2026-01-31T15:30:00+00:00",
            }
            [posted] = done("tests.post", entries=[entry])["entries"]
            assert str(JournalEntry.objects.get(pk=posted).effective_on) == "2026-02-01"

    def test_have_balances_after_leg_by_leg(self) -> None:
        postings = [
            ["amara", "bo", "10.00", "EUR"],
            ["bo", "amara", "4.00", "EUR"],
            ["bank", "bo", "1.00", "EUR"],
        ]
        [entry] = done("tests.post", entries=[{"book": "platform", "reference": "r", "postings": postings}])[
            "entries"
        ]
        assert lines(entry) == [
            ("amara", -1000, 9000),
            ("bo", 1000, 1000),
            ("bo", -400, 600),
            ("amara", 400, 9400),
            ("bank", -100, -10100),
            ("bo", 100, 700),
        ]

    def test_may_pass_through_an_empty_account_within_one_entry(self) -> None:
        opened("till")
        postings = [["till", "bo", "5.00", "EUR"], ["amara", "till", "5.00", "EUR"]]
        done("tests.post", entries=[{"book": "platform", "reference": "r", "postings": postings}])
        assert balances("till", "bo") == {"till": "0.00", "bo": "5.00"}


class TestFloors:
    def test_are_met_to_the_cent(self) -> None:
        assert refused("ledger.import_entry", **movement("amara", "bo", "100.01")) == "INSUFFICIENT_BALANCE"
        moved("amara", "bo", "100.00")
        assert balances("amara", "bo") == {"amara": "0.00", "bo": "100.00"}

    def test_below_zero_are_overdrafts(self) -> None:
        opened("cleo", floor="-50.00")
        moved("cleo", "bo", "50.00")
        assert refused("ledger.import_entry", **movement("cleo", "bo", "0.01")) == "INSUFFICIENT_BALANCE"
        assert balance("cleo") == "-50.00"

    def test_of_debit_accounts_are_as_people_read_them(self) -> None:
        opened("cash", side="debit", floor="0")
        assert refused("ledger.import_entry", **movement("amara", "cash", "0.01")) == "INSUFFICIENT_BALANCE"
        moved("cash", "amara", "10.00")
        moved("amara", "cash", "10.00")
        assert balance("cash") == "0.00"

    @pytest.mark.parametrize(
        ("postings", "account", "available", "missing"),
        [
            ([("amara", "bo", "100.01")], "amara", "100.00", "0.01"),
            ([("cash", "bo", "1.00"), ("amara", "cash", "3.50")], "cash", "0.00", "2.50"),
            ([("amara", "bo", "60.00"), ("amara", "till", "50.00")], "amara", "100.00", "10.00"),
            ([("bo", "amara", "5.00"), ("amara", "till", "106.00")], "bo", "0.00", "5.00"),
            ([("cleo", "bo", "70.00")], "cleo", "50.00", "20.00"),
        ],
    )
    def test_say_whose_account_has_how_much_too_little(
        self, postings: list[tuple[str, str, str]], account: str, available: str, missing: str
    ) -> None:
        opened("cash", side="debit", floor="0")
        opened("till")
        opened("cleo", floor="-50.00")
        entry = {
            "book": "platform",
            "reference": "r",
            "postings": [[*posting, "EUR"] for posting in postings],
        }
        error = run("tests.post", entries=[entry]).error
        assert error
        assert (error.details["account"], error.details["available"]) == (account, available)
        said = f"{account} has {available} EUR to spend, {missing} EUR too little."
        assert error.message.endswith(said)

    def test_can_be_taken_away(self) -> None:
        given = {"book": "platform", "account": "bo", "currency": "EUR"}
        done("ledger.set_floor", **given, floor=None)
        moved("bo", "amara", "1000.00")
        assert refused("ledger.set_floor", **given, floor="0") == "FLOOR_ABOVE_BALANCE"
        assert balance("bo") == "-1000.00"


class TestOpeningBalances:
    GIVEN = {"book": "platform", "account": "bo"}

    def test_come_first_and_once(self) -> None:
        result = done("ledger.post_opening_balance", **self.GIVEN, amount=eur("12.34"))
        assert result["balances"] == {"equity:opening-balances": eur("-12.34"), "bo": eur("12.34")}
        assert (
            refused("ledger.post_opening_balance", **self.GIVEN, amount=eur("1.00")) == "OPENING_BALANCE_LATE"
        )
        assert (
            refused("ledger.post_opening_balance", book="platform", account="amara", amount=eur("1.00"))
            == "OPENING_BALANCE_LATE"
        )

    def test_of_debit_accounts_are_as_people_read_them(self) -> None:
        opened("cash", side="debit")
        done("ledger.post_opening_balance", book="platform", account="cash", amount=eur("5.00"))
        assert balances("cash", "equity:opening-balances") == {
            "cash": "5.00",
            "equity:opening-balances": "5.00",
        }

    def test_below_zero_open_an_account_overdrawn(self) -> None:
        opened("cleo", floor=None)
        done("ledger.post_opening_balance", book="platform", account="cleo", amount=eur("-5.00"))
        assert balances("cleo", "equity:opening-balances") == {
            "cleo": "-5.00",
            "equity:opening-balances": "5.00",
        }

    def test_of_nothing_are_refused(self) -> None:
        assert refused("ledger.post_opening_balance", **self.GIVEN, amount=eur("0.00")) == "INVALID_AMOUNT"

    def test_below_the_floor_are_refused(self) -> None:
        assert (
            refused("ledger.post_opening_balance", **self.GIVEN, amount=eur("-0.01"))
            == "INSUFFICIENT_BALANCE"
        )


class TestCorrections:
    GIVEN = {"book": "platform", "account": "amara", "related_type": "ticket", "related_id": "T-7"}

    def test_say_why_and_what_about(self) -> None:
        result = done(
            "ledger.post_correction",
            **self.GIVEN,
            direction="credit",
            amount=eur("5.00"),
            reason="counted again",
        )
        entry = JournalEntry.objects.get(pk=result["entry"])
        assert entry.metadata == {"reason": "counted again", "related_type": "ticket", "related_id": "T-7"}
        assert balances("amara", "suspense:corrections") == {
            "amara": "105.00",
            "suspense:corrections": "-5.00",
        }

    def test_take_as_well_as_give(self) -> None:
        done("ledger.post_correction", **self.GIVEN, direction="debit", amount=eur("5.00"), reason="x")
        assert balances("amara", "suspense:corrections") == {"amara": "95.00", "suspense:corrections": "5.00"}

    @pytest.mark.parametrize("reason", ["", " ", None])
    def test_without_a_reason_are_refused(self, reason: Any) -> None:
        given = {**self.GIVEN, "direction": "credit", "amount": eur("5.00")}
        assert refused("ledger.post_correction", **given, reason=reason) == "INPUT_INVALID"

    def test_open_the_corrections_account_even_if_they_are_refused(self) -> None:
        assert (
            refused(
                "ledger.post_correction", **self.GIVEN, direction="debit", amount=eur("100.01"), reason="x"
            )
            == "INSUFFICIENT_BALANCE"
        )
        assert balance("suspense:corrections") == "0.00"


class TestReversals:
    def test_mirror_the_whole_entry(self) -> None:
        postings = [["amara", "bo", "10.00", "EUR"], ["bo", "bank", "4.00", "EUR"]]
        [entry] = done("tests.post", entries=[{"book": "platform", "reference": "r", "postings": postings}])[
            "entries"
        ]
        result = done("ledger.reverse_entry", entry=entry, reason="wrong customer")
        mirror = JournalEntry.objects.get(pk=result["entry"])
        assert (mirror.reverses_id, mirror.kind, mirror.description) == (entry, "reversal", "wrong customer")
        assert [(account, amount) for account, amount, _ in lines(mirror.pk)] == [
            ("bank", -400),
            ("bo", 400),
            ("bo", -1000),
            ("amara", 1000),
        ]
        assert balances("amara", "bo", "bank") == {"amara": "100.00", "bo": "0.00", "bank": "100.00"}

    def test_happen_once_and_are_not_reversed(self) -> None:
        entry = moved("amara", "bo", "10.00")
        mirror = done("ledger.reverse_entry", entry=entry, reason="x")["entry"]
        assert refused("ledger.reverse_entry", entry=entry, reason="x") == "ALREADY_REVERSED"
        assert refused("ledger.reverse_entry", entry=mirror, reason="x") == "REVERSAL_NOT_REVERSIBLE"
        assert refused("ledger.reverse_entry", entry="je_" + "0" * 26, reason="x") == "ENTRY_NOT_FOUND"

    def test_are_refused_where_the_money_is_gone_and_may_be_tried_again_with_a_new_key(self) -> None:
        entry = moved("amara", "bo", "10.00")
        moved("bo", "bank", "1.00")
        assert refused("ledger.reverse_entry", entry=entry, reason="x") == "INSUFFICIENT_BALANCE"
        moved("bank", "bo", "1.00")
        done("ledger.reverse_entry", entry=entry, reason="x")
        assert balances("amara", "bo") == {"amara": "100.00", "bo": "0.00"}

    def test_of_a_placed_hold_give_it_back(self) -> None:
        hold = held("amara", "reserve", "40.00")
        entry = Hold.objects.get(pk=hold).opened_by_id
        done("ledger.reverse_entry", entry=entry, reason="x")
        assert (remaining(hold), balances("amara", "reserve")) == (
            "0.00",
            {"amara": "100.00", "reserve": "0.00"},
        )

    def test_of_a_hold_that_was_taken_from_are_refused(self) -> None:
        hold = held("amara", "reserve", "40.00")
        done("ledger.settle_hold", hold=hold, destination="bo", amount=eur("0.01"), reason="x")
        entry = Hold.objects.get(pk=hold).opened_by_id
        assert refused("ledger.reverse_entry", entry=entry, reason="x") == "HOLD_EXHAUSTED"

    def test_of_a_settlement_put_it_back_into_the_hold(self) -> None:
        hold = held("amara", "reserve", "40.00")
        paid = done(
            "ledger.settle_hold",
            hold=hold,
            destination="bo",
            amount=eur("30.00"),
            release_rest=True,
            reason="x",
        )
        assert (remaining(hold), balances("amara", "bo")) == ("0.00", {"amara": "70.00", "bo": "30.00"})
        done("ledger.reverse_entry", entry=paid["entry"], reason="x")
        assert remaining(hold) == "40.00"
        assert balances("amara", "bo", "reserve") == {"amara": "60.00", "bo": "0.00", "reserve": "40.00"}


class TestHolds:
    def test_set_money_aside_in_their_own_name(self) -> None:
        result = done(
            "ledger.place_hold",
            book="platform",
            account="amara",
            held_account="reserve",
            amount=eur("40.00"),
            reason="order 7",
        )
        hold = Hold.objects.get(pk=result["hold"])
        assert (hold.account.address, hold.held_account.address, hold.amount, hold.remaining) == (
            "amara",
            "reserve",
            4000,
            4000,
        )
        assert result["balances"] == {"amara": eur("60.00"), "reserve": eur("40.00")}
        assert set(Line.objects.filter(entry=result["entry"]).values_list("hold_id", flat=True)) == {hold.pk}
        assert refused("ledger.import_entry", **movement("reserve", "bo", "1.00")) == "HOLD_REQUIRED"

    def test_are_settled_in_parts_until_nothing_remains(self) -> None:
        hold = held("amara", "reserve", "40.00")
        for amount, left in (("15.00", "25.00"), ("24.99", "0.01"), ("0.01", "0.00")):
            done("ledger.settle_hold", hold=hold, destination="bo", amount=eur(amount), reason="x")
            assert remaining(hold) == left
        assert (
            refused("ledger.settle_hold", hold=hold, destination="bo", amount=eur("0.01"), reason="x")
            == "HOLD_EXHAUSTED"
        )
        assert refused("ledger.settle_hold", hold=hold, destination="bo", reason="x") == "HOLD_EXHAUSTED"
        assert refused("ledger.release_hold", hold=hold, reason="x") == "HOLD_EXHAUSTED"
        assert balances("amara", "bo", "reserve") == {"amara": "60.00", "bo": "40.00", "reserve": "0.00"}

    def test_are_settled_wholly_without_an_amount(self) -> None:
        hold = held("amara", "reserve", "40.00")
        result = done("ledger.settle_hold", hold=hold, destination="bo", reason="x")
        assert result["moved"] == [{"to": "bo", "amount": eur("40.00")}]
        assert remaining(hold) == "0.00"

    def test_give_the_rest_back_at_once(self) -> None:
        hold = held("amara", "reserve", "40.00")
        result = done(
            "ledger.settle_hold",
            hold=hold,
            destination="bo",
            amount=eur("25.00"),
            release_rest=True,
            reason="x",
        )
        assert result["moved"] == [
            {"to": "bo", "amount": eur("25.00")},
            {"to": "amara", "amount": eur("15.00")},
        ]
        assert balances("amara", "bo", "reserve") == {"amara": "75.00", "bo": "25.00", "reserve": "0.00"}

    def test_are_released_in_parts_or_wholly(self) -> None:
        hold = held("amara", "reserve", "40.00")
        done("ledger.release_hold", hold=hold, amount=eur("10.00"), reason="x")
        assert (remaining(hold), balance("amara")) == ("30.00", "70.00")
        done("ledger.release_hold", hold=hold, reason="x")
        assert (remaining(hold), balance("amara")) == ("0.00", "100.00")

    def test_never_eat_each_others_money(self) -> None:
        first, second = held("amara", "reserve", "10.00"), held("amara", "reserve", "30.00")
        assert (
            refused("ledger.settle_hold", hold=first, destination="bo", amount=eur("10.01"), reason="x")
            == "HOLD_EXHAUSTED"
        )
        done("ledger.settle_hold", hold=first, destination="bo", reason="x")
        assert (remaining(first), remaining(second), balance("reserve")) == ("0.00", "30.00", "30.00")

    def test_keep_an_account_open(self) -> None:
        hold = held("amara", "reserve", "100.00")
        given = {"book": "platform", "account": "amara", "currency": "EUR", "reason": "x"}
        assert refused("ledger.close_account", **given) == "ACCOUNT_HAS_HOLDS"
        done("ledger.settle_hold", hold=hold, destination="bo", reason="x")
        assert done("ledger.close_account", **given)["account"] == "amara"
        assert refused("ledger.import_entry", **movement("bo", "amara", "1.00")) == "ACCOUNT_CLOSED"


class TestFreezes:
    def freeze(self, direction: str, **more: Any) -> str:
        """Freeze Amara's account."""
        given = {
            "book": "platform",
            "account": "amara",
            "currency": "EUR",
            "direction": direction,
            "reason": "court order",
        }
        return str(done("ledger.freeze_account", **given, **more)["freeze"])

    @pytest.mark.parametrize(
        ("direction", "out", "into"),
        [
            ("out", "ACCOUNT_FROZEN", None),
            ("in", None, "ACCOUNT_FROZEN"),
            ("both", "ACCOUNT_FROZEN", "ACCOUNT_FROZEN"),
        ],
    )
    def test_have_a_direction(self, direction: str, out: str | None, into: str | None) -> None:
        freeze = self.freeze(direction)
        assert code(run("ledger.import_entry", **movement("amara", "bo", "1.00"))) == out
        assert code(run("ledger.import_entry", **movement("bank", "amara", "1.00"))) == into
        done("ledger.unfreeze_account", freeze=freeze, reason="lifted by court")
        assert code(run("ledger.import_entry", **movement("amara", "bo", "1.00"))) is None
        assert code(run("ledger.import_entry", **movement("bank", "amara", "1.00"))) is None

    def test_let_holds_be_settled_and_released_but_not_placed(self) -> None:
        hold = held("amara", "reserve", "40.00")
        self.freeze("both")
        done("ledger.settle_hold", hold=hold, destination="bo", amount=eur("10.00"), reason="x")
        done("ledger.release_hold", hold=hold, reason="x")
        assert balances("amara", "bo") == {"amara": "90.00", "bo": "10.00"}
        given = {
            "book": "platform",
            "account": "amara",
            "held_account": "reserve",
            "amount": eur("1.00"),
            "reason": "x",
        }
        assert refused("ledger.place_hold", **given) == "ACCOUNT_FROZEN"

    def test_stand_until_the_last_is_lifted(self) -> None:
        first, second = self.freeze("both"), self.freeze("out")
        done("ledger.unfreeze_account", freeze=first, reason="x")
        assert refused("ledger.import_entry", **movement("amara", "bo", "1.00")) == "ACCOUNT_FROZEN"
        moved("bank", "amara", "1.00")
        done("ledger.unfreeze_account", freeze=second, reason="x")
        moved("amara", "bo", "1.00")
        assert refused("ledger.unfreeze_account", freeze=second, reason="x") == "FREEZE_NOT_FOUND"

    def test_expire_by_themselves(self) -> None:
        now = datetime.now(UTC)
        self.freeze("out", expires_at=(now - timedelta(seconds=1)).isoformat())
        moved("amara", "bo", "1.00")
        self.freeze("out", expires_at=(now + timedelta(hours=1)).isoformat())
        assert refused("ledger.import_entry", **movement("amara", "bo", "1.00")) == "ACCOUNT_FROZEN"
        rows("UPDATE ledger_balance SET frozen_out_until = clock_timestamp() - interval '1 ms' RETURNING 1")
        moved("amara", "bo", "1.00")

    def test_tell_who_why_and_when(self) -> None:
        with clock.frozen(datetime(2026, 1, 2, 3, 4, tzinfo=UTC)):
            freeze = self.freeze("out")
        stored = Freeze.objects.get(pk=freeze)
        assert (stored.direction, stored.reason, stored.frozen_by) == ("out", "court order", "test")
        assert stored.frozen_at == datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
        assert Event.objects.get(type="account.frozen").subject == "amara"


class TestPeriods:
    def close(self, through: str) -> Any:
        """Close the platform's book."""
        return run("ledger.close_period", book="platform", through=through, reason="month end")

    def on(self, day: str) -> str | None:
        """Whether an entry of that noon is posted."""
        return code(
            run(
                "ledger.import_entry",
                **{**movement("bank", "amara", "1.00"), "effective_at": f"{day}T12:00:00Z"},
            )
        )

    def test_are_closed_through_a_day_inclusive(self) -> None:
        self.close("2026-01-31")
        assert [self.on(day) for day in ("2026-01-30", "2026-01-31", "2026-02-01")] == [
            "PERIOD_CLOSED",
            "PERIOD_CLOSED",
            None,
        ]
        assert code(run("ledger.import_entry", **movement("bank", "amara", "1.00"))) is None

    def test_move_forward_by_closing_and_back_by_reopening(self) -> None:
        assert code(self.close("2026-01-31")) is None
        assert code(self.close("2026-01-31")) == "PERIOD_ORDER"
        assert code(self.close("2025-12-31")) == "PERIOD_ORDER"
        reopen = {"book": "platform", "reason": "late invoice"}
        assert refused("ledger.reopen_period", **reopen, through="2026-01-31") == "PERIOD_ORDER"
        done("ledger.reopen_period", **reopen, through="2025-12-31")
        assert [self.on("2025-12-31"), self.on("2026-01-01")] == ["PERIOD_CLOSED", None]
        done("ledger.reopen_period", **reopen, through=None)
        assert self.on("2025-12-31") is None
        assert refused("ledger.reopen_period", **reopen, through=None) == "PERIOD_ORDER"
        assert BookPeriod.objects.get().closed_through is None
        assert list(
            PeriodChange.objects.order_by("ordinal").values_list("what", "closed_through", "reason")
        ) == [
            ("closed", date(2026, 1, 31), "month end"),
            ("reopened", date(2025, 12, 31), "late invoice"),
            ("reopened", None, "late invoice"),
        ]

    def test_are_of_one_book(self) -> None:
        tenant("acme")
        opened("mint", book="acme", floor=None)
        opened("wallet", book="acme")
        self.close("2026-01-31")
        given = {**movement("mint", "wallet", "1.00", book="acme"), "effective_at": "2026-01-15T12:00:00Z"}
        assert done("ledger.import_entry", **given)["entry"].startswith("je_")

    def test_are_closed_for_reversals_and_corrections_too(self) -> None:
        entry = moved("amara", "bo", "1.00")
        self.close("2026-01-31")
        at = "2026-01-31T12:00:00Z"
        assert refused("ledger.reverse_entry", entry=entry, reason="x", effective_at=at) == "PERIOD_CLOSED"
        given = {**TestCorrections.GIVEN, "direction": "credit", "amount": eur("1.00"), "reason": "x"}
        assert refused("ledger.post_correction", **given, effective_at=at) == "PERIOD_CLOSED"
        with nothing_moved():
            assert code(self.close("x")) == "INPUT_INVALID"
        done("ledger.reverse_entry", entry=entry, reason="x")
