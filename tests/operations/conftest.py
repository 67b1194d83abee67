"""What tests of the door share."""

from typing import Any

import pytest

from apps.core.actor import Actor
from tests.support.door import moved, opened, person


@pytest.fixture
def amara(ledger_db: Any) -> None:
    """An account with money in it."""
    opened("mint", floor=None)
    opened("amara")
    moved("mint", "amara", "100.00")


@pytest.fixture
def maker(ledger_db: Any) -> Actor:
    """Who asks, and might approve as well, but never this."""
    return person("maker@example.com", "finance", "approver")
