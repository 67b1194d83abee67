"""Signatures as Standard Webhooks has them: `v1` is HMAC-SHA256 with a shared secret, `v1a` ed25519.

Signed is `{id}.{timestamp}.{body}`. A secret is written `whsec_` and base64 of its bytes, a private key `whsk_` and base64 of seed and
public key, a public one `whpk_`. Source: the Standard Webhooks specification.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SECRET: Final = "whsec_"  # noqa: S105 (how a secret begins)
PRIVATE: Final = "whsk_"
PUBLIC: Final = "whpk_"
SECRET_BYTES: Final = 32
SEED_BYTES: Final = 32


def new_secret() -> str:
    """A secret for `v1`."""
    return SECRET + _base64(secrets.token_bytes(SECRET_BYTES))


def new_key() -> "Key":
    """A pair of keys for `v1a`."""
    return _key(Ed25519PrivateKey.generate())


@dataclass(frozen=True)
class Secret:
    """What signs `v1`."""

    text: str

    def sign(self, signed: bytes) -> str:
        """The signature of what `content` makes."""
        return "v1," + _base64(hmac.digest(self._bytes, signed, hashlib.sha256))

    @cached_property
    def _bytes(self) -> bytes:
        return base64.b64decode(self.text.removeprefix(SECRET))


@dataclass(frozen=True)
class Key:
    """What signs `v1a`."""

    text: str

    @property
    def public(self) -> str:
        """What verifies it."""
        return PUBLIC + _base64(_public_bytes(self._private))

    def sign(self, signed: bytes) -> str:
        """The signature of what `content` makes."""
        return "v1a," + _base64(self._private.sign(signed))

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        raw = base64.b64decode(self.text.removeprefix(PRIVATE))
        return Ed25519PrivateKey.from_private_bytes(raw[:SEED_BYTES])


def content(message_id: str, timestamp: int, body: bytes) -> bytes:
    """What is signed of a message."""
    return f"{message_id}.{timestamp}.".encode() + body


def signature(signed: bytes, signers: Iterable[Secret | Key]) -> str:
    """The header: one signature of each, with a space between them."""
    return " ".join(signer.sign(signed) for signer in signers)


def _key(private: Ed25519PrivateKey) -> Key:
    return Key(PRIVATE + _base64(private.private_bytes_raw() + _public_bytes(private)))


def _public_bytes(private: Ed25519PrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
