"""Why the ledger refuses, in the precedence of `sql/post.sql`."""

from apps.core.errors import DomainError
from apps.core.money import CurrencyMismatch, InvalidAmount


class LedgerRefusal(DomainError):
    """The posting function refused an entry."""

    http_status = 422


class DuplicateTransaction(LedgerRefusal):
    """The entry's reference stands already."""

    code = "DUPLICATE_TRANSACTION"
    http_status = 409


class AlreadyReversed(LedgerRefusal):
    """An entry is reversed once."""

    code = "ALREADY_REVERSED"
    http_status = 409


class SameAccount(LedgerRefusal):
    """Source and destination are one account."""

    code = "SAME_ACCOUNT"


class AccountNotFound(LedgerRefusal):
    """The book has no such account."""

    code = "ACCOUNT_NOT_FOUND"
    http_status = 404


class AccountClosed(LedgerRefusal):
    """The account is closed for good."""

    code = "ACCOUNT_CLOSED"


class PeriodClosed(LedgerRefusal):
    """The book is closed through the entry's date, or closing through it and the entry does not adjust."""

    code = "PERIOD_CLOSED"


class AccountFrozen(LedgerRefusal):
    """The account is frozen in the direction of the posting."""

    code = "ACCOUNT_FROZEN"


class HoldRequired(LedgerRefusal):
    """A reserve account is moved only in the name of a hold."""

    code = "HOLD_REQUIRED"


class HoldNotFound(LedgerRefusal):
    """There is no such hold on that account."""

    code = "HOLD_NOT_FOUND"
    http_status = 404


class HoldExhausted(LedgerRefusal):
    """Less remains of the hold than is asked."""

    code = "HOLD_EXHAUSTED"


class InsufficientBalance(LedgerRefusal):
    """The account would fall below its floor."""

    code = "INSUFFICIENT_BALANCE"


class BalanceOverflow(LedgerRefusal):
    """The balance would have more than 38 digits."""

    code = "BALANCE_OVERFLOW"


class GroupRefused(LedgerRefusal):
    """Another entry of the group was refused."""

    code = "GROUP_REFUSED"


BY_CODE: dict[str, type[DomainError]] = {
    error.code: error
    for error in (
        DuplicateTransaction,
        AlreadyReversed,
        InvalidAmount,
        SameAccount,
        AccountNotFound,
        CurrencyMismatch,
        AccountClosed,
        PeriodClosed,
        AccountFrozen,
        HoldRequired,
        HoldNotFound,
        HoldExhausted,
        InsufficientBalance,
        BalanceOverflow,
        GroupRefused,
    )
}
