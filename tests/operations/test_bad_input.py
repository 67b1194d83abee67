"""Whatever is sent, the door answers with a refusal, keeps it, and nothing moves."""

from typing import Any

import pytest

from apps.operations.executor import execute
from apps.operations.models import Operation
from apps.operations.plan import Request
from tests.support.door import (
    code,
    done,
    eur,
    everyone,
    held,
    moved,
    movement,
    nothing_moved,
    opened,
    refused,
    request,
    run,
)

pytestmark = pytest.mark.usefixtures("ledger_db", "test_commands", "_wallets")


@pytest.fixture
def _wallets(ledger_db: Any) -> None:
    opened("mint", floor=None)
    opened("amara")
    opened("bo")
    opened("amara", currency="USD")
    opened("reserve", names_holds=True)
    moved("mint", "amara", "100.00")


def stored_once(expected: str) -> None:
    """The refusal is kept as an Operation that leaves its key free."""
    [operation] = Operation.objects.filter(key="k")
    assert (operation.status, operation.holds_key, operation.refusal["code"]) == ("refused", False, expected)


class TestAmounts:
    @pytest.mark.parametrize(
        "amount",
        [
            "0.00",
            "-1.00",
            "1.001",
            "1e3",
            "1,00",
            " 1.00",
            "+1.00",
            "",
            "NaN",
            "Infinity",
            "0x10",
            "1" * 37,
            "1" * 5000,
            "１.00",
            "1_0",
        ],
    )
    def test_that_are_none_are_refused(self, amount: str) -> None:
        given = {**movement("amara", "bo", "1.00"), "amount": eur(amount)}
        assert refused("ledger.import_entry", key="k", **given) == "INPUT_INVALID"
        stored_once("INPUT_INVALID")

    @pytest.mark.parametrize(
        "amount",
        [
            1,
            1.5,
            True,
            None,
            [],
            {},
            "1.00",
            {"amount": 1, "currency": "EUR"},
            {"amount": "1.00"},
            {"currency": "EUR"},
        ],
    )
    def test_of_another_type_are_refused(self, amount: Any) -> None:
        given = {**movement("amara", "bo", "1.00"), "amount": amount}
        assert refused("ledger.import_entry", key="k", **given) == "INPUT_INVALID"
        stored_once("INPUT_INVALID")

    def test_the_largest_there_is_can_be_posted_and_one_more_cent_is_refused(self) -> None:
        opened("press", floor=None)
        opened("sink", floor=None)
        moved("press", "sink", "9" * 36 + ".99")
        given = movement("press", "sink", "0.01")
        assert refused("ledger.import_entry", key="k", **given) == "BALANCE_OVERFLOW"
        assert Operation.objects.get(key="k").holds_key

    @pytest.mark.parametrize("currency", ["EUX", "eur", "", None, 5, "EUR\x00", "E" * 300])
    def test_of_no_currency_are_refused(self, currency: Any) -> None:
        given = {**movement("amara", "bo", "1.00"), "amount": {"amount": "1.00", "currency": currency}}
        assert refused("ledger.import_entry", key="k", **given) == "INPUT_INVALID"


