"""Who follows what inbound messages say. Lower apps import no higher ones, so those register here in `ready()`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from apps.providers.models import InboundMessage
from apps.providers.protocol import News


class Became(StrEnum):
    """What became of a piece of news; of several in one message the last of these counts."""

    IGNORED = "ignored"
    PROCESSED = "processed"
    LATER = "later"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of news: the message that says it, and its place among those that the message says."""

    message: InboundMessage
    place: int
    news: News

    @property
    def key(self) -> str:
        """The key of the command that follows it, so that it is followed once."""
        return f"{self.message.pk}:apply" + (f":{self.place}" if self.place else "")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a handler made of one item. `subject` is what it was about, `why` is needed unless it was followed."""

    became: Became
    subject: str = ""
    why: str = ""


Handler = Callable[[Sequence[Item]], Sequence[Verdict]]
"""Follows many at once; one verdict for each, in their order. It may be given an item again."""

_handlers: Final[dict[str, Handler]] = {}


def register(about: str, handler: Handler) -> None:
    """Let a handler follow all news of a kind; a second one for it is a defect and raises."""
    if _handlers.get(about, handler) is not handler:
        raise ValueError(f"News of the kind {about} have two handlers.")
    _handlers[about] = handler


def handler_of(about: str) -> Handler | None:
    """Who follows this kind of news."""
    return _handlers.get(about)
