"""What a file is, by its content; its name only helps to say what it seems to be."""

from enum import StrEnum
from typing import BinaryIO

from apps.core.errors import DomainError
from apps.payouts.files.archive import Archive
from apps.providers.formats.errors import FileFormatUnknown, FileUnsafe

HEAD = 4096
ACCEPTED = "Send a CSV, an Excel workbook (.xlsx) or a pain.001."
_CHUNK = 65_536
_SIGNATURES = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"\x1f\x8b", "a compressed file (gzip)"),
    (b"7z\xbc\xaf", "a compressed file (7z)"),
    (b"Rar!", "a compressed file (RAR)"),
    (
        b"\xd0\xcf\x11\xe0",
        "an old Excel file (.xls), or a workbook with a password. Save it as .xlsx without a password",
    ),
)


class FileTooLarge(DomainError):
    """The file has more bytes than are read."""

    code = "FILE_TOO_LARGE"
    http_status = 413


class SheetTooLarge(DomainError):
    """The file has more rows or columns than are read."""

    code = "SHEET_TOO_LARGE"
    http_status = 413


class Kind(StrEnum):
    """The formats that are read."""

    CSV = "csv"
    XLSX = "xlsx"
    PAIN001 = "pain001"


def content_of(file: BinaryIO | bytes, most_bytes: int) -> bytes:
    """All of a file, or FileTooLarge; never more than one chunk past the limit is read."""
    if isinstance(file, bytes):
        if len(file) > most_bytes:
            raise _too_large(most_bytes)
        return file
    content = bytearray()
    while chunk := file.read(min(_CHUNK, most_bytes + 1 - len(content))):
        content += chunk
        if len(content) > most_bytes:
            raise _too_large(most_bytes)
    return bytes(content)


def kind_of(name: str, content: bytes) -> Kind:
    """The format of a content; FileFormatUnknown says what it looks like, FileUnsafe what nobody should open."""
    if not content.strip():
        raise FileFormatUnknown(f"The file is empty. {ACCEPTED}")
    for signature, what in _SIGNATURES:
        if content.startswith(signature):
            raise _unknown(what)
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _of_archive(content)
    head = _text_of(content[:HEAD]).lstrip("\ufeff \t\r\n")
    if head.startswith("<"):
        return _of_markup(head)
    if head.startswith(("{", "[")):
        raise _unknown("JSON")
    if _is_binary(head):
        raise _unknown(f"a binary file, whatever its name {name[-40:]!r} says" if name else "a binary file")
    return Kind.CSV


def _of_archive(content: bytes) -> Kind:
    with Archive(content) as archive:
        names = archive.names
        if any(name.endswith("vbaProject.bin") for name in names):
            raise FileUnsafe("The workbook has macros in it (.xlsm). Save it as .xlsx, which has none.")
        if "xl/workbook.bin" in names:
            raise _unknown("a binary Excel workbook (.xlsb). Save it as .xlsx")
        if "content.xml" in names:
            raise _unknown("an OpenDocument file (.ods). Save it as .xlsx")
        if "word/document.xml" in names:
            raise _unknown("a Word document")
        if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
            raise _unknown("a zip archive without a workbook in it")
    return Kind.XLSX


def _of_markup(head: str) -> Kind:
    lower = head.lower()
    if "<!doctype html" in lower or "<html" in lower:
        raise _unknown("a web page (HTML)")
    if "<svg" in lower:
        raise _unknown("a picture (SVG)")
    return Kind.PAIN001


def _text_of(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[: len(head) // 2 * 2].decode("utf-16", errors="replace")
    return (
        head.decode("utf-8", errors="replace") if head.startswith(b"\xef\xbb\xbf") else head.decode("latin-1")
    )


def _is_binary(head: str) -> bool:
    """More than one character in fifty, and than ten, that no text has; fewer are told with their rows."""
    strange = sum(1 for each in head if (each < " " and each not in "\t\r\n") or "\ud800" <= each <= "\udfff")
    return strange * 50 > max(len(head), 500)


def _unknown(what: str) -> FileFormatUnknown:
    return FileFormatUnknown(f"It looks like {what}. {ACCEPTED}")


def _too_large(most_bytes: int) -> FileTooLarge:
    return FileTooLarge(
        f"The file has more than {most_bytes:,} bytes; split it into several.",
        details={"most_bytes": most_bytes},
    )
