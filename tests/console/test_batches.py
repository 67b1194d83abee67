"""Batches of payouts in the console: what each waits for, its rows, files, the forms that lead back to it."""

import csv
import hashlib
import io
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import User
from apps.core import clock
from apps.payouts.models import Batch, BatchRow, BatchSheet, FileMapping
from apps.payouts.worker import work
from apps.providers.services.balances import ask_all
from tests.console.plans import queries
from tests.console.test_doing import send, text
from tests.support import payouts
from tests.support.batches import OTHER_IBAN, draft, finished, maker, request_of, row, status_of, submitted
from tests.support.door import done, person
from tests.support.payouts import IBAN
from tests.support.policies import agrees, policy
from tests.support.sandbox import Sandbox
from tests.support.tenants import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("ledger_db")]

LIST = "/ops/payouts/batch/"
GOOD = f"name,iban,amount,currency,reference\nBo Lind,{IBAN},10.00,EUR,a\n"
BAD = "Cy,DE00370400440532013000,1.00,EUR,=cmd()\n"
TWO = (row("30.00", reference="may"), row("20.00", reference="june", details={"iban": OTHER_IBAN}))


@pytest.fixture
def bank(acme: World, sandbox: Sandbox) -> Sandbox:
    payouts.provider(sandbox)
    return sandbox


@pytest.fixture
def wallet(acme: World) -> str:
    """A wallet with a hundred euros."""
    return acme.funded("100.00")


@pytest.fixture
def client(make_user: Callable[..., User]) -> Client:
    """The browser of an operator."""
    client = Client()
    client.force_login(make_user("operator", email="op@example.com"))
    return client


def page(batch: str, more: str = "") -> str:
    return f"{LIST}{batch}/{more}"


def waiting(client: Client, batch: str) -> tuple[str, str]:
    """Why a batch waits, as its page says, and more exactly."""
    told = client.get(page(batch)).context["one"].waiting
    return (told.why, told.words)


def upload(client: Client, acme: World, wallet: str, content: str, **more: Any) -> Any:
    file = SimpleUploadedFile("may.csv", content.encode())
    given = {"tenant": acme.tenant, "name": "May", "wallet": wallet, "content": file, **more}
    return send(client, "payouts.upload_batch", **given)


def sheet(client: Client, batch: str) -> list[list[str]]:
    answer = client.get(page(batch, "sheet/csv/"))
    assert "no-store" in answer.headers["Cache-Control"]
    assert f"{batch}_sheet.csv" in answer.headers["Content-Disposition"]
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[attr-defined]


class TestWaits:
    def test_for_rows_to_be_mended(self, acme: World, wallet: str, bank: Sandbox, client: Client) -> None:
        batch = draft(acme, wallet, row("1.00", reference="a"), row("1.00", reference="a"))
        assert waiting(client, batch) == ("Rows to mend", "1 of 2 rows")
        done("payouts.drop_row", actor=maker(), batch=batch, number=2)
        assert waiting(client, batch) == ("Not submitted", "its rows are ready")
        done("payouts.drop_row", actor=maker(), batch=batch, number=1)
        assert waiting(client, batch)[0] == "It has no row to pay"

    def test_for_people(self, acme: World, wallet: str, bank: Sandbox, client: Client) -> None:
        policy("payouts.approve_batch", people=2)
        batch = submitted(acme, wallet, *TWO)
        assert waiting(client, batch) == ("Holding money", "0 of 2 rows")
        work()
        assert waiting(client, batch) == ("Awaiting approval", "2 more people")
        assert "2 more people" in text(client.get(LIST))
        agrees(person("ann@example.com", "approver"), request_of(batch).pk)
        assert waiting(client, batch) == ("Awaiting approval", "one more person")

    def test_for_somebody_to_execute_it(
        self, acme: World, wallet: str, bank: Sandbox, client: Client
    ) -> None:
        batch = submitted(acme, wallet, *TWO, by_itself=False)
        work()
        assert waiting(client, batch) == ("Created, not executed", "it waits until somebody executes it")
        answer = send(client, "payouts.execute_batch", batch=batch)
        assert answer.url.startswith(page(batch, "?done=op_"))
        assert "Execute a batch of payouts" in text(client.get(answer.url))
        work()
        assert waiting(client, batch) == ("Under way", "0 of 2 have ended")

    def test_for_money_at_a_provider(self, acme: World, wallet: str, bank: Sandbox, client: Client) -> None:
        bank.fund("bank", "EUR", "-999960.00")
        ask_all(clock.now())
        batch = submitted(acme, wallet, *TWO)
        assert finished(batch) == "approved"
        assert waiting(client, batch) == (
            "Insufficient treasury balance",
            "short by 10.00 EUR at sandbox-bank",
        )
        shown = text(client.get(page(batch)))
        assert all(figures in shown for figures in (">40.00<", ">50.00<", ">10.00<"))
        overview = text(client.get("/ops/"))
        assert "batch is short of money" in overview
        assert "waits for approval too long" not in overview

    def test_for_a_day_is_told_on_the_overview(
        self, acme: World, wallet: str, bank: Sandbox, client: Client
    ) -> None:
        policy("payouts.approve_batch")
        batch = submitted(acme, wallet, *TWO)
        work()
        assert "waits for approval too long" not in text(client.get("/ops/"))
        Batch.objects.filter(pk=batch).update(submitted_at=clock.now() - timedelta(hours=25))
        assert "batch waits for approval too long" in text(client.get("/ops/"))


