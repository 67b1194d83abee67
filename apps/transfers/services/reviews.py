"""What operators do with transfers that do not move by themselves. Money moves on proof alone, or on a second person's word."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger import templates
from apps.operations.models import Attachment
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.operations.registry import Input
from apps.providers.models import Answer
from apps.providers.protocol import Outcome, Reply
from apps.providers.services.providers import refuse_while_catching_up
from apps.transfers.facts import of_transfer
from apps.transfers.flows import Done
from apps.transfers.models import Status, Transfer
from apps.transfers.queries.evidence import FAILED_SAYS, PAID_SAYS, proves
from apps.transfers.services.answers import park, what_is_wrong
from apps.transfers.services.making import told
from apps.transfers.services.own import locked_transfer
from apps.transfers.services.posting import missing_accounts, provider_account
from apps.transfers.services.settling import plan_compensate, plan_settle

Proof = Literal["answer", "none"]

ASKABLE = frozenset({Status.OUTCOME_UNKNOWN, Status.PROVIDER_PROCESSING, Status.MANUAL_REVIEW})
RETRIABLE = frozenset(
    {
        Status.BALANCE_RESERVED,
        Status.SENT_TO_PROVIDER,
        Status.PROVIDER_COMPLETED,
        Status.PROVIDER_FAILED,
        Status.OUTCOME_UNKNOWN,
    }
)
REVIEWABLE = frozenset({Status.SENT_TO_PROVIDER, Status.PROVIDER_PROCESSING, Status.OUTCOME_UNKNOWN})


class NotInReview(DomainError):
    """The transfer does not wait for a person's word."""

    code = "TRANSFER_NOT_IN_REVIEW"
    http_status = 409


class NotAtProvider(DomainError):
    """There is nothing to ask the provider, or to look at."""

    code = "TRANSFER_NOT_AT_PROVIDER"
    http_status = 409


class NothingToRetry(DomainError):
    """The transfer does not wait for another try."""

    code = "NOTHING_TO_RETRY"
    http_status = 409


class EvidenceMissing(DomainError):
    """Nothing proves it: neither an answer of the provider, nor a file."""

    code = "EVIDENCE_MISSING"
    http_status = 409


class AmountUnfit(DomainError):
    """What was paid or delivered is not what the transfer can be settled with."""

    code = "AMOUNT_UNFIT"
    http_status = 422


def plan_settle_transfer(
    context: Context,
    *,
    transfer: str,
    paid: Money | None,
    delivered: Money | None,
    evidence: str | None,
    reason: str,
) -> Plan:
    """Say that the provider did it: what was held leaves through it, of less than was asked for the rest goes back."""
    found = _in_review(context, transfer)
    did = Done(paid or found.money, delivered)
    if wrong := what_is_wrong(found, did):
        raise AmountUnfit(wrong, field="/paid")
    proof = proof_of(found, PAID_SAYS, did)
    _prove(found, proof, evidence)
    was = {"status": found.status, "attempt_id": found.attempt_id}
    plan = and_overpaid(context, plan_settle(context, found, was, did), found, did)
    return _with_proof(plan, found, proof, evidence, reason)


def plan_release_transfer(context: Context, *, transfer: str, evidence: str | None, reason: str) -> Plan:
    """Say that the provider did not pay and will not: what was held goes back to the wallet."""
    found = _in_review(context, transfer)
    proof = proof_of(found, FAILED_SAYS)
    _prove(found, proof, evidence)
    was = {"status": found.status, "attempt_id": found.attempt_id}
    plan = plan_compensate(context, found, was, "RELEASED_BY_HAND", reason)
    return _with_proof(plan, found, proof, evidence, reason)


def settle_facts(
    context: Context, plan: Plan, *, transfer: str, paid: Money | None, delivered: Money | None, **_: Any
) -> Mapping[str, Any]:
    """What policies may ask of a settlement by hand."""
    found = Transfer.objects.get(pk=transfer)
    proof = proof_of(found, PAID_SAYS, Done(paid or found.money, delivered))
    return {**of_transfer(context, found), "proof": proof}


def release_facts(context: Context, plan: Plan, *, transfer: str, **_: Any) -> Mapping[str, Any]:
    """What policies may ask of a release by hand."""
    found = Transfer.objects.get(pk=transfer)
    return {**of_transfer(context, found), "proof": proof_of(found, FAILED_SAYS)}


def plan_review_transfer(context: Context, *, transfer: str, reason: str) -> Plan:
    """Take a transfer out of the hands of the workers: a person finds out what became of it."""
    found = locked_transfer(context, transfer)
    if found.status not in REVIEWABLE:
        raise NotAtProvider(
            f"{transfer} is {found.get_status_display().lower()}; only what a provider has is put into review.",
            field="/transfer",
        )
    return park(context, found, "PUT_INTO_REVIEW", reason)


