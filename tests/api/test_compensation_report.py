"""What was given back, as a page to be printed, by the tenant's own program."""

import subprocess
from pathlib import Path
from typing import Any

from countinghouse_client import Client as Program

from apps.transfers.models import Transfer
from tests.api.conftest import Client, Party, make_party
from tests.ledger.test_renderers import needs_pdftotext
from tests.support import payouts
from tests.support.door import done, eur
from tests.support.inbound import event, send
from tests.support.payouts import later, work
from tests.support.sandbox import Sandbox

PDF = {"Accept": "application/pdf"}


def asked(acme: Party, sandbox: Sandbox) -> str:
    """A payout that is to be sent."""
    payouts.provider(sandbox)
    details = {"iban": payouts.IBAN}
    to = {"tenant": acme.tenant, "kind": "bank_account", "name": "Bo Lind", "currency": "EUR"}
    recipient = done("accounts.create_recipient", **to, details=details)["recipient"]
    given = {"wallet": acme.wallet, "recipient": recipient, "amount": eur("40.00"), "reference": "rent-11"}
    return str(done("transfers.create_payout", **given)["transfer"])


def refused(acme: Party, sandbox: Sandbox) -> str:
    """A payout that the recipient's bank did not take."""
    sandbox.fault(do={"outcome": "fail:account_closed"})
    made = asked(acme, sandbox)
    work()
    sandbox.settle()
    with later(minutes=5):
        work()
        work()
    return made


def words(pdf: bytes, path: Path) -> str:
    path.write_bytes(pdf)
    told = ["pdftotext", "-layout", str(path), "-"]
    return subprocess.run(told, check=True, capture_output=True, text=True).stdout


@needs_pdftotext
def test_it_says_what_was_given_back_and_why(
    acme: Party, asking: Any, http: Any, sandbox: Sandbox, tmp_path: Path
) -> None:
    made = refused(acme, sandbox)
    answer = asking(acme.key).ask("GET", f"/v1/transfers/{made}/compensation-report", headers=PDF)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="compensation-{made}.pdf"'
    told = words(answer.content, tmp_path / "report.pdf")
    for said in ("Compensation report", made, "40.00 EUR", "Bo Lind", "rent-11", "account_closed"):
        assert said in told, told
    with Program(str(http.base_url), acme.key) as client:
        assert client.get_transfer_compensation_report(made) == answer.content


@needs_pdftotext
def test_what_came_back_has_one_too(acme: Party, asking: Any, sandbox: Sandbox, tmp_path: Path) -> None:
    made = asked(acme, sandbox)
    work()
    sandbox.settle()
    with later(minutes=5):
        work()
    assert report(asking(acme.key), made).status_code == 404
    amounts = {"amount": "40.00", "settled_amount": "40.00", "returned_amount": "15.00", "currency": "EUR"}
    told = {"id": "sbo_1", "reference": Transfer.objects.get(pk=made).submission, "status": "returned"}
    assert send(event("order.returned", **told, **amounts)) == 202
    work()
    answer = asking(acme.key).ask("GET", f"/v1/transfers/{made}/compensation-report", headers=PDF)
    assert answer.status_code == 200, answer.text
    said = words(answer.content, tmp_path / "report.pdf")
    for what in ("15.00 EUR of it came back by", "40.00 EUR", "sent it back"):
        assert what in said, said
    assert "Released" not in said


def test_there_is_none_for_others_and_of_what_was_done(acme: Party, asking: Any, sandbox: Sandbox) -> None:
    made = refused(acme, sandbox)
    moved = done(
        "transfers.create_transfer", from_wallet=acme.wallet, to_wallet=acme.other, amount=eur("1.00")
    )
    own, other = asking(acme.key), asking(make_party("bloom").key)
    for caller, transfer in ((own, moved["transfer"]), (other, made), (own, "trf_x")):
        answer = report(caller, transfer)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    refused_type = own.ask(
        "GET", f"/v1/transfers/{made}/compensation-report", headers={"Accept": "text/html"}
    )
    assert refused_type.status_code == 406
    assert "application/pdf" in refused_type.json()["detail"]


def report(caller: Client, transfer: str) -> Any:
    return caller.ask("GET", f"/v1/transfers/{transfer}/compensation-report")
