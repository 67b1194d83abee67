"""The samples of docs/webhooks.md are what the page shows, and find out what is genuine among what was really sent."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from apps.webhooks.models import SigningKey
from apps.webhooks.signing import new_key, new_secret
from tests.support.door import done
from tests.support.hooked import Received, Receiver
from tests.support.payouts import later
from tests.support.tenants import World
from tests.support.webhooks import deliver, endpoint, happens

pytestmark = pytest.mark.usefixtures("ledger_db")

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "docs" / "samples" / "webhooks"
PAGE = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
FENCES = {".py": "python", ".mjs": "js", ".go": "go", ".php": "php", ".sql": "sql"}
PROGRAMS: Mapping[str, list[str]] = {
    "verify.py": [sys.executable],
    "verify.mjs": ["node"],
    "verify.go": ["go", "run"],
    "verify.php": ["php"],
}

GENUINE = "It is genuine."
UNKNOWN = "No signature is of a known key."
FAR = "The timestamp is too far from now."


@dataclass(frozen=True)
class Sent:
    """A message that came, and the keys of its endpoint."""

    message: str
    timestamp: str
    signatures: str
    body: bytes
    secret: str
    public: str

    def only(self, version: str) -> "Sent":
        """The message with the signatures of one version alone."""
        kept = [each for each in self.signatures.split() if each.partition(",")[0] == version]
        return replace(self, signatures=" ".join(kept))


@pytest.fixture(params=list(PROGRAMS))
def verify(request: pytest.FixtureRequest) -> Callable[..., str]:
    """What the sample in one of the languages says of a message."""
    program = PROGRAMS[request.param]
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not installed")

    def ask(sent: Sent, *keys: str) -> str:
        argv = [*program, str(SAMPLES / request.param), sent.message, sent.timestamp, sent.signatures]
        env = {**os.environ, "WEBHOOK_KEYS": " ".join(keys)}
        ran = subprocess.run(argv, input=sent.body, env=env, capture_output=True, check=False)
        told = (ran.stdout if ran.returncode == 0 else ran.stderr).decode()
        assert ran.returncode == 0 or not ran.stdout
        return told.strip().splitlines()[0]

    return ask


@pytest.mark.parametrize("name", sorted(each.name for each in SAMPLES.iterdir() if each.is_file()))
def test_the_page_shows_the_sample_as_it_is(name: str) -> None:
    sample = (SAMPLES / name).read_text(encoding="utf-8")
    assert f"```{FENCES[Path(name).suffix]}\n{sample}```\n" in PAGE, f"docs/webhooks.md shows another {name}"


def test_what_was_sent_is_genuine(acme: World, receiver: Receiver, verify: Callable[..., str]) -> None:
    [sent] = sent_to(acme, receiver)
    assert [each.partition(",")[0] for each in sent.signatures.split()] == ["v1", "v1a"]
    assert verify(sent, sent.secret) == GENUINE
    assert verify(sent, sent.public) == GENUINE
    assert verify(sent, new_secret(), new_key().public, sent.secret) == GENUINE
    assert verify(sent.only("v1"), sent.secret) == GENUINE
    assert verify(sent.only("v1a"), sent.public) == GENUINE


def test_what_was_changed_is_not(acme: World, receiver: Receiver, verify: Callable[..., str]) -> None:
    [sent] = sent_to(acme, receiver)
    both, (first, second) = (sent.secret, sent.public), sent.signatures.split()
    changed = [
        replace(sent, body=sent.body + b" "),
        replace(sent, message=sent.message + "0"),
        replace(sent, timestamp=str(int(sent.timestamp) + 1)),
        replace(sent, signatures=f"v1a,{first[3:]} v1,{second[4:]}"),
        replace(sent, signatures="v1, v1a, v1 v2 ,"),
        replace(sent, signatures="v1,!! v1a,AAAA"),
        replace(sent, signatures=""),
    ]
    for each in changed:
        assert verify(each, *both) == UNKNOWN, each


def test_a_key_verifies_its_own_version_alone(
    acme: World, receiver: Receiver, verify: Callable[..., str]
) -> None:
    [sent] = sent_to(acme, receiver)
    assert verify(sent, new_secret(), new_key().public) == UNKNOWN
    assert verify(sent.only("v1"), sent.public) == UNKNOWN
    assert verify(sent.only("v1a"), sent.secret) == UNKNOWN


@pytest.mark.parametrize("minutes", [-6, 6])
def test_what_is_of_another_time_is_not(
    acme: World, receiver: Receiver, verify: Callable[..., str], minutes: int
) -> None:
    """Signed and whole, but sent again by somebody, or by a clock that is wrong."""
    with later(minutes=minutes):
        [sent] = sent_to(acme, receiver)
    assert verify(sent, sent.secret, sent.public) == FAR
    assert verify(replace(sent, timestamp=""), sent.secret) == "There is no timestamp."


def test_what_is_four_minutes_old_is(acme: World, receiver: Receiver, verify: Callable[..., str]) -> None:
    with later(minutes=-4):
        [sent] = sent_to(acme, receiver)
    assert verify(sent, sent.secret) == GENUINE


def test_old_and_new_keys_verify_during_a_rotation(
    acme: World, receiver: Receiver, verify: Callable[..., str]
) -> None:
    made = endpoint(acme, receiver.url, types=["wallet.created"])
    old = SigningKey.objects.get(book=acme.test_book).public
    hours: dict[str, Any] = {"actor": acme.test_key, "overlap_hours": 1}
    secret = done("webhooks.rotate_secret", endpoint=made["endpoint"], **hours)["secret"]
    public = done("webhooks.rotate_signing_key", **hours)["public"]
    happens(acme)
    deliver()
    sent = sent_of(receiver.received[0], secret, public)
    assert len(sent.signatures.split()) == 4
    for key in (made["secret"], old, secret, public):
        assert verify(sent, key) == GENUINE


def sent_to(acme: World, receiver: Receiver) -> list[Sent]:
    """What an endpoint of the test tenant was told of a new wallet, whose name is in no alphabet."""
    made = endpoint(acme, receiver.url, types=["wallet.created"])
    happens(acme, name="Zoë 漢字 🏦")
    deliver()
    public = SigningKey.objects.get(book=acme.test_book).public
    return [sent_of(each, made["secret"], public) for each in receiver.received]


def sent_of(came: Received, secret: str, public: str) -> Sent:
    """What came, with the keys that verify it."""
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    message, timestamp, signatures = (came.headers[name] for name in names)
    return Sent(message, timestamp, signatures, came.body, secret, public)
