"""Cutting: whatever waits is in exactly one file once, sums agree, and nothing of a file ever changes."""

import json
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core.money import Money
from apps.providers.formats import pain001
from apps.providers.models import Provider, RailFile, RailPayment
from apps.providers.protocol import Instruction
from apps.providers.queries import cut_offs, routing
from apps.providers.services import cutting, rail_payments
from tests.support.door import done, refused
from tests.support.files import ACH, BANKFILE
from tests.support.payouts import IBAN
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("ledger_db")

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
DUE = datetime(2026, 11, 23, 14, tzinfo=UTC)
"""Three in the afternoon in Berlin."""


def provider(adapter: str = "bankfile", **options: Any) -> Provider:
    """A bank that makes files; it has no channel."""
    shared = {"time_zone": "Europe/Berlin", "cut_off": time(15)} if adapter == "bankfile" else {}
    told = (BANKFILE if adapter == "bankfile" else ACH) | {"play": False} | options
    given = {"name": adapter, "title": adapter, "adapter": adapter, "options": told, **shared}
    done("providers.set_provider", **given)
    routing.forget()
    return Provider.objects.get(name=adapter)


def ask(to: Provider, number: int, cents: int = 1000, currency: str = "EUR", at: datetime = MONDAY) -> Any:
    """Ask for a payment; the answer."""
    who: dict[str, Any] = {"name": "Bo Lind", "iban": IBAN, "country": "DE"}
    if currency == "USD":
        who = {"name": "Bo Lind", "account_number": "123456789", "bank_code": "021000021", "bic": "CHASUS33"}
        who["country"] = "US"
    told = Instruction(f"trf_{number:026}.1", "payout", Money(cents, currency), who, memo=f"invoice {number}")
    scheme = "ach" if to.adapter == "ach" else "sepa" if currency == "EUR" else "swift"
    return rail_payments.keep(to, told, scheme=scheme, now=at)


asked = st.lists(
    st.tuples(
        st.integers(1, 10**7), st.sampled_from(["EUR", "USD"]), st.integers(0, 3), st.sampled_from([1, 7, 30])
    ),
    max_size=25,
)


@settings(max_examples=25)
@given(asked=asked, most=st.integers(1, 6))
def test_whatever_waits_is_in_one_file_once_and_sums_agree(
    asked: list[tuple[int, str, int, int]], most: int
) -> None:
    with transaction.atomic():
        to = Provider.objects.create(
            name="bankfile",
            adapter="bankfile",
            options=BANKFILE | {"most": most},
            time_zone="Europe/Berlin",
            cut_off=time(15),
            created_at=MONDAY,
            changed_at=MONDAY,
        )
        for number, (cents, currency, day, _) in enumerate(asked):
            ask(to, number, cents, currency, MONDAY + timedelta(days=day))
        made = [
            cutting.cut(to, through=DUE + timedelta(days=day), now=DUE + timedelta(days=day))
            for day in range(4)
        ]
        files = {str(each.pk): each for each in RailFile.objects.all()}
        assert sorted(pk for some in made for pk in some) == sorted(files)
        assert not RailPayment.objects.exclude(status="in_file").exists()
        sequences = list(RailPayment.objects.order_by("sequence").values_list("sequence", flat=True))
        assert sequences == list(range(1, len(asked) + 1))
        written = [row for file in files.values() for row in _checked(file, most)]
        assert sorted(written) == sorted(
            (f"trf-{number:026}.1", Money(cents, currency))
            for number, (cents, currency, *_) in enumerate(asked)
        )
        transaction.set_rollback(True)


def _checked(file: RailFile, most: int) -> list[tuple[str, Money]]:
    """The payments that the bytes of a file say; they are those of the books."""
    rows = list(pain001.read(BytesIO(bytes(file.content))).rows())
    said = [(row.payment.end_to_end_id, row.payment.amount) for row in rows]
    kept = [(each.reference.replace("_", "-"), each.money) for each in file.payments.order_by("sequence")]
    assert said == kept
    assert len(said) == file.count <= most
    assert sum((amount for _, amount in said), Money.zero(file.currency)) == file.money
    assert {row.execute_on for row in rows} == {file.execute_on}
    return said


