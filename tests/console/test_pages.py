"""Every page, with books and without, says what it has to say."""

from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from apps.accounts.models import User
from apps.console.site import site
from apps.core import clock, ids
from apps.ledger.models import PeriodChange
from apps.operations.models import Book
from tests.console.making import change_periods, move, open_account, seal_and_project

LISTS = [
    "/ops/",
    "/ops/ledger/account/",
    "/ops/ledger/account/?by=gl",
    "/ops/ledger/account/?by=gl&on=2026-01-31&at=2026-02-01T00:00&empty=hidden",
    "/ops/ledger/account/?by=pattern",
    "/ops/ledger/account/?gl=2110&on=2026-01-31",
    "/ops/ledger/account/?under=customer",
    "/ops/ledger/account/?q=customer",
    "/ops/ledger/account/?gl=2110",
    "/ops/ledger/journalentry/",
    "/ops/ledger/journalentry/?last=1",
    "/ops/ledger/journalentry/?q=payin",
    "/ops/ledger/templateversion/",
    "/ops/ledger/templateversion/pay_in/",
    "/ops/ledger/templateversion/pay_in/entries/",
    "/ops/ledger/hold/",
    "/ops/ledger/hold/?state=open",
    "/ops/finance/",
    "/ops/finance/trial_balance/",
    "/ops/finance/account_statement/",
    "/ops/ledger/exportjob/",
    "/ops/ledger/exportjob/?status=failed",
    "/ops/journal-exports/",
    "/ops/ledger/statementschedule/",
    "/ops/operations/book/",
    "/ops/ledger/periodchange/",
    "/ops/ledger/periodchange/?book=1",
    "/ops/operations/operation/",
    "/ops/operations/operation/?status=refused",
    "/ops/operations/approvalrequest/",
    "/ops/approvals/",
    "/ops/approvals/?whose=others",
    "/ops/approvals/?whose=decided",
    "/ops/operations/approvalrequest/?eligible=nobody",
    "/ops/operations/event/",
    "/ops/operations/featureflag/",
    "/ops/accounts/user/",
    "/ops/auth/group/",
    "/ops/payouts/",
    "/ops/payouts/batch/",
    "/ops/payouts/batch/?status=draft",
    "/ops/payouts/batch/?tenant=ten_x",
    "/ops/payouts/schedule/",
    "/ops/payouts/schedule/?status=paused",
    "/ops/providers/provider/",
    "/ops/transfers/transfer/?stuck=stuck",
    "/ops/rates/",
    "/ops/schedule/",
    "/ops/webhooks/endpoint/",
    "/ops/webhooks/endpoint/?status=disabled",
    "/ops/webhooks/endpoint/?tenant=ten_x",
    "/ops/webhooks/delivery/",
    "/ops/webhooks/delivery/?status=failed",
    "/ops/webhooks/delivery/?type=wallet.created&endpoint=whe_x",
    "/ops/webhooks/delivery/?q=trf_x",
    "/ops/webhooks/attempt/",
    "/ops/webhooks/attempt/?delivery=whd_x",
    "/ops/webhooks/replay/",
    "/ops/webhooks/replay/?state=running",
    "/ops/outbox/",
]


def text(console: Client, address: str, status: int = 200) -> str:
    answer = console.get(address)
    assert answer.status_code == status, address
    return answer.content.decode()


@pytest.mark.parametrize("address", LISTS)
@pytest.mark.django_db
def test_lists_without_a_row(console: Client, address: str) -> None:
    assert "Countinghouse" in text(console, address)


@pytest.mark.parametrize("address", LISTS)
def test_lists_with_rows(console: Client, world: dict[str, Any], address: str) -> None:
    assert "Countinghouse" in text(console, address)


def test_a_closing_is_compared_with_what_is_so_now(console: Client, world: dict[str, Any]) -> None:
    page = text(console, f"/ops/ledger/periodchange/{world['closing']}/")
    assert "Restated since" in page
    assert "entries up to position" in page
    assert "late:1" in page
    assert "late:2" not in page
    code = world["bank"].gl_code
    narrowed = text(console, f"/ops/ledger/periodchange/{world['closing']}/?gl={code}&currency=EUR")
    assert "bank:ing</a>" in narrowed
    assert "customer:1:available</a>" not in narrowed
    policy = text(console, f"/ops/ledger/periodchange/{world['policy']}/")
    assert "posted on the first open day" in policy
    assert "As restated" not in policy


