"""Two at once: each race is decided, none is lost, and nobody waits for ever."""

import random
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from apps.ledger import queries
from apps.ledger.models import BookPeriod, PeriodChange
from apps.operations import combiner, sequencer
from apps.operations.executor import execute, execute_many
from apps.operations.models import ApprovalRequest, Operation
from apps.operations.run import Outcome
from tests.support.door import (
    balances,
    code,
    done,
    eur,
    held,
    moved,
    movement,
    opened,
    person,
    remaining,
    request,
    rows,
    run,
    tenant,
)
from tests.support.policies import agrees, policy
from tests.support.threads import (
    answer_soon,
    at_once,
    deadlocks,
    somebody_else,
    under_way,
    wait_until_blocked,
)

pytestmark = pytest.mark.usefixtures("ledger_db", "test_commands", "_wallets", "_no_deadlock")

LOCK_BALANCE = "SELECT FROM ledger_balance b JOIN ledger_account a ON a.id = b.account_id WHERE a.address = %s FOR UPDATE OF b"


@pytest.fixture
def _wallets(ledger_db: Any) -> None:
    opened("mint", floor=None)
    opened("amara")
    opened("bo")
    opened("reserve", names_holds=True)
    moved("mint", "amara", "100.00")


@pytest.fixture
def _no_deadlock(ledger_db: Any) -> Iterator[None]:
    """Locks are always taken in one order, so PostgreSQL never had to break a tie."""
    before = deadlocks()
    yield
    assert deadlocks() == before


def codes(outcomes: list[Outcome]) -> Counter[str | None]:
    """How often each code came."""
    return Counter(code(outcome) for outcome in outcomes)


class TestOneKey:
    def test_one_caller_runs_and_the_other_is_told_to_wait(self) -> None:
        given = movement("amara", "bo", "30.00")
        with somebody_else() as other:
            other.execute(LOCK_BALANCE, ["amara"])
            with under_way(lambda: run("ledger.import_entry", key="k", **given)) as [first]:
                wait_until_blocked(1)
                second = answer_soon(lambda: run("ledger.import_entry", key="k", **given), other)
                other.rollback()
        assert (code(second), second.error.transient) == ("KEY_IN_FLIGHT", True)  # type: ignore[union-attr]
        assert first.result().accepted
        third = run("ledger.import_entry", key="k", **given)
        assert (third.replayed, third.operation_id) == (True, first.result().operation_id)
        assert balances("amara", "bo") == {"amara": "70.00", "bo": "30.00"}

    def test_of_many_callers_one_runs(self) -> None:
        given = movement("amara", "bo", "30.00")
        outcomes = at_once(*[partial(run, "ledger.import_entry", key="k", **given)] * 8)
        assert set(codes(outcomes)) <= {None, "KEY_IN_FLIGHT"}
        assert len([outcome for outcome in outcomes if outcome.accepted and not outcome.replayed]) == 1
        assert balances("amara", "bo") == {"amara": "70.00", "bo": "30.00"}
        assert Operation.objects.filter(key="k").count() == 1

    def test_a_refusal_of_one_try_is_not_the_answer_of_another(self) -> None:
        """A batch that collides is run again one by one; what another caller did meanwhile is replayed."""
        given = {"book": "platform", "currency": "EUR", "gl_code": "2130", "side": "credit"}
        batch = [
            request("ledger.open_account", key=f"k{place}", address=f"new{place}", **given)
            for place in range(5)
        ]
        for both in at_once(*[partial(execute_many, batch)] * 4):
            assert set(codes(both)) <= {None, "KEY_IN_FLIGHT"}
        assert all(outcome.replayed for outcome in execute_many(batch))