class TestAtOnce:
    def test_two_who_cut_make_each_file_once(self) -> None:
        to = provider(most=3)
        for number in range(20):
            ask(to, number)
        at_once(*[lambda: cutting.cut(to, through=DUE, now=DUE)] * 4)
        assert sorted(RailFile.objects.values_list("count", flat=True)) == [2, 3, 3, 3, 3, 3, 3]
        assert set(RailPayment.objects.values_list("status", flat=True)) == {"in_file"}

    def test_who_cancels_while_it_is_cut_gets_it_or_not(self) -> None:
        to = provider()
        for number in range(20):
            ask(to, number)
        references = list(RailPayment.objects.values_list("reference", flat=True))
        outcomes: list[str] = []

        def cancel() -> None:
            outcomes.extend(rail_payments.void(to, each, now=DUE).outcome for each in references)

        at_once(cancel, lambda: cutting.cut(to, through=DUE, now=DUE))
        cancelled = RailPayment.objects.filter(status="cancelled").count()
        assert outcomes.count("cancelled") == cancelled
        assert RailPayment.objects.filter(file__isnull=False).count() == 20 - cancelled

    def test_the_same_payment_asked_twice_waits_once(self) -> None:
        to = provider()
        at_once(*[lambda: ask(to, 1)] * 4)
        assert RailPayment.objects.count() == 1


