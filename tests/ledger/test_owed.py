"""What cannot be taken is owed, and repaid first: whatever posts, together, at once, and undone."""

import uuid
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from apps.ledger import projections
from apps.ledger.models import Account, Line
from apps.ledger.verify import verify
from apps.operations import books, sequencer
from apps.operations.executor import execute_many
from tests.ledger.bookkeeping import open_account
from tests.ledger.tampering import tamper
from tests.support.door import balances, code, done, eur, held, moved, opened, refused, request, rows, run
from tests.support.tenants import has, world
from tests.support.threads import at_once, deadlocks, somebody_else, under_way, wait_until_blocked

pytestmark = pytest.mark.usefixtures("ledger_db", "test_commands", "_accounts")

AMARA, AMARA_OWED, BO, BO_OWED = (
    f"wallet:{name}:{part}" for name in ("amara", "bo") for part in ("available", "owed")
)
LOCK_BALANCE = "SELECT FROM ledger_balance b JOIN ledger_account a ON a.id = b.account_id WHERE a.address = %s FOR UPDATE OF b"


@pytest.fixture
def _accounts(ledger_db: Any) -> Iterator[None]:
    """Two wallets with nothing in them, a bank account without a floor, and a reserve."""
    platform = books.by_slug("platform")
    for available, owed in ((AMARA, AMARA_OWED), (BO, BO_OWED)):
        owing = open_account(platform, owed, floor=0)
        open_account(platform, available, floor=0, owed_account=owing)
    opened("bank:ing", floor=None)
    opened("reserve", names_holds=True)
    before = deadlocks()
    yield
    assert deadlocks() == before


def entry(*postings: tuple[str, str, str], involuntary: bool = False) -> dict[str, Any]:
    """An entry of these postings of euros, as input."""
    return {
        "book": "platform",
        "reference": uuid.uuid4().hex,
        "involuntary": involuntary,
        "postings": [[source, destination, amount, "EUR"] for source, destination, amount in postings],
    }


def posted(*postings: tuple[str, str, str], involuntary: bool = False) -> Any:
    """Post one entry; the result."""
    return done("tests.post", entries=[entry(*postings, involuntary=involuntary)])


def taken(amount: str, source: str = AMARA) -> str:
    """The bank takes it back, whether or not it is there; the entry."""
    return str(posted((source, "bank:ing", amount), involuntary=True)["entries"][0])


def stored(entry_id: str) -> list[tuple[str, str, str]]:
    """The postings of an entry, as its lines tell."""
    lines = Line.objects.filter(entry_id=entry_id).select_related("account").order_by("posting", "amount")
    pairs = zip(lines[::2], lines[1::2], strict=True)
    return [(a.account.address, b.account.address, f"{b.amount / 100:.2f}") for a, b in pairs]


def state(name: str = "amara") -> tuple[str, str]:
    """What is available, and what is owed."""
    found = balances(f"wallet:{name}:available", f"wallet:{name}:owed")
    return found[f"wallet:{name}:available"], found[f"wallet:{name}:owed"]


