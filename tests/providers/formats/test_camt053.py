"""Bank statements: every sample, exactly; what we write ourselves; and damage of any kind."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from hypothesis import given, settings

from apps.core.money import Money
from apps.ledger.camt import write_statement
from apps.ledger.queries import statement_period
from apps.providers.formats import camt053
from apps.providers.formats.camt053 import Balance, Entry, Statement, StatementEnd, StatementParty
from apps.providers.formats.errors import FileFormatUnknown, FileMalformed, FileUnsafe, Place
from tests.ledger.bookkeeping import Leg, new_book, number_everything, open_account, post
from tests.providers.formats.samples import damaged, read_or_refused, sample, samples

HEAD = (
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
    "<GrpHdr><MsgId>m</MsgId></GrpHdr><Stmt><Id>s</Id><Acct><Id><Othr><Id>1</Id></Othr></Id></Acct>"
)
TAIL = "</Stmt></BkToCstmrStmt></Document>"
ENTRY = '<Ntry><Amt Ccy="EUR">8.85</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts></Ntry>'
CLOSING = (
    "<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
    '<Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>'
)


def parts(content: bytes) -> tuple[list[Statement], list[Entry], list[StatementEnd]]:
    found = list(camt053.read(BytesIO(content)))
    return (
        [each for each in found if isinstance(each, Statement)],
        [each for each in found if isinstance(each, Entry)],
        [each for each in found if isinstance(each, StatementEnd)],
    )


def of_sample(name: str) -> tuple[list[Statement], list[Entry], list[StatementEnd]]:
    return parts(sample(f"camt053/{name}").read_bytes())


@pytest.mark.parametrize(
    ("name", "entries", "differences"),
    [
        ("abn-amro.xml", 13, ["0.00 EUR"]),
        ("genkgo-camt053.v2.all-balance-types.xml", 1, ["-5.82 EUR"]),
        ("genkgo-camt053.v2.five.decimals.xml", 1, ["0.05 EUR"]),
        ("genkgo-camt053.v2.minimal.ultimate.xml", 1, ["None"]),
        ("genkgo-camt053.v2.minimal.xml", 1, ["None"]),
        ("genkgo-camt053.v2.multi.statement.xml", 2, ["0.00 EUR", "0.00 EUR"]),
        ("genkgo-camt053.v2.with-account-name.xml", 1, ["None"]),
        ("genkgo-camt053.v2.with-party-ids.xml", 1, ["None"]),
        ("genkgo-camt053.v3.xml", 1, ["None"]),
        ("genkgo-camt053.v4.xml", 1, ["None"]),
        ("genkgo-camt053.v8.xml", 1, ["None"]),
        ("goldman-uk-v2.xml", 6, ["0.00 GBP", "108.35 GBP"]),
        ("ing.xml", 9, ["0.00 EUR"]),
    ],
)
def test_every_sample_is_read_and_its_sums_compared(name: str, entries: int, differences: list[str]) -> None:
    """A difference is the sample's own: made-up balances, or several currencies in one statement."""
    statements, found, ends = of_sample(name)
    assert [each.statement for each in ends] == statements
    assert sum(each.entries for each in ends) == len(found) == entries
    assert [str(each.difference) for each in ends] == differences


def test_the_wrong_sample_is_refused_with_what_and_where() -> None:
    with pytest.raises(FileMalformed, match="There is no Stmt in it") as refused:
        of_sample("genkgo-camt053.v2.wrong.xml")
    assert refused.value.place == Place(3, "BkToCstmrStmt")


