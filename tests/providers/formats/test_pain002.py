"""Status reports: what they say of each payment, named or not, and never more than that."""

from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core.money import Money
from apps.providers.formats import iso_reasons, pain002
from apps.providers.formats.errors import FileFormatUnknown, FileMalformed, Place
from apps.providers.formats.pain002 import Level, Outcome, Reason, Said, Status, StatusReport
from tests.providers.formats.samples import damaged, read_or_refused, sample, samples


def read_sample(name: str) -> StatusReport:
    return pain002.read(BytesIO(sample(f"pain/{name}").read_bytes()))


def report(
    *, group: str = "", block: str | None = None, rows: str = "", counts: str = "", version: str = "10"
) -> str:
    """A report of an order `m` with at most one block `b`."""
    inner = f"<PmtInfSts>{block}</PmtInfSts>" if block else ""
    blocks = (
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>b</OrgnlPmtInfId>{inner}{counts}{rows}</OrgnlPmtInfAndSts>"
        if block is not None
        else ""
    )
    status = f"<GrpSts>{group}</GrpSts>" if group else ""
    return (
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}"><CstmrPmtStsRpt>'
        "<GrpHdr><MsgId>r</MsgId><CreDtTm>2026-11-22T10:00:00Z</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>m</OrgnlMsgId>{status}</OrgnlGrpInfAndSts>{blocks}"
        "</CstmrPmtStsRpt></Document>"
    )


def row(reference: str, status: str = "", reason: str = "") -> str:
    said = f"<TxSts>{status}</TxSts>" if status else ""
    why = f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else ""
    return f"<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId>{said}{why}</TxInfAndSts>"


def read(text: str) -> StatusReport:
    return pain002.read(BytesIO(text.encode()))


def said(text: str, reference: str = "e", block: str = "b") -> Said:
    return read(text).said_of(payment_information_id=block, end_to_end_id=reference)


def test_rejected_payments_are_read_though_the_file_names_no_namespace() -> None:
    found = read_sample("cross_river-pain_002_transaction_rejected.xml")
    assert (found.message_id, found.created_at) == ("abcdefg0123456789", "2020-10-26T11:49:33.620Z")
    assert (found.original_message_id, found.original_message_name) == ("missing2", "pain.001.001.03")
    assert found.status == Status("ACTC")
    [block] = found.blocks
    assert (block.payment_information_id, block.status) == ("missing2", Status("RJCT"))
    assert [(each.end_to_end_id, each.instruction_id) for each in found.transactions] == [
        ("sanity-10-1-12-1-21", "example01234567"),
        ("example01234567", "example01234567"),
        ("example012345678", "example012345678"),
    ]
    why = Reason("NARR", ("Instruction ID example01234567 already exist",))
    assert found.transactions[0].status == Status("RJCT", (why,))
    assert found.transactions[0].said == Said(Outcome.REJECTED, Status("RJCT", (why,)), Level.TRANSACTION)
    assert {each.said.outcome for each in found.transactions} == {Outcome.REJECTED}
    assert found.transactions[0].place == Place(28, "OrgnlPmtInfAndSts[1]/TxInfAndSts[1]")
    not_named = found.said_of(payment_information_id="missing2", end_to_end_id="other")
    assert (not_named.outcome, not_named.level) == (Outcome.REJECTED, Level.BLOCK)


def test_an_accepted_payment_is_read() -> None:
    found = read_sample("goldman_sachs-pain_002_v3_accepted.xml")
    assert (found.message_id, found.original_message_id, found.original_message_name) == (
        "1036XXX",
        "10280093XXXX",
        "",
    )
    assert found.status == Status()
    [transaction] = found.transactions
    assert (transaction.payment_information_id, transaction.end_to_end_id) == ("3B-CCY", "GSDGFKfLURaHb")
    assert transaction.said == Said(Outcome.ACCEPTED, Status("ACCP", (Reason("NARR"),)), Level.TRANSACTION)
    assert transaction.amount == Money(1_000, "USD")
    assert transaction.bank_reference == "I200820000XXXXX"
    other = found.said_of(payment_information_id="3B-CCY", end_to_end_id="other")
    assert other == Said(Outcome.UNSAID)


