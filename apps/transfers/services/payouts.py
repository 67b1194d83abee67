"""Paying out of a wallet to a recipient."""

from collections.abc import Mapping
from typing import Any

from apps.accounts.models import Recipient
from apps.accounts.queries.wallets import Holder, holder
from apps.accounts.services.recipients import RecipientNotFound
from apps.core.money import Money
from apps.operations.plan import Context, Plan
from apps.operations.registry import Input
from apps.transfers.models import Kind, Transfer
from apps.transfers.services.asking import plan_asked
from apps.transfers.services.making import Named, new_transfer, own_wallet
from apps.transfers.services.own import RecipientUnfit
from apps.transfers.services.payable import refuse_unpayable


def scopes(data: Input) -> list[tuple[str, str]]:
    """The flag scopes that a payout touches."""
    wallet = holder(data["wallet"])
    return [("tenant", wallet.tenant_id), ("currency", wallet.currency)]


def plan_create_payout(
    context: Context,
    *,
    wallet: str,
    recipient: str,
    amount: Money,
    confirm: bool,
    reference: str,
    description: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """Pay out of a wallet: the amount and the fees are held at once or, unconfirmed, priced and waiting for a yes."""
    source = own_wallet(context, wallet, amount)
    to = Recipient.objects.filter(pk=recipient).first()
    transfer = new_payout(context, source, recipient, to, amount, Named(reference, description, metadata))
    return plan_asked(context, transfer, transfer.recipient, confirm=confirm)


def new_payout(
    context: Context, source: Holder, recipient: str, to: Recipient | None, amount: Money, named: Named
) -> Transfer:
    """The payout to the recipient of this id, who is refused unless found, of the wallet's tenant and fit to be paid this."""
    found = _fit(context, recipient, to, source, amount)
    return new_transfer(
        context,
        Kind.PAYOUT,
        source.book_id,
        amount,
        named,
        source_wallet_id=source.id,
        recipient=found,
    )


def _fit(
    context: Context, recipient: str, found: Recipient | None, source: Holder, amount: Money
) -> Recipient:
    """The recipient, who is of the wallet's tenant and may be paid this."""
    if found is None or found.tenant_id != source.tenant_id:
        raise RecipientNotFound(f"There is no recipient {recipient}.", field="/recipient")
    if found.currency != amount.currency:
        raise RecipientUnfit(
            f"Recipient {recipient} is paid in {found.currency}, the amount is in {amount.currency}.",
            field="/recipient",
        )
    refuse_unpayable(context, found, amount)
    return found