class TestTwoAccounts:
    def test_eight_writers_lose_nothing(self) -> None:
        opened("left", floor=None)
        opened("right", floor=None)

        def write(there: str, back: str) -> None:
            for _ in range(20):
                moved(there, back, "0.01")

        at_once(
            *[partial(write, *pair) for pair in [("left", "right"), ("right", "left")] * 3],
            *[partial(write, "left", "right")] * 2,
        )
        assert balances("left", "right") == {"left": "-0.40", "right": "0.40"}
        assert rows(
            "SELECT max(sequence) FROM ledger_line l JOIN ledger_account a ON a.id = account_id WHERE address = 'left'"
        ) == [(160,)]

    def test_batches_over_the_same_accounts_in_any_order_do_not_deadlock(self) -> None:
        names = [opened(f"w{place}", floor=None) for place in range(6)]

        def write(seed: int) -> list[Outcome]:
            dice = random.Random(seed)
            pairs = [dice.sample(names, 2) for _ in range(60)]
            return execute_many([request("ledger.import_entry", **movement(a, b, "1.00")) for a, b in pairs])

        outcomes = [
            outcome for batch in at_once(*[partial(write, seed) for seed in range(6)]) for outcome in batch
        ]
        assert codes(outcomes) == {None: 360}

    def test_what_is_there_once_is_spent_once(self) -> None:
        outcomes = at_once(*[lambda: run("ledger.import_entry", **movement("amara", "bo", "30.00"))] * 6)
        assert codes(outcomes) == {None: 3, "INSUFFICIENT_BALANCE": 3}
        assert balances("amara", "bo") == {"amara": "10.00", "bo": "90.00"}


class TestOneThing:
    def test_a_hold_is_settled_once(self) -> None:
        hold = held("amara", "reserve", "50.00")
        settle = partial(run, "ledger.settle_hold", hold=hold, destination="bo", reason="x")
        with somebody_else() as other:
            other.execute("SELECT FROM ledger_hold FOR UPDATE")
            with under_way(settle, settle) as both:
                wait_until_blocked(2)
                other.rollback()
        assert codes([one.result() for one in both]) == {None: 1, "HOLD_EXHAUSTED": 1}
        assert (remaining(hold), balances("bo", "reserve")) == ("0.00", {"bo": "50.00", "reserve": "0.00"})

    def test_a_hold_is_never_taken_from_beyond_what_remains(self) -> None:
        hold = held("amara", "reserve", "50.00")
        release = partial(run, "ledger.release_hold", hold=hold, amount=eur("20.00"), reason="x")
        assert codes(at_once(*[release] * 5)) == {None: 2, "HOLD_EXHAUSTED": 3}
        assert (remaining(hold), balances("amara", "reserve")) == (
            "10.00",
            {"amara": "90.00", "reserve": "10.00"},
        )

    def test_an_entry_is_reversed_once(self) -> None:
        entry = moved("amara", "bo", "30.00")
        reverse = partial(run, "ledger.reverse_entry", entry=entry, reason="x")
        with somebody_else() as other:
            other.execute(LOCK_BALANCE, ["bo"])
            with under_way(reverse, reverse) as both:
                wait_until_blocked(2)
                other.rollback()
        outcomes = [one.result() for one in both]
        assert codes(outcomes) == {None: 1, "ALREADY_REVERSED": 1}
        assert balances("amara", "bo") == {"amara": "100.00", "bo": "0.00"}

    def test_an_entry_is_reversed_once_in_one_batch(self) -> None:
        entry = moved("amara", "bo", "30.00")
        outcomes = execute_many(
            [request("ledger.reverse_entry", entry=entry, reason=why) for why in ("one", "two")]
        )
        assert [code(outcome) for outcome in outcomes] == [None, "ALREADY_REVERSED"]
        assert balances("amara", "bo") == {"amara": "100.00", "bo": "0.00"}

    def test_a_reference_is_posted_once_whatever_the_accounts(self) -> None:
        opened("cleo", floor=None)
        opened("dana", floor=None)
        one = {**movement("amara", "bo", "1.00"), "reference": "same"}
        two = {**movement("cleo", "dana", "1.00"), "reference": "same"}
        outcomes = at_once(*[partial(run, "ledger.import_entry", **given) for given in (one, two) * 3])
        assert codes(outcomes) == {None: 1, "DUPLICATE_TRANSACTION": 5}

    def test_an_account_is_opened_once(self) -> None:
        given = {"book": "platform", "address": "new", "currency": "EUR", "gl_code": "2130", "side": "credit"}
        outcomes = at_once(*[partial(run, "ledger.open_account", **given)] * 5)
        assert codes(outcomes) == {None: 1, "ACCOUNT_EXISTS": 4}

    def test_the_corrections_account_opens_once_for_all_who_need_it(self) -> None:
        for currency in ("USD", "JPY"):
            opened("amara", currency=currency)
        given = {
            "book": "platform",
            "account": "amara",
            "direction": "credit",
            "reason": "x",
            "related_type": "t",
        }
        amounts = [{"amount": "1", "currency": currency} for currency in ("EUR", "USD", "JPY")]
        wishes = [
            [request("ledger.post_correction", **given, related_id="1", amount=amount) for amount in order]
            for order in (amounts, amounts[::-1]) * 3
        ]
        outcomes = [
            outcome
            for batch in at_once(*[partial(execute_many, wish) for wish in wishes])
            for outcome in batch
        ]
        assert codes(outcomes) == {None: 18}


