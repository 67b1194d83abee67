"""NACHA files: read and written again to the byte, with totals that are believed only when they are right."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core.money import Money
from apps.providers.formats import nacha
from apps.providers.formats.errors import (
    FileFormatUnknown,
    FileMalformed,
    FileTotalsWrong,
    PaymentUnwritable,
    Place,
)
from apps.providers.formats.nacha import AchFile, Addendum, Batch, BatchHeader, Entry, FileHeader, Meaning
from apps.providers.formats.nacha.addenda import meaning
from apps.providers.formats.nacha.days import EASTERN
from apps.providers.formats.nacha.returns import RETURN_CODES
from tests.providers.formats.samples import damaged, read_or_refused, sample, samples

HEADER = FileHeader(
    destination=" 031300012", origin="0231380104", created_on="261123", created_at="1055",
    destination_name="Federal Reserve Bank", origin_name="Countinghouse",
)  # fmt: skip
ENTRY = Entry(
    code="22", routing="231380104", account="987654321", amount=Money(100_050, "USD"), name="Jane Doe",
    trace="121042880000001", identification="sub-1",
)  # fmt: skip
BATCH = Batch(
    header=BatchHeader(
        service_class=220, company_name="Countinghouse", company_id="231380104", sec="PPD", description="PAYOUT",
        odfi="12104288", number=1, effective_date="261124",
    ),
    entries=(ENTRY,),
)  # fmt: skip
FILE = AchFile(header=HEADER, batches=(BATCH,))


def read(content: bytes) -> AchFile:
    return nacha.read(BytesIO(content))


def read_sample(name: str) -> AchFile:
    return read(sample(f"nacha/{name}").read_bytes())


def with_entry(**fields: Any) -> AchFile:
    return replace(FILE, batches=(replace(BATCH, entries=(replace(ENTRY, **fields),)),))


@pytest.mark.parametrize("path", samples("nacha", "*.ach"))
def test_every_sample_is_written_again_to_the_byte(path: Any) -> None:
    content = path.read_bytes()
    assert nacha.write(read(content)) == content
    windows = content.replace(b"\n", b"\r\n")
    assert nacha.write(read(windows)) == windows
    one_line = content.replace(b"\n", b"")
    assert nacha.write(read(one_line)) == one_line


def test_payments_are_read_exactly() -> None:
    found = read_sample("ppd-mixedDebitCredit.ach")
    assert (found.header.destination, found.header.origin) == (" 231380104", "0121042882")
    assert (found.header.created_on, found.header.origin_name) == ("190718", "My Bank Name")
    [batch] = found.batches
    assert (batch.header.service_class, batch.header.sec, batch.header.effective_date) == (
        200,
        "PPD",
        "190719",
    )
    assert [(each.code, each.account, each.amount.minor, each.is_debit) for each in batch.entries] == [
        ("27", "123456789", 200_000_000, True),
        ("22", "987654321", 100_000_000, False),
        ("22", "837098765", 100_000_000, False),
    ]
    assert (batch.totals.debits, batch.totals.credits, batch.totals.hash) == (
        200_000_000,
        200_000_000,
        69_414_030,
    )


def test_returns_of_two_batches_are_read_exactly() -> None:
    found = read_sample("return-WEB.ach")
    first, second = found.batches
    assert first.entries[0].amount == Money(12_354, "USD")
    assert meaning(first.entries[0].addenda[0]) == nacha.Return("R01", "091400600000001", "", "09100001", "")
    assert meaning(second.entries[0].addenda[0]) == nacha.Return("R03", "091400600000003", "", "02100002", "")
    assert (first.closing_company_id, first.header.company_id) == (" 123456789", "123456789")
    assert found.totals.hash == 18_280_120


def test_every_kind_of_addendum_is_read_exactly() -> None:
    change = meaning(read_sample("cor-example.ach").batches[0].entries[0].addenda[0])
    assert change == nacha.Change("C01", "121042880000001", "12104288", "1918171614")
    dishonored = meaning(read_sample("dishonored-return.ach").batches[0].entries[0].addenda[0])
    assert dishonored == nacha.Dishonored(
        "R68", "059999990000301", "12391871", "123918710000001", "179", "01", "Untimely Return"
    )
    contested = [meaning(each) for each in read_sample("contested-return.ach").batches[0].entries[0].addenda]
    assert contested[0] == nacha.Return("R07", "099912340000015", "", "09101298", "Authorization Revoked")
    assert contested[2] == nacha.Contested(
        "R71", "059999990000301", "000167", "12391871", "164", "779999990000301", "165", "01", "889999990000301",
        "166", "67",
    )  # fmt: skip
    ctx = read_sample("ctx-debit.ach").batches[0].entries[0]
    assert ctx.name == "0002Receiver Company"
    assert [meaning(each) for each in ctx.addenda] == [
        nacha.Remittance("Debit First Account", "0001", "0000001"),
        nacha.Remittance("Debit Second Account", "0002", "0000001"),
    ]


# Written


def test_a_file_of_ours_has_its_totals_and_whole_blocks() -> None:
    content = nacha.write(FILE)
    lines = content.decode().splitlines()
    assert {len(line) for line in lines} == {94}
    assert len(lines) == 10
    assert lines[2] == (
        "622231380104987654321        0000100050sub-1          Jane Doe                0121042880000001"
    )
    assert lines[3].startswith("82200000010023138010000000000000000000100050231380104 ")
    assert lines[4].startswith("9000001000001000000010023138010000000000000000000100050 ")
    assert lines[5:] == ["9" * 94] * 5
    assert read(content) == FILE


TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=15)
ROUTING = st.sampled_from(["231380104", "121042882", "091400606", "031300012"])


@st.composite
def files(draw: st.DrawFn) -> AchFile:
    batches = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        entries = tuple(
            Entry(
                code=draw(st.sampled_from(["22", "27", "32", "37", "21", "26", "52", "55"])),
                routing=draw(ROUTING),
                account=draw(TEXT.filter(bool)),
                amount=Money(draw(st.integers(0, 10**10 - 1)), "USD"),
                name=draw(TEXT),
                trace=nacha.trace_of("12104288", draw(st.integers(0, 10**7 - 1))),
                identification=draw(TEXT),
                addenda=tuple(Addendum("05", text) for text in draw(st.lists(TEXT, max_size=3))),
            )
            for _ in range(draw(st.integers(0, 9)))
        )
        header = replace(BATCH.header, service_class=200, number=number, discretionary=draw(TEXT))
        batches.append(Batch(header=header, entries=entries, authentication=draw(TEXT)))
    line_end = draw(st.sampled_from(["\n", "\r\n", ""]))
    return AchFile(
        header=replace(HEADER, reference=draw(TEXT)[:8]),
        batches=tuple(batches),
        line_end=line_end,
        ends_with_line_end=bool(line_end) and draw(st.booleans()),
        fillers=draw(st.sampled_from([None, None, 30])),
    )


@settings(max_examples=100, deadline=None)
@given(files())
def test_what_is_written_is_read_back_equal(file: AchFile) -> None:
    found = read(nacha.write(file))
    assert found == file
    assert nacha.write(found) == nacha.write(file)
    assert found.totals.credits + found.totals.debits == sum(
        entry.amount.minor for batch in file.batches for entry in batch.entries
    )


@pytest.mark.parametrize(
    ("file", "field"),
    [
        (with_entry(routing="231380105"), "/batches/0/entries/0/routing"),
        (with_entry(routing="23138010"), "/batches/0/entries/0/routing"),
        (with_entry(code="62"), "/batches/0/entries/0/code"),
        (with_entry(code="27"), "/batches/0/header/service_class"),
        (with_entry(account=" "), "/batches/0/entries/0/account"),
        (with_entry(account="1" * 18), "/batches/0/entries/0/account"),
        (with_entry(amount=Money(10**10, "USD")), "/batches/0/entries/0/amount"),
        (with_entry(amount=Money(-1, "USD")), "/batches/0/entries/0/amount"),
        (with_entry(amount=Money(1, "EUR")), "/batches/0/entries/0/amount"),
        (with_entry(name="Dáel"), "/batches/0/entries/0/name"),
        (with_entry(name="a\nb"), "/batches/0/entries/0/name"),
        (with_entry(name="n" * 23), "/batches/0/entries/0/name"),
        (with_entry(trace="1"), "/batches/0/entries/0/trace"),
        (with_entry(addenda=(Addendum("05", "x" * 92),)), "/batches/0/entries/0/addenda/0/body"),
        (replace(FILE, header=replace(HEADER, origin="1" * 11)), "/header/origin"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_field(file: AchFile, field: str) -> None:
    with pytest.raises(PaymentUnwritable) as refused:
        nacha.write(file)
    assert refused.value.field == field


# Damaged


@pytest.mark.parametrize(
    ("line", "first", "text", "error", "why"),
    [
        (1, 35, "095", FileFormatUnknown, "094101"),
        (1, 1, "2", FileFormatUnknown, "no NACHA file"),
        (2, 51, "IAT", FileFormatUnknown, "IAT batches"),
        (2, 2, "2x0", FileMalformed, "'2x0' is no number"),
        (3, 2, "92", FileMalformed, "'92' is no transaction code"),
        (3, 12, "5", FileMalformed, "'231380105' is no routing number"),
        (3, 30, "00x0100050", FileMalformed, "'00x0100050' is no number"),
        (3, 79, "1", FileTotalsWrong, "does not fit the 0 addenda"),
        (3, 80, " ", FileMalformed, "is not of 15 digits"),
        (4, 5, "000002", FileTotalsWrong, "says 2 entries and addenda, and there are 1"),
        (4, 11, "0023138011", FileTotalsWrong, "says 23138011 entry hash, and there are 23138010"),
        (4, 21, "000000000001", FileTotalsWrong, "says 1 debits in cents, and there are 0"),
        (4, 33, "000000100051", FileTotalsWrong, "says 100051 credits in cents, and there are 100050"),
        (4, 2, "225", FileTotalsWrong, "service_class is '225', and '220' in the header"),
        (4, 45, "931380104", FileTotalsWrong, "company_id is '931380104'"),
        (4, 80, "02104288", FileTotalsWrong, "odfi is '02104288'"),
        (4, 88, "0000002", FileTotalsWrong, "number is '0000002'"),
        (5, 2, "000002", FileTotalsWrong, "says 2 batches, and there are 1"),
        (5, 8, "000002", FileTotalsWrong, "says 2 blocks, and there are 1"),
        (5, 44, "000000100051", FileTotalsWrong, "credits in cents"),
        (6, 1, "8", FileMalformed, "lines of nines only"),
        (3, 55, "\xe9", FileMalformed, "not ASCII"),
        (3, 55, "\t", FileMalformed, "do not print"),
    ],
)
def test_each_disagreement_is_refused_at_its_line(
    line: int, first: int, text: str, error: type, why: str
) -> None:
    lines = nacha.write(FILE).decode().splitlines()
    old = lines[line - 1]
    lines[line - 1] = old[: first - 1] + text + old[first - 1 + len(text) :]
    assert lines[line - 1] != old
    with pytest.raises(error, match=why) as refused:
        read("\n".join(lines).encode("latin-1"))
    assert refused.value.place.line == line


@pytest.mark.parametrize(("kept", "expected"), [(1, "9"), (2, "8"), (3, "8"), (4, "9"), (0, None)])
def test_a_file_that_ends_early_is_refused(kept: int, expected: str | None) -> None:
    content = b"".join(nacha.write(FILE).splitlines(keepends=True)[:kept])
    with pytest.raises(FileMalformed if expected else FileFormatUnknown) as refused:
        read(content)
    assert not expected or f"({expected}) is expected, and there is the end of the file" in str(refused.value)


def test_lines_that_lost_their_last_blanks_are_read() -> None:
    content = b"\r\n".join(line.rstrip(b" ") for line in nacha.write(FILE).splitlines()) + b"\r\n\r\n\x1a"
    assert read(content).batches == FILE.batches


def test_missing_fillers_are_read_and_kept_missing() -> None:
    content = b"".join(nacha.write(FILE).splitlines(keepends=True)[:5])
    assert read(content).fillers == 0
    assert nacha.write(read(content)) == content


@pytest.mark.parametrize("path", samples("nacha", "*.ach"))
def test_damage_is_read_or_refused_and_nothing_else(path: Any) -> None:
    @settings(max_examples=150, deadline=None)
    @given(damaged(path.read_bytes()))
    def test(content: bytes) -> None:
        if read_or_refused(nacha.read, content) is None:
            assert read(nacha.write(read(content))) == read(content)

    test()


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_garbage_is_refused(content: bytes) -> None:
    error = read_or_refused(nacha.read, content)
    assert error is not None
    assert error.place != Place()


# Codes and days


@pytest.mark.parametrize(
    ("code", "means"),
    [
        ("R01", Meaning.FUNDS),
        ("R09", Meaning.FUNDS),
        ("R02", Meaning.ACCOUNT),
        ("R03", Meaning.ACCOUNT),
        ("R04", Meaning.ACCOUNT),
        ("R16", Meaning.ACCOUNT),
        ("R20", Meaning.ACCOUNT),
        ("R05", Meaning.AUTHORIZATION),
        ("R07", Meaning.AUTHORIZATION),
        ("R10", Meaning.AUTHORIZATION),
        ("R24", Meaning.OTHER),
        ("R26", Meaning.FILE),
        ("R99", Meaning.OTHER),
    ],
)
def test_a_return_says_whether_to_try_again(code: str, means: Meaning) -> None:
    assert nacha.return_code(code).meaning is means


def test_the_table_of_returns_is_whole() -> None:
    numbers = {*range(1, 48), *range(50, 54), 61, 62, *range(67, 78), *range(80, 86)}
    assert set(RETURN_CODES) == {f"R{number:02}" for number in numbers}


def eastern(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=EASTERN).astimezone(UTC)


@pytest.mark.parametrize(
    ("asked", "settles"),
    [
        (eastern(23, 10, 29), time(13)),
        (eastern(23, 10, 30), time(17)),
        (eastern(23, 14, 45), time(18)),
        (eastern(23, 16, 44), time(18)),
        (eastern(23, 16, 45), None),
        (eastern(22, 10), None),
        (eastern(26, 10), None),
        (eastern(6, 14, 44, month=7), time(17)),
    ],
)
def test_windows_of_the_same_day(asked: datetime, settles: time | None) -> None:
    window = nacha.same_day_window(asked)
    assert (window and window.settles) == settles


@pytest.mark.parametrize(
    ("asked", "same_day", "expected"),
    [
        (eastern(23, 10), True, date(2026, 11, 23)),
        (eastern(23, 17), True, date(2026, 11, 24)),
        (eastern(23, 10), False, date(2026, 11, 24)),
        (eastern(25, 17), True, date(2026, 11, 27)),  # Thanksgiving between
        (eastern(26, 10), True, date(2026, 11, 27)),
        (eastern(26, 10), False, date(2026, 11, 30)),
        (eastern(27, 17), False, date(2026, 11, 30)),
        (eastern(2, 17, month=7), False, date(2026, 7, 3)),  # the 4th is a Saturday: no Friday off
    ],
)
def test_effective_entry_dates(asked: datetime, same_day: bool, expected: date) -> None:
    asking = {"amount": Money(100, "USD"), "sec": "PPD", "same_day": same_day}
    assert nacha.effective_entry_date(asked, **asking) == expected


def test_what_may_not_go_the_same_day_goes_the_next() -> None:
    asked = eastern(23, 10)
    for fields in (
        {"amount": Money(100_000_001, "USD"), "sec": "PPD"},
        {"amount": Money(1, "USD"), "sec": "IAT"},
        {"amount": Money(1, "USD"), "sec": "PPD", "lead": timedelta(hours=7)},
    ):
        assert nacha.effective_entry_date(asked, same_day=True, **fields) == date(2026, 11, 24)
    assert nacha.effective_entry_date(
        asked, amount=Money(100_000_000, "USD"), sec="PPD", same_day=True
    ) == date(2026, 11, 23)
