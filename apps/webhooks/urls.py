"""Addresses and headers of endpoints as tenants give them, checked."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from apps.core.errors import DomainError
from apps.webhooks.addresses import Forbidden, vet
from apps.webhooks.errors import HeaderUnfit, UrlUnfit

LONGEST: Final = 500
MOST_HEADERS: Final = 20
LONGEST_HEADER: Final = 1_000
OURS: Final = frozenset(
    {
        *("accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type"),
        *("cookie", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"),
        *("user-agent", "via", "forwarded"),
    }
)
OUR_KINDS: Final = ("proxy-", "sec-", "webhook-", "x-forwarded-")

_TOKEN = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,60}")
_TEXT = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
_NAME = re.compile(r"(?=.{1,253}\.?$)[a-z0-9_][a-z0-9_-]{0,62}(\.[a-z0-9_][a-z0-9_-]{0,62})*\.?")
_ENDS_IN_NUMBER = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)\.?")
"""What clients read as an IPv4 address, whatever stands before: WHATWG's rule for URLs."""


def may_be_loopback(is_test: bool) -> bool:
    """Whether an endpoint may be on this machine: a test tenant's, where an installation allows it."""
    return is_test and settings.WEBHOOKS_LOOPBACK


def checked_url(url: str, *, loopback: bool) -> str:
    """The address, or UrlUnfit: https with a name or a public address; with `loopback` also http to this machine.

    What a name's address is, is looked at whenever something is sent.
    """
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise _unfit("it has characters that no address has; write international names as xn--…")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _unfit("it is no address") from None
    if not host or len(url) > LONGEST:
        raise _unfit("it has no host" if not host else f"it is longer than {LONGEST} characters")
    if parts.username is not None or parts.password is not None:
        raise _unfit("it has a user or a password in it; put that in a header")
    if "#" in url:
        raise _unfit("it has a fragment, which is never sent")
    if port == 0:
        raise _unfit("nothing listens on port 0")
    is_local = _is_vetted(host, loopback=loopback, is_literal="[" in parts.netloc)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
        raise _unfit("it does not begin with https://")
    return url


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with their names in small letters, or HeaderUnfit."""
    if len(headers) > MOST_HEADERS:
        raise HeaderUnfit(f"There are more than {MOST_HEADERS} headers.", field="/headers")
    found = {}
    for name, text in headers.items():
        small = name.lower()
        if not _TOKEN.fullmatch(small):
            raise HeaderUnfit(f"{name!r} is no name of a header.", field="/headers")
        if small in OURS or small.startswith(OUR_KINDS):
            raise HeaderUnfit(f"{name} is set by us and cannot be chosen.", field="/headers")
        if len(text) > LONGEST_HEADER or not _TEXT.fullmatch(text):
            raise HeaderUnfit(
                f"{name} needs 1 to {LONGEST_HEADER} visible ASCII characters.", field="/headers"
            )
        if small in found:
            raise HeaderUnfit(f"{name} is there twice.", field="/headers")
        found[small] = text
    return found


def _is_vetted(host: str, *, loopback: bool, is_literal: bool) -> bool:
    """Whether the host is this machine; UrlUnfit if it is no name and no address that something is sent to."""
    if not is_literal and not _ENDS_IN_NUMBER.fullmatch(host):
        return _is_local_name(host, loopback=loopback)
    try:
        return vet(host, loopback=loopback).is_loopback
    except Forbidden as error:
        raise _unfit(str(error).rstrip(".")) from None


def _is_local_name(host: str, *, loopback: bool) -> bool:
    if not _NAME.fullmatch(host):
        raise _unfit(f"{host} is no name of a host")
    if f".{host.removesuffix('.')}".endswith(".localhost"):
        if loopback:
            return True
        raise _unfit("it is this machine")
    return False


def _unfit(why: str) -> DomainError:
    return UrlUnfit(f"Messages cannot be sent to this address: {why}.", field="/url")
