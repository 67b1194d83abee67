"""The sandbox, one process for the tests of a worker process, as new for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sandbox import Sandbox


@pytest.fixture(scope="session")
def _sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = Sandbox(Path(tmp_path_factory.mktemp("sandbox")) / "books.sqlite3")
    sandbox.start()
    yield sandbox
    sandbox.kill()


@pytest.fixture
def sandbox(_sandbox_process: Sandbox) -> Iterator[Sandbox]:
    """The sandbox with a million euros at its bank, and with books that add up afterwards."""
    _sandbox_process.reset()
    _sandbox_process.set(delays={"bank": "0.05"})
    _sandbox_process.fund("bank", "EUR", "1000000.00")
    yield _sandbox_process
    _sandbox_process.assert_balanced()
