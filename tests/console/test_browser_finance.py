"""The pages of finance in a real browser, with something of everything on them.

With `SCREENS=docs/screens` in the environment and `-m "long or not long"` it keeps pictures of a report and of a page of its PDF.
"""

import os
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apps.core import clock
from apps.ledger.models import Account, ExportJob
from apps.ledger.renderers import pdf_file
from apps.ledger.tasks import export_statements, write_exports
from tests.console.browsing import LOOK, LOOKS, NEEDS_CHROMIUM, SCREENS, Operator, wide
from tests.console.making import move, open_account, seal_and_project
from tests.ledger.reporting import written
from tests.support.door import done, eur
from tests.support.tenants import World
from tests.support.tenants import world as tenant_world

pytestmark = [NEEDS_CHROMIUM, pytest.mark.django_db(transaction=True)]

KEPT = {"alm"}
"""Of what there are pictures in the documentation."""


@pytest.fixture
def acme(ledger_db: Any, tmp_path: Path, settings: Any) -> World:
    """A tenant with reserves, money in suspense and at a provider, and movements with another book."""
    settings.EXPORT_DIR = str(tmp_path / "exports")
    acme = tenant_world()
    wallet = acme.funded("12840.00")
    for amount, days in (("250.00", 5), ("400.00", 30), ("1200.00", 180)):
        given = {"wallet": wallet, "amount": eur(amount), "days": days, "reason": "disputes"}
        done("transfers.hold_rolling_reserve", **given)
    book, available = acme.book, Account.objects.get(address=f"wallet:{wallet}:available")
    provider, suspense = open_account(book, "provider:stripe"), open_account(book, "suspense:deposits")
    due_to, due_from = open_account(book, "due_to:platform"), open_account(book, "due_from:platform")
    move(book, "in:1", provider, suspense, 310_00)
    move(book, "out:1", available, due_to, 75_00)
    move(book, "back:1", due_from, available, 20_00)
    seal_and_project()
    done("ledger.export_journal", book="acme", through=3)
    return acme


def missing(acme: World, monkeypatch: pytest.MonkeyPatch) -> ExportJob:
    """A scheduled statement that could not be written."""
    account = Account.objects.filter(book=acme.book, address__startswith="wallet:").first()
    what = {"book": "acme", "report": "account_statement", "account": account.address, "cadence": "daily"}
    done("ledger.schedule_statement", **what, format="pdf")
    with monkeypatch.context() as patch, clock.frozen(clock.now() + timedelta(days=1, hours=1)):
        patch.setattr(pdf_file, "MOST_ROWS", -1)
        export_statements()
        write_exports()
    return ExportJob.objects.get(status="failed")


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_every_page_of_finance_fits(
    acme: World, browse: Any, monkeypatch: pytest.MonkeyPatch, theme: str, size: str
) -> None:
    job = missing(acme, monkeypatch)
    addresses = {
        "finance": "/ops/finance/",
        "alm": "/ops/finance/alm/?book=acme",
        "safeguarding": "/ops/finance/safeguarding/?book=acme",
        "trial": "/ops/finance/trial_balance/?book=acme",
        "ledger": "/ops/finance/general_ledger/?book=acme",
        "journal": "/ops/journal-exports/?book=acme",
        "export": f"/ops/ledger/exportjob/{job.pk}/",
        "exports": "/ops/ledger/exportjob/?status=failed",
        "schedule": f"/ops/ledger/statementschedule/{job.schedule_id}/",
        "overview-missing": "/ops/",
        "chart": "/ops/ledger/account/?by=gl&empty=hidden&folded=1000",
        "heading": "/ops/ledger/account/?gl=2000",
    }

    def steps(page: Any, origin: str) -> list[str]:
        operator = Operator(page, origin, theme, size)
        for name, address in addresses.items():
            operator.open(address)
            operator.wrong += [f"{address} is wider than its sheet"] if wide(page) else []
            if LOOK:
                page.screenshot(path=Path(LOOK) / f"{name}-{theme}-{size}.png", full_page=True)
            if name in KEPT:
                operator.keep(name)
        return operator.wrong

    assert browse(steps, theme, size) == []


@pytest.mark.skipif(not (SCREENS or LOOK) or not shutil.which("pdftoppm"), reason="no picture is wanted")
@pytest.mark.parametrize("name", ["alm", "safeguarding", "trial_balance"])
def test_pictures_of_pdfs(acme: World, tmp_path: Path, name: str) -> None:
    if not LOOK and name not in KEPT:
        return
    written(name, "pdf", tmp_path, book="acme")
    target = Path(os.environ.get("LOOK") or os.environ["SCREENS"]) / f"{name}-pdf"
    options = ["-png", "-singlefile", "-r", "90"]
    subprocess.run(["pdftoppm", *options, str(tmp_path / f"{name}.pdf"), str(target)], check=True)
    assert target.with_suffix(".png").stat().st_size > 10_000
