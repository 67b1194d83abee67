"""What transfers make of the messages that providers send by themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from apps.core import ids
from apps.operations.errors import FlagDenied, TenantSuspended
from apps.operations.executor import execute_many
from apps.operations.plan import Request
from apps.operations.run import Outcome
from apps.providers import handlers
from apps.providers.handlers import Became, Item, Verdict
from apps.providers.models import Action, Attempt
from apps.providers.services.inbox import Inbox
from apps.transfers.arrivals import Deposit, DepositStatus, VirtualAccount
from apps.transfers.models import Status, Transfer
from apps.transfers.number_calls import Numbers, given
from apps.transfers.services.deposits import WORKER as DEPOSITS
from apps.transfers.services.sending import WORKER


def register() -> None:
    """Follow news of payments, and of money that came or was taken."""
    handlers.register("payment", follow_payments)
    handlers.register("deposit", follow_deposits)
    handlers.register("chargeback", follow_chargebacks)
    handlers.register("virtual_account", follow_virtual_accounts)


@dataclass
class Inbound:
    """What a worker does about what comes from providers: messages, and numbers for deposits."""

    _inbox: Inbox = field(default_factory=Inbox)
    _numbers: Numbers = field(default_factory=Numbers)

    def turn(self) -> int:
        """Follow what came; how much that was."""
        return self._inbox.turn() + self._numbers.turn()

    def close(self) -> None:
        """Wait for what is open."""
        self._numbers.close()


def follow_payments(items: Sequence[Item]) -> list[Verdict]:
    """Let each transfer follow what its provider says of a submission of ours, in the order in which it came."""
    known = _transfers(items)
    about = [item for item in items if _name(item) in known]
    requests = [_request(item, known[_name(item)]) for item in about]
    outcomes = dict(zip((item.key for item in about), execute_many(requests), strict=True))
    return [
        _verdict(known[_name(item)], outcomes[item.key]) if item.key in outcomes else _unknown(item)
        for item in items
    ]


def follow_deposits(items: Sequence[Item]) -> list[Verdict]:
    """Credit what names a wallet; what its wallet cannot take, and all the rest, goes in suspense."""
    verdicts = _run("transfers.record_deposit", "deposit", items)
    wanted = {item.news.reference for item in items if item.news.reference.isprintable()}
    stranded = Deposit.objects.filter(status=DepositStatus.RECEIVED, reference__in=wanted)
    waiting = {(str(each.provider_id), each.reference): str(each.pk) for each in stranded}
    suspended = {
        pk: verdict_of(outcome, pk)
        for pk, outcome in zip(waiting.values(), execute_many(map(_suspend, waiting.values())), strict=True)
    }
    return [
        suspended[waiting[_name(item)]] if _name(item) in waiting else verdict
        for item, verdict in zip(items, verdicts, strict=True)
    ]


def follow_chargebacks(items: Sequence[Item]) -> list[Verdict]:
    """Put chargebacks on the desk."""
    return _run("transfers.record_chargeback", "chargeback", items)


def follow_virtual_accounts(items: Sequence[Item]) -> list[Verdict]:
    """Take the number that a provider tells instead of answering, or besides: it is the same, and taken once."""
    return [_numbered(item) for item in items]


def _numbered(item: Item) -> Verdict:
    row, number = _asked_for(item), str(item.news.data.get("number") or "")
    if row is None:
        return _unknown(item)
    if row.number == number:
        return Verdict(Became.PROCESSED, row.pk)
    [outcome] = execute_many([given(row, number)])
    return verdict_of(outcome, row.pk)


def _asked_for(item: Item) -> VirtualAccount | None:
    """The virtual account that it is about: one provider cannot number what another was asked for."""
    try:
        ids.decode("vac", item.news.reference)
    except ids.InvalidId:
        return None
    asked = VirtualAccount.objects.filter(provider=item.message.provider, pk=item.news.reference)
    return asked.first()


def _run(command: str, subject: str, items: Sequence[Item]) -> list[Verdict]:
    requests = [
        Request(
            command,
            {"message": item.message.pk, "place": item.place},
            item.key,
            DEPOSITS,
            origin="worker",
        )
        for item in items
    ]
    return [
        verdict_of(outcome, str(outcome.result[subject]) if outcome.accepted else "")
        for outcome in execute_many(requests)
    ]


def _suspend(deposit: str) -> Request:
    key = f"{deposit}:suspend"
    return Request("transfers.suspend_deposit", {"deposit": deposit}, key, DEPOSITS, origin="worker")


def verdict_of(outcome: Outcome, subject: str) -> Verdict:
    """What became of an item for which a command was run."""
    if outcome.error is None:
        return Verdict(Became.PROCESSED, subject)
    passing = outcome.error.transient or isinstance(outcome.error, FlagDenied | TenantSuspended)
    became = Became.LATER if passing else Became.QUARANTINED
    return Verdict(became, subject, f"{outcome.error.code}: {outcome.error.message}")


def _verdict(transfer: str, outcome: Outcome) -> Verdict:
    """What the books refuse is remembered by the transfer, which tries again by itself: the news is followed."""
    verdict = verdict_of(outcome, transfer)
    if verdict.became != Became.QUARANTINED:
        return verdict
    waits = (Status.PROVIDER_COMPLETED, Status.PROVIDER_FAILED)
    if Transfer.objects.filter(pk=transfer, status__in=waits).exists():
        return Verdict(Became.PROCESSED, transfer, verdict.why)
    return verdict


def _unknown(item: Item) -> Verdict:
    said = item.news.reference[:60] or "nothing"
    return Verdict(
        Became.QUARANTINED,
        why=f"We never sent {item.message.provider.name} anything under the reference {said}.",
    )


def _name(item: Item) -> tuple[str, str]:
    """Whose submission it is about: one provider cannot speak of what another was sent."""
    return str(item.message.provider_id), item.news.reference


def _transfers(items: Sequence[Item]) -> Mapping[tuple[str, str], str]:
    """The transfers of submissions, also of those that no longer count."""
    wanted = {item.news.reference for item in items}
    found = Attempt.objects.filter(reference__in=wanted, action=Action.SUBMIT)
    return {
        (str(provider), reference): str(subject)
        for reference, provider, subject in found.values_list("reference", "provider_id", "subject")
    }


def _request(item: Item, transfer: str) -> Request:
    data = {"transfer": transfer, "message": item.message.pk, "place": item.place}
    return Request("transfers.record_news", data, item.key, WORKER, origin="worker")
