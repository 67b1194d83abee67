"""The statement of an account: what it had, each line in a period with the balance after it, what it has."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial

from apps.core.money import Money
from apps.ledger.models import Account
from apps.ledger.queries.as_of import AsOf
from apps.ledger.queries.balances import balance
from apps.ledger.queries.journal import count_lines_at, lines_of_account
from apps.ledger.reports.asking import Asked, ReportInvalid
from apps.ledger.reports.making import made
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
    accounts = Account.objects.filter(book=asked.book, address=asked.account).order_by("currency")
    if asked.currency:
        accounts = accounts.filter(currency=asked.currency)
    found = list(accounts)
    if not found:
        what = f"{asked.account} {asked.currency}".strip() or "without a name"
        raise ReportInvalid(f"Book {asked.book.slug} has no account {what}.", field="/account")
    position = asked.positions[asked.book.pk]
    size = count_lines_at(asked.book.pk, position, [asked.account], since=asked.since, through=asked.through)
    return made(
        asked,
        NAME,
        TITLE,
        columns=COLUMNS,
        sections=[
            Section(f"{each.address}, {each.currency}", each.currency, Rows(partial(_rows, asked, each)))
            for each in found
        ],
        size=size + 3 * len(found),
        subject=f"{found[0].address} {found[0].name}".strip(),
    )


def balance_before(account: Account, position: int, since: date | None) -> Money:
    """The balance as shown before the first day; zero where there is none."""
    if since is None:
        return Money.zero(account.currency)
    return balance(account, AsOf(since - timedelta(days=1), position))


def _rows(asked: Asked, account: Account) -> Iterator[Row]:
    position = asked.positions[account.book_id]
    running = balance_before(account, position, asked.since)
    yield Row(Role.OPENING, (asked.since, "Opening balance", None, None, None, running))
    up = down = Money.zero(account.currency)
    for line in lines_of_account(account, position, since=asked.since, through=asked.through):
        amount = line.amount * account.side
        running += amount
        more, less = (None, -amount) if amount.is_negative else (amount, None)
        up, down = up + more if more else up, down + less if less else down
        words = line.description or line.kind
        cells = (line.effective_on, line.reference, words, more, less, running)
        yield Row(Role.LINE, cells, link=Link("entry", line.entry_id))
    yield Row(Role.TOTAL, (None, "Movements", None, up, down, None))
    wrong = running != balance(account, AsOf(asked.through, position))
    yield Row(Role.CLOSING, (asked.through, "Closing balance", None, None, None, running), wrong=wrong)
