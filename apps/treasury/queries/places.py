"""Where our own money is: at banks and providers, in pools and custody, on its way to us."""

from typing import Final

from apps.ledger.models import Account, GlAccount
from apps.treasury.errors import NotOurMoney

CASH: Final = "1100"
IN_TRANSIT: Final = "1200"
"""Headings of the chart: what is truly somewhere, and what is only in our books until it has arrived."""


def is_ours(account: Account, *, field: str) -> None:
    """NotOurMoney unless it is cash, a prefunded balance, custody or money in transit."""
    if heading_of(account.gl_code) is None:
        raise NotOurMoney(
            f"{account.address} ({account.gl_code}) is no money of ours at a bank or provider, in a pool, in custody or in transit.",
            field=field,
        )


def only_in_books(account: Account, counter: Account) -> bool:
    """Whether nothing moves outside: both are in transit, or parts of one account at a bank or provider.

    Parts have the same GL code and the same first two segments, such as `bank:ing:main` and `bank:ing:payouts`.
    """
    if heading_of(account.gl_code) == heading_of(counter.gl_code) == IN_TRANSIT:
        return True
    return account.gl_code == counter.gl_code and _place(account) == _place(counter)


def heading_of(code: str) -> str | None:
    """CASH or IN_TRANSIT, whichever the GL account stands below; None if neither."""
    parents = dict(GlAccount.objects.values_list("code", "parent_id"))
    above: str | None = code
    while above not in {CASH, IN_TRANSIT, None}:
        above = parents.get(above)
    return above


def _place(account: Account) -> list[str]:
    return account.address.split(":")[:2]
