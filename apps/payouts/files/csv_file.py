"""CSV as spreadsheets and people write it: its encoding and delimiter are found, its quotes must be right."""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper

from apps.payouts.files.cells import Cell, Code, Line, Problem
from apps.payouts.files.fields import SPELLINGS, simple
from apps.payouts.files.recognition import ACCEPTED
from apps.providers.formats.errors import FileFormatUnknown, FileMalformed, Place

DELIMITERS = ",;\t|"
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A CSV that can be gone through: `lines()` raises FileMalformed, with its row, where the quotes are wrong."""

    content: bytes
    encoding: str
    delimiter: str
    names_delimiter: bool

    @property
    def problems(self) -> list[Problem]:
        """That the encoding is a guess, if it is."""
        if self.encoding != "cp1252":
            return []
        return [
            Problem(
                Code.ENCODING_GUESSED,
                "",
                "The file is not UTF-8 and was read as Windows-1252; look at accents and umlauts, or save it as UTF-8.",
            )
        ]

    def lines(self) -> Iterator[Line]:
        """Its lines. Line breaks in quotes do not count, as in a spreadsheet; a first line `sep=;` does."""
        records = _records(self.content, self.encoding, self.delimiter)
        for number, record in enumerate(records, start=1):
            if number > 1 or not self.names_delimiter:
                yield Line(number, tuple(Cell(text) for text in record))


def csv_file(content: bytes) -> CsvFile:
    """The CSV in these bytes, or FileFormatUnknown: a text without columns, or in an encoding that is not read."""
    encoding = _encoding(content)
    first = _first_line(content, encoding)
    if first.lower().startswith("sep=") and first[4:5] and first[4] in DELIMITERS:
        return CsvFile(content, encoding, first[4], names_delimiter=True)
    return CsvFile(content, encoding, _delimiter(content, encoding), names_delimiter=False)


def _encoding(content: bytes) -> str:
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    candidates = ["utf-16"] if is_wide else ["utf-8-sig", "cp1252"]
    for encoding in candidates:
        if _is_in(content, encoding):
            return encoding
    raise FileFormatUnknown(
        f"The text is neither UTF-8, UTF-16 nor Windows-1252. Save it as UTF-8. {ACCEPTED}"
    )


def _is_in(content: bytes, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(content), _CHUNK):
            decoder.decode(content[start : start + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _text(content: bytes, encoding: str) -> TextIOWrapper:
    return TextIOWrapper(BytesIO(content), encoding=encoding, newline="")


def _first_line(content: bytes, encoding: str) -> str:
    return _text(content, encoding).readline(1_000).strip()


def _delimiter(content: bytes, encoding: str) -> str:
    """The one that makes the most known headings of the first line that is not empty, or else the most columns."""
    found = {each: _heading(content, encoding, each) for each in DELIMITERS}
    best = max(found, key=lambda each: (_known(found[each]), len(found[each])))
    if len(found[best]) < 2:
        raise FileFormatUnknown(f"It is a text without columns. Separate them by , ; | or tab. {ACCEPTED}")
    return best


def _heading(content: bytes, encoding: str, delimiter: str) -> list[str]:
    try:
        return next(
            (each for each in _records(content, encoding, delimiter) if any(map(str.strip, each))), []
        )
    except FileMalformed:
        return []


def _known(headings: list[str]) -> int:
    return sum(simple(heading) in SPELLINGS for heading in headings)


def _records(content: bytes, encoding: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(_text(content, encoding), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, record in enumerate(reader, start=1):  # noqa: B007  (the handler names the row after the last whole one)
            yield record
    except csv.Error as error:
        raise FileMalformed(
            f"Row {number + 1} cannot be read ({error}). See whether a quote is missing or doubled there.",
            place=Place(reader.line_num),
        ) from None
