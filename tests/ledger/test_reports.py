"""Reports against books that were added up by hand, and against a plain sum over the lines."""

import random
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core.money import Money
from apps.ledger import projections, queries, reports
from apps.ledger.models import Account, Line
from apps.ledger.queries import AsOf
from apps.ledger.reports import Kind, PositionUnknown, Report, ReportInvalid, ReportUnknown, Role
from apps.operations import books
from apps.operations.models import Book
from tests.ledger.bookkeeping import Leg, new_book, number_everything, open_account, post
from tests.ledger.reporting import SmallBook, ask, at, rows, sealed
from tests.ledger.tampering import tamper

pytestmark = pytest.mark.usefixtures("ledger_db")

JANUARY, FEBRUARY = date(2026, 1, 31), date(2026, 2, 28)
ETH = Decimal("1.234567890123456789")


def d(text: str) -> Decimal:
    return Decimal(text)


@pytest.fixture
def platform() -> Book:
    return books.find(books.platform_id())


@pytest.fixture
def small(platform: Book) -> SmallBook:
    """January is sealed and projected, February sealed alone."""
    small = SmallBook(platform)
    small.january()
    sealed(projected=True)
    small.february()
    sealed()
    return small


def test_trial_balance(small: SmallBook) -> None:
    report = ask("trial_balance", through=JANUARY)
    assert [section.title for section in report.sections] == ["ETH", "EUR"]
    assert rows(report) == [
        ("1150", "Digital assets in custody", ETH, None),
        ("2110", "Wallets: available", None, ETH),
        ("Total", None, ETH, ETH),
    ]
    assert rows(report, section=1) == [
        ("1110", "Cash at banks", d("696.00"), None),
        ("1120", "Cash at providers", d("300.00"), None),
        ("2110", "Wallets: available", None, d("690.00")),
        ("2120", "Wallets: held", None, d("200.00")),
        ("3100", "Capital and funding", None, d("100.00")),
        ("4100", "Fees", None, d("10.00")),
        ("5100", "Provider and bank fees", d("4.00"), None),
        ("Total", None, d("1000.00"), d("1000.00")),
    ]
    assert not report.flaws


def test_trial_balance_of_a_period(small: SmallBook) -> None:
    report = ask("trial_balance", since=date(2026, 2, 1), through=FEBRUARY)
    found = {row[0]: row[2:] for row in rows(report, section=1)}
    assert found["2110"] == (None, d("690.00"), d("30.00"), d("50.00"), None, d("710.00"))
    assert found["2120"] == (None, d("200.00"), d("200.00"), d("0.00"), None, None)
    totals = ("1000.00", "1000.00", "237.00", "237.00", "827.00", "827.00")
    assert found["Total"] == tuple(map(d, totals))


def test_trial_balance_by_account_splits_what_a_code_nets(small: SmallBook) -> None:
    report = ask("trial_balance", by_account=True, gl_code="")
    found = {row[1]: row[4:] for row in rows(report, section=1)}
    assert found["wallet:amara:available"] == (None, d("740.00"))
    assert found["wallet:bo:available"] == (d("30.00"), None)
    total = rows(report, Role.TOTAL, section=1)[0]
    assert total[-2:] == (d("857.00"), d("857.00"))
    assert rows(ask("trial_balance"), Role.TOTAL, section=1)[0][-2:] == (d("827.00"), d("827.00"))


