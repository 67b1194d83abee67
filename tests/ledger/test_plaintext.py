"""Books as plain text, read by the programs that they are written for: their balances are ours, to the last digit."""

import os
import re
import tracemalloc
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from itertools import count
from pathlib import Path
from urllib.parse import unquote

import pytest
from django.core.management import CommandError, call_command
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from apps.core import ids
from apps.ledger import projections, queries
from apps.ledger.models import GlAccount, JournalEntry
from apps.ledger.plaintext import export
from apps.ledger.queries import AsOf
from apps.ledger.queries.journal import PositionUnknown
from apps.operations import books
from apps.operations.models import Book
from tests.ledger.bookkeeping import Leg, new_book, number_everything, open_account, post, post_many
from tests.support import plaintext as programs
from tests.support.door import done, eur, held, moved, opened, tenant
from tests.support.plaintext import Holdings

pytestmark = pytest.mark.usefixtures("ledger_db")

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CURRENCIES = ("EUR", "JPY", "BTC", "ETH")
BIGGEST = 10**36
PLACES = (
    "bank:ing",
    "bank:ing:EU-1_x",
    "customer:7",
    "customer:7:available",
    "customer:7:owed",
    "revenue:fees",
    "revenue:fees:cards",
    "Odd--one_-of",
    "equity:opening-balances",
    "expense:bank-fees",
)
NASTY = [
    'a "quoted" \\ backslash\\n',
    "semi;colon | pipe, comma % percent %2C",
    "two\nlines\r\n\ttab  ",
    "date:2024-01-02 [2024-02-02] date2:1/1",
    "(code) * ! = 1 EUR @ 2 USD",
    "Überweisung für 日本 \N{RIGHT-TO-LEFT OVERRIDE}abc \N{LINE SEPARATOR} \x85 \x01 \x7f \N{NO-BREAK SPACE}",
    '#tag ^link 2024-01-01 * "payee" Assets:Cash  1 EUR',
    "\n" * 80,
    "",
    " ",
]
TEXTS = st.sampled_from(NASTY) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40
)
LEGS = st.lists(
    st.tuples(
        st.sampled_from(CURRENCIES),
        st.permutations(range(len(PLACES))).map(lambda order: order[:2]),
        st.integers(1, 9_999) | st.integers(1, BIGGEST),
    ),
    min_size=1,
    max_size=5,
)
ENTRIES = st.tuples(
    LEGS,
    st.dates(date(1900, 1, 2), date(2199, 12, 30)),
    TEXTS,
    TEXTS,
    st.sampled_from(["post", "post", "reverse", "hold", "take"]),
)
EXAMPLES = 200 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 6
_numbers = count(1)


