"""Following what a provider says of a transfer by itself."""

from collections.abc import Iterator

from apps.core.errors import DomainError
from apps.operations.plan import Context, Plan
from apps.operations.registry import Input, Target
from apps.providers.models import InboundMessage
from apps.providers.services.inbox import news_of
from apps.transfers.models import Transfer
from apps.transfers.services.answers import follow


class NewsElsewhere(DomainError):
    """The message does not say this of the transfer."""

    code = "NEWS_ELSEWHERE"
    http_status = 409


def targets(data: Input) -> Iterator[Target]:
    """The transfer, which is locked, and the message, of which what counts here never changes."""
    yield Target(Transfer, data["transfer"])
    yield Target(InboundMessage, data["message"], lock=False)


def plan_record_news(context: Context, *, transfer: str, message: str, place: int) -> Plan:
    """Follow one piece of news of a message: `place` counts those that it says."""
    found: Transfer = context.locked[Transfer, transfer]  # type: ignore[assignment]
    said: InboundMessage = context.locked[InboundMessage, message]  # type: ignore[assignment]
    news = news_of(said)[place : place + 1]
    if not said.verified or not news:
        raise NewsElsewhere(f"{message} does not say this of {transfer}.", field="/message")
    return follow(context, found, news[0].reply, about=news[0].reference)
