"""Which wallets a text names."""

from apps.accounts.deposit_references import ids_in, tails_in
from apps.accounts.models import Wallet
from apps.accounts.models.customers import WALLET_TAIL

MOST_NAMES = 20


class TooManyNames(Exception):
    """A text says more than anybody means."""


def named_by_reference(written: str) -> list[Wallet]:
    """The wallets whose deposit reference stands in a text; TooManyNames if many seem to."""
    tails = _few(tails_in(written))
    return list(Wallet.objects.annotate(tail=WALLET_TAIL).filter(tail__in=tails)) if tails else []


def named_by_id(written: str) -> list[Wallet]:
    """The wallets whose id stands in a text; TooManyNames if many seem to."""
    wallets = _few(ids_in(written))
    return list(Wallet.objects.filter(pk__in=wallets)) if wallets else []


def _few(names: set[str]) -> set[str]:
    if len(names) > MOST_NAMES:
        raise TooManyNames
    return names
