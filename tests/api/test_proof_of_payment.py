"""That a payout was paid, as a page that convinces whoever was paid."""

from pathlib import Path
from typing import Any

import pytest

from apps.operations import sequencer
from apps.transfers.models import Transfer
from tests.api.conftest import Party, make_party
from tests.api.test_compensation_report import PDF, asked, refused, words
from tests.ledger.test_renderers import needs_pdftotext
from tests.support import payouts
from tests.support.door import done, eur
from tests.support.inbound import event, send
from tests.support.payouts import later, work
from tests.support.sandbox import Sandbox


def paid(acme: Party, sandbox: Sandbox) -> str:
    """A payout that was paid, and whose entry has its position."""
    made = asked(acme, sandbox)
    work()
    sandbox.settle()
    with later(minutes=5):
        work()
        work()
    sequencer.sequence()
    return made


def proof_of(caller: Any, transfer: str) -> Any:
    return caller.ask("GET", f"/v1/transfers/{transfer}/proof-of-payment", headers=PDF)


@needs_pdftotext
def test_it_says_who_paid_whom_and_where_the_books_say_so(
    acme: Party, asking: Any, sandbox: Sandbox, tmp_path: Path
) -> None:
    made = paid(acme, sandbox)
    answer = proof_of(asking(acme.key), made)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf"), answer.text
    assert answer.headers["Content-Disposition"] == f'attachment; filename="proof-of-payment-{made}.pdf"'
    row = Transfer.objects.get(pk=made)
    told = words(answer.content, tmp_path / "proof.pdf")
    for said in ("Proof of payment", "Acme", "Bo Lind", "40.00 EUR", "rent-11", made, row.submission):
        assert said in told, (said, told)
    for said in (row.provider, row.provider_reference, "sandbox-bank", "Fees"):
        assert said in told, (said, told)
    entry = row.book.entries.get(reference=f"{made}:settle")
    assert entry.pk in told
    assert bytes(entry.seal.hash).hex()[:40] in told.replace("\n", "").replace(" ", "")
    assert payouts.IBAN not in told.replace(" ", "")
    assert row.recipient is not None
    assert row.recipient.display in told
    assert "RETURNED" not in told


@needs_pdftotext
def test_its_bytes_stay_whoever_is_renamed_since(
    acme: Party, asking: Any, sandbox: Sandbox, tmp_path: Path
) -> None:
    made = paid(acme, sandbox)
    first = proof_of(asking(acme.key), made).content
    to = str(Transfer.objects.get(pk=made).recipient_id)
    with later(days=1):
        done("accounts.update_recipient", recipient=to, metadata={"x": "y"})
        done("accounts.update_recipient", recipient=to, name="Somebody Else")
        done("accounts.update_recipient", recipient=to, details={"iban": "DE75512108001245126199"})
        done("accounts.update_tenant", tenant=acme.tenant, name="Acme Renamed")
        again = proof_of(asking(acme.key), made).content
    assert again == first
    assert "Somebody Else" not in words(again, tmp_path / "again.pdf")


@needs_pdftotext
@pytest.mark.parametrize(("returned", "status"), [("15.00", "completed"), ("40.00", "reversed")])
def test_what_came_back_is_said_loudly(
    acme: Party, asking: Any, sandbox: Sandbox, tmp_path: Path, returned: str, status: str
) -> None:
    made = paid(acme, sandbox)
    amounts = {"amount": "40.00", "settled_amount": "40.00", "returned_amount": returned, "currency": "EUR"}
    about = {"id": "sbo_1", "reference": Transfer.objects.get(pk=made).submission, "status": "returned"}
    assert send(event("order.returned", **about, **amounts)) == 202
    work()
    assert Transfer.objects.get(pk=made).status == status
    told = " ".join(words(proof_of(asking(acme.key), made).content, tmp_path / "proof.pdf").split())
    assert f"{returned} EUR of it came back" in told
    assert "RETURNED" in told
    assert ("RETURNED IN PART" in told) == (status == "completed")


def test_there_is_none_of_what_was_not_paid_nor_for_others(
    acme: Party, asking: Any, sandbox: Sandbox
) -> None:
    failed = refused(acme, sandbox)
    moved = done(
        "transfers.create_transfer", from_wallet=acme.wallet, to_wallet=acme.other, amount=eur("1.00")
    )
    made = asked(acme, sandbox)
    own, other = asking(acme.key), asking(make_party("bloom").key)
    for caller, transfer in (
        (own, failed),
        (own, moved["transfer"]),
        (own, made),
        (other, made),
        (own, "trf_x"),
    ):
        answer = caller.ask("GET", f"/v1/transfers/{transfer}/proof-of-payment")
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_it_waits_until_its_entry_has_a_position(acme: Party, asking: Any, sandbox: Sandbox) -> None:
    """Or the same proof would have other bytes a second later."""
    sequencer.sequence()
    made = asked(acme, sandbox)
    work()
    sandbox.settle()
    with later(minutes=5):
        work()
        work()
    answer = asking(acme.key).ask("GET", f"/v1/transfers/{made}/proof-of-payment")
    assert answer.status_code == 404
    assert "ask again" in answer.json()["detail"]
    sequencer.sequence()
    assert proof_of(asking(acme.key), made).status_code == 200
