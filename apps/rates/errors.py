"""How loading rates refuses, beside what is wrong in a file."""

from apps.core.errors import DomainError


class FileUnknown(DomainError):
    """No file of this hash was received."""

    code = "RATES_FILE_UNKNOWN"
    http_status = 404


class FileUnreadable(DomainError):
    """The file is not there, or cannot be read."""

    code = "RATES_FILE_UNREADABLE"


class SourceUnreachable(DomainError):
    """The address of the rates does not answer with a file at this time."""

    code = "RATES_SOURCE_UNREACHABLE"
    transient = True
    http_status = 503
