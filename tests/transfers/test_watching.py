"""What should move by itself and does not: stuck, an alert, critical, each told of once; waiting for people never is."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from apps.core import clock
from apps.operations.models import Event
from apps.transfers.models import Status, Transfer
from apps.transfers.queries.standing import For, Level, standing, stuck
from apps.transfers.services.answers import LADDER
from apps.transfers.tasks import raise_stuck_alarms
from tests.support import payouts
from tests.support.door import done, refused
from tests.support.payouts import later, pay_out, recipient, status, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World

pytestmark = pytest.mark.usefixtures("ledger_db")


def alarms(transfer: str) -> list[str]:
    """The levels that were told of, in order."""
    found = Event.objects.filter(subject=transfer, type="alert.raised").order_by("ordinal")
    return [event.data["level"] for event in found if event.data["reason"] == "transfer stuck"]


def level(transfer: str) -> str | None:
    """How grave it is now."""
    found = standing(Transfer.objects.get(pk=transfer), clock.now()).level
    return found.value if found else None


def reserved(acme: World) -> str:
    """A payout that no worker has looked at."""
    return str(pay_out(acme, acme.funded("100.00"), recipient(acme))["transfer"])


def test_each_level_is_told_of_once(acme: World, sandbox: Sandbox) -> None:
    payouts.provider(sandbox)
    made = reserved(acme)
    told = []
    for minutes in (9, 10, 11, 14, 15, 59, 60, 61, 600):
        with later(minutes=minutes, seconds=1):
            raise_stuck_alarms()
            told.append((minutes, level(made), len(alarms(made))))
    assert told == [
        (9, None, 0),
        (10, "stuck", 1),
        (11, "stuck", 1),
        (14, "stuck", 1),
        (15, "alert", 2),
        (59, "alert", 2),
        (60, "critical", 3),
        (61, "critical", 3),
        (600, "critical", 3),
    ]
    assert alarms(made) == ["stuck", "alert", "critical"]
    event = Event.objects.get(subject=made, data__level="critical")
    assert (event.data["status"], event.data["waits_for"]) == ("balance_reserved", "sending")
    assert 60 <= event.data["minutes"] <= 61
    assert event.book.slug == "platform"


def test_what_was_found_late_is_told_at_its_gravest_alone(acme: World, sandbox: Sandbox) -> None:
    payouts.provider(sandbox)
    made = reserved(acme)
    with later(hours=2):
        raise_stuck_alarms()
    assert alarms(made) == ["critical"]


def test_what_moves_on_and_stands_still_again_is_told_anew(acme: World, sandbox: Sandbox) -> None:
    payouts.provider(sandbox)
    sandbox.fault(do={"query": "error"}, times=None)
    sandbox.fault(do={"submit": "timeout_after"})
    made = reserved(acme)
    with later(minutes=11):
        raise_stuck_alarms()
        work()
        assert (status(made), level(made)) == ("outcome_unknown", None)
    with later(minutes=22):
        raise_stuck_alarms()
    assert alarms(made) == ["stuck", "stuck"]


def test_what_a_provider_has_is_not_stuck_before_its_promised_time(acme: World, sandbox: Sandbox) -> None:
    sandbox.set(delays="7200")
    payouts.provider(sandbox)
    made = reserved(acme)
    work()
    found = Transfer.objects.get(pk=made)
    assert found.status == Status.PROVIDER_PROCESSING
    assert found.expected_at is not None
    promised = found.expected_at
    assert promised > clock.now() + timedelta(minutes=90)
    with clock.frozen(promised - timedelta(seconds=1)):
        assert (level(made), list(stuck(clock.now()))) == (None, [])
    with clock.frozen(promised + timedelta(minutes=10)):
        assert (level(made), [each.pk for each in stuck(clock.now())]) == ("stuck", [made])


def test_a_provider_that_has_it_for_ever_is_asked_on_the_ladder_and_then_a_person(
    acme: World, sandbox: Sandbox
) -> None:
    sandbox.fault(do={"outcome": "hang"})
    payouts.provider(sandbox)
    made = reserved(acme)
    work()
    promised = Transfer.objects.get(pk=made).expected_at
    assert promised is not None
    for minutes in range(1, 12):
        with clock.frozen(promised + timedelta(minutes=minutes)):
            work()
    assert told_of(made) == 2
    with clock.frozen(promised + timedelta(minutes=12)):
        assert level(made) == "stuck"
    for minutes in range(12, 100, 3):
        with clock.frozen(promised + timedelta(minutes=minutes)):
            work()
    found = Transfer.objects.get(pk=made)
    assert (found.status, found.failure_code, found.next_attempt_at) == ("manual_review", "OVERDUE", None)
    assert told_of(made) == len(LADDER)


def told_of(transfer: str) -> int:
    """How often the tenant was told that its provider is late."""
    return Event.objects.filter(subject=transfer, type="transfer.outcome_unknown").count()


def test_what_is_asked_after_because_it_is_late_counts_from_the_promise(
    acme: World, sandbox: Sandbox
) -> None:
    sandbox.fault(do={"outcome": "hang"})
    payouts.provider(sandbox)
    made = reserved(acme)
    work()
    promised = Transfer.objects.get(pk=made).expected_at
    assert promised is not None
    sandbox.fault(do={"query": "error"}, times=None)
    with clock.frozen(promised + timedelta(minutes=5)):
        work()
    with clock.frozen(promised + timedelta(minutes=10)):
        assert (status(made), level(made)) == ("outcome_unknown", "stuck")


def test_what_waits_for_people_is_never_stuck_until_they_agree(acme: World, sandbox: Sandbox) -> None:
    call_command("loaddata", "approval_policies", verbosity=0)
    payouts.provider(sandbox)
    made = str(pay_out(acme, acme.funded("99000.00"), recipient(acme), amount="50000.00")["transfer"])
    stands = standing(Transfer.objects.get(pk=made), clock.now())
    assert (stands.waiting.what if stands.waiting else None) == For.APPROVAL
    with later(days=2):
        raise_stuck_alarms()
        assert (level(made), alarms(made)) == (None, [])
    Transfer.objects.filter(pk=made).update(expires_at=None, changed_at=clock.now())
    with later(minutes=16):
        assert level(made) == "alert"


def test_what_has_ended_or_is_for_a_person_is_not(acme: World, sandbox: Sandbox) -> None:
    payouts.provider(sandbox)
    made = reserved(acme)
    work()
    done("transfers.review_transfer", transfer=made, reason="too long")
    other = reserved(acme)
    done("transfers.cancel_transfer", transfer=other, reason="not wanted")
    with later(days=2):
        assert [level(each) for each in (made, other)] == [None, None]
        assert not stuck(clock.now(), Level.STUCK).exists()


def test_nobody_raises_it_by_hand(acme: World, sandbox: Sandbox) -> None:
    payouts.provider(sandbox)
    made = reserved(acme)
    given = {"transfer": made, "level": "stuck"}
    assert refused("transfers.raise_stuck_alarm", actor=acme.key, **given) == "AUTHORIZATION_FAILED"
    done("transfers.raise_stuck_alarm", **given)
    assert alarms(made) == []
