"""Whose money it is that came: by the number that it was sent to, or by what the remitter wrote."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from apps.accounts.models import Wallet, WalletStatus
from apps.accounts.queries.deposit_references import TooManyNames, named_by_id, named_by_reference
from apps.accounts.queries.tenants import is_test
from apps.core.money import Money
from apps.providers.models import Provider
from apps.providers.queries import routing
from apps.transfers.arrivals import NumberStatus, VirtualAccount

SHORTEST_EXTERNAL_ID: Final = 6
"""What is shorter, or has no digit, is too likely to be written by chance to tell whose money it may be."""
MOST_WORDS: Final = 20
MOST_NAMED: Final = 5

NOBODY: Final = "It names no number and no wallet of ours."


@dataclass(frozen=True, slots=True)
class Match:
    """The wallet, if there is one that may be credited, what told it, and else what speaks against it."""

    wallet: Wallet | None = None
    by: str = ""
    why: str = ""


SEVERAL: Final = Match(why="It names several wallets.")


def match(provider: Provider, amount: Money, data: Mapping[str, Any]) -> Match:
    """The one wallet that a deposit names, if it is open and in its currency."""
    number, written = str(data.get("virtual_account") or ""), str(data.get("reference") or "")
    found = _by_number(provider, number) or _by_name(written)
    if found is None:
        return Match(why=_perhaps(amount, written) or NOBODY)
    if found.wallet is None:
        return found
    if found.wallet.currency != amount.currency:
        return Match(why=f"{found.wallet.pk} is in {found.wallet.currency}.")
    if found.wallet.status != WalletStatus.OPEN:
        return Match(why=f"{found.wallet.pk} is closed.")
    if is_test(str(found.wallet.tenant_id)) and not provider.is_play:
        return Match(why=f"{found.wallet.pk} is a test environment's, and the money is real.")
    if provider.is_play and not is_test(str(found.wallet.tenant_id)) and routing.moves_real_money():
        return Match(why=f"{found.wallet.pk} is no test environment's, and the money is play money.")
    return found


def _by_number(provider: Provider, number: str) -> Match | None:
    given = VirtualAccount.objects.filter(provider=provider, number=number, status=NumberStatus.ACTIVE)
    found = given.select_related("wallet").first() if number else None
    return Match(found.wallet, "virtual account") if found else None


def _by_name(written: str) -> Match | None:
    """By deposit reference or id, whatever a bank made of case and separators; one wallet, or none is credited."""
    try:
        by_reference, by_id = named_by_reference(written), named_by_id(written)
    except TooManyNames:
        return SEVERAL
    if len({wallet.pk for wallet in (*by_reference, *by_id)}) > 1:
        return SEVERAL
    if by_reference:
        return Match(by_reference[0], "deposit reference")
    return Match(by_id[0], "wallet id") if by_id else None


def _perhaps(amount: Money, written: str) -> str:
    """Whose external id stands there, for the person who decides: tenants choose these, also such as strangers write."""
    words = [word for word in re.split(r"[\s,;]+", written) if _is_telling(word)][:MOST_WORDS]
    named = Wallet.objects.filter(external_id__in=words, currency=amount.currency, status=WalletStatus.OPEN)
    found = list(named.order_by("pk")[:MOST_NAMED]) if words else []
    return f"It may be for {', '.join(str(each.pk) for each in found)}, by external id." if found else ""


def _is_telling(word: str) -> bool:
    return len(word) >= SHORTEST_EXTERNAL_ID and any(letter.isdigit() for letter in word)