def test_a_moved_entry_shows_both_dates(console: Client, world: dict[str, Any]) -> None:
    entry = text(console, f"/ops/ledger/journalentry/{ids.encode('je', world['moved'])}/")
    assert "Intended for" in entry
    assert "Intended for" not in text(console, f"/ops/ledger/journalentry/{ids.encode('je', world['late'])}/")
    day = PeriodChange.objects.get(pk=world["closing"]).closing_through
    assert day is not None
    statement = text(console, f"/ops/ledger/account/{world['wallet'].pk}/")
    assert f"for {day.isoformat()}" in statement


def test_books_say_which_days_are_open(console: Client, world: dict[str, Any]) -> None:
    book = world["wallet"].book
    for page in ("/ops/operations/book/", f"/ops/operations/book/{book.pk}/"):
        assert "Closing" in text(console, page)
    change_periods(book, "closed", closed=date(2020, 1, 31))
    for page in ("/ops/operations/book/", f"/ops/operations/book/{book.pk}/"):
        assert "Closed" in text(console, page)
        assert "2020-01-31" in text(console, page)


@pytest.mark.django_db
def test_empty_books_say_what_to_do_next(console: Client) -> None:
    page = text(console, "/ops/")
    assert "script/manage import_berka DIR" in page
    assert "No worker was ever seen" in page


def test_overview_puts_what_needs_a_person_first(console: Client, world: dict[str, Any]) -> None:
    page = text(console, "/ops/")
    assert page.index("approval request has no eligible approver") < page.index("approval request is pending")
    assert page.index("approval request is pending") < page.index("since the last worker heartbeat")
    assert '<a class="notice is-stop" href="/ops/operations/approvalrequest/?eligible=nobody">' in page
    assert '<a class="notice is-wait" href="/ops/operations/operation/?status=refused">' in page
    assert '<a class="notice is-wait" href="/ops/operations/featureflag/?state=disabled">' in page


def test_the_chart_ends_where_its_currency_does(console: Client, world: dict[str, Any]) -> None:
    old = Book.objects.create(slug="old", name="Old", created_at=clock.now())
    cash, customer = (open_account(old, address, "CZK") for address in ("cash", "customer"))
    move(old, "deposit", cash, customer, 70_00, on=date(1994, 3, 31))
    seal_and_project()
    page = text(console, "/ops/?currency=CZK")
    assert '["1994-03-31", "70.00"]' in page
    assert "1994" not in text(console, "/ops/?currency=EUR")


def test_the_tree_begins_with_a_book_that_has_accounts(console: Client) -> None:
    south = Book.objects.create(slug="south", name="South", created_at=clock.now())
    assert "No accounts yet" in text(console, "/ops/ledger/account/")
    open_account(south, "till")
    assert "till" in text(console, "/ops/ledger/account/")


def test_tree_adds_up_what_is_below(console: Client, world: dict[str, Any]) -> None:
    page = text(console, "/ops/ledger/account/")
    assert 'data-children="?part=1&amp;book=' in page
    assert "251.00" in page  # 211.00 available and 40.00 held
    inside = text(
        console, f"/ops/ledger/account/?part=1&under=customer:1&depth=2&book={world['wallet'].book_id}"
    )
    assert "<html" not in inside
    assert "available" in inside
    assert "held" in inside


def test_account_tells_its_balance_and_why(console: Client, world: dict[str, Any]) -> None:
    page = text(console, f"/ops/ledger/account/{world['wallet'].pk}/")
    assert "211.00" in page
    assert "40.00" in page
    assert ids.encode("hld", world["hold"]) in page
    assert "\N{MINUS SIGN}100.00" in page
    assert 'id="balance-points"' in page


def test_account_as_of_another_time(console: Client, world: dict[str, Any]) -> None:
    page = text(console, f"/ops/ledger/account/{world['wallet'].pk}/?on=1999-12-31")
    assert "Then it was" in page
    assert '<span class="figures">0.00</span>' in page
    page = text(console, f"/ops/ledger/account/{world['wallet'].pk}/?at=2000-01-01T00:00:00")
    assert "at position 0" in page
    assert "Enter a valid date" in text(console, f"/ops/ledger/account/{world['wallet'].pk}/?on=tomorrow")


def test_entry_shows_lines_seal_and_links_both_ways(console: Client, world: dict[str, Any]) -> None:
    first, reversal = ids.encode("je", world["first"]), ids.encode("je", world["reversal"])
    page = text(console, f"/ops/ledger/journalentry/{first}/")
    assert "bank:ing" in page
    assert "Reversed by" in page
    assert reversal in page
    assert "Sealed" in page
    assert first in text(console, f"/ops/ledger/journalentry/{reversal}/")
    assert "Not sealed yet" in text(
        console, f"/ops/ledger/journalentry/{ids.encode('je', world['unsealed'])}/"
    )


