"""Rolling reserves: kept back of pay-ins or by hand, and free by themselves when their days are over."""

from datetime import timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.ledger import reports
from apps.ledger.queries import last_position
from apps.operations.models import Event
from apps.transfers import reserves
from apps.transfers.reserves import RollingReserve
from apps.transfers.tasks import release_reserves
from tests.ledger.bookkeeping import number_everything
from tests.support.arrivals import arrived, charged_back
from tests.support.door import balance, done, eur, refused
from tests.support.inbound import followed
from tests.support.payouts import later
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, available, has

pytestmark = pytest.mark.usefixtures("ledger_db")


def kept(wallet: str, basis_points: int = 1_000, days: int = 90) -> None:
    given = {"wallet": wallet, "basis_points": basis_points, "days": days}
    done("transfers.set_reserve_policy", **given, reason="new merchant")
    reserves.forget()


def paid_in(wallet: str, amount: str) -> Any:
    return done("transfers.post_pay_in", wallet=wallet, amount=eur(amount), from_account="bank:ing")


def test_a_share_of_every_pay_in_is_kept_back_and_freed_by_itself(acme: World) -> None:
    wallet = acme.funded("50.00")
    kept(wallet)
    assert paid_in(wallet, "99.99")["reserved"] == eur("9.99")
    assert (available(wallet), balance(f"reserve:{wallet}", book="acme")) == ("140.00", "9.99")
    with later(days=89):
        release_reserves()
    assert available(wallet) == "140.00"
    with later(days=91):
        for _ in range(2):
            release_reserves()
    assert (available(wallet), balance(f"reserve:{wallet}", book="acme")) == ("149.99", "0.00")
    [reserve] = RollingReserve.objects.all()
    assert (reserve.status, reserve.transfer is not None) == ("released", True)


@pytest.mark.parametrize(("basis_points", "amount"), [(0, "100.00"), (1, "0.99")])
def test_nothing_is_kept_of_nothing(acme: World, basis_points: int, amount: str) -> None:
    wallet = acme.funded("50.00")
    kept(wallet, basis_points)
    assert paid_in(wallet, amount)["reserved"] is None
    assert not RollingReserve.objects.exists()


def test_all_may_be_kept(acme: World) -> None:
    wallet = acme.funded("50.00")
    kept(wallet, 10_000)
    paid_in(wallet, "10.00")
    assert available(wallet) == "50.00"


def test_money_is_kept_back_and_released_by_hand(acme: World) -> None:
    wallet = acme.funded("50.00")
    held = done(
        "transfers.hold_rolling_reserve", wallet=wallet, amount=eur("20.00"), days=30, reason="disputes"
    )
    assert available(wallet) == "30.00"
    done("transfers.release_rolling_reserve", reserve=held["reserve"], reason="settled")
    assert available(wallet) == "50.00"
    again = {"reserve": held["reserve"], "reason": "settled"}
    assert refused("transfers.release_rolling_reserve", **again) == "RESERVE_RELEASED"


def test_more_than_there_is_is_not_kept(acme: World) -> None:
    given = {"wallet": acme.funded("50.00"), "amount": eur("50.01"), "days": 30, "reason": "disputes"}
    assert refused("transfers.hold_rolling_reserve", **given) == "INSUFFICIENT_BALANCE"


def test_one_that_cannot_be_released_is_told_of_and_keeps_no_other(acme: World) -> None:
    stuck, other = acme.funded("50.00"), acme.funded("50.00")
    for wallet in (stuck, other):
        given = {"wallet": wallet, "amount": eur("20.00"), "days": 1, "reason": "disputes"}
        done("transfers.hold_rolling_reserve", **given)
    frozen = {"book": "acme", "account": f"wallet:{stuck}:available", "currency": "EUR"}
    freeze = done("ledger.freeze_account", **frozen, direction="both", reason="court")["freeze"]
    with later(days=2):
        release_reserves()
        release_reserves()
    assert (available(stuck), available(other)) == ("30.00", "50.00")
    told = Event.objects.filter(type="alert.raised", data__reason="reserve not released")
    assert [each.data["wallet"] for each in told] == [stuck]
    done("ledger.unfreeze_account", freeze=freeze, reason="over")
    with later(days=3):
        release_reserves()
    assert available(stuck) == "50.00"


def test_a_wallet_of_which_something_is_kept_back_is_not_closed(acme: World) -> None:
    wallet = acme.funded("20.00")
    given = {"wallet": wallet, "amount": eur("20.00"), "days": 1, "reason": "disputes"}
    held = done("transfers.hold_rolling_reserve", **given)
    assert refused("accounts.close_wallet", wallet=wallet, reason="over") == "RESERVE_HELD"
    done("transfers.release_rolling_reserve", reserve=held["reserve"], reason="settled")
    assert refused("accounts.close_wallet", wallet=wallet, reason="over") != "RESERVE_HELD"


