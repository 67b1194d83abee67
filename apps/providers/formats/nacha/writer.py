"""Writes a NACHA file: every field where it belongs, every total counted, and the last block filled up."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from stdnum.us import rtn

from apps.core.money import Money
from apps.providers.formats.errors import PaymentUnwritable
from apps.providers.formats.nacha.records import (
    ADDENDUM,
    BATCH_CONTROL,
    BATCH_HEADER,
    BLOCK,
    ENTRY,
    FILE_CONTROL,
    FILE_HEADER,
    FILLER,
    WIDTH,
    AchFile,
    Batch,
    Entry,
    Layout,
    Totals,
)

_CREDITS_ONLY, _DEBITS_ONLY = 220, 225


def write(file: AchFile) -> bytes:
    """The file; PaymentUnwritable if something does not fit into its field, with a pointer to it."""
    lines = [*_lines(file)]
    fillers = -len(lines) % BLOCK if file.fillers is None else file.fillers
    text = file.line_end.join([*lines, *[FILLER] * fillers])
    return (text + (file.line_end if file.ends_with_line_end else "")).encode("ascii")


def trace_of(odfi: str, sequence: int) -> str:
    """The trace number of the so-many-th entry of a bank: its eight digits and seven more."""
    if len(odfi) != 8 or not odfi.isdecimal() or not 0 <= sequence < 10**7:
        raise PaymentUnwritable(f"{odfi} and {sequence} make no trace number of 8 and 7 digits.")
    return f"{odfi}{sequence:07}"


def _lines(file: AchFile) -> Iterator[str]:
    yield _line("1", FILE_HEADER, asdict(file.header), "/header")
    for index, batch in enumerate(file.batches):
        yield from _batch(batch, f"/batches/{index}")
    control = {"batches": len(file.batches), "blocks": file.blocks}
    yield _line("9", FILE_CONTROL, control | _of(file.totals), "")


def _batch(batch: Batch, at: str) -> Iterator[str]:
    header = asdict(batch.header)
    _check_service_class(batch, f"{at}/header/service_class")
    yield _line("5", BATCH_HEADER, header, f"{at}/header")
    for index, entry in enumerate(batch.entries):
        yield from _entry(entry, f"{at}/entries/{index}")
    company = header["company_id"] if batch.closing_company_id is None else batch.closing_company_id
    control = header | {"company_id": company, "authentication": batch.authentication}
    yield _line("8", BATCH_CONTROL, control | _of(batch.totals), at)


def _entry(entry: Entry, at: str) -> Iterator[str]:
    _check_entry(entry, at)
    fields = {name: getattr(entry, name) for name in ENTRY if name not in {"amount", "has_addenda"}}
    yield _line(
        "6", ENTRY, fields | {"amount": entry.amount.minor, "has_addenda": int(bool(entry.addenda))}, at
    )
    for index, addendum in enumerate(entry.addenda):
        yield _line("7", ADDENDUM, asdict(addendum), f"{at}/addenda/{index}")


def _check_entry(entry: Entry, at: str) -> None:
    if len(entry.code) != 2 or not entry.code.isdecimal() or entry.code[0] not in "2345":
        raise PaymentUnwritable(f"{entry.code} is no transaction code.", field=f"{at}/code")
    if len(entry.routing) != 9 or not rtn.is_valid(entry.routing):
        raise PaymentUnwritable(
            f"{entry.routing} is no routing number: its check digit is wrong.", field=f"{at}/routing"
        )
    if len(entry.trace) != 15 or not entry.trace.isdecimal():
        raise PaymentUnwritable(f"The trace number {entry.trace} is not of 15 digits.", field=f"{at}/trace")
    if entry.amount.currency != "USD" or entry.amount < Money.zero("USD"):
        raise PaymentUnwritable(f"ACH carries US dollars, not {entry.amount}.", field=f"{at}/amount")
    if not entry.account.strip():
        raise PaymentUnwritable("There is no account number.", field=f"{at}/account")


def _check_service_class(batch: Batch, at: str) -> None:
    ways = {each.is_debit for each in batch.entries}
    wrong = {_CREDITS_ONLY: True, _DEBITS_ONLY: False}.get(batch.header.service_class)
    if wrong in ways:
        kind = "debits" if wrong else "credits"
        raise PaymentUnwritable(f"A batch {batch.header.service_class} holds no {kind}.", field=at)


def _of(totals: Totals) -> dict[str, int]:
    return {"count": totals.count, "hash": totals.hash, "debits": totals.debits, "credits": totals.credits}


def _line(kind: str, layout: Layout, values: Mapping[str, str | int], at: str) -> str:
    line = kind.ljust(WIDTH)
    for name, field in layout.items():
        value = values[name]
        text = str(value).zfill(field.width) if field.is_number else str(value).ljust(field.width)
        if len(text) != field.width:
            raise PaymentUnwritable(
                f"{value!r} is longer than the {field.width} characters of {name}.", field=f"{at}/{name}"
            )
        if not text.isascii() or not text.isprintable() or (field.is_number and not text.isdecimal()):
            raise PaymentUnwritable(
                f"{value!r} has characters that ACH does not carry.", field=f"{at}/{name}"
            )
        line = line[: field.first - 1] + text + line[field.last :]
    return line