class TestAccounts:
    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"source": "nobody"}, "ACCOUNT_NOT_FOUND"),
            ({"destination": "nobody"}, "ACCOUNT_NOT_FOUND"),
            ({"destination": "amara"}, "SAME_ACCOUNT"),
            ({"destination": "reserve"}, "HOLD_REQUIRED"),
            ({"amount": {"amount": "1.00", "currency": "USD"}}, "ACCOUNT_NOT_FOUND"),
            ({"amount": eur("100.01")}, "INSUFFICIENT_BALANCE"),
        ],
    )
    def test_that_cannot_be_used_are_refused_by_the_ledger_and_it_sticks(
        self, change: Any, expected: str
    ) -> None:
        assert (
            refused("ledger.import_entry", key="k", **{**movement("amara", "bo", "1.00"), **change})
            == expected
        )
        assert Operation.objects.get(key="k").holds_key

    @pytest.mark.parametrize(
        "address",
        [
            "",
            " ",
            "a b",
            "a::b",
            ":a",
            "a:",
            "ä",
            "a\nb",
            "a\x00",
            "x" * 201,
            5,
            None,
            ["a"],
            "a/b",
            "a;DROP",
        ],
    )
    def test_whose_address_is_none_are_refused_before(self, address: Any) -> None:
        assert (
            refused("ledger.import_entry", key="k", **{**movement("amara", "bo", "1.00"), "source": address})
            == "INPUT_INVALID"
        )
        given = {
            "book": "platform",
            "address": address,
            "currency": "EUR",
            "gl_code": "2130",
            "side": "credit",
        }
        assert refused("ledger.open_account", **given) == "INPUT_INVALID"

    def test_that_are_closed_take_and_give_nothing(self) -> None:
        done("ledger.close_account", book="platform", account="bo", currency="EUR", reason="gone")
        assert refused("ledger.import_entry", **movement("amara", "bo", "1.00")) == "ACCOUNT_CLOSED"
        assert (
            refused("ledger.close_account", book="platform", account="bo", currency="EUR", reason="gone")
            == "ACCOUNT_CLOSED"
        )
        assert (
            refused("ledger.close_account", book="platform", account="amara", currency="EUR", reason="x")
            == "ACCOUNT_NOT_EMPTY"
        )

    def test_that_exist_are_not_opened_again(self) -> None:
        given = {
            "book": "platform",
            "address": "amara",
            "currency": "EUR",
            "gl_code": "2130",
            "side": "credit",
        }
        assert refused("ledger.open_account", **given) == "ACCOUNT_EXISTS"

    @pytest.mark.parametrize("floor", ["0.001", "x", "1" * 39, "--1", "1e5", 0, 1.5, "0\x00"])
    def test_a_floor_that_is_no_amount_is_refused(self, floor: Any) -> None:
        given = {
            "book": "platform",
            "address": "cleo",
            "currency": "EUR",
            "gl_code": "2130",
            "side": "credit",
            "floor": floor,
        }
        assert refused("ledger.open_account", key="k", **given) in {"INPUT_INVALID", "INVALID_AMOUNT"}

    def test_an_account_whose_floor_is_above_nothing_cannot_be_opened(self) -> None:
        given = {
            "book": "platform",
            "address": "cleo",
            "currency": "EUR",
            "gl_code": "2130",
            "side": "credit",
            "floor": "1.00",
        }
        assert refused("ledger.open_account", key="k", **given) == "FLOOR_ABOVE_BALANCE"
        floor = {"book": "platform", "account": "amara", "currency": "EUR"}
        assert refused("ledger.set_floor", **floor, floor="100.01") == "FLOOR_ABOVE_BALANCE"
        assert done("ledger.set_floor", **floor, floor="100.00")["floor"] == "100.00"


TEXTS = ["\x00", "a\x00b", "\ud800", "a\udfffb", "\x1b[31m", "line\nbreak", "a\u0085b"]


class TestText:
    @pytest.mark.parametrize("text", TEXTS)
    def test_that_does_not_print_is_refused(self, text: str) -> None:
        given = {**movement("amara", "bo", "1.00"), "description": text}
        assert refused("ledger.import_entry", key="k", **given) == "INPUT_INVALID"
        stored_once("INPUT_INVALID")

    @pytest.mark.parametrize(
        "text",
        [
            "Grüße",
            "日本語",
            "🏦",
            "e\u0301",
            "a\u202eb",
            "'; DROP TABLE x; --",
            '"{\\',
            "%s %(a)s",
            "\\u0000",
        ],
    )
    def test_of_any_language_is_kept_as_it_is(self, text: str) -> None:
        entry = moved("amara", "bo", "1.00")
        done("ledger.reverse_entry", key="k", entry=entry, reason=text)
        assert Operation.objects.get(key="k").input["reason"] == text
        assert run("ledger.reverse_entry", key="k", entry=entry, reason=text).replayed


