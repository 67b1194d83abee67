"""Whose yes is enough: people against the steps that policies ask for. Looks at nothing but what it is given.

A step is `{"role", "people"}`. All steps together are filled by different people, each of whom fills one place.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Steps = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Yes:
    """One say, and the roles as which it could count."""

    of: str
    roles: frozenset[str]


def people(steps: Steps) -> int:
    """How many different people are needed."""
    return sum(step["people"] for step in steps)


def filled(steps: Steps, in_sequence: bool, said: Sequence[Yes]) -> list[int]:
    """How many places of each step are filled: as many as can be, or in sequence one after the other."""
    counts = [0] * len(steps)
    for step in _placed(steps, in_sequence, said):
        if step is not None:
            counts[step] += 1
    return counts


def is_complete(steps: Steps, in_sequence: bool, said: Sequence[Yes]) -> bool:
    """Whether nobody else is needed."""
    return sum(filled(steps, in_sequence, said)) == people(steps)


def is_of_use(steps: Steps, in_sequence: bool, said: Sequence[Yes], roles: Collection[str]) -> bool:
    """Whether the yes of one more person with these roles would fill a place now."""
    more = [*said, Yes("", frozenset(roles))]
    return sum(filled(steps, in_sequence, more)) > sum(filled(steps, in_sequence, said))


def wanted_roles(steps: Steps, in_sequence: bool, said: Sequence[Yes]) -> list[str]:
    """The roles, in the order of the steps, of which somebody else's yes would fill a place now."""
    roles = dict.fromkeys(step["role"] for step in steps)
    return [role for role in roles if is_of_use(steps, in_sequence, said, {role})]


def opened_roles(steps: Steps, in_sequence: bool, said: Sequence[Yes]) -> set[str]:
    """The roles of the steps that are open or filled."""
    counts = filled(steps, in_sequence, said)
    opened: set[str] = set()
    for step, count in zip(steps, counts, strict=True):
        opened.add(step["role"])
        if in_sequence and count < step["people"]:
            break
    return opened


def can_be_filled(
    steps: Steps, in_sequence: bool, said: Sequence[Yes], others: Mapping[str, Collection[str]]
) -> bool:
    """Whether the others, with their roles, could fill what is left."""
    kept = [step for step in _placed(steps, in_sequence, said) if step is not None] if in_sequence else []
    fits = [{step} for step in kept] if in_sequence else [_fitting(steps, each.roles) for each in said]
    fits += [_fitting(steps, roles) for roles in others.values()]
    return sum(step is not None for step in _matched(steps, fits)) == people(steps)


def _placed(steps: Steps, in_sequence: bool, said: Sequence[Yes]) -> list[int | None]:
    """The step that each yes fills; None for one that fills none."""
    if not in_sequence:
        return _matched(steps, [_fitting(steps, each.roles) for each in said])
    left = [step["people"] for step in steps]
    places: list[int | None] = []
    for each in said:
        now = next((number for number, count in enumerate(left) if count), None)
        fits = now is not None and steps[now]["role"] in each.roles
        places.append(now if fits else None)
        if fits and now is not None:
            left[now] -= 1
    return places


def _fitting(steps: Steps, roles: Collection[str]) -> set[int]:
    return {number for number, step in enumerate(steps) if step["role"] in roles}


def _matched(steps: Steps, fits: Sequence[Iterable[int]]) -> list[int | None]:
    """As many people as can be, each in a step that fits: who came first keeps a place, but may be moved to another."""
    places = [number for number, step in enumerate(steps) for _ in range(step["people"])]
    holder: dict[int, int] = {}

    def seat(person: int, tried: set[int]) -> bool:
        for place, step in enumerate(places):
            if step not in fits[person] or place in tried:
                continue
            tried.add(place)
            if place not in holder or seat(holder[place], tried):
                holder[place] = person
                return True
        return False

    for person in range(len(fits)):
        if len(holder) == len(places):
            break
        seat(person, set())
    found = {person: places[place] for place, person in holder.items()}
    return [found.get(person) for person in range(len(fits))]