def test_balance_sheet(small: SmallBook) -> None:
    report = ask("balance_sheet", through=FEBRUARY)
    assert rows(report, section=1) == [
        ("1000", "Assets", d("823.00")),
        ("1100", "Cash and prefunded balances", d("816.00")),
        ("1110", "Cash at banks", d("696.00")),
        ("1120", "Cash at providers", d("120.00")),
        ("1300", "Receivables", d("7.00")),
        ("1310", "Owed by customers", d("7.00")),
        ("Total assets", None, d("823.00")),
        ("2000", "Liabilities", d("710.00")),
        ("2100", "Customer funds", d("710.00")),
        ("2110", "Wallets: available", d("710.00")),
        ("3000", "Equity", d("100.00")),
        ("3100", "Capital and funding", d("100.00")),
        (None, "Result that is not yet in equity", d("13.00")),
        ("Total liabilities, equity and result", None, d("823.00")),
    ]
    assert [row.level for row in report.sections[1].rows][:3] == [0, 1, 2]
    assert not report.flaws


def test_income_statement_is_of_the_period(small: SmallBook) -> None:
    january = ask("income_statement", since=date(2026, 1, 1), through=JANUARY)
    assert rows(january, Role.LINE) == [
        ("4100", "Fees", d("10.00")),
        ("5100", "Provider and bank fees", d("4.00")),
    ]
    assert rows(january, Role.CLOSING) == [("Result of the period", None, d("6.00"))]
    february = ask("income_statement", since=date(2026, 2, 1), through=FEBRUARY)
    assert rows(february, Role.LINE) == [("4100", "Fees", d("7.00"))]
    assert [section.currency for section in february.sections] == ["EUR"]


def test_general_ledger(small: SmallBook) -> None:
    report = ask("general_ledger", since=date(2026, 2, 1), through=FEBRUARY, gl_code="2100")
    titles = [section.title for section in report.sections]
    assert titles == [
        "2110 Wallets: available, ETH",
        "2110 Wallets: available, EUR",
        "2120 Wallets: held, EUR",
    ]
    money = [row[-3:] for row in rows(report, section=1)]
    assert money == [
        (None, None, d("690.00")),
        (None, d("50.00"), d("740.00")),
        (d("30.00"), None, d("710.00")),
        (d("30.00"), d("50.00"), None),
        (None, None, d("710.00")),
    ]
    bank = ask("general_ledger", gl_code="1110")
    assert [row[-1] for row in rows(bank, Role.LINE)] == [d("100"), d("1000"), d("996"), d("696")]
    assert bank.size == 4 + 3
    with pytest.raises(ReportInvalid, match="no GL account 77"):
        ask("general_ledger", gl_code="77")


def test_account_statement(small: SmallBook) -> None:
    asked = {"account": "wallet:amara:available", "currency": "EUR", "since": date(2026, 2, 1)}
    report = ask("account_statement", **asked, through=FEBRUARY)
    assert [row[3:] for row in rows(report)] == [
        (None, None, d("690.00")),
        (d("50.00"), None, d("740.00")),
        (d("50.00"), d("0.00"), None),
        (None, None, d("740.00")),
    ]
    of_bank = ask("account_statement", account="bank:ing")
    assert [row[3:] for row in rows(of_bank, Role.TOTAL)] == [(d("1000.00"), d("304.00"), None)]
    with pytest.raises(ReportInvalid, match="no account bank:nowhere"):
        ask("account_statement", account="bank:nowhere")
    with pytest.raises(ReportInvalid, match="of one book"):
        ask("account_statement", account="bank:ing", book=None)


def test_wallet_statement_has_the_three_accounts_together(small: SmallBook) -> None:
    report = ask("wallet_statement", account="wallet:amara", currency="EUR", since=date(2026, 2, 1))
    assert [row[3:] for row in rows(report)] == [
        (d("690.00"), d("200.00"), d("0.00"), d("890.00")),
        (d("0.00"), d("-150.00"), d("0.00"), d("-150.00")),
        (d("50.00"), d("-50.00"), d("0.00"), d("0.00")),
        (d("0.00"), d("0.00"), d("7.00"), d("-7.00")),
        (d("50.00"), d("-200.00"), d("7.00"), d("-157.00")),
        (d("740.00"), d("0.00"), d("7.00"), d("733.00")),
    ]
    whole = ask("wallet_statement", account="wallet:amara")
    assert [section.currency for section in whole.sections] == ["ETH", "EUR"]
    without_owed = ask("wallet_statement", account="wallet:bo")
    assert rows(without_owed, Role.CLOSING)[0][3:] == (d("-30.00"), d("0.00"), d("0.00"), d("-30.00"))


