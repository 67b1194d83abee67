"""Payment files in the console: what is in each, its bytes for those who hand it over, and what needs a person."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.console.attention_payouts import payment_files
from apps.core import clock
from apps.operations.models import Event
from apps.providers.models import RailFile
from tests.support.files import bankfile, cut
from tests.support.payouts import pay_out, recipient, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/ops/providers/railfile/"


@pytest.fixture
def boss(admin: Any) -> Client:
    """A browser in which an admin is signed in."""
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def file(acme: World, sandbox: Sandbox) -> RailFile:
    """A file of one payment that a person hands over."""
    provider = bankfile(sandbox, base_url="", name="bank-by-hand", options={"play": False})
    pay_out(acme, acme.funded("100.00"), recipient(acme), "40.00")
    work()
    [made] = cut(provider)
    return made


def test_a_file_is_listed_and_shown_with_its_payments(file: RailFile, boss: Client) -> None:
    listed = boss.get(LIST).content.decode()
    assert "bank-by-hand" in listed
    assert "40.00" in listed
    page = boss.get(f"{LIST}{file.pk}/").content.decode()
    assert file.hash in page
    assert file.payments.get().reference in page
    assert "hand_over_file" in page


def test_a_transfer_leads_to_its_file_and_may_be_called_off_before(
    acme: World, file: RailFile, boss: Client
) -> None:
    def page(transfer: str) -> str:
        return boss.get(f"/ops/transfers/transfer/{transfer}/").content.decode()

    inside = page(file.payments.get().reference.partition(".")[0])
    assert f"{LIST}{file.pk}/" in inside
    assert "transfers.cancel_transfer" not in inside
    made = str(pay_out(acme, acme.funded("10.00"), recipient(acme), "5.00")["transfer"])
    work()
    waiting = page(made)
    assert "Waiting for the cut-off" in waiting
    assert f"/ops/do/transfers.cancel_transfer/?transfer={made}" in waiting


def test_its_bytes_are_those_that_were_stored(file: RailFile, boss: Client) -> None:
    answer = boss.get(f"/ops/payment-files/{file.pk}/")
    assert hashlib.sha256(answer.content).hexdigest() == file.hash
    assert f'filename="{file.name}"' in answer["Content-Disposition"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert boss.get("/ops/payment-files/rlf_01m7z75h000000000000000000/").status_code == 404
    assert boss.post(f"/ops/payment-files/{file.pk}/").status_code == 403


def test_who_took_the_bytes_is_written_down_before_they_leave(
    file: RailFile, boss: Client, console: Client
) -> None:
    console.get(f"/ops/payment-files/{file.pk}/")
    boss.head(f"/ops/payment-files/{file.pk}/")
    assert not Event.objects.filter(type="payment_file.downloaded").exists()
    for _ in range(2):
        assert boss.get(f"/ops/payment-files/{file.pk}/").status_code == 200
    first, second = Event.objects.filter(type="payment_file.downloaded", subject=file.pk)
    assert first.data == {
        "file": file.pk,
        "sha256": file.hash,
        "name": file.name,
        "provider": "bank-by-hand",
    }
    assert (second.operation.actor_label, second.operation.origin) == ("grace@example.com", "console")
    page = boss.get(f"{LIST}{file.pk}/").content.decode()
    assert page.count("by grace@example.com") == 2


def test_who_only_looks_does_not_get_the_bytes(file: RailFile, console: Client) -> None:
    assert console.get(f"{LIST}{file.pk}/").status_code == 200
    assert console.get(f"/ops/payment-files/{file.pk}/").status_code == 403


def test_the_overview_tells_what_waits_for_a_person_or_is_late(file: RailFile) -> None:
    [told] = payment_files(clock.now())
    assert (told.tone, told.figure, told.title) == ("wait", "1", "payment file is to be handed over")
    RailFile.objects.update(next_attempt_at=clock.now())
    late = file.made_at + timedelta(hours=1)
    [told] = payment_files(late)
    assert (told.tone, told.title) == ("stop", "payment file does not reach its bank")