class TestJson:
    @pytest.mark.parametrize(
        "metadata",
        [
            {"note": "\x00"},
            {"\x00": "note"},
            {"deep": [{"er": "a\x00"}]},
            {"note": "\ud800"},
            {"\udfff": 1},
            {"rate": 1.5},
            {"rate": float("nan")},
            {"rate": float("inf")},
            {"deep": {"rate": [0.1]}},
            "no object",
            ["no object"],
            {"deep": {2: 3}},
        ],
        ids=repr,
    )
    def test_that_cannot_be_kept_exactly_is_refused(self, metadata: Any) -> None:
        given = {**movement("amara", "bo", "1.00"), "metadata": metadata}
        assert refused("ledger.import_entry", key="k", **given) == "INPUT_INVALID"
        stored_once("INPUT_INVALID")

    def test_that_nests_too_deep_is_refused(self) -> None:
        deep: Any = "bottom"
        for _ in range(100_000):
            deep = [deep]
        given = {**movement("amara", "bo", "1.00"), "metadata": {"deep": deep}}
        assert refused("ledger.import_entry", key="k", **given) == "INPUT_INVALID"
        stored_once("INPUT_INVALID")

    def test_whose_texts_only_look_like_nul_is_kept(self) -> None:
        metadata = {"note": "\\u0000", "\\u0000": "\\\\u0000", "d": "\\ud800"}
        done("ledger.import_entry", key="k", **{**movement("amara", "bo", "1.00"), "metadata": metadata})
        assert Operation.objects.get(key="k").input["metadata"] == metadata

    @pytest.mark.parametrize("number", [10**400, -(10**5000)], ids=["400 digits", "5000 digits"])
    def test_numbers_of_any_size_are_kept_or_refused(self, number: int) -> None:
        outcome = run(
            "ledger.import_entry", key="k", **{**movement("amara", "bo", "1.00"), "metadata": {"n": number}}
        )
        assert code(outcome) in {None, "INPUT_INVALID"}


class TestInputs:
    @pytest.mark.parametrize(
        "data", [None, [], ["amara"], "text", 5, 1.5, True, [["book", "platform"]]], ids=repr
    )
    def test_that_are_no_object_are_refused(self, data: Any) -> None:
        with nothing_moved():
            outcome = execute(Request("ledger.import_entry", data, "k", everyone()))
        assert code(outcome) == "INPUT_INVALID"
        stored_once("INPUT_INVALID")

    @pytest.mark.parametrize("name", ["bok", "\x00", "\ud800", "", "x" * 10_000, "__class__"])
    def test_with_unknown_fields_are_refused(self, name: str) -> None:
        given = {**movement("amara", "bo", "1.00"), name: "x"}
        assert refused("ledger.import_entry", key="k", **given) == "INPUT_INVALID"
        stored_once("INPUT_INVALID")

    def test_with_missing_fields_name_the_first(self) -> None:
        outcome = run("ledger.import_entry", key="k")
        assert outcome.error is not None
        assert outcome.error.field == "/book"
        assert set(outcome.error.details["fields"]) == {
            "book",
            "reference",
            "kind",
            "source",
            "destination",
            "amount",
        }

    @pytest.mark.parametrize("size", [10_000, 3_000_000])
    def test_that_are_huge_are_refused_and_not_kept_whole(self, size: int) -> None:
        given = {**movement("amara", "bo", "1.00"), "description": "x" * size}
        assert refused("ledger.import_entry", key="k", **given) == "INPUT_INVALID"
        assert len(str(Operation.objects.get(key="k").input)) < 20_000

    def test_with_huge_metadata_are_refused(self) -> None:
        given = {**movement("amara", "bo", "1.00"), "metadata": {"x": "y" * 3_000_000}}
        assert refused("ledger.import_entry", key="k", **given) == "INPUT_INVALID"

    @pytest.mark.parametrize(
        "moment", ["yesterday", "2026-13-01", 5, "0000-00-00T00:00Z", "99999-01-01T00:00Z"]
    )
    def test_with_times_that_are_none_are_refused(self, moment: Any) -> None:
        given = {**movement("amara", "bo", "1.00"), "effective_at": moment}
        assert refused("ledger.import_entry", key="k", **given) == "INPUT_INVALID"

    @pytest.mark.parametrize(
        "moment",
        [
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-12:00",
        ],
    )
    def test_with_times_at_the_ends_of_the_calendar_are_kept_or_refused(self, moment: str) -> None:
        given = {**movement("amara", "bo", "1.00"), "effective_at": moment}
        assert code(run("ledger.import_entry", key="k", **given)) in {None, "INPUT_INVALID"}

    @pytest.mark.parametrize(
        "entry", ["je_", "je_" + "u" * 26, "op_" + "0" * 26, "", 5, None, "je_\x00", "je_" + "8" + "0" * 25]
    )
    def test_with_ids_that_are_none_are_refused(self, entry: Any) -> None:
        assert refused("ledger.reverse_entry", key="k", entry=entry, reason="x") == "INPUT_INVALID"


