"""Reads a NACHA file, and believes none of its totals before it has counted."""

from collections.abc import Iterator
from typing import BinaryIO

from stdnum.us import rtn

from apps.core.money import Money
from apps.providers.formats.errors import FileFormatUnknown, FileMalformed, FileTotalsWrong, Place
from apps.providers.formats.nacha.records import (
    ADDENDUM,
    BATCH_CONTROL,
    BATCH_HEADER,
    ENTRY,
    FILE_CONTROL,
    FILE_HEADER,
    FILLER,
    WIDTH,
    AchFile,
    Addendum,
    Batch,
    BatchHeader,
    Entry,
    FileHeader,
    Layout,
    Totals,
)

_OTHER_SHAPES = {"IAT": "international", "ADV": "accounting advice"}
_HEADER, _BATCH, _ENTRY, _ADDENDUM, _BATCH_END, _FILE_END = "156789"


def read(file: BinaryIO) -> AchFile:
    """The file; raises FileError at the line that is wrong: each total is compared with what is there."""
    content = file.read()
    lines = _Lines(content)
    if lines.kind != _HEADER:
        raise FileFormatUnknown("It is no NACHA file, which begins with 101.", place=Place(1))
    header = _file_header(lines)
    batches = []
    while lines.kind == _BATCH:
        batches.append(_batch(lines))
    found = AchFile(
        header=header,
        batches=tuple(batches),
        line_end=lines.end,
        ends_with_line_end=bool(lines.end) and content.rstrip(b" \x1a").endswith(b"\n"),
    )
    _check_end(lines, found)
    fillers = lines.fillers()
    expected = -found.records % 10
    return found if fillers == expected else _with_fillers(found, fillers)


class _Lines:
    """The lines of a file, one at hand; each is 94 characters, though what ended in blanks may have lost them."""

    def __init__(self, content: bytes) -> None:
        self.end = "\r\n" if b"\r\n" in content else "\n" if b"\n" in content else ""
        self._lines = list(_split(content))
        self.at = 0

    @property
    def line(self) -> str:
        """The line at hand, empty after the last one."""
        return self._lines[self.at] if self.at < len(self._lines) else ""

    @property
    def kind(self) -> str:
        """What the line at hand is."""
        return self.line[:1]

    def place(self, field: str = "") -> Place:
        """Where that is."""
        return Place(min(self.at, len(self._lines) - 1) + 1, field)

    def take(self, kind: str, name: str, layout: Layout) -> dict[str, str]:
        """The fields of the line at hand, which must be of a kind; texts keep the blanks before them."""
        if self.kind != kind or self.line == FILLER:
            found = f"{self.line[:20]!r}" if self.line else "the end of the file"
            raise FileMalformed(f"A {name} ({kind}) is expected, and there is {found}.", place=self.place())
        line = self.line
        fields: dict[str, str] = {}
        for field, where in layout.items():
            text = line[where.first - 1 : where.last]
            if where.is_number and not text.isdecimal():
                at = f"{name}, {field}, positions {where.first}-{where.last}"
                raise FileMalformed(f"{text!r} is no number.", place=self.place(at))
            fields[field] = text.rstrip()
        self.at += 1
        return fields

    def fillers(self) -> int:
        """How many lines of nines are left; anything else there is refused."""
        rest = self._lines[self.at :]
        for each in rest:
            if each != FILLER:
                raise FileMalformed(
                    "After the file control there are lines of nines only.", place=self.place()
                )
            self.at += 1
        return len(rest)


def _split(content: bytes) -> Iterator[str]:
    try:
        text = content.decode("ascii").rstrip(" \r\n\x1a")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileMalformed("There is a byte that is not ASCII.", place=Place(line)) from None
    if "\n" not in text:
        records = [text[start : start + WIDTH] for start in range(0, len(text), WIDTH)]
    else:
        records = [line.rstrip("\r").rstrip(" ") for line in text.split("\n")]
    for number, record in enumerate(records, start=1):
        if not record.strip() or len(record) > WIDTH or not record.isprintable():
            raise FileMalformed(
                f"A line has {WIDTH} characters, and this one has {len(record)}, or some that do not print.",
                place=Place(number),
            )
        yield record.ljust(WIDTH)


