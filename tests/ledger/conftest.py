"""Books that are verified."""

from typing import Any

import pytest

from tests.ledger.verifying import Scene, set_up


@pytest.fixture
def scene(ledger_db: Any) -> Scene:
    """A platform book with ten entries, and another book with two."""
    return set_up()
