"""Every status and every transition of a transfer: what is allowed, and that nothing else is."""

from itertools import product

import pytest
from django_fsm import TransitionNotAllowed, can_proceed

from apps.transfers.models import BEFORE_SENDING, ENDED, WITH_PROVIDER, Kind, Status, Transfer
from apps.transfers.words import PHASE, PUBLIC_STATUS, TYPE

ALLOWED = {
    "validate": {"initiated": "validating"},
    "reserve": {"validating": "balance_reserved"},
    "review": {"balance_reserved": "under_review"},
    "await_approval": dict.fromkeys(["balance_reserved", "under_review"], "awaiting_approval"),
    "send": dict.fromkeys(["balance_reserved", "under_review", "awaiting_approval"], "sent_to_provider"),
    "wait_for_provider": dict.fromkeys(
        ["validating", "sent_to_provider", "outcome_unknown"], "provider_processing"
    ),
    "lose_track": dict.fromkeys(["sent_to_provider", "provider_processing"], "outcome_unknown"),
    "park": {"outcome_unknown": "manual_review"},
    "confirm": dict.fromkeys(
        ["sent_to_provider", "provider_processing", "outcome_unknown", "manual_review"], "provider_completed"
    ),
    "fail_at_provider": dict.fromkeys(
        ["sent_to_provider", "provider_processing", "outcome_unknown", "manual_review"], "provider_failed"
    ),
    "complete": dict.fromkeys(["validating", "provider_completed"], "completed"),
    "compensate": {"provider_failed": "compensated"},
    "fail": dict.fromkeys(["initiated", "validating", "provider_failed"], "failed"),
    "cancel": dict.fromkeys(
        ["initiated", "validating", "balance_reserved", "under_review", "awaiting_approval"], "cancelled"
    ),
    "expire": dict.fromkeys(
        ["initiated", "validating", "balance_reserved", "under_review", "awaiting_approval"], "expired"
    ),
    "reverse": {"completed": "reversed"},
}


@pytest.mark.parametrize(("name", "status"), list(product(ALLOWED, Status.values)))
def test_a_transition(name: str, status: str) -> None:
    transfer = Transfer(status=status)
    step = getattr(transfer, name)
    target = ALLOWED[name].get(status)
    assert can_proceed(step) == (target is not None)
    if target is None:
        with pytest.raises(TransitionNotAllowed):
            step()
    else:
        step()
    assert transfer.status == (target or status)


def test_the_table_has_every_transition() -> None:
    field = Transfer._meta.get_field("status")
    assert {transition.name for transition in field.get_all_transitions(Transfer)} == ALLOWED.keys()


def test_a_status_is_set_by_transitions_alone() -> None:
    with pytest.raises(AttributeError):
        Transfer().status = Status.COMPLETED


def test_every_status_and_kind_has_its_words() -> None:
    assert PUBLIC_STATUS.keys() == PHASE.keys() == set(Status)
    assert TYPE.keys() == set(Kind)
    assert {*BEFORE_SENDING}.isdisjoint(WITH_PROVIDER)
    assert {PUBLIC_STATUS[status] for status in ENDED}.isdisjoint({"processing", "pending_approval"})
