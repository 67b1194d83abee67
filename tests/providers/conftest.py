"""One sandbox for all tests of a process, as new before each."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.receiver import Receiver, receiver
from tests.support.sandbox import Sandbox, sandbox


@pytest.fixture(scope="session")
def _sandbox(tmp_path_factory: Any) -> Iterator[Sandbox]:
    with sandbox(tmp_path_factory.mktemp("sandbox") / "sandbox.db") as running:
        yield running


@pytest.fixture(scope="session")
def _receiver() -> Iterator[Receiver]:
    with receiver() as taking:
        yield taking


@pytest.fixture
def provider(_sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, as new and quick; its books balance whatever the test did."""
    _sandbox.reset()
    _sandbox.set(delays="0.02")
    yield _sandbox
    _sandbox.assert_balanced()


@pytest.fixture
def desk(provider: Sandbox) -> Iterator[httpx.Client]:
    """A client of the desks who does not wait long."""
    with provider.client(timeout=0.4) as client:
        yield client


@pytest.fixture
def inbox(provider: Sandbox, _receiver: Receiver) -> Receiver:
    """What receives the webhooks of the sandbox."""
    _receiver.reset()
    provider.set(webhook={"url": f"{_receiver.url}/{{desk}}", "ladder": "0.02"})
    return _receiver
