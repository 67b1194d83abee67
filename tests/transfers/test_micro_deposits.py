"""Micro-deposits: two small amounts paid by the house, which whoever has the account tells within three tries."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts.models import Recipient, RecipientVerification
from apps.core.money import Money
from apps.operations.errors import PreviewRefused
from apps.operations.executor import preview
from apps.operations.models import ApprovalRequest, Event, Operation
from apps.transfers import tasks
from apps.transfers.micro_deposits import MicroDeposits
from apps.transfers.models import Transfer
from apps.transfers.services.asking import OPEN_SENDING
from tests.support.door import code, done, eur, refused, request, rows, run
from tests.support.payouts import IBAN, later, provider, recipient, work
from tests.support.policies import policy
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, key_of, parts, world
from tests.support.threads import at_once

SEND, PROVE = "transfers.send_micro_deposits", "transfers.prove_micro_deposits"


@pytest.fixture
def house(acme: World, sandbox: Sandbox) -> Iterator[str]:
    """A wallet of the house with ten euros, and a bank that pays."""
    provider(sandbox)
    wallet = world("house").funded("10.00")
    with override_settings(MICRO_DEPOSIT_WALLETS=[wallet]):
        yield wallet


def paid(to: str) -> list[Money]:
    """The amounts that a recipient was paid, as nobody outside may see them."""
    row = MicroDeposits.objects.filter(recipient=to).latest("id")
    return [Money(minor, row.currency) for minor in json.loads(row.amounts)]


def tell(of: World, to: str, first: Any, second: Any, **more: Any) -> Any:
    """Tell two amounts with the tenant's key; the outcome."""
    given = {"recipient": to, "first": first, "second": second}
    return run(PROVE, actor=of.key, **given, **more)


def written(amount: Money) -> dict[str, str]:
    """An amount as input."""
    return {"amount": amount.decimal, "currency": amount.currency}


def wrong(to: str) -> tuple[Any, Any]:
    """Two amounts that were not paid."""
    first, second = paid(to)
    return written(first), written(second + Money(1, "EUR"))


def test_the_house_pays_and_who_tells_the_amounts_has_the_account(
    acme: World, house: str, sandbox: Sandbox
) -> None:
    to = recipient(acme)
    sent = done(SEND, actor=acme.key, recipient=to)
    assert (sent["status"], sent["tries_left"], sent["verification"]) == ("sent", 3, "pending")
    work(1)
    sandbox.settle()
    first, second = paid(to)
    orders = [(each["amount"], each["to"]["iban"]) for each in sandbox.truth()["order"]]
    assert sorted(orders) == sorted([(first.decimal, IBAN), (second.decimal, IBAN)])
    assert all(0 < each.minor <= 99 for each in (first, second))
    outcome = tell(acme, to, written(second), written(first))
    assert outcome.result["proven"] is True
    assert (outcome.result["verification"], outcome.result["tries_left"]) == ("match", 0)
    history = RecipientVerification.objects.get()
    assert (history.method, history.result, history.code) == ("micro_deposit", "match", "AMOUNTS_TOLD")
    assert Event.objects.filter(subject=to).latest("id").type == "recipient.verified"
    assert code(tell(acme, to, written(second), written(first))) == "NOTHING_TO_PROVE"


def test_the_tenant_sees_no_amount(acme: World, house: str) -> None:
    policy(OPEN_SENDING, {"fact": "kind", "op": "eq", "value": "payout"}, name="Every payout")
    to = recipient(acme)
    sent = run(SEND, actor=acme.key, recipient=to)
    seen = sent.result_json + str(list(Operation.objects.filter(book=acme.book).values()))
    seen += str(list(Event.objects.filter(book=acme.book).values()))
    assert not Transfer.objects.filter(book=acme.book).exists()
    assert not ApprovalRequest.objects.exists()
    assert len(Transfer.objects.filter(recipient=to)) == 2
    for amount in paid(to):
        assert f"'{amount.decimal}'" not in seen
        assert f'"{amount.decimal}"' not in seen
    for transfer in Transfer.objects.filter(recipient=to):
        assert transfer.pk not in seen
    [(kept,)] = rows("SELECT amounts FROM transfers_microdeposits")
    assert not kept.startswith("[")