def test_a_statement_of_ing_is_read_exactly() -> None:
    [statement], entries, [end] = of_sample("ing.xml")
    assert (statement.id, statement.sequence, statement.message_id) == (
        "201401030009999",
        "03",
        "201401030009999_20140104015504378",
    )
    assert (statement.iban, statement.currency, statement.owner, statement.bank) == (
        "NL08INGB0000001234",
        "EUR",
        "INGBankNV",
        "INGBNL2A",
    )
    assert (statement.since, statement.until) == (date(2014, 1, 3), date(2014, 1, 3))
    assert statement.opening == Balance("OPBD", Money(100_000, "EUR"), date(2014, 1, 3))
    assert statement.closing == Balance("CLBD", Money(160_500, "EUR"), date(2014, 1, 3))
    assert [each.amount.minor for each in entries] == [
        35_000, 12_500, 12_000, 27_000, 12_500, -2_500, -30_000, -3_000, -3_000
    ]  # fmt: skip
    assert end.booked == {"EUR": Money(60_500, "EUR")}
    first, back = entries[0], entries[4]
    assert (first.status, first.kind, first.bank_kind) == ("BOOK", "PMNT/RCDT/ESCT", "00100")
    assert (first.booked_on, first.value_on) == (date(2014, 1, 3), date(2014, 1, 3))
    assert (first.reference, first.bank_reference) == ("011111333306999888000000008", "59999208N9")
    [details] = first.details
    assert details.references == ("0010008346912014",)
    assert details.debtor == StatementParty("INGTestrekening", "NL20INGB0001234567", "", "INGBNL2A")
    assert (entries[3].batch_count, entries[3].details) == ("2", ())
    [returned] = back.details
    assert (back.kind, returned.is_return, returned.reason) == ("PMNT/RCDT/RRTN", True, "AC04")
    assert (entries[8].is_reversal, entries[8].details[0].mandate_id) == (True, "DDMdtINGBC")


def test_a_batch_of_abn_amro_has_each_payment() -> None:
    _, entries, _ = of_sample("abn-amro.xml")
    batch = entries[9]
    assert (batch.amount, batch.batch_count, len(batch.details)) == (Money(700, "EUR"), "7", 7)
    assert [each.end_to_end_id for each in batch.details][:2] == ["SDD SIT 024-1", "SDD SIT 024-2"]
    assert [each.mandate_id for each in batch.details][:1] == ["mandateref24-1"]
    assert sum(each.amount.minor for each in batch.details) == 700
    assert batch.details[6].place.path == "Stmt[1]/Ntry[10]/TxDtls[7]"
    assert [(each.is_reversal, each.amount.minor, each.details[0].reason) for each in entries[11:]] == [
        (True, -100, "MS03"),
        (True, -92_100, "MS03"),
    ]


def test_version_eight_and_five_decimals_are_read() -> None:
    [statement], [entry], _ = of_sample("genkgo-camt053.v8.xml")
    assert (statement.account, statement.currency, statement.bank) == (
        "NL26VAYB8060476890",
        "EUR",
        "AAAA BANKEN",
    )
    assert [str(each.amount) for each in statement.balances] == [
        "18.15 EUR",
        "-27.00 SEK",
        "35.00 CHF",
        "-2700 JPY",
    ]
    assert (entry.status, entry.booked_on, entry.value_on) == ("BOOK", date(2014, 12, 31), date(2015, 1, 2))
    [details] = entry.details
    assert (details.debtor.name, details.creditor.name) == ("NAME NAME", "Company Name")
    assert (details.end_to_end_id, details.references) == ("MUELL/FINP/RA12345", ("4654654654654654",))
    [statement], [entry], _ = of_sample("genkgo-camt053.v2.five.decimals.xml")
    assert (statement.opening.amount, entry.amount) == (Money(1_815, "EUR"), Money(885, "EUR"))


@pytest.mark.parametrize("version", ["02", "08"])
def test_what_we_write_is_read_alike(ledger_db: None, version: str) -> None:
    book, noon = new_book("north"), datetime(2026, 3, 1, 12, tzinfo=UTC)
    bank, wallet = (
        open_account(book, "bank:ing", "EUR"),
        open_account(book, "customer:7", "EUR", name="N & Co"),
    )
    post(Leg(bank, wallet, 500), effective_at=noon, description="salary <1>", reference="r-1")
    post(Leg(wallet, bank, 700), effective_at=noon + timedelta(1))
    number_everything()
    period = statement_period(wallet, first=noon.date(), last=date(2026, 3, 2))
    file = BytesIO()
    write_statement(period, file, version=version)
    [statement], entries, [end] = parts(file.getvalue())
    assert (statement.account, statement.currency, statement.name) == ("customer:7", "EUR", "N & Co")
    assert (statement.opening.amount, statement.closing.amount) == (period.opening, period.closing)
    lines = list(period.lines())
    assert [(int(each.reference), each.amount, each.booked_on) for each in entries] == [
        (line.sequence, line.amount, line.effective_on) for line in lines
    ]
    assert entries[0].details[0].remittance == ("salary <1>",)
    assert (end.entries, end.booked["EUR"].minor, end.difference.minor) == (2, -200, 0)