def test_assets_and_liabilities_to_customers(small: SmallBook) -> None:
    report = ask("alm", through=FEBRUARY)
    assert rows(report, Role.LINE, Role.TOTAL, Role.CLOSING, section=1) == [
        ("2110", "Wallets: available", None, "on demand", d("740.00")),
        ("Total owed", None, None, None, d("740.00")),
        ("1110", "Cash at banks", "bank:ing", "on demand", d("696.00")),
        ("1120", "Cash at providers", "provider:stripe", "on demand", d("120.00")),
        ("Total held", None, None, None, d("816.00")),
        ("Held less owed", None, None, None, d("76.00")),
    ]
    assert rows(report, Role.NOTE, section=1) == [
        (None, "Overdrawn by customers", None, "on demand", d("30.00")),
        ("1310", "Owed by customers", None, "on demand", d("7.00")),
    ]


def test_safeguarding_shows_what_is_missing(small: SmallBook) -> None:
    report = ask("safeguarding", through=FEBRUARY)
    assert rows(report, Role.TOTAL, Role.CLOSING, Role.NOTE, section=1) == [
        ("Total to be safeguarded", None, None, d("740.00")),
        ("Total safeguarded", None, None, d("696.00")),
        ("Shortfall", None, None, d("-44.00")),
        ("1120", "Cash at providers", "provider:stripe", d("120.00")),
    ]
    assert [row.wrong for row in report.sections[1].rows if row.role is Role.CLOSING] == [True]
    assert rows(report, Role.CLOSING) == [("Surplus", None, None, d("0"))]


@pytest.fixture
def two_books(platform: Book) -> tuple[Book, Book]:
    """North keeps 200 at its bank for its wallet, and pays 50 of them to a wallet of south."""
    north, south = new_book("north"), new_book("south")
    bank, payer = open_account(north, "bank:ing"), open_account(north, "wallet:nora:available")
    due_to, due_from = open_account(north, "due_to:south"), open_account(south, "due_from:north")
    payee = open_account(south, "wallet:sam:available")
    post(Leg(bank, payer, 200_00), effective_at=at(1, 2))
    post(Leg(payer, due_to, 50_00), effective_at=at(1, 3))
    post(Leg(due_from, payee, 50_00), effective_at=at(1, 3))
    sealed()
    return north, south


BETWEEN = [
    ("north", [("2400", "Due to other books", "due_to:south", d("-50.00"))], d("-50.00")),
    ("south", [("1400", "Due from other books", "due_from:north", d("50.00"))], d("50.00")),
]


@pytest.mark.parametrize("name", ["alm", "safeguarding"])
@pytest.mark.parametrize(("book", "between", "net"), BETWEEN, ids=["north", "south"])
def test_money_between_books_is_missing_in_none(
    two_books: tuple[Book, Book], name: str, book: str, between: list, net: Decimal
) -> None:
    report = ask(name, book=book)
    lines = [(*row[:3], row[-1]) for row in rows(report, Role.LINE) if row[0] in {"1400", "2400"}]
    assert lines == between
    assert [row[-1] for row in rows(report, Role.TOTAL)][-1] == net
    [closing] = [row for row in report.sections[0].rows if row.role is Role.CLOSING]
    assert (closing.cells[-1].is_zero, closing.wrong) == (True, False)


@pytest.mark.parametrize("name", ["alm", "safeguarding"])
def test_money_between_books_counts_once_over_all_of_them(two_books: tuple[Book, Book], name: str) -> None:
    report = ask(name, book=None)
    assert [row[-1] for row in rows(report, Role.TOTAL)] == [d("200.00"), d("200.00"), d("0.00")]
    assert [row[-1] for row in rows(report, Role.CLOSING)] == [d("0.00")]


