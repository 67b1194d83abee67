"""What a line of the Overview is, and how things are counted for it: up to so many, since more are as grave."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import QuerySet, Value

MANY = 1000


@dataclass(frozen=True, slots=True)
class Notice:
    """One line of the overview: a number or an age, what it means, and where it comes from."""

    tone: Literal["good", "wait", "stop"]
    figure: str
    title: str
    advice: str
    url: str


def up_to_many(rows: QuerySet[Any]) -> int:
    """How many there are, up to MANY."""
    return rows[:MANY].count()


def up_to_many_of_each(**named: QuerySet[Any]) -> Counter[str]:
    """The same of several at once, by one query."""
    parts = [
        rows.order_by().annotate(of=Value(name)).values_list("of")[:MANY] for name, rows in named.items()
    ]
    return Counter(name for (name,) in parts[0].union(*parts[1:], all=True))


def figure(count: int) -> str:
    """A count for people."""
    return f"{MANY - 1}+" if count >= MANY else str(count)
