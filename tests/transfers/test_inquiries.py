"""Recalls and traces: asked once, answered by whoever was asked, and no money moves by them."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.core import clock
from apps.operations.models import Event
from apps.transfers import inquiry_calls
from apps.transfers.inquiries import Inquiry
from apps.transfers.models import Transfer
from apps.transfers.queries import desk
from apps.transfers.services.answers import LADDER
from tests.support import payouts
from tests.support.door import code, done, run
from tests.support.payouts import later, pay_out, recipient, status, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, available, world
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("ledger_db")
WHY = {"reason": "paid to the wrong account"}


@pytest.fixture
def paid(acme: World, wallet: str, bank: Sandbox) -> str:
    """A payout that a bank has done, which is asked for money back by its API."""
    bank.set(instant={"bank": True})
    payouts.provider(bank)
    made = str(pay_out(acme, wallet, recipient(acme))["transfer"])
    work()
    assert status(made) == "completed"
    return made


def recall(acme: World, transfer: str) -> Inquiry:
    made = done("transfers.request_recall", transfer=transfer, actor=acme.key, **WHY)
    return Inquiry.objects.get(pk=made["inquiry"])


def again(inquiry: Inquiry) -> Inquiry:
    return Inquiry.objects.get(pk=inquiry.pk)


def types(transfer: str) -> list[str]:
    events = Event.objects.filter(subject=transfer).order_by("ordinal")
    return [each.type for each in events]


class TestRecall:
    def test_is_asked_for_and_the_money_comes_back_as_a_return(
        self, acme: World, wallet: str, paid: str, bank: Sandbox
    ) -> None:
        made = recall(acme, paid)
        assert (made.status, made.submission, made.asked_by) == ("open", f"{paid}.1", "a key")
        assert inquiry_calls.work_off() == 1
        found = again(made)
        assert (found.status, found.answered_by, found.next_attempt_at) == ("answered", "inquiries", None)
        assert found.asked["recall"] == made.pk
        bank.settle()
        work()
        assert status(paid) == "reversed"
        assert available(wallet) == "100.00"
        told = types(paid)
        assert told[-3:] == ["transfer.recall_requested", "transfer.inquiry_answered", "transfer.returned"]

    def test_moves_no_money_by_itself(self, acme: World, wallet: str, paid: str, bank: Sandbox) -> None:
        bank.set(delays={"bank": 60})
        recall(acme, paid)
        inquiry_calls.work_off()
        work()
        assert (status(paid), available(wallet)) == ("completed", "60.00")

    def test_that_is_refused_says_why(self, acme: World, paid: str, bank: Sandbox) -> None:
        bank.fault(do={"recall": "refuse:no_consent"})
        made = recall(acme, paid)
        inquiry_calls.work_off()
        found = again(made)
        assert (found.status, found.answer_code) == ("refused", "no_consent")
        assert "no_consent" in found.answer
        bank.settle()
        assert status(paid) == "completed"
        assert recall(acme, paid).pk != made.pk

    @pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "error", "garbage"])
    def test_without_an_answer_is_asked_again_and_never_assumed(
        self, acme: World, paid: str, bank: Sandbox, fault: str
    ) -> None:
        bank.fault(do={"recall": fault})
        made = recall(acme, paid)
        assert inquiry_calls.work_off() == 1
        found = again(made)
        assert (found.status, found.tries) == ("open", 1)
        assert found.failure
        assert inquiry_calls.work_off() == 0
        with clock.frozen(clock.now() + LADDER[0]):
            assert inquiry_calls.work_off() == 1
        assert again(made).status == "answered"
        bank.settle()
        assert [each["status"] for each in bank.truth()["order"]] == ["returned"]

    def test_that_is_never_answered_is_an_operators(self, acme: World, paid: str, bank: Sandbox) -> None:
        bank.fault(do={"recall": "error"}, times=None)
        made = recall(acme, paid)
        for _ in range(len(LADDER) + 1):
            with clock.frozen(again(made).next_attempt_at or clock.now()):
                inquiry_calls.work_off()
        found = again(made)
        assert (found.status, found.next_attempt_at, found.tries) == ("open", None, len(LADDER) + 1)
        done("transfers.answer_inquiry", inquiry=made.pk, answer="They try.", accepted=True)
        assert again(made).status == "answered"

    def test_several_workers_ask_once(self, acme: World, paid: str, bank: Sandbox) -> None:
        made = recall(acme, paid)
        assert sorted(at_once(*[inquiry_calls.work_off] * 3)) == [0, 0, 1]
        assert again(made).tries == 1
        assert types(paid).count("transfer.inquiry_answered") == 1

    def test_is_asked_for_once(self, acme: World, paid: str) -> None:
        made = recall(acme, paid)
        assert code(run("transfers.request_recall", transfer=paid, **WHY)) == "INQUIRY_OPEN"
        with pytest.raises(IntegrityError, match="inquiry_open_once"), transaction.atomic():
            Inquiry.objects.create(
                **{each: getattr(made, each) for each in ("book_id", "transfer_id", "kind", "asked_at")}
            )

    def test_is_of_what_was_paid_and_is_still_away(
        self, acme: World, wallet: str, paid: str, bank: Sandbox
    ) -> None:
        bank.give_back("bank", f"{paid}.1")
        bank.settle()
        work()
        assert status(paid) == "reversed"
        assert code(run("transfers.request_recall", transfer=paid, **WHY)) == "NOTHING_TO_RECALL"
        waits = pay_out(acme, wallet, recipient(acme))["transfer"]
        assert code(run("transfers.request_recall", transfer=waits, **WHY)) == "NOTHING_TO_RECALL"

    def test_of_others_is_not_known(self, acme: World, paid: str) -> None:
        other = world("bloom")
        for command in ("transfers.request_recall", "transfers.request_trace"):
            assert code(run(command, transfer=paid, actor=other.key, **WHY)) == "NOT_FOUND"


class TestTrace:
    def test_waits_for_an_operator_in_view(self, acme: World, paid: str) -> None:
        made = done("transfers.request_trace", transfer=paid, actor=acme.key, reason="it did not arrive")
        assert inquiry_calls.work_off() == 0
        assert [each.pk for each in desk.open_inquiries()] == [made["inquiry"]]
        assert not desk.open_inquiries(clock.now() - desk.UNANSWERED).exists()
        with later(days=1):
            assert desk.open_inquiries(clock.now() - desk.UNANSWERED).exists()
        answer = {"inquiry": made["inquiry"], "answer": "Booked on Monday.", "accepted": True}
        assert run("transfers.answer_inquiry", actor=acme.key, **answer).error is not None
        done("transfers.answer_inquiry", **answer)
        assert code(run("transfers.answer_inquiry", **answer)) == "INQUIRY_ANSWERED"
        assert types(paid)[-2:] == ["transfer.trace_requested", "transfer.inquiry_answered"]
        told = Event.objects.filter(type="transfer.inquiry_answered").get().data
        assert (told["kind"], told["status"], told["answer"]) == ("trace", "answered", "Booked on Monday.")

    def test_is_of_what_a_provider_has(self, acme: World, wallet: str, bank: Sandbox) -> None:
        bank.set(instant={"bank": False}, delays={"bank": 60})
        payouts.provider(bank)
        made = pay_out(acme, wallet, recipient(acme))["transfer"]
        assert code(run("transfers.request_trace", transfer=made, **WHY)) == "NOTHING_TO_TRACE"
        work()
        assert status(made) == "provider_processing"
        done("transfers.request_trace", transfer=made, **WHY)


def test_a_provider_without_such_an_api_is_asked_by_a_person(acme: World, paid: str, bank: Sandbox) -> None:
    Transfer.objects.filter(pk=paid).update(provider="another")
    made: Any = recall(acme, paid)
    assert (made.provider, made.next_attempt_at) == ("another", None)