def maturities(**asked: Any) -> list[tuple[str, str]]:
    """What the ALM report of the tenant says of reserves, by maturity."""
    report = reports.find("alm").report(reports.settle(book="acme", **asked))
    lines = [row.cells for row in report.sections[0].rows if row.cells[0] == "2210"]
    return [(maturity, amount.decimal) for _, _, _, maturity, amount in lines]


def test_reserves_are_owed_by_the_days_of_their_release(acme: World) -> None:
    wallet = acme.funded("100.00")
    for amount, days in (("1.00", 5), ("2.00", 7), ("4.00", 8), ("8.00", 90), ("16.00", 91), ("32.00", 365)):
        given = {"wallet": wallet, "amount": eur(amount), "days": days, "reason": "disputes"}
        done("transfers.hold_rolling_reserve", **given)
    number_everything()
    today, position = clock.now().date(), last_position(acme.book.pk)
    before = [
        ("within 7 days", "3.00"),
        ("within 30 days", "4.00"),
        ("within 90 days", "8.00"),
        ("after 90 days", "48.00"),
    ]
    assert maturities() == maturities(through=today) == before
    with later(days=6):
        release_reserves()
        number_everything()
    in_six_days = today + timedelta(days=6)
    after = [("within 7 days", "6.00"), ("within 90 days", "24.00"), ("after 90 days", "32.00")]
    assert maturities(through=in_six_days) == after
    assert maturities() == [("within 7 days", "2.00"), *before[1:]]
    assert maturities(position=position) == maturities(position=position, through=today) == before
    with later(days=8):
        number_everything()
    late = [("on demand", "6.00"), ("within 90 days", "24.00"), ("after 90 days", "32.00")]
    assert maturities(through=today + timedelta(days=8)) == late


def test_what_a_reserve_has_without_a_term_is_due_on_demand(acme: World) -> None:
    wallet = acme.funded("100.00")
    given = {"wallet": wallet, "amount": eur("20.00"), "days": 30, "reason": "disputes"}
    done("transfers.hold_rolling_reserve", **given)
    what = {"book": "acme", "account": f"reserve:{wallet}", "amount": eur("5.00"), "reason": "mistake"}
    done("ledger.post_correction", **what, direction="credit", related_type="ticket", related_id="T-1")
    number_everything()
    assert maturities() == [("on demand", "5.00"), ("within 30 days", "20.00")]


class TestOwing:
    """A wallet that owes repays first, and then something is kept back of what is left."""

    def owing(self, acme: World, bank: Sandbox, owed: str) -> str:
        """A wallet that spent what was charged back."""
        wallet, other = acme.wallet(), acme.wallet()
        deposit = arrived(bank, owed, reference=wallet)
        spent = {"from_wallet": wallet, "to_wallet": other, "amount": eur(owed)}
        done("transfers.create_transfer", actor=acme.key, **spent)
        charged_back(bank, deposit)
        assert has(wallet).owed.decimal == owed
        kept(wallet)
        return wallet

    @pytest.mark.parametrize(
        ("owed", "left", "reserved"), [("80.00", "10.00", "10.00"), ("95.00", "0.00", "5.00")]
    )
    def test_takes_a_deposit(self, acme: World, bank: Sandbox, owed: str, left: str, reserved: str) -> None:
        wallet = self.owing(acme, bank, owed)
        assert arrived(bank, "100.00", reference=wallet).status == "credited"
        assert (available(wallet), has(wallet).owed.decimal) == (left, "0.00")
        assert balance(f"reserve:{wallet}", book="acme") == reserved

    def test_keeps_nothing_of_what_it_owes_wholly(self, acme: World, bank: Sandbox) -> None:
        wallet = self.owing(acme, bank, "100.00")
        assert arrived(bank, "100.00", reference=wallet).status == "credited"
        assert not RollingReserve.objects.exists()

    def test_takes_a_pay_in_by_hand(self, acme: World, bank: Sandbox) -> None:
        wallet = self.owing(acme, bank, "95.00")
        done("ledger.open_account", book="acme", address="bank:ing", currency="EUR")
        assert paid_in(wallet, "100.00")["reserved"] == eur("5.00")

    def test_keeps_the_whole_share_of_the_next_in_the_same_batch(self, acme: World, bank: Sandbox) -> None:
        wallet = self.owing(acme, bank, "95.00")
        for _ in range(2):
            bank.deposit("bank", "100.00", "EUR", reference=wallet)
        bank.settle()
        followed()
        assert (available(wallet), balance(f"reserve:{wallet}", book="acme")) == ("90.00", "15.00")


def test_a_share_of_what_a_person_assigns_is_kept_back(acme: World, bank: Sandbox) -> None:
    deposit, wallet = arrived(bank, "100.00"), acme.wallet()
    kept(wallet)
    made = done("transfers.assign_deposit", deposit=deposit.pk, wallet=wallet, reason="theirs")
    assert (made["reserved"], available(wallet)) == (eur("10.00"), "90.00")
    assert RollingReserve.objects.get().transfer_id == made["transfer"]
