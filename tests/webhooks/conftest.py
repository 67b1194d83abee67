"""What webhooks need."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.hooked import Receiver, receiving
from tests.support.tenants import World, world


@pytest.fixture
def acme(ledger_db: Any) -> World:
    return world("acme")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that accepts all."""
    with receiving() as found:
        yield found
