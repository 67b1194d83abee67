"""Payment orders: written for SEPA and SWIFT as their schemas want, and read as customers upload them."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from apps.core.currencies import all_currencies
from apps.core.money import Money
from apps.providers.formats import pain001
from apps.providers.formats.errors import (
    FileError,
    FileFormatUnknown,
    FileMalformed,
    FileUnsafe,
    PaymentUnwritable,
)
from apps.providers.formats.pain001 import Address, Party, Payment, PaymentOrder
from apps.providers.formats.pain001 import schema as schemas
from apps.providers.formats.pain001.order import fitted
from tests.providers.formats.samples import damaged, read_or_refused, sample, samples

NOON = datetime(2026, 11, 23, 12, 30, 15, tzinfo=UTC)
DEBTOR = Party(name="Countinghouse GmbH", iban="DE89370400440532013000", bic="COBADEFFXXX")
CREDITOR = Party(name="Dáel Muñiz", iban="ES9121000418450200051332", bic="BBVAESMM")
EUROS = PaymentOrder(
    message_id="msg-1",
    created_at=NOON,
    execute_on=date(2026, 11, 24),
    debtor=DEBTOR,
    payments=(
        Payment(
            end_to_end_id="sub-01", amount=Money(1_050, "EUR"), creditor=CREDITOR, remittance="Invoice 7"
        ),
        Payment(end_to_end_id="sub-02", amount=Money(99_999_999_999, "EUR"), creditor=CREDITOR),
    ),
)
ABROAD = Party(
    name="Acme Inc.",
    account="123456789",
    clearing="USABA",
    member="021000021",
    address=Address("US", "New York"),
)
DOLLARS = replace(
    EUROS,
    payments=(
        Payment(
            end_to_end_id="sub-01", amount=Money(1_050, "USD"), creditor=ABROAD, remittance="Invoice 7",
            instruction_id="in-1", uetr="eb6305c9-1f7f-49de-aed0-16487c27b42d",
        ),
    ),
)  # fmt: skip


def rows(content: bytes) -> list[pain001.OrderRow]:
    return list(pain001.read(BytesIO(content)).rows())


def changed(order: PaymentOrder, **fields: Any) -> PaymentOrder:
    """The order with its first payment changed."""
    return replace(order, payments=(replace(order.payments[0], **fields), *order.payments[1:]))


def with_creditor(order: PaymentOrder, **fields: Any) -> PaymentOrder:
    return changed(order, creditor=replace(order.payments[0].creditor, **fields))


def assert_read_as(content: bytes, order: PaymentOrder) -> None:
    file = pain001.read(BytesIO(content))
    read = list(file.rows())
    assert [row.payment for row in read] == list(order.payments)
    assert {row.debtor for row in read} == {order.debtor}
    assert {row.execute_on for row in read} == {order.execute_on}
    assert {row.payment_information_id for row in read} == {order.batch_id}
    assert (file.message_id, file.created_at, file.initiator) == (
        order.message_id,
        order.created,
        order.debtor.name,
    )
    assert file.disagreements == []


# Written


@pytest.mark.parametrize("version", pain001.sepa.VERSIONS)
def test_sepa_is_valid_exact_and_the_same_each_time(version: str) -> None:
    content = pain001.write_sepa(EUROS, version=version)
    assert content == pain001.write_sepa(EUROS, version=version)
    root = etree.fromstring(content)
    schemas.check(root, version)
    said = {etree.QName(each).localname: each.text for each in root.iter() if each.text}
    assert said["CtrlSum"] == "1000000010.49"
    assert (said["NbOfTxs"], said["MsgId"], said["PmtInfId"]) == ("2", "msg-1", "msg-1")
    assert (said["CreDtTm"], said["BtchBookg"]) == ("2026-11-23T12:30:15Z", "true")
    assert b"Dael Muniz" in content
    assert content.count(b"<RmtInf>") == 1


def test_sepa_says_what_the_library_leaves_out() -> None:
    order = replace(
        changed(EUROS, instruction_id="in-1", uetr="eb6305c9-1f7f-49de-aed0-16487c27b42d"),
        batch_booking=False,
    )
    order = replace(
        order, debtor=replace(DEBTOR, bic="", address=Address("DE", "Koln", "50667", "Domkloster 4"))
    )
    content = pain001.write_sepa(order)
    assert b"<BtchBookg>false<" in content
    assert b"<Othr><Id>NOTPROVIDED<" in content
    assert b"<InstrId>in-1</InstrId><EndToEndId>sub-01</EndToEndId><UETR>eb6305c9" in content
    assert_read_as(content, fitted(order, pain001.sepa._LIMITS))
    assert b"UETR" not in pain001.write_sepa(order, version="03")


def test_swift_is_valid_exact_and_the_same_each_time() -> None:
    content = pain001.write_swift(DOLLARS)
    assert content == pain001.write_swift(DOLLARS)
    schemas.check(etree.fromstring(content), "09")
    assert b'<InstdAmt Ccy="USD">10.50</InstdAmt>' in content
    assert b"<ClrSysId><Cd>USABA</Cd></ClrSysId><MmbId>021000021</MmbId>" in content
    assert b"<TwnNm>New York</TwnNm><Ctry>US</Ctry>" in content
    assert_read_as(content, DOLLARS)


@pytest.mark.parametrize(
    ("currency", "minor", "written"),
    [("JPY", 1_050, "1050"), ("KWD", 1_050, "1.050"), ("CLF", 10_500, "1.0500"), ("EUR", 1, "0.01")],
)
def test_amounts_have_the_digits_of_their_currency(currency: str, minor: int, written: str) -> None:
    content = pain001.write_swift(changed(DOLLARS, amount=Money(minor, currency)))
    assert f'Ccy="{currency}">{written}<'.encode() in content
    assert content.count(f"<CtrlSum>{written}<".encode()) == 2


@pytest.mark.parametrize(
    ("order", "field"),
    [
        (replace(EUROS, payments=()), "/payments"),
        (replace(EUROS, message_id="m" * 36), "/message_id"),
        (replace(EUROS, message_id="a_b"), "/message_id"),
        (replace(EUROS, message_id="a//b"), "/message_id"),
        (replace(EUROS, message_id="a "), "/message_id"),
        (replace(EUROS, created_at=datetime(2026, 1, 1)), "/created_at"),  # noqa: DTZ001
        (replace(EUROS, debtor=replace(DEBTOR, iban="")), "/debtor/iban"),
        (changed(EUROS, end_to_end_id="sub-02"), "/payments/1/end_to_end_id"),
        (changed(EUROS, end_to_end_id=""), "/payments/0/end_to_end_id"),
        (changed(EUROS, amount=Money(0, "EUR")), "/payments/0/amount"),
        (changed(EUROS, amount=Money(-5, "EUR")), "/payments/0/amount"),
        (changed(EUROS, amount=Money(100_000_000_000, "EUR")), "/payments/0/amount"),
        (changed(EUROS, amount=Money(5, "USD")), "/payments"),
        (replace(DOLLARS, payments=DOLLARS.payments), "/payments/0/creditor/iban"),
        (changed(EUROS, remittance="r" * 141), "/payments/0/remittance"),
        (changed(EUROS, remittance="€" * 70), "/payments/0/remittance"),
        (changed(EUROS, uetr="eb6305c9-1f7f-19de-aed0-16487c27b42d"), "/payments/0/uetr"),
        (with_creditor(EUROS, name=" \u200b"), "/payments/0/creditor/name"),
        (with_creditor(EUROS, name="..."), "/payments/0/creditor/name"),
        (with_creditor(EUROS, iban="ES9121000418450200051333"), "/payments/0/creditor/iban"),
        (with_creditor(EUROS, iban="ES91 2100 0418 4502 0005 1332"), "/payments/0/creditor/iban"),
        (with_creditor(EUROS, iban="BR1800360305000010009795493C1"), "/payments/0/creditor/iban"),
        (with_creditor(EUROS, bic="BBVA"), "/payments/0/creditor/bic"),
    ],
)  # fmt: skip
def test_what_sepa_cannot_carry_is_refused_with_its_field(order: PaymentOrder, field: str) -> None:
    with pytest.raises(PaymentUnwritable) as refused:
        pain001.write_sepa(order)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("order", "field"),
    [
        (replace(DOLLARS, charges="SLEV"), "/charges"),
        (changed(DOLLARS, amount=Money(1, "BTC")), "/payments/0/amount"),
        (changed(DOLLARS, amount=Money(10**18, "USD")), "/payments"),
        (changed(DOLLARS, amount=Money(0, "USD")), "/payments/0/amount"),
        (with_creditor(DOLLARS, account=""), "/payments/0/creditor/account"),
        (with_creditor(DOLLARS, account="1" * 35), "/payments/0/creditor/account"),
        (with_creditor(DOLLARS, clearing="", member=""), "/payments/0/creditor/bic"),
        (with_creditor(DOLLARS, member=""), "/payments/0/creditor/clearing"),
        (with_creditor(DOLLARS, address=Address()), "/payments/0/creditor/address/country"),
        (with_creditor(DOLLARS, address=Address("USA")), "/payments/0/creditor/address/country"),
        (replace(DOLLARS, debtor=replace(DEBTOR, bic="")), "/debtor/bic"),
    ],
)
def test_what_swift_cannot_carry_is_refused_with_its_field(order: PaymentOrder, field: str) -> None:
    with pytest.raises(PaymentUnwritable) as refused:
        pain001.write_swift(order)
    assert refused.value.field == field


def test_a_schema_is_asked_whatever_was_checked_before() -> None:
    root = etree.fromstring(pain001.write_swift(DOLLARS))
    root[0].remove(root[0][0])
    with pytest.raises(PaymentUnwritable, match=r"no pain\.001\.001\.09"):
        schemas.check(root, "09")


IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9.:+-]{0,33}[A-Za-z0-9]", fullmatch=True)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200)
FIAT = [each.code for each in all_currencies() if each.kind == "fiat"]


@st.composite
def orders(draw: st.DrawFn, *, sepa: bool) -> PaymentOrder:
    currency = "EUR" if sepa else draw(st.sampled_from(FIAT))
    ids = draw(st.lists(IDS, min_size=1, max_size=4, unique=True))
    largest = 99_999_999_999 if sepa else 10**18 - 1
    payees = [CREDITOR] if sepa else [CREDITOR, ABROAD]
    towns = st.sampled_from(["", "Kraków"])
    payments = tuple(
        Payment(
            end_to_end_id=each,
            amount=Money(draw(st.integers(1, largest)), currency),
            creditor=replace(
                draw(st.sampled_from(payees)), name=draw(NAMES), address=Address("US", draw(towns))
            ),
            remittance=draw(NAMES)[:40],
        )
        for each in ids
    )
    return replace(
        EUROS, message_id=draw(IDS), payments=payments, payment_information_id=draw(IDS), batch_booking=draw(st.booleans()),
        execute_on=draw(st.dates(date(2000, 1, 1), date(2090, 1, 1))), charges=draw(st.sampled_from(["SHAR", "DEBT", "CRED"])),
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(["03", "09", "swift"]))
def test_what_is_written_is_read_back_equal(data: st.DataObject, how: str) -> None:
    order = data.draw(orders(sepa=how != "swift"))
    limits = pain001.swift._LIMITS if how == "swift" else pain001.sepa._LIMITS
    try:
        fit = fitted(order, limits)
    except PaymentUnwritable as error:
        refused = error.field or ""
    else:
        content = pain001.write_swift(order) if how == "swift" else pain001.write_sepa(order, version=how)
        assert_read_as(content, fit)
        return
    assert re.search(r"/(name|remittance)$|^/payments$", refused)


# Read


def test_the_example_is_read() -> None:
    file = pain001.read(BytesIO(sample("pain/example-sepa_pain_001_v3.xml").read_bytes()))
    [row] = file.rows()
    assert (file.message_id, file.created_at) == (
        "38b0440b12d741d690e5721ab6f90e33",
        "2025-02-10T01:22:07.958Z",
    )
    assert (file.initiator, file.disagreements) == ("Electrical", [])
    assert row.payment_information_id == "a790e857-e006-4dea-8d35-3fccf4736e4"
    assert row.execute_on == date(2025, 2, 10)
    assert row.debtor == Party(name="Electrical", iban="ES9121000418450200051332", bic="BSCHESMMXXX")
    assert row.payment == Payment(
        end_to_end_id="d6ecf0cb-e0c3-4fe9-8f21-45464fde659",
        instruction_id="d6ecf0cb-e0c3-4fe9-8f21-45464fde659",
        amount=Money(1_000, "EUR"),
        creditor=Party(
            name="Dáel Muñiz", iban="ES8201822200150201504058", bic="BBVAESMMXXX",
            address=Address("ES", "Madrid", "28001", "Calle de Serrano"),
        ),
    )  # fmt: skip
    assert (row.place.line, row.place.path) == (48, "PmtInf[1]/CdtTrfTxInf[1]")


def test_totals_that_are_wrong_are_told_and_hinder_nothing() -> None:
    file = pain001.read(BytesIO(sample("pain/example-sepa_pain_001_v3_multiple_pmtinf.xml").read_bytes()))
    first, second = file.rows()
    assert (first.payment_information_id, second.payment_information_id) == (
        "a790e857-e006-4dea-8d35-3fccf4736e4",
        "second-one",
    )
    assert second.place.path == "PmtInf[2]/CdtTrfTxInf[1]"
    assert second.debtor.iban == "ES9121000418450200051333"
    assert [str(each) for each in file.disagreements] == [
        "line 4, GrpHdr[1]: NbOfTxs says 1, and it is 2.",
        "line 4, GrpHdr[1]: CtrlSum says 10.0, and it is 20.0.",
    ]


def test_a_prefix_changes_nothing() -> None:
    content = pain001.write_swift(DOLLARS)
    prefixed = re.sub(rb"<(/?)([A-Z])", rb"<\1p:\2", content).replace(b"xmlns=", b"xmlns:p=")
    assert rows(prefixed) == rows(content)


BOMB = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>"""


