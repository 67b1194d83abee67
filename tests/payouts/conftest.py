"""What batches need."""

from typing import Any

import pytest

from tests.support import payouts
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, world


@pytest.fixture
def acme(ledger_db: Any) -> World:
    return world("acme")


@pytest.fixture
def bank(acme: World, sandbox: Sandbox) -> Sandbox:
    """A bank that executes at once."""
    payouts.provider(sandbox)
    return sandbox


@pytest.fixture
def wallet(acme: World) -> str:
    """A wallet with a hundred euros."""
    return acme.funded("100.00")