def test_refusal_is_a_red_card_with_the_exact_reason(console: Client, world: dict[str, Any]) -> None:
    page = text(console, f"/ops/operations/operation/{world['refused'].pk}/")
    assert 'class="sheet refusal"' in page
    assert "INSUFFICIENT_BALANCE" in page
    assert world["refused"].refusal["message"] in page
    assert "sticks to its key" in page


def test_approval_request_shows_facts_preview_and_decisions(console: Client, world: dict[str, Any]) -> None:
    page = text(console, f"/ops/operations/approvalrequest/{world['request'].pk}/")
    for said in (
        "amount_base",
        "48\N{NARROW NO-BREAK SPACE}000.00",
        "Mira Olsen",
        "1 of 2",
        "Nobody is eligible",
    ):
        assert said in page


def test_other_pages_of_one_row(console: Client, world: dict[str, Any], viewer: User, platform: Book) -> None:
    assert "Sums to zero" in text(console, f"/ops/operations/book/{platform.pk}/")
    assert "remains of" in text(console, f"/ops/ledger/hold/{ids.encode('hld', world['hold'])}/")
    assert "account.opened" in text(console, f"/ops/operations/event/{world['event'].pk}/")
    assert "account.opened" in text(console, f"/ops/operations/operation/{world['accepted'].pk}/")
    assert "Bank holiday" in text(console, f"/ops/operations/featureflag/{world['flag'].pk}/")
    assert "ledger.view_account" in text(console, f"/ops/accounts/user/{viewer.pk}/")
    assert viewer.email in text(console, f"/ops/auth/group/{Group.objects.get(name='viewer').pk}/")


def test_schedule_is_the_whole_beat_table(console: Client, world: dict[str, Any]) -> None:
    page = text(console, "/ops/schedule/")
    for said in ("operations.sequence", "every second", "every 15 seconds", "one"):
        assert said in page


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/ops/ledger/account/999999999/", "There is no account 999999999."),
        ("/ops/ledger/account/nonsense/", "There is no account nonsense."),
        ("/ops/ledger/journalentry/je_nonsense/", "There is no journal entry je_nonsense."),
        ("/ops/operations/operation/add/", "There is no operation add."),
    ],
)
@pytest.mark.django_db
def test_what_is_not_there_is_a_404_that_says_so(console: Client, address: str, said: str) -> None:
    assert said in text(console, address, 404)


def test_the_palette_finds_ids_references_addresses_and_lists(console: Client, world: dict[str, Any]) -> None:
    first = ids.encode("je", world["first"])
    assert f"/ops/ledger/journalentry/{first}/" in text(console, f"/ops/search/?s={first}")
    assert "payin:2" in text(console, "/ops/search/?s=payin")
    assert f"/ops/ledger/account/{world['bank'].pk}/" in text(console, "/ops/search/?s=bank:i")
    assert "/ops/operations/featureflag/" in text(console, "/ops/search/?s=flag")
    assert "Nothing." in text(console, "/ops/search/?s=je_nonsense")


@pytest.mark.django_db
def test_every_model_in_the_sidebar_is_registered() -> None:
    assert {model._meta.label for model in site._registry} == {
        "accounts.ApiKey",
        "operations.ApprovalPolicy",
        "operations.Delegation",
        "api.LoggedRequest",
        "accounts.Customer",
        "accounts.Recipient",
        "accounts.Tenant",
        "accounts.User",
        "accounts.Wallet",
        "auth.Group",
        "ledger.Account",
        "ledger.ExportJob",
        "ledger.Hold",
        "ledger.JournalEntry",
        "ledger.PeriodChange",
        "ledger.TemplateVersion",
        "ledger.StatementSchedule",
        "operations.ApprovalRequest",
        "operations.Book",
        "operations.Event",
        "operations.FeatureFlag",
        "operations.Operation",
        "payouts.Batch",
        "payouts.Schedule",
        "providers.InboundConflict",
        "providers.InboundMessage",
        "transfers.Chargeback",
        "transfers.Deposit",
        "transfers.RollingReserve",
        "treasury.SweepExecution",
        "treasury.SweepRule",
        "providers.Provider",
        "providers.RailFile",
        "transfers.Transfer",
        "transfers.VirtualAccount",
        "webhooks.Attempt",
        "webhooks.Delivery",
        "webhooks.Endpoint",
        "webhooks.Replay",
    }
