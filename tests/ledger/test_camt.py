"""Statements as camt.053: valid by the schemas of ISO 20022, and read by a library that knows nothing of ours."""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from pyiso20022.camt.camt_053_001_02 import camt_053_001_02
from pyiso20022.camt.camt_053_001_08 import camt_053_001_08
from xsdata.formats.dataclass.parsers import XmlParser

from apps.ledger import queries
from apps.ledger.camt import CamtCannotSay, write_statement
from apps.ledger.camt.texts import identifier, pieces, readable
from apps.ledger.models import Account
from apps.ledger.queries import StatementPeriod, statement_period
from apps.operations.models import Book
from tests.ledger.bookkeeping import Leg, new_book, number_everything, open_account, post, post_many

pytestmark = pytest.mark.usefixtures("ledger_db")

SAMPLES = Path(
    os.environ.get("COUNTINGHOUSE_DATA_SAMPLES") or django_settings.BASE_DIR.parent / "shared" / "data"
)
SCHEMAS = SAMPLES / "camt053"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DOCUMENTS = {"02": camt_053_001_02.Document, "08": camt_053_001_08.Document}
NASTY = [
    'Tom & Jerry <b>"x"</b> ]]> \N{EURO SIGN}',
    "two\nlines\r\n\ttab  ",
    "control \x01\x1f\x7f \x85 \ufffe \N{LINE SEPARATOR}",
    "Überweisung für 日本 🏦",
    "x" * 1_000,
    "  ",
    "",
]
TEXTS = st.sampled_from(NASTY) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200
)


@pytest.fixture
def book() -> Book:
    book = new_book("north")
    book.time_zone = "Europe/Berlin"
    book.save()
    return book


def account_of(book: Book, address: str, currency: str = "EUR", **fields: Any) -> Account:
    return open_account(book, address, currency, **fields)


def written(period: StatementPeriod, version: str = "08") -> bytes:
    file = BytesIO()
    write_statement(period, file, version=version)
    return file.getvalue()


def assert_valid(content: bytes, version: str) -> None:
    schema = SCHEMAS / f"camt.053.001.{version}.xsd"
    if not schema.exists():
        pytest.skip(f"the schema is not at {schema}")
    etree.XMLSchema(file=str(schema)).assertValid(etree.fromstring(content))


def signed(node: Any) -> Decimal:
    return node.amt.value if node.cdt_dbt_ind.value == "CRDT" else -node.amt.value


def assert_read_alike(period: StatementPeriod, version: str) -> list[Any]:
    """It is valid, and what the library reads of it is what the ledger says; the entries that it read."""
    content = written(period, version)
    assert_valid(content, version)
    assert content == written(period, version)
    [statement] = XmlParser().from_bytes(content, DOCUMENTS[version]).bk_to_cstmr_stmt.stmt
    balances = {balance.tp.cd_or_prtry.cd: balance for balance in statement.bal}
    balances = {getattr(code, "value", code): balance for code, balance in balances.items()}
    assert signed(balances["OPBD"]) == Decimal(period.opening.decimal)
    assert signed(balances["CLBD"]) == Decimal(period.closing.decimal)
    assert str(balances["OPBD"].dt.dt) == str(period.first)
    assert str(balances["CLBD"].dt.dt) == str(period.last)
    lines = list(period.lines())
    assert [(int(entry.ntry_ref), signed(entry), entry.amt.ccy) for entry in statement.ntry] == [
        (line.sequence, Decimal(line.amount.decimal), line.amount.currency) for line in lines
    ]
    for entry, line in zip(statement.ntry, lines, strict=True):
        assert str(entry.bookg_dt.dt) == str(entry.val_dt.dt) == str(line.effective_on)
        assert entry.acct_svcr_ref == line.entry_id
    summary = statement.txs_summry
    assert [int(total.nb_of_ntries) for total in (summary.ttl_ntries, summary.ttl_cdt_ntries, summary.ttl_dbt_ntries)] == [
        len(lines), sum(line.amount.is_positive for line in lines), sum(line.amount.is_negative for line in lines)
    ]  # fmt: skip
    assert summary.ttl_cdt_ntries.sum - summary.ttl_dbt_ntries.sum == Decimal(
        (period.closing - period.opening).decimal
    )
    return list(statement.ntry)


