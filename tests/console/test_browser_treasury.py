"""The treasury page in a real browser: it fits, and an instruction is confirmed from it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.core import clock
from apps.providers.services import balances
from apps.treasury.models import SweepExecution, SweepInstruction
from apps.treasury.services.verifying import verify
from tests.console.browsing import LOOK, LOOKS, NEEDS_CHROMIUM, Operator, sign_in, wide
from tests.support import payouts
from tests.support.door import done, eur
from tests.support.payouts import pay_out, recipient, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World
from tests.treasury.keeping import MAIN, PAYOUTS, due, filled, let_time_run, rule

pytestmark = [NEEDS_CHROMIUM, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def time_runs_afterwards() -> Iterator[None]:
    """Whatever a test let pass."""
    yield
    let_time_run()


@pytest.fixture
def busy(acme: World, sandbox: Sandbox) -> None:
    """A provider that runs low, payouts under way, and rules with each outcome."""
    payouts.provider(sandbox, title="Sandbox Bank", low_balance={"EUR": "1200000.00"})
    wallet = acme.funded("99000.00")
    pay_out(acme, wallet, recipient(acme), amount="41000.00")
    work()
    pay_out(acme, wallet, recipient(acme), amount="5200.00")
    balances.ask_all(clock.now())
    done("transfers.hold_rolling_reserve", wallet=wallet, amount=eur("350.00"), days=3, reason="disputes")
    filled(MAIN, "12000.00")
    filled(PAYOUTS, "200.00")
    filled("bank:abn", "300.00")
    filled("bank:kbc", "90000.00")
    filled("pool:gps", "150.00")
    rule(target=eur("20000.00"))
    rule("bank:abn", "bank:kbc", every_minutes=None, at="00:05", time_zone="Europe/Berlin", days="TARGET")
    due(rule("pool:gps", "bank:kbc", minimum=eur("100.00"), confirm_within=1))
    verify(clock.now())


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_every_page_fits(busy: None, browse: Any, theme: str, size: str) -> None:
    [short] = SweepExecution.objects.filter(status="short")
    [told] = SweepInstruction.objects.all()
    addresses = {
        "treasury": "/ops/treasury/",
        "sweeps": "/ops/treasury/sweepexecution/",
        "sweep": f"/ops/treasury/sweepexecution/{told.execution_id}/",
        "rules": "/ops/treasury/sweeprule/",
        "rule": f"/ops/treasury/sweeprule/{short.rule_id}/",
    }

    def steps(page: Any, origin: str) -> list[str]:
        operator = Operator(page, origin, theme, size)
        for name, address in addresses.items():
            operator.open(address)
            operator.wrong += [f"{address} is wider than its sheet"] if wide(page) else []
            if LOOK:
                page.screenshot(path=Path(LOOK) / f"{name}-{theme}-{size}.png", full_page=True)
        return operator.wrong

    assert browse(steps, theme, size) == []


def test_an_operator_confirms_what_was_moved(busy: None, browse: Any, sessions: tuple[str, str]) -> None:
    def steps(page: Any, origin: str) -> Operator:
        operator = Operator(page, origin, "light", "wide")
        sign_in(page, origin, sessions[0])
        operator.open("/ops/treasury/")
        page.locator("#instructions").get_by_role("link", name="Confirm that money was moved").click()
        operator.look()
        operator.fill(bank_reference="KBC-2026-118")
        operator.press("run")
        operator.open("/ops/treasury/")
        operator.seen.append(page.locator("#instructions .empty").inner_text())
        return operator

    operator = browse(steps, "light", "wide")
    assert operator.seen[0] == "Done"
    assert operator.seen[1].startswith("Nobody is to move anything")
    assert operator.wrong == []
    [told] = SweepInstruction.objects.all()
    assert (told.status, told.bank_reference) == ("confirmed", "KBC-2026-118")