def test_a_refused_order_refuses_all_in_it() -> None:
    found = read_sample("nordea-pain_002_v3_group_reject.xml")
    assert (found.message_id, found.original_message_id) == (
        "XML990920150810101909283",
        "MSGID-PS-TEST-0708-01",
    )
    why = Reason("DU01", ("ISO Duplicate Message ID",))
    assert (found.status, found.blocks) == (Status("RJCT", (why,)), ())
    any_of_it = found.said_of(payment_information_id="any", end_to_end_id="any")
    assert any_of_it == Said(Outcome.REJECTED, Status("RJCT", (why,)), Level.GROUP)
    assert any_of_it.is_duplicate
    assert why.words == "The message id was used before."


@pytest.mark.parametrize(
    ("text", "outcome", "level"),
    [
        (report(group="RJCT"), Outcome.REJECTED, Level.GROUP),
        (report(group="ACCP"), Outcome.ACCEPTED, Level.GROUP),
        (report(group="PDNG", block=""), Outcome.PENDING, Level.GROUP),
        (report(group="ACTC", block="RJCT"), Outcome.REJECTED, Level.BLOCK),
        (report(group="PART", block="ACSC"), Outcome.SETTLED, Level.BLOCK),
        (report(group="PART", block="PART"), Outcome.UNSAID, Level.BLOCK),
        (report(group="ACTC", block="PART"), Outcome.UNSAID, Level.BLOCK),
        (report(group="PART"), Outcome.UNSAID, Level.GROUP),
        (report(group="PART", block="PART", rows=row("other", "RJCT")), Outcome.UNSAID, Level.BLOCK),
        (report(group="PART", block="PART", rows=row("e", "RJCT")), Outcome.REJECTED, Level.TRANSACTION),
        (report(group="PART", block="PART", rows=row("e", "ACSP")), Outcome.ACCEPTED, Level.TRANSACTION),
        (report(group="PART", block="PART", rows=row("e")), Outcome.UNSAID, Level.BLOCK),
        (report(group="ACCP", block="RJCT", rows=row("e", reason="AC04")), Outcome.REJECTED, Level.BLOCK),
        (report(group="RCVD", block="", rows=row("e", "ACCC")), Outcome.SETTLED, Level.TRANSACTION),
        (report(group="ACCP", block="", rows=row("e", "XXXX")), Outcome.UNSAID, Level.TRANSACTION),
        (report(group="RJCT", block="ACCP"), Outcome.CONTRADICTORY, Level.BLOCK),
        (report(group="RJCT", block="PART"), Outcome.CONTRADICTORY, Level.BLOCK),
        (report(block="RJCT", rows=row("e", "ACSC")), Outcome.CONTRADICTORY, Level.TRANSACTION),
        (report(block="ACSC", rows=row("e", "RJCT")), Outcome.CONTRADICTORY, Level.TRANSACTION),
        (
            report(block="", rows=row("e", "ACSP") + row("e", "RJCT")),
            Outcome.CONTRADICTORY,
            Level.TRANSACTION,
        ),
        (report(block="", rows=row("e", "ACSP") + row("e", "ACSC")), Outcome.SETTLED, Level.TRANSACTION),
        (report(), Outcome.UNSAID, None),
        (report(block=""), Outcome.UNSAID, None),
    ],
)
def test_what_is_said_of_a_payment(text: str, outcome: Outcome, level: Level | None) -> None:
    found = said(text)
    assert (found.outcome, found.level) == (outcome, level)


def test_a_block_says_nothing_of_another_block() -> None:
    assert said(report(block="RJCT"), block="another") == Said(Outcome.UNSAID)
    assert said(report(group="ACTC", block="RJCT"), block="another").outcome is Outcome.ACCEPTED


