"""Whose a recipient's account is: asked of a provider over HTTP, recorded once, forgotten with a change."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts import payee_calls, tasks
from apps.accounts.models import Method, Recipient, RecipientVerification, Verification
from apps.accounts.services import verifications
from apps.core import clock, ids
from apps.operations import executor
from apps.operations.models import Event, Operation
from apps.providers.queries import routing
from tests.support.door import code, done, person, refused, rows, run
from tests.support.payouts import IBAN, later, provider, recipient
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, world
from tests.support.threads import at_once

OTHER = "AT611904300234573201"
NAMES = {"Bo Lind": "match", "LIND, BÓ": "match", "Bo Linde": "partial", "Bo": "partial", "Eve": "no_match"}


@pytest.fixture
def bank(sandbox: Sandbox) -> Sandbox:
    """A bank that knows whose the account is."""
    provider(sandbox, options={"verifies_payees": ["bank_account"]})
    holds(sandbox, "Bo Lind")
    return sandbox


def holds(sandbox: Sandbox, name: str | None, iban: str = IBAN) -> None:
    """Let an account be somebody's; None for one of which its bank does not tell."""
    sandbox.control("PUT", "payees", {"account": {"iban": iban}, "name": name})


def asked(of: World, to: str) -> Any:
    """Ask for a verification with the tenant's key."""
    return done("accounts.verify_recipient", actor=of.key, recipient=to)


def standing(to: str) -> str:
    """How the verification of a recipient stands."""
    return str(Recipient.objects.get(pk=to).verification)


def verified(of: World, to: str) -> str:
    """The same after it was asked for and answered."""
    asked(of, to)
    routing.forget()
    payee_calls.work_off()
    return standing(to)


def told() -> list[str]:
    """The events about recipients, in order."""
    return [
        each.removeprefix("recipient.")
        for each in Event.objects.filter(type__startswith="recipient.")
        .order_by("id")
        .values_list("type", flat=True)
    ]


@pytest.mark.parametrize(("name", "found"), NAMES.items())
def test_the_bank_compares_the_name(acme: World, bank: Sandbox, name: str, found: str) -> None:
    to = recipient(acme, name=name)
    opened = asked(acme, to)
    assert (opened["verification"], opened["verified_at"]) == ("pending", None)
    tasks.verify_recipients()
    row = Recipient.objects.get(pk=to)
    history = RecipientVerification.objects.get(recipient=to)
    assert (row.verification, history.result, history.version) == (found, found, 1)
    assert (history.pk, history.method, history.provider) == (opened["check"], "provider", "sandbox-bank")
    assert history.told == ("Bo Lind" if found == "partial" else "")
    assert (row.verified_at, row.check_id, row.next_check_at) == (history.recorded_at, None, None)
    again = None if found == "no_match" else history.recorded_at + timedelta(days=30)
    assert row.verify_again_at == again
    event = Event.objects.filter(subject=to).latest("id")
    assert event.type == ("recipient.verification_failed" if found == "no_match" else "recipient.verified")
    assert (event.book_id, event.data["verification"], event.data["code"]) == (
        acme.book.pk,
        found,
        history.code,
    )


def test_that_a_bank_does_not_tell_is_not_a_no(acme: World, bank: Sandbox) -> None:
    holds(bank, None)
    to = recipient(acme)
    assert verified(acme, to) == "not_possible"
    assert RecipientVerification.objects.get().code == "NOT_CHECKED_THERE"
    assert told()[-1] == "verification_not_possible"


def test_the_name_that_was_told_is_nowhere_in_the_clear(acme: World, bank: Sandbox) -> None:
    holds(bank, "Bobby Lindqvist")
    assert verified(acme, recipient(acme, name="Bobby Lindquist")) == "partial"
    assert RecipientVerification.objects.get().told == "Bobby Lindqvist"
    tables = connection.introspection.table_names()
    kept = [str(row) for name in tables for row in rows(f'SELECT to_jsonb(t)::text FROM "{name}" t')]
    assert not [row for row in kept if "Lindqvist" in row]


