"""Transfers in manual review as those see them who decide: all evidence, and the forms that end it, filled in."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from apps.console.forms.ways import Doing, doings
from apps.core.money import Money
from apps.providers.models import Answer
from apps.providers.protocol import Reply
from apps.transfers.flows import FLOWS
from apps.transfers.models import Transfer
from apps.transfers.queries.evidence import Evidence, evidence_of


@dataclass(frozen=True, slots=True)
class Review:
    """One transfer, what is known of it, and what can be done. `held` is what the books still hold for it."""

    row: Transfer
    evidence: Evidence
    held: Money | None
    settle: list[Doing]
    release: list[Doing]
    others: list[Doing]


def reviews(request: HttpRequest, rows: Sequence[Transfer]) -> list[Review]:
    """Each with its evidence."""
    found = evidence_of(rows)
    return [_review(request, row, found[str(row.pk)]) for row in rows]


def _review(request: HttpRequest, row: Transfer, evidence: Evidence) -> Review:
    hold = evidence.hold
    beside: dict[str, object] = {"subject": row.pk}
    return Review(
        row,
        evidence,
        Money(int(hold.remaining), hold.account.currency) if hold else None,
        settle=doings(
            request,
            (
                "transfers.settle_transfer",
                {**_given(row, evidence, evidence.paid), **_did(row, evidence.paid)},
            ),
        ),
        release=doings(request, ("transfers.release_transfer", _given(row, evidence, evidence.failed))),
        others=doings(
            request,
            *([("transfers.requery_transfer", {"transfer": row.pk})] if row.attempt_id else []),
            ("operations.attach_file", beside),
            ("operations.add_note", beside),
        ),
    )


def _given(row: Transfer, evidence: Evidence, proof: Answer | None) -> dict[str, object]:
    """The input that is known: the transfer and, where no answer proves it, the newest file beside it."""
    file = evidence.file.pk if evidence.file and proof is None else None
    return {"transfer": row.pk, "evidence": file}


def _did(row: Transfer, proof: Answer | None) -> dict[str, object]:
    """What the provider says that it paid and delivered, as the form has it; what is beyond the amount is not the wallet's."""
    reply = Reply.of(proof.reply) if proof else None
    paid = reply.settled if reply and reply.settled and reply.settled.currency == row.currency else None
    given = _amount("paid", min(paid, row.money)) if paid else {}
    if reply and reply.delivered:
        return {**given, **_amount("delivered", reply.delivered)}
    return {**given, "delivered.currency": row.received_currency} if FLOWS[row.kind].delivers else given


def _amount(name: str, money: Money) -> dict[str, object]:
    return {f"{name}.amount": money.decimal, f"{name}.currency": money.currency}