@pytest.mark.parametrize("name", ["alm", "safeguarding"])
def test_money_in_suspense_is_somebody_elses(platform: Book, name: str) -> None:
    book = new_book("north")
    bank, suspense = open_account(book, "bank:ing"), open_account(book, "suspense:deposits")
    odd, wallet = open_account(book, "suspense:withdrawals"), open_account(book, "wallet:w:available")
    corrections = open_account(book, "suspense:corrections")
    post(Leg(bank, suspense, 100_00), effective_at=at(1, 2))
    post(Leg(odd, bank, 7_00), effective_at=at(1, 2))
    post(Leg(corrections, wallet, 3_00), effective_at=at(1, 2))
    sealed()
    report = ask(name, book="north")
    assert [(*row[:3], row[-1]) for row in rows(report, Role.LINE)] == [
        ("2110", "Wallets: available", None, d("3.00")),
        ("2990", "Not yet explained", "suspense:deposits", d("100.00")),
        ("1110", "Cash at banks", "bank:ing", d("93.00")),
    ]
    assert [row[-1] for row in rows(report, Role.CLOSING)] == [d("-10.00")]
    if name == "alm":
        assert [(*row[:3], row[-1]) for row in rows(report, Role.NOTE)] == [
            ("2910", "Corrections", None, d("-3.00")),
            ("2990", "Not yet explained", "suspense:withdrawals", d("-7.00")),
        ]


def test_the_headings_that_reports_name_are_in_the_chart() -> None:
    from apps.ledger.reports import alm, safeguarding
    from apps.ledger.reports.customers import BETWEEN_BOOKS, OWED, SUSPENSE
    from apps.ledger.reports.tree import tree

    chart = tree()
    wanted = {"liability": {*OWED, SUSPENSE}, "asset": {*alm.HELD, *safeguarding.SAFEGUARDED}}
    wanted["asset"] |= set(safeguarding.NOT_SAFEGUARDED)
    assert [chart.accounts[code].type for code in BETWEEN_BOOKS] == ["asset", "liability"]
    for type_, codes in wanted.items():
        assert {chart.accounts[code].type for code in codes} == {type_}
    held = set(chart.postable(*alm.HELD))
    assert held == set(chart.postable(*safeguarding.SAFEGUARDED, *safeguarding.NOT_SAFEGUARDED))


def test_what_is_recorded_later_changes_no_report_of_an_earlier_position(small: SmallBook) -> None:
    before = {name: _cells(ask(name, position=7, **_needs(name))) for name in reports.REPORTS}
    ids = {name: ask(name, position=7, **_needs(name)).id for name in reports.REPORTS}
    small.move(small.bank, small.available, 5_00, 1, 15)
    open_account(small.book, "bank:new")
    small.move(small.bank, small.other, 5_00, 1, 15)
    sealed(projected=True)
    for name in reports.REPORTS:
        assert _cells(ask(name, position=7, **_needs(name))) == before[name], name
        assert ask(name, position=7, **_needs(name)).id == ids[name]
        assert _cells(ask(name, **_needs(name))) != before[name], name


def test_an_instant_is_the_position_that_was_given_by_then(small: SmallBook) -> None:
    report = ask("trial_balance", position=7)
    again = ask("trial_balance", at=report.known_at)
    assert (again.id, again.positions) == (report.id, {"platform": 7})
    assert ask("trial_balance", position=8).id != report.id
    assert ask("trial_balance", position=7, through=JANUARY).id != report.id


def test_what_has_no_position_yet_is_in_no_report(small: SmallBook) -> None:
    before = ask("trial_balance")
    small.move(small.bank, small.available, 5_00, 2, 20)
    assert ask("trial_balance").id == before.id
    assert _cells(ask("trial_balance")) == _cells(before)


