"""Batches from files: a report row by row, mended in the draft, nothing accepted before all of it is right."""

import hashlib
import io
from base64 import b64encode
from typing import Any

import pytest
from django.db import connection
from openpyxl import Workbook

from apps.payouts.models import Batch, BatchFile, BatchRow
from apps.transfers.models import Transfer
from tests.support.batches import OTHER_IBAN, finished, maker, row, rows_of
from tests.support.door import done, refused, run
from tests.support.payouts import IBAN, recipient
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, parts, world

pytestmark = pytest.mark.usefixtures("ledger_db")

GOOD = f"name,iban,amount,currency,reference\nBo Lind,{IBAN},10.00,EUR,a\nAnn Berg,{OTHER_IBAN},5.50,EUR,b\n"


def given(
    acme: World, wallet: str, content: bytes | str, name: str = "may.csv", **more: Any
) -> dict[str, Any]:
    """What is uploaded."""
    data = content.encode() if isinstance(content, str) else content
    return {
        "actor": maker(),
        "tenant": acme.tenant,
        "name": "May",
        "wallet": wallet,
        "content": b64encode(data).decode(),
        "file_name": name,
        "sha256": hashlib.sha256(data).hexdigest(),
        **more,
    }


def uploaded(*asked: Any, **more: Any) -> Any:
    return done("payouts.upload_batch", **given(*asked, **more))


def codes(made: Any) -> dict[int, list[str]]:
    """The problems of each row that has some."""
    return {each["number"]: [one["code"] for one in each["problems"]] for each in made["rows"]}


class TestGood:
    def test_is_paid(self, acme: World, wallet: str, bank: Sandbox) -> None:
        made = uploaded(acme, wallet, GOOD)
        assert (made["payouts"], made["rows"], made["file"]["kind"]) == (2, [], "csv")
        done("payouts.submit_batch", actor=maker(), batch=made["batch"])
        assert finished(made["batch"]) == "completed"
        assert parts(wallet) == ("84.50", "0.00")

    def test_is_kept_as_it_came_and_encrypted(self, acme: World, wallet: str, bank: Sandbox) -> None:
        made = uploaded(acme, wallet, GOOD)
        kept = BatchFile.objects.get(pk=made["batch"])
        assert (kept.content, kept.size) == (b64encode(GOOD.encode()).decode(), len(GOOD))
        with connection.cursor() as cursor:
            cursor.execute("SELECT content FROM payouts_batchfile")
            assert kept.content not in cursor.fetchone()[0]

    def test_of_a_workbook(self, acme: World, wallet: str, bank: Sandbox) -> None:
        book, file = Workbook(), io.BytesIO()
        book.active.append(["Recipient", "Amount", "Reference"])
        book.active.append([recipient(acme), 12.34, "x"])
        book.save(file)
        made = uploaded(acme, wallet, file.getvalue(), "may.xlsx")
        assert (made["file"]["kind"], made["rows"], made["payouts"]) == ("xlsx", [], 1)
        assert BatchRow.objects.get(batch=made["batch"]).amount == 1234


class TestBad:
    def test_rows_are_reported_and_mended_in_the_draft(self, acme: World, wallet: str, bank: Sandbox) -> None:
        bad = (
            GOOD + f"Cy,DE00370400440532013000,1.00,EUR,c\nDi,{IBAN},=1+1,EUR,d\nBo Lind,{IBAN},10.00,EUR,a\n"
        )
        made = uploaded(acme, wallet, bad)
        batch = made["batch"]
        assert codes(made) == {4: ["INVALID_IBAN"], 5: ["FORMULA"], 6: ["DUPLICATE_ROW"]}
        assert "Row 2" in made["rows"][2]["problems"][0]["message"]
        assert refused("payouts.submit_batch", actor=maker(), batch=batch) == "BATCH_ROWS_WRONG"
        assert (parts(wallet), Transfer.objects.filter(kind="payout").count()) == (("100.00", "0.00"), 0)
        done("payouts.mend_row", actor=maker(), batch=batch, number=4, row=row("1.00", reference="c"))
        done("payouts.mend_row", actor=maker(), batch=batch, number=5, row=row("2.00", reference="d"))
        done("payouts.drop_row", actor=maker(), batch=batch, number=6)
        assert [status for _, status, _ in rows_of(batch)] == [*["ready"] * 4, "dropped"]
        done("payouts.submit_batch", actor=maker(), batch=batch)
        assert finished(batch) == "completed"
        assert parts(wallet) == ("81.50", "0.00")

    def test_columns_that_do_not_tell_are_asked_for_and_remembered(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        odd = f"wer,wohin,wieviel,was\nBo,{IBAN},1.00,x\n"
        outcome = run("payouts.upload_batch", **given(acme, wallet, odd))
        assert outcome.error is not None
        assert (outcome.error.code, outcome.error.details["headings"]) == (
            "COLUMNS_UNCLEAR",
            ["wer", "wohin", "wieviel", "was"],
        )
        mapping = {"wer": "name", "wohin": "iban", "wieviel": "amount"}
        assert codes(uploaded(acme, wallet, odd, mapping=mapping)) == {}
        again = odd + f"Ann,{OTHER_IBAN},2.00,y\n"
        assert uploaded(acme, wallet, again)["file"]["mapping"] == mapping
        other = world("bloom")
        assert refused("payouts.upload_batch", **given(other, other.wallet(), odd)) == "COLUMNS_UNCLEAR"

    @pytest.mark.parametrize(
        ("content", "name", "expected"),
        [
            (b"", "a.csv", "INPUT_INVALID"),
            (b"%PDF-1.7 nothing", "a.csv", "FILE_FORMAT_UNKNOWN"),
            (b"\x00\x01\x02" * 50, "a.xlsx", "FILE_FORMAT_UNKNOWN"),
            (b"<!DOCTYPE x [<!ENTITY a 'b'>]><Document/>", "a.xml", "FILE_UNSAFE"),
        ],
    )
    def test_what_is_no_such_file_is_refused(
        self, acme: World, wallet: str, content: bytes, name: str, expected: str
    ) -> None:
        assert refused("payouts.upload_batch", **given(acme, wallet, content, name)) == expected
        assert not Batch.objects.exists()

    def test_what_was_damaged_on_its_way_is_refused(self, acme: World, wallet: str) -> None:
        assert refused("payouts.upload_batch", **given(acme, wallet, GOOD, sha256="0" * 64)) == "FILE_DAMAGED"

    def test_anothers_recipients_and_wallets_are_not_known(self, acme: World, wallet: str) -> None:
        bloom = world("bloom")
        rows = f"recipient,wallet,amount,currency\n{recipient(bloom)},,1.00,EUR\n{recipient(acme)},{bloom.wallet()},1.00,EUR\n"
        assert codes(uploaded(acme, wallet, rows)) == {2: ["RECIPIENT_NOT_FOUND"], 3: ["WALLET_NOT_FOUND"]}
