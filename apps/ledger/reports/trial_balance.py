"""The trial balance: every balance in its debit or its credit column, and both columns equal."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial, reduce

from apps.core.money import Money
from apps.ledger.queries.movements import Movement, movements_by_account, movements_by_code
from apps.ledger.reports.asking import Asked
from apps.ledger.reports.making import made
from apps.ledger.reports.shape import Column, Link, Report, Role, Row, Rows, Section, code, money, text
from apps.ledger.reports.tree import Tree, by_currency, tree

NAME, TITLE = "trial_balance", "Trial balance"


def trial_balance(asked: Asked) -> Report:
    """By GL account or by account; with a first day also what they had before it and what moved since."""
    chart = tree()
    found = movements_by_code(asked.positions, since=asked.since, through=asked.through)
    sections = [
        Section(currency, currency, _rows(asked, chart, movements))
        for currency, movements in by_currency(found)
    ]
    return made(
        asked,
        NAME,
        TITLE,
        columns=_columns(asked),
        sections=sections,
        size=sum(each.accounts for each in found) if asked.by_account else len(found),
        flaws=[flaw for _, movements in by_currency(found) if (flaw := _flaw(movements))],
    )


def _columns(asked: Asked) -> Sequence[Column]:
    first = [code("gl_code", "GL account")]
    first += [code("address", "Account"), text("book", "Book")] if asked.by_account else []
    first += [text("name", "Name")]
    closing = [money("debit", "Debit"), money("credit", "Credit")]
    if asked.since is None:
        return [*first, *closing]
    before = [money("opening_debit", "Opening debit"), money("opening_credit", "Opening credit")]
    moved = [money("debited", "Debited"), money("credited", "Credited")]
    return [*first, *before, *moved, *closing]


def _rows(asked: Asked, chart: Tree, movements: list[Movement]) -> Iterable[Row]:
    currency = movements[0].currency
    if asked.by_account:
        return Rows(partial(_accounts, asked, currency))
    amounts = [_amounts(asked, each) for each in movements]
    total = _total(reduce(_added, amounts, _nothing(asked, currency)), blank=1)
    codes = zip(movements, amounts, strict=True)
    return [*(chart.row(Role.LINE, each.gl_code, *cells) for each, cells in codes), total]


def _accounts(asked: Asked, currency: str) -> Iterator[Row]:
    slugs = {book.pk: book.slug for book in asked.books}
    found = movements_by_account(asked.positions, currency, since=asked.since, through=asked.through)
    sums = _nothing(asked, currency)
    for each in found:
        amounts = _amounts(asked, each)
        sums = _added(sums, amounts)
        cells = (each.gl_code, each.what, slugs[each.book_id or 0], each.name, *amounts)
        yield Row(Role.LINE, cells, link=Link("account", str(each.account_id)))
    yield _total(sums, blank=3)


def _amounts(asked: Asked, movement: Movement) -> list[Money | None]:
    """One account stands in one of two columns; several that are read as one GL account too."""
    closing = _either(movement.closing)
    if asked.since is None:
        return closing
    return [*_either(movement.opening), movement.amount_out, movement.amount_in, *closing]


def _either(raw: Money) -> list[Money | None]:
    return [-raw if raw.is_negative else None, raw if raw.is_positive else None]


def _nothing(asked: Asked, currency: str) -> list[Money]:
    return [Money.zero(currency)] * (2 if asked.since is None else 6)


def _added(sums: list[Money], amounts: list[Money | None]) -> list[Money]:
    return [total + each if each else total for total, each in zip(sums, amounts, strict=True)]


def _total(sums: list[Money], *, blank: int) -> Row:
    return Row(Role.TOTAL, ("Total", *[None] * blank, *sums), wrong=sums[-1] != sums[-2])


def _flaw(movements: list[Movement]) -> str:
    zero = Money.zero(movements[0].currency)
    difference = sum((each.closing for each in movements), zero)
    return "" if difference.is_zero else f"Debit and credit differ by {difference}."