def test_all_books_together(small: SmallBook) -> None:
    south = new_book("south")
    bank, wallet = open_account(south, "bank:bbva"), open_account(south, "wallet:carla:available")
    post(Leg(bank, wallet, 1_000_00), effective_at=at(1, 3))
    sealed()
    report = ask("trial_balance", book=None, through=JANUARY)
    assert rows(report, Role.TOTAL, section=1)[0][-1] == d("2000.00")
    assert report.positions == {"platform": 11, "south": 1}
    places = [row[2] for row in rows(ask("alm", book=None), Role.LINE, section=1)]
    assert places == [None, "bank:bbva", "bank:ing", "provider:stripe"]
    ledger = ask("general_ledger", book=None, gl_code="1110")
    assert len(rows(ledger, Role.LINE)) == 5
    again = reports.settle(positions=report.positions, through=JANUARY)
    assert reports.find("trial_balance").report(again).id == report.id
    assert rows(ask("trial_balance", book="south"), Role.TOTAL)[0][-1] == d("1000.00")


def test_what_cannot_be_asked_is_refused(small: SmallBook) -> None:
    with pytest.raises(PositionUnknown, match="up to 11, not 12"):
        ask("trial_balance", position=12)
    with pytest.raises(ReportInvalid, match="after the last one"):
        ask("trial_balance", since=FEBRUARY, through=JANUARY)
    with pytest.raises(ReportInvalid, match="belongs to a book"):
        ask("trial_balance", book=None, position=3)
    with pytest.raises(ReportUnknown, match="no report 'nonsense'"):
        ask("nonsense")


def test_a_book_without_an_entry_has_empty_reports(platform: Book) -> None:
    for name, kind in reports.REPORTS.items():
        if not kind.of_account:
            report = ask(name)
            assert (list(report.sections), report.positions, report.flaws) == ([], {}, report.flaws)


@pytest.mark.tampers
def test_books_that_do_not_balance_are_shown_in_red(small: SmallBook) -> None:
    change = "UPDATE ledger_line SET amount = amount - 100 WHERE account_id = %s AND sequence = 1"
    tamper((change, [small.bank.pk]), ("SELECT ledger_forget_projection(%s)", [small.book.pk]))
    sheet = ask("balance_sheet")
    assert sheet.flaws == ["Assets are not liabilities, equity and result: 1.00 EUR too much."]
    assert [row.role for row in sheet.sections[1].rows if row.wrong] == [Role.TOTAL, Role.TOTAL, Role.NOTE]
    assert ask("trial_balance").flaws == ["Debit and credit differ by -1.00 EUR."]


def test_the_number_of_queries_depends_on_the_report_alone(small: SmallBook) -> None:
    for number in range(30):
        wallet = open_account(small.book, f"wallet:w{number}:available")
        small.move(small.bank, wallet, 100, 2, 1)
    sealed()
    for name in ("trial_balance", "balance_sheet", "income_statement", "alm", "safeguarding"):
        with CaptureQueriesContext(connection) as run:
            _cells(ask(name))
        assert len(run) <= 7, name


def _needs(name: str) -> dict[str, str]:
    wanted = {"account_statement": "bank:ing", "wallet_statement": "wallet:amara"}
    return {"account": wanted[name]} if name in wanted else {}


def _cells(report: Report) -> list[object]:
    return [row.cells for section in report.sections for row in section.rows]


ADDRESSES = [
    "bank:a", "bank:b", "provider:p", "cash:till", "clearing:banks", "wallet:x:available",
    "wallet:x:owed", "wallet:y:available", "clearing:cards", "due_to:z", "suspense:corrections", "equity:capital",
    "revenue:fees", "revenue:interest", "expense:interest", "fx:eur",
]  # fmt: skip


