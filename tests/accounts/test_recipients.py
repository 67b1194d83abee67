"""Recipients: made, changed and closed by command; nothing of their details stands anywhere in the clear."""

from typing import Any

import pytest
from django.db import connection

from apps.accounts.models import Recipient
from apps.operations.inputs import readable
from apps.operations.models import Event, Operation
from apps.operations.registry import find
from tests.support.door import done, eur, refused, rows, run
from tests.support.tenants import World, key_of, world

IBAN, OTHER = "DE89370400440532013000", "AT611904300234573201"
BANK = {"kind": "bank_account", "name": "Bo Lind", "currency": "EUR", "details": {"iban": IBAN}}
ADDRESS = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"
CRYPTO = {
    "kind": "crypto_address",
    "name": "Bo's wallet",
    "currency": "USDC",
    "details": {"network": "ETH", "address": ADDRESS},
}


def made(of: World, **more: Any) -> str:
    """A recipient, made with the tenant's key."""
    return str(done("accounts.create_recipient", actor=of.key, **{**BANK, **more})["recipient"])


def everywhere() -> str:
    """All that the tables hold, as text."""
    tables = connection.introspection.table_names()
    return "\n".join(
        str(row) for table in tables for row in rows(f'SELECT to_jsonb(t)::text FROM "{table}" t')
    )


def test_an_iban_gives_country_and_bank(acme: World) -> None:
    result = done("accounts.create_recipient", actor=acme.key, **BANK, external_id="r-1")
    recipient = Recipient.objects.get(pk=result["recipient"])
    assert recipient.where == {"iban": IBAN}
    assert (recipient.country, recipient.bank_name, recipient.bic) == ("DE", "Commerzbank", "COBADEFFXXX")
    assert (result["display"], result["version"], result["tenant"]) == ("DE89 … 3000", 1, acme.tenant)
    event = Event.objects.get(type="recipient.created")
    assert (event.subject, event.book_id, event.data["display"]) == (
        recipient.pk,
        acme.book.pk,
        "DE89 … 3000",
    )


def test_details_are_nowhere_in_the_clear(acme: World) -> None:
    recipient = made(acme)
    done("accounts.update_recipient", actor=acme.key, recipient=recipient, details={"iban": OTHER})
    done("accounts.create_recipient", actor=acme.key, **CRYPTO)
    run("accounts.create_recipient", actor=acme.key, **{**BANK, "details": {"iban": IBAN[:-1] + "1"}})
    run("accounts.create_recipient", actor=acme.key, **{**BANK, "kind": "card"})
    found = everywhere()
    for secret in (IBAN, IBAN[4:], OTHER, ADDRESS, IBAN[4:-1]):
        assert secret not in found
    assert "DE89 … 3000" in found
    operation = Operation.objects.filter(command="accounts.create_recipient", status="accepted").order_by(
        "id"
    )[0]
    command = find("accounts.create_recipient")
    assert readable(command, operation.input)["details"] == {"iban": IBAN}


def test_other_details_are_a_new_version(acme: World) -> None:
    recipient = made(acme)
    begun = Recipient.objects.get(pk=recipient).changed_at
    change = {"actor": acme.key, "recipient": recipient}
    noted = done("accounts.update_recipient", **change, metadata={"team": "a"})
    assert (noted["changed"], noted["version"]) == (["metadata"], 1)
    assert Recipient.objects.get(pk=recipient).changed_at == begun
    same = done("accounts.update_recipient", **change, details={"iban": "de89 3704 0044 0532 0130 00"})
    assert (same["changed"], same["version"]) == ([], 1)
    other = done("accounts.update_recipient", **change, details={"iban": OTHER})
    assert (other["changed"], other["version"], other["country"]) == (["details"], 2, "AT")
    assert done("accounts.update_recipient", **change, name="Bo Lindh")["version"] == 3
    found = Recipient.objects.get(pk=recipient)
    assert (found.where, found.display, found.name) == ({"iban": OTHER}, "AT61 … 3201", "Bo Lindh")
    assert found.metadata == {"team": "a"}
    assert found.changed_at > begun
    assert [
        each.data["version"] for each in Event.objects.filter(type="recipient.updated").order_by("id")
    ] == [
        1,
        2,
        3,
    ]


def test_a_closed_one_is_neither_changed_nor_paid(acme: World) -> None:
    wallet, recipient = acme.funded("10.00"), made(acme)
    closing = {"actor": acme.key, "recipient": recipient, "reason": "moved away"}
    assert done("accounts.close_recipient", **closing)["status"] == "closed"
    assert refused("accounts.close_recipient", **closing) == "RECIPIENT_CLOSED"
    change = {"actor": acme.key, "recipient": recipient, "name": "Another"}
    assert refused("accounts.update_recipient", **change) == "RECIPIENT_CLOSED"
    paying = {"actor": acme.key, "wallet": wallet, "recipient": recipient, "amount": eur("1.00")}
    assert refused("transfers.create_payout", **paying) == "RECIPIENT_UNFIT"
    assert Event.objects.get(type="recipient.closed").data["reason"] == "moved away"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "card"}, "/details"),
        ({"country": "AT"}, "/country"),
        ({"currency": "USDC"}, "/currency"),
        ({"details": {"account_number": "12345678", "bank_code": "021000021"}}, "/country"),
        ({**CRYPTO, "currency": "EUR"}, "/currency"),
        ({**CRYPTO, "currency": "BTC"}, "/currency"),
    ],
)
def test_details_fit_the_rest(acme: World, given: dict[str, Any], field: str) -> None:
    outcome = run("accounts.create_recipient", actor=acme.key, **{**BANK, **given})
    assert outcome.error
    assert (outcome.error.code, outcome.error.field) == ("DETAILS_UNFIT", field)


