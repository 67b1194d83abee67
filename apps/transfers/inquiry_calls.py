"""Asking providers for money back: what is due is leased, asked outside of any transaction, and recorded once.

A provider knows each recall by the id of its inquiry, so asking twice is asking once; what it did not answer is asked again
on the ladder, and is then an operator's. Nothing is taken for a yes or a no but the provider's own word.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from apps.core import clock, ids
from apps.operations.executor import execute_many
from apps.operations.plan import Request
from apps.providers.adapters import recalls
from apps.providers.protocol import Outcome, Reply
from apps.providers.queries import routing
from apps.transfers.inquiries import Inquiry, InquiryStatus
from apps.transfers.services.answers import LADDER
from apps.transfers.services.inquiries import RECORDER
from apps.transfers.services.sending import instruction, storable

logger = logging.getLogger(__name__)

CALLS: Final = 4
LEASE: Final = timedelta(minutes=2)
LONGEST_ANSWER, LONGEST_FAILURE = 500, 300

SAID: Final = {
    Outcome.ACCEPTED: "The provider has asked for the money back.",
    Outcome.FAILED: "The provider refuses the recall.",
}
"""The two outcomes that are an answer, in words where the provider has none."""

NO_LONGER: Final = Reply(
    Outcome.NOT_ACCEPTED, code="NO_RECALLS", message="The provider can no longer be asked by itself."
)

_TAKE = """
UPDATE transfers_inquiry i SET next_attempt_at = %s, tries = i.tries + 1
  FROM (SELECT id FROM transfers_inquiry WHERE next_attempt_at <= %s
         ORDER BY next_attempt_at LIMIT %s FOR NO KEY UPDATE SKIP LOCKED) due
 WHERE i.id = due.id
RETURNING i.id
"""


def work_off() -> int:
    """Ask whatever is due, and follow the answers; how many were asked. Nothing while a restore is not finished."""
    asked = 0
    with ThreadPoolExecutor(CALLS, "inquiries") as pool:
        while not routing.is_catching_up() and (taken := take(clock.now())):
            asked += len(taken)
            follow(taken, list(pool.map(ask, taken)), clock.now())
    return asked


def take(now: datetime) -> list[Inquiry]:
    """Lease what is due."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [now + LEASE, now, CALLS])
        taken = [ids.encode("inq", row[0]) for row in cursor.fetchall()]
    rows = Inquiry.objects.filter(pk__in=taken, status=InquiryStatus.OPEN)
    return list(rows.select_related("transfer", "transfer__recipient").order_by("pk")) if taken else []


def ask(inquiry: Inquiry) -> Reply:
    """What the provider answers. What cannot be read, or breaks its adapter, answers nothing."""
    provider = routing.by_name(inquiry.provider)
    adapter = recalls(provider) if provider else None
    if adapter is None:
        return NO_LONGER
    try:
        told = instruction(inquiry.transfer, inquiry.submission)
        return adapter.recall(str(inquiry.pk), inquiry.submission, told)
    except Exception as error:
        logger.exception("The answer to %s cannot be read.", inquiry.pk)
        return Reply(Outcome.UNKNOWN, code="UNREADABLE", message=type(error).__name__, transient=True)


def follow(inquiries: Sequence[Inquiry], replies: Sequence[Reply], now: datetime) -> None:
    """Record what was answered; what was not is asked again later, and in the end by an operator."""
    requests = []
    for inquiry, reply in zip(inquiries, replies, strict=True):
        _note(inquiry, reply, now)
        if reply.outcome in SAID:
            requests.append(_record(inquiry, reply))
    for request, outcome in zip(requests, execute_many(requests), strict=True):
        if outcome.error:
            logger.warning("%s is not answered by this: %s", request.input["inquiry"], outcome.error)


def _note(inquiry: Inquiry, reply: Reply, now: datetime) -> None:
    """What was asked, and when it is asked again: unless another worker has taken it since, or it has its answer."""
    same = Inquiry.objects.filter(pk=inquiry.pk, tries=inquiry.tries, status=InquiryStatus.OPEN)
    asked = {"recall": inquiry.pk, "reference": inquiry.submission, "amount": str(inquiry.transfer.money)}
    failure = "" if reply.outcome in SAID else storable(f"{reply.code} {reply.message}".strip())
    same.update(asked=asked, failure=failure[:LONGEST_FAILURE], next_attempt_at=_next(inquiry, reply, now))


def _next(inquiry: Inquiry, reply: Reply, now: datetime) -> datetime | None:
    if reply is NO_LONGER or reply.outcome == Outcome.NOT_FOUND or inquiry.tries > len(LADDER):
        return None
    return now + LADDER[inquiry.tries - 1]


def _record(inquiry: Inquiry, reply: Reply) -> Request:
    said = "".join(each for each in storable(reply.message) if each.isprintable()).strip()
    data = {
        "inquiry": inquiry.pk,
        "answer": said[:LONGEST_ANSWER] or SAID[reply.outcome],
        "code": storable(reply.code)[:60],
        "accepted": reply.outcome == Outcome.ACCEPTED,
    }
    key = f"{inquiry.pk}:answer"
    return Request("transfers.record_inquiry_answer", data, key, RECORDER, origin="worker")
