"""Whose the account of a recipient is: asked for, found out, taken back, and found out again after some days."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from apps.accounts.models import (
    VERIFICATION,
    Method,
    Recipient,
    RecipientVerification,
    TenantStatus,
    Verification,
)
from apps.accounts.services.recipients import own
from apps.core import clock, ids
from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.operations import books
from apps.operations.plan import Context, EventDraft, Plan, Request, Update

VERIFIER: Final = Actor.system("verifier", {"accounts.record_payee_check", "accounts.verify_recipient"})
"""Who verifies recipients by itself."""

MOST: Final = 500
"""Recipients that are verified anew at a time."""

RESET = "RESET"

_EVENTS: Mapping[str, str] = {
    Verification.MATCH: "recipient.verified",
    Verification.PARTIAL: "recipient.verified",
    Verification.NO_MATCH: "recipient.verification_failed",
    Verification.NOT_POSSIBLE: "recipient.verification_not_possible",
}


class CheckSuperseded(DomainError):
    """The check is not open: the recipient was changed, reset or closed since, or it was answered."""

    code = "CHECK_SUPERSEDED"
    http_status = 409


class NothingToReset(DomainError):
    """Nothing was found of the recipient, and nobody is asked."""

    code = "NOTHING_TO_RESET"
    http_status = 409


def plan_verify_recipient(context: Context, *, recipient: str) -> Plan:
    """Have a provider asked whether the account is the named one's; the check that is open, if one is."""
    found = own(context, recipient)
    if found.check_id:
        return Plan(result=told(found))
    was = _standing(found)
    found.open_check(ids.new_id("rvf"), context.now)
    return _changed(found, was, "recipient.verification_started", told(found))


def plan_record_payee_check(
    context: Context,
    *,
    recipient: str,
    check: str,
    result: str,
    code: str,
    why: str,
    told: str,
    provider: str,
) -> Plan:
    """What a provider found. An answer about what the recipient was before is refused, and verifies nothing."""
    found = own(context, recipient)
    if found.check_id != check:
        raise CheckSuperseded(
            f"Recipient {recipient} was changed, reset or answered for since it was asked.", field="/check"
        )
    row = RecipientVerification(
        **said_of(context, found),
        id=check,
        method=Method.PROVIDER,
        result=result,
        code=code,
        why=why,
        told=told,
        provider=provider,
    )
    return found_out(context, found, row)


def plan_reset_recipient_verification(context: Context, *, recipient: str, reason: str) -> Plan:
    """Let nothing count that was found so far, and nobody be asked; the reason stands in the history."""
    found = own(context, recipient)
    if found.verification == Verification.UNVERIFIED:
        raise NothingToReset(f"Recipient {recipient} is unverified.", field="/recipient")
    was = _standing(found)
    found.forget()
    row = RecipientVerification(
        **said_of(context, found),
        method=Method.OPERATOR,
        result=Verification.UNVERIFIED,
        code=RESET,
        why=reason,
    )
    result = {**told(found), "reason": reason}
    return _changed(found, was, "recipient.verification_reset", result, row)


def found_out(context: Context, recipient: Recipient, row: RecipientVerification) -> Plan:
    """What a check of the locked recipient's version found, by whatever method."""
    was = _standing(recipient)
    if recipient.verification == Verification.UNVERIFIED:
        recipient.await_answer()
    recipient.answer(Verification(row.result), now=context.now)
    result = {**told(recipient), "method": row.method, "code": row.code, "why": row.why}
    return _changed(recipient, was, _EVENTS[row.result], result, row)


def due(now: datetime) -> list[Request]:
    """The requests that verify anew what was verified too long ago."""
    rows = Recipient.objects.filter(
        verify_again_at__lte=now, check_id__isnull=True, tenant__status=TenantStatus.ACTIVE
    )
    return [
        Request(
            "accounts.verify_recipient",
            {"recipient": pk},
            f"{pk}:verify:{clock.written(at)}",
            VERIFIER,
            origin="worker",
        )
        for pk, at in rows.order_by("verify_again_at").values_list("pk", "verify_again_at")[:MOST]
    ]


def told(recipient: Recipient) -> dict[str, Any]:
    """How the verification of a recipient stands."""
    return {
        "recipient": recipient.pk,
        "version": recipient.version,
        "verification": recipient.verification,
        "check": recipient.check_id,
        "verified_at": recipient.verified_at,
        "verify_again_at": recipient.verify_again_at,
    }


def _standing(recipient: Recipient) -> dict[str, Any]:
    return {name: getattr(recipient, name) for name in ("version", "verification", "check_id")}


def said_of(context: Context, recipient: Recipient) -> dict[str, Any]:
    """Of which version something was found, by whose word and when."""
    return {
        "tenant_id": recipient.tenant_id,
        "recipient": recipient,
        "version": recipient.version,
        "recorded_by": context.actor.label[:200],
        "recorded_at": context.now,
    }


def _changed(
    recipient: Recipient,
    was: Mapping[str, Any],
    event: str,
    result: Mapping[str, Any],
    *rows: RecipientVerification,
) -> Plan:
    book = books.id_of_tenant(recipient.tenant_id)
    return Plan(
        rows=rows,
        updates=[Update(recipient, VERIFICATION, was)],
        result=result,
        events=[EventDraft(event, recipient.pk, result, book_id=book)],
    )