class TestPeriods:
    BACK = "2026-01-10T12:00:00Z"

    def test_closing_waits_for_the_posting_under_way(self) -> None:
        given = {**movement("amara", "bo", "30.00"), "effective_at": self.BACK}
        with somebody_else() as other:
            other.execute(LOCK_BALANCE, ["bo"])
            with under_way(
                lambda: run("ledger.import_entry", **given),
                lambda: (
                    wait_until_blocked(1),
                    run("ledger.close_period", book="platform", through="2026-01-31", reason="x"),
                )[1],
            ) as [posting, closing]:
                wait_until_blocked(2)
                assert not closing.done()
                other.rollback()
        assert (code(posting.result()), code(closing.result())) == (None, None)
        assert code(run("ledger.import_entry", **{**given, "reference": "later"})) == "PERIOD_CLOSED"
        change = PeriodChange.objects.get(pk=closing.result().result["change"])
        assert queries.restated_accounts(change) == []
        sequencer.sequence()
        assert queries.reported_position(change) == 2

    def test_an_entry_is_reported_if_it_was_posted_before_the_closing(self) -> None:
        """Whatever runs at the same time stands either among what was reported or among what came after."""
        correct = {
            **{"book": "platform", "account": "amara", "direction": "credit", "amount": eur("1.00")},
            **{"reason": "x", "related_type": "t", "related_id": "1", "effective_at": self.BACK},
        }
        begin = partial(run, "ledger.begin_closing", book="platform", through="2026-01-31", reason="x")
        post = partial(run, "ledger.import_entry")
        outcomes = at_once(
            *[partial(post, **movement("mint", "amara", "1.00"), effective_at=self.BACK) for _ in range(4)],
            begin,
            *[partial(run, "ledger.post_correction", **correct) for _ in range(4)],
        )
        assert code(outcomes[4]) is None
        change = PeriodChange.objects.get(pk=outcomes[4].result["change"])
        [(before, after)] = rows(
            "SELECT count(*) FILTER (WHERE ordinal < %s), count(*) FILTER (WHERE ordinal > %s) FROM ledger_entry"
            " WHERE effective_on = '2026-01-10'",
            change.ordinal,
            change.ordinal,
        )
        posted = sum(code(outcome) is None for outcome in outcomes) - 1
        assert before + after == posted
        assert codes(outcomes)["PERIOD_CLOSED"] == 8 - posted
        assert codes(outcomes[5:]) == {None: 4}
        found = {row.address: row for row in queries.restated_accounts(change)}
        assert not after or found["amara"].difference.minor == after * 100
        assert not after or found["amara"].reported.minor == before * 100

    @pytest.mark.parametrize("legs", [1, 2])
    def test_what_waited_for_the_closing_is_moved_behind_it(self, legs: int) -> None:
        entry = {
            "book": "platform",
            "reference": "r",
            "postings": [["amara", "bo", "1.00", "EUR"]] * legs,
            "effective_at": "2026-01-10T12:00:00+00:00",
        }
        with somebody_else() as other:
            [(book,)] = rows("SELECT id FROM operations_book WHERE slug = 'platform'")
            other.execute(
                "SELECT ledger_change_period(gen_random_uuid(), %s, 'closing_begun', NULL, '2026-01-31', 'next_open_day',"
                " NULL, 'x', 'x', now())",
                [book],
            )
            with under_way(lambda: run("tests.post", entries=[entry])) as [posting]:
                wait_until_blocked(1)
                other.commit()
        assert code(posting.result()) is None
        [(on, intended)] = rows("SELECT effective_on, intended_at FROM ledger_entry WHERE reference = 'r'")
        assert (str(on), intended.isoformat()) == ("2026-02-01", "2026-01-10T12:00:00+00:00")

    @pytest.mark.parametrize("legs", [1, 2])
    def test_a_posting_waits_for_the_closing_under_way(self, legs: int) -> None:
        entry = {
            "book": "platform",
            "reference": "r",
            "postings": [["amara", "bo", "1.00", "EUR"]] * legs,
            "effective_at": "2026-01-10T12:00:00+00:00",
        }
        with somebody_else() as other:
            [(book,)] = rows("SELECT id FROM operations_book WHERE slug = 'platform'")
            other.execute(
                "SELECT ledger_change_period(gen_random_uuid(), %s, 'closed', '2026-01-31', NULL, 'refuse', NULL, 'x', 'x', now())",
                [book],
            )
            with under_way(lambda: run("tests.post", entries=[entry])) as [posting]:
                wait_until_blocked(1)
                other.commit()
        assert code(posting.result()) == "PERIOD_CLOSED"

    def test_two_closings_never_move_the_day_back(self) -> None:
        [(book,)] = rows("SELECT id FROM operations_book WHERE slug = 'platform'")
        with somebody_else() as other:
            other.execute("SELECT pg_advisory_xact_lock_shared(7201, %s::int)", [book])
            close = partial(run, "ledger.close_period", book="platform", reason="x")
            with under_way(partial(close, through="2026-01-31")) as [later]:
                wait_until_blocked(1)
                with under_way(partial(close, through="2026-01-10")) as [earlier]:
                    wait_until_blocked(2)
                    other.rollback()
        assert (code(later.result()), code(earlier.result())) == (None, "PERIOD_ORDER")
        assert str(BookPeriod.objects.get(book_id=book).closed_through) == "2026-01-31"