def test_three_wrong_tries_end_it(acme: World, house: str) -> None:
    to = recipient(acme)
    done(SEND, actor=acme.key, recipient=to)
    said = wrong(to)
    assert [tell(acme, to, *said).result["tries_left"] for _ in range(2)] == [2, 1]
    assert Recipient.objects.get(pk=to).verification == "pending"
    last = tell(acme, to, *said)
    assert (last.result["proven"], last.result["status"]) == (False, "failed")
    assert Recipient.objects.get(pk=to).verification == "no_match"
    first, second = paid(to)
    assert code(tell(acme, to, written(first), written(second))) == "NOTHING_TO_PROVE"
    assert refused(SEND, actor=acme.key, recipient=to) == "MICRO_DEPOSITS_SENT"
    with later(days=1, seconds=1):
        assert done(SEND, actor=acme.key, recipient=to)["status"] == "sent"


def test_another_currency_is_no_try(acme: World, house: str) -> None:
    to = recipient(acme)
    done(SEND, actor=acme.key, recipient=to)
    dollars = {"amount": "0.01", "currency": "USD"}
    assert code(tell(acme, to, dollars, eur("0.02"))) == "CURRENCY_MISMATCH"
    assert code(tell(acme, to, eur("0.02"), dollars)) == "CURRENCY_MISMATCH"
    assert MicroDeposits.objects.get().left == 3


def test_a_preview_tells_no_secret(acme: World, house: str) -> None:
    to = recipient(acme)
    done(SEND, actor=acme.key, recipient=to)
    first, second = paid(to)
    given = {"recipient": to, "first": written(first), "second": written(second)}
    with pytest.raises(PreviewRefused):
        preview(request("transfers.prove_micro_deposits", actor=acme.key, **given))


def test_a_replayed_try_is_one_try(acme: World, house: str) -> None:
    to = recipient(acme)
    done(SEND, actor=acme.key, recipient=to)
    said = wrong(to)
    assert [tell(acme, to, *said, key="same").result["tries_left"] for _ in range(3)] == [2, 2, 2]


def test_many_guesses_at_once_are_three_tries(acme: World, house: str) -> None:
    to = recipient(acme)
    done(SEND, actor=acme.key, recipient=to)
    said = wrong(to)
    outcomes = at_once(*[lambda: tell(acme, to, *said)] * 8)
    answered = sorted(each.result["tries_left"] for each in outcomes if each.accepted)
    assert answered == [0, 1, 2]
    assert {code(each) for each in outcomes if not each.accepted} <= {"NOTHING_TO_PROVE", "CONFLICT"}


def test_sent_twice_at_once_it_is_sent_once(acme: World, house: str) -> None:
    to = recipient(acme)
    outcomes = at_once(*[lambda: run(SEND, actor=acme.key, recipient=to)] * 4)
    assert sum(each.accepted for each in outcomes) == 1
    assert Transfer.objects.filter(recipient=to).count() == 2


def test_nobody_tells_them_in_time(acme: World, house: str) -> None:
    to = recipient(acme)
    done(SEND, actor=acme.key, recipient=to)
    first, second = paid(to)
    with later(days=10, seconds=1):
        assert code(tell(acme, to, written(first), written(second))) == "NOTHING_TO_PROVE"
        tasks.expire_micro_deposits()
        tasks.expire_micro_deposits()
    assert Recipient.objects.get(pk=to).verification == "not_possible"
    assert MicroDeposits.objects.get().status == "expired"
    assert RecipientVerification.objects.get().code == "AMOUNTS_UNTOLD"


def test_what_was_sent_to_an_older_version_proves_nothing(acme: World, house: str) -> None:
    to = recipient(acme)
    done(SEND, actor=acme.key, recipient=to)
    first, second = paid(to)
    done("accounts.update_recipient", actor=acme.key, recipient=to, details={"iban": "AT611904300234573201"})
    assert code(tell(acme, to, written(first), written(second))) == "NOTHING_TO_PROVE"
    assert Recipient.objects.get(pk=to).verification == "unverified"
    with later(days=10, seconds=1):
        tasks.expire_micro_deposits()
    assert Recipient.objects.get(pk=to).verification == "unverified"
    assert MicroDeposits.objects.get().status == "expired"


