"""After a backup was restored: what providers executed since, which our books no longer know, before anything is sent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from apps.core import ids
from apps.core.actor import Actor
from apps.operations.executor import execute
from apps.operations.plan import Context, EventDraft, Plan, Request, Update
from apps.operations.registry import Input, Target
from apps.providers.adapters import adapter_of
from apps.providers.models import Action, Attempt, Provider
from apps.providers.protocol import Outcome, Reply
from apps.providers.services.providers import find
from apps.transfers.models import WITH_PROVIDER, Status, Transfer
from apps.transfers.services.making import told
from apps.transfers.services.sending import SENT, sendable

RESTORER: Final = Actor.system(
    "restorer",
    {
        "providers.lock_sending",
        "providers.unlock_sending",
        "transfers.recover_submission",
        "transfers.report_unknown_submission",
    },
)
REASON: Final = "The database was restored from a backup: what was executed since is not known yet."
BATCH: Final = 500


@dataclass
class CaughtUp:
    """What a provider said: submissions that our books know, had forgotten, and cannot place at all."""

    known: int = 0
    recovered: int = 0
    unknown: list[str] = field(default_factory=list)


def target(data: Input) -> Iterator[Target]:
    """The transfer, which is locked."""
    yield Target(Transfer, data["transfer"])


def lock_all() -> list[str]:
    """Send nothing anywhere until each provider has said what it executed; the providers' names."""
    names = list(Provider.objects.filter(enabled=True, locked_because="").values_list("name", flat=True))
    for name in names:
        _run("providers.lock_sending", {"provider": name, "reason": REASON}).or_raise()
    return names


def catch_up(name: str, since: datetime) -> CaughtUp:
    """Ask a provider what it executed since a time, place all of it, and let sending to it go on.

    Raises what the provider's adapter raises if it does not say; then sending stays locked.
    """
    provider = find(name)
    found = CaughtUp()
    for page in _pages(adapter_of(provider).executed_since(since)):
        _place(provider, page, found)
    _run("providers.unlock_sending", {"provider": name}).or_raise()
    return found


def plan_recover_submission(context: Context, *, transfer: str, provider: str, number: int) -> Plan:
    """Remember a submission that the backup did not have: its outcome is unknown until the provider is asked."""
    found: Transfer = context.locked[Transfer, transfer]  # type: ignore[assignment]
    by = find(provider)
    if found.attempts >= number or not sendable(found):
        return Plan(result={**told(found), "recovered": False})
    was = {"status": found.status, "attempt_id": found.attempt_id}
    if found.status != Status.SENT_TO_PROVIDER:
        found.send()
    found.lose_track()
    found.attempts, found.requeries, found.provider = number, 0, provider
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
    result = {**told(found), "recovered": True}
    return Plan(
        rows=[row],
        updates=[Update(found, SENT, was)],
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
    known = set(
        Attempt.objects.filter(provider=provider, reference__in=references, action=Action.SUBMIT).values_list(
            "reference", flat=True
        )
    )
    transfers = _transfers(references)
    for reference, reply in page:
        if reference in known:
            found.known += 1
            continue
        outcome = _recover(provider, reference, transfers)
        if outcome:
            found.recovered += 1
        elif reply.outcome not in {Outcome.FAILED, Outcome.CANCELLED}:
            found.unknown.append(reference)
            said = {"provider": provider.name, "reference": reference, "said": reply.as_dict()}
            _run("transfers.report_unknown_submission", said).or_raise()


def _recover(provider: Provider, reference: str, transfers: dict[str, Transfer]) -> bool:
    transfer, _, number = reference.rpartition(".")
    found = transfers.get(transfer)
    if found is None or not number.isdecimal() or (found.status in WITH_PROVIDER and found.attempt_id):
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