class TestOnePosting:
    @pytest.mark.parametrize(
        ("has", "owes", "posting", "involuntary", "expected"),
        [
            # Taken: what there is first, the rest is owed.
            ("9.00", "0", (AMARA, "bank:ing", "5.00"), True, [(AMARA, "bank:ing", "5.00")]),
            ("5.00", "0", (AMARA, "bank:ing", "5.00"), True, [(AMARA, "bank:ing", "5.00")]),
            (
                *("3.00", "0", (AMARA, "bank:ing", "5.00"), True),
                [(AMARA, "bank:ing", "3.00"), (AMARA_OWED, "bank:ing", "2.00")],
            ),
            ("0", "0", (AMARA, "bank:ing", "5.00"), True, [(AMARA_OWED, "bank:ing", "5.00")]),
            ("0", "4.00", (AMARA, "bank:ing", "5.00"), True, [(AMARA_OWED, "bank:ing", "5.00")]),
            # Given: what is owed is repaid first.
            ("0", "4.00", ("bank:ing", AMARA, "3.00"), False, [("bank:ing", AMARA_OWED, "3.00")]),
            ("0", "4.00", ("bank:ing", AMARA, "4.00"), True, [("bank:ing", AMARA_OWED, "4.00")]),
            (
                *("0", "4.00", ("bank:ing", AMARA, "7.00"), False),
                [("bank:ing", AMARA_OWED, "4.00"), ("bank:ing", AMARA, "3.00")],
            ),
            ("0", "0", ("bank:ing", AMARA, "7.00"), False, [("bank:ing", AMARA, "7.00")]),
            # From one who owes then to one who owes: three parts.
            (
                *("3.00", "0", (AMARA, BO, "9.00"), True),
                [(AMARA, BO_OWED, "1.00"), (AMARA, BO, "2.00"), (AMARA_OWED, BO, "6.00")],
            ),
            # Named by themselves, the two accounts are moved as is said.
            ("0", "4.00", (AMARA_OWED, AMARA, "1.00"), False, [(AMARA_OWED, AMARA, "1.00")]),
            ("0", "4.00", ("bank:ing", AMARA_OWED, "1.00"), False, [("bank:ing", AMARA_OWED, "1.00")]),
            ("0", "4.00", (AMARA_OWED, "bank:ing", "1.00"), False, [(AMARA_OWED, "bank:ing", "1.00")]),
        ],
    )
    def test_stands_as_what_truly_moved(
        self, has: str, owes: str, posting: tuple[str, str, str], involuntary: bool, expected: Any
    ) -> None:
        if BO in posting:
            taken("1.00", BO)
        if owes != "0":
            taken(owes)
        if has != "0":
            moved("bank:ing", AMARA, has)
        assert stored(posted(posting, involuntary=involuntary)["entries"][0]) == expected

    def test_is_refused_where_nothing_takes_what_is_lacking(self) -> None:
        opened("till")
        for source in ("till", AMARA_OWED):
            given = entry((source, "till" if source != "till" else AMARA, "1.00"), involuntary=True)
            expected = "INSUFFICIENT_BALANCE" if source == "till" else None
            assert code(run("tests.post", entries=[given])) == expected
        assert refused("tests.post", entries=[entry((AMARA, "till", "1.00"))]) == "INSUFFICIENT_BALANCE"

    def test_takes_down_to_the_floor(self) -> None:
        done("ledger.set_floor", book="platform", account=AMARA, currency="EUR", floor="-2.00")
        assert stored(taken("5.00")) == [(AMARA, "bank:ing", "2.00"), (AMARA_OWED, "bank:ing", "3.00")]
        assert state() == ("-2.00", "3.00")

    def test_answers_the_balances_of_what_was_named_even_if_it_did_not_move(self) -> None:
        """Nothing was there to be taken; all that came was repaid."""
        result = posted((AMARA, "bank:ing", "5.00"), involuntary=True)
        assert result["balances"][f"{AMARA} EUR"]["amount"] == "0.00"
        moved("bank:ing", BO, "9.00")
        result = posted((BO, AMARA, "2.00"), ("bank:ing", BO, "1.00"))
        assert result["balances"][f"{AMARA} EUR"]["amount"] == "0.00"
        assert result["balances"][f"{BO} EUR"]["amount"] == "8.00"
        result = posted((BO, AMARA, "4.00"))
        assert result["balances"] == {
            f"{AMARA} EUR": {"amount": "1.00", "currency": "EUR"},
            f"{BO} EUR": {"amount": "4.00", "currency": "EUR"},
        }

    def test_tells_what_there_was_to_spend_where_a_credit_of_the_same_entry_repays(self) -> None:
        taken("4.00")
        posted((AMARA_OWED, AMARA, "6.00"))
        outcome = run(
            "tests.post", entries=[entry((AMARA, "bank:ing", "10.00"), ("bank:ing", AMARA, "3.00"))]
        )
        assert outcome.error
        assert "has 6.00 EUR to spend, 4.00 EUR too little" in outcome.error.message

    def test_passes_no_freeze(self) -> None:
        done(
            "ledger.freeze_account",
            book="platform",
            account=AMARA,
            currency="EUR",
            direction="out",
            reason="x",
        )
        given = entry((AMARA, "bank:ing", "1.00"), involuntary=True)
        assert refused("tests.post", entries=[given]) == "ACCOUNT_FROZEN"


