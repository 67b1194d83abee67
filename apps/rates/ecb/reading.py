"""From the bytes of a file to its days, in flat memory: an archive, a table or an envelope, told by how it begins."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import IO

from apps.rates.ecb import csv_file, xml_file
from apps.rates.ecb.shape import DayOfRates, FileInvalid, checked

BASE = "EUR"
LARGEST = 16_000_000
"""Bytes of a file as it is received."""

LARGEST_UNPACKED = 64_000_000
_PACKED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    LookupError,
    ValueError,
    RuntimeError,
)
"""What zipfile raises, depending on which of its bytes is wrong."""

_MARK = b"\xef\xbb\xbf"


class _Bounded(io.RawIOBase):
    """A file that refuses to be read beyond so many bytes, whatever it says of its size."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file, self._left = file, most

    def readable(self) -> bool:
        """It is read, and nothing else."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """The next bytes."""
        found = self._file.read(len(buffer))
        self._left -= len(found)
        if self._left < 0:
            raise FileInvalid(f"It holds more than {LARGEST_UNPACKED} bytes when it is unpacked")
        buffer[: len(found)] = found
        return len(found)


def days_of(content: bytes, *, today: date) -> Iterator[DayOfRates]:
    """Every day of a file; FileInvalid as soon as something in it is wrong."""
    with _opened(content) as file:
        head = file.peek(64)[:64].removeprefix(_MARK).lstrip()
        days = xml_file.days_in(file) if head.startswith(b"<") else csv_file.days_in(file)
        yield from checked(days, today)


@contextmanager
def _opened(content: bytes) -> Iterator[io.BufferedReader]:
    if len(content) > LARGEST:
        raise FileInvalid(f"It has {len(content)} bytes; no file of rates has more than {LARGEST}")
    if not content.startswith(b"PK"):
        yield io.BufferedReader(_Bounded(io.BytesIO(content), LARGEST_UNPACKED))
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(_member(archive)) as member:
            yield io.BufferedReader(_Bounded(member, LARGEST_UNPACKED))
    except _DAMAGED as error:
        raise FileInvalid(f"The archive is damaged: {error}") from None


def _member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [each for each in archive.infolist() if not each.filename.endswith("/")]
    if len(members) != 1:
        raise FileInvalid(f"The archive holds {len(members)} files; the ECB's hold one")
    [member] = members
    if member.flag_bits & 0x1:
        raise FileInvalid("The archive is encrypted")
    if member.compress_type not in _PACKED:
        raise FileInvalid("The archive is packed in a way that the ECB does not use")
    if member.file_size > LARGEST_UNPACKED:
        raise FileInvalid(f"It holds more than {LARGEST_UNPACKED} bytes when it is unpacked")
    return member