class TestFreezes:
    FREEZE = {"book": "platform", "account": "amara", "currency": "EUR", "direction": "out", "reason": "x"}

    def test_a_freeze_waits_for_the_posting_under_way(self) -> None:
        with somebody_else() as other:
            other.execute(LOCK_BALANCE, ["bo"])
            with under_way(
                lambda: run("ledger.import_entry", **movement("amara", "bo", "30.00")),
                lambda: (wait_until_blocked(1), run("ledger.freeze_account", **self.FREEZE))[1],
            ) as both:
                wait_until_blocked(2)
                other.rollback()
        assert codes([one.result() for one in both]) == {None: 2}
        assert code(run("ledger.import_entry", **movement("amara", "bo", "1.00"))) == "ACCOUNT_FROZEN"
        assert balances("amara", "bo") == {"amara": "70.00", "bo": "30.00"}

    @pytest.mark.parametrize("legs", [1, 2])
    def test_a_posting_waits_for_the_freeze_under_way(self, legs: int) -> None:
        done("ledger.freeze_account", **self.FREEZE)
        [(account, freeze)] = rows("SELECT account_id, id FROM ledger_freeze")
        done("ledger.unfreeze_account", freeze=f"{_id(freeze)}", reason="x")
        entry = {"book": "platform", "reference": "r", "postings": [["amara", "bo", "1.00", "EUR"]] * legs}
        with somebody_else() as other:
            other.execute("UPDATE ledger_freeze SET lifted_at = NULL")
            other.execute("SELECT ledger_apply_freezes(%s)", [account])
            with under_way(lambda: run("tests.post", entries=[entry])) as [posting]:
                wait_until_blocked(1)
                other.commit()
        assert code(posting.result()) == "ACCOUNT_FROZEN"

    def test_closing_an_account_waits_for_the_posting_under_way(self) -> None:
        opened("cleo")
        with somebody_else() as other:
            other.execute(LOCK_BALANCE, ["cleo"])
            with under_way(lambda: run("ledger.import_entry", **movement("amara", "cleo", "1.00"))) as [
                posting
            ]:
                wait_until_blocked(1)
                with under_way(
                    lambda: run(
                        "ledger.close_account", book="platform", account="cleo", currency="EUR", reason="x"
                    )
                ) as [closing]:
                    wait_until_blocked(2)
                    other.rollback()
        assert (code(posting.result()), code(closing.result())) in {
            (None, "ACCOUNT_NOT_EMPTY"),
            ("ACCOUNT_CLOSED", None),
        }


def _id(freeze: Any) -> str:
    from apps.core import ids

    return ids.encode("frz", freeze)


class TestTargets:
    def test_are_locked_in_one_order_whatever_the_requests_order(self) -> None:
        pair = [tenant("acme"), tenant("bloom")]

        def rename(tenants: list[str]) -> list[Outcome]:
            return [run("tests.rename_both", tenants=tenants, suffix="x") for _ in range(10)]

        def rename_each(tenants: list[str]) -> list[Outcome]:
            return [
                outcome
                for _ in range(10)
                for outcome in execute_many([request("tests.rename", tenant=pk, name="y") for pk in tenants])
            ]

        calls = [partial(how, order) for how in (rename, rename_each) for order in (pair, pair[::-1])]
        assert codes([outcome for outcomes in at_once(*calls) for outcome in outcomes]) == {None: 60}

    def test_are_fetched_anew_under_their_locks(self) -> None:
        acme = tenant("acme")
        outcomes = at_once(
            *[partial(run, "tests.rename", tenant=acme, name=f"n{place}") for place in range(6)]
        )
        assert codes(outcomes) == {None: 6}
        was = [outcome.result["was"] for outcome in outcomes]
        assert len(set(was)) == 6
        assert "Acme" in was