def test_counts_and_reasons_are_kept() -> None:
    counts = "<NbOfTxsPerSts><DtldNbOfTxs>7</DtldNbOfTxs><DtldSts>ACCP</DtldSts></NbOfTxsPerSts>"
    own = "<StsRsnInf><Rsn><Prtry>X9</Prtry></Rsn><AddtlInf>ask</AddtlInf><AddtlInf>us</AddtlInf></StsRsnInf>"
    rows = row("e", "RJCT", "AC04").replace("</TxInf", f"{own}</TxInf")
    found = read(report(block="PART", counts=counts, rows=rows))
    assert found.blocks[0].counts == {"ACCP": 7}
    assert [each.words for each in found.transactions[0].status.reasons] == [
        "The account is closed.",
        "ask us",
    ]
    assert not found.transactions[0].said.is_duplicate


@pytest.mark.parametrize("version", ["03", "08", "10", "14"])
def test_the_version_does_not_matter(version: str) -> None:
    assert said(report(group="ACSC", version=version)).outcome is Outcome.SETTLED


def test_sets_of_reasons_are_known_reasons() -> None:
    assert set(iso_reasons.REASONS) >= iso_reasons.WRONG_ACCOUNT | iso_reasons.DUPLICATE
    assert all(words.endswith(".") for words in iso_reasons.REASONS.values())


@pytest.mark.parametrize(
    ("text", "error", "why"),
    [
        (report().replace("<MsgId>r</MsgId>", ""), FileMalformed, "MsgId is missing"),
        (report().replace("<OrgnlMsgId>m</OrgnlMsgId>", ""), FileMalformed, "OrgnlMsgId is missing"),
        (report(block="").replace("<OrgnlPmtInfId>b</OrgnlPmtInfId>", ""), FileMalformed, "OrgnlPmtInfId is missing"),
        (report(block="", counts="<NbOfTxsPerSts><DtldSts>A</DtldSts></NbOfTxsPerSts>"), FileMalformed, "whole number"),
        (report().replace("pain.002", "pain.001"), FileFormatUnknown, "no pain.002"),
        ("<a/>", FileFormatUnknown, "it has no CstmrPmtStsRpt"),
        (report()[:-9], FileMalformed, "no well-formed XML"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(text: str, error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        read(text)


@pytest.mark.parametrize("path", samples("pain", "*pain_002*.xml"))
def test_damage_is_read_or_refused_and_nothing_else(path: Any) -> None:
    @settings(max_examples=150, deadline=None)
    @given(damaged(path.read_bytes()))
    def test(content: bytes) -> None:
        read_or_refused(pain002.read, content)

    test()


LEVELS = st.sampled_from(["", "RJCT", "PART", "ACTC", "ACCP", "ACSP", "ACSC", "PDNG", "RCVD", "??"])


@settings(max_examples=200, deadline=None)
@given(LEVELS, LEVELS, st.lists(LEVELS, max_size=3))
def test_money_is_given_back_only_if_nothing_says_otherwise(group: str, block: str, own: list[str]) -> None:
    found = said(report(group=group, block=block, rows="".join(row("e", each) for each in own)))
    stated = {each for each in [group, block, *own] if each}
    if found.outcome is Outcome.REJECTED:
        assert "RJCT" in stated
        assert "ACSC" not in {block, *own}
    if found.outcome is Outcome.SETTLED:
        assert "ACSC" in stated
        assert "RJCT" not in stated


def test_a_duplicate_is_one_at_whatever_level_it_is_said() -> None:
    """A payment that is refused without a reason, in a group that is refused as a duplicate, may have been paid before."""
    why = "<StsRsnInf><Rsn><Cd>AM05</Cd></Rsn></StsRsnInf>"
    text = report(group="RJCT", block="", rows=row("e", "RJCT", "NARR"))
    found = said(text.replace("</GrpSts>", f"</GrpSts>{why}"))
    assert (found.outcome, found.is_duplicate) == (Outcome.REJECTED, True)
    assert not said(text).is_duplicate
