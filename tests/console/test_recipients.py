"""Recipients in the console: lists and pages that show where they lead masked, and forms that make and change them."""

import html
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts import payee_calls
from apps.accounts.models import Recipient, User
from tests.console.browsing import NEEDS_CHROMIUM, settled, wide
from tests.console.test_doing import send, text
from tests.support.door import done
from tests.support.payouts import IBAN, provider, recipient
from tests.support.tenants import World

pytestmark = pytest.mark.django_db(transaction=True)

VERIFY = "/ops/do/accounts.verify_recipient/"
RESET = "/ops/do/accounts.reset_recipient_verification/"
CREATE, UPDATE = "/ops/do/accounts.create_recipient/", "/ops/do/accounts.update_recipient/"


@pytest.fixture
def operator(make_user: Callable[..., User]) -> Client:
    """A browser in which an operator is signed in."""
    client = Client()
    client.force_login(make_user("operator"))
    return client


def shown(client: Client, address: str) -> str:
    """What a page says."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    return html.unescape(answer.content.decode())


def test_everything_leads_there_and_nothing_shows_the_details(acme: World, console: Client) -> None:
    customer = done("accounts.create_customer", tenant=acme.tenant, kind="person", name="Amara")["customer"]
    made = recipient(acme, customer=customer, external_id="r-1")
    page = f"/ops/accounts/recipient/{made}/"
    for address in (
        "/ops/accounts/recipient/",
        f"/ops/accounts/recipient/?tenant={acme.tenant}",
        f"/ops/accounts/recipient/?customer={customer}",
        "/ops/accounts/recipient/?q=r-1",
        f"/ops/accounts/tenant/{acme.tenant}/",
        f"/ops/accounts/customer/{customer}/",
    ):
        said = shown(console, address)
        assert page in said, address
        assert "DE89 … 3000" in said, address
        assert IBAN not in said, address
    said = shown(console, page)
    assert IBAN not in said
    for told in ("DE89 … 3000", "Commerzbank", "COBADEFFXXX", "Amara"):
        assert told in said


def test_a_form_makes_one_and_marks_what_is_wrong(acme: World, operator: Client) -> None:
    assert f"{CREATE}?tenant={acme.tenant}" in shown(operator, f"/ops/accounts/tenant/{acme.tenant}/")
    given = {"tenant": acme.tenant, "kind": "bank_account", "name": "Bo Lind", "currency": "EUR"}

    def said(**details: str) -> str:
        return html.unescape(text(send(operator, "accounts.create_recipient", **given, **details)))

    assert "The check digits 89 do not fit" in said(details__iban=IBAN[:-1] + "1")
    assert "Give one of these and nothing else" in said(details__iban=IBAN, details__token="tok_12345678")
    assert not Recipient.objects.exists()
    said(details__iban=IBAN)
    assert Recipient.objects.get().where == {"iban": IBAN}


def test_a_change_is_offered_until_it_is_closed(acme: World, operator: Client) -> None:
    made = recipient(acme)
    page = f"/ops/accounts/recipient/{made}/"
    assert f"{UPDATE}?recipient={made}" in shown(operator, page)
    assert "DE89" not in shown(operator, f"{UPDATE}?recipient={made}")
    done("accounts.close_recipient", recipient=made, reason="left")
    assert UPDATE not in shown(operator, page)


def test_the_page_shows_what_was_found_and_by_whom(acme: World, operator: Client, sandbox: Any) -> None:
    provider(sandbox, options={"verifies_payees": ["bank_account"]})
    sandbox.control("PUT", "payees", {"account": {"iban": IBAN}, "name": "Bo Lindqvist"})
    made = recipient(acme, name="Bo Lindquist")
    page, verify = f"/ops/accounts/recipient/{made}/", f"{VERIFY}?recipient={made}"
    reset = f"{RESET}?recipient={made}"
    said = shown(operator, page)
    assert "Nothing was found yet" in said
    assert (verify in said, reset in said) == (True, False)
    send(operator, "accounts.verify_recipient", recipient=made)
    said = shown(operator, page)
    assert "A provider is asked" in said
    assert (verify in said, reset in said) == (False, True)
    payee_calls.work_off()
    said = shown(operator, page)
    for told in ("Partial match", "NAME_SIMILAR", "Bo Lindqvist", "sandbox-bank", "Checked again", verify):
        assert told in said, told
    listed = "/ops/accounts/recipient/?verification="
    assert page in shown(operator, f"{listed}partial")
    assert page not in shown(operator, f"{listed}match")
    send(operator, "accounts.reset_recipient_verification", key="k-2", recipient=made, reason="another Bo")
    said = shown(operator, page)
    assert "another Bo" in said
    assert reset not in said


@NEEDS_CHROMIUM
def test_the_pages_fit(acme: World, browse: Any) -> None:
    made = recipient(acme)
    done("accounts.verify_recipient", recipient=made)

    def steps(page: Any, origin: str) -> list[str]:
        found = []
        for address in (
            "/ops/accounts/recipient/",
            f"/ops/accounts/recipient/{made}/",
            f"{CREATE}?tenant={acme.tenant}",
        ):
            page.goto(origin + address)
            settled(page)
            found += [address] if wide(page) else []
        return found

    assert [browse(steps, "light", size) for size in ("wide", "narrow")] == [[], []]