class TestApprovers:
    @pytest.mark.parametrize(
        ("needed", "expected"), [(2, {None: 2}), (1, {None: 1, "APPROVAL_NOT_PENDING": 1})]
    )
    def test_two_at_once_make_it_run_once(self, needed: int, expected: dict[str | None, int]) -> None:
        policy("tests.pay", people=needed)
        approvers = [person(f"{name}@example.com", "approver") for name in ("ines", "jon")]
        asked = run("tests.pay", source="amara", destination="bo", amount=eur("30.00"))
        outcomes = at_once(*[partial(agrees, each, asked.approval_request_id) for each in approvers])
        assert codes(outcomes) == expected
        assert ApprovalRequest.objects.get().status == "applied"
        assert (
            Operation.objects.filter(
                approval_request_id=asked.approval_request_id, command="tests.pay"
            ).count()
            == 2
        )


class TestCombiner:
    def test_each_of_64_threads_gets_its_own_answer(self) -> None:
        def pay(cents: int) -> Outcome:
            return combiner.execute(request("ledger.import_entry", **movement("mint", "bo", f"0.{cents:02}")))

        outcomes = at_once(*[partial(pay, cents) for cents in range(64)])
        assert code(outcomes[0]) == "INPUT_INVALID"
        assert codes(outcomes[1:]) == {None: 63}
        amounts = {
            entry: int(amount)
            for entry, amount in rows("SELECT entry_id::text, amount FROM ledger_line WHERE amount > 0")
        }
        from apps.core import ids

        for cents, outcome in enumerate(outcomes[1:], start=1):
            assert amounts[str(ids.decode("je", outcome.result["entry"]))] == cents
        assert balances("bo") == {"bo": "20.16"}

    def test_a_key_used_by_many_at_once_runs_once(self) -> None:
        given = movement("amara", "bo", "30.00")
        outcomes = at_once(*[lambda: combiner.execute(request("ledger.import_entry", key="k", **given))] * 16)
        assert codes(outcomes) == {None: 16}
        assert [outcome.replayed for outcome in outcomes].count(False) == 1
        assert balances("amara", "bo") == {"amara": "70.00", "bo": "30.00"}

    @pytest.mark.parametrize("defect", ["tests.break", "tests.break_database"])
    def test_a_defect_of_one_is_nobody_elses(self, defect: str) -> None:
        def attempt(place: int) -> Outcome | str:
            try:
                if place % 8 == 3:
                    return combiner.execute(request(defect))
                return combiner.execute(request("ledger.import_entry", **movement("mint", "bo", "0.01")))
            except Exception as error:
                return type(error).__name__

        answers = at_once(*[partial(attempt, place) for place in range(32)])
        broken = [answer for answer in answers if isinstance(answer, str)]
        assert len(broken) == 4
        assert codes([answer for answer in answers if isinstance(answer, Outcome)]) == {None: 28}
        assert balances("bo") == {"bo": "0.28"}
        assert combiner.execute(request("tests.switch")).accepted

    def test_a_batch_whose_connection_is_lost_hangs_nobody(self) -> None:
        def attempt(place: int) -> str:
            try:
                return str(
                    code(combiner.execute(request("ledger.import_entry", key=f"k{place}", **given[place])))
                )
            except Exception as error:
                return type(error).__name__

        given = [movement("amara", "bo", "1.00") for _ in range(12)]
        with somebody_else() as other:
            other.execute(LOCK_BALANCE, ["amara"])
            with under_way(*[partial(attempt, place) for place in range(12)]) as all_of_them:
                wait_until_blocked(1)
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
                other.rollback()
        answers = Counter(each.result() for each in all_of_them)
        assert set(answers) <= {"None", "OperationalError", "AdminShutdown"}
        again = [
            execute(request("ledger.import_entry", key=f"k{place}", **given[place])) for place in range(12)
        ]
        assert codes(again) == {None: 12}
        assert balances("bo") == {"bo": "12.00"}
