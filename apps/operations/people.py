"""What the door must know of people, who live in a higher app: it registers these functions."""

from collections.abc import Callable
from dataclasses import dataclass

from apps.core.actor import Actor


@dataclass(frozen=True, slots=True)
class People:
    """`actor(kind, id)` is somebody as they are now; `eligible(role)` the ids of all active people with a role who may decide.

    `roles()` are the roles whose people may decide at all. `behind(kind, id)` are the ids of the people who act as somebody:
    a person as themselves, those who made or rotated a key as the key.
    """

    actor: Callable[[str, str], Actor]
    eligible: Callable[[str], frozenset[str]]
    roles: Callable[[], frozenset[str]] = frozenset
    behind: Callable[[str, str], frozenset[str]] = lambda kind, actor_id: frozenset()


_registered: list[People] = []


def register(people: People) -> None:
    """The app that knows people says once how to find them."""
    _registered[:] = [people]


def actor(kind: str, actor_id: str) -> Actor:
    """Somebody as they are now, with their permissions of now."""
    return _registered[0].actor(kind, actor_id)


def behind(kind: str, actor_id: str) -> frozenset[str]:
    """The ids of the people who act as somebody."""
    return _registered[0].behind(kind, actor_id)


def roles() -> list[str]:
    """The roles whose people may decide about approval requests."""
    return sorted(_registered[0].roles())


def eligible(role: str) -> frozenset[str]:
    """The ids of all active people with a role."""
    return _registered[0].eligible(role)
