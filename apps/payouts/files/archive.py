"""A zip that a stranger sent, looked at before anything unpacks or parses it.

Sizes are what its directory declares; zipfile never unpacks more of a member than that. Every XML in it is then walked
once in flat memory: a DOCTYPE is refused, as in all XML here, and so are more elements than any sheet of ours has.
"""

from io import BytesIO
from struct import error as StructError
from types import TracebackType
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo
from zlib import error as ZlibError

from lxml import etree

from apps.providers.formats.errors import FileMalformed, FileUnsafe

MOST_MEMBERS = 1_000
MOST_UNPACKED = 100_000_000
MOST_RATIO = 200
MOST_ELEMENTS = 3_000_000
_SMALL = 1_000_000
_CHUNK = 65_536
_DAMAGE = (BadZipFile, EOFError, OSError, RuntimeError, ValueError, StructError, ZlibError)
"""What zipfile raises for a zip that is none; NotImplementedError is a RuntimeError."""


class Archive:
    """A zip whose directory is harmless; FileUnsafe or FileMalformed."""

    def __init__(self, content: bytes) -> None:
        try:
            self._zip = ZipFile(BytesIO(content))
        except _DAMAGE:
            raise FileMalformed("The workbook is damaged: it is no whole zip. Save it once more.") from None
        self._members = self._zip.infolist()
        _check_sizes(self._members)

    @property
    def names(self) -> set[str]:
        """The names of its members."""
        return {member.filename for member in self._members}

    def check_markup(self) -> None:
        """FileUnsafe for a DOCTYPE or too many elements, FileMalformed for what cannot be unpacked or read."""
        count = 0
        for member in self._members:
            if not member.filename.endswith((".xml", ".rels")):
                continue
            try:
                count += self._elements(member)
            except _DAMAGE:
                raise FileMalformed(f"{member.filename[:80]} in the workbook cannot be unpacked.") from None
            except etree.XMLSyntaxError:
                raise FileMalformed(f"{member.filename[:80]} in the workbook is no XML.") from None
            if count > MOST_ELEMENTS:
                raise _too_many_elements()

    def _elements(self, member: ZipInfo) -> int:
        walk = _Walk(member.filename)
        parser = etree.XMLParser(
            target=walk, resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
        )
        with self._zip.open(member) as file:
            while chunk := file.read(_CHUNK):
                parser.feed(chunk)
        parser.close()
        return walk.elements

    def __enter__(self) -> "Archive":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()


class _Walk:
    """What lxml tells of an XML while it reads it; nothing of it is kept."""

    def __init__(self, name: str) -> None:
        self.elements = 0
        self._name = name

    def doctype(self, name: str, public: str, system: str) -> None:
        raise FileUnsafe(f"{self._name[:80]} in the workbook has a DOCTYPE; save the workbook anew.")

    def start(self, tag: str, attributes: Any) -> None:
        self.elements += 1
        if self.elements > MOST_ELEMENTS:
            raise _too_many_elements()

    def close(self) -> None:
        """Nothing was built."""


def _check_sizes(members: list[ZipInfo]) -> None:
    if len(members) > MOST_MEMBERS:
        raise FileUnsafe(
            f"The zip has {len(members):,} files in it; a workbook has at most {MOST_MEMBERS:,}."
        )
    if any(member.flag_bits & 1 for member in members):
        raise FileUnsafe("The zip is encrypted. Save the workbook without a password.")
    if any(member.compress_type not in {ZIP_STORED, ZIP_DEFLATED} for member in members):
        raise FileUnsafe("The zip is packed as no workbook is. Save it once more.")
    unpacked = sum(member.file_size for member in members)
    if unpacked > MOST_UNPACKED:
        raise FileUnsafe(
            f"Unpacked it would have {unpacked:,} bytes, and at most {MOST_UNPACKED:,} are read."
            " Delete empty formatted rows, other sheets and pictures."
        )
    for member in members:
        if member.file_size > max(_SMALL, member.compress_size * MOST_RATIO):
            raise FileUnsafe(
                f"{member.filename[:80]} in the zip unpacks to more than {MOST_RATIO} times its size. Delete empty"
                " formatted rows, or send a CSV."
            )


def _too_many_elements() -> FileUnsafe:
    return FileUnsafe(
        f"The workbook has more than {MOST_ELEMENTS:,} elements. Delete empty formatted rows and other sheets."
    )