@given(seed=st.integers(0, 2**32), moves=st.integers(1, 60), projected=st.booleans())
@settings(max_examples=20)
def test_any_book_balances_in_every_report(seed: int, moves: int, projected: bool) -> None:
    """Random movements in two currencies: columns are equal, sheets balance, ledgers end in the balances."""
    chance = random.Random(seed)
    book = new_book(f"b{seed}-{moves}-{projected}-{Book.objects.count()}")
    accounts = {
        (address, currency): open_account(book, address, currency)
        for address in ADDRESSES
        for currency in ("EUR", "USDC")
    }
    for number in range(moves):
        currency = chance.choice(["EUR", "USDC"])
        source, destination = chance.sample(ADDRESSES, 2)
        leg = Leg(accounts[source, currency], accounts[destination, currency], chance.randint(1, 10**9))
        post(leg, effective_at=at(1, 1) + timedelta(days=chance.randint(0, 80)))
        if number == moves // 2:
            number_everything()
            if projected:
                projections.project(book)
    number_everything()
    since = date(2026, 1, 1) + timedelta(days=chance.randint(0, 50))
    period = {"since": since, "through": since + timedelta(days=chance.randint(0, 30))}
    position = chance.randint(0, moves)
    for known in ({}, {"position": position}):
        _assert_adds_up(book, list(accounts.values()), period, known)


def _assert_adds_up(book: Book, accounts: list[Account], period: dict, known: dict) -> None:
    as_of = AsOf(period["through"], known.get("position"))
    for by_account in (False, True):
        trial = ask("trial_balance", book=book.slug, by_account=by_account, **period, **known)
        assert not trial.flaws
        for number, _ in enumerate(trial.sections):
            [total] = rows(trial, Role.TOTAL, section=number)
            assert total[-6::2] == total[-5::2]
            for place in range(-6, 0):
                lines = [row[place] or 0 for row in rows(trial, Role.LINE, section=number)]
                assert sum(lines) == total[place]
    sheet = ask("balance_sheet", book=book.slug, through=period["through"], **known)
    assert not sheet.flaws
    for number, _ in enumerate(sheet.sections):
        assets, other_side = rows(sheet, Role.TOTAL, section=number)
        assert assets[-1] == other_side[-1]
    ledger = ask("general_ledger", book=book.slug, **period, **known)
    assert not [row for section in ledger.sections for row in section.rows if row.wrong]
    closings = {section.title: list(section.rows)[-1].cells[-1] for section in ledger.sections}
    assert {title: amount for title, amount in closings.items() if not amount.is_zero} == _by_code(
        accounts, as_of
    )
    for account in accounts[:4]:
        asked = {"account": account.address, "currency": account.currency}
        statement = ask("account_statement", book=book.slug, **asked, **period, **known)
        assert list(statement.sections[0].rows)[-1].cells[-1] == queries.balance(account, as_of)


def _by_code(accounts: list[Account], as_of: AsOf) -> dict[str, Money]:
    from apps.ledger.reports.tree import tree

    chart, found = tree(), defaultdict(list)
    for account in accounts:
        title = f"{account.gl_code} {chart.name(account.gl_code)}, {account.currency}"
        found[title].append(queries.balance(account, as_of))
    sums = {title: sum(each[1:], each[0]) for title, each in found.items()}
    return {title: amount for title, amount in sums.items() if not amount.is_zero}


def test_the_columns_of_every_report_fit_its_cells(small: SmallBook) -> None:
    for name in reports.REPORTS:
        report = ask(name, **_needs(name))
        for section in report.sections:
            for row in section.rows:
                assert len(row.cells) == len(report.columns), (name, row)
                for column, cell in zip(report.columns, row.cells, strict=True):
                    assert cell is None or isinstance(cell, Money) == (column.kind is Kind.MONEY), (name, row)
                    assert not isinstance(cell, Money) or cell.currency == section.currency
    assert Line.objects.count()
