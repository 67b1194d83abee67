"""A batch of payouts: a report of its rows, money held, other people, sent, followed, ended."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from pypdf import PdfReader

from apps.accounts.models import Recipient
from apps.accounts.people import find_actor
from apps.core import clock
from apps.operations.models import ApprovalRequest, Event
from apps.payouts import leases
from apps.payouts.models import Batch, BatchRow, BatchSheet
from apps.payouts.queries.sheet import verdict_of
from apps.payouts.services.reserving import reserve, waiting_rows
from apps.payouts.worker import work
from apps.providers.services.balances import ask_all
from apps.transfers.models import Transfer
from tests.api.conftest import make_key
from tests.support import payouts
from tests.support.batches import (
    OTHER_IBAN,
    draft,
    finished,
    maker,
    request_of,
    row,
    rows_of,
    status_of,
    submitted,
)
from tests.support.door import done, eur, person, refused, run
from tests.support.payouts import later, recipient
from tests.support.payouts import work as work_on_transfers
from tests.support.policies import agrees, policy
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, available, parts, world

pytestmark = pytest.mark.usefixtures("ledger_db")

TWO = (row("30.00", reference="may"), row("20.00", reference="june", details={"iban": OTHER_IBAN}))


def told(batch: str) -> list[str]:
    """The events of a batch, in their order."""
    return [each.type for each in Event.objects.filter(subject=batch).order_by("pk")]


class TestLife:
    def test_everybody_is_paid(self, acme: World, wallet: str, bank: Sandbox) -> None:
        batch = draft(acme, wallet, *TWO)
        assert (parts(wallet), rows_of(batch)) == (("100.00", "0.00"), [(1, "ready", ""), (2, "ready", "")])
        made = done("payouts.submit_batch", actor=maker(), batch=batch)
        assert (made["status"], made["payouts"], made["totals"]) == ("pending_approval", 2, [eur("50.00")])
        work()
        assert (status_of(batch), parts(wallet)) == ("executing", ("50.00", "50.00"))
        assert finished(batch) == "completed"
        assert parts(wallet) == ("50.00", "0.00")
        bank.settle()
        orders = bank.truth()["order"]
        assert sorted((each["amount"], each["status"]) for each in orders) == [
            ("20.00", "completed"),
            ("30.00", "completed"),
        ]
        assert told(batch) == [
            *("payout_batch.created", "payout_batch.submitted", "payout_batch.approved"),
            *("payout_batch.executing", "payout_batch.completed"),
        ]

    def test_what_is_not_paid_leaves_it_partially_completed(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        bank.fault(do={"submit": "refuse"}, amount="20.00")
        batch = submitted(acme, wallet, *TWO)
        work()
        assert finished(batch) == "partially_completed"
        assert parts(wallet) == ("70.00", "0.00")

    def test_what_cannot_be_held_is_refused_and_the_rest_goes_on(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        batch = submitted(acme, wallet, *TWO, row("60.00", reference="july"))
        work()
        assert rows_of(batch)[2] == (3, "refused", "INSUFFICIENT_BALANCE")
        assert finished(batch) == "partially_completed"
        assert parts(wallet) == ("50.00", "0.00")

    def test_of_which_nothing_can_be_held_is_cancelled(self, acme: World, bank: Sandbox) -> None:
        batch = submitted(acme, acme.wallet(), *TWO)
        work()
        assert (status_of(batch), Transfer.objects.count()) == ("cancelled", 0)
        assert Batch.objects.get(pk=batch).why.startswith("Nothing of it could be held")

    def test_payees_told_by_details_become_recipients_once(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        twice = (row("1.00", reference="a"), row("2.00", reference="b"))
        work_through = [submitted(acme, wallet, *twice), submitted(acme, wallet, *twice)]
        work()
        with later(minutes=1):  # what the other one kept from being held is put off
            work()
        assert [status_of(each) for each in work_through] == ["executing", "executing"]
        again = submitted(acme, wallet, *twice)
        work()
        assert {each.recipient_id for each in BatchRow.objects.filter(batch=again)} <= {
            each.pk for each in Recipient.objects.all()
        }
        assert Recipient.objects.count() == 2

    def test_waits_until_somebody_executes_it(self, acme: World, wallet: str, bank: Sandbox) -> None:
        batch = submitted(acme, wallet, *TWO, by_itself=False)
        assert finished(batch) == "approved"
        done("payouts.execute_batch", actor=maker(), batch=batch)
        assert finished(batch) == "completed"

    def test_waits_for_its_time(self, acme: World, wallet: str, bank: Sandbox) -> None:
        batch, at = draft(acme, wallet, *TWO), clock.now() + timedelta(days=20)
        done("payouts.submit_batch", actor=maker(), batch=batch, execute_at=clock.written(at))
        assert finished(batch) == "approved"
        with later(days=20, minutes=1):
            assert finished(batch) == "completed"

    def test_is_not_executed_when_what_is_held_has_run_out(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        batch, at = draft(acme, wallet, *TWO), clock.now() + timedelta(days=30)
        given = {"batch": batch, "execute_at": clock.written(at)}
        assert refused("payouts.submit_batch", actor=maker(), **given) == "BATCH_TOO_LATE"
        done("payouts.submit_batch", actor=maker(), batch=batch, by_itself=False)
        work()
        with later(days=31):
            work_on_transfers()
            done("payouts.execute_batch", actor=maker(), batch=batch)
            work()
        assert (status_of(batch), parts(wallet)) == ("cancelled", ("100.00", "0.00"))


class TestProof:
    def test_says_row_by_row_that_each_was_paid_once(self, acme: World, wallet: str, bank: Sandbox) -> None:
        batch = submitted(acme, wallet, *TWO, row("90.00", reference="too much"))
        assert finished(batch) == "partially_completed"
        sheets = {each.format: each for each in BatchSheet.objects.filter(batch=batch)}
        lines = list(csv.DictReader(bytes(sheets["csv"].content).decode().splitlines()))
        assert [(each["row"], each["verdict"], each["paid"], each["executed"]) for each in lines] == [
            ("1", "paid", "30.00", "30.00"),
            ("2", "paid", "20.00", "20.00"),
            ("3", "left_out", "", ""),
        ]
        assert sheets["pdf"].summary == {"paid": 2, "left_out": 1}
        pages = PdfReader(io.BytesIO(bytes(sheets["pdf"].content))).pages
        assert "No row was paid twice" in pages[0].extract_text()
        assert "Paid once" in pages[1].extract_text()

    @pytest.mark.parametrize(
        ("executed", "expected"),
        [
            ([], "missing"),
            ([("completed", "30.00")], "paid"),
            ([("completed", "30.00"), ("completed", "30.00")], "twice"),
            ([("completed", "29.99")], "different"),
            ([("failed", None)], "missing"),
            (None, "unsaid"),
        ],
    )
    def test_finds_what_must_not_be(
        self, acme: World, wallet: str, bank: Sandbox, executed: Any, expected: str
    ) -> None:
        batch = submitted(acme, wallet, *TWO)
        assert finished(batch) == "completed"
        found = BatchRow.objects.get(batch=batch, number=1)
        found.executed = executed and [
            {"reference": f"r.{number}", "outcome": outcome, "amount": amount}
            for number, (outcome, amount) in enumerate(executed)
        ]
        if executed == []:
            found.executed = []
        assert verdict_of(found) == expected


class TestApproval:
    def test_holds_money_and_sends_nothing_before(self, acme: World, wallet: str, bank: Sandbox) -> None:
        policy("payouts.approve_batch", {"fact": "payouts", "op": "gte", "value": 2}, people=2)
        batch = submitted(acme, wallet, *TWO)
        assert finished(batch) == "pending_approval"
        assert (parts(wallet), bank.truth()["order"]) == (("50.00", "50.00"), [])
        asked = request_of(batch)
        assert (asked.approvers_needed, asked.facts["amount"], asked.facts["payouts"]) == (2, "50.00", 2)
        for name in ("ann", "bo"):
            agrees(person(f"{name}@example.com", "approver"), asked.pk).or_raise()
        assert status_of(batch) == "approved"
        assert finished(batch) == "completed"

    def test_is_asked_for_where_a_single_payout_would_be(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        """Nobody gets a payout past its policy by putting it in a batch."""
        policy("transfers.open_sending", {"fact": "amount", "op": "gte", "value": "30"})
        batch = submitted(acme, wallet, *TWO)
        assert finished(batch) == "pending_approval"
        assert request_of(batch).approvers_needed == 1
        small = submitted(acme, acme.funded("10.00"), row("9.00"))
        assert finished(small) == "completed"

    def test_a_key_gets_no_payout_past_its_policy_either(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        """What the worker reserved stands in another book than the key may read."""
        policy("transfers.open_sending", {"fact": "amount", "op": "gte", "value": "30"})
        made = make_key(acme.tenant)
        key = find_actor("api_key", made["api_key"])
        batch = done("payouts.create_batch", actor=key, name="S", wallet=wallet, rows=list(TWO))["batch"]
        done("payouts.submit_batch", actor=key, batch=batch)
        assert finished(batch) == "pending_approval"
        told = request_of(batch).facts
        assert (told["payouts"], told["largest_usd"], told["recipient_age_hours"]) == (2, None, 0)

    def test_a_no_that_a_crash_cut_off_is_heard_later(self, acme: World, wallet: str, bank: Sandbox) -> None:
        policy("payouts.approve_batch")
        batch = submitted(acme, wallet, *TWO)
        work()
        ApprovalRequest.objects.filter(pk=request_of(batch).pk).update(status="rejected")
        assert finished(batch) == "cancelled"
        assert parts(wallet) == ("100.00", "0.00")

    def test_a_no_gives_all_of_it_back(self, acme: World, wallet: str, bank: Sandbox) -> None:
        policy("payouts.approve_batch")
        batch = submitted(acme, wallet, *TWO)
        work()
        decider = person("ann@example.com", "approver")
        run("operations.reject_request", actor=decider, request=request_of(batch).pk, comment="no").or_raise()
        assert finished(batch) == "cancelled"
        assert (parts(wallet), bank.truth()["order"]) == (("100.00", "0.00"), [])

    def test_is_for_what_was_seen(self, acme: World, wallet: str, bank: Sandbox) -> None:
        """A recipient who is changed while people decide sends them another look."""
        policy("payouts.approve_batch")
        batch = submitted(acme, wallet, row("30.00", recipient=recipient(acme)))
        work()
        asked = request_of(batch)
        changed = Transfer.objects.get(batch_id=batch).recipient_id
        done("accounts.update_recipient", recipient=changed, details={"iban": OTHER_IBAN})
        agrees(person("ann@example.com", "approver"), asked.pk)
        assert (status_of(batch), request_of(batch).status) == ("pending_approval", "pending")

    def test_makers_do_not_approve(self, acme: World, wallet: str, bank: Sandbox) -> None:
        policy("payouts.approve_batch")
        both = person("op@example.com", "operator", "approver")
        made = done(
            "payouts.create_batch", actor=both, tenant=acme.tenant, name="S", wallet=wallet, rows=[row()]
        )
        done("payouts.submit_batch", actor=both, batch=made["batch"])
        work()
        assert agrees(both, request_of(made["batch"]).pk).error is not None
        assert status_of(made["batch"]) == "pending_approval"


class TestRecipients:
    def test_who_was_changed_since_the_row_was_checked_is_not_paid(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        """The row says an account, and by the time it is paid its recipient has another."""
        finished(submitted(acme, wallet, TWO[0]))
        batch = draft(acme, wallet, row("1.00", reference="later"))
        known = BatchRow.objects.get(batch=batch).recipient_id
        assert known is not None
        done("accounts.update_recipient", recipient=known, details={"iban": OTHER_IBAN})
        done("payouts.submit_batch", actor=maker(), batch=batch)
        work()
        assert rows_of(batch) == [(1, "refused", "RECIPIENT_CHANGED")]
        assert parts(wallet) == ("70.00", "0.00")

    def test_are_made_by_those_who_may(self, acme: World, wallet: str, bank: Sandbox) -> None:
        key = find_actor("api_key", make_key(acme.tenant, "transfers:write")["api_key"])
        made = done("payouts.create_batch", actor=key, name="S", wallet=wallet, rows=[row()])["batch"]
        assert refused("payouts.submit_batch", actor=key, batch=made) == "AUTHORIZATION_FAILED"


class TestStrays:
    def test_what_was_held_for_a_row_that_was_decided_otherwise_is_not_sent(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        """By a worker that had lost its lease: nobody approved that payout."""
        policy("payouts.approve_batch")
        batch = submitted(acme, wallet, *TWO)
        work()
        stray = Transfer.objects.get(batch_row__batch=batch, batch_row__number=2)
        BatchRow.objects.filter(batch=batch, number=2).update(
            status="refused", transfer=None, code="NO_ROUTE"
        )
        agrees(person("ann@example.com", "approver"), request_of(batch).pk)
        agrees(person("bo@example.com", "approver"), request_of(batch).pk)
        finished(batch)
        stray.refresh_from_db()
        assert (stray.status, [each["amount"] for each in bank.truth()["order"]]) == ("cancelled", ["30.00"])

    def test_what_was_held_after_it_was_called_off_is_given_back(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        batch = submitted(acme, wallet, *TWO)
        slow = leases.take(clock.now())
        rows = waiting_rows(slow, 0, 500)
        done("payouts.cancel_batch", actor=maker(), batch=batch, reason="wrong month")
        work()
        reserve(slow, rows)
        assert parts(wallet) == ("50.00", "50.00")
        assert not leases.renew(slow, clock.now())
        assert finished(batch) == "cancelled"
        assert parts(wallet) == ("100.00", "0.00")


class TestCancelled:
    @pytest.mark.parametrize("steps", [0, 1])
    def test_before_it_is_executed_gives_all_back(
        self, acme: World, wallet: str, bank: Sandbox, steps: int
    ) -> None:
        policy("payouts.approve_batch")
        batch = submitted(acme, wallet, *TWO)
        for _ in range(steps):
            work()
        done("payouts.cancel_batch", actor=maker(), batch=batch, reason="wrong month")
        assert finished(batch) == "cancelled"
        assert (parts(wallet), bank.truth()["order"]) == (("100.00", "0.00"), [])
        if steps:
            assert request_of(batch).status == "withdrawn"

    def test_not_once_it_is_sent(self, acme: World, wallet: str, bank: Sandbox) -> None:
        batch = submitted(acme, wallet, *TWO)
        work()
        given = {"batch": batch, "reason": "too late"}
        assert refused("payouts.cancel_batch", actor=acme.key, **given) == "BATCH_TOO_LATE_TO_CANCEL"


class TestTreasury:
    def test_too_little_at_the_provider_keeps_it_waiting(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        bank.fund("bank", "EUR", "-999960.00")
        ask_all(clock.now())
        batch = submitted(acme, wallet, *TWO)
        assert finished(batch) == "approved"
        found = Batch.objects.get(pk=batch)
        assert found.short == [
            {
                "provider": "sandbox-bank",
                "currency": "EUR",
                "has": "40.00",
                "needs": "50.00",
                "short": "10.00",
            }
        ]
        bank.fund("bank", "EUR", "10.00")
        ask_all(clock.now())
        with later(minutes=10):
            assert finished(batch) == "completed"

    def test_large_payouts_are_looked_for_where_rules_send_them(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        payouts.provider(bank, name="sandbox-large")
        large = [{"fact": "amount", "op": "gte", "value": "50"}]
        done("providers.set_routing_rule", name="Large", conditions=large, providers=["sandbox-large"])
        bank.fund("bank", "EUR", "-999960.00")
        ask_all(clock.now())
        batch = submitted(acme, wallet, row("30.00", reference="a"), row("60.00", reference="b"))
        assert finished(batch) == "approved"
        short = Batch.objects.get(pk=batch).short
        assert [(each["provider"], each["needs"]) for each in short] == [("sandbox-large", "60.00")]


class TestTwoBatches:
    def test_do_not_spend_the_same_money_of_a_provider(self, acme: World, wallet: str, bank: Sandbox) -> None:
        bank.fund("bank", "EUR", "-999940.00")
        ask_all(clock.now())
        first, second = submitted(acme, wallet, *TWO), submitted(acme, wallet, row("49.00", reference="b"))
        for minutes in range(3):
            with later(minutes=minutes):
                work()
        assert sorted([status_of(first), status_of(second)]) == ["approved", "executing"]


class TestOthers:
    def test_see_nothing_of_it(self, acme: World, wallet: str) -> None:
        batch, other = draft(acme, wallet, *TWO), world("bloom")
        for command, more in (
            ("payouts.submit_batch", {}),
            ("payouts.add_rows", {"rows": [row()]}),
            ("payouts.cancel_batch", {"reason": "mine"}),
        ):
            assert refused(command, actor=other.key, batch=batch, **more) == "NOT_FOUND"

    def test_wallets_and_recipients_are_not_known(self, acme: World, wallet: str) -> None:
        bloom = world("bloom")
        given = [row("1.00", recipient=recipient(bloom)), row("1.00", wallet=bloom.wallet())]
        made = done("payouts.create_batch", actor=acme.key, name="S", wallet=wallet, rows=given)
        codes = [[problem["code"] for problem in each["problems"]] for each in made["rows"]]
        assert codes == [["RECIPIENT_NOT_FOUND"], ["WALLET_NOT_FOUND"]]
        assert available(wallet) == "100.00"
