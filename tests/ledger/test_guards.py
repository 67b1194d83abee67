"""What the database refuses whoever asks: the application, its owner, and a stray hand."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from apps.ledger.models import Account
from apps.operations import sequencer
from apps.operations.roles import ROLE
from tests.support.door import (
    balances,
    code,
    done,
    held,
    moved,
    movement,
    nothing_moved,
    opened,
    refused,
    rows,
    run,
)

pytestmark = pytest.mark.usefixtures("ledger_db", "_books")

APPEND_ONLY = (
    "ledger_entry",
    "ledger_line",
    "ledger_seal",
    "ledger_periodchange",
    "operations_operation",
    "operations_event",
    "operations_eventposition",
    "operations_decision",
    "operations_keyreset",
    "operations_note",
    "operations_assignment",
    "operations_attachment",
)
KEPT = ("ledger_account", "ledger_balance", "ledger_hold")
BY_FUNCTION = (
    "ledger_entry",
    "ledger_line",
    "ledger_seal",
    "ledger_balance",
    "ledger_hold",
    "ledger_bookperiod",
    "ledger_glaccount",
    "ledger_addresspattern",
    "ledger_periodchange",
    "ledger_daily_balance",
    "ledger_projection",
    "operations_eventposition",
)


@pytest.fixture
def _books(ledger_db: Any) -> None:
    opened("mint", floor=None)
    opened("amara")
    opened("bo")
    opened("reserve", names_holds=True)
    moved("mint", "amara", "100.00")
    held("amara", "reserve", "10.00")
    sequencer.sequence()


@contextmanager
def as_application() -> Iterator[None]:
    """Act as the application's role for a while, and undo what came of it."""
    with transaction.atomic():
        rows("SELECT set_config('role', %s, true)", ROLE)
        yield
        transaction.set_rollback(True)


def attempt(statement: str, *parameters: Any) -> str | None:
    """Why the database refuses a statement; None if it does not. Nothing of it stays."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            transaction.set_rollback(True)
    except DatabaseError as error:
        return str(error)
    return None


def first_column(table: str) -> str:
    """A column to write to."""
    return str(
        rows(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position LIMIT 1",
            table,
        )[0][0]
    )


class TestTheApplication:
    @pytest.mark.parametrize("table", sorted({*APPEND_ONLY, *BY_FUNCTION}))
    def test_may_not_change_what_happened(self, table: str) -> None:
        column = first_column(table)
        with as_application():
            for statement in (
                f"UPDATE {table} SET {column} = {column}",
                f"DELETE FROM {table}",
                f"TRUNCATE {table} CASCADE",
            ):
                assert f"permission denied for table {table}" in (attempt(statement) or ""), statement

    @pytest.mark.parametrize("table", BY_FUNCTION)
    def test_may_not_write_what_only_functions_write(self, table: str) -> None:
        with as_application():
            assert (
                attempt(f"INSERT INTO {table} SELECT * FROM {table}")
                == f"permission denied for table {table}"
            )

    @pytest.mark.parametrize("table", KEPT)
    def test_may_not_delete_accounts(self, table: str) -> None:
        with as_application():
            for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
                assert f"permission denied for table {table}" in (attempt(statement) or "")

    @pytest.mark.parametrize(
        "change",
        [
            "address = 'other'",
            "currency = 'USD'",
            "side = -1, gl_code = '1110'",
            "gl_code = '2110'",
            "book_id = 0",
            "names_holds = NOT names_holds",
            "id = id + 1000",
        ],
    )
    def test_may_not_make_an_account_another(self, change: str) -> None:
        with as_application():
            assert "LEDGER_ACCOUNT_FIXED" in (
                attempt(f"UPDATE ledger_account SET {change} WHERE address = 'bo'") or ""
            )

    def test_may_not_lower_a_guard(self) -> None:
        with as_application():
            for statement in (
                "SET session_replication_role = replica",
                "ALTER TABLE ledger_line DISABLE TRIGGER ALL",
                "DROP TRIGGER ledger_line_guard ON ledger_line",
                "DROP FUNCTION ledger_guard_lines CASCADE",
                "CREATE OR REPLACE FUNCTION ledger_close_account(p_account bigint) RETURNS text LANGUAGE sql AS 'SELECT NULL'",
                "ALTER TABLE ledger_balance DROP CONSTRAINT balance_not_below_floor",
                "CREATE TABLE public.ledger_shadow (id int)",
                f"ALTER ROLE {ROLE} SUPERUSER",
                "COPY ledger_line TO PROGRAM 'cat'",
            ):
                assert attempt(statement) is not None, statement

    def test_may_not_call_what_the_functions_keep_to_themselves(self) -> None:
        with as_application():
            for function in (
                "ledger_decide",
                "ledger_move_holds",
                "ledger_place_in_periods",
                "ledger_write",
                "ledger_write_one",
            ):
                [(arguments,)] = rows(
                    "SELECT pg_get_function_arguments(oid) FROM pg_proc WHERE proname = %s", function
                )
                given = ", ".join("NULL" for part in arguments.split(",") if "OUT" not in part)
                assert f"permission denied for function {function}" in (
                    attempt(f"SELECT {function}({given})") or ""
                )

    def test_cannot_shadow_what_the_functions_read(self) -> None:
        """Temporary tables come last on the functions' search path."""
        with as_application():
            if attempt("CREATE TEMP TABLE ledger_balance (account_id bigint)") is None:
                rows("SELECT set_config('search_path', 'pg_temp, public', true)")
                with connection.cursor() as cursor:
                    cursor.execute(
                        "CREATE TEMP TABLE ledger_hold (remaining int, account_id bigint, held_account_id bigint)"
                    )
                assert rows(
                    "SELECT ledger_close_account(id) FROM public.ledger_account WHERE address = 'bo'"
                ) == [(None,)]
                assert rows(
                    "SELECT ledger_close_account(id) FROM public.ledger_account WHERE address = 'reserve'"
                ) == [("ACCOUNT_NOT_EMPTY",)]


