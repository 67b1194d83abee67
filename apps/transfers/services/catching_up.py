"""After a backup was restored: what providers executed since, which our books no longer know, before anything is sent."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from apps.core import clock, ids
from apps.core.actor import Actor
from apps.operations.executor import execute
from apps.operations.plan import Context, EventDraft, Plan, Request, Update
from apps.operations.registry import Input, Target
from apps.providers.adapters import adapter_of
from apps.providers.models import Action, Answer, Attempt, Provider
from apps.providers.protocol import Outcome, Reply
from apps.providers.queries.routing import RESTORED
from apps.providers.services.providers import find
from apps.providers.services.receiving import Receipt, receive
from apps.providers.services.recovering import recover_files
from apps.transfers.models import ENDED, WITH_PROVIDER, Status, Transfer
from apps.transfers.services.answers import PAID
from apps.transfers.services.making import told
from apps.transfers.services.sending import SENT, WORKER, storable

RESTORER: Final = Actor.system(
    "restorer",
    {
        "providers.lock_sending",
        "providers.unlock_sending",
        "transfers.recover_submission",
        "transfers.report_unknown_submission",
    },
)
UNKNOWN: Final = (
    "Since the backup it executed {count} payments that are not known here: see the alarms. Whoever asked for them may ask"
    " again, so cancel what would pay twice before you unlock."
)
MARGIN: Final = timedelta(days=1)
"""How much further back a provider is asked: its clock may differ, and a message may have come late and after the backup."""

CAUGHT_UP: Final = "It has said what it executed since the backup."
BATCH: Final = 500
LONGEST_REASON: Final = 300

RECOVERABLE: Final = frozenset({Status.BALANCE_RESERVED, Status.AWAITING_APPROVAL, *WITH_PROVIDER})
"""In which statuses of the backup money is held for what was sent since, also as a later try than the one that is open."""

PAYS: Final = frozenset({Outcome.COMPLETED, Outcome.RETURNED})
PAYS_NOT: Final = frozenset({Outcome.FAILED, Outcome.CANCELLED})


@dataclass
class CaughtUp:
    """What a provider said: messages that were lost, and submissions that our books know, had forgotten, cannot place."""

    messages: int = 0
    known: int = 0
    recovered: int = 0
    unknown: list[str] = field(default_factory=list)


def target(data: Input) -> Iterator[Target]:
    """The transfer, which is locked."""
    yield Target(Transfer, data["transfer"])


def lock_all() -> list[str]:
    """Send nothing anywhere until each provider has said what it executed; the providers' names."""
    open_ones = Provider.objects.exclude(locked_because__startswith=RESTORED)
    names = []
    for provider in open_ones:
        reason = f"{RESTORED} {provider.locked_because}".strip()[:LONGEST_REASON]
        _run("providers.lock_sending", {"provider": provider.name, "reason": reason}).or_raise()
        names.append(provider.name)
    return names


def catch_up(name: str, since: datetime) -> CaughtUp:
    """Ask a provider what it told and executed since a time, and place all of it. What it told of money that came or was
    taken is followed by the workers, as if it came now.

    Raises what the provider's adapter raises if it does not say.
    """
    provider = find(name)
    adapter, found, since = adapter_of(provider), CaughtUp(), since - MARGIN
    if provider.makes_files:
        recover_files(provider, since, now=clock.now())
    for envelope in adapter.told_since(since):
        received = receive(provider, envelope, address="", now=clock.now(), fetched=True)
        found.messages += received.receipt == Receipt.NEW
    for page in _pages(adapter.executed_since(since)):
        _place(provider, page, found)
    return found


def unlock_all(unknown: Mapping[str, int]) -> list[str]:
    """Let sending go on wherever the restore has stopped it, once every provider has said what it executed: what one
    of them has paid already would else be sent to another. The providers' names.

    Where some of it is `unknown`, of any of them, all stay locked until a person has looked: a client whose payment was
    forgotten with its idempotency key asks for it again.
    """
    count = sum(unknown.values())
    names = []
    for provider in Provider.objects.filter(locked_because__startswith=RESTORED):
        before = provider.locked_because.removeprefix(RESTORED).strip()
        if before or count:
            reason = " ".join(filter(None, (UNKNOWN.format(count=count) if count else "", before)))
            given = {"provider": provider.name, "reason": reason[:LONGEST_REASON]}
            _run("providers.lock_sending", given).or_raise()
            continue
        _run("providers.unlock_sending", {"provider": provider.name, "reason": CAUGHT_UP}).or_raise()
        names.append(provider.name)
    return names


