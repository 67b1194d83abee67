"""Periods: open, closing and closed, what comes late, and what was reported against what is so now."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from apps.core.money import Money
from apps.ledger import projections, queries
from apps.ledger.models import Account, BookPeriod, JournalEntry, PeriodChange
from apps.ledger.queries import AsOf
from apps.ledger.queries.restatement import NothingReported
from apps.operations import books, sequencer
from apps.operations.models import Book, Event
from tests.support.door import code, done, eur, moved, movement, opened, person, refused, rows, run, tenant
from tests.support.plain import Account as Plain
from tests.support.plain import Entry, Leg, Periods
from tests.support.posting import open_accounts, post, set_periods

pytestmark = pytest.mark.usefixtures("ledger_db", "test_commands", "_books")

WHY = {"book": "platform", "reason": "month end"}


@pytest.fixture
def _books(ledger_db: Any) -> None:
    opened("mint", floor=None)
    opened("amara", floor=None)
    opened("bo", floor=None)


def on(day: str, **more: Any) -> dict[str, Any]:
    """The input of an entry of one euro that takes effect at noon of a day."""
    return {**movement("mint", "amara", "1.00"), "effective_at": f"{day}T12:00:00Z", **more}


def correction(day: str, amount: str = "1.00", account: str = "amara") -> dict[str, Any]:
    """The input of a correction of an account, of some day."""
    given = {"book": "platform", "account": account, "direction": "credit", "amount": eur(amount)}
    about = {"reason": "late invoice", "related_type": "ticket", "related_id": "T-1"}
    return {**given, **about, "effective_at": f"{day}T12:00:00Z"}


def stored(entry: str) -> JournalEntry:
    return JournalEntry.objects.get(pk=entry)


def euros(amount: str) -> Money:
    return Money.parse(amount, "EUR")


class TestClosing:
    def test_takes_what_adjusts_and_nothing_else(self) -> None:
        entry = moved("mint", "amara", "5.00")
        result = done("ledger.begin_closing", **WHY, through="2026-01-31")
        assert (result["closed_through"], result["closing_through"]) == (None, "2026-01-31")
        assert refused("ledger.import_entry", **on("2026-01-31")) == "PERIOD_CLOSED"
        done("ledger.import_entry", **on("2026-02-01"))
        at = {"effective_at": "2026-01-31T12:00:00Z"}
        done("ledger.reverse_entry", entry=entry, reason="x", **at)
        done("ledger.post_correction", **correction("2026-01-31"))
        done("ledger.post_opening_balance", book="platform", account="bo", amount=eur("1.00"), **at)
        days = JournalEntry.objects.filter(kind__in=["reversal", "correction", "opening_balance"])
        assert set(days.values_list("effective_on", "intended_at")) == {(date(2026, 1, 31), None)}

    def test_ends_when_the_period_is_closed(self) -> None:
        done("ledger.begin_closing", **WHY, through="2026-02-28")
        result = done("ledger.close_period", **WHY, through="2026-01-31")
        assert result["closing_through"] == "2026-02-28"
        assert refused("ledger.post_correction", **correction("2026-01-31")) == "PERIOD_CLOSED"
        done("ledger.post_correction", **correction("2026-02-01"))
        assert refused("ledger.import_entry", **on("2026-02-28")) == "PERIOD_CLOSED"
        result = done("ledger.close_period", **WHY, through="2026-02-28")
        assert result["closing_through"] is None

    def test_moves_forward_only(self) -> None:
        done("ledger.close_period", **WHY, through="2026-01-31")
        assert refused("ledger.begin_closing", **WHY, through="2026-01-31") == "PERIOD_ORDER"
        done("ledger.begin_closing", **WHY, through="2026-02-28")
        assert refused("ledger.begin_closing", **WHY, through="2026-02-28") == "PERIOD_ORDER"

    def test_can_be_withdrawn(self) -> None:
        done("ledger.begin_closing", **WHY, through="2026-01-31")
        done("ledger.reopen_period", **WHY, through=None)
        done("ledger.import_entry", **on("2026-01-31"))
        assert refused("ledger.reopen_period", **WHY, through=None) == "PERIOD_ORDER"

    def test_reopening_for_adjustments_lets_only_them_in(self) -> None:
        done("ledger.close_period", **WHY, through="2026-03-31")
        result = done("ledger.reopen_period", **WHY, through="2026-01-31", for_adjustments=True)
        assert (result["closed_through"], result["closing_through"]) == (
            "2026-01-31",
            "2026-03-31",
        )
        assert refused("ledger.import_entry", **on("2026-03-31")) == "PERIOD_CLOSED"
        done("ledger.post_correction", **correction("2026-02-01"))
        again = {**WHY, "through": "2026-01-31"}
        assert refused("ledger.reopen_period", **again, for_adjustments=True) == "PERIOD_ORDER"
        done("ledger.reopen_period", **again)
        done("ledger.import_entry", **on("2026-02-01"))
        assert refused("ledger.reopen_period", **again, for_adjustments=True) == "PERIOD_ORDER"

    @pytest.mark.parametrize("command", ["ledger.begin_closing", "ledger.close_period"])
    def test_a_day_is_closed_when_it_is_over_where_the_book_is(self, command: str) -> None:
        """Kiritimati is a day ahead of Honolulu."""
        ahead, behind = "Pacific/Kiritimati", "Pacific/Honolulu"
        for slug, zone in (("ahead", ahead), ("behind", behind)):
            tenant(slug, time_zone=zone)
        [(today,)] = rows("SELECT (now() AT TIME ZONE %s)::date", behind)
        given = {"reason": "month end", "through": str(today)}
        assert refused(command, book="behind", **given) == "PERIOD_NOT_OVER"
        done(command, book="ahead", **given)

    def test_tells_the_outside_and_keeps_who_and_why(self) -> None:
        done("ledger.begin_closing", **WHY, through="2026-01-31")
        done("ledger.close_period", **WHY, through="2026-01-31")
        done("ledger.reopen_period", **WHY, through="2025-12-31", for_adjustments=True)
        done("ledger.reopen_period", **WHY, through="2025-12-31")
        done("ledger.reopen_period", **WHY, through=None)
        done("ledger.set_late_policy", **WHY, policy="next_open_day")
        changes = PeriodChange.objects.order_by("ordinal")
        assert [str(each) for each in changes] == [
            "Closing begun through 2026-01-31",
            "Closed through 2026-01-31",
            "Reopened for adjustments after 2025-12-31",
            "Reopened after 2025-12-31",
            "Reopened",
            "Late entries posted on the first open day",
        ]
        assert {(each.changed_by, each.reason) for each in changes} == {("test", "month end")}
        assert all(each.operation_id for each in changes)
        types = Event.objects.filter(type__startswith="period.").order_by("ordinal")
        assert list(types.values_list("type", flat=True)) == [
            "period.closing_begun",
            "period.closed",
            *["period.reopened"] * 3,
            "period.late_policy_set",
        ]

    def test_who_does_finance_may_and_an_operator_may_not(self) -> None:
        finance, operator = person("fay@x.test", "finance"), person("oz@x.test", "operator")
        given = {**WHY, "through": "2026-01-31"}
        assert code(run("ledger.begin_closing", actor=operator, **given)) == "AUTHORIZATION_FAILED"
        assert code(run("ledger.set_late_policy", actor=operator, **WHY, policy="refuse")) == (
            "AUTHORIZATION_FAILED"
        )
        assert code(run("ledger.begin_closing", actor=finance, **given)) is None
        assert code(run("ledger.set_late_policy", actor=finance, **WHY, policy="refuse")) is None


class TestWhatComesLate:
    @pytest.fixture
    def _moves(self, _books: None) -> None:
        done("ledger.set_late_policy", **WHY, policy="next_open_day")
        done("ledger.close_period", **WHY, through="2026-01-31")
        done("ledger.begin_closing", **WHY, through="2026-02-28")

    @pytest.mark.usefixtures("_moves")
    def test_is_posted_on_the_first_day_that_is_open_to_it(self) -> None:
        asked = datetime(2026, 1, 10, 12, tzinfo=UTC)
        for entry, first in (
            (done("ledger.import_entry", **on("2026-01-10"))["entry"], datetime(2026, 3, 1, tzinfo=UTC)),
            (
                done("ledger.post_correction", **correction("2026-01-10"))["entry"],
                datetime(2026, 2, 1, tzinfo=UTC),
            ),
        ):
            found = stored(entry)
            assert (found.effective_at, found.effective_on, found.intended_at) == (first, first.date(), asked)
            assert set(found.lines.values_list("effective_at", "effective_on")) == {(first, first.date())}

    @pytest.mark.usefixtures("_moves")
    def test_only_it_is_moved(self) -> None:
        entries = [on("2026-03-01"), movement("mint", "amara", "1.00")]
        for given in entries:
            assert stored(done("ledger.import_entry", **given)["entry"]).intended_at is None
        found = stored(done("ledger.post_correction", **correction("2026-02-01"))["entry"])
        assert (found.effective_on, found.intended_at) == (date(2026, 2, 1), None)

    @pytest.mark.usefixtures("_moves")
    def test_shows_both_dates_on_the_statement(self) -> None:
        done("ledger.import_entry", **on("2026-01-10"))
        done("ledger.import_entry", **on("2026-03-05"))
        account = Account.objects.get(address="amara")
        lines = queries.statement_page(account).lines
        assert [(line.effective_on, line.intended_on) for line in lines] == [
            (date(2026, 3, 1), date(2026, 1, 10)),
            (date(2026, 3, 5), None),
        ]

    def test_is_told_in_the_books_own_days(self) -> None:
        tenant("acme", time_zone="Pacific/Auckland")
        opened("mint", book="acme", floor=None)
        opened("wallet", book="acme")
        of = {"book": "acme", "reason": "x"}
        done("ledger.set_late_policy", **of, policy="next_open_day")
        done("ledger.close_period", **of, through="2026-01-31")
        given = movement("mint", "wallet", "1.00", book="acme")
        done("ledger.import_entry", **{**given, "effective_at": "2026-01-30T20:00:00Z"})
        [line] = queries.statement_page(Account.objects.get(address="wallet")).lines
        assert (line.effective_on, line.intended_on) == (date(2026, 2, 1), date(2026, 1, 31))
        found = stored(line.entry_id)
        assert found.effective_at == datetime(2026, 1, 31, 11, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("zone", "through", "begins"),
        [
            ("America/Sao_Paulo", "2017-10-14", "2017-10-15T03:00:00+00:00"),
            ("Pacific/Apia", "2011-12-29", "2011-12-30T10:00:00+00:00"),
            ("Europe/Berlin", "2026-03-28", "2026-03-28T23:00:00+00:00"),
        ],
    )
    def test_begins_a_day_that_has_no_midnight_or_never_was(
        self, zone: str, through: str, begins: str
    ) -> None:
        tenant("acme", time_zone=zone)
        opened("mint", book="acme", floor=None)
        opened("wallet", book="acme")
        of = {"book": "acme", "reason": "x"}
        done("ledger.set_late_policy", **of, policy="next_open_day")
        done("ledger.close_period", **of, through=through)
        given = {**movement("mint", "wallet", "1.00", book="acme"), "effective_at": "2001-01-01T12:00:00Z"}
        found = stored(done("ledger.import_entry", **given)["entry"])
        assert found.effective_at == datetime.fromisoformat(begins)
        assert found.effective_on > date.fromisoformat(through)

    @pytest.mark.parametrize("count", [1, 2])
    def test_alone_and_in_company(self, count: int) -> None:
        book = books.platform_id()
        accounts = open_accounts([Plain(book, floor=None), Plain(book)])
        day = date(2026, 1, 10)
        later = [Leg(accounts[0], accounts[1], 1)] * (count - 1)
        for moves, closed, closing, adjusts, expected in (
            (False, day, None, False, "PERIOD_CLOSED"),
            (False, day, None, True, "PERIOD_CLOSED"),
            (False, None, day, False, "PERIOD_CLOSED"),
            (False, None, day, True, None),
            (False, day - timedelta(days=1), None, False, None),
            (True, day, None, False, None),
        ):
            set_periods(book, Periods(closed, closing, moves))
            entries = [Entry(book, uuid.uuid4().hex, (leg,)) for leg in later]
            entries.append(Entry(book, uuid.uuid4().hex, (Leg(accounts[0], accounts[1], 1),), day, adjusts))
            assert post([[entry] for entry in entries]).codes == [*[None] * (count - 1), expected]

    def test_that_is_now_is_intended_for_now(self) -> None:
        """A book that is closed beyond today cannot be made by a command, but is dealt with."""
        book = books.platform_id()
        accounts = open_accounts([Plain(book, floor=None), Plain(book)])
        set_periods(book, Periods(None, date(2150, 1, 1), moves=True))
        answer = post([[Entry(book, "now", (Leg(accounts[0], accounts[1], 1),))]])
        found = JournalEntry.objects.get(pk=answer.ids[0])
        assert (found.effective_on, found.intended_at) == (date(2150, 1, 2), found.recorded_at)

    def test_is_decided_again_with_the_policy_that_stands(self) -> None:
        done("ledger.close_period", **WHY, through="2026-01-31")
        assert refused("ledger.import_entry", **on("2026-01-10")) == "PERIOD_CLOSED"
        done("ledger.set_late_policy", **WHY, policy="next_open_day")
        done("ledger.import_entry", **on("2026-01-10"))
        done("ledger.set_late_policy", **WHY, policy="refuse")
        assert refused("ledger.import_entry", **on("2026-01-10")) == "PERIOD_CLOSED"
        assert BookPeriod.objects.get().closed_through == date(2026, 1, 31)


class TestRestatement:
    @pytest.fixture
    def closing(self, _books: None) -> PeriodChange:
        """January reported with 10 for Amara and 5 for Bo, and corrected by 3 and 1 since."""
        done("ledger.import_entry", **on("2026-01-10", amount=eur("10.00")))
        done("ledger.import_entry", **on("2026-01-10", amount=eur("5.00"), destination="bo"))
        done("ledger.import_entry", **on("2026-02-01", amount=eur("100.00")))
        change = done("ledger.begin_closing", **WHY, through="2026-01-31")["change"]
        done("ledger.post_correction", **correction("2026-01-31", "3.00"))
        done("ledger.post_correction", **correction("2026-01-30", "1.00", "bo"))
        done("ledger.post_correction", **correction("2026-02-02", "50.00"))
        return PeriodChange.objects.get(pk=change)

    @pytest.mark.parametrize("known", ["waiting", "numbered", "projected", "projected before", "in one run"])
    def test_says_what_was_reported_what_is_so_and_why(self, closing: PeriodChange, known: str) -> None:
        if known != "waiting":
            sequencer.sequence()
        if known == "projected before":
            rows("SELECT ledger_project(%s, 3)", closing.book_id)
        elif known == "projected":
            rows("SELECT ledger_project(%s, 3)", closing.book_id)
            rows("SELECT ledger_project(%s, 1)", closing.book_id)
            projections.project()
        elif known == "in one run":
            projections.project()
        found = {row.address: row for row in queries.restated_accounts(closing)}
        shown = {
            address: (row.shown(row.reported), row.shown(row.restated), row.shown(row.difference), row.lines)
            for address, row in found.items()
        }
        assert shown == {
            "amara": (euros("10.00"), euros("13.00"), euros("3.00"), 1),
            "bo": (euros("5.00"), euros("6.00"), euros("1.00"), 1),
            "suspense:corrections": (euros("0.00"), euros("-4.00"), euros("-4.00"), 2),
        }
        lines = queries.late_lines(closing)
        assert [(line.address, line.amount.decimal, str(line.effective_on)) for line in lines] == [
            *sorted([("bo", "1.00", "2026-01-30"), ("suspense:corrections", "-1.00", "2026-01-30")]),
            *sorted([("amara", "3.00", "2026-01-31"), ("suspense:corrections", "-3.00", "2026-01-31")]),
        ]

    def test_is_the_trial_balance_then_and_now(self, closing: PeriodChange) -> None:
        assert queries.reported_position(closing) is None
        sequencer.sequence()
        position = queries.reported_position(closing)
        assert position == 3
        rows_found = queries.restatement(closing)
        for way, as_of in (
            ("reported", AsOf(date(2026, 1, 31), position)),
            ("restated", AsOf(date(2026, 1, 31))),
        ):
            [trial] = queries.trial_balances(closing.book_id, as_of=as_of)
            assert {row.gl_code: row.raw for row in trial.rows} == {
                row.gl_code: getattr(row, way) for row in rows_found
            }
        assert sum(row.difference.minor for row in rows_found) == 0

    def test_knows_the_entry_just_before_it_and_not_the_one_just_after(self) -> None:
        book = books.platform_id()
        accounts = open_accounts([Plain(book, floor=None), Plain(book)])
        for reference in ("before", "after"):
            post([[Entry(book, reference, (Leg(accounts[0], accounts[1], 1),))]])
            set_periods(book, Periods())
        sequencer.sequence()
        changes = PeriodChange.objects.order_by("ordinal")
        assert [queries.reported_position(change) for change in changes] == [1, 2]

    def test_can_be_narrowed(self, closing: PeriodChange) -> None:
        code_of = Account.objects.get(address="amara").gl_code
        found = queries.restated_accounts(closing, gl_code=code_of, currency="EUR")
        assert {row.address for row in found} == {"amara", "bo"}
        assert {line.address for line in queries.late_lines(closing, gl_code=code_of)} == {"amara", "bo"}
        assert len(queries.late_lines(closing, size=1)) == 1
        assert queries.restated_accounts(closing, gl_code=code_of, currency="USD") == []

    def test_is_of_its_book_alone(self, closing: PeriodChange) -> None:
        book = Book.objects.create(slug="other", name="Other", created_at=datetime.now(UTC)).pk
        accounts = open_accounts([Plain(book, floor=None), Plain(book)])
        post([[Entry(book, "late", (Leg(accounts[0], accounts[1], 1),), date(2026, 1, 5))]])
        sequencer.sequence()
        assert len(queries.late_lines(closing)) == 4
        assert queries.reported_position(closing) == 3

    def test_a_closing_without_late_entries_stands(self, closing: PeriodChange) -> None:
        change = done("ledger.close_period", **WHY, through="2026-01-31")["change"]
        closed = PeriodChange.objects.get(pk=change)
        assert queries.restated_accounts(closed) == []
        assert all(row.difference.is_zero for row in queries.restatement(closed))

    def test_only_of_what_was_reported(self) -> None:
        change = done("ledger.set_late_policy", **WHY, policy="refuse")["change"]
        with pytest.raises(NothingReported):
            queries.restatement(PeriodChange.objects.get(pk=change))


class TestTheDatabase:
    @pytest.mark.parametrize(
        ("what", "closed", "closing", "policy", "constraint"),
        [
            ("closed", "2026-01-31", "2026-01-31", "refuse", "closing_after_closed"),
            ("closed", "2026-01-31", "2026-01-30", "refuse", "closing_after_closed"),
            ("closed", "2026-01-31", None, "forget", "late_policy_known"),
            ("closed", None, None, "refuse", "period_change_known"),
            ("closing_begun", "2026-01-31", None, "refuse", "period_change_known"),
            ("ended", "2026-01-31", None, "refuse", "period_change_known"),
            ("reopened", None, None, "refuse", None),
        ],
    )
    def test_refuses_periods_that_make_no_sense(
        self, what: str, closed: str | None, closing: str | None, policy: str, constraint: str | None
    ) -> None:
        refusal = None
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    "SELECT ledger_change_period(%s, %s, %s, %s, %s, %s, NULL, 'x', 'x', now())",
                    [uuid.uuid4(), books.platform_id(), what, closed, closing, policy],
                )
        except DatabaseError as error:
            refusal = str(error)
        assert (constraint in refusal) if constraint and refusal else refusal is constraint

    @pytest.mark.parametrize(
        ("intended", "constraint"),
        [
            ("effective_at", "entry_moved_forward"),
            ("effective_at + interval '1 day'", "entry_moved_forward"),
            ("'-infinity'", "entry_intended_at_finite"),
            ("effective_at - interval '1 day'", None),
        ],
    )
    def test_refuses_entries_moved_backward(self, intended: str, constraint: str | None) -> None:
        moved("mint", "amara", "1.00")
        refusal = None
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO ledger_entry (id, book_id, reference, request_hash, kind, description, metadata,"
                    " effective_at, effective_on, intended_at, recorded_at, ordinal) SELECT gen_random_uuid(), book_id,"
                    f" 'copy', request_hash, kind, description, metadata, effective_at, effective_on, {intended},"
                    " recorded_at, nextval('operations_ordinal') FROM ledger_entry LIMIT 1"
                )
                transaction.set_rollback(True)
        except DatabaseError as error:
            refusal = str(error)
        assert (constraint in refusal) if constraint and refusal else refusal is constraint
