"""Encryption of single texts at rest, with keys that can be rotated."""

from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from apps.core.errors import DomainError


class DecryptionFailed(DomainError):
    """No configured key opens the text."""

    code = "DECRYPTION_FAILED"
    http_status = 500


def encrypt(text: str) -> str:
    """The text as a token that only `decrypt` reads, made with the first key; never twice the same."""
    return _cipher().encrypt(text.encode()).decode("ascii")


def decrypt(token: str) -> str:
    """The text of a token made with any of the configured keys, or DecryptionFailed."""
    try:
        return _cipher().decrypt(token).decode()
    except InvalidToken:
        raise DecryptionFailed(
            "None of the ENCRYPTION_KEYS opens this value: its key is missing from the list, or the value was"
            " changed. Put the key it was written with back into ENCRYPTION_KEYS."
        ) from None


def _cipher() -> MultiFernet:
    return _cipher_of(tuple(settings.ENCRYPTION_KEYS))


@lru_cache(maxsize=4)
def _cipher_of(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured("ENCRYPTION_KEYS is empty; put a key made by Fernet.generate_key() in it.")
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured("ENCRYPTION_KEYS has a malformed key: " + str(error)) from error