@pytest.mark.parametrize("fault", ["timeout", "error", "reset", "garbage"])
def test_who_does_not_answer_is_asked_again(acme: World, bank: Sandbox, fault: str) -> None:
    bank.fault(do={"payee": fault}, times=2, kind="payee")
    to = recipient(acme)
    assert verified(acme, to) == "pending"
    assert payee_calls.work_off() == 0
    with later(seconds=61):
        assert payee_calls.work_off() == 1
        assert standing(to) == "pending"
    with later(seconds=61 + 301):
        assert payee_calls.work_off() == 1
    assert standing(to) == "match"


@pytest.mark.parametrize("down", [True, False])
def test_in_the_end_it_is_not_possible_and_never_a_no(acme: World, bank: Sandbox, down: bool) -> None:
    if down:
        bank.down("bank", how="503")
    else:
        provider(bank)
    to = recipient(acme)
    assert verified(acme, to) == "pending"
    for waited in (61, 362, 1263):
        with later(seconds=waited):
            assert payee_calls.work_off() == 1
            assert standing(to) == "pending"
    with later(seconds=4864):
        assert payee_calls.work_off() == 1
    assert standing(to) == "not_possible"
    history = RecipientVerification.objects.get()
    assert history.code == ("UNANSWERED" if down else "NO_PROVIDER")
    assert "5 times" in history.why


def test_nobody_knows_whose_an_address_is(acme: World, bank: Sandbox) -> None:
    details = {"network": "ETH", "address": "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"}
    to = recipient(acme, "USDC", kind="crypto_address", details=details)
    assert verified(acme, to) == "not_possible"
    assert RecipientVerification.objects.get().code == "NO_HOLDERS"


def test_a_change_is_unverified_and_the_late_answer_refused(acme: World, bank: Sandbox) -> None:
    to = recipient(acme)
    first = asked(acme, to)["check"]
    calls = payee_calls.take(clock.now())
    answers = [payee_calls.ask(call) for call in calls]
    holds(bank, "Eve", OTHER)
    done("accounts.update_recipient", actor=acme.key, recipient=to, details={"iban": OTHER})
    payee_calls.follow(calls, answers, clock.now())
    assert standing(to) == "unverified"
    refusal = Operation.objects.get(command="accounts.record_payee_check").refusal
    assert refusal
    assert refusal["code"] == "CHECK_SUPERSEDED"
    assert not RecipientVerification.objects.exists()
    assert verified(acme, to) == "no_match"
    history = RecipientVerification.objects.get()
    assert (history.version, history.pk != first) == (2, True)


def test_a_late_answer_is_not_that_of_the_check_which_is_open_now(acme: World, bank: Sandbox) -> None:
    to = recipient(acme)
    asked(acme, to)
    calls = payee_calls.take(clock.now())
    answers = [payee_calls.ask(call) for call in calls]
    holds(bank, "Eve", OTHER)
    done("accounts.update_recipient", actor=acme.key, recipient=to, details={"iban": OTHER})
    asked(acme, to)
    payee_calls.follow(calls, answers, clock.now())
    assert standing(to) == "pending"
    assert payee_calls.work_off() == 1
    assert standing(to) == "no_match"


def test_an_answer_and_a_change_at_once(acme: World, bank: Sandbox) -> None:
    """Whichever comes first, version 2 is never verified by what was said of version 1."""
    for _ in range(6):
        to = recipient(acme)
        asked(acme, to)
        calls = payee_calls.take(clock.now())
        answers = [payee_calls.ask(call) for call in calls]
        at_once(
            lambda: payee_calls.follow(calls, answers, clock.now()),  # noqa: B023
            lambda: run("accounts.update_recipient", recipient=to, details={"iban": OTHER}),  # noqa: B023
        )
        row = Recipient.objects.get(pk=to)
        assert (row.version, row.verification, row.check_id) == (2, "unverified", None)
        found = [each.version for each in row.verifications.all()]
        assert found in ([], [1])


