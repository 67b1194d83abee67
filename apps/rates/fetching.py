"""Getting a file of rates: from a folder, or from an address."""

import urllib.request
from http.client import HTTPException
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

from apps.rates.ecb import LARGEST, FileInvalid
from apps.rates.errors import FileUnreadable, SourceUnreachable

TIMEOUT, PATIENCE = 20, 60
"""Seconds without a byte, and until all of it is there."""

ENDINGS = {".zip", ".csv", ".xml"}
_PART = 65_536


def files_in(place: Path) -> list[Path]:
    """The file itself, or every file of rates in a folder by name; never none."""
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise FileUnreadable(f"There is no file or folder {place}.")
    found = sorted(each for each in place.iterdir() if each.suffix.lower() in ENDINGS and each.is_file())
    if not found:
        raise FileUnreadable(f"{place} holds no file of rates: no {', '.join(sorted(ENDINGS))}.")
    return found


def read(path: Path) -> bytes:
    """The content of a file, which is not too large to be one of rates."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}.") from None
    return _bounded(content, str(path))


class StaysSafe(urllib.request.HTTPRedirectHandler):
    """Follows where an address leads, but never from https to what anybody on the way can change."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """The request of the address that it leads to; HTTPError if that is less safe."""
        if urlsplit(req.full_url).scheme == "https" and urlsplit(newurl).scheme != "https":
            raise HTTPError(req.full_url, code, f"It leads from https to {newurl}", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_opener = urllib.request.build_opener(StaysSafe)


def fetch(address: str) -> bytes:
    """What an http or https address answers with, if it is a file and comes in time."""
    if urlsplit(address).scheme not in {"http", "https"}:
        raise SourceUnreachable(f"{address} is no address that begins with https://.")
    request = urllib.request.Request(address, headers={"User-Agent": "Countinghouse"})  # noqa: S310
    content, end = bytearray(), monotonic() + PATIENCE
    try:
        with _opener.open(request, timeout=TIMEOUT) as answer:
            while len(content) <= LARGEST and (part := answer.read1(_PART)):
                content += part
                if monotonic() > end:
                    raise SourceUnreachable(f"{address} takes longer than {PATIENCE} seconds.")
            if answer.length and len(content) <= LARGEST:
                raise SourceUnreachable(f"{address} ends {answer.length} bytes too early.")
    except (OSError, HTTPException, ValueError) as error:
        raise SourceUnreachable(f"{address} does not give the rates: {error}.") from None
    return _bounded(bytes(content), address)


def _bounded(content: bytes, place: str) -> bytes:
    if len(content) > LARGEST:
        raise FileInvalid(f"{place} has more than {LARGEST} bytes, which no file of rates has")
    return content
