"""Files and statements that people bring, or that are odd: what is proven, what is doubted, what is told again."""

from typing import Any

import pytest
from django.test import Client

from apps.core import clock
from apps.operations.models import Event
from apps.providers.adapters.sayings import Saying
from apps.providers.formats.texts import reference_of
from apps.providers.models import InboundMessage, Provider, RailPayment
from apps.providers.protocol import Outcome
from apps.providers.services import told
from apps.providers.services.inbox import raise_alarms
from tests.support.door import balance, done, refused
from tests.support.files import (
    as_base64,
    bankfile,
    camt,
    cut,
    gone,
    quarantined,
    sent,
    statuses,
    taken_in,
    told_by,
)
from tests.support.inbound import headers, hook_up
from tests.support.payouts import status, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, parts

pytestmark = pytest.mark.usefixtures("ledger_db")


@pytest.fixture
def bank(sandbox: Sandbox, live_server: Any) -> Sandbox:
    """The sandbox, whose bank for files reports to a real server of ours."""
    hook_up(sandbox, live_server.url)
    return sandbox


class TestByHand:
    def test_a_file_is_downloaded_handed_over_and_its_reports_are_taken_in(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        provider = bankfile(bank, base_url="", name="bank-by-hand", options={"play": False})
        [made] = sent(acme, wallet, "40.00")
        [file] = cut(provider)
        assert file.next_attempt_at is None
        digest = bytes(file.sha256).hex()
        assert refused("providers.hand_over_file", file=file.pk, sha256="0" * 64) == "PAYMENT_FILE_IS_ANOTHER"
        done("providers.hand_over_file", file=file.pk, sha256=digest)
        assert refused("providers.hand_over_file", file=file.pk, sha256=digest) == "PAYMENT_FILE_HAS_GONE"
        reported = taken_in(provider, camt(RailPayment.objects.get(), "40.00"))
        assert (reported["receipt"], reported["payments"], reported["others"]) == ("new", 1, 0)
        assert taken_in(provider, camt(RailPayment.objects.get(), "40.00"))["receipt"] == "again"
        told_by(bank)
        assert (status(made), parts(wallet)) == ("completed", ("60.00", "0.00"))

    def test_what_is_no_file_of_a_bank_is_refused_and_not_kept(self, bank: Sandbox) -> None:
        provider = bankfile(bank)
        for content, code in (
            (b"<!DOCTYPE a []><Document/>", "FILE_UNSAFE"),
            (b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'>", "FILE_MALFORMED"),
            (b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.008.001.02'/>", "FILE_FORMAT_UNKNOWN"),
        ):
            given = {"provider": provider.name, "content": as_base64(content)}
            assert refused("providers.take_in_file", **given) == code
        assert not InboundMessage.objects.exists()

    @pytest.mark.parametrize("amount", ["41.00", "0.15"])
    def test_a_wrong_amount_is_for_a_person(
        self, acme: World, wallet: str, bank: Sandbox, amount: str
    ) -> None:
        """A bank may book its charge under the reference of what it is for: that is not the payment."""
        provider = bankfile(bank)
        [made] = sent(acme, wallet, "40.00")
        cut(provider)
        told = taken_in(provider, camt(RailPayment.objects.get(), amount))
        work()
        assert (status(made), parts(wallet)) == ("provider_processing", ("60.00", "40.00"))
        payment = RailPayment.objects.get()
        assert (payment.status, f"The bank debits {amount} EUR" in payment.doubt) == ("in_file", True)
        assert told["payments"] == 1
        taken_in(provider, camt(payment, "40.00", message="STM-2"))
        work()
        assert (status(made), parts(wallet)) == ("completed", ("60.00", "0.00"))

    def test_what_is_debited_as_a_reversal_gives_nothing_back(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        provider = bankfile(bank)
        [made] = sent(acme, wallet, "40.00")
        gone(provider)
        told_by(bank)
        reversal = camt(RailPayment.objects.get(), "40.00").replace(
            b"<CdtDbtInd>DBIT</CdtDbtInd><Sts>", b"<CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd><Sts>"
        )
        assert b"RvslInd" in reversal
        taken_in(provider, reversal)
        work()
        assert (status(made), parts(wallet)) == ("completed", ("60.00", "0.00"))

    def test_a_payment_that_we_never_sent_is_for_a_person(self, bank: Sandbox) -> None:
        provider = bankfile(bank)
        stranger = RailPayment(reference="trf_01m7z75h000000000000000000.1", currency="EUR")
        told = taken_in(provider, camt(stranger, "40.00"))
        assert told["doubts"] == ["It books trf-01m7z75h000000000000000000.1, which we never put in a file."]


class TestProof:
    def test_a_statement_that_is_not_signed_moves_nothing(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        provider = bankfile(bank)
        [made] = sent(acme, wallet, "40.00")
        cut(provider)
        content = camt(RailPayment.objects.get(), "40.00")
        hook = f"/hooks/{provider.name}/"
        assert Client().post(hook, content, content_type="application/xml").status_code == 401
        forged = headers(content, None, secret="not the secret")
        assert Client().post(hook, content, content_type="application/xml", headers=forged).status_code == 401
        told_by(bank)
        assert (status(made), statuses(provider)) == ("provider_processing", ["in_file"])
        proven = headers(content, None)
        assert Client().post(hook, content, content_type="application/xml", headers=proven).status_code == 202
        told_by(bank)
        assert (status(made), parts(wallet)) == ("completed", ("60.00", "0.00"))


class TestOddStatements:
    def test_a_return_of_another_amount_is_for_a_person(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        provider = bankfile(bank)
        [made] = sent(acme, wallet, "40.00")
        gone(provider)
        told_by(bank)
        for amount in ("10.00", "30.00"):
            taken_in(provider, camt(RailPayment.objects.get(), amount, "returned"))
            work()
        assert (status(made), parts(wallet)) == ("completed", ("60.00", "0.00"))
        assert "The bank credits" in RailPayment.objects.get().doubt

    def test_the_same_statement_under_another_name_changes_nothing(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        provider = bankfile(bank)
        [made] = sent(acme, wallet, "40.00")
        gone(provider)
        told_by(bank)
        again = statement_of(provider).replace(b"<MsgId>STM-", b"<MsgId>AGAIN-")
        assert taken_in(provider, again)["receipt"] == "new"
        work()
        assert (status(made), parts(wallet)) == ("completed", ("60.00", "0.00"))
        assert (quarantined(), RailPayment.objects.get().doubt) == ([], "")


class TestDebitedTwice:
    def test_a_second_debit_is_told_and_moves_nothing(self, acme: World, wallet: str, bank: Sandbox) -> None:
        provider = bankfile(bank)
        [made] = sent(acme, wallet, "40.00")
        gone(provider)
        told_by(bank)
        payment = RailPayment.objects.get()
        first = payment.booked_as
        bank.debit_again("bankfile", reference_of(payment.reference))
        told_by(bank)
        payment.refresh_from_db()
        [why] = quarantined()
        assert why.startswith(f"{payment.reference}: The bank debits it again (")
        assert why.endswith(f", after {first}: ask it for one of them.")
        assert (payment.status, payment.booked_as) == ("booked", first)
        assert payment.doubt in why
        assert (status(made), parts(wallet)) == ("completed", ("60.00", "0.00"))
        assert balance("provider:sandbox-bankfile", book="acme") == "-40.00"
        raise_alarms(clock.now())
        assert payment.reference in Event.objects.get(type="alert.raised").data["why"]

    def test_also_of_what_came_back(self, acme: World, wallet: str, bank: Sandbox) -> None:
        provider = bankfile(bank)
        [made] = sent(acme, wallet, "40.00")
        gone(provider)
        told_by(bank)
        payment = RailPayment.objects.get()
        bank.give_back("bankfile", reference_of(payment.reference), code="ac06")
        told_by(bank)
        bank.debit_again("bankfile", reference_of(payment.reference))
        told_by(bank)
        payment.refresh_from_db()
        assert (payment.status, payment.code, len(quarantined())) == ("returned", "AC06", 1)
        assert (status(made), parts(wallet)) == ("reversed", ("100.00", "0.00"))

    def test_twice_in_one_statement_without_references(self, acme: World, wallet: str, bank: Sandbox) -> None:
        provider = bankfile(bank)
        [made] = sent(acme, wallet, "40.00")
        cut(provider)
        once = camt(RailPayment.objects.get(), "40.00")
        entry = once[once.index(b"<Ntry>") : once.index(b"</Stmt>")]
        taken_in(provider, once.replace(entry, entry * 2))
        told_by(bank)
        assert (status(made), parts(wallet)) == ("completed", ("60.00", "0.00"))
        [why] = quarantined()
        assert "again (2026-11-23 (2)), after 2026-11-23:" in why

    def test_the_first_debit_after_a_report_that_it_was_settled_is_none(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        provider = bankfile(bank)
        [made] = sent(acme, wallet, "40.00")
        cut(provider)
        payment = RailPayment.objects.get()
        settled = Saying(payment.reference, Outcome.COMPLETED, "ACSC")
        assert told.tell(provider, [settled], of="STS-1", now=clock.now()) == []
        taken_in(provider, camt(payment, "40.00"))
        told_by(bank)
        payment.refresh_from_db()
        assert (payment.booked_as, payment.doubt, quarantined()) == ("2026-11-23", "", [])
        assert (status(made), parts(wallet)) == ("completed", ("60.00", "0.00"))


def statement_of(provider: Provider) -> bytes:
    """The one statement that the bank has sent."""
    [found] = [
        bytes(each.body)
        for each in InboundMessage.objects.filter(provider=provider)
        if b"camt.053" in bytes(each.body)
    ]
    return found