def _file_header(lines: _Lines) -> FileHeader:
    header = FileHeader(**lines.take(_HEADER, "file header", FILE_HEADER))
    if (header.record_size, header.blocking, header.format) != ("094", "10", "1"):
        raise FileFormatUnknown(
            "Positions 35-40 of a NACHA file are 094101: records of 94, blocks of 10, format 1.",
            place=Place(1, "file header"),
        )
    return header


def _batch(lines: _Lines) -> Batch:
    fields = lines.take(_BATCH, "batch header", BATCH_HEADER)
    if shape := _OTHER_SHAPES.get(fields["sec"]):
        raise FileFormatUnknown(
            f"{fields['sec']} batches ({shape}) have another shape, which is not read.",
            place=Place(lines.at, "batch header, sec, positions 51-53"),
        )
    numbers = {"service_class": int(fields["service_class"]), "number": int(fields["number"])}
    header = BatchHeader(**{**fields, **numbers})  # type: ignore[arg-type]
    entries = []
    while lines.kind == _ENTRY:
        entries.append(_entry(lines))
    at = lines.place("batch control")
    control = lines.take(_BATCH_END, "batch control", BATCH_CONTROL)
    batch = Batch(
        header=header,
        entries=tuple(entries),
        authentication=control["authentication"],
        closing_company_id=None if control["company_id"] == header.company_id else control["company_id"],
    )
    _check_batch(batch, control, at)
    return batch


def _entry(lines: _Lines) -> Entry:
    place = lines.place("entry")
    fields = lines.take(_ENTRY, "entry", ENTRY)
    if fields["code"][:1] not in "2345" or not fields["code"].isdecimal() or len(fields["code"]) != 2:
        raise FileMalformed(f"{fields['code']!r} is no transaction code.", place=place)
    if not rtn.is_valid(fields["routing"]):
        raise FileMalformed(
            f"{fields['routing']!r} is no routing number: its check digit is wrong.", place=place
        )
    if not fields["trace"].isdecimal() or len(fields["trace"]) != 15:
        raise FileMalformed(f"The trace number {fields['trace']!r} is not of 15 digits.", place=place)
    addenda = []
    while lines.kind == _ADDENDUM:
        addenda.append(Addendum(**lines.take(_ADDENDUM, "addendum", ADDENDUM)))
    if fields.pop("has_addenda") != ("1" if addenda else "0"):
        raise FileTotalsWrong(
            f"The addenda indicator, position 79, does not fit the {len(addenda)} addenda that follow.",
            place=place,
        )
    amount = Money(int(fields.pop("amount")), "USD")
    return Entry(**fields, amount=amount, addenda=tuple(addenda))


def _check_batch(batch: Batch, control: dict[str, str], at: Place) -> None:
    _compare(batch.totals, control, at)
    header = batch.header
    for name, of_header in (
        ("service_class", str(header.service_class).zfill(3)),
        ("odfi", header.odfi),
        ("number", str(header.number).zfill(7)),
        ("company_id", header.company_id.strip()),
    ):
        if control[name].strip() != of_header:
            raise FileTotalsWrong(
                f"{name} is {control[name].strip()!r}, and {of_header!r} in the header of the batch.",
                place=at,
            )


def _check_end(lines: _Lines, found: AchFile) -> None:
    at = lines.place("file control")
    control = lines.take(_FILE_END, "file control", FILE_CONTROL)
    _compare(found.totals, control, at)
    _same("batches", int(control["batches"]), len(found.batches), at)
    _same("blocks", int(control["blocks"]), found.blocks, at)


def _compare(totals: Totals, control: dict[str, str], at: Place) -> None:
    _same("entries and addenda", int(control["count"]), totals.count, at)
    _same("entry hash", int(control["hash"]), totals.hash, at)
    _same("debits in cents", int(control["debits"]), totals.debits, at)
    _same("credits in cents", int(control["credits"]), totals.credits, at)


def _same(what: str, said: int, counted: int, at: Place) -> None:
    if said != counted:
        raise FileTotalsWrong(f"It says {said} {what}, and there are {counted}.", place=at)


def _with_fillers(found: AchFile, fillers: int) -> AchFile:
    return AchFile(
        header=found.header,
        batches=found.batches,
        line_end=found.line_end,
        ends_with_line_end=found.ends_with_line_end,
        fillers=fillers,
    )
