"""Where money can go outside: bank accounts, addresses on chains, cards. Checked by themselves, and shown masked."""

from collections.abc import Mapping

from apps.accounts.destinations.bank import of_account_number, of_iban
from apps.accounts.destinations.card import of_token
from apps.accounts.destinations.crypto import of_address
from apps.accounts.destinations.destination import Destination, DestinationUnclear

__all__ = ["Destination", "DestinationUnclear", "destination_of"]

WAYS = (
    (of_iban, {"iban"}, set[str]()),
    (of_account_number, {"account_number", "bank_code"}, {"bic"}),
    (of_address, {"network", "address"}, set[str]()),
    (of_token, {"token"}, set[str]()),
)
"""How each is read, what it must name, and what it may."""


def destination_of(details: Mapping[str, str]) -> Destination:
    """What these details lead to; a DomainError at the field that is wrong, or DestinationUnclear."""
    for read, needed, possible in WAYS:
        if needed <= details.keys() <= needed | possible:
            return read(**details)
    raise DestinationUnclear(
        "Give one of these and nothing else: iban; account_number and bank_code, perhaps with bic;"
        " network and address; token."
    )
