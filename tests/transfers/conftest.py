"""What providers' money needs."""

from typing import Any

import pytest

from tests.support.arrivals import bank_of
from tests.support.sandbox import Sandbox
from tests.support.tenants import World


@pytest.fixture
def bank(sandbox: Sandbox, live_server: Any) -> Sandbox:
    """The sandbox, which reports to a real server of ours and gives numbers for euros."""
    return bank_of(sandbox, live_server.url)


@pytest.fixture
def wallet(acme: World) -> str:
    """A wallet with a hundred euros."""
    return acme.funded("100.00")
