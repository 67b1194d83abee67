"""What is known of transfers that a person decides about: what was said on either side, what the books hold, what proves it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from apps.ledger.models import Hold
from apps.operations.models import Attachment
from apps.providers.models import Answer, Attempt, InboundMessage
from apps.providers.protocol import Outcome, Reply
from apps.transfers.flows import Done
from apps.transfers.models import Transfer
from apps.transfers.queries import timeline

Row = TypeVar("Row", Attempt, InboundMessage)

PAID_SAYS: Final = frozenset({Outcome.COMPLETED})
FAILED_SAYS: Final = frozenset({Outcome.FAILED, Outcome.CANCELLED, Outcome.RETURNED})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one transfer. `paid` and `failed` are the provider's answers that say so of what counts.

    `file` is the newest that operators put beside it, which can stand for an answer if another person agrees.
    """

    attempts: Sequence[Attempt]
    messages: Sequence[InboundMessage]
    hold: Hold | None
    paid: Answer | None
    failed: Answer | None
    file: Attachment | None

    @property
    def proves(self) -> Literal["paid", "failed", "both", "nothing"]:
        """What the provider's answers prove."""
        if self.paid and self.failed:
            return "both"
        return "paid" if self.paid else "failed" if self.failed else "nothing"


def evidence_of(transfers: Sequence[Transfer]) -> dict[str, Evidence]:
    """The evidence of each, by id: four queries, however many they are."""
    attempts = _by_subject(timeline.attempts(transfers))
    messages = _by_subject(timeline.messages(transfers))
    holds = Hold.objects.select_related("account").in_bulk(
        [each.hold_id for each in transfers if each.hold_id]
    )
    files = _newest_files(str(each.pk) for each in transfers)
    return {
        str(each.pk): Evidence(
            attempts.get(str(each.pk), []),
            messages.get(str(each.pk), []),
            holds.get(each.hold_id),
            _says(each, attempts.get(str(each.pk), []), PAID_SAYS),
            _says(each, attempts.get(str(each.pk), []), FAILED_SAYS),
            files.get(str(each.pk)),
        )
        for each in transfers
    }


def _says(transfer: Transfer, attempts: Iterable[Attempt], says: frozenset[Outcome]) -> Answer | None:
    """The latest answer to the submission that counts, or to a question about it, that says so."""
    words = {each.value for each in says}
    about = (
        each for each in attempts if transfer.attempt_id in {each.pk, each.of_id} and transfer.attempt_id
    )
    answers = [each.answer for each in about if hasattr(each, "answer")]
    return next(
        (each for each in reversed(answers) if each.outcome in words and proves(each, transfer)), None
    )


def proves(answer: Answer, transfer: Transfer, did: Done | None = None) -> bool:
    """Whether the books may follow an answer: of what came back in part something is gone, and what was paid and delivered
    is what a person now says that it was."""
    reply = Reply.of(answer.reply)
    paid = reply.settled or transfer.money
    if reply.outcome == Outcome.RETURNED:
        return reply.came_back_whole(transfer.money)
    if did is None:
        return True
    whole = paid.currency == transfer.currency and paid > transfer.money
    return (transfer.money if whole else paid, reply.delivered) == (did.paid, did.delivered)


def _by_subject(rows: Iterable[Row]) -> Mapping[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.subject].append(row)
    return found


def _newest_files(subjects: Iterable[str]) -> Mapping[str, Attachment]:
    rows = Attachment.objects.filter(subject__in=list(subjects)).defer("content").order_by("pk")
    return {each.subject: each for each in rows}
