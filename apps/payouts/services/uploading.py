"""Batches from files: read, reported row by row, and mended in the draft that comes of it."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from apps.accounts.queries.wallets import holder
from apps.core.errors import DomainError
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.operations.services.beside import FileDamaged
from apps.payouts import files
from apps.payouts.files.mapping import spoken
from apps.payouts.models import Batch, BatchFile, FileMapping
from apps.payouts.services.drafting import add_maker, new_batch, told, told_row
from apps.payouts.services.rows import Entry, Problem, check


class ColumnsUnclear(DomainError):
    """What the file's headings are called does not tell the amount, or who is paid: say which column is which field."""

    code = "COLUMNS_UNCLEAR"
    http_status = 422


class FileUnfit(DomainError):
    """The file contradicts itself, so nothing of it is taken."""

    code = "FILE_UNFIT"
    http_status = 422


def plan_upload_batch(
    context: Context,
    *,
    tenant: str | None,
    name: str,
    wallet: str | None,
    reference: str,
    content: bytes,
    file_name: str,
    sha256: str,
    sheet: str,
    mapping: Mapping[str, str] | None,
) -> Plan:
    """Begin a batch of the rows of a CSV, XLSX or pain.001. Nothing is held, nothing is asked; wrong rows are to be mended."""
    found = hashlib.sha256(content).hexdigest()
    if sha256 and sha256.lower() != found:
        raise FileDamaged(f"The file arrived with the SHA-256 {found}: send it again.", field="/sha256")
    batch, book = new_batch(context, tenant, name, wallet, reference, files.Kind.CSV)
    read = _read(batch, content, file_name, sheet, mapping)
    batch.source = str(read.kind)
    add_maker(batch, context)
    rows = check(batch, book, [_entry(row) for row in read.rows])
    kept = BatchFile(
        batch=batch,
        book_id=book.pk,
        name=file_name,
        size=len(content),
        sha256=found,
        mapping=read.mapping,
        problems=[_told(each) for each in read.problems],
        content=b64encode(content).decode(),
        uploaded_at=context.now,
    )
    remembered, updates = _remembered(context, book.pk, read) if mapping else ([], [])
    result = {
        **told(batch),
        "file": {"name": file_name, "sha256": found, "kind": str(read.kind), "mapping": read.mapping},
        "payouts": len(rows),
        "problems": kept.problems,
        "rows": [told_row(each) for each in rows if each.problems],
    }
    event = EventDraft("payout_batch.created", batch.pk, told(batch), book_id=batch.book_id)
    return Plan(rows=[batch, kept, *rows, *remembered], updates=updates, result=result, events=[event])


def _read(
    batch: Batch, content: bytes, name: str, sheet: str, mapping: Mapping[str, str] | None
) -> files.Sheet:
    currency = holder(str(batch.wallet_id)).currency if batch.wallet_id else ""
    read = files.read(name, content, mapping, currency=currency, sheet=sheet)
    if not read.rows and mapping is None and (known := _known(batch.book_id, read.fingerprint)):
        read = files.read(name, content, known, currency=currency, sheet=sheet)
    if not read.rows:
        said = " ".join(each.message for each in read.problems)
        details: Any = {
            "headings": [spoken(each) for each in read.headings],
            "guessed": read.mapping,
            "fields": list(files.FIELDS),
        }
        raise ColumnsUnclear(
            f"{said} Give the mapping from heading to field.", field="/mapping", details=details
        )
    if wrong := [each for each in read.problems if not each.is_warning]:
        raise FileUnfit(" ".join(each.message for each in wrong), field="/content")
    return read


def _known(book_id: int, fingerprint: str) -> dict[str, str] | None:
    found = FileMapping.objects.filter(book_id=book_id, fingerprint=fingerprint).first()
    return found.mapping if found else None


def _remembered(context: Context, book_id: int, read: files.Sheet) -> tuple[list[FileMapping], list[Update]]:
    """What a person said of these headings, for the next file that has them."""
    if not read.fingerprint:
        return [], []
    known = FileMapping.objects.filter(book_id=book_id, fingerprint=read.fingerprint).first()
    if known is None:
        given = {"mapping": read.mapping, "changed_at": context.now}
        return [FileMapping(book_id=book_id, fingerprint=read.fingerprint, **given)], []
    known.mapping, known.changed_at = read.mapping, context.now
    return [], [Update(known, ("mapping", "changed_at"))]


def _entry(row: files.Row) -> Entry:
    """A row of a file as any other; warnings are told beside it, but that it is there twice, which is looked for once."""
    told_of = [each for each in row.problems if each.code is not files.Code.DUPLICATE_ROW]
    wrong = tuple(_told(each) for each in told_of if not each.is_warning)
    warning = " ".join(each.message for each in told_of if each.is_warning)
    asked = row.entry
    if asked is None:
        return Entry(row.number, row.values, problems=wrong, warning=warning)
    to = asked.destination
    return Entry(
        row.number,
        {**row.values, **({"details": to.details} if to else {})},
        amount=asked.amount,
        wallet=asked.wallet or None,
        recipient=asked.recipient or None,
        external_id=asked.recipient_external_id,
        name=asked.name,
        country=asked.country,
        details=to.details if to else None,
        reference=asked.reference,
        description=asked.description,
        problems=wrong,
        warning=warning,
    )


def _told(problem: Any) -> Problem:
    return {"code": str(problem.code), "field": problem.field, "message": problem.message}