class TestHolds:
    def test_what_a_hold_gives_back_repays_first(self) -> None:
        moved("bank:ing", AMARA, "10.00")
        hold = held(AMARA, "reserve", "8.00")
        taken("5.00")
        assert state() == ("0.00", "3.00")
        result = done("ledger.release_hold", hold=hold, amount=eur("7.00"), reason="x")
        assert result["moved"] == [
            {"to": AMARA_OWED, "amount": eur("3.00")},
            {"to": AMARA, "amount": eur("4.00")},
        ]
        assert (state(), balances("reserve")) == (("4.00", "0.00"), {"reserve": "1.00"})

    def test_the_rest_of_a_settled_hold_too(self) -> None:
        moved("bank:ing", AMARA, "10.00")
        hold = held(AMARA, "reserve", "10.00")
        taken("3.00")
        part = eur("6.00")
        done(
            "ledger.settle_hold",
            hold=hold,
            destination="bank:ing",
            amount=part,
            release_rest=True,
            reason="x",
        )
        assert (state(), balances("reserve")) == (("1.00", "0.00"), {"reserve": "0.00"})

    def test_a_reserve_takes_only_what_there_is(self) -> None:
        given = entry((AMARA, "reserve", "1.00"), involuntary=True)
        given["postings"][0].append(["hld_01k8zq5vj0e6r8x3w2n4m7b9cd", "open"])
        assert refused("tests.post", entries=[given]) == "INSUFFICIENT_BALANCE"


class TestOneCall:
    def test_each_entry_sees_what_the_one_before_it_left(self) -> None:
        wishes = [
            entry(("bank:ing", AMARA, "10.00")),
            entry((AMARA, "bank:ing", "14.00"), involuntary=True),
            entry(("bank:ing", AMARA, "1.00")),
            entry((AMARA, "bank:ing", "1.00")),
            entry(("bank:ing", AMARA, "5.00")),
            entry((AMARA, "bank:ing", "2.00")),
        ]
        outcomes = execute_many([request("tests.post", entries=[each]) for each in wishes])
        assert [code(each) for each in outcomes] == [None, None, None, "INSUFFICIENT_BALANCE", None, None]
        assert state() == ("0.00", "0.00")

    def test_what_a_refused_group_took_or_repaid_is_given_back(self) -> None:
        moved("bank:ing", AMARA, "3.00")
        taken("2.00", BO)
        opened("till")
        groups = [
            [
                entry((AMARA, "bank:ing", "5.00"), involuntary=True),
                entry(("bank:ing", BO, "4.00")),
                entry(("till", AMARA, "1.00")),
            ],
            [entry((AMARA, "bank:ing", "4.00"), involuntary=True)],
            [entry(("bank:ing", BO, "1.00"))],
        ]
        outcomes = execute_many([request("tests.post", entries=each) for each in groups])
        assert [code(each) for each in outcomes] == ["INSUFFICIENT_BALANCE", None, None]
        assert (state(), state("bo")) == (("0.00", "1.00"), ("0.00", "1.00"))


