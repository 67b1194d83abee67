"""Batches in a real browser: a spreadsheet is uploaded, mended, submitted, approved by two, paid in a file, and proved."""

import csv
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from lxml import etree
from openpyxl import Workbook

from apps.core import clock
from apps.payouts.models import Batch
from apps.payouts.worker import work as work_on_batches
from apps.providers.formats.pain001 import schema
from apps.providers.models import Provider, RailFile
from apps.providers.services.balances import ask_all
from tests.console.browsing import LOOK, LOOKS, NEEDS_CHROMIUM, STORY, Operator, on_page, sign_in, wide
from tests.support import payouts
from tests.support.batches import OTHER_IBAN, draft, finished, row, submitted
from tests.support.files import bankfile, cut, hand_over, told_by
from tests.support.inbound import hook_up
from tests.support.payouts import IBAN, later, work
from tests.support.policies import policy
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, parts

pytestmark = [NEEDS_CHROMIUM, pytest.mark.django_db(transaction=True)]

ROWS = (
    ("Ann Berg", IBAN, 30.00, "salary-1"),
    ("Bo Lind", "DE00370400440532013000", 20.00, "salary-2"),
    ("Cy Twist", OTHER_IBAN, "about ten", "salary-3"),
    ("Ann Berg", IBAN, 30.00, "salary-1"),
    ("Di Voss", OTHER_IBAN, 5.00, "salary-5"),
)


def workbook() -> bytes:
    """Five salaries under headings that nobody knows; three of them are wrong."""
    book, file = Workbook(), BytesIO()
    book.active.append(["Who", "Where", "How much", "Reference", "Department"])
    for each in ROWS:
        book.active.append([*each, "Sales"])
    book.save(file)
    return file.getvalue()


def look(operator: Operator, name: str) -> None:
    """Note what is wrong here, and keep a picture for those who change how it looks."""
    operator.look()
    operator.wrong += [f"{name} is wider than its sheet"] if wide(operator.page) else []
    if LOOK:
        path = Path(LOOK) / f"batch-{name}-{operator.theme}-{operator.size}.png"
        operator.page.screenshot(path=path, full_page=True)


@pytest.fixture
def third(make_user: Any) -> str:
    """Somebody else who approves, signed in."""
    client = Client()
    client.force_login(make_user("approver", email="second@example.com"))
    return client.cookies["sessionid"].value


