"""Signatures are those of Standard Webhooks, as others compute and check them."""

import base64
import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from apps.webhooks.signing import PUBLIC, Key, Secret, content, new_key, new_secret, signature

VECTORS = Path(__file__).parents[3] / "shared" / "data" / "webhooks" / "vectors.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_text())["standard_webhooks"] if VECTORS.exists() else []


@pytest.mark.skipif(not CASES, reason="the vectors are not there")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_vectors_hold(case: dict[str, Any]) -> None:
    signer = Key(case["secret"]) if case.get("alg") == "ed25519" else Secret(case["secret"])
    assert signer.sign(content(case["id"], case["ts"], case["body"].encode())) == case["sig"]
    if isinstance(signer, Key):
        assert signer.public == case["public"]


@given(text=st.text(), pairs=st.integers(1, 3))
def test_each_secret_verifies_beside_others_and_a_key(text: str, pairs: int) -> None:
    secrets, body = [new_secret() for _ in range(pairs)], json.dumps(text)
    now = int(datetime.now(UTC).timestamp())
    signed = content("msg_1", now, body.encode())
    header = signature(signed, [new_key(), *(Secret(each) for each in secrets)])
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(now), "webhook-signature": header}
    for each in secrets:
        assert Webhook(each).verify(body, headers) == text
        with pytest.raises(WebhookVerificationError):
            Webhook(each).verify(body + " ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers)


NODE = shutil.which("node")

VERIFY = """
const crypto = require('node:crypto');
const {publicKey, id, timestamp, body, header} = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const raw = Buffer.from(publicKey.slice('whpk_'.length), 'base64');
const key = crypto.createPublicKey({key: {kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url')}, format: 'jwk'});
const signed = Buffer.from(`${id}.${timestamp}.${body}`);
const given = header.split(' ').filter((each) => each.startsWith('v1a,')).map((each) => Buffer.from(each.slice(4), 'base64'));
process.exit(given.some((each) => crypto.verify(null, signed, key, each)) ? 0 : 1);
"""


@pytest.mark.skipif(NODE is None, reason="there is no Node.js")
@pytest.mark.parametrize("tampered", [False, True])
def test_node_verifies_a_key_s_signature(tampered: bool) -> None:
    key, body = new_key(), '{"a":"ü"}'
    header = signature(content("msg_1", 7, body.encode()), [Secret(new_secret()), key])
    told = {
        "publicKey": key.public,
        "id": "msg_1",
        "timestamp": 8 if tampered else 7,
        "body": body,
        "header": header,
    }
    ran = subprocess.run([str(NODE), "-e", VERIFY], input=json.dumps(told), text=True, check=False)
    assert ran.returncode == int(tampered)


def test_secrets_and_keys_are_long_and_never_the_same() -> None:
    assert len(base64.b64decode(new_secret().removeprefix("whsec_"))) == 32
    assert new_secret() != new_secret()
    assert new_key().public != new_key().public
    assert len(base64.b64decode(new_key().public.removeprefix(PUBLIC))) == 32