MOVES = st.lists(
    st.tuples(
        st.booleans(), st.integers(1, 99_999) | st.integers(1, 10**15), st.integers(0, 9), TEXTS, TEXTS
    ),
    max_size=6,
)


@settings(max_examples=25)
@given(MOVES, st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_any_statement_is_read_alike(history: list, currency: str) -> None:
    book = new_book(f"hypo-{Book.objects.count()}")
    bank, wallet = account_of(book, "bank:ing", currency), account_of(book, "customer:7", currency)
    for number, (inward, amount, day, description, reference) in enumerate(history):
        pair = (bank, wallet) if inward else (wallet, bank)
        post(
            Leg(*pair, amount), Leg(*pair, 1), effective_at=NOON + timedelta(days=day), description=description,
            reference=f"{number}{reference}",
        )  # fmt: skip
    number_everything()
    for account in (bank, wallet):
        for first, last in ((0, 9), (3, 5)):
            period = statement_period(
                account, first=(NOON + timedelta(first)).date(), last=(NOON + timedelta(last)).date()
            )
            for version in ("02", "08"):
                assert_read_alike(period, version)


@pytest.mark.parametrize("version", ["02", "08"])
def test_money_in_is_credit_for_the_owner_of_either_kind_of_account(book: Book, version: str) -> None:
    bank, wallet = account_of(book, "bank:ing"), account_of(book, "customer:7")
    post(Leg(bank, wallet, 500), effective_at=NOON, description="salary")
    post(Leg(wallet, bank, 700), effective_at=NOON + timedelta(1))
    number_everything()
    for account in (wallet, bank):
        period = statement_period(account, first=NOON.date(), last=date(2026, 3, 2))
        entries = assert_read_alike(period, version)
        assert [signed(entry) for entry in entries] == [5, -7]
        assert period.closing.minor == -200


def test_it_says_whose_account_and_what_each_entry_was(book: Book) -> None:
    bank = account_of(book, "bank:ing")
    address = f"wallet:{'w' * 40}:available"
    wallet = account_of(book, address, name="N" * 200)
    words = f"{'a' * 139} & {'b' * 200}"
    entry = post(Leg(bank, wallet, 500), effective_at=NOON, description=words, reference="R" * 200)
    number_everything()
    period = statement_period(wallet, first=NOON.date(), last=NOON.date())
    [statement] = XmlParser().from_bytes(written(period), DOCUMENTS["08"]).bk_to_cstmr_stmt.stmt
    assert statement.acct.id.othr.id == identifier(address, 34)
    assert statement.acct.id.othr.issr == "north"
    assert (statement.acct.ccy, statement.acct.nm) == ("EUR", "N" * 69 + "…")
    assert statement.addtl_stmt_inf == f"{address} in north, entries through position 1"
    assert str(statement.fr_to_dt.fr_dt_tm) == "2026-03-01T00:00:00+01:00"
    assert str(statement.fr_to_dt.to_dt_tm) == "2026-03-01T23:59:59+01:00"
    [read] = statement.ntry
    [details] = read.ntry_dtls[0].tx_dtls
    assert "".join(details.rmt_inf.ustrd) == words
    assert (details.refs.tx_id, details.addtl_tx_inf) == (identifier("R" * 200, 35), "R" * 200)
    assert (read.acct_svcr_ref, read.bk_tx_cd.prtry.cd) == (entry, "test")


def test_the_same_question_has_the_same_bytes_and_another_one_another_id(book: Book) -> None:
    bank, wallet = account_of(book, "bank:ing"), account_of(book, "customer:7")
    dollars = account_of(book, "customer:7", "USD")
    post(Leg(bank, wallet, 500), effective_at=NOON)
    number_everything()
    asked = {"first": NOON.date(), "last": date(2026, 3, 9)}
    before = written(statement_period(wallet, **asked))
    post(Leg(bank, wallet, 1), effective_at=NOON)
    number_everything()
    assert written(statement_period(wallet, **asked, position=1)) == before
    others = [
        statement_period(wallet, **asked),
        statement_period(bank, **asked),
        statement_period(dollars, **asked),
        statement_period(wallet, first=NOON.date(), last=date(2026, 3, 8)),
        statement_period(wallet, first=date(2026, 2, 1), last=date(2026, 3, 9)),
    ]
    ids = {id_of(written(period)) for period in others} | {id_of(before)}
    assert len(ids) == 6
    assert all(len(found) <= 35 for found in ids)


def id_of(content: bytes) -> str:
    document = XmlParser().from_bytes(content, DOCUMENTS["08"]).bk_to_cstmr_stmt
    assert document.grp_hdr.msg_id == document.stmt[0].id
    return document.stmt[0].id


def test_what_the_message_cannot_say_is_refused_before_a_byte(book: Book) -> None:
    for currency, amount in (("USDC", 1), ("BTC", 1), ("ETH", 1), ("EUR", 10**18)):
        bank, wallet = (account_of(book, address, currency) for address in ("bank:x", "customer:8"))
        post(Leg(bank, wallet, amount), effective_at=NOON)
        number_everything()
        file = BytesIO()
        with pytest.raises(CamtCannotSay):
            write_statement(statement_period(wallet, first=NOON.date(), last=NOON.date()), file)
        assert file.getvalue() == b""
    period = statement_period(wallet, first=date(2025, 1, 1), last=date(2025, 1, 2))
    assert_read_alike(period, "08")


class CountingFile:
    """Forgets what is written to it."""

    size = 0

    def write(self, content: bytes) -> int:
        self.size += len(content)
        return len(content)


def test_a_long_statement_is_written_as_it_is_read(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file has grown before the last line is read."""
    bank, wallet = account_of(book, "bank:ing"), account_of(book, "customer:7")
    for _ in range(3):
        post_many([Leg(bank, wallet, 1)] * 1_000)
    number_everything()
    period = statement_period(wallet, first=date(2000, 1, 1), last=date(2100, 1, 1))
    file, sizes = CountingFile(), []
    lines = StatementPeriod.lines
    monkeypatch.setattr(
        StatementPeriod, "lines", lambda self: (sizes.append(file.size) or line for line in lines(self))
    )
    write_statement(period, file)
    assert len(sizes) == 3_000
    assert sizes[1_500] > 500_000
    assert file.size > sizes[-1]


@given(st.lists(TEXTS, min_size=2, max_size=2, unique=True), st.integers(34, 35))
def test_identifiers_stay_different(texts: Sequence[str], limit: int) -> None:
    one, two = (identifier(text, limit) for text in texts)
    assert one != two
    assert 0 < len(one) <= limit
    assert identifier(one, limit) != one or one == texts[0]


def test_texts_keep_what_fits() -> None:
    assert identifier("wallet:a", 34) == "wallet:a"
    assert identifier("w" * 35, 34).startswith("w" * 15 + "~")
    assert readable("x\x00y", 70) == "x\N{REPLACEMENT CHARACTER}y"
    assert (readable("x" * 5, 5), readable("x" * 6, 5)) == ("xxxxx", "xxxx…")
    assert list(pieces("abcde", 2)) == ["ab", "cd", "e"]


def test_a_statement_from_the_shell(book: Book, tmp_path: Path) -> None:
    bank, wallet = account_of(book, "bank:ing"), account_of(book, "customer:7")
    post(Leg(bank, wallet, 500), effective_at=NOON)
    number_everything()
    file = tmp_path / "s.xml"
    asked = ["--from", "2026-03-01", "--to", "2026-03-31", "-o", str(file)]
    call_command("export_statement", "north", "customer:7", "EUR", *asked, "--message-version", "02")
    period = statement_period(wallet, first=date(2026, 3, 1), last=date(2026, 3, 31))
    assert file.read_bytes() == written(period, "02")
    for wrong in (["customer:9", "EUR"], ["customer:7", "USD"]):
        with pytest.raises(CommandError, match="ACCOUNT_NOT_FOUND"):
            call_command("export_statement", "north", *wrong, *asked)
    with pytest.raises(CommandError, match="POSITION_UNKNOWN"):
        call_command("export_statement", "north", "customer:7", "EUR", *asked, "--through", "2")
    assert queries.last_position(book.pk) == 1