class TestTheOwner:
    @pytest.mark.parametrize("table", APPEND_ONLY)
    def test_is_refused_what_is_append_only(self, table: str) -> None:
        column = first_column(table)
        for statement in (
            f"UPDATE {table} SET {column} = {column}",
            f"DELETE FROM {table}",
            f"TRUNCATE {table} CASCADE",
        ):
            assert "APPEND_ONLY" in (attempt(statement) or ""), statement

    @pytest.mark.parametrize("table", KEPT)
    def test_is_refused_to_delete_accounts(self, table: str) -> None:
        for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
            assert "APPEND_ONLY" in (attempt(statement) or "")

    def test_cannot_take_a_balance_below_its_floor(self) -> None:
        assert "balance_not_below_floor" in (
            attempt(f"UPDATE ledger_balance SET balance = -1 WHERE {of('bo')}") or ""
        )

    def test_cannot_close_an_account_that_is_not_empty(self) -> None:
        assert "balance_closed_is_empty" in (
            attempt(f"UPDATE ledger_balance SET closed = true WHERE {of('amara')}") or ""
        )

    @pytest.mark.parametrize(
        ("left", "constraint"), [(-1, "hold_not_below_zero"), (1001, "hold_not_above_amount")]
    )
    def test_cannot_make_a_hold_less_than_nothing_or_more_than_it_was(
        self, left: int, constraint: str
    ) -> None:
        assert constraint in (attempt("UPDATE ledger_hold SET remaining = %s", left) or "")

    def test_cannot_have_an_entry_take_effect_never(self) -> None:
        forever = (
            "INSERT INTO ledger_entry (id, book_id, reference, request_hash, kind, description, metadata, effective_at,"
            " effective_on, recorded_at, ordinal) SELECT gen_random_uuid(), book_id, 'forever', request_hash, kind,"
            " description, metadata, %s, effective_on, recorded_at, nextval('operations_ordinal') FROM ledger_entry LIMIT 1"
        )
        assert "entry_effective_at_finite" in (attempt(forever, "infinity") or "")
        assert attempt(forever, "2026-01-01Z") is None

    def test_cannot_reverse_twice_nor_use_a_reference_twice(self) -> None:
        [(entry,)] = rows("SELECT id FROM ledger_entry LIMIT 1")
        copy = (
            "INSERT INTO ledger_entry (id, book_id, reference, request_hash, kind, description, metadata, reverses_id,"
            " effective_at, effective_on, recorded_at, ordinal) SELECT gen_random_uuid(), book_id, {}, request_hash, kind,"
            " description, metadata, {}, effective_at, effective_on, recorded_at, nextval('operations_ordinal')"
            " FROM ledger_entry WHERE id = '{}'"
        )
        assert "entry_reference_once" in (attempt(copy.format("reference", "NULL", entry)) or "")
        twice = ";".join(copy.format(f"'{name}'", "id", entry) for name in ("one", "two"))
        assert "entry_reversed_once" in (attempt(twice) or "")