class TestDone:
    def test_is_told_of_this_batch_alone(
        self, acme: World, wallet: str, bank: Sandbox, client: Client
    ) -> None:
        batch, other = draft(acme, wallet, *TWO), draft(acme, wallet, *TWO)
        answer = send(client, "payouts.drop_row", batch=batch, number="1")
        done_by = answer.url.partition("?")[2]
        assert client.get(answer.url).context["done"]["title"] == "Leave a row of a batch out"
        assert client.get(page(other, f"?{done_by}")).context["done"] is None
        assert client.get(page(other, "?done=op_x")).context["done"] is None

    def test_ids_lead_there(self, acme: World, wallet: str, bank: Sandbox, client: Client) -> None:
        batch = draft(acme, wallet, *TWO)
        for text_of in (batch, BatchRow.objects.filter(batch=batch)[0].pk):
            assert f'href="{page(batch)}"' in text(client.get("/ops/search/", {"s": text_of}))


class TestList:
    def test_is_narrowed_to_a_tenant_and_leaves_as_a_file(
        self, acme: World, wallet: str, bank: Sandbox, make_user: Callable[..., User]
    ) -> None:
        client = Client()
        client.force_login(make_user("finance", email="fin@example.com"))
        batch = draft(acme, wallet, *TWO)
        for address, told in (
            (f"{LIST}?tenant={acme.tenant}", True),
            (f"{LIST}?tenant={acme.tenant}&status=draft", True),
            (f"{LIST}?tenant=ten_00000000000000000000000000", False),
            (f"{LIST}?status=completed", False),
        ):
            assert (batch in text(client.get(address))) is told, address
        file = b"".join(client.get(f"{LIST}as/csv/").streaming_content).decode()  # type: ignore[attr-defined]
        assert "Salaries" in file
        assert "50.00 EUR" in file

    def test_asks_as_much_of_the_database_for_many(
        self, acme: World, wallet: str, bank: Sandbox, client: Client
    ) -> None:
        policy("payouts.approve_batch")

        def counted() -> int:
            with queries() as said:
                client.get(LIST)
            return len(said)

        submitted(acme, wallet, row("1.00", reference="a"))
        draft(acme, wallet, *TWO)
        work()
        before = counted()
        for number in range(3):
            submitted(acme, wallet, row("1.00", reference=str(number)))
            draft(acme, wallet, *TWO)
        work()
        assert counted() == before


