"""Journal entries by position, one with all that belongs to it, and all of them as a stream."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from apps.ledger.models import JournalEntry, Line, Seal

PAGE = 50
STREAMED = 2_000


@dataclass(frozen=True, slots=True)
class EntriesPage:
    """Seals with their entries, newest first; the cursors are positions, None where there is nothing more."""

    seals: Sequence[Seal]
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class EntryDetail:
    """An entry with its lines in the order of its postings, its seal if it has one, and what it is linked to."""

    entry: JournalEntry
    lines: Sequence[Line]
    seal: Seal | None
    reverses: JournalEntry | None
    reversed_by: JournalEntry | None
    group: Sequence[JournalEntry]


def entries_page(
    book_id: int, *, before: int | None = None, after: int | None = None, size: int = PAGE
) -> EntriesPage:
    """The newest entries of a book, or those just before or just after a position."""
    seals = Seal.objects.filter(book_id=book_id).select_related("entry")
    if after is None:
        older = seals if before is None else seals.filter(position__lt=before)
        found = list(older.order_by("-position")[: size + 1])
        page, has_older, has_newer = found[:size], len(found) > size, before is not None
    else:
        found = list(seals.filter(position__gt=after).order_by("position")[: size + 1])
        page, has_older, has_newer = found[:size][::-1], after > 0, len(found) > size
    return EntriesPage(
        seals=page,
        before=page[-1].position if page and has_older else None,
        after=page[0].position if page and has_newer else None,
    )


def entry_detail(entry_id: str) -> EntryDetail:
    """One entry with everything that belongs to it; JournalEntry.DoesNotExist if there is none."""
    entry = JournalEntry.objects.select_related("seal", "reverses").get(pk=entry_id)
    return EntryDetail(
        entry=entry,
        lines=list(entry.lines.select_related("account").order_by("posting", "amount", "sequence")),
        seal=getattr(entry, "seal", None),
        reverses=entry.reverses,
        reversed_by=JournalEntry.objects.filter(reverses=entry).first(),
        group=list(_group(entry)),
    )


def stream_entries(book_id: int, *, after: int = 0, through: int | None = None) -> Iterator[Seal]:
    """Every entry of a book beyond a position, in order, through a cursor on the server: memory stays flat.

    One transaction spans the stream, because outside of one the server would store the whole answer first, and
    a pooler that hands out connections by transaction would lose the cursor.
    """
    seals = Seal.objects.filter(book_id=book_id, position__gt=after).select_related("entry")
    if through is not None:
        seals = seals.filter(position__lte=through)
    with transaction.atomic():
        yield from seals.order_by("position").iterator(chunk_size=STREAMED)


def _group(entry: JournalEntry) -> QuerySet[JournalEntry]:
    if entry.group_id is None:
        return JournalEntry.objects.none()
    return JournalEntry.objects.filter(group_id=entry.group_id).exclude(pk=entry.pk).order_by("ordinal")