def plan_requery_transfer(context: Context, *, transfer: str) -> Plan:
    """Ask the provider now what became of it."""
    found = locked_transfer(context, transfer)
    if found.status not in ASKABLE or found.attempt_id is None:
        raise NotAtProvider(
            f"{transfer} is {found.get_status_display().lower()}; there is nothing to ask.", field="/transfer"
        )
    return _now(context, found)


def plan_retry_transfer(context: Context, *, transfer: str) -> Plan:
    """Do now what would be done later: send what was not accepted, settle what the ledger refused, ask again."""
    found = locked_transfer(context, transfer)
    if found.status not in RETRIABLE or found.next_attempt_at is None:
        raise NothingToRetry(
            f"{transfer} is {found.get_status_display().lower()} and waits for no other try.",
            field="/transfer",
        )
    if found.status == Status.SENT_TO_PROVIDER and found.attempt_id:
        raise NothingToRetry(f"{transfer} is on its way; wait for the answer.", field="/transfer")
    return _now(context, found)


def scopes(data: Input) -> Iterable[tuple[str, str]]:
    """The flag scopes that a transfer touches."""
    found = Transfer.objects.filter(pk=data["transfer"]).select_related("book").first()
    if found is None:
        return []
    tenant = [("tenant", found.book.tenant_id)] if found.book.tenant_id else []
    provider = [("provider", found.provider)] if found.provider else []
    return [*tenant, ("currency", found.currency), *provider]


def _in_review(context: Context, transfer: str) -> Transfer:
    refuse_while_catching_up()
    found = locked_transfer(context, transfer)
    if found.status != Status.MANUAL_REVIEW:
        raise NotInReview(
            f"{transfer} is {found.get_status_display().lower()}; put it into manual review first.",
            field="/transfer",
        )
    return found


def _now(context: Context, transfer: Transfer) -> Plan:
    was = {"status": transfer.status, "attempt_id": transfer.attempt_id}
    transfer.next_attempt_at = context.now
    return Plan(updates=[Update(transfer, ("next_attempt_at",), was)], result=told(transfer))


def proof_of(transfer: Transfer, says: Iterable[Outcome], did: Done | None = None) -> Proof:
    """Whether an answer of the provider to the submission that counts, or to a question about it, says so."""
    return "answer" if _proving(transfer, says, did) else "none"


def _proving(transfer: Transfer, says: Iterable[Outcome], did: Done | None) -> Sequence[Reply]:
    about = Answer.objects.filter(attempt__subject=transfer.pk, outcome__in=[each.value for each in says])
    of_it = about.filter(attempt_id=transfer.attempt_id) | about.filter(attempt__of_id=transfer.attempt_id)
    return [Reply.of(each.reply) for each in of_it.order_by("answered_at") if proves(each, transfer, did)]


def and_overpaid(context: Context, plan: Plan, transfer: Transfer, did: Done) -> Plan:
    """Of what the provider says that it paid beyond what was asked for, the books know as well: it is missing there, and
    stands in suspense until it is explained. The wallet pays what it was asked for."""
    replies = _proving(transfer, PAID_SAYS, did)
    paid = replies[-1].settled if replies else None
    if paid is None or paid.currency != transfer.currency or paid <= transfer.money:
        return plan
    over = templates.entry(
        "correction_credit",
        {"amount": paid - transfer.money, "account": provider_account(transfer)},
        book_id=transfer.book_id,
        reference=f"{transfer.pk}:overpaid",
        description=f"{paid} were paid for {transfer.pk}, {transfer.money} were asked for",
        metadata={"transfer": transfer.pk},
    )
    posts, accounts = [*plan.posts, over], [*plan.accounts, *missing_accounts(context, over)]
    return dataclasses.replace(plan, posts=posts, accounts=accounts)


def _prove(transfer: Transfer, proof: Proof, evidence: str | None) -> None:
    if evidence and not Attachment.objects.filter(pk=evidence, subject=transfer.pk).exists():
        raise EvidenceMissing(f"There is no file {evidence} beside {transfer.pk}.", field="/evidence")
    if proof == "none" and not evidence:
        raise EvidenceMissing(
            "No answer of the provider says so. Attach what does, such as a bank statement, to the transfer and name"
            " the file; another person decides on it.",
            field="/evidence",
        )


def _with_proof(plan: Plan, transfer: Transfer, proof: Proof, evidence: str | None, reason: str) -> Plan:
    """The same, told with who decided and on what."""
    decided = {"proof": proof, "evidence": evidence, "reason": reason}
    told_of = EventDraft("transfer.reviewed", transfer.pk, decided, book_id=None)
    return Plan(
        result=plan.result,
        posts=plan.posts,
        events=[*plan.events, told_of],
        updates=plan.updates,
        accounts=plan.accounts,
        if_refused=plan.if_refused,
        approved=decided,
    )