def plan_recover_submission(context: Context, *, transfer: str, provider: str, number: int) -> Plan:
    """Remember a submission that the backup did not have: its outcome is unknown until the provider is asked."""
    found: Transfer = context.locked[Transfer, transfer]  # type: ignore[assignment]
    by = find(provider)
    if found.attempts >= number or found.status not in RECOVERABLE:
        return Plan(result={**told(found), "recovered": False})
    was = {"status": found.status, "attempt_id": found.attempt_id}
    if found.status in {Status.BALANCE_RESERVED, Status.AWAITING_APPROVAL}:
        found.send()
    if found.status in {Status.SENT_TO_PROVIDER, Status.PROVIDER_PROCESSING}:
        found.lose_track()
    found.expires_at, found.attempts, found.requeries, found.provider = None, number, 0, provider
    found.attempt_id, found.sent_at = ids.new_id("ptm"), context.now
    found.next_attempt_at = found.changed_at = context.now
    row = Attempt(
        id=found.attempt_id,
        book_id=found.book_id,
        provider=by,
        subject=found.pk,
        action=Action.SUBMIT,
        reference=found.submission,
        sent={},
        why={"recovered": True},
        started_at=context.now,
    )
    result = {**told(found), "next_attempt_at": found.next_attempt_at, "recovered": True}
    return Plan(
        rows=[row],
        updates=[Update(found, (*SENT, "expires_at"), was)],
        result=result,
        events=[EventDraft("transfer.outcome_unknown", transfer, result, book_id=found.book_id)],
    )


def plan_report_unknown_submission(
    context: Context, *, provider: str, reference: str, said: dict[str, Any]
) -> Plan:
    """A provider executed what our books cannot place: a person finds out for whom."""
    by = find(provider)
    data = {"reason": "executed and unknown", "provider": provider, "reference": reference, "said": said}
    return Plan(result=data, events=[EventDraft("alert.raised", str(by.pk), data)])


def _pages(orders: Iterable[tuple[str, Reply]]) -> Iterator[list[tuple[str, Reply]]]:
    page: list[tuple[str, Reply]] = []
    for order in orders:
        page.append(order)
        if len(page) == BATCH:
            yield page
            page = []
    if page:
        yield page


def _place(provider: Provider, page: list[tuple[str, Reply]], found: CaughtUp) -> None:
    references = [reference for reference, _ in page]
    submitted = Attempt.objects.filter(provider=provider, reference__in=references, action=Action.SUBMIT)
    known = {each.reference: each for each in submitted}
    transfers = _transfers(references)
    for reference, reply in page:
        if reference in known:
            found.known += 1
            _hear(known[reference], reply, transfers)
        elif _recover(provider, reference, transfers):
            found.recovered += 1
        elif reply.outcome not in PAYS_NOT:
            found.unknown.append(reference)
            _report(provider.name, reference, reply.as_dict())


def _hear(submission: Attempt, reply: Reply, transfers: Mapping[str, Transfer]) -> None:
    """What became of a submission that the backup knows, where its transfer has ended otherwise: a message told it, which
    was lost. What a provider still has is asked after anyway."""
    transfer = transfers.get(submission.subject)
    agrees = PAYS_NOT if transfer and transfer.status not in PAID else {Outcome.COMPLETED}
    if transfer is None or transfer.status not in ENDED or reply.outcome not in (PAYS | PAYS_NOT) - agrees:
        return
    asked = _told_since(submission, reply)
    data = {"transfer": submission.subject, "attempt": asked.pk}
    key = f"{asked.pk}:answer"
    outcome = execute(Request("transfers.record_answer", data, key, WORKER, origin="restore"))
    if outcome.error:
        refused = {"refused": outcome.error.code, "why": outcome.error.message}
        _report(submission.provider.name, submission.reference, reply.as_dict() | refused)


def _told_since(submission: Attempt, reply: Reply) -> Attempt:
    """The question whose answer this is, as evidence; one, however often the provider is asked."""
    since, said = {"since": "the backup"}, storable(reply.as_dict())
    again = Attempt.objects.filter(of=submission, sent=since, answer__reply=said).first()
    if again:
        return again
    asked: Attempt = Attempt.objects.create(
        id=ids.new_id("ptm"),
        book_id=submission.book_id,
        provider_id=submission.provider_id,
        subject=submission.subject,
        action=Action.QUERY,
        of=submission,
        reference=submission.reference,
        sent=since,
        started_at=clock.now(),
    )
    Answer.objects.create(
        attempt=asked,
        outcome=reply.outcome.value,
        code=storable(reply.code),
        message=storable(reply.message),
        reply=said,
        received={},
        took=0,
        answered_at=clock.now(),
    )
    return asked


def _report(provider: str, reference: str, said: dict[str, Any]) -> None:
    """Let a person see to it, and the restore go on."""
    told = {"provider": provider, "reference": reference, "said": said}
    _run("transfers.report_unknown_submission", told).or_raise()


def _recover(provider: Provider, reference: str, transfers: Mapping[str, Transfer]) -> bool:
    transfer, _, number = reference.rpartition(".")
    if transfer not in transfers or not number.isdecimal():
        return False
    data = {"transfer": transfer, "provider": provider.name, "number": int(number)}
    outcome = _run("transfers.recover_submission", data, key=f"{transfer}:recover:{number}").or_raise()
    return bool(outcome.result["recovered"])


def _transfers(references: Iterable[str]) -> dict[str, Transfer]:
    wanted = [reference.rpartition(".")[0] for reference in references]
    ours = [each for each in wanted if _is_id(each)]
    return {str(each.pk): each for each in Transfer.objects.filter(pk__in=ours)}


def _is_id(text: str) -> bool:
    try:
        ids.decode("trf", text)
    except ids.InvalidId:
        return False
    return True


def _run(command: str, data: dict[str, Any], *, key: str = "") -> Any:
    return execute(Request(command, data, key or ids.new_id("k"), RESTORER, origin="restore"))
