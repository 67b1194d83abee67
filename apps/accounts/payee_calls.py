"""Asking providers whose the accounts of recipients are: what is due is leased, asked outside of any transaction, recorded.

Asking twice does no harm, so what a worker left behind is asked again when its lease is over; a check is answered once,
under a key made of its id.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection

from apps.accounts.models import Recipient, RecipientKind
from apps.accounts.queries.tenants import is_test
from apps.accounts.services.verifications import VERIFIER
from apps.core import clock, ids
from apps.operations.executor import execute_many
from apps.operations.plan import Request
from apps.providers.adapters import adapter_of
from apps.providers.models import Provider
from apps.providers.protocol import Outcome, PayeeCheck, PayeeResult, Reply
from apps.providers.queries import routing

logger = logging.getLogger(__name__)

CALLS: Final = 8
"""That are open at once."""
LEASE: Final = timedelta(minutes=2)
LADDER: Final = tuple(timedelta(seconds=each) for each in settings.RECIPIENT_CHECK_LADDER_SECONDS)
"""After how long somebody who did not say is asked again; after the last it is not possible to tell."""
LONGEST_WHY: Final = 500

NO_PROVIDER: Final = Reply(
    Outcome.NOT_ACCEPTED, code="NO_PROVIDER", message="No provider can be asked.", transient=True
)
NO_HOLDERS: Final = PayeeCheck(
    PayeeResult.NOT_POSSIBLE, "NO_HOLDERS", "Nobody keeps the names of those who have addresses on a chain."
)

_TAKE = """
UPDATE accounts_recipient r SET next_check_at = %s, check_tries = least(r.check_tries + 1, 1000)
  FROM (SELECT id FROM accounts_recipient WHERE next_check_at <= %s
         ORDER BY next_check_at LIMIT %s FOR NO KEY UPDATE SKIP LOCKED) due
 WHERE r.id = due.id
RETURNING r.id
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One question about the version of a recipient that was leased, to whoever can be asked now."""

    recipient: Recipient
    provider: Provider | None


def work_off() -> int:
    """Ask whatever is due, and follow the answers; how many were asked."""
    asked = 0
    with ThreadPoolExecutor(CALLS, "payees") as pool:
        while calls := take(clock.now()):
            asked += len(calls)
            follow(calls, list(pool.map(ask, calls)), clock.now())
    return asked


def take(now: datetime) -> list[Call]:
    """Lease what is due, and see who can be asked."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [now + LEASE, now, CALLS])
        taken = [ids.encode("rcp", row[0]) for row in cursor.fetchall()]
    rows = Recipient.objects.filter(pk__in=taken, check_id__isnull=False) if taken else ()
    return [Call(row, _provider(row, now)) for row in rows]


def ask(call: Call) -> PayeeCheck | Reply:
    """What the provider says. What cannot be read, or breaks its adapter, says nothing."""
    if call.recipient.kind == RecipientKind.CRYPTO_ADDRESS:
        return NO_HOLDERS
    if call.provider is None:
        return NO_PROVIDER
    try:
        return adapter_of(call.provider).verify_payee(call.recipient.name, call.recipient.where)
    except Exception as error:
        logger.exception("The answer about %s cannot be read.", call.recipient.pk)
        return Reply(Outcome.UNKNOWN, code="UNREADABLE", message=type(error).__name__, transient=True)


def follow(calls: Sequence[Call], answers: Sequence[PayeeCheck | Reply], now: datetime) -> None:
    """Record what was found; what was not said is asked again, less and less often, and in the end not possible."""
    requests = []
    for call, answer in zip(calls, answers, strict=True):
        if isinstance(answer, PayeeCheck):
            requests.append(_record(call, answer))
        elif call.recipient.check_tries > len(LADDER):
            requests.append(_record(call, _unanswered(call, answer)))
        else:
            _put_off(call.recipient, now)
    for request, outcome in zip(requests, execute_many(requests), strict=True):
        if outcome.error:
            logger.warning("%s verifies nothing: %s", request.input["check"], outcome.error)


def _provider(recipient: Recipient, now: datetime) -> Provider | None:
    play = is_test(str(recipient.tenant_id))
    return routing.verifying_payees(recipient.kind, recipient.currency, recipient.country, now=now, play=play)


def _unanswered(call: Call, reply: Reply) -> PayeeCheck:
    why = f"Asked {call.recipient.check_tries} times, and nobody could say. {reply.message}".strip()
    code = reply.code if reply is NO_PROVIDER else "UNANSWERED"
    return PayeeCheck(PayeeResult.NOT_POSSIBLE, code, why)


def _record(call: Call, found: PayeeCheck) -> Request:
    data = {
        "recipient": call.recipient.pk,
        "check": call.recipient.check_id,
        "result": found.result.value,
        "code": found.code,
        "why": _printable(found.message)[:LONGEST_WHY] or found.code,
        "told": _printable(found.name),
        "provider": call.provider.name if call.provider else "",
    }
    key = f"{call.recipient.check_id}:answer"
    return Request("accounts.record_payee_check", data, key, VERIFIER, origin="worker")


def _printable(text: str) -> str:
    """What a provider wrote, as texts of ours may be."""
    return "".join(each for each in text if each.isprintable()).strip()


def _put_off(recipient: Recipient, now: datetime) -> None:
    """Unless it is another check by now, or another worker has taken it since."""
    later = now + LADDER[recipient.check_tries - 1]
    same = {"check_id": recipient.check_id, "check_tries": recipient.check_tries}
    Recipient.objects.filter(pk=recipient.pk, **same).update(next_check_at=later)
