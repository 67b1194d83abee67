"""Why a wallet is not closed yet, although nothing stands in its accounts."""

from apps.accounts.models import Wallet
from apps.core.errors import DomainError
from apps.ledger.models import Balance
from apps.transfers.flows import FLOWS
from apps.transfers.models import ENDED, Kind, Transfer


class TransferUnderWay(DomainError):
    """Something is on its way to the wallet, and could not be booked there once it is closed."""

    code = "TRANSFER_UNDER_WAY"
    http_status = 409


class StrategyOpen(DomainError):
    """Money of the wallet works in a strategy, from which it comes back to the wallet alone."""

    code = "STRATEGY_OPEN"
    http_status = 409


def refuse_under_way(wallet: Wallet) -> None:
    """Raise TransferUnderWay while a provider may still deliver something for the wallet."""
    to_it = Transfer.objects.filter(destination_wallet=wallet, kind__in=[*FLOWS])
    some = to_it.exclude(status__in=ENDED).order_by("-id").first()
    if some is not None:
        raise TransferUnderWay(
            f"{some.pk} is under way to {wallet.pk}; wait until it has ended, or cancel it.",
            field="/wallet",
            details={"transfer": some.pk},
        )


def refuse_in_strategy(wallet: Wallet) -> None:
    """Raise StrategyOpen while money of the wallet is in a strategy."""
    started = Transfer.objects.filter(source_wallet=wallet, kind=Kind.STRATEGY_START)
    names = set(started.values_list("terms__strategy", flat=True))
    addresses = [f"strategy:{name}:{wallet.pk}" for name in names]
    found = Balance.objects.filter(account__book=wallet.book_id, account__address__in=addresses)
    if found.exclude(balance=0).exists():
        raise StrategyOpen(f"Money of {wallet.pk} works in a strategy; stop that first.", field="/wallet")
