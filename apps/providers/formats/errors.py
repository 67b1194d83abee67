"""Why a file is not read, or a payment not written: stable codes, and the place."""

from dataclasses import dataclass

from apps.core.errors import DomainError


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file: the line, counted from 1, and the element or field."""

    line: int = 0
    path: str = ""

    def __str__(self) -> str:
        return ", ".join(part for part in (f"line {self.line}" if self.line else "", self.path) if part)


class FileError(DomainError):
    """A file that is not read. `place` says where it is wrong, and so do the message and `details`."""

    def __init__(self, message: str, *, place: Place | None = None) -> None:
        where = place or Place()
        super().__init__(
            f"{where}: {message}" if str(where) else message, details={"line": where.line, "path": where.path}
        )
        self.place = where


class FileFormatUnknown(FileError):
    """The file is of another format, or of a kind of it that is not read."""

    code = "FILE_FORMAT_UNKNOWN"


class FileUnsafe(FileError):
    """The file has a DOCTYPE: files of banks have none, and entities are how XML is abused."""

    code = "FILE_UNSAFE"


class FileMalformed(FileError):
    """The file is cut, damaged, or lacks what it must have."""

    code = "FILE_MALFORMED"


class FileTotalsWrong(FileError):
    """The file's totals are not those of what is in it."""

    code = "FILE_TOTALS_WRONG"


class PaymentUnwritable(DomainError):
    """The format cannot say this payment; `field` points to what is in the way."""

    code = "PAYMENT_UNWRITABLE"
    http_status = 422


class CalendarUnknown(DomainError):
    """There is no calendar of business days of that name."""

    code = "CALENDAR_UNKNOWN"