def test_what_is_not_booked_is_not_counted() -> None:
    pending = ENTRY.replace("BOOK", "PDNG")
    balances = CLOSING.format(kind="OPBD", amount="1") + CLOSING.format(kind="CLBD", amount="9.85")
    _, entries, [end] = parts((HEAD + balances + ENTRY + pending + TAIL).encode())
    assert [each.is_booked for each in entries] == [True, False]
    assert (end.entries, end.booked, end.difference) == (2, {"EUR": Money(885, "EUR")}, Money(0, "EUR"))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('Ccy="EUR">8.85', 'Ccy="EUR">8.855', r"line 1, Stmt\[1\]/Ntry\[1\]/Amt: 8.855 is no amount of EUR"),
        ("<CdtDbtInd>CRDT</CdtDbtInd>", "", r"Stmt\[1\]/Ntry\[1\]: CdtDbtInd is missing"),
        ("CRDT", "CREDIT", "neither CRDT nor DBIT"),
        ("<Sts><Cd>BOOK</Cd></Sts>", "", "Sts is missing"),
        ("<Sts>", "<RvslInd>maybe</RvslInd><Sts>", "neither true nor false"),
        ("<Sts>", "<BookgDt><Dt>1.2.2026</Dt></BookgDt><Sts>", "is no date"),
        ("<Id>s</Id>", "", r"Stmt\[1\]: Id is missing"),
        ("<Othr><Id>1</Id></Othr>", "", "neither an IBAN nor another number"),
        ("<Ntry>", "</Stmt><Ntry>", "Ntry stands outside of Stmt"),
        ("</Stmt>", "</Stmt>" + ENTRY, "Ntry stands outside of Stmt"),
        ("<MsgId>m</MsgId>", "", "MsgId is missing"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(old: str, new: str, why: str) -> None:
    content = HEAD + ENTRY + TAIL
    assert old in content
    with pytest.raises(FileMalformed, match=why) as refused:
        parts(content.replace(old, new).encode())
    assert refused.value.place.line == 1


def test_other_messages_and_doctypes_are_refused() -> None:
    content = HEAD + ENTRY + TAIL
    with pytest.raises(FileFormatUnknown, match=r"It is a camt\.052\.001\.08, and no camt\.053"):
        parts(content.replace("camt.053", "camt.052").encode())
    with pytest.raises(FileUnsafe):
        parts(f"<!DOCTYPE d>{content}".encode())


@pytest.mark.parametrize("path", samples("camt053", "*.xml"))
def test_damage_is_read_or_refused_and_nothing_else(path: Any) -> None:
    @settings(max_examples=40, deadline=None)
    @given(damaged(path.read_bytes()))
    def test(content: bytes) -> None:
        read_or_refused(lambda file: list(camt053.read(file)), content)

    test()


MEASURE = """
import re, sys
from apps.providers.formats import camt053
with open(sys.argv[1], "rb") as file:
    count = sum(1 for each in camt053.read(file))
print(count, re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the system does not tell the peak of memory"
)
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    details = "<TxDtls><Refs><EndToEndId>e</EndToEndId></Refs></TxDtls>"
    kilobytes = {}
    for count in (10, 20_000):
        path = tmp_path / f"{count}.xml"
        entry = ENTRY.replace("</Ntry>", f"<NtryDtls>{details}</NtryDtls></Ntry>\n")
        path.write_text(HEAD + entry * count + TAIL, encoding="utf-8")
        run = subprocess.run(
            [sys.executable, "-c", MEASURE, str(path)],
            cwd=django_settings.BASE_DIR, capture_output=True, text=True, check=True,
        )  # fmt: skip
        items, kilobytes[count] = map(int, run.stdout.split())
        assert items == count + 2
    assert kilobytes[20_000] - kilobytes[10] < 3_000