def test_a_crash_between_call_and_record_asks_again(acme: World, bank: Sandbox) -> None:
    to = recipient(acme)
    asked(acme, to)
    calls = payee_calls.take(clock.now())
    assert isinstance(payee_calls.ask(calls[0]), payee_calls.PayeeCheck)
    assert payee_calls.work_off() == 0
    with later(seconds=121):
        assert payee_calls.work_off() == 1
    assert standing(to) == "match"
    payee_calls.follow(calls, [payee_calls.ask(calls[0])], clock.now())
    assert RecipientVerification.objects.count() == 1
    assert told() == ["created", "verification_started", "verified"]


def test_what_one_worker_has_no_other_takes(acme: World, bank: Sandbox) -> None:
    for _ in range(6):
        asked(acme, recipient(acme))
    took = at_once(*[lambda: [call.recipient.pk for call in payee_calls.take(clock.now())]] * 3)
    assert len({each for one in took for each in one}) == sum(map(len, took)) == 6


def test_asked_twice_it_is_one_check(acme: World, bank: Sandbox) -> None:
    to = recipient(acme)
    assert asked(acme, to) == asked(acme, to)
    assert verified(acme, to) == "match"
    assert RecipientVerification.objects.count() == 1


def test_what_was_found_counts_until_it_is_found_anew(acme: World, bank: Sandbox) -> None:
    holds(bank, "Eve")
    to = recipient(acme)
    assert verified(acme, to) == "no_match"
    assert asked(acme, to)["verification"] == "no_match"
    holds(bank, "Bo Lind")
    payee_calls.work_off()
    assert standing(to) == "match"


def test_after_thirty_days_it_is_verified_again(acme: World, bank: Sandbox) -> None:
    to, closed = recipient(acme), recipient(acme)
    assert verified(acme, to) == verified(acme, closed) == "match"
    done("accounts.close_recipient", recipient=closed, reason="left")
    with later(days=29):
        assert verifications.due(clock.now()) == []
    with later(days=30, seconds=1):
        requests = verifications.due(clock.now())
        assert [each.input["recipient"] for each in requests] == [to]
        tasks.verify_recipients_again()
        assert standing(to) == "expired"
        assert executor.execute_many(requests)[0].replayed
        holds(bank, "Eve")
        routing.forget()
        payee_calls.work_off()
    assert standing(to) == "no_match"
    assert [each.result for each in RecipientVerification.objects.filter(recipient=to).order_by("id")] == [
        "match",
        "no_match",
    ]
    assert standing(closed) == "match"


def test_an_operator_resets_with_a_reason(acme: World, bank: Sandbox) -> None:
    holds(bank, "Eve")
    to = recipient(acme)
    reset = "accounts.reset_recipient_verification"
    why = {"recipient": to, "reason": "the bank spells the name in another way"}
    operator = person("ops@example.com", "operator")
    assert refused(reset, actor=operator, **why) == "NOTHING_TO_RESET"
    assert verified(acme, to) == "no_match"
    assert refused(reset, actor=acme.key, **why) == "AUTHORIZATION_FAILED"
    assert refused(reset, actor=operator, recipient=to, reason="") == "INPUT_INVALID"
    assert done(reset, actor=operator, **why)["verification"] == "unverified"
    history = RecipientVerification.objects.latest("id")
    assert (history.method, history.result, history.why) == ("operator", "unverified", why["reason"])
    assert history.recorded_by == "ops@example.com"
    assert told()[-1] == "verification_reset"