class TestCrash:
    @pytest.mark.parametrize("step", ["_file", "put_in"])
    def test_while_a_file_is_made_leaves_nothing_of_it(
        self, step: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        to = provider()
        ask(to, 1)
        with monkeypatch.context() as patched:
            patched.setattr(cutting, step, _crash)
            with pytest.raises(KeyboardInterrupt):
                cutting.cut(to, through=DUE, now=DUE)
        assert (RailFile.objects.count(), RailPayment.objects.get().status) == (0, "waiting")
        assert len(cutting.cut(to, through=DUE, now=DUE)) == 1


def _crash(*_: Any) -> Any:
    raise KeyboardInterrupt


class TestDays:
    @pytest.mark.parametrize(
        ("at", "due", "day"),
        [
            ("2026-11-23T13:59:59+00:00", "2026-11-23T14:00:00+00:00", "2026-11-23"),
            ("2026-11-23T14:00:00+00:00", "2026-11-24T14:00:00+00:00", "2026-11-24"),
            ("2026-11-21T08:00:00+00:00", "2026-11-23T14:00:00+00:00", "2026-11-23"),
            ("2026-04-02T20:00:00+00:00", "2026-04-07T13:00:00+00:00", "2026-04-07"),
            ("2026-12-24T20:00:00+00:00", "2026-12-28T14:00:00+00:00", "2026-12-28"),
        ],
    )
    def test_of_target_and_their_cut_offs(self, at: str, due: str, day: str) -> None:
        to = provider(calendar="TARGET")
        ask(to, 1, at=datetime.fromisoformat(at))
        kept = RailPayment.objects.get()
        assert (kept.due_at, kept.execute_on) == (datetime.fromisoformat(due), date.fromisoformat(day))

    def test_a_file_that_is_late_asks_for_a_day_that_is_still_to_come(self) -> None:
        to = provider()
        ask(to, 1)
        late = DUE + timedelta(days=5)  # a Saturday
        [made] = cutting.cut(to, through=late, now=late)
        assert RailFile.objects.get(pk=made).execute_on == date(2026, 11, 30)

    @pytest.mark.parametrize(
        ("at", "due", "day"),
        [
            ("2026-11-23T09:00:00-05:00", "2026-11-23T10:15:00-05:00", "2026-11-23"),
            ("2026-11-23T10:20:00-05:00", "2026-11-23T14:30:00-05:00", "2026-11-23"),
            ("2026-11-23T15:00:00-05:00", "2026-11-23T16:30:00-05:00", "2026-11-23"),
            ("2026-11-23T16:30:00-05:00", "2026-11-24T10:15:00-05:00", "2026-11-24"),
            ("2026-11-25T17:00:00-05:00", "2026-11-27T10:15:00-05:00", "2026-11-27"),
        ],
    )
    def test_of_the_windows_of_the_same_day(self, at: str, due: str, day: str) -> None:
        to = Provider(name="ach", adapter="ach", options=ACH | {"same_day": True})
        cut_off = cut_offs.next_cut_off(to, datetime.fromisoformat(at))
        assert cut_off == datetime.fromisoformat(due)
        assert cut_offs.execution_day(to, cut_off) == date.fromisoformat(day)

    def test_what_is_too_large_for_the_same_day_goes_the_next(self) -> None:
        to = provider("ach", same_day=True)
        morning = datetime.fromisoformat("2026-11-23T09:00:00-05:00")
        ask(to, 1, 100, "USD", morning)
        ask(to, 2, 100_000_001, "USD", morning)
        due = datetime.fromisoformat("2026-11-23T10:15:00-05:00")
        assert len(cutting.cut(to, through=due, now=due)) == 2
        days = RailFile.objects.order_by("total").values_list("execute_on", flat=True)
        assert list(days) == [date(2026, 11, 23), date(2026, 11, 24)]


class TestGuards:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE providers_railfile SET content = 'x'",
            "UPDATE providers_railfile SET sha256 = 'x'",
            "UPDATE providers_railfile SET count = 2",
            "UPDATE providers_railfile SET execute_on = '2026-12-01'",
            "DELETE FROM providers_railfile",
            "TRUNCATE providers_railfile CASCADE",
            "DELETE FROM providers_railpayment",
            "UPDATE providers_railpayment SET amount = 1",
            "UPDATE providers_railpayment SET reference = 'x'",
            "UPDATE providers_railpayment SET \"to\" = ''",
            "UPDATE providers_railpayment SET file_id = NULL, sequence = NULL, status = 'waiting'",
            "UPDATE providers_railpayment SET status = 'cancelled', file_id = NULL, sequence = NULL",
            "UPDATE providers_railpayment SET sequence = 99",
        ],
    )
    def test_nothing_of_a_file_changes(self, statement: str) -> None:
        to = provider()
        ask(to, 1)
        cutting.cut(to, through=DUE, now=DUE)
        with pytest.raises(DatabaseError, match="MADE_ONCE"), connection.cursor() as cursor:
            cursor.execute(statement)

    def test_nothing_is_put_in_a_file_later(self) -> None:
        to = provider()
        ask(to, 1)
        [file] = cutting.cut(to, through=DUE, now=DUE)
        ask(to, 2)
        later = RailPayment.objects.filter(status="waiting")
        with pytest.raises(DatabaseError, match="FILE_ADDS_UP"):
            later.update(status="in_file", file=file, sequence=2, execute_on=date(2026, 11, 23))

    def test_a_file_that_holds_something_else_than_it_says_is_not_made(self) -> None:
        to = provider()
        ask(to, 1)
        cutting.cut(to, through=DUE, now=DUE)
        file = RailFile.objects.get()
        file.pk, file.message_id = "rlf_01m7z75h000000000000000000", "other"
        with pytest.raises(DatabaseError, match="FILE_ADDS_UP"):
            file.save(force_insert=True)


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "field"),
        [
            ({"accounts": []}, "/options/accounts"),
            ({"accounts": [{"currency": "XXX"}]}, "/options/accounts/0/currency"),
            ({"most": 0}, "/options/most"),
            ({"debtor": "x"}, "/options/debtor"),
            ({"calendar": "MOON"}, "/options/calendar"),
        ],
    )
    def test_that_are_wrong_are_refused_with_their_place(self, options: dict[str, Any], field: str) -> None:
        from tests.support.door import run

        told = {"name": "bank", "title": "Bank", "adapter": "bankfile", "options": BANKFILE | options}
        outcome = run("providers.set_provider", **told)
        assert outcome.error
        assert outcome.error.field == field

    def test_a_provider_that_makes_no_files_cuts_none(self) -> None:
        given = {
            "name": "plain",
            "title": "Plain",
            "options": {"desk": "bank"},
            "base_url": "http://localhost",
        }
        done("providers.set_provider", **given)
        assert refused("providers.cut_file", provider="plain") == "PROVIDER_MAKES_NO_FILES"


def test_details_are_kept_encrypted() -> None:
    ask(provider(), 1)
    with connection.cursor() as cursor:
        cursor.execute('SELECT "to" FROM providers_railpayment')
        [(kept,)] = cursor.fetchall()
    assert IBAN not in kept
    assert json.loads(RailPayment.objects.get().to)["iban"] == IBAN