class TestNames:
    @pytest.mark.parametrize(
        "name", ["nothing", "", "ledger.import_entry ", "\x00", "LEDGER.IMPORT_ENTRY", "ledger.import_entry;"]
    )
    def test_of_no_command_are_refused_without_a_run(self, name: str) -> None:
        outcome = execute(Request(name, {}, "k", everyone()))
        assert (code(outcome), outcome.operation_id) == ("COMMAND_UNKNOWN", "")
        assert not Operation.objects.filter(key="k").exists()

    def test_an_alias_is_its_command(self) -> None:
        given = {
            "book": "platform",
            "account": "bo",
            "direction": "credit",
            "amount": eur("1.00"),
            "reason": "x",
        }
        related = {"related_type": "ticket", "related_id": "1"}
        done("postCorrection", key="k", **given, **related)
        assert run("ledger.post_correction", key="k", **given, **related).replayed

    @pytest.mark.parametrize("book", ["nowhere", "PLATFORM"])
    def test_of_no_book_are_refused(self, book: str) -> None:
        assert (
            refused("ledger.import_entry", key="k", **movement("amara", "bo", "1.00", book=book))
            == "BOOK_NOT_FOUND"
        )
        stored_once("BOOK_NOT_FOUND")


class TestHolds:
    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"account": "nobody"}, "ACCOUNT_NOT_FOUND"),
            ({"account": "reserve"}, "SAME_ACCOUNT"),
            ({"held_account": "bo"}, "HOLD_NOT_FOUND"),
            ({"held_account": "nobody"}, "ACCOUNT_NOT_FOUND"),
            ({"amount": eur("100.01")}, "INSUFFICIENT_BALANCE"),
            ({"amount": eur("0")}, "INPUT_INVALID"),
        ],
    )
    def test_that_cannot_be_placed(self, change: Any, expected: str) -> None:
        given = {
            "book": "platform",
            "account": "amara",
            "held_account": "reserve",
            "amount": eur("1.00"),
            "reason": "x",
        }
        assert refused("ledger.place_hold", **{**given, **change}) == expected

    def test_are_not_settled_into_another_reserve(self) -> None:
        opened("other_reserve", names_holds=True)
        hold = held("amara", "reserve", "10.00")
        assert (
            refused("ledger.settle_hold", hold=hold, destination="other_reserve", reason="x")
            == "HOLD_REQUIRED"
        )

    def test_that_do_not_exist(self) -> None:
        hold = "hld_" + "0" * 26
        assert refused("ledger.settle_hold", hold=hold, destination="bo", reason="x") == "HOLD_NOT_FOUND"
        assert refused("ledger.release_hold", hold=hold, reason="x") == "HOLD_NOT_FOUND"

    def test_are_settled_in_their_own_currency_only(self) -> None:
        hold = held("amara", "reserve", "10.00")
        dollars = {"amount": "1.00", "currency": "USD"}
        assert (
            refused("ledger.settle_hold", hold=hold, destination="bo", amount=dollars, reason="x")
            == "CURRENCY_MISMATCH"
        )
        assert refused("ledger.release_hold", hold=hold, amount=dollars, reason="x") == "CURRENCY_MISMATCH"


def test_one_bad_request_of_a_batch_spoils_no_other() -> None:
    from apps.operations.executor import execute_many

    bad = [
        request("ledger.import_entry", **{**movement("amara", "bo", "1.00"), "metadata": {"note": "\x00"}}),
        request("ledger.import_entry", **{**movement("amara", "bo", "1.00"), "\x00": 1}),
        request("nothing"),
        request("ledger.import_entry", key="", **movement("amara", "bo", "1.00")),
    ]
    good = [request("ledger.import_entry", **movement("amara", "bo", "1.00")) for _ in range(2)]
    outcomes = execute_many([good[0], *bad, good[1]])
    assert [code(outcome) for outcome in outcomes] == [
        None,
        "INPUT_INVALID",
        "INPUT_INVALID",
        "COMMAND_UNKNOWN",
        "KEY_MISSING",
        None,
    ]
