"""Keeping a part of what arrived back for a while, and letting it go."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from apps.accounts.models import Wallet
from apps.accounts.queries.wallets import Holder, holder
from apps.accounts.queries.wallets import balances as wallet_balances
from apps.core import ids
from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger import templates
from apps.operations.models import ApprovalRequest, ApprovalStatus
from apps.operations.plan import Context, Entry, EventDraft, Plan, Request, Update
from apps.operations.registry import Done, Input, Target
from apps.transfers.models import Transfer
from apps.transfers.reserves import ReservePolicy, ReserveStatus, RollingReserve, policies
from apps.transfers.services.making import balances, own_wallet
from apps.transfers.services.posting import missing_accounts

RELEASE: Final = "transfers.release_rolling_reserve"
RELEASER: Final = Actor.system("reserves", {RELEASE})


class ReserveReleased(DomainError):
    """The reserve was released already."""

    code = "RESERVE_RELEASED"
    http_status = 409


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept back of a pay-in: the row, its entry and its account, or nothing of each."""

    rows: Sequence[RollingReserve] = ()
    posts: Sequence[Entry] = ()
    accounts: Sequence[Any] = ()

    @property
    def amount(self) -> Money | None:
        """How much."""
        return self.rows[0].money if self.rows else None


def wallet_target(data: Input) -> Iterator[Target]:
    """The wallet, which is locked."""
    yield Target(Wallet, data["wallet"])


def target(data: Input) -> Iterator[Target]:
    """The reserve, which is locked."""
    yield Target(RollingReserve, data["reserve"])


def scopes(data: Input) -> list[tuple[str, str]]:
    """The flag scopes that are touched."""
    if "wallet" in data:
        wallet = holder(data["wallet"])
    else:
        found = RollingReserve.objects.filter(pk=data["reserve"]).values_list("wallet_id", flat=True).first()
        if found is None:
            return []
        wallet = holder(str(found))
    return [("tenant", wallet.tenant_id), ("currency", wallet.currency)]


def keeper(wallet: str) -> Iterator[Target]:
    """A wallet of which something is kept back, locked by what credits it by itself and by chargebacks: so nothing comes
    to be owed between the look at that and the posting."""
    if wallet in policies():
        yield Target(Wallet, wallet)


def kept_of(context: Context, transfer: Transfer, to: Holder, *, sticks: bool = False) -> Kept:
    """What the wallet's policy keeps back of a pay-in: at most what is left of it when it has repaid what is owed."""
    policy = policies().get(to.id)
    if policy is None:
        return Kept()
    left = transfer.money - wallet_balances([to])[to.id].owed
    part = min(policy.part_of(transfer.money), left)
    if not part.is_positive:
        return Kept()
    reserve = _reserve(context, to, part, policy.days, transfer=transfer)
    entry = _entry("rolling_reserve_hold", reserve, to, sticks=sticks)
    return Kept([reserve], [entry], missing_accounts(context, entry))


def plan_let_go(context: Context, transfer: Transfer) -> Plan:
    """What is still kept back of a pay-in is let go, as far as it is locked: the pay-in is taken back."""
    held = [
        row
        for row in context.locked.values()
        if isinstance(row, RollingReserve) and row.status == ReserveStatus.HELD
    ]
    posts, updates, events = [], [], []
    for reserve in held:
        wallet = holder(str(reserve.wallet_id))
        entry = _entry("rolling_reserve_release", reserve, wallet)
        reserve.status, reserve.released_at = ReserveStatus.RELEASED, context.now
        posts.append(entry)
        updates.append(Update(reserve, ("status", "released_at"), {"status": ReserveStatus.HELD}))
        said = _told(reserve) | {
            "entry": entry.id,
            "balances": balances([wallet]),
            "reason": f"{transfer.pk} was reversed.",
        }
        events.append(EventDraft("reserve.released", reserve.pk, said, book_id=reserve.book_id))
    return Plan(result={}, posts=posts, updates=updates, events=events)


