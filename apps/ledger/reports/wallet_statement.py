"""The statement of a wallet: its available, held and owed accounts together, entry by entry."""

from collections.abc import Iterator, Mapping
from functools import partial

from apps.core.money import Money
from apps.ledger.models import Account
from apps.ledger.queries.as_of import AsOf
from apps.ledger.queries.balances import balance
from apps.ledger.queries.journal_lines import PARTS, count_lines_at, lines_of_wallet
from apps.ledger.reports.account_statement import balance_before
from apps.ledger.reports.asking import Asked, ReportInvalid
from apps.ledger.reports.making import made, words_for
from apps.ledger.reports.shape import Link, Report, Role, Row, Rows, Section, code, day, money, text

NAME, TITLE = "wallet_statement", "Wallet statement"
COLUMNS = (
    day("on", "Date"),
    code("reference", "Entry"),
    text("words", "Description"),
    money("available", "Available"),
    money("held", "Held"),
    money("owed", "Owed to us"),
    money("total", "In all"),
)
NOTES = ("In all is what is available and held, less what is owed to us.",)

Parts = Mapping[str, Account]


def wallet_statement(asked: Asked) -> Report:
    """One section for each currency; what a reserve or a release moves between the parts leaves the sum alone."""
    wallet = asked.account.removesuffix(":available")
    addresses = [f"{wallet}:{part}" for part in PARTS]
    by_currency = _accounts(asked, wallet, addresses)
    if not by_currency:
        what = f"{wallet} {asked.currency}".strip() or "without a name"
        raise ReportInvalid(f"Book {asked.book.slug} has no wallet {what}.", field="/account")
    position = asked.positions[asked.book.pk]
    size = count_lines_at(asked.book.pk, position, addresses, since=asked.since, through=asked.through)
    return made(
        asked,
        NAME,
        TITLE,
        columns=COLUMNS,
        sections=[
            Section(f"{wallet}, {currency}", currency, Rows(partial(_rows, asked, wallet, currency, parts)))
            for currency, parts in by_currency.items()
        ],
        size=size + 3 * len(by_currency),
        subject=wallet,
        notes=NOTES,
    )


def _accounts(asked: Asked, wallet: str, addresses: list[str]) -> dict[str, dict[str, Account]]:
    found: dict[str, dict[str, Account]] = {}
    accounts = Account.objects.filter(book=asked.book, address__in=addresses)
    for account in accounts.order_by("currency", "address"):
        if asked.currency in {"", account.currency}:
            part = account.address.removeprefix(f"{wallet}:")
            found.setdefault(account.currency, {})[part] = account
    return found


def _rows(asked: Asked, wallet: str, currency: str, parts: Parts) -> Iterator[Row]:
    position, zero = asked.positions[asked.book.pk], Money.zero(currency)
    running = {
        part: balance_before(parts[part], position, asked.since) if part in parts else zero for part in PARTS
    }
    yield Row(Role.OPENING, (asked.since, "Opening balance", None, *_with_sum(running)))
    moved = dict.fromkeys(PARTS, zero)
    lines = lines_of_wallet(
        asked.book.pk, position, wallet, currency, since=asked.since, through=asked.through
    )
    for line in lines:
        change = {"available": line.available, "held": line.held, "owed": -line.owed}
        moved = {part: moved[part] + change[part] for part in PARTS}
        running = {part: running[part] + change[part] for part in PARTS}
        first = (line.effective_on, line.reference, words_for(line.description, line.kind))
        yield Row(Role.LINE, (*first, *_with_sum(change)), link=Link("entry", line.entry_id))
    yield Row(Role.TOTAL, (None, "Movements", None, *_with_sum(moved)))
    then = AsOf(asked.through, position)
    wrong = any(balance(parts[part], then) != running[part] for part in parts)
    yield Row(Role.CLOSING, (asked.through, "Closing balance", None, *_with_sum(running)), wrong=wrong)


def _with_sum(parts: Mapping[str, Money]) -> list[Money]:
    """The three parts and what they are in all; what is owed to us counts against the wallet."""
    return [*parts.values(), parts["available"] + parts["held"] - parts["owed"]]