@pytest.mark.parametrize(("theme", "size"), STORY)
def test_a_spreadsheet_is_mended_agreed_to_and_paid_in_a_file(
    acme: World,
    sandbox: Sandbox,
    live_server: Any,
    browse: Any,
    sessions: tuple[str, str],
    third: str,
    theme: str,
    size: str,
) -> None:
    hook_up(sandbox, live_server.url)
    bank = bankfile(sandbox, options={"sepa": "09"})
    wallet = acme.funded("100.00")
    policy("payouts.approve_batch", people=2)
    file = {
        "name": "may.xlsx",
        "mimeType": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "buffer": workbook(),
    }

    def upload(operator: Operator) -> None:
        page = operator.page
        operator.open("/ops/payouts/batch/")
        look(operator, "none")
        operator.follow("Upload a batch of payouts")
        operator.fill(tenant=acme.tenant, name="Salaries of May", wallet=wallet)
        page.set_input_files("[name=content]", files=[file])
        operator.press("run")
        look(operator, "columns")
        for heading, field in {"Who": "name", "Where": "iban", "How much": "amount"}.items():
            page.get_by_label(heading, exact=True).select_option(field)
        page.set_input_files("[name=content]", files=[file])
        operator.press("run")
        look(operator, "report")
        operator.seen.append(page.locator("#rows .tabs .on").inner_text())

    def mend(operator: Operator) -> None:
        page = operator.page
        page.get_by_role("link", name="Mend: row 3").click()
        look(operator, "mend")
        operator.fill(row__details__iban="DE89370400440532013000")
        operator.press("run")
        page.get_by_role("link", name="Mend: row 4").click()
        operator.fill(row__amount__amount="10.00", row__amount__currency="EUR")
        operator.press("run")
        page.get_by_role("link", name="Leave out: row 5").click()
        operator.press("run")
        operator.follow("Submit a batch of payouts")
        page.uncheck("[name=by_itself]")
        operator.press("run")
        look(operator, "submitted")

    def agree(operator: Operator, session: str) -> None:
        sign_in(operator.page, operator.origin, session)
        operator.open(address)
        look(operator, "decide")
        operator.page.get_by_role("button", name="Approve").click()
        operator.look()

    def follow(operator: Operator, batch: str) -> bytes:
        """The bank is given a file at the cut-off, which somebody keeps, and it tells what it booked."""
        page = operator.page
        on_page(passed, 1, 2)
        operator.open(address)
        look(operator, "waits")
        operator.seen.append(page.locator(".head .status").inner_text())
        on_page(leaves, bank)
        operator.open(address)
        page.locator(".ledger a[href*='/railfile/rlf_']").click()
        look(operator, "file")
        with page.expect_download() as kept:
            page.get_by_role("link", name="Download", exact=True).click()
        on_page(ends, sandbox)
        return Path(kept.value.path()).read_bytes()

    address, file_kept = "", b""

    def steps(page: Any, origin: str) -> Operator:
        nonlocal address, file_kept
        operator = Operator(page, origin, theme, size)
        sign_in(page, origin, sessions[0])
        upload(operator)
        address = page.url.removeprefix(origin).partition("?")[0]
        mend(operator)
        batch = address.rstrip("/").rpartition("/")[2]
        on_page(finished, batch)
        operator.open(address)
        operator.seen.append(page.locator(".head .status").inner_text())
        page.get_by_role("link", name="All that is asked").click()
        look(operator, "asked")
        agree(operator, sessions[1])
        agree(operator, third)
        sign_in(page, origin, sessions[0])
        operator.open(address)
        operator.follow("Execute a batch of payouts")
        operator.press("run")
        operator.seen.append(page.locator(".head .status").inner_text())
        file_kept = follow(operator, batch)
        operator.open(address)
        look(operator, "completed")
        operator.seen.append(page.locator(".head .status").inner_text())
        with page.expect_download() as kept:
            page.get_by_role("link", name="Now as CSV", exact=True).click()
        lines = csv.DictReader(Path(kept.value.path()).read_text().splitlines())
        operator.seen += [f"{each['Number']} {each['Paid']} {each['Verdict']}" for each in lines]
        operator.open("/ops/payouts/batch/")
        look(operator, "list")
        return operator

    operator = browse(steps, theme, size)
    assert operator.wrong == []
    assert operator.seen == [
        "COLUMNS_UNCLEAR",
        "Done",
        "To be mended 3",
        *("Done", "Done", "Done"),
        "Done",
        "Pending approval",
        "Done",
        "Approved",
        "Executing",
        "Completed",
        "2 30.00 Paid once",
        "3 20.00 Paid once",
        "4 10.00 Paid once",
        "5  Left out or refused",
        "6 5.00 Paid once",
    ]
    assert (Batch.objects.get().status, parts(wallet)) == ("completed", ("35.00", "0.00"))
    made = RailFile.objects.get()
    assert (made.status, made.count, made.money.decimal) == ("taken", 4, "65.00")
    assert file_kept == bytes(made.content)
    schema.check(etree.fromstring(file_kept), "09")


def leaves(bank: Provider) -> None:
    """The cut-off of what waits has come: its file is made, and the bank has it."""
    cut(bank)
    hand_over()


def ends(sandbox: Sandbox) -> None:
    """The bank tells what it booked, and workers follow it when they look the next time."""
    told_by(sandbox)
    passed(4, 5)


def passed(*minutes: int) -> None:
    """Workers look after some minutes."""
    for each in minutes:
        with later(minutes=each):
            work()
            work_on_batches()


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_pages_of_batches_that_wait_fit(
    acme: World, sandbox: Sandbox, browse: Any, theme: str, size: str
) -> None:
    payouts.provider(sandbox)
    sandbox.fund("bank", "EUR", "-999960.00")
    ask_all(clock.now())
    wallet = acme.funded("100.00")
    two = (row("30.00", reference="may"), row("20.00", reference="june"), row("90.00", reference="july"))
    short = submitted(acme, wallet, *two)
    finished(short)
    begun = draft(acme, wallet, row("1.00", reference="a"), row("1.00", reference="a"))
    ready = draft(acme, wallet, row("1.00", reference="b"))
    addresses = {
        "waiting": "/ops/payouts/batch/",
        "overview": "/ops/",
        "short": f"/ops/payouts/batch/{short}/",
        "draft": f"/ops/payouts/batch/{begun}/",
        "ready": f"/ops/payouts/batch/{ready}/",
    }

    def steps(page: Any, origin: str) -> list[str]:
        operator = Operator(page, origin, theme, size)
        for name, address in addresses.items():
            operator.open(address)
            look(operator, name)
        return operator.wrong

    assert browse(steps, theme, size) == []