class TestRows:
    def test_of_a_draft_wrong_ones_come_first_with_what_is_wrong(
        self, acme: World, wallet: str, bank: Sandbox, client: Client
    ) -> None:
        answer = upload(client, acme, wallet, GOOD + BAD)
        batch = Batch.objects.get().pk
        assert answer.url.startswith(page(batch, "?done=op_"))
        answer = client.get(answer.url)
        assert [each["row"].number for each in answer.context["rows"]] == [3]
        shown = text(answer)
        assert "Cy" in shown
        assert BatchRow.objects.get(batch=batch, number=3).problems[0]["message"] in unescape(shown)
        assert f"payouts.mend_row/?batch={batch}&amp;number=3" in shown
        every = client.get(page(batch, "?rows=all"))
        assert [each["row"].number for each in every.context["rows"]] == [2, 3]

    def test_are_walked_by_number(
        self, acme: World, wallet: str, bank: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("apps.console.pages.batches.ROWS", 2)
        batch = draft(acme, wallet, *(row("1.00", reference=str(number)) for number in range(5)))
        seen, address = [], page(batch)
        while address:
            answer = client.get(address)
            seen.append([each["row"].number for each in answer.context["rows"]])
            following = answer.context["way"]["next"]
            address = page(batch, following) if following else ""
        assert seen == [[1, 2], [3, 4], [5]]

    def test_tell_of_their_transfers_and_why_they_are_refused(
        self, acme: World, wallet: str, bank: Sandbox, client: Client
    ) -> None:
        batch = submitted(acme, wallet, *TWO, row("60.00", reference="july"))
        work()
        shown = text(client.get(page(batch)))
        assert f"/ops/transfers/transfer/{BatchRow.objects.get(batch=batch, number=1).transfer_id}/" in shown
        assert BatchRow.objects.get(batch=batch, number=3).message in shown

    def test_who_may_only_look_has_no_buttons(
        self, acme: World, wallet: str, bank: Sandbox, console: Client
    ) -> None:
        shown = text(console.get(page(draft(acme, wallet, *TWO))))
        assert "/ops/do/payouts." not in shown


class TestMending:
    def test_begins_with_what_was_given_and_leads_back(
        self, acme: World, wallet: str, bank: Sandbox, client: Client
    ) -> None:
        upload(client, acme, wallet, GOOD + BAD)
        batch = Batch.objects.get().pk
        form = client.get(f"/ops/do/payouts.mend_row/?batch={batch}&number=3")
        values = form.context["form"].values
        assert (values["row.name"], values["row.amount.amount"], values["row.details.iban"]) == (
            "Cy",
            "1.00",
            "DE00370400440532013000",
        )
        assert form.headers["Cache-Control"] == "private, no-store"
        assert "What is to be mended" in text(form)
        given = {f"row__{name}": value for name, value in (("name", "Cy"), ("details__iban", OTHER_IBAN))}
        money = {"row__amount__amount": "1.00", "row__amount__currency": "EUR"}
        answer = send(client, "payouts.mend_row", key="k-2", batch=batch, number="3", **given, **money)
        assert answer.status_code == 302, answer.context["refusal"]
        assert answer.url.startswith(page(batch))
        assert BatchRow.objects.get(batch=batch, number=3).status == "ready"

    def test_shows_nobody_else_what_was_given(
        self, acme: World, wallet: str, bank: Sandbox, console: Client
    ) -> None:
        batch = draft(acme, wallet, *TWO)
        assert console.get(f"/ops/do/payouts.mend_row/?batch={batch}&number=1").status_code == 403
        shown = text(console.get(page(batch)))
        assert IBAN not in shown
        assert OTHER_IBAN not in shown

    @pytest.mark.parametrize(
        "asked", ["", "?batch=bat_x&number=1", "?batch=&number=x", "?number=" + "9" * 30]
    )
    def test_of_no_row_is_an_empty_form(self, client: Client, asked: str) -> None:
        assert client.get(f"/ops/do/payouts.mend_row/{asked}").status_code == 200


class TestUpload:
    def test_asks_for_each_heading_and_remembers(
        self, acme: World, wallet: str, bank: Sandbox, client: Client
    ) -> None:
        odd = f"wer,wohin,wieviel,currency\nBo Lind,{IBAN},1.00,EUR\n"
        answer = upload(client, acme, wallet, odd)
        assert answer.status_code == 422
        [control] = [each for each in answer.context["controls"] if each.name == "mapping"]
        assert [(pair.parts[0].value, pair.parts[1].value) for pair in control.parts] == [
            ("wer", ""),
            ("wohin", ""),
            ("wieviel", ""),
            ("currency", "currency"),
        ]
        told = {"wer": "name", "wohin": "iban", "wieviel": "amount", "currency": "currency"}
        mapping: dict[str, Any] = {"key": "k-2"}
        for number, (name, value) in enumerate(told.items()):
            mapping |= {f"mapping__{number}__name": name, f"mapping__{number}__value": value}
        assert upload(client, acme, wallet, odd, **mapping).status_code == 302
        assert FileMapping.objects.get().mapping == told
        assert upload(client, acme, wallet, odd.replace("1.00", "2.00"), key="k-3").status_code == 302
        assert Batch.objects.count() == 2

    def test_a_preview_reports_and_keeps_nothing(
        self, acme: World, wallet: str, bank: Sandbox, client: Client
    ) -> None:
        shown = unescape(text(upload(client, acme, wallet, GOOD + BAD, do="preview")))
        assert "Preview: nothing was done" in shown
        assert "which sheet programs run as a formula" in shown
        many = "name,iban,amount,currency,reference\n" + "".join(
            f"Bo Lind,{IBAN},1.00,EUR,r{number}\n" for number in range(40)
        )
        assert "42 rows in all" in text(upload(client, acme, wallet, many, do="preview"))
        assert not Batch.objects.exists()

    def test_a_heading_twice_is_an_error_beside_it(
        self, acme: World, wallet: str, bank: Sandbox, client: Client
    ) -> None:
        twice = {
            "mapping__0__name": "a",
            "mapping__0__value": "iban",
            "mapping__1__name": "a",
            "mapping__1__value": "amount",
        }
        answer = upload(client, acme, wallet, GOOD, **twice)
        assert "a stands here twice." in text(answer)
        assert not Batch.objects.exists()

    def test_the_file_and_an_example_are_downloads(
        self, acme: World, wallet: str, bank: Sandbox, client: Client
    ) -> None:
        upload(client, acme, wallet, GOOD)
        answer = client.get(page(Batch.objects.get().pk, "original/"))
        assert answer.content == GOOD.encode()
        assert answer.headers["Content-Disposition"] == 'attachment; filename="may.csv"'
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert client.get(page(draft(acme, wallet, *TWO), "original/")).status_code == 404
        assert "/ops/payouts/batch/example/" in text(client.get("/ops/do/payouts.upload_batch/"))
        example = client.get(f"{LIST}example/")
        assert "amount" in example.content.decode("utf-8-sig").splitlines()[0]

    def test_files_are_for_who_may_see_batches(
        self, acme: World, wallet: str, viewers_see_nothing: None, console: Client
    ) -> None:
        batch = draft(acme, wallet, *TWO)
        for address in (LIST, page(batch), page(batch, "sheet/csv/"), page(batch, "original/")):
            assert console.get(address).status_code == 403


class TestEnd:
    def test_is_proved_row_by_row(self, acme: World, wallet: str, bank: Sandbox, client: Client) -> None:
        bank.fault(do={"submit": "refuse"}, amount="20.00")
        batch = submitted(acme, wallet, *TWO, row("70.00", reference="=1+1"))
        assert finished(batch) == "partially_completed"
        shown = text(client.get(page(batch)))
        assert "Paid once" in shown
        assert "Not paid, given back" in shown
        assert page(batch, "sheet/csv/") in shown
        headings, *lines = sheet(client, batch)
        assert headings[0:4] == ["Number", "Payee", "Amount", "Currency"]
        told = [dict(zip(headings, each, strict=True)) for each in lines]
        assert [(each["Number"], each["Amount"], each["Paid"], each["Verdict"]) for each in told] == [
            ("1", "30.00", "30.00", "Paid once"),
            ("2", "20.00", "", "Not paid, given back"),
            ("3", "70.00", "", "Left out or refused"),
        ]
        assert told[0]["Provider"] == "sandbox-bank"
        assert told[0]["Executed there"] == "30.00"
        assert told[0]["Provider's references"].startswith(told[0]["Transfer"])
        assert told[2]["Reference"] == "'=1+1"
        assert client.get(page(batch, "sheet/exe/")).status_code == 404
        for kept in BatchSheet.objects.filter(batch=batch):
            answer = client.get(page(batch, f"kept/{kept.pk}/"))
            assert hashlib.sha256(answer.content).hexdigest() == kept.sha256
            assert kept.sha256 in shown
            assert "no-store" in answer.headers["Cache-Control"]
            assert f"{batch}_proof.{kept.format}" in answer.headers["Content-Disposition"]
            assert client.get(page(draft(acme, wallet, row("1.00")), f"kept/{kept.pk}/")).status_code == 404
        assert BatchSheet.objects.count() == 2
        assert client.get(page(batch, "kept/bsh_x/")).status_code == 404


class TestApproval:
    def test_shows_what_is_agreed_to_and_is_given_on_the_page_of_the_batch(
        self, acme: World, wallet: str, bank: Sandbox, make_user: Callable[..., User]
    ) -> None:
        policy("payouts.approve_batch")
        batch = submitted(acme, wallet, *TWO, row("60.00", reference="july"))
        work()
        client = Client()
        client.force_login(make_user("approver", email="ann@example.com"))
        asked = request_of(batch)
        answer = client.get(f"/ops/operations/approvalrequest/{asked.pk}/")
        told = answer.context["asked"].batch
        assert (told.payouts, told.refused, str(told.totals[0])) == (2, 1, "50.00 EUR")
        assert [str(each["amount"]) for each in told.largest] == ["30.00 EUR", "20.00 EUR"]
        assert page(batch) in text(answer)
        one = client.get(page(batch)).context["asked"]
        send(client, "operations.approve_request", request=asked.pk, seen=one.seen)
        assert status_of(batch) == "approved"
        assert client.get(page(batch)).context["asked"] is None
