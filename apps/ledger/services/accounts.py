"""Opening, limiting, freezing and closing accounts."""

from datetime import datetime

from django.db import IntegrityError, connection, transaction

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger.errors import AccountClosed
from apps.ledger.models import Account, Freeze, Side
from apps.ledger.services.lookups import find_account
from apps.ledger.services.placing import place
from apps.operations import books
from apps.operations.plan import Context, EventDraft, Plan
from apps.operations.registry import Done

SIDES = {"credit": Side.CREDIT, "debit": Side.DEBIT}


class AccountExists(DomainError):
    """The address is taken in this currency."""

    code = "ACCOUNT_EXISTS"
    http_status = 409


class AccountNotEmpty(DomainError):
    """Only an empty account can be closed."""

    code = "ACCOUNT_NOT_EMPTY"
    http_status = 409


class AccountHasHolds(DomainError):
    """Open holds must be settled or released first."""

    code = "ACCOUNT_HAS_HOLDS"
    http_status = 409


class AccountInUse(DomainError):
    """Another account, which is open, names it as the one that takes what it owes."""

    code = "ACCOUNT_IN_USE"
    http_status = 409


class FloorAboveBalance(DomainError):
    """The balance is below the floor that was asked for."""

    code = "FLOOR_ABOVE_BALANCE"
    http_status = 409


class FreezeNotFound(DomainError):
    """There is no such freeze, or it was lifted."""

    code = "FREEZE_NOT_FOUND"
    http_status = 404


def plan_open_account(
    context: Context,
    *,
    book: str,
    address: str,
    currency: str,
    gl_code: str | None,
    side: str | None,
    name: str,
    floor: str | None,
    names_holds: bool | None,
) -> Plan:
    """An account, empty. GL code, side and whether it holds reserves follow from the chart of accounts by the address.

    `floor` is in decimal digits; none means that it may go below zero without limit.
    """
    found = books.by_slug(book)
    placed = place(
        address, currency, gl_code=gl_code, side=SIDES[side] if side else None, names_holds=names_holds
    )
    if Account.objects.filter(book=found, address=address, currency=currency).exists():
        raise AccountExists(f"Book {book} has an account {address} in {currency} already.", field="/address")
    lowest = None if floor is None else Money.parse(floor, currency).minor
    if lowest is not None and lowest > 0:
        raise FloorAboveBalance(f"{address} opens empty, which is below {floor} {currency}.", field="/floor")
    account = Account(
        book=found,
        address=address,
        currency=currency,
        gl_code=placed.code,
        side=placed.side,
        name=name or address,
        floor=lowest,
        names_holds=placed.names_holds,
        opened_at=context.now,
    )
    result = {
        "book": book,
        "address": address,
        "currency": currency,
        "gl_code": placed.code,
        "side": Side(placed.side).name.lower(),
    }
    return Plan(result=result, rows=[account], events=[EventDraft("account.opened", address, result)])


def set_floor(context: Context, *, book: str, account: str, currency: str, floor: str | None) -> Done:
    """Change how low the balance may go; the balance must be there already."""
    _, found = find_account(book, account, currency)
    found.floor = None if floor is None else Money.parse(floor, currency).minor
    try:
        with transaction.atomic():
            found.save(update_fields=["floor"])
    except IntegrityError:
        raise FloorAboveBalance(
            f"The balance of {account} is below {floor} {currency}.", field="/floor"
        ) from None
    return Done({"account": account, "currency": currency, "floor": floor})


def freeze_account(
    context: Context,
    *,
    book: str,
    account: str,
    currency: str,
    direction: str,
    reason: str,
    expires_at: datetime | None,
) -> Done:
    """Stop money going in, out or both, until lifted or expired. Settling and releasing holds goes on."""
    _, found = find_account(book, account, currency)
    freeze = Freeze.objects.create(
        account=found,
        direction=direction,
        reason=reason,
        expires_at=expires_at,
        frozen_by=context.actor.label,
        frozen_at=context.now,
    )
    _apply_freezes(found)
    result = {"freeze": freeze.pk, "account": account, "direction": direction}
    return Done(result, (EventDraft("account.frozen", account, {**result, "reason": reason}),))


def unfreeze_account(context: Context, *, freeze: str, reason: str) -> Done:
    """Lift one freeze; others of the same account stay in force."""
    found = Freeze.objects.select_related("account").filter(pk=freeze, lifted_at=None).first()
    if found is None:
        raise FreezeNotFound(f"There is no freeze {freeze} in force.", field="/freeze")
    found.lifted_by, found.lifted_at, found.lift_reason = context.actor.label, context.now, reason
    found.save(update_fields=["lifted_by", "lifted_at", "lift_reason"])
    _apply_freezes(found.account)
    result = {"freeze": freeze, "account": found.account.address}
    return Done(result, (EventDraft("account.unfrozen", found.account.address, result),))


def close_account(context: Context, *, book: str, account: str, currency: str, reason: str) -> Done:
    """Close an empty account for good."""
    _, found = find_account(book, account, currency)
    close(found)
    result = {"account": account, "currency": currency, "reason": reason}
    return Done(result, (EventDraft("account.closed", account, result),))


def close(account: Account) -> None:
    """Close it, or say why it cannot be closed: for handlers of the apps above, too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_close_account(%s)", [account.pk])
        refusal = cursor.fetchone()[0]
    if refusal:
        raise _CLOSING[refusal](f"{account.address} in {account.currency} {_WHY[refusal]}.", field="/account")


def _apply_freezes(account: Account) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_apply_freezes(%s)", [account.pk])


_CLOSING: dict[str, type[DomainError]] = {
    error.code: error for error in (AccountClosed, AccountNotEmpty, AccountHasHolds, AccountInUse)
}
_WHY = {
    AccountClosed.code: "is closed already",
    AccountNotEmpty.code: "is not empty; move its balance first",
    AccountHasHolds.code: "has open holds; settle or release them first",
    AccountInUse.code: "takes what another account owes; close that one first",
}
