"""Stripe as tests meet it: the sandbox's desk that speaks as Stripe does, and what is asked of it."""

import json
from datetime import datetime, timedelta
from typing import Any

import stripe
from django.test import Client

from apps.core import clock
from apps.core.money import Money
from apps.providers.adapters.stripe import StripeAdapter
from apps.providers.models import Provider
from apps.providers.protocol import Envelope, Instruction
from apps.providers.queries import routing
from tests.support import payouts
from tests.support.sandbox import KEY, SECRET, Sandbox

NAME = "sandbox-stripe"
TEST_KEY = f"sk_test_{KEY}"
CARD = "card_1Bo"


def provider(sandbox: Sandbox, **more: Any) -> Provider:
    """A provider that is the sandbox's Stripe, with a thousand euros."""
    sandbox.fund("stripe", "EUR", "1000.00")
    given = {"adapter": "stripe", "base_url": f"{sandbox.url}/stripe", "secret": TEST_KEY, "name": NAME}
    return payouts.provider(sandbox, "stripe", **given | more)


def adapter(url: str, *, secret: str = TEST_KEY, seconds: float = 1) -> StripeAdapter:
    """The adapter of an account at a URL."""
    row = Provider(
        name=NAME,
        adapter="stripe",
        base_url=url,
        secret=secret,
        webhook_secret=SECRET,
        options={"answer_seconds": seconds},
    )
    return StripeAdapter(row)


def payout(
    reference: str = "trf_1.1", amount: str = "40.00", currency: str = "EUR", **more: Any
) -> Instruction:
    """A payout to a card, which was asked for ten minutes ago where it is a question."""
    given = {"to": {"kind": "card", "token": CARD}, "kind": "payout", "memo": "rent"} | _times() | more
    return Instruction(reference=reference, amount=Money.parse(amount, currency), **given)


def refund(
    payment: str, reference: str = "trf_2.1", amount: str = "25.00", currency: str = "EUR"
) -> Instruction:
    """A refund of a charge."""
    given = {"to": {"payment": payment}, "kind": "refund"} | _times()
    return Instruction(reference=reference, amount=Money.parse(amount, currency), **given)


def _times() -> dict[str, Any]:
    return {name: clock.now() - timedelta(minutes=10) for name in ("made_at", "asked_at")}


def event(kind: str, about: dict[str, Any], name: str = "evt_1", **more: Any) -> bytes:
    """An event of Stripe's by hand."""
    told = {"id": name, "object": "event", "type": kind, "created": 1_790_000_000, "livemode": False}
    return json.dumps({**told, "data": {"object": about}, **more}).encode()


def signed(body: bytes, *, secret: str = SECRET, at: datetime | None = None) -> Envelope:
    """A message with the signature that Stripe's own library makes."""
    seconds = int((at or clock.now()).timestamp())
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, seconds)
    return Envelope({"stripe-signature": header}, body)


def send(body: bytes, **more: Any) -> int:
    """Post a message to us; the status of the answer."""
    headers = {"Stripe-Signature": signed(body, **more).headers["stripe-signature"]}
    path = f"/hooks/{NAME}/"
    routing.forget()
    return int(Client().post(path, body, content_type="application/json", headers=headers).status_code)
