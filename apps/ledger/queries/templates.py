"""Templates as the database knows them: whether files, versions and hashes agree, and the entries a version made."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from apps.ledger import templates
from apps.ledger.models import JournalEntry, TemplateVersion
from apps.ledger.numscript.program import digest

PAGE = 50
STEP = 100_000
"""Ordinals that are looked through at once."""


@dataclass(frozen=True, slots=True)
class TemplateDrift:
    """A template about which files and database disagree, and how."""

    name: str
    kind: Literal["not_loaded", "changed", "withdrawn", "forged"]
    reason: str


@dataclass(frozen=True, slots=True)
class EntriesMade:
    """Entries made by some versions, the newest first, among the ordinals from `lowest` to `highest`.

    `before` is where to go on, None where nothing is left; `back_to` is when the oldest entry there was recorded.
    """

    entries: Sequence[JournalEntry]
    lowest: int
    highest: int
    back_to: datetime | None
    before: int | None


def template_drift() -> list[TemplateDrift]:
    """Every disagreement, by name; a template that this code no longer has is one too."""
    files = templates.all_templates()
    versions = list(TemplateVersion.objects.order_by("name", "version"))
    latest = {version.name: version for version in versions}
    forged = [
        TemplateDrift(version.name, "forged", f"the text of version {version.version} does not have its hash")
        for version in versions
        if digest(version.text) != version.hash
    ]
    not_loaded = [
        TemplateDrift(name, "not_loaded", "it is not loaded") for name in files if name not in latest
    ]
    changed = [
        TemplateDrift(name, "changed", f"the file differs from version {latest[name].version}")
        for name, template in files.items()
        if name in latest and latest[name].hash != template.hash
    ]
    withdrawn = [
        TemplateDrift(name, "withdrawn", "this code has no such file") for name in latest if name not in files
    ]
    return sorted(forged + not_loaded + changed + withdrawn, key=lambda drift: (drift.name, drift.reason))


def entries_made(version_ids: Collection[int], *, before: int | None = None, size: int = PAGE) -> EntriesMade:
    """The newest entries made by these versions, or those before an ordinal: at most one step is looked through.

    Which template made an entry has no index, so that posting need not keep one: the ordinals are walked instead.
    """
    newest = JournalEntry.objects.order_by("-ordinal").values_list("ordinal", flat=True).first() or 0
    end = newest + 1 if before is None else max(1, min(before, newest + 1))
    start = max(end - STEP, 1)
    step = JournalEntry.objects.filter(ordinal__gte=start, ordinal__lt=end)
    made = step.filter(template_id__in=list(version_ids)).select_related("book", "seal", "template")
    found = list(made.order_by("-ordinal")[: size + 1])
    if len(found) > size:
        start = found[size - 1].ordinal
    older = (
        JournalEntry.objects.filter(ordinal__lt=start).order_by("-ordinal").values_list("ordinal", flat=True)
    )
    return EntriesMade(
        entries=found[:size],
        lowest=start,
        highest=end - 1,
        back_to=step.filter(ordinal__gte=start)
        .order_by("ordinal")
        .values_list("recorded_at", flat=True)
        .first(),
        before=None if older.first() is None else start,
    )