class TestAtOnce:
    def test_a_chargeback_and_a_payout(self) -> None:
        """Whichever comes first: the payout never takes what the chargeback took."""
        moved("bank:ing", AMARA, "10.00")
        chargeback = partial(
            run, "tests.post", entries=[entry((AMARA, "bank:ing", "8.00"), involuntary=True)]
        )
        payout = partial(run, "tests.post", entries=[entry((AMARA, "bank:ing", "6.00"))])
        with somebody_else() as other:
            other.execute(LOCK_BALANCE, [AMARA])
            with under_way(chargeback, payout) as both:
                wait_until_blocked(2)
                other.rollback()
        first, second = (code(each.result()) for each in both)
        assert first is None
        assert (second, state()) in [(None, ("0.00", "4.00")), ("INSUFFICIENT_BALANCE", ("2.00", "0.00"))]

    @pytest.mark.parametrize("legs", [1, 2])
    def test_a_credit_waits_for_the_chargeback_under_way(self, legs: int) -> None:
        """It was on its way past the decision when the debt arose."""
        [(account, owed)] = rows("SELECT id, owed_account_id FROM ledger_account WHERE address = %s", AMARA)
        credit = entry(*[("bank:ing", AMARA, "3.00")] * legs)
        with somebody_else() as other:
            other.execute(LOCK_BALANCE, [AMARA])
            with under_way(
                lambda: taken("4.00"),
                lambda: (wait_until_blocked(1), run("tests.post", entries=[credit]))[1],
            ) as [_, waiting]:
                wait_until_blocked(2)
                other.rollback()
        assert code(waiting.result()) is None  # type: ignore[arg-type]
        expected = {1: ("0.00", "1.00"), 2: ("2.00", "0.00")}
        assert (account != owed, state()) == (True, expected[legs])

    def test_two_credits_repay_together_no_more_than_is_owed(self) -> None:
        taken("10.00")
        credit = [entry(("bank:ing", AMARA, "3.00")) for _ in range(8)]
        outcomes = at_once(*[partial(run, "tests.post", entries=[each]) for each in credit])
        assert [code(each) for each in outcomes] == [None] * 8
        assert state() == ("14.00", "0.00")

    def test_anything_in_any_order_ends_where_it_must(self) -> None:
        wishes = [
            *[entry(("bank:ing", AMARA, "3.00")) for _ in range(6)],
            *[entry((AMARA, "bank:ing", "5.00"), involuntary=True) for _ in range(4)],
            *[entry((AMARA_OWED, "bank:ing", "1.00")) for _ in range(2)],
        ]
        outcomes = at_once(*[partial(run, "tests.post", entries=[each]) for each in wishes])
        assert [code(each) for each in outcomes] == [None] * len(wishes)
        available, owed = (Decimal(each) for each in state())
        assert available - owed == 18 - 20 - 2
        assert rows(
            "SELECT owing FROM ledger_balance b JOIN ledger_account a ON a.id = account_id WHERE address = %s",
            AMARA,
        ) == [(True,)]


class TestReversals:
    def test_mirror_what_stands(self) -> None:
        moved("bank:ing", AMARA, "3.00")
        took = taken("5.00")
        undone = done("ledger.reverse_entry", entry=took, reason="x")["entry"]
        assert stored(undone) == [("bank:ing", AMARA_OWED, "2.00"), ("bank:ing", AMARA, "3.00")]
        assert state() == ("3.00", "0.00")

    def test_of_a_credit_give_back_what_it_repaid(self) -> None:
        taken("2.00")
        credit = moved("bank:ing", AMARA, "5.00")
        undone = done("ledger.reverse_entry", entry=credit, reason="x")["entry"]
        assert stored(undone) == [(AMARA, "bank:ing", "3.00"), (AMARA_OWED, "bank:ing", "2.00")]
        assert state() == ("0.00", "2.00")

    def test_repay_nothing_that_their_entry_did_not(self) -> None:
        moved("bank:ing", AMARA, "5.00")
        payout = moved(AMARA, "bank:ing", "5.00")
        taken("2.00")
        undone = done("ledger.reverse_entry", entry=payout, reason="x")["entry"]
        assert stored(undone) == [("bank:ing", AMARA, "5.00")]
        assert state() == ("5.00", "2.00")
        assert stored(moved("bank:ing", AMARA, "1.00")) == [("bank:ing", AMARA_OWED, "1.00")]

    def test_are_refused_once_what_was_owed_was_repaid(self) -> None:
        took = taken("5.00")
        moved("bank:ing", AMARA, "4.00")
        assert refused("ledger.reverse_entry", entry=took, reason="x") == "INSUFFICIENT_BALANCE"


