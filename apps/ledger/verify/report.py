"""What a verification answers, whatever it verified."""

from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from apps.ledger.verify.faults import Fault


class Head(NamedTuple):
    """Where a book ends: its last position, and the seal of it in hex. Worth keeping elsewhere."""

    position: int
    seal: str


@dataclass(slots=True)
class Report:
    """Through which books a verification went, and the first broken places. What it counted besides are fields of its own kind."""

    books: int = 0
    seconds: float = 0.0
    heads: dict[str, Head] = field(default_factory=dict)
    broken: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Nothing is broken."""
        return not self.broken

    def as_dict(self) -> dict[str, Any]:
        """For the JSON line."""
        return {
            "ok": self.ok,
            **{each.name: getattr(self, each.name) for each in fields(self)},
            "seconds": round(self.seconds, 3),
            "heads": {book: head._asdict() for book, head in self.heads.items()},
            "broken": [fault.as_dict() for fault in self.broken],
        }
