"""What is really sent verifies with the packages that others wrote for Standard Webhooks."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from apps.webhooks.signing import new_secret
from script.bootstrap.node import FOLDER_VARIABLE, LOCK
from tests.support.door import done
from tests.support.hooked import Received, Receiver
from tests.support.tenants import World
from tests.support.webhooks import deliver, endpoint, happens

PROGRAM = Path(__file__).parents[1] / "node" / "verify.cjs"
PACKAGES = os.environ.get(FOLDER_VARIABLE)


@pytest.mark.usefixtures("ledger_db")
@pytest.mark.skipif(PACKAGES is None or shutil.which("node") is None, reason="script/test found no npm")
def test_npm_s_package_verifies_what_was_sent_and_nothing_else(acme: World, receiver: Receiver) -> None:
    made = endpoint(acme, receiver.url, types=["wallet.created"])
    happens(acme, name="Zoë 漢字 🏦")
    deliver()
    again = done("webhooks.rotate_secret", actor=acme.test_key, endpoint=made["endpoint"], overlap_hours=1)
    happens(acme)
    deliver()
    first, second = receiver.received
    assert [len(each.headers["webhook-signature"].split()) for each in (first, second)] == [2, 3]
    good = [(made["secret"], first), (made["secret"], second), (again["secret"], second)]
    bad = [(again["secret"], first), (new_secret(), second), (made["secret"], with_body(first, second.body))]
    found = said_by_npm([*good, *bad])
    assert found[: len(good)] == [None] * len(good)
    assert found[len(good) :] == ["No matching signature found"] * len(bad)
    for secret, came in good:
        Webhook(secret).verify(came.body, came.headers)


def test_the_lock_names_hashes_and_no_registry() -> None:
    packages = json.loads(LOCK.read_text())["packages"]
    own = packages.pop("")
    assert "standardwebhooks" in own["devDependencies"]
    assert all(each["integrity"].startswith("sha512-") for each in packages.values())
    assert "resolved" not in LOCK.read_text()
    assert "://" not in LOCK.read_text()


def with_body(came: Received, body: bytes) -> Received:
    """The message with another's body."""
    return Received(came.path, came.headers, body, came.connection)


def said_by_npm(cases: list[tuple[str, Received]]) -> list[str | None]:
    """Why each is not genuine, or None."""
    asked = [
        {"secret": secret, "headers": came.headers, "body": came.body.decode()} for secret, came in cases
    ]
    ran = subprocess.run(
        ["node", str(PROGRAM)],
        input=json.dumps(asked),
        env={**os.environ, "NODE_PATH": str(PACKAGES)},
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[str | None] = json.loads(ran.stdout)
    return found
