"""Where in the chart of accounts a new account stands."""

from dataclasses import replace
from datetime import datetime

from apps.core.errors import DomainError
from apps.ledger.models import Account, Side
from apps.ledger.queries.chart import Place, place_of
from apps.operations.models import Book


class UnknownAddress(DomainError):
    """No pattern of the chart knows the address, and no GL code was given."""

    code = "UNKNOWN_ADDRESS"


class ChartContradicted(DomainError):
    """What was given is not what the chart of accounts says."""

    code = "CHART_CONTRADICTED"


class GlAccountUnknown(DomainError):
    """The chart has no such GL account."""

    code = "GL_ACCOUNT_UNKNOWN"


class GlAccountIsHeading(DomainError):
    """A GL account with children carries no accounts."""

    code = "GL_ACCOUNT_IS_HEADING"


class CurrencyNotAllowed(DomainError):
    """The GL account is for other currencies."""

    code = "CURRENCY_NOT_ALLOWED"


def place(
    address: str,
    currency: str,
    *,
    gl_code: str | None = None,
    side: Side | None = None,
    names_holds: bool | None = None,
) -> Place:
    """Where an account of this address and currency belongs; what is given as well must be what the chart says.

    An address outside all patterns belongs where `gl_code` says, and holds reserves if `names_holds` says so.
    """
    found = place_of(address, gl_code)
    if found is None:
        raise _without_place(address, gl_code)
    if gl_code not in {None, found.code}:
        raise _contradicted(address, found, "gl_code", f"not to {gl_code}")
    if side not in {None, found.side}:
        raise _contradicted(address, found, "side", f"whose normal side is {_side(found.side)}")
    if found.is_heading:
        raise GlAccountIsHeading(
            f"{found.code} ({found.name}) is a heading: choose one of the GL accounts below it.",
            field="/gl_code",
        )
    if found.currencies and currency not in found.currencies:
        raise CurrencyNotAllowed(
            f"{found.code} ({found.name}) is for {', '.join(found.currencies)} only, not for {currency}.",
            field="/currency",
        )
    if found.pattern is None:
        return replace(found, names_holds=bool(names_holds))
    if names_holds not in {None, found.names_holds}:
        what = "reserves" if found.names_holds else "no reserves"
        raise _contradicted(address, found, "names_holds", f"and holds {what}")
    return found


def new_account(
    book: Book, address: str, currency: str, *, now: datetime, name: str = "", floor: int | None = None
) -> Account:
    """An account that is still to be written, where the chart puts it; `floor` is in minor units."""
    placed = place(address, currency)
    return Account(
        book=book,
        address=address,
        currency=currency,
        gl_code=placed.code,
        side=placed.side,
        name=name or placed.name,
        floor=floor,
        names_holds=placed.names_holds,
        opened_at=now,
    )


def _without_place(address: str, gl_code: str | None) -> DomainError:
    if gl_code:
        return GlAccountUnknown(
            f"The chart of accounts has neither a pattern for {address} nor a GL account {gl_code}.",
            field="/gl_code",
        )
    return UnknownAddress(
        f"No pattern of the chart of accounts knows {address}: choose an address that fits one, name the gl_code"
        " that the account belongs to, or add a pattern to fixtures/chart.json and run ledger.rebuild_coa.",
        field="/address",
    )


def _contradicted(address: str, found: Place, field: str, what: str) -> ChartContradicted:
    why = f"fits the pattern {found.pattern} and so belongs" if found.pattern else "belongs"
    return ChartContradicted(
        f"{address} {why} to {found.code} ({found.name}), {what}; leave {field} out.",
        field=f"/{field}",
        details={"pattern": found.pattern, "gl_code": found.code, "side": _side(found.side)},
    )


def _side(side: int) -> str:
    return Side(side).name.lower()