def of(address: str) -> str:
    """The condition that finds an account's balance."""
    return f"account_id = (SELECT id FROM ledger_account WHERE address = '{address}' AND currency = 'EUR')"


@pytest.mark.tampers
class TestAStrayHand:
    """Lines are written past the posting function, and balances past both."""

    @pytest.fixture
    def entry(self) -> uuid.UUID:
        """An entry that is waiting for its lines."""
        pk = uuid.uuid4()
        rows(
            "INSERT INTO ledger_entry (id, book_id, reference, request_hash, kind, description, metadata,"
            " effective_at, effective_on, recorded_at, ordinal) SELECT %s, id, %s, '\\x00', 'stray', '', '{}', now(), now(),"
            " now(), nextval('operations_ordinal') FROM operations_book WHERE slug = 'platform' RETURNING 1",
            pk,
            str(pk),
        )
        return pk

    def write(
        self, entry: uuid.UUID, *lines: tuple[str, int, int], update: bool = True, hold: str | None = None
    ) -> str | None:
        """Lines of (address, steps after the last line, amount), with balances that fit them or do not."""
        values = ", ".join(
            f"((SELECT id FROM ledger_account WHERE address = '{address}' AND currency = 'EUR'), {step}, {amount})"
            for address, step, amount in lines
        )
        moved = f"""
            UPDATE ledger_balance b SET balance = balance + x.amount, sequence = sequence + x.step
              FROM (SELECT account, max(step) step, sum(amount) amount FROM (VALUES {values}) v(account, step, amount) GROUP BY 1) x
             WHERE b.account_id = x.account;"""
        written = f"""
            INSERT INTO ledger_line (account_id, sequence, entry_id, posting, amount, balance_after, effective_at,
                                     effective_on, recorded_at, hold_id)
            SELECT v.account, (SELECT coalesce(max(sequence), 0) FROM ledger_line WHERE account_id = v.account) + v.step,
                   '{entry}', 1, v.amount, b.balance, now(), now(), now(), {f"'{hold}'" if hold else "NULL"}
              FROM (VALUES {values}) v(account, step, amount) JOIN ledger_balance b ON b.account_id = v.account"""
        return attempt((moved if update else "") + written)

    def test_that_balances_and_counts_rightly_is_let_through(self, entry: uuid.UUID) -> None:
        assert self.write(entry, ("amara", 1, -100), ("bo", 1, 100)) is None

    @pytest.mark.parametrize(
        "lines",
        [[("amara", 1, -100)], [("amara", 1, -100), ("bo", 1, 99)], [("bo", 1, 100), ("mint", 1, 100)]],
    )
    def test_that_is_not_balanced_is_refused(self, entry: uuid.UUID, lines: Any) -> None:
        assert "LEDGER_UNBALANCED" in (self.write(entry, *lines) or "")

    def test_that_balances_over_two_currencies_or_books_is_refused(self, entry: uuid.UUID) -> None:
        for number, (book, currency) in enumerate([("platform", "USD"), ("acme", "EUR")]):
            if book == "acme":
                done("accounts.create_tenant", name="Acme", slug="acme", base_currency="EUR")
            opened(f"other{number}", book=book, currency=currency, floor=None)
            [(other,)] = rows("SELECT id FROM ledger_account WHERE address = %s", f"other{number}")
            statement = f"""
                UPDATE ledger_balance SET balance = balance + 100, sequence = sequence + 1 WHERE account_id = {other};
                UPDATE ledger_balance SET balance = balance - 100, sequence = sequence + 1 WHERE {of("amara")};
                INSERT INTO ledger_line (account_id, sequence, entry_id, posting, amount, balance_after, effective_at,
                                         effective_on, recorded_at)
                SELECT account_id, sequence, '{entry}', 1, CASE account_id WHEN {other} THEN 100 ELSE -100 END, balance, now(), now(), now()
                  FROM ledger_balance WHERE account_id = {other} OR {of("amara")}"""
            assert "LEDGER_UNBALANCED" in (attempt(statement) or "")

    def test_that_leaves_a_gap_is_refused(self, entry: uuid.UUID) -> None:
        assert "LEDGER_SEQUENCE_GAP" in (self.write(entry, ("amara", 2, -100), ("bo", 1, 100)) or "")

    def test_that_leaves_the_balances_as_they_were_is_refused(self, entry: uuid.UUID) -> None:
        assert "LEDGER_SEQUENCE_GAP" in (
            self.write(entry, ("amara", 1, -100), ("bo", 1, 100), update=False) or ""
        )

    def test_that_moves_a_reserve_without_its_hold_is_refused(self, entry: uuid.UUID) -> None:
        assert "LEDGER_UNBALANCED" in (self.write(entry, ("reserve", 1, -100), ("bo", 1, 100)) or "")
        [(hold,)] = rows("SELECT id FROM ledger_hold")
        assert self.write(entry, ("reserve", 1, -100), ("bo", 1, 100), hold=str(hold)) is None

    def test_that_moves_nothing_is_refused(self, entry: uuid.UUID) -> None:
        assert "line_moves_something" in (self.write(entry, ("amara", 1, 0), ("bo", 1, 0)) or "")

    def test_that_names_no_account_is_refused(self, entry: uuid.UUID) -> None:
        for account in ("0", "NULL"):
            statement = (
                "INSERT INTO ledger_line (account_id, sequence, entry_id, posting, amount, balance_after, effective_at,"
                f" effective_on, recorded_at) VALUES ({account}, 1, '{entry}', 1, 100, 100, now(), now(), now())"
            )
            assert attempt(statement) is not None

    def test_that_changed_a_balance_is_found_by_the_next_posting(self) -> None:
        rows(f"UPDATE ledger_balance SET balance = balance + 1 WHERE {of('amara')} RETURNING 1")
        with nothing_moved():
            outcome = run("ledger.import_entry", **movement("amara", "bo", "1.00"))
        assert code(outcome) == "INTEGRITY_BROKEN"
        assert outcome.error is not None
        assert (outcome.error.transient, outcome.error.http_status) == (False, 500)
        assert "LEDGER_SEQUENCE_GAP" in outcome.error.message

    def test_that_changed_a_balance_spoils_no_other_account(self) -> None:
        from apps.operations.executor import execute_many
        from tests.support.door import request

        rows(f"UPDATE ledger_balance SET balance = balance + 1 WHERE {of('amara')} RETURNING 1")
        outcomes = execute_many(
            [
                request("ledger.import_entry", **movement(source, "bo", "1.00"))
                for source in ("mint", "amara", "mint")
            ]
        )
        assert [code(outcome) for outcome in outcomes] == [None, "INTEGRITY_BROKEN", None]
        assert balances("bo") == {"bo": "2.00"}


