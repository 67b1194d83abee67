"""The statement of an account: what it had, each line in a period with the balance after it, what it has."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial

from apps.core.money import Money
from apps.ledger.models import Account
from apps.ledger.queries.as_of import AsOf
from apps.ledger.queries.balances import balance
from apps.ledger.queries.statement_period import StatementPeriod, statement_period
from apps.ledger.reports.asking import Asked, ReportInvalid
from apps.ledger.reports.making import made, words_for
from apps.ledger.reports.shape import Link, Report, Role, Row, Rows, Section, code, day, money, text

NAME, TITLE = "account_statement", "Account statement"
COLUMNS = (
    day("on", "Date"),
    code("reference", "Entry"),
    text("words", "Description"),
    money("up", "Increase"),
    money("down", "Decrease"),
    money("balance", "Balance"),
)


def account_statement(asked: Asked) -> Report:
    """One section for each currency of the address; by effective day, amounts on the account's normal side."""
    found = statement_periods(asked)
    first = found[0].account
    return made(
        asked,
        NAME,
        TITLE,
        columns=COLUMNS,
        sections=[
            Section(str(each.account), each.account.currency, Rows(partial(_rows, asked, each)))
            for each in found
        ],
        size=sum(each.count + 3 for each in found),
        subject=f"{first.address} {first.name}".strip(),
    )


def statement_periods(asked: Asked) -> list[StatementPeriod]:
    """The statement of each account of the address, by currency; ReportInvalid if there is none."""
    accounts = Account.objects.filter(book=asked.book, address=asked.account).order_by("currency")
    if asked.currency:
        accounts = accounts.filter(currency=asked.currency)
    found = [_period(asked, account) for account in accounts]
    if not found:
        what = f"{asked.account} {asked.currency}".strip() or "without a name"
        raise ReportInvalid(f"Book {asked.book.slug} has no account {what}.", field="/account")
    return found


def balance_before(account: Account, position: int, since: date | None) -> Money:
    """The balance as shown before the first day; zero where there is none."""
    if since is None:
        return Money.zero(account.currency)
    return balance(account, AsOf(since - timedelta(days=1), position))


def _period(asked: Asked, account: Account) -> StatementPeriod:
    return statement_period(
        account,
        first=asked.since or date.min,
        last=asked.through or date.max,
        position=asked.positions[asked.book.pk],
    )


def _rows(asked: Asked, period: StatementPeriod) -> Iterator[Row]:
    yield Row(Role.OPENING, (asked.since, "Opening balance", None, None, None, period.opening))
    for line in period.lines():
        amount = line.amount
        more, less = (None, -amount) if amount.is_negative else (amount, None)
        words = words_for(line.description, line.kind)
        cells = (line.effective_on, line.reference, words, more, less, line.balance)
        yield Row(Role.LINE, cells, link=Link("entry", line.entry_id))
    yield Row(Role.TOTAL, (None, "Movements", None, period.incoming, period.outgoing, None))
    yield Row(Role.CLOSING, (asked.through, "Closing balance", None, None, None, period.closing))