class TestTheDatabase:
    @pytest.mark.parametrize(
        ("address", "fields", "owed"),
        [
            ("wallet:x:available", {"currency": "USD"}, AMARA_OWED),
            ("wallet:x:available", {}, AMARA_OWED),
            ("wallet:x:available", {}, AMARA),
            ("wallet:x:owed", {}, "bank:ing"),
            ("wallet:x:held", {"names_holds": True}, "bank:ing"),
        ],
    )
    def test_refuses_a_pair_that_does_not_fit(self, address: str, fields: dict[str, Any], owed: str) -> None:
        platform = books.by_slug("platform")
        owing = Account.objects.get(address=owed)
        with pytest.raises(DatabaseError, match=r"LEDGER_OWED|account_owed_account_of_one"):
            open_account(platform, address, owed_account=owing, **fields)

    def test_refuses_an_owed_account_of_another_book(self) -> None:
        with pytest.raises(DatabaseError, match="LEDGER_OWED"):
            open_account(
                world().book, "wallet:x:available", owed_account=Account.objects.get(address="bank:ing")
            )

    def test_refuses_to_change_it(self) -> None:
        with pytest.raises(DatabaseError, match="LEDGER_ACCOUNT_FIXED"), transaction.atomic():
            Account.objects.filter(address=AMARA).update(owed_account=None)

    def test_keeps_what_is_owed_open_as_long_as_it_is_named(self) -> None:
        close = partial(run, "ledger.close_account", book="platform", currency="EUR", reason="x")
        assert code(close(account=AMARA_OWED)) == "ACCOUNT_IN_USE"
        assert [code(close(account=each)) for each in (AMARA, AMARA_OWED)] == [None, None]


def test_a_wallet_names_its_owed_account() -> None:
    acme = world()
    wallet = acme.funded("10.00")
    book = acme.book.slug
    available, owed = (f"wallet:{wallet}:{part}" for part in ("available", "owed"))
    given = {**entry((available, "bank:ing", "14.00"), involuntary=True), "book": book}
    done("tests.post", entries=[given])
    assert has(wallet).total.decimal == "-4.00"
    moved("bank:ing", available, "5.00", book=book)
    found = has(wallet)
    assert (found.available.decimal, found.owed.decimal) == ("1.00", "0.00")
    assert balances(owed, book=book) == {owed: "0.00"}


class TestProof:
    def test_books_with_debts_are_whole(self) -> None:
        moved("bank:ing", AMARA, "3.00")
        done("ledger.reverse_entry", entry=taken("5.00"), reason="x")
        taken("5.00")
        moved("bank:ing", AMARA, "1.00")
        sequencer.sequence()
        projections.project()
        assert [verify(incremental=each).broken for each in (False, True)] == [[], []]

    @pytest.mark.parametrize("address", [AMARA, AMARA_OWED])
    def test_a_wrong_mark_is_found(self, address: str) -> None:
        taken("5.00")
        [account] = Account.objects.filter(address=address)
        tamper(f"UPDATE ledger_balance SET owing = false WHERE account_id = {account.pk}")
        [fault] = verify().broken
        assert "whether it owes" in fault.expected
        tamper(f"UPDATE ledger_balance SET owing = true WHERE account_id = {account.pk}")
