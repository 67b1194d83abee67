"""Payouts that wait for a cut-off are called off by whoever asked for them: never in a file, given back once."""

from typing import Any

import pytest

from apps.ledger.models import JournalEntry
from apps.providers.models import Provider, RailPayment
from apps.providers.services import cutting
from apps.transfers.models import Transfer
from tests.support.door import code, done, refused, run
from tests.support.files import at_the_cut_off, bankfile, cut, gone, sent, statuses
from tests.support.payouts import status, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, parts, world
from tests.support.threads import at_once, somebody_else, under_way, wait_until_blocked

pytestmark = pytest.mark.usefixtures("ledger_db")

CANCEL = "transfers.cancel_transfer"
WHY = {"reason": "Paid by hand."}


@pytest.fixture
def provider(sandbox: Sandbox) -> Provider:
    """A bank that takes files."""
    return bankfile(sandbox)


def releases(transfer: str) -> int:
    """How often its hold was given back."""
    return JournalEntry.objects.filter(reference=f"{transfer}:release").count()


def test_its_tenant_calls_it_off_and_it_never_leaves(acme: World, wallet: str, provider: Provider) -> None:
    stays, goes = sent(acme, wallet, "10.00", "40.00")
    assert parts(wallet) == ("50.00", "50.00")
    told = done(CANCEL, actor=acme.key, transfer=goes, key="one", **WHY)
    assert done(CANCEL, actor=acme.key, transfer=goes, key="one", **WHY) == told
    found = Transfer.objects.get(pk=goes)
    assert (found.status, found.failure_code, found.failure_message) == (
        "compensated",
        "CANCELLED",
        "Paid by hand.",
    )
    assert (parts(wallet), releases(goes)) == (("90.00", "10.00"), 1)
    assert refused(CANCEL, actor=acme.key, transfer=goes, **WHY) == "TOO_LATE_TO_CANCEL"
    [file] = cut(provider)
    assert [each.reference for each in file.payments.all()] == [f"{stays}.1"]
    assert statuses(provider) == ["in_file", "cancelled"]
    work()
    assert (status(stays), parts(wallet)) == ("provider_processing", ("90.00", "10.00"))


def test_an_operator_calls_it_off(acme: World, wallet: str, provider: Provider) -> None:
    [made] = sent(acme, wallet, "40.00")
    done(CANCEL, transfer=made, **WHY)
    assert (status(made), parts(wallet), cut(provider)) == ("compensated", ("100.00", "0.00"), [])


def test_another_tenant_does_not(acme: World, wallet: str, provider: Provider) -> None:
    [made] = sent(acme, wallet, "40.00")
    assert refused(CANCEL, actor=world("bloom").key, transfer=made, **WHY) == "NOT_FOUND"
    assert statuses(provider) == ["waiting"]


def test_what_is_in_a_file_is_recalled_and_not_called_off(
    acme: World, wallet: str, provider: Provider
) -> None:
    [made] = sent(acme, wallet, "40.00")
    gone(provider)
    outcome = run(CANCEL, actor=acme.key, transfer=made, **WHY)
    assert code(outcome) == "TOO_LATE_TO_CANCEL"
    assert "ask for a recall" in str(outcome.error)
    assert (status(made), parts(wallet)) == ("provider_processing", ("60.00", "40.00"))


def test_a_file_that_is_just_cut_is_waited_for(acme: World, wallet: str, provider: Provider) -> None:
    """Whoever has locked the payment decides first: what no longer waits then is not given back."""
    [made] = sent(acme, wallet, "40.00")
    with somebody_else() as cutter:
        cutter.execute("SELECT 1 FROM providers_railpayment FOR NO KEY UPDATE")
        with under_way(lambda: run(CANCEL, actor=acme.key, transfer=made, **WHY)) as [asked]:
            wait_until_blocked(1)
            cutter.execute("UPDATE providers_railpayment SET status = 'cancelled'")
            cutter.commit()
            assert code(asked.result()) == "TOO_LATE_TO_CANCEL"
    assert (releases(made), parts(wallet)) == (0, ("60.00", "40.00"))


def test_what_is_just_called_off_is_left_out_of_the_file(
    acme: World, wallet: str, provider: Provider
) -> None:
    made = sent(acme, wallet, *["5.00"] * 8)
    through = at_the_cut_off(provider)

    def cancel(transfer: str) -> Any:
        return run(CANCEL, actor=acme.key, transfer=transfer, **WHY).error

    def cut_now() -> Any:
        return cutting.cut_due(through)

    calls = [lambda each=each: cancel(each) for each in made]  # type: ignore[misc]
    refusals = at_once(*calls[:4], cut_now, *calls[4:])
    del refusals[4]
    cut_now()
    inside = {each.reference.partition(".")[0] for each in RailPayment.objects.filter(status="in_file")}
    assert {each for each, refusal in zip(made, refusals, strict=True) if refusal} == inside
    for each in made:
        kept = each in inside
        assert (status(each), releases(each)) == (("provider_processing", 0) if kept else ("compensated", 1))
    held = 5 * len(inside)
    assert parts(wallet) == (f"{100 - held}.00", f"{held}.00")