def test_a_reset_ends_what_is_asked(acme: World, bank: Sandbox) -> None:
    to = recipient(acme)
    asked(acme, to)
    calls = payee_calls.take(clock.now())
    done("accounts.reset_recipient_verification", recipient=to, reason="asked by mistake")
    payee_calls.follow(calls, [payee_calls.ask(each) for each in calls], clock.now())
    assert standing(to) == "unverified"


def test_a_closed_one_is_not_asked_about(acme: World, bank: Sandbox) -> None:
    to = recipient(acme)
    asked(acme, to)
    done("accounts.close_recipient", recipient=to, reason="left")
    assert payee_calls.work_off() == 0
    assert standing(to) == "unverified"
    assert refused("accounts.verify_recipient", recipient=to) == "RECIPIENT_CLOSED"


def test_another_tenants_is_not_found(acme: World, bank: Sandbox) -> None:
    to = recipient(acme)
    assert refused("accounts.verify_recipient", actor=world("bloom").key, recipient=to) == "NOT_FOUND"


def test_play_money_asks_play_providers_alone(acme: World, bank: Sandbox) -> None:
    bank_account = {"kind": "bank_account", "name": "Bo Lind", "currency": "EUR", "details": {"iban": IBAN}}
    to = done("accounts.create_recipient", tenant=acme.test_tenant, **bank_account)["recipient"]
    done("accounts.verify_recipient", actor=acme.test_key, recipient=to)
    payee_calls.work_off()
    assert standing(to) == "match"


def test_the_history_is_written_once(acme: World, bank: Sandbox) -> None:
    verified(acme, recipient(acme))
    for change in (
        "UPDATE accounts_recipientverification SET result = 'partial'",
        "DELETE FROM accounts_recipientverification",
    ):
        with pytest.raises(DatabaseError, match="APPEND_ONLY"), transaction.atomic():
            rows(change)


@pytest.mark.parametrize(
    "change",
    [
        "verification = 'maybe'",
        "verification = 'match'",
        "verified_at = now()",
        "verify_again_at = now()",
        "next_check_at = now()",
        "check_id = id",
    ],
)
def test_the_database_holds_the_states(acme: World, change: str) -> None:
    to = recipient(acme)
    with (
        pytest.raises(DatabaseError, match="violates check constraint"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE accounts_recipient SET {change} WHERE id = %s", [ids.decode("rcp", to)])


STEPS = st.lists(
    st.sampled_from(["ask", "match", "partial", "no_match", "not_possible", "month", "change"]), max_size=12
)


@given(STEPS)
def test_any_life_follows_a_plain_model(steps: list[str]) -> None:
    """State and open check after any steps are those of a few plain rules."""
    row, now = Recipient(version=1), clock.now()
    state, is_open, until = "unverified", False, None
    for step in steps:
        if step == "month":
            now += timedelta(days=31)
        elif step == "change":
            if row.verification != Verification.UNVERIFIED:
                row.forget()
            state, is_open, until = "unverified", False, None
        elif step == "ask" and not row.check_id:
            row.open_check(ids.new_id("rvf"), now)
            state = "expired" if until and until <= now else "pending" if state == "unverified" else state
            is_open, until = True, None if state == "expired" else until
        elif step != "ask" and row.check_id:
            row.answer(Verification(step), now=now)
            state, is_open = step, False
            until = None if step == "no_match" else now + timedelta(days=30)
        assert (row.verification, bool(row.check_id), row.verify_again_at) == (state, is_open, until)
        assert (row.verified_at is None) == (state in {"unverified", "pending"})


def test_a_recorded_answer_is_of_what_a_check_can_find(acme: World) -> None:
    to = recipient(acme)
    given = {"recipient": to, "check": ids.new_id("rvf"), "code": "X", "why": "x"}
    assert code(run("accounts.record_payee_check", result="unverified", **given)) == "INPUT_INVALID"
    assert code(run("accounts.record_payee_check", result="match", **given)) == "CHECK_SUPERSEDED"
    assert Method.OPERATOR not in {each.method for each in RecipientVerification.objects.all()}
