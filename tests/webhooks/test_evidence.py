"""What proves that something was sent: bytes as the feed shows them, seals that chain, mails to owners."""

import hashlib
import json
from typing import Any

import pytest
from django.core import mail

from apps.accounts.services.team import token_of
from apps.core import ids
from apps.operations import sequencer
from apps.operations.envelope import envelope
from apps.operations.models import Event
from apps.webhooks.models import Attempt, AttemptSeal
from apps.webhooks.services import mails
from tests.support.door import done, rows
from tests.support.hooked import Answer, Receiver
from tests.support.payouts import later
from tests.support.tenants import World
from tests.support.webhooks import deliver, endpoint, happens

pytestmark = pytest.mark.usefixtures("ledger_db")


def test_a_message_is_the_event_as_the_feed_shows_it(acme: World, receiver: Receiver) -> None:
    endpoint(acme, receiver.url)
    wallet = happens(acme, metadata={"ü": 'a "b" \\ \u2028'})
    done("accounts.update_wallet", actor=acme.test_key, wallet=wallet, name="é")
    deliver()
    for each in receiver.received:
        told = json.loads(each.body)
        event = Event.objects.get(pk=told["id"])
        assert told == envelope(event, event.place)


def canonical(attempt: Attempt) -> str:
    """The text that is sealed, as docs/webhooks.md says, written anew."""
    micros = round(attempt.began_at.timestamp() * 1_000_000)
    raw: dict[str, Any] = dict(
        zip(
            ("request_headers", "tls", "answer_headers"),
            rows(
                "SELECT request_headers::text, tls::text, answer_headers::text FROM webhooks_attempt WHERE id = %s",
                ids.decode("wha", str(attempt.pk)),
            )[0],
            strict=True,
        )
    )

    def uuid(prefix: str, pk: Any) -> str:
        return f'"{ids.decode(prefix, str(pk))}"'

    parts = [
        "1",
        uuid("wha", attempt.pk),
        uuid("whd", attempt.delivery_id),
        uuid("whe", attempt.endpoint_id),
        str(attempt.book_id),
        str(attempt.run),
        str(attempt.number),
        str(micros),
        json.dumps(attempt.url, ensure_ascii=False),
        raw["request_headers"],
        f'"{bytes(attempt.body_sha256).hex()}"',
        str(attempt.body_bytes),
        f'"{attempt.failure}"',
        json.dumps(attempt.why, ensure_ascii=False),
        f'"{attempt.address}"',
        raw["tls"] or "null",
        str(attempt.answered) if attempt.answered is not None else "null",
        raw["answer_headers"],
        f'"{hashlib.sha256(bytes(attempt.answer)).hexdigest()}"',
        "true" if attempt.is_cut else "false",
        "null" if attempt.head_ms is None else str(attempt.head_ms),
        str(attempt.took_ms),
        json.dumps(attempt.worker),
        str(attempt.ordinal),
    ]
    return f"[{','.join(parts)}]"


def test_seals_chain_and_can_be_computed_anew(acme: World, receiver: Receiver) -> None:
    endpoint(acme, receiver.url)
    receiver.answer(500, 200, 302, headers={"X-Why": 'a "b"'}, body=b"\x00\xff")
    for _ in range(3):
        happens(acme)
    deliver()
    sequencer.sequence()
    before = hashlib.sha256(f"countinghouse:webhooks:{acme.test_book.pk}".encode()).digest()
    seals = list(AttemptSeal.objects.filter(book=acme.test_book).order_by("position"))
    assert [each.position for each in seals] == list(range(1, Attempt.objects.count() + 1))
    for seal in seals:
        before = hashlib.sha256(before + canonical(Attempt.objects.get(pk=seal.attempt_id)).encode()).digest()
        assert bytes(seal.hash) == before


def test_owners_are_mailed_once(acme: World, receiver: Receiver) -> None:
    _owner(acme, "ada@acme.example")
    endpoint(acme, receiver.url, types=["wallet.created"])
    receiver.always = Answer(410)
    happens(acme)
    deliver()
    assert mails.send_due() == 1
    assert mails.send_due() == 0
    [sent] = mail.outbox
    assert sent.to == ["ada@acme.example"]
    assert receiver.url in sent.body


def test_who_enabled_it_meanwhile_is_not_mailed(acme: World, receiver: Receiver) -> None:
    _owner(acme, "ada@acme.example")
    made = endpoint(acme, receiver.url, types=["wallet.created"])
    receiver.always = Answer(410)
    happens(acme)
    deliver()
    done("webhooks.enable_endpoint", actor=acme.test_key, endpoint=made["endpoint"])
    assert (mails.send_due(), mail.outbox) == (0, [])
    with later(days=3):
        assert mails.send_due() == 0


def _owner(acme: World, email: str) -> None:
    """Somebody who looks after the tenant."""
    invited = done("accounts.invite_member", tenant=acme.tenant, email=email, role="owner")
    token = token_of(invited["invitation"])
    done("accounts.accept_invitation", token=token, name="Ada", password="correct horse battery 9")
