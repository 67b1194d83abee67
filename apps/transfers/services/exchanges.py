"""What a provider executes between wallets of one tenant: bought, sold, moved over a bridge, put to work and taken out."""

from collections.abc import Callable, Mapping
from typing import Any

from apps.accounts.queries.wallets import WalletNotFound, holder
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.operations.plan import Context, Plan
from apps.operations.registry import Input
from apps.transfers.models import Kind
from apps.transfers.services.asking import plan_asked
from apps.transfers.services.making import Named, check_currency, new_transfer, own_wallet
from apps.transfers.services.own import OtherTenant


class SameCurrency(DomainError):
    """What is given and what is got are of one currency."""

    code = "SAME_CURRENCY"
    http_status = 422


class SameNetwork(DomainError):
    """A bridge leads from one network to another."""

    code = "SAME_NETWORK"
    http_status = 422


def scopes(data: Input) -> list[tuple[str, str]]:
    """The flag scopes that are touched: both currencies count."""
    named = [data[name] for name in ("wallet", "from_wallet", "to_wallet") if data.get(name)]
    wallets = [holder(wallet) for wallet in named]
    currencies = dict.fromkeys(("currency", wallet.currency) for wallet in wallets)
    return [("tenant", wallets[0].tenant_id), *currencies]


def plan_between(kind: Kind) -> Callable[..., Plan]:
    """The plan of a kind that gives one currency for another: onramp, offramp, buy, sell."""

    def plan(
        context: Context,
        *,
        from_wallet: str,
        to_wallet: str,
        amount: Money,
        at_least: Money | None,
        confirm: bool,
        reference: str,
        description: str,
        metadata: Mapping[str, Any],
    ) -> Plan:
        source = own_wallet(context, from_wallet, amount, at="/from_wallet")
        destination = holder(to_wallet, field="/to_wallet")
        if destination.book_id != source.book_id:
            if context.actor.book_id is not None:
                raise WalletNotFound(f"There is no wallet {to_wallet}.", field="/to_wallet")
            raise OtherTenant("Both wallets must be of one tenant.", field="/to_wallet")
        if destination.currency == source.currency:
            raise SameCurrency(
                f"Both wallets are in {source.currency}; make a transfer between them.", field="/to_wallet"
            )
        if at_least:
            check_currency(destination, at_least, field="/at_least/currency")
        transfer = new_transfer(
            context,
            kind,
            source.book_id,
            amount,
            Named(reference, description, metadata),
            source_wallet_id=from_wallet,
            destination_wallet_id=to_wallet,
            received_currency=destination.currency,
            terms={"at_least": at_least.decimal} if at_least else {},
        )
        return plan_asked(context, transfer, None, confirm=confirm)

    return plan


def plan_create_bridge(
    context: Context,
    *,
    wallet: str,
    amount: Money,
    from_network: str,
    to_network: str,
    confirm: bool,
    reference: str,
    description: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """Move coins of a wallet from one network to another; what the bridge takes is the wallet's to pay."""
    if from_network == to_network:
        raise SameNetwork(f"The coins are on {from_network} already.", field="/to_network")
    own_wallet(context, wallet, amount)
    terms = {"from_network": from_network, "to_network": to_network}
    return _with_one_wallet(
        context, Kind.BRIDGE, amount, Named(reference, description, metadata), confirm, terms, wallet, wallet
    )


def plan_start_strategy(
    context: Context,
    *,
    wallet: str,
    amount: Money,
    strategy: str,
    confirm: bool,
    reference: str,
    description: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """Put money of a wallet to work: still its owner's, but in the strategy."""
    own_wallet(context, wallet, amount)
    return _with_one_wallet(
        context,
        Kind.STRATEGY_START,
        amount,
        Named(reference, description, metadata),
        confirm,
        {"strategy": strategy},
        wallet,
        None,
    )


def plan_stop_strategy(
    context: Context,
    *,
    wallet: str,
    amount: Money,
    strategy: str,
    confirm: bool,
    reference: str,
    description: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """Take money that is in a strategy back into its wallet, with what it earned."""
    check_currency(own_wallet(context, wallet), amount)
    return _with_one_wallet(
        context,
        Kind.STRATEGY_STOP,
        amount,
        Named(reference, description, metadata),
        confirm,
        {"strategy": strategy},
        None,
        wallet,
    )


def _with_one_wallet(
    context: Context,
    kind: Kind,
    amount: Money,
    named: Named,
    confirm: bool,
    terms: Mapping[str, str],
    source: str | None,
    destination: str | None,
) -> Plan:
    transfer = new_transfer(
        context,
        kind,
        holder(str(source or destination)).book_id,
        amount,
        named,
        source_wallet_id=source,
        destination_wallet_id=destination,
        received_currency=amount.currency if destination else "",
        terms=dict(terms),
    )
    return plan_asked(context, transfer, None, confirm=confirm)
