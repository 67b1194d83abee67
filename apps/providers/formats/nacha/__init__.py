"""NACHA files of the American ACH: read, written again to the byte, and what their codes and days mean."""

from apps.providers.formats.nacha.addenda import Change, Contested, Dishonored, Remittance, Return
from apps.providers.formats.nacha.days import effective_entry_date, same_day_window
from apps.providers.formats.nacha.reader import read
from apps.providers.formats.nacha.records import AchFile, Addendum, Batch, BatchHeader, Entry, FileHeader
from apps.providers.formats.nacha.returns import Meaning, ReturnCode, return_code
from apps.providers.formats.nacha.writer import trace_of, write

__all__ = [
    "AchFile",
    "Addendum",
    "Batch",
    "BatchHeader",
    "Change",
    "Contested",
    "Dishonored",
    "Entry",
    "FileHeader",
    "Meaning",
    "Remittance",
    "Return",
    "ReturnCode",
    "effective_entry_date",
    "read",
    "return_code",
    "same_day_window",
    "trace_of",
    "write",
]
