"""The sheet of a batch as PDF, in memory that does not grow with its rows."""

import gc
from collections.abc import Iterator
from io import BytesIO

import pytest
from pypdf import PdfReader

from apps.core import clock
from apps.payouts import printed
from apps.payouts.models import Batch, BatchRow, RowStatus
from apps.payouts.services.comparing import write_sheets
from tests.support.batches import draft, row
from tests.support.tenants import World

pytestmark = pytest.mark.usefixtures("ledger_db")


def set_now() -> int:
    """How many parts of pages are still in memory that were set."""
    return sum(
        str(type(each).__module__).startswith("weasyprint.formatting_structure") for each in gc.get_objects()
    )


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Nothing is collected but where we say so."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_nothing_stays_of_a_part_that_was_set(
    acme: World, wallet: str, no_collector: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printed, "ON_A_PART", 2)
    batch = Batch.objects.get(pk=draft(acme, wallet, *(row("1.00", reference=f"r{i}") for i in range(5))))
    BatchRow.objects.filter(batch=batch).update(status=RowStatus.DROPPED)
    batch.executed_at = batch.compared_at = clock.now()
    left: list[int] = []
    parts = printed._parts(batch)

    def watched(_: Batch) -> Iterator[bytes]:
        for part in parts:
            left.append(set_now())
            yield part

    monkeypatch.setattr(printed, "_parts", watched)
    content = {each.format: bytes(each.content) for each in write_sheets(batch)}
    assert set_now() == 0
    assert len(left) == 4
    assert max(left[1:]) <= left[1]
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(content["pdf"])).pages)
    assert [f"r{i}" in text for i in range(5)] == [True] * 5
