"""What every report says of itself."""

from collections.abc import Sequence

from apps.ledger.reports.asking import Asked
from apps.ledger.reports.shape import Column, Report, Section


def words_for(description: str, kind: str) -> str:
    """What a line says of its entry: its description, or else its kind in words."""
    return description or kind.replace("_", " ").capitalize()


def made(
    asked: Asked,
    name: str,
    title: str,
    *,
    columns: Sequence[Column],
    sections: Sequence[Section],
    size: int,
    subject: str = "",
    notes: Sequence[str] = (),
    flaws: Sequence[str] = (),
) -> Report:
    """A report of this question."""
    return Report(
        name=name,
        title=title,
        subject=subject,
        book=asked.book_name,
        since=asked.since,
        through=asked.through,
        positions=asked.by_slug,
        known_at=asked.known_at(),
        id=asked.id_of(name),
        columns=columns,
        sections=sections,
        size=size,
        notes=notes,
        flaws=flaws,
    )