def test_a_routing_number_is_checked_by_its_country(acme: World) -> None:
    given = {**BANK, "currency": "USD", "country": "US"}
    details = {"account_number": "0001 2345 6789", "bank_code": "021000022"}
    outcome = run("accounts.create_recipient", actor=acme.key, **{**given, "details": details})
    assert outcome.error
    assert (outcome.error.code, outcome.error.field) == ("INVALID_BANK_CODE", "/details/bank_code")
    made_of = {**given, "details": {**details, "bank_code": "0210-0002-1"}}
    made_one = done("accounts.create_recipient", actor=acme.key, **made_of)
    assert made_one["display"] == "021000021 … 6789"
    change = {"actor": acme.key, "recipient": made_one["recipient"], "details": details}
    assert refused("accounts.update_recipient", **change) == "INVALID_BANK_CODE"
    change["details"] = {"account_number": "000123456789", "bank_code": "021000021"}
    assert done("accounts.update_recipient", **change)["changed"] == []


def test_a_change_keeps_kind_and_currency(acme: World) -> None:
    bank = made(acme, country="DE")
    wallet = made(acme, **{**CRYPTO, "currency": "USDT"})
    change = "accounts.update_recipient"
    assert refused(change, actor=acme.key, recipient=bank, details=CRYPTO["details"]) == "DETAILS_UNFIT"
    sui = {"network": "SUI", "address": "0x" + "ab" * 32}
    assert refused(change, actor=acme.key, recipient=wallet, details=sui) == "DETAILS_UNFIT"
    wrong = {"iban": "DE88370400440532013000"}
    assert refused(change, actor=acme.key, recipient=bank, details=wrong) == "INPUT_INVALID"
    assert Recipient.objects.get(pk=bank).version == 1


def test_an_external_id_is_a_tenants_own(acme: World) -> None:
    bloom = world("bloom")
    made(acme, external_id="r-1")
    again = {**BANK, "external_id": "r-1"}
    assert refused("accounts.create_recipient", actor=acme.key, **again) == "EXTERNAL_ID_TAKEN"
    made(bloom, external_id="r-1")


def test_it_may_belong_to_a_customer(acme: World) -> None:
    bloom = world("bloom")
    given = {"kind": "person", "name": "Amara"}
    own = done("accounts.create_customer", actor=acme.key, **given)["customer"]
    theirs = done("accounts.create_customer", actor=bloom.key, **given)["customer"]
    recipient = Recipient.objects.get(pk=made(acme, customer=own))
    assert (recipient.customer_id, recipient.tenant_id) == (own, acme.tenant)
    create = {"command": "accounts.create_recipient", **BANK}
    assert refused(actor=acme.key, customer=theirs, **create) == "NOT_FOUND"
    assert refused(tenant=acme.tenant, customer=theirs, **create) == "CUSTOMER_NOT_FOUND"
    assert done(customer=own, **create)["tenant"] == acme.tenant
    done("accounts.close_customer", customer=own, reason="left")
    assert refused(actor=acme.key, customer=own, **create) == "CUSTOMER_CLOSED"


def test_another_tenants_is_not_found(acme: World) -> None:
    bloom = world("bloom")
    recipient = made(bloom)
    wallet = acme.funded("5.00")
    for command, given in (
        ("accounts.update_recipient", {"name": "Mine"}),
        ("accounts.close_recipient", {"reason": "x"}),
    ):
        assert refused(command, actor=acme.key, recipient=recipient, **given) == "NOT_FOUND", command
    paying = {"actor": acme.key, "wallet": wallet, "recipient": recipient, "amount": eur("1.00")}
    assert refused("transfers.create_payout", **paying) == "RECIPIENT_NOT_FOUND"
    create = {"actor": acme.key, "tenant": bloom.tenant, **BANK}
    assert refused("accounts.create_recipient", **create) == "TENANT_NOT_FOUND"
    assert refused("accounts.create_recipient", **BANK) == "TENANT_REQUIRED"


def test_a_key_needs_the_scope(acme: World) -> None:
    reader = key_of(acme.book.pk, "recipients:read")
    assert refused("accounts.create_recipient", actor=reader, **BANK) == "AUTHORIZATION_FAILED"
    writer = key_of(acme.book.pk, "recipients:write")
    assert done("accounts.create_recipient", actor=writer, **BANK)