def test_those_of_an_older_version_end_at_once_and_keep_no_others_waiting(acme: World, house: str) -> None:
    to = recipient(acme)
    done(SEND, actor=acme.key, recipient=to)
    assert refused(SEND, actor=acme.key, recipient=to) == "MICRO_DEPOSITS_SENT"
    done("accounts.update_recipient", actor=acme.key, recipient=to, details={"iban": "AT611904300234573201"})
    done(SEND, actor=acme.key, recipient=to)
    older, newer = MicroDeposits.objects.order_by("id")
    assert [(each.version, each.status) for each in (older, newer)] == [(1, "expired"), (2, "sent")]
    assert older.ended_at == newer.requested_at
    assert tell(acme, to, *map(written, paid(to))).result["verification"] == "match"


def test_the_clock_ends_those_of_an_older_version(acme: World, house: str) -> None:
    changed, same = recipient(acme), recipient(acme)
    for to in (changed, same):
        done(SEND, actor=acme.key, recipient=to)
    done("accounts.update_recipient", actor=acme.key, recipient=changed, name="Bo Lindt")
    tasks.expire_micro_deposits()
    assert [each.status for each in MicroDeposits.objects.order_by("id")] == ["expired", "sent"]
    assert not RecipientVerification.objects.exists()


def test_a_house_without_money_leaves_the_key_free(acme: World, house: str) -> None:
    to = recipient(acme)
    other = world("other").wallet()
    with override_settings(MICRO_DEPOSIT_WALLETS=[other]):
        assert refused(SEND, recipient=to) == "INSUFFICIENT_FUND"
        assert refused(SEND, actor=acme.key, recipient=to, key="one") == "COUNTERPARTY_REFUSED"
    assert not MicroDeposits.objects.exists()
    assert done(SEND, actor=acme.key, recipient=to, key="one")


def test_without_a_wallet_of_the_house_there_are_none(acme: World, house: str) -> None:
    dollars = recipient(acme, "USD")
    assert refused(SEND, actor=acme.key, recipient=dollars) == "NO_MICRO_DEPOSITS"
    of = {"kind": "card", "name": "Bo", "currency": "EUR", "details": {"token": "tok_12345678"}}
    card = done("accounts.create_recipient", tenant=acme.tenant, **of)["recipient"]
    assert refused(SEND, actor=acme.key, recipient=card) == "NO_MICRO_DEPOSITS"
    bank = {"kind": "bank_account", "name": "Bo", "currency": "EUR", "details": {"iban": IBAN}}
    test = done("accounts.create_recipient", tenant=acme.test_tenant, **bank)["recipient"]
    assert refused(SEND, actor=acme.test_key, recipient=test) == "NO_MICRO_DEPOSITS"
    theirs = world("bloom")
    assert refused(SEND, actor=theirs.key, recipient=recipient(acme)) == "NOT_FOUND"
    reader = key_of(acme.book.pk, "recipients:read")
    assert refused(SEND, actor=reader, recipient=recipient(acme)) == "AUTHORIZATION_FAILED"


def test_a_tenant_is_sent_few_a_day(acme: World, house: str) -> None:
    with override_settings(MICRO_DEPOSITS_PER_DAY=2):
        for _ in range(2):
            done(SEND, actor=acme.key, recipient=recipient(acme))
        assert refused(SEND, actor=acme.key, recipient=recipient(acme)) == "MICRO_DEPOSITS_SENT"
    available, held = parts(house)
    assert Money.parse(available, "EUR") + Money.parse(held, "EUR") == Money.parse("10.00", "EUR")


def test_an_amount_above_zero_is_told(acme: World, house: str) -> None:
    to = recipient(acme)
    done(SEND, actor=acme.key, recipient=to)
    assert code(tell(acme, to, eur("0.00"), eur("0.10"))) == "INPUT_INVALID"
    assert request(PROVE).command == PROVE


SMALL = st.integers(1, 99)


@given(SMALL, SMALL, SMALL, SMALL)
def test_both_amounts_in_any_order_and_nothing_else(a: int, b: int, c: int, d: int) -> None:
    row = MicroDeposits(currency="EUR", amounts=json.dumps([a, b]))
    assert row.are([Money(b, "EUR"), Money(a, "EUR")])
    assert row.are([Money(c, "EUR"), Money(d, "EUR")]) == (sorted([a, b]) == sorted([c, d]))
    assert not row.are([Money(a, "EUR"), Money(b, "USD")])
