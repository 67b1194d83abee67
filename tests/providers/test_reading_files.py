"""A bank's file that speaks of many payments: read once, followed in parts, and begun again after a crash."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from apps.core import clock
from apps.providers.adapters import rail_of
from apps.providers.adapters.files import Carried, OurPayments
from apps.providers.adapters.sayings import PART_OF
from apps.providers.models import InboundMessage, Provider, RailPayment
from apps.providers.protocol import Envelope
from apps.providers.sandbox.reports import statement, status_report
from apps.providers.services import cutting, inbox, told
from apps.providers.services.receiving import receive
from tests.providers.formats.samples import SAMPLES
from tests.providers.test_cutting import DUE, ask, provider

pytestmark = pytest.mark.usefixtures("ledger_db")

MANY = 120

UNREADABLE = {"genkgo-camt053.v2.wrong.xml"}
"""Samples that are damaged."""


@pytest.fixture
def bank() -> Provider:
    """A bank that has a file of many payments."""
    to = provider()
    for number in range(MANY):
        ask(to, number)
    assert len(cutting.cut(to, through=DUE, now=DUE)) == 1
    return to


def brought(to: Provider, content: str) -> InboundMessage:
    """A file of the bank, stored and not yet read."""
    found = receive(to, Envelope({}, content.encode()), address="", now=clock.now(), fetched=True)
    return InboundMessage.objects.get(pk=found.message)


def booked() -> str:
    """A statement that books all of it."""
    rows = [
        {
            "what": "completed",
            "reference": each.reference.replace("_", "-"),
            "currency": "EUR",
            "amount": "10.00",
        }
        for each in RailPayment.objects.order_by("sequence")
    ]
    return statement("STM-1", "2026-11-24T08:00:00Z", "EUR", "5000.00", "3800.00", rows)


def parts() -> list[InboundMessage]:
    """The parts that are to be followed."""
    return [each for each in InboundMessage.objects.order_by("pk") if PART_OF in each.headers]


def read(message: InboundMessage) -> Any:
    """What becomes of a file that is read."""
    [verdict] = inbox.followed([message])
    return verdict


def statuses() -> set[str]:
    return set(RailPayment.objects.values_list("status", flat=True))


def test_it_is_followed_in_parts_of_fifty(bank: Provider) -> None:
    verdict = read(brought(bank, booked()))
    assert (verdict.became, statuses()) == ("processed", {"booked"})
    assert [len(inbox.news_of(each)) for each in parts()] == [50, 50, 20]
    references = [news.reference for each in parts() for news in inbox.news_of(each)]
    assert references == list(RailPayment.objects.order_by("sequence").values_list("reference", flat=True))
    assert {
        news.reply.settled.decimal for each in parts() for news in inbox.news_of(each) if news.reply.settled
    } == {"10.00"}


def test_read_again_it_says_nothing_twice(bank: Provider) -> None:
    message = brought(bank, booked())
    read(message)
    before = [each.pk for each in parts()]
    read(message)
    assert [each.pk for each in parts()] == before


def test_a_worker_that_dies_half_way_is_gone_on_from(bank: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    message, write, calls = brought(bank, booked()), told._write, iter(range(9))

    def dies(*given: Any) -> list[str]:
        again = write(*given)
        if next(calls) == 1:
            raise KeyboardInterrupt
        return again

    with monkeypatch.context() as patched:
        patched.setattr(told, "_write", dies)
        with pytest.raises(KeyboardInterrupt):
            read(message)
    assert len(parts()) == 1
    assert RailPayment.objects.filter(status="booked").count() == 50
    read(message)
    assert ([len(inbox.news_of(each)) for each in parts()], statuses()) == ([50, 50, 20], {"booked"})


def test_of_a_report_that_says_part_the_unnamed_stay_open(bank: Provider) -> None:
    file = RailPayment.objects.first()
    assert file
    assert file.file
    bad = RailPayment.objects.order_by("sequence")[7]
    refused = [{"reference": bad.reference.replace("_", "-"), "code": "AC01"}]
    at = "2026-11-23T15:00:00Z"
    read(brought(bank, status_report("STS-1", file.file.message_id, at, "PART", "", refused)))
    assert RailPayment.objects.filter(status="in_file").count() == MANY - 1
    bad.refresh_from_db()
    assert (bad.status, bad.code, bad.why) == ("rejected", "AC01", "The account number is wrong.")


def test_a_file_that_was_booked_in_one_line_is_booked_only_if_it_adds_up(bank: Provider) -> None:
    file = RailPayment.objects.first()
    assert file
    assert file.file

    def line(amount: str, message: str) -> str:
        row = {"what": "completed", "reference": "NOTPROVIDED", "currency": "EUR", "amount": amount}
        text = statement(message, "2026-11-24T08:00:00Z", "EUR", "5000.00", "3800.00", [row])
        refs = f"<MsgId>{file.file.message_id}</MsgId>"  # type: ignore[union-attr]
        return text.replace("<EndToEndId>NOTPROVIDED</EndToEndId>", refs)

    short = read(brought(bank, line("1190.00", "STM-1")))
    assert (short.became, statuses()) == ("quarantined", {"in_file"})
    assert "which payments that is, it does not say" in short.why
    assert read(brought(bank, line("1200.00", "STM-2"))).became == "processed"
    assert statuses() == {"booked"}


class Nothing(OurPayments):
    """Books in which there is no payment."""

    def of_file(self, message_id: str) -> Sequence[Carried] | None:
        """None."""
        return None

    def named(self, references: Iterable[str]) -> Mapping[str, Carried]:
        """None."""
        return {}

    def traced(self, sequences: Iterable[int]) -> Mapping[int, Carried]:
        """None."""
        return {}


@pytest.mark.parametrize("path", ["camt053", "pain", "nacha"])
def test_files_of_other_banks_say_nothing_of_payments_of_ours(path: str) -> None:
    if not (SAMPLES / path).exists():
        pytest.skip(f"the samples are not at {SAMPLES / path}")
    adapter = rail_of(provider("ach" if path == "nacha" else "bankfile"))
    seen = 0
    for sample in sorted((SAMPLES / path).iterdir()):
        is_report = "pain_002" in sample.name or path != "pain"
        if sample.suffix not in {".xml", ".ach"} or not is_report or sample.name in UNREADABLE:
            continue
        report = adapter.read(sample.read_bytes(), Nothing())
        assert report.sayings == ()
        assert report.doubts or report.others
        seen += 1
    assert seen >= 3
