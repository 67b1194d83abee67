"""Proof that a message is from who has our secret: `t=<seconds>,v1=<HMAC-SHA256 of "{t}.{body}">` in a header."""

import hashlib
import hmac
import re
from datetime import datetime
from typing import Final

from apps.providers.protocol import Envelope

HEADER: Final = "sandbox-signature"

TOLERANCE_SECONDS: Final = 300
"""How old a signature may be."""

_SIGNATURE = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


def is_signed(envelope: Envelope, secret: str, *, now: datetime, header: str = HEADER) -> bool:
    """Whether the signature is made with the secret, over this body, and not old; never without a secret."""
    found = _SIGNATURE.fullmatch(envelope.headers.get(header, ""))
    if not found or not secret:
        return False
    age = abs(int(now.timestamp()) - int(found[1]))
    signed = found[1].encode() + b"." + envelope.body
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return age <= TOLERANCE_SECONDS and hmac.compare_digest(expected, found[2])