def made(history: list) -> Book:
    """A book of this history: a reversal mirrors the entry posted before it, holds are opened and half taken."""
    book = new_book(f"hypo-{next(_numbers)}")
    accounts = {
        (place, currency): open_account(book, address, currency)
        for place, address in enumerate(PLACES)
        for currency in CURRENCIES
    }
    reserves = {
        currency: open_account(book, "customer:7:held", currency, names_holds=True) for currency in CURRENCIES
    }
    open_account(book, "customer:8")
    before: tuple[str, list[Leg]] | None = None
    for number, (legs, on, description, reference, what) in enumerate(history):
        words = {
            "effective_at": datetime(on.year, on.month, on.day, 12, tzinfo=UTC),
            "description": description,
            "reference": f"{number} {reference}",
        }
        wanted = [
            Leg(accounts[a, currency], accounts[b, currency], amount) for currency, (a, b), amount in legs
        ]
        if what in ("hold", "take"):
            opening = [
                Leg(leg.source, reserves[leg.source.currency], leg.amount, ids.new_id("hld"), "open")
                for leg in wanted
            ]
            post(*opening, **words)
            if what == "take":
                post(
                    *[
                        Leg(leg.destination, leg.source, -(-leg.amount // 2), leg.hold, "take")
                        for leg in opening
                    ]
                )
        elif what == "reverse" and before:
            entry, mirrored = before
            mirror = [Leg(leg.destination, leg.source, leg.amount) for leg in reversed(mirrored)]
            post(*mirror, reverses=entry, **words)
            before = None
        else:
            before = post(*wanted, **words), wanted
    number_everything()
    projections.project(book)
    return book


def ours(book: Book, as_of: AsOf) -> Holdings:
    """The ledger's own balances, debit positive, where they are not zero."""
    types = dict(GlAccount.objects.values_list("code", "type"))
    return {
        (types[row.gl_code], row.address, trial.currency): Decimal((-row.raw).decimal)
        for trial in queries.trial_balances(book.pk, as_of=as_of, by="account")
        for row in trial.rows
        if not row.raw.is_zero
    }


def text(book: Book, format: str, **options: object) -> str:
    return "".join(export(book, format=format, **options))


def assert_read_alike(folder: Path, book: Book, *, precise: bool = False, **options) -> None:
    """Both programs find a book sound, and its balances ours."""
    programs.needs_hledger()
    position = options.get("position")
    as_of = AsOf(options.get("on"), queries.last_position(book.pk) if position is None else position)
    journals = (text(book, "beancount", **options), text(book, "hledger", **options))
    programs.assert_holdings(folder, *journals, ours(book, as_of), precise=precise)


@pytest.mark.long
@settings(max_examples=EXAMPLES, phases=set(Phase) - {Phase.shrink})  # an example takes seconds
@given(st.lists(ENTRIES, min_size=1, max_size=8))
def test_any_book_is_read_with_our_balances_and_words(tmp_path: Path, history: list) -> None:
    book = made(history)
    assert_read_alike(tmp_path, book, precise=True)
    assert_words(tmp_path, book)
    days = sorted(on for _, on, *_ in history)
    position = queries.last_position(book.pk)
    assert_read_alike(tmp_path, book, precise=True, position=(position + 1) // 2, on=days[len(days) // 2])


def assert_words(folder: Path, book: Book) -> None:
    """What the programs read of each entry is what it says, in what was written there before."""
    entries = {
        entry.seal.position: entry for entry in JournalEntry.objects.filter(book=book).select_related("seal")
    }
    query = (
        "SELECT DISTINCT int(any_meta('position')), date, any_meta('entry'), narration, any_meta('reference')"
    )
    rows = programs.bean_rows(folder / "book.beancount", query, precise=True)
    assert len(rows) == len(entries)
    for position, on, entry_id, narration, reference in rows:
        entry = entries[int(position)]
        assert (on, entry_id) == (str(entry.effective_on), entry.pk)
        assert narration.split() == entry.description.split()
        assert reference.split() == entry.reference.split()
    read = [found for found in programs.hledger_transactions(folder / "book.journal") if found["tcode"]]
    assert len(read) == len(entries)
    for found in read:
        entry, tags = entries[int(found["tcode"])], dict(found["ttags"])
        _, _, description = found["tdescription"].partition(" | ")
        assert found["tdate"] == str(entry.effective_on)
        assert found["tdate2"] == str(entry.recorded_at.date())
        assert unquote(description) == entry.description
        assert (tags["entry"], unquote(tags["reference"])) == (entry.pk, entry.reference)
        assert all(posting["pdate"] is None for posting in found["tpostings"])


class TestAsked:
    """A small book with all that an entry can say: holds, templates, a reversal, an overdraft of a parent account."""

    @pytest.fixture
    def book(self) -> Book:
        tenant("south", time_zone="Europe/Berlin")
        for address in (
            "bank:ing",
            "wallet:wal_7:available",
            "wallet:wal_7:held",
            "customer:7",
            "customer:7:available",
        ):
            opened(address, book="south", floor=None)
        first = moved("bank:ing", "wallet:wal_7:available", "100.00", book="south")
        moved("bank:ing", "customer:7", "7.00", book="south")
        moved("bank:ing", "customer:7:available", "0.50", book="south")
        hold = held("wallet:wal_7:available", "wallet:wal_7:held", "40.00", book="south")
        done("ledger.settle_hold", hold=hold, destination="bank:ing", amount=eur("15.00"), reason="paid")
        done("ledger.reverse_entry", entry=first, reason='it was "twice"; sorry')
        number_everything()
        return books.by_slug("south")

    def test_it_is_read_with_our_balances(self, book: Book, tmp_path: Path) -> None:
        assert_read_alike(tmp_path, book)
        projections.project(book)
        assert_read_alike(tmp_path, book)
        for position in range(queries.last_position(book.pk) + 1):
            assert_read_alike(tmp_path, book, position=position)

    def test_an_entry_says_what_it_is(self, book: Book) -> None:
        entry = JournalEntry.objects.select_related("template").get(book=book, reverses__isnull=False)
        [beancount] = [part for part in text(book, "beancount").split("\n\n") if "reversal" in part]
        assert beancount.splitlines()[:10] == [
            f'{entry.effective_on} * "it was \\"twice\\"; sorry"',
            "  position: 6",
            f'  entry: "{entry.pk}"',
            f'  reference: "{entry.reference}"',
            '  kind: "reversal"',
            f"  recorded: {entry.effective_on}",
            f'  recorded-at: "{entry.recorded_at:%Y-%m-%dT%H:%M:%S.%fZ}"',
            f'  template: "{entry.template}"',
            f'  operation: "{entry.operation_id}"',
            f'  reverses: "{entry.reverses_id}"',
        ]
        assert beancount.splitlines()[10:12] == [
            "  Liabilities:Wallet:Wal--7:Available  100.00 EUR",
            "  Assets:Bank:Ing  -100.00 EUR",
        ]
        [hledger] = [part for part in text(book, "hledger").split("\n\n") if "reversal" in part]
        assert hledger.splitlines()[0].endswith('* (6) reversal | it was "twice"%3B sorry')
        assert hledger.splitlines()[-2:] == [
            "    Liabilities:wallet:wal_7:available  100.00 EUR",
            "    Assets:bank:ing  -100.00 EUR",
        ]

    def test_reserved_money_names_its_hold(self, book: Book, tmp_path: Path) -> None:
        [hold] = book.holds.all()
        assert text(book, "beancount").count(f'\n    hold: "{hold.pk}"\n') == 4
        assert text(book, "hledger").count(f"  ; hold:{hold.pk}\n") == 4

    def test_the_same_question_has_the_same_answer(self, book: Book) -> None:
        before = {format: text(book, format, position=3) for format in ("beancount", "hledger")}
        opened("customer:9", book="south", floor=None)
        moved("bank:ing", "customer:9", "1.00", book="south")
        number_everything()
        projections.project(book)
        assert {format: text(book, format, position=3) for format in before} == before
        assert text(book, "beancount") != before["beancount"]

    def test_what_has_no_position_yet_is_left_out(self, book: Book) -> None:
        before = text(book, "hledger")
        moved("bank:ing", "customer:7", "1.00", book="south")
        assert text(book, "hledger") == before

    def test_a_position_that_was_not_given_yet_is_refused(self, book: Book) -> None:
        for position in (-1, 7):
            with pytest.raises(PositionUnknown):
                text(book, "hledger", position=position)


def test_a_book_without_entries_is_sound(tmp_path: Path) -> None:
    assert_read_alike(tmp_path, new_book("empty"))
    assert_read_alike(tmp_path, new_book("empty2"), on=date(2026, 1, 1))


@pytest.mark.parametrize(
    ("currency", "least"),
    [("JPY", "1"), ("EUR", "0.01"), ("BTC", "0.00000001"), ("ETH", "0.000000000000000001")],
)
@pytest.mark.parametrize("what", ["a posting", "a balance"])
def test_the_programs_see_the_smallest_difference(
    tmp_path: Path, currency: str, least: str, what: str
) -> None:
    """Their tolerance is none: a number that is off by a minor unit is found, in a line and in a balance."""
    programs.needs_hledger()
    book = new_book("north")
    bank, wallet = (open_account(book, address, currency) for address in ("bank:ing", "customer:7"))
    post(Leg(bank, wallet, 10**20 + 5), effective_at=NOON)
    post(Leg(bank, wallet, 7), effective_at=NOON)
    number_everything()
    assert_read_alike(tmp_path, book)
    beans, plain = tmp_path / "book.beancount", tmp_path / "book.journal"
    for file, check in ((beans, programs.bean_check), (plain, programs.hledger_check)):
        sound = file.read_text()
        lines = sound.splitlines()
        place = max(
            number
            for number, line in enumerate(lines)
            if re.search("bank:ing  .*[0-9]", line, re.IGNORECASE)
            and (bool(re.search(" balance | = ", line)) == (what == "a balance"))
        )
        digits = lines[place].split()[-2]
        wrong = format(Decimal(digits) + Decimal(least), "f")
        lines[place] = wrong.join(lines[place].rsplit(digits, 1))
        file.write_text("\n".join(lines) + "\n")
        assert check(file) != ""


def peak_of_export(book: Book, format: str, position: int) -> int:
    tracemalloc.start()
    size = sum(len(piece) for piece in export(book, format=format, position=position))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 100 * position
    return peak


@pytest.mark.parametrize("format", ["beancount", "hledger"])
def test_a_large_book_takes_the_memory_of_a_small_one(format: str) -> None:
    book = new_book("north")
    bank, wallet = open_account(book, "bank:ing"), open_account(book, "customer:7")
    for _ in range(6):
        post_many([Leg(bank, wallet, 1)] * 1_000)
    number_everything()
    assert peak_of_export(book, format, 6_000) < 1.2 * peak_of_export(book, format, 2_000)


class TestCommand:
    @pytest.fixture
    def book(self) -> Book:
        book = new_book("north")
        bank, wallet = open_account(book, "bank:ing"), open_account(book, "customer:7")
        for day in range(3):
            post(Leg(bank, wallet, 1), effective_at=NOON + timedelta(days=day), description="日本")
        number_everything()
        return book

    @pytest.mark.parametrize("format", ["beancount", "hledger"])
    def test_a_book_goes_to_the_output_or_to_a_file(self, book: Book, format: str, tmp_path: Path) -> None:
        out, file = StringIO(), tmp_path / "north.txt"
        options = ["--format", format, "--through", "2", "--on", "2026-03-01"]
        call_command("export_book", "north", *options, stdout=out)
        call_command("export_book", "north", *options, "-o", str(file))
        expected = text(book, format, position=2, on=NOON.date())
        assert out.getvalue() == file.read_bytes().decode() == expected
        assert expected.count("日本") == 1
        assert list(tmp_path.iterdir()) == [file]

    def test_a_refused_export_leaves_the_file_that_was_there(self, book: Book, tmp_path: Path) -> None:
        file = tmp_path / "north.txt"
        file.write_text("before")
        for arguments in (["north", "--through", "9"], ["nowhere"]):
            with pytest.raises(CommandError):
                call_command("export_book", *arguments, "--format", "hledger", "-o", str(file))
        with pytest.raises(CommandError, match="cannot be written"):
            call_command("export_book", "north", "--format", "hledger", "-o", str(tmp_path / "no" / "file"))
        assert file.read_text() == "before"
        assert list(tmp_path.iterdir()) == [file]
