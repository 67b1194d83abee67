"""Reports and exports in the console: what is shown, what leads where, and who may take a file."""

import csv
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.console import reporting
from apps.console.pages import finance
from apps.core import clock, ids
from apps.ledger import plaintext
from apps.ledger.models import ExportJob, JournalExport
from apps.ledger.queries import last_position
from apps.ledger.renderers import pdf_file
from apps.ledger.reports import REPORTS
from apps.ledger.services.export_jobs import path_of
from apps.ledger.tasks import export_statements, write_exports
from apps.operations import books
from apps.operations.models import Book, Operation
from tests.console.making import seal_and_project
from tests.support.door import done

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, settings: Any) -> None:
    settings.EXPORT_DIR = str(tmp_path / "exports")


@pytest.fixture
def accountant(make_user: Callable[..., User]) -> Client:
    """A browser in which somebody of finance is signed in."""
    client = Client()
    client.force_login(make_user("finance", email="fin@example.com"))
    return client


def page(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return answer.content.decode()


def address_of(name: str, **asked: str) -> str:
    accounts = {"account_statement": "bank:ing", "wallet_statement": "customer:1"}
    asked = {"book": "platform", **({"account": accounts[name]} if name in accounts else {})} | asked
    return f"/ops/finance/{name}/?" + "&".join(f"{key}={value}" for key, value in asked.items())


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_has_its_page(console: Client, world: dict[str, Any], name: str) -> None:
    shown = page(console, address_of(name))
    assert REPORTS[name].title in shown
    assert f"position {last_position(books.platform_id())}, sealed" in shown
    assert ('<table class="ledger report' in shown) == (name != "income_statement")


def test_every_report_is_listed(console: Client) -> None:
    shown = page(console, "/ops/finance/")
    for kind in REPORTS.values():
        assert f'href="/ops/finance/{kind.name}/"' in shown
        page(console, f"/ops/finance/{kind.name}/")
    assert "There is no report nonsense." in page(console, "/ops/finance/nonsense/", 404)


def test_rows_lead_to_what_made_them(console: Client, world: dict[str, Any]) -> None:
    entry = ids.encode("je", world["first"])
    assert f"/ops/ledger/journalentry/{entry}/" in page(console, address_of("account_statement"))
    trial = page(console, address_of("trial_balance", by_account="on"))
    assert f"/ops/ledger/account/{world['bank'].pk}/" in trial
    [deeper] = re.findall(
        r'href="([^"]*gl_code=1110[^"]*)"', page(console, address_of("balance_sheet", through="2999-01-01"))
    )
    ledger = page(console, unescape(deeper))
    assert f"/ops/ledger/journalentry/{entry}/" in ledger
    assert "through 2999-01-01" in ledger


def test_a_page_stays_as_it_was_by_its_position(console: Client, world: dict[str, Any]) -> None:
    [pinned] = re.findall(r'as known at <a href="([^"]+)"', page(console, "/ops/finance/trial_balance/"))
    before = page(console, "/ops/finance/trial_balance/" + unescape(pinned))
    first = last_position(books.platform_id())
    seal_and_project()
    assert last_position(books.platform_id()) > first
    assert f"position {last_position(books.platform_id())}" in page(
        console, "/ops/finance/trial_balance/?book=platform"
    )
    again = page(console, "/ops/finance/trial_balance/" + unescape(pinned))
    tables = [re.findall(r"<table.*?</table>", each, re.DOTALL) for each in (before, again)]
    assert tables[0] == tables[1]
    assert "251.00" not in again
    assert f"position {first}" in again


def test_a_question_without_an_answer_says_why(console: Client, world: dict[str, Any]) -> None:
    assert "POSITION_NOT_FOUND" in page(console, address_of("trial_balance", position="999"))
    assert "no account bank:nowhere" in page(console, address_of("account_statement", account="bank:nowhere"))
    assert "Enter a valid date" in page(console, address_of("trial_balance", through="tomorrow"))
    wrong_way = address_of("trial_balance", since="2026-02-01", through="2026-01-01")
    assert "after the last one" in page(console, wrong_way)


def test_a_long_report_is_cut_and_says_so(
    console: Client, world: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "SHOWN_ROWS", 3)
    shown = page(console, address_of("general_ledger"))
    assert "The page shows the first 3" in shown
    assert shown.count('<tr class="') == 3
    assert "The page shows" not in page(console, address_of("income_statement"))


def test_a_small_file_is_handed_over(accountant: Client, world: dict[str, Any]) -> None:
    shown = page(accountant, address_of("trial_balance", by_account="on"))
    ways = [unescape(each) for each in re.findall(r'href="([^"]+)" download', shown)]
    assert len(ways) == 3
    for way, start in zip(ways, (b"Section,Row,", b"PK", b"%PDF-"), strict=True):
        answer = accountant.get(way)
        assert answer.status_code == 200
        assert answer.content.startswith(start)
        assert "no-store" in answer["Cache-Control"]
        assert re.fullmatch(
            r'attachment; filename="trial-balance-platform-[0-9a-f]{16}\.(csv|xlsx|pdf)"',
            answer["Content-Disposition"],
        )
    rows = list(csv.DictReader(accountant.get(ways[0]).content.decode().splitlines()))
    assert [row["Credit"] for row in rows if row["Account"] == "customer:1:available"] == ["210.00"]


def test_only_who_may_export_takes_a_file(console: Client, accountant: Client, world: dict[str, Any]) -> None:
    assert " download>" not in page(console, address_of("trial_balance"))
    way = "/ops/finance/trial_balance/csv/?book=platform"
    assert (console.get(way).status_code, accountant.get(way).status_code) == (403, 200)
    asked = {"report": "trial_balance", "format": "csv", "key": "k"}
    assert console.post("/ops/exports/request/", asked).status_code == 403
    assert accountant.get("/ops/exports/request/").status_code == 403
    assert Client().get(way).status_code == 302
    assert page(accountant, "/ops/finance/trial_balance/exe/?book=platform", 404)


def test_what_is_large_becomes_an_export(
    accountant: Client, console: Client, world: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finance, "USUALLY_AT_ONCE", 2)
    refused = accountant.get("/ops/finance/trial_balance/csv/?book=platform")
    assert (refused.status_code, refused.content) == (
        409,
        b"So many rows are a job for a worker: ask for an export.",
    )
    shown = page(accountant, address_of("trial_balance"))
    form = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', shown))
    assert 'name="format" value="csv"' in shown
    asked = form | {"format": "csv"}
    first = accountant.post("/ops/exports/request/", asked)
    assert accountant.post("/ops/exports/request/", asked)["Location"] == first["Location"]
    job = ExportJob.objects.get()
    assert Operation.objects.get(command="ledger.request_export").origin == "console"
    waiting = accountant.get(first["Location"])
    assert (waiting["Refresh"], "Download" in waiting.content.decode()) == ("3", False)
    write_exports()
    done = page(accountant, first["Location"])
    [link] = re.findall(r'href="(/ops/exports/file/[^"]+)"', done)
    answer = accountant.get(link)
    job.refresh_from_db()
    assert b"".join(answer.streaming_content) == path_of(job).read_bytes()
    assert "no-store" in answer["Cache-Control"]
    assert answer["Content-Disposition"] == f'attachment; filename="{job.file_name}"'
    assert job.file_name in done
    assert f"/ops/ledger/exportjob/{job.pk}/" in page(accountant, "/ops/ledger/exportjob/")
    assert "/ops/exports/file/" not in page(console, first["Location"])


def test_a_link_is_no_use_to_somebody_else_or_without_the_permission(
    accountant: Client, console: Client, make_user: Callable[..., User], world: dict[str, Any]
) -> None:
    asked = {"report": "trial_balance", "format": "csv", "book": "platform", "key": "k"}
    job_page = accountant.post("/ops/exports/request/", asked)["Location"]
    write_exports()
    [link] = re.findall(r'href="(/ops/exports/file/[^"]+)"', page(accountant, job_page))
    other = Client()
    other.force_login(make_user("finance", email="other@example.com"))
    assert "LINK_INVALID" in page(other, link, 404)
    assert "/ops/exports/file/" not in page(other, job_page)
    assert console.get(link).status_code == 403
    assert Client().get(link).status_code == 302
    assert "LINK_INVALID" in page(accountant, "/ops/exports/file/nonsense/", 404)
    assert accountant.post(link).status_code == 403
    assert accountant.get(link).status_code == 200
    User.objects.get(email="fin@example.com").roles.clear()
    assert accountant.get(link).status_code in {302, 403}


def test_a_request_that_is_refused_says_why(accountant: Client, world: dict[str, Any]) -> None:
    asked = {
        "report": "account_statement",
        "format": "csv",
        "book": "platform",
        "account": "bank:no",
        "key": "k",
    }
    answer = accountant.post("/ops/exports/request/", asked)
    assert answer.status_code == 400
    assert "no account bank:no" in answer.content.decode()


def test_a_request_needs_its_csrf_token(make_user: Callable[..., User], world: dict[str, Any]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("finance", email="fin@example.com"))
    asked = {"report": "trial_balance", "format": "csv", "key": "k"}
    assert client.post("/ops/exports/request/", asked).status_code == 403
    assert not ExportJob.objects.exists()


def test_a_statement_that_is_missing_is_seen_and_written_again(
    accountant: Client, console: Client, world: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    what = {"book": "platform", "report": "account_statement", "account": "bank:ing", "format": "pdf"}
    schedule = done("ledger.schedule_statement", **what, cadence="daily")["schedule"]
    monkeypatch.setattr(pdf_file, "MOST_ROWS", 1)
    with clock.frozen(clock.now() + timedelta(days=1, hours=1)):
        export_statements()
    assert "scheduled statement is missing" not in page(console, "/ops/")
    write_exports()
    job = ExportJob.objects.get()
    overview = page(accountant, "/ops/")
    assert "scheduled statement is missing" in overview
    failed = "/ops/ledger/exportjob/?status=failed"
    assert f'href="{failed}"' in overview
    assert job.pk in page(accountant, failed)
    again = f"/ops/do/ledger.write_export_again/?export={job.pk}"
    for address in (f"/ops/ledger/exportjob/{job.pk}/", f"/ops/ledger/statementschedule/{schedule}/"):
        shown = page(accountant, address)
        assert again in shown
        assert "REPORT_TOO_LARGE" in shown
        assert again not in page(console, address)
    assert job.pk in page(accountant, again)
    done("ledger.write_export_again", export=job.pk, format="csv")
    assert "scheduled statement is missing" not in page(accountant, "/ops/")
    assert again not in page(accountant, f"/ops/ledger/statementschedule/{schedule}/")


def links(text: str, pattern: str) -> list[str]:
    """Where the links lead whose addresses have this in them."""
    return [unescape(each) for each in re.findall(rf'href="([^"]*{pattern}[^"]*)"', text)]


def test_rows_lead_to_the_same_time(console: Client, world: dict[str, Any]) -> None:
    [pinned] = re.findall(r'as known at <a href="([^"]+)"', page(console, "/ops/finance/trial_balance/"))
    position = last_position(books.platform_id())
    account = f"/ops/ledger/account/{world['bank'].pk}/"
    of_all = links(page(console, "/ops/finance/trial_balance/" + unescape(pinned)), "gl_code=1110")
    by_account = links(
        page(console, "/ops/finance/trial_balance/" + unescape(pinned) + "&by_account=on"), account
    )
    of_one = links(page(console, address_of("trial_balance", by_account="on", through="2999-01-01")), account)
    seal_and_project()
    assert last_position(books.platform_id()) == position + 1
    [ledger], [of_instant], [of_position] = of_all, by_account, of_one
    shown = page(console, ledger)
    assert f"position {position}, sealed" in shown
    assert "251.00" not in shown
    for address in (of_instant, of_position):
        shown = page(console, address)
        assert f"at position</span> {position}" in shown or f"at position {position}" in shown
        assert "Then it was" in shown
    assert "on=2999-01-01" in of_position
    assert f'name="position" value="{position}"' in page(console, of_position)


def test_this_month_is_that_of_the_book(console: Client, world: dict[str, Any]) -> None:
    def month(book: str) -> str:
        shown = page(console, f"/ops/finance/income_statement/?book={book}")
        return unescape(re.findall(r'href="([^"]*)">This month', shown)[0])

    for slug, zone in (("south", "Pacific/Auckland"), ("north", "America/Los_Angeles")):
        Book.objects.create(slug=slug, name=slug, time_zone=zone, created_at=clock.now())
    with clock.frozen(datetime(2026, 1, 31, 22, tzinfo=UTC)):
        assert "since=2026-02-01" in month("south")
        assert "since=2026-01-01&through=2026-01-31" in month("")
    with clock.frozen(datetime(2026, 2, 1, 2, tzinfo=UTC)):
        assert "since=2026-01-01&through=2026-01-31" in month("north")


def test_the_journal_for_an_erp_is_exported_and_fetched_without_a_shell(
    accountant: Client, console: Client, world: dict[str, Any]
) -> None:
    address = "/ops/journal-exports/"
    entries = last_position(books.platform_id())
    empty = page(accountant, address)
    assert f"{entries} entries are not exported yet" in empty
    assert "/ops/do/ledger.export_journal/?book=platform" in empty
    for through in (2, None):
        done("ledger.export_journal", book="platform", through=through)
    shown = page(accountant, address)
    assert "every entry is exported" in shown
    first, second = JournalExport.objects.order_by("number")
    for each in (first, second):
        assert each.sha256 in shown
        assert each.made_by in shown
        answer = accountant.get(f"{address}platform/{each.number}/")
        body = b"".join(answer.streaming_content)
        assert hashlib.sha256(body).hexdigest() == each.sha256
        assert answer["Content-Disposition"] == f'attachment; filename="journal-platform-{each.number}.csv"'
    assert f"{address}platform/1/" not in page(console, address)
    assert console.get(f"{address}platform/1/").status_code == 403
    assert page(accountant, f"{address}platform/3/", 404)
    assert "platform/2/" not in page(accountant, f"{address}?before=2")


@pytest.mark.parametrize("program", ["beancount", "hledger"])
def test_a_book_is_exported_as_plain_text_without_a_shell(
    accountant: Client, console: Client, world: dict[str, Any], program: str
) -> None:
    shown = page(accountant, "/ops/journal-exports/?book=platform")
    form = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', shown))
    assert f'name="format" value="{program}"' in shown
    assert 'name="format"' not in page(console, "/ops/journal-exports/?book=platform")
    job_page = accountant.post("/ops/exports/request/", form | {"format": program, "position": "2"})[
        "Location"
    ]
    write_exports()
    [link] = re.findall(r'href="(/ops/exports/file/[^"]+)"', page(accountant, job_page))
    body = b"".join(accountant.get(link).streaming_content).decode()
    platform = books.find(books.platform_id())
    assert body == "".join(plaintext.export(platform, format=program, position=2))
    assert "entries through position 2" in body
    for wrong in ({"since": "2026-01-01"}, {"gl_code": "1110"}, {"book": ""}, {"report": "trial_balance"}):
        answer = accountant.post("/ops/exports/request/", form | {"format": program, "key": "w"} | wrong)
        assert (answer.status_code, b"FORMAT_UNAVAILABLE" in answer.content) == (409, True)
