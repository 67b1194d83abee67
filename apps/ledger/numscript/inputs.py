"""What a program is run on, from JSON: variables, balances and metadata."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from apps.ledger.numscript.machine import BalanceOf, MetadataOf
from apps.ledger.numscript.values import BadValue, bounded

Amounts = dict[tuple[str, str], int]
"""What is on an account in an asset."""


class Unreadable(Exception):
    """JSON that is not as it should be, and how it should be."""


def variables_in(given: Any) -> Mapping[str, Any]:
    """Variables by name."""
    if not isinstance(given, dict):
        raise Unreadable('Variables are an object: {"amount": "USD/2 100"}.')
    return given


def amounts_in(*given: Any) -> Amounts:
    """Balances, the later go before: lists of account, asset and amount, or amounts by account and asset."""
    return {(account, asset): amount for account, asset, amount in chain.from_iterable(map(_rows, given))}


def balances_of(amounts: Amounts) -> BalanceOf:
    """The same for a program to ask; what is not there is zero."""
    return lambda account, asset: amounts.get((account, asset), 0)


def _rows(given: Any) -> Iterator[tuple[str, str, int]]:
    try:
        if isinstance(given, list):
            rows = [(row["account"], row["asset"], row["amount"]) for row in given]
        else:
            rows = [(account, asset, amount) for account, by in given.items() for asset, amount in by.items()]
    except (AttributeError, KeyError, TypeError):
        raise Unreadable(
            'Balances are {"account": {"USD/2": 100}}, or a list of objects with account, asset and amount.'
        ) from None
    for account, asset, amount in rows:
        if not isinstance(account, str) or not isinstance(asset, str):
            raise Unreadable("Accounts and assets of balances are texts.")
        yield account, asset, _amount(amount)


def _amount(given: Any) -> int:
    amount = given.get("") if isinstance(given, dict) else given  # what has no colour
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise Unreadable(f"{given!r} is no amount: balances are whole numbers of the smallest unit.")
    try:
        return bounded(amount)
    except BadValue as error:
        raise Unreadable(f"A balance is too large: {error}.") from None


def metadata_in(given: Any) -> MetadataOf:
    """Metadata for a program to ask: texts by account and key."""
    if not isinstance(given, dict) or not all(isinstance(kept, dict) for kept in given.values()):
        raise Unreadable('Metadata are {"account": {"key": "text"}}.')
    return lambda account, key: given.get(account, {}).get(key)
