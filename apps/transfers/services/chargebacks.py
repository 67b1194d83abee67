"""What a provider takes back of a deposit: the wallet gives what it still has, and owes the rest."""

from copy import copy

from apps.accounts.queries.wallets import Holder, holder
from apps.ledger import templates
from apps.operations.plan import BalanceAfter, Context, Entry, EventDraft, Plan
from apps.transfers.arrivals import Chargeback, ChargebackStatus, Deposit, DepositStatus

POSTED = "Posted by itself: what the wallet still had was taken, the rest is owed."


def is_whose(chargeback: Chargeback, deposit: Deposit | None) -> Holder | None:
    """The wallet that was credited with what is taken back, if it is no more than that; else a person decides."""
    if deposit is None or deposit.status != DepositStatus.CREDITED or deposit.wallet_id is None:
        return None
    taken = Chargeback.objects.filter(
        provider_id=chargeback.provider_id, deposit_reference=chargeback.deposit_reference
    )
    before = sum(each.amount for each in taken)
    fits = deposit.currency == chargeback.currency and before + chargeback.amount <= deposit.amount
    return holder(str(deposit.wallet_id)) if fits else None


def plan_post(context: Context, chargeback: Chargeback, deposit: Deposit, wallet: Holder) -> Plan:
    """Debit the wallet whether or not it has enough."""
    entry = _entry(chargeback, deposit, wallet)
    waits = copy(chargeback)
    chargeback.status, chargeback.note = ChargebackStatus.CLOSED, POSTED
    chargeback.closed_at = context.now
    result = {
        "chargeback": chargeback.pk,
        "wallet": wallet.id,
        "amount": chargeback.money,
        "reason": chargeback.reason,
        "entry": entry.id,
        "balances": {wallet.id: BalanceAfter(wallet.available, wallet.currency)},
    }
    alarm = {"reason": "chargeback to be posted", "chargeback": chargeback.pk, "amount": chargeback.money}
    return Plan(
        rows=[chargeback],
        posts=[entry],
        result=result,
        events=[EventDraft("deposit.charged_back", deposit.pk, result, book_id=wallet.book_id)],
        if_refused=Plan(result={}, rows=[waits], events=[EventDraft("alert.raised", chargeback.pk, alarm)]),
    )


def _entry(chargeback: Chargeback, deposit: Deposit, wallet: Holder) -> Entry:
    provider = deposit.provider.account
    return templates.entry(
        "bank_return",
        {"amount": chargeback.money, "wallet": wallet.available, "bank": provider},
        book_id=wallet.book_id,
        reference=f"{provider}:{chargeback.reference}",
        kind="chargeback",
        description=f"Chargeback {chargeback.reason}".strip(),
        metadata={"chargeback": chargeback.pk, "deposit": deposit.pk},
        involuntary=True,
    )
