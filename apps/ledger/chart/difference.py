"""What would have to be done to make one chart another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.ledger.chart.data import Chart


@dataclass(frozen=True, slots=True)
class Parts:
    """Of the accounts or the patterns: the codes or patterns that are new, other than before, gone, or the same."""

    added: list[str]
    changed: list[str]
    removed: list[str]
    unchanged: int

    @property
    def touched(self) -> list[str]:
        """All but the same."""
        return [*self.added, *self.changed, *self.removed]

    def as_dict(self) -> dict[str, Any]:
        """For a command's result."""
        return {
            "added": self.added,
            "changed": self.changed,
            "removed": self.removed,
            "unchanged": self.unchanged,
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """How one chart differs from another."""

    accounts: Parts
    patterns: Parts

    def __bool__(self) -> bool:
        return bool(self.accounts.touched or self.patterns.touched)

    @property
    def size(self) -> int:
        """How many codes and patterns differ."""
        return len(self.accounts.touched) + len(self.patterns.touched)


def difference(before: Chart, after: Chart) -> Difference:
    """What makes the one chart the other."""
    return Difference(
        _parts(before.accounts, after.accounts),
        _parts(before.patterns, after.patterns),
    )


def _parts(before: Mapping[str, Any], after: Mapping[str, Any]) -> Parts:
    both = before.keys() & after.keys()
    changed = sorted(key for key in both if before[key] != after[key])
    return Parts(
        added=sorted(after.keys() - before.keys()),
        changed=changed,
        removed=sorted(before.keys() - after.keys()),
        unchanged=len(both) - len(changed),
    )
