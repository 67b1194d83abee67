"""Who acts: a person, an API key or the system itself. Knows nothing of Django's users."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever runs a command, with all that may be asked about them; `book_id` is the book they belong to."""

    kind: Literal["user", "api_key", "system"]
    id: str
    label: str
    permissions: frozenset[str]
    book_id: int | None = None
    roles: frozenset[str] = frozenset()

    @classmethod
    def system(cls, name: str, permissions: Iterable[str]) -> Self:
        """A part of the system, such as `worker`, whose permissions are code."""
        return cls(kind="system", id=f"system:{name}", label=name, permissions=frozenset(permissions))

    @property
    def is_person(self) -> bool:
        """A human being, who may approve what others made."""
        return self.kind == "user"

    def can(self, permission: str) -> bool:
        """Whether they hold the permission; there is no other way to be allowed."""
        return permission in self.permissions
