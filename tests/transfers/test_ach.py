"""Payouts by ACH: in files of the day, settled when nobody returned them in time, and returned with a code."""

import json
from datetime import datetime
from io import BytesIO
from typing import Any

import pytest

from apps.accounts.models import Recipient
from apps.core import clock
from apps.providers.formats import nacha
from apps.providers.models import InboundMessage, Provider, RailFile, RailPayment
from apps.providers.services import told
from apps.transfers.models import Transfer
from tests.support.door import balance, done
from tests.support.files import ach, cut, hand_over, statuses, told_by
from tests.support.inbound import hook_up
from tests.support.payouts import pay_out, recipient, status, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, parts

pytestmark = pytest.mark.usefixtures("ledger_db")

DETAILS = {"account_number": "123456789", "bank_code": "021000021"}


@pytest.fixture
def bank(sandbox: Sandbox, live_server: Any) -> Sandbox:
    """The sandbox, whose bank for ACH reports to a real server of ours."""
    hook_up(sandbox, live_server.url)
    return sandbox


@pytest.fixture
def dollars(acme: World) -> str:
    """A wallet with a hundred dollars."""
    return acme.funded("100.00", "USD")


def sent(acme: World, wallet: str, *amounts: str) -> list[str]:
    """Payouts that wait for the cut-off."""
    to = recipient(acme, "USD", details=DETAILS, country="US")
    made = [str(pay_out(acme, wallet, to, amount, "USD")["transfer"]) for amount in amounts]
    work()
    return made


def gone(provider: Provider) -> RailFile:
    """The one file of what waits, which the bank has."""
    [file] = cut(provider)
    hand_over()
    file.refresh_from_db()
    return file


def settled() -> None:
    """Let the time pass in which banks return."""
    late = max(each.expected_at for each in RailPayment.objects.all() if each.expected_at)
    assert isinstance(late, datetime)
    with clock.frozen(late):
        told.settle_due(late)
        work()
        work()


def test_is_settled_when_nobody_returned_it_in_time(acme: World, dollars: str, bank: Sandbox) -> None:
    provider = ach(bank)
    [made] = sent(acme, dollars, "40.00")
    file = gone(provider)
    assert (file.format, file.status, statuses(provider)) == ("nacha", "taken", ["accepted"])
    read = nacha.read(BytesIO(bytes(file.content)))
    assert (read.totals.credits, read.totals.debits, len(read.batches)) == (4000, 0, 1)
    assert nacha.write(read) == bytes(file.content)
    told_by(bank)
    assert (status(made), parts(dollars)) == ("provider_processing", ("60.00", "40.00"))
    settled()
    assert (status(made), statuses(provider)) == ("completed", ["booked"])
    assert parts(dollars) == ("60.00", "0.00")
    assert balance("provider:sandbox-ach", book="acme", currency="USD") == "-40.00"
    assert not InboundMessage.objects.filter(status="quarantined").exists()


def test_handed_over_by_a_person_is_settled_as_well(acme: World, dollars: str, bank: Sandbox) -> None:
    provider = ach(bank, base_url="", name="ach-by-hand", options={"play": False})
    [made] = sent(acme, dollars, "40.00")
    [file] = cut(provider)
    done("providers.hand_over_file", file=file.pk, sha256=bytes(file.sha256).hex())
    assert statuses(provider) == ["accepted"]
    settled()
    assert (status(made), parts(dollars)) == ("completed", ("60.00", "0.00"))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("r01", "There is too little money on the account."),
        ("r03", "There is no such account, or it is not the named person's."),
        ("r05", "A company's debit met a consumer's account, who did not agree."),
        ("r07", "The customer has revoked the authorization."),
    ],
)
def test_what_comes_back_in_time_was_never_paid(
    acme: World, dollars: str, bank: Sandbox, code: str, words: str
) -> None:
    provider = ach(bank)
    bank.fault(do={"outcome": f"fail:{code}"}, amount="20.00")
    good, bad = sent(acme, dollars, "10.00", "20.00")
    gone(provider)
    told_by(bank)
    assert (status(good), status(bad)) == ("provider_processing", "compensated")
    failed = Transfer.objects.get(pk=bad)
    assert (failed.failure_code, failed.failure_message) == (code.upper(), words)
    settled()
    assert statuses(provider) == ["booked", "returned"]
    assert (status(good), parts(dollars)) == ("completed", ("90.00", "0.00"))


def test_what_comes_back_late_is_the_wallets_again(acme: World, dollars: str, bank: Sandbox) -> None:
    provider = ach(bank)
    [made] = sent(acme, dollars, "40.00")
    gone(provider)
    told_by(bank)
    settled()
    assert (status(made), parts(dollars)) == ("completed", ("60.00", "0.00"))
    [order] = bank.truth()["order"]
    bank.give_back("ach", order["reference"], code="r02")
    told_by(bank)
    assert (status(made), statuses(provider)) == ("reversed", ["returned"])
    assert parts(dollars) == ("100.00", "0.00")


def test_a_duplicate_that_comes_back_releases_nothing(acme: World, dollars: str, bank: Sandbox) -> None:
    provider = ach(bank)
    bank.fault(do={"outcome": "fail:r24"}, amount="40.00")
    [made] = sent(acme, dollars, "40.00")
    gone(provider)
    told_by(bank)
    assert (status(made), parts(dollars)) == ("provider_processing", ("60.00", "40.00"))
    [message] = InboundMessage.objects.filter(status="quarantined")
    assert "duplicate" in message.why
    settled()
    assert (status(made), parts(dollars)) != ("completed", ("60.00", "0.00"))
    assert RailPayment.objects.get().doubt


def test_a_wrong_routing_number_of_before_they_were_checked_goes_back_at_once(
    acme: World, dollars: str, bank: Sandbox
) -> None:
    ach(bank)
    to = recipient(acme, "USD", details=DETAILS, country="US")
    Recipient.objects.filter(pk=to).update(details=json.dumps(DETAILS | {"bank_code": "021000022"}))
    made = pay_out(acme, dollars, to, "40.00", "USD")["transfer"]
    work()
    failed = Transfer.objects.get(pk=made)
    assert (status(made), failed.failure_code) == ("compensated", "PAYMENT_UNWRITABLE")
    assert parts(dollars) == ("100.00", "0.00")
