"""Time passes in a test, and is over with it."""

from collections.abc import Iterator

import pytest

from tests.treasury.keeping import let_time_run


@pytest.fixture(autouse=True)
def time_runs_afterwards() -> Iterator[None]:
    """Whatever a test let pass."""
    yield
    let_time_run()