def set_reserve_policy(context: Context, *, wallet: str, basis_points: int, days: int, reason: str) -> Done:
    """From now on keep this share of every pay-in of a wallet back for so many days; none if it is zero."""
    found: Wallet = context.locked[Wallet, wallet]  # type: ignore[assignment]
    values = {"basis_points": basis_points, "days": days, "changed_at": context.now, "book_id": found.book_id}
    ReservePolicy.objects.update_or_create(wallet=found, defaults=values)
    result = {"wallet": wallet, "basis_points": basis_points, "days": days, "reason": reason}
    return Done(result, (EventDraft("wallet.reserve_policy_set", wallet, result, book_id=found.book_id),))


def plan_hold_rolling_reserve(
    context: Context, *, wallet: str, amount: Money, days: int, reason: str
) -> Plan:
    """Keep an amount of a wallet back for so many days."""
    found = own_wallet(context, wallet, amount)
    reserve = _reserve(context, found, amount, days, reason=reason)
    entry = _entry("rolling_reserve_hold", reserve, found)
    result = _told(reserve) | {"entry": entry.id, "balances": balances([found])}
    return Plan(
        rows=[reserve],
        posts=[entry],
        accounts=missing_accounts(context, entry),
        result=result,
        events=[EventDraft("reserve.held", reserve.pk, result, book_id=reserve.book_id)],
    )


def plan_release_rolling_reserve(context: Context, *, reserve: str, reason: str) -> Plan:
    """Let what was kept back go: it is available in its wallet."""
    found: RollingReserve = context.locked[RollingReserve, reserve]  # type: ignore[assignment]
    if found.status != ReserveStatus.HELD:
        raise ReserveReleased(f"{reserve} was released already.", field="/reserve")
    wallet = holder(str(found.wallet_id))
    found.status, found.released_at = ReserveStatus.RELEASED, context.now
    entry = _entry("rolling_reserve_release", found, wallet)
    result = _told(found) | {"entry": entry.id, "balances": balances([wallet]), "reason": reason}
    alarm = {"reason": "reserve not released", "reserve": reserve, "wallet": found.wallet_id}
    return Plan(
        updates=[Update(found, ("status", "released_at"), {"status": ReserveStatus.HELD})],
        posts=[entry],
        result=result,
        events=[EventDraft("reserve.released", reserve, result, book_id=found.book_id)],
        if_refused=Plan(result={}, events=[EventDraft("alert.raised", reserve, alarm)]),
    )


def due(now: datetime) -> Iterator[Request]:
    """For each reserve whose days are over, the command that releases it: once a day, if it is refused.

    One whose release waits for other people is not asked for again.
    """
    waiting = ApprovalRequest.objects.filter(
        command=RELEASE, status__in=[ApprovalStatus.PENDING, ApprovalStatus.APPROVED]
    )
    asked_for = list(waiting.values_list("input__reserve", flat=True))
    held = RollingReserve.objects.filter(status=ReserveStatus.HELD, release_at__lte=now)
    for pk in held.exclude(pk__in=asked_for).order_by("release_at").values_list("pk", flat=True):
        yield Request(
            RELEASE,
            {"reserve": str(pk), "reason": "Its days are over."},
            f"{pk}:release:{now:%Y-%m-%d}",
            RELEASER,
            origin="beat",
        )


def _reserve(
    context: Context,
    wallet: Holder,
    amount: Money,
    days: int,
    *,
    transfer: Transfer | None = None,
    reason: str = "",
) -> RollingReserve:
    return RollingReserve(
        id=ids.new_id("rsv"),
        book_id=wallet.book_id,
        wallet_id=wallet.id,
        transfer=transfer,
        amount=amount.minor,
        currency=amount.currency,
        reason=reason,
        held_at=context.now,
        release_at=context.now + timedelta(days=days),
    )


def _entry(template: str, reserve: RollingReserve, wallet: Holder, *, sticks: bool = True) -> Entry:
    return templates.entry(
        template,
        {"amount": reserve.money, "reserve": str(reserve.wallet_id), "wallet": wallet.available},
        book_id=reserve.book_id,
        reference=f"{reserve.pk}:{template.rpartition('_')[2]}",
        description=reserve.reason,
        metadata={"reserve": reserve.pk},
        refusal_sticks=sticks,
    )


def _told(reserve: RollingReserve) -> dict[str, Any]:
    return {
        "reserve": reserve.pk,
        "wallet": reserve.wallet_id,
        "amount": reserve.money,
        "status": reserve.status,
        "release_at": reserve.release_at,
    }
