"""Verifies a webhook of Countinghouse. `v1` needs Python 3.10 or later, `v1a` the package `cryptography`, too.

As a program: WEBHOOK_KEYS="whsec_… whpk_…" python3 verify.py ID TIMESTAMP SIGNATURES < body
"""

import base64
import hmac
import os
import sys
import time
from collections.abc import Mapping, Sequence

TOLERANCE_SECONDS = 5 * 60


class Unverified(Exception):
    """The message is not ours, was changed on its way, or is an old one sent again."""


def verify(keys: Sequence[str], headers: Mapping[str, str], body: bytes, now: float | None = None) -> None:
    """Returns if one of the keys made one of the signatures. `body` is the bytes that came, not yet parsed."""
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    message, timestamp, signatures = (headers.get(name, "") for name in names)
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise Unverified("There is no timestamp.")
    if abs((time.time() if now is None else now) - int(timestamp)) > TOLERANCE_SECONDS:
        raise Unverified("The timestamp is too far from now.")
    signed = f"{message}.{timestamp}.".encode() + body
    if not any(_made_by(key, each, signed) for key in keys for each in signatures.split(" ")):
        raise Unverified("No signature is of a known key.")


def _made_by(key: str, signature: str, signed: bytes) -> bool:
    version, _, text = signature.partition(",")
    try:
        given = base64.b64decode(text, validate=True)
    except ValueError:
        return False
    if version == "v1" and key.startswith("whsec_"):
        secret = base64.b64decode(key[len("whsec_") :])
        return hmac.compare_digest(hmac.digest(secret, signed, "sha256"), given)
    if version == "v1a" and key.startswith("whpk_"):
        return _is_of(base64.b64decode(key[len("whpk_") :]), given, signed)
    return False


def _is_of(public: bytes, signature: bytes, signed: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    except InvalidSignature:
        return False
    return True


if __name__ == "__main__":
    given = dict(zip(("webhook-id", "webhook-timestamp", "webhook-signature"), sys.argv[1:], strict=True))
    try:
        verify(os.environ["WEBHOOK_KEYS"].split(), given, sys.stdin.buffer.read())
    except Unverified as error:
        sys.exit(str(error))
    print("It is genuine.")