class TestAccounts:
    def test_open_with_a_balance_row_of_their_own(self) -> None:
        found = Account.objects.get(address="bo")
        assert (found.balance.balance, found.balance.sequence, found.balance.floor) == (0, 0, 0)

    def test_take_their_floor_along(self) -> None:
        done("ledger.set_floor", book="platform", account="bo", currency="EUR", floor="-5.00")
        assert Account.objects.get(address="bo").balance.floor == -500
        moved("bo", "amara", "5.00")
        assert refused("ledger.import_entry", **movement("bo", "amara", "0.01")) == "INSUFFICIENT_BALANCE"

    @pytest.mark.parametrize("address", ["", "a b", ":a", "a::b", "ä", "a\n"])
    def test_have_an_address_of_the_one_shape(self, address: str) -> None:
        statement = (
            "INSERT INTO ledger_account (book_id, address, currency, gl_code, side, name, names_holds, opened_at)"
            " SELECT id, %s, 'EUR', '2130', 1, '', false, now() FROM operations_book"
        )
        assert "account_address_shape" in (attempt(statement, address) or "")


def test_the_applications_role_cannot_log_in() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolcanlogin, rolsuper FROM pg_roles WHERE rolname = %s", [ROLE])
        assert cursor.fetchone() == (False, False)