@pytest.mark.parametrize(
    "head",
    [
        BOMB,
        b'<!DOCTYPE d [<!ENTITY d SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd">',
        b'<!DOCTYPE d [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>',
        b"<!DOCTYPE Document>",
    ],
)
def test_a_doctype_is_refused(head: bytes) -> None:
    content = pain001.write_swift(DOLLARS).partition(b"?>")[2]
    for body in (content, content.replace(b"Invoice 7", b"&d;")):
        with pytest.raises(FileUnsafe, match="DOCTYPE"):
            rows(head + body)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"pain.001.001.09", b"camt.053.001.08", "It is a camt.053.001.08, and no pain.001"),
        (b"CstmrCdtTrfInitn", b"CstmrPmtStsRpt", "it has no CstmrCdtTrfInitn"),
    ],
)
def test_another_message_is_named(old: bytes, new: bytes, why: str) -> None:
    with pytest.raises(FileFormatUnknown, match=why):
        rows(pain001.write_swift(DOLLARS).replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"<EndToEndId>sub-01</EndToEndId>", b"", r"CdtTrfTxInf\[1\]: PmtId/EndToEndId is missing"),
        (b">10.50</Inst", b">10.505</Inst", "10.505 is no amount of USD, which has 2 decimals"),
        (b">10.50</Inst", b">1e3</Inst", "'1e3' is no amount"),
        (b">10.50</Inst", b">-3</Inst", "'-3' is no amount"),
        (b">10.50</Inst", b">0</Inst", "must be above zero"),
        (b">10.50</Inst", b">.</Inst", "'.' is no amount"),
        (b'Ccy="USD"', b'Ccy="usd"', "no currency 'usd'"),
        (b' Ccy="USD"', b"", "no currency ''"),
        (b"2026-11-24", b"24.11.2026", r"PmtInf\[1\]/ReqdExctnDt/Dt: '24.11.2026' is no date"),
        (b"2026-11-24", b"2026-02-30", "is no date"),
        (b"<PmtMtd>TRF", b"<PmtMtd>CHK", "payment method is CHK"),
        (b"<Nm>Acme Inc.</Nm>", b"", "Cdtr/Nm is missing"),
        (b"<CdtTrfTxInf>", b"<CdtTrfTxInf><CdtTrfTxInf>", "stands outside of PmtInf"),
        (b"</Document>", b"", "no well-formed XML"),
        (b"sub-01", b"&nope;", "no well-formed XML"),
        (b"InstdAmt", b"EqvtAmt", "equivalent in another currency"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(old: bytes, new: bytes, why: str) -> None:
    content = pain001.write_swift(DOLLARS)
    assert old in content
    with pytest.raises(FileMalformed, match=why) as refused:
        rows(content.replace(old, new))
    assert refused.value.place.line
    assert refused.value.details["line"] == refused.value.place.line


@pytest.mark.parametrize("path", samples("pain", "*pain_001*.xml"))
def test_damage_is_read_or_refused_and_nothing_else(path: Any) -> None:
    @settings(max_examples=150, deadline=None)
    @given(damaged(path.read_bytes()))
    def test(content: bytes) -> None:
        read_or_refused(lambda file: list(pain001.read(file).rows()), content)

    test()


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_garbage_is_refused(content: bytes) -> None:
    assert isinstance(read_or_refused(lambda file: list(pain001.read(file).rows()), content), FileError)


def test_a_large_file_is_read_as_it_goes(tmp_path: Any) -> None:
    """What was read is freed: at the last of 20,000 payments the tree holds one."""
    head, _, rest = pain001.write_swift(DOLLARS).partition(b"<CdtTrfTxInf>")
    body, _, tail = rest.partition(b"</CdtTrfTxInf>")
    path = tmp_path / "large.xml"
    with path.open("wb") as file:
        file.write(head + b"".join(b"<CdtTrfTxInf>" + body + b"</CdtTrfTxInf>" for _ in range(20_000)) + tail)
    with path.open("rb") as file:
        order = pain001.read(file)
        for count, row in enumerate(order.rows(), start=1):  # noqa: B007
            pass
    assert (count, row.place.path) == (20_000, "PmtInf[1]/CdtTrfTxInf[20000]")
    assert [each.counted for each in order.disagreements] == ["20000", "210000.0"] * 2
