"""What Stripe's events say. Each movement of money is told by several; of those one counts, and the others are ignored."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from apps.providers.adapters.stripe.amounts import from_stripe
from apps.providers.adapters.stripe.replies import instant, told
from apps.providers.protocol import Envelope, MessageUnreadable, News, Outcome, Reply

Event = Mapping[str, Any]
Object = Mapping[str, Any]

FETCHED: Final = "stripe-fetched"
"""A header of envelopes that we made of the list of events. What is listed is never the same bytes as what was posted."""

LONGEST_NAME: Final = 200


def read(envelope: Envelope) -> Event:
    """The event of a message; MessageUnreadable if it is none."""
    try:
        event = json.loads(envelope.body)
    except (ValueError, RecursionError):
        raise MessageUnreadable("The body is no JSON.") from None
    if not isinstance(event, dict) or event.get("object") != "event":
        raise MessageUnreadable("The body is no event of Stripe's.")
    return event


def name_of(envelope: Envelope) -> str:
    """The event's id; of a listed one with a mark, so that it is no contradiction to what was posted."""
    name = str(read(envelope).get("id") or "")
    if not name:
        raise MessageUnreadable("The event has no id.")
    return f"{name[: LONGEST_NAME - 10]}:fetched" if FETCHED in envelope.headers else name[:LONGEST_NAME]


def parse(envelope: Envelope, *, live: bool) -> Sequence[News]:
    """What an event says of payments and of money that came or was taken; nothing, if its type does not concern us.

    An event of play money never says anything to an account of real money, nor the other way round.
    """
    event = read(envelope)
    news_of = NEWS.get(str(event.get("type")))
    if news_of is None:
        return []
    if event.get("livemode") is not live:
        raise MessageUnreadable("It is of Stripe's test mode." if live else "It is of Stripe's live mode.")
    about = (event.get("data") or {}).get("object")
    if not isinstance(about, dict):
        raise MessageUnreadable("The event is about nothing.")
    return news_of(event, about)


def listed(event: Event) -> Envelope:
    """An event of the list as a message, the same bytes whenever it is listed."""
    body = json.dumps({**event, "pending_webhooks": 0}, sort_keys=True)
    return Envelope({FETCHED: "/v1/events"}, body.encode())


def reference_of(about: Object) -> str:
    """Our reference of a payout or a refund; nothing, if somebody else made it."""
    return str(_metadata(about).get("reference") or "")


def _payment(event: Event, about: Object) -> list[News]:
    reply = told(about, {"event": event})
    return [News("payment", reference_of(about), reply, instant(event.get("created")), about)]


def _charge(event: Event, about: Object) -> list[News]:
    """Money that came: a charge, once it is captured. What was only authorised comes later as `charge.captured`."""
    if about.get("captured") is not True:
        return []
    metadata, payer = _metadata(about), about.get("billing_details") or {}
    named = metadata.get("wallet") or metadata.get("reference") or ""
    amount = about.get("amount_captured", about.get("amount"))
    more = {"reference": named, "remitter": payer.get("name") or "", "virtual_account": ""}
    return [_money("deposit", event, about, amount, more)]


def _withdrawn(event: Event, about: Object) -> list[News]:
    more = {"deposit": about.get("charge"), "reason": about.get("reason") or ""}
    return [_money("chargeback", event, about, about.get("amount"), more)]


def _reinstated(event: Event, about: Object) -> list[News]:
    """A dispute that was won: money that came, for a person to assign."""
    written = f"Stripe's dispute {about.get('id')} of {about.get('charge')} was won"
    won = {**about, "id": f"{about.get('id')}:won"}
    return [_money("deposit", event, won, about.get("amount"), {"reference": written, "remitter": "Stripe"})]


def _money(about: str, event: Event, it: Object, amount: Any, more: Object) -> News:
    money = from_stripe(amount, it.get("currency"))
    data = {"amount": money.decimal, "currency": money.currency, **more}
    return News(about, str(it.get("id") or ""), Reply(Outcome.COMPLETED), instant(event.get("created")), data)


def _metadata(about: Object) -> Mapping[str, Any]:
    found = about.get("metadata")
    return found if isinstance(found, dict) else {}


NEWS: Final[Mapping[str, Callable[[Event, Object], list[News]]]] = {
    **dict.fromkeys(
        ("payout.created", "payout.updated", "payout.paid", "payout.failed", "payout.canceled"), _payment
    ),
    **dict.fromkeys(("refund.created", "refund.updated", "refund.failed"), _payment),
    **dict.fromkeys(("charge.succeeded", "charge.captured"), _charge),
    "charge.dispute.funds_withdrawn": _withdrawn,
    "charge.dispute.funds_reinstated": _reinstated,
}
"""The types that concern us. `payment_intent.succeeded` and `charge.refunded` tell what others of these tell as well, and
`charge.dispute.created` of money that is not always taken."""
