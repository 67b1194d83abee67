"""The sandbox by itself, and what receives its webhooks."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.receiver import Receiver, receiver
from tests.support.sandbox import Sandbox


@pytest.fixture(scope="session")
def _receiver() -> Iterator[Receiver]:
    with receiver() as taking:
        yield taking


@pytest.fixture
def provider(_sandbox_process: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, as new and quick; its books balance whatever the test did."""
    _sandbox_process.reset()
    _sandbox_process.set(delays="0.02")
    yield _sandbox_process
    _sandbox_process.assert_balanced()


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
