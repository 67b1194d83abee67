"""Stripe: payouts to external accounts, refunds, and charges that come as deposits. One account of it is a provider."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import stripe

from apps.core import clock
from apps.core.money import Money
from apps.providers.adapters.http import ProviderSilent
from apps.providers.adapters.stripe import events, replies, wire
from apps.providers.adapters.stripe.amounts import AmountUnspeakable, from_stripe, to_stripe
from apps.providers.models import Provider
from apps.providers.protocol import Envelope, Instruction, MessageUnreadable, News, Outcome, PayeeCheck, Reply

TOLERANCE_SECONDS: Final = 300
"""How old a signature may be, or ahead of our clock."""

MARGIN: Final = timedelta(hours=1)
"""How much Stripe's clock may differ from ours where a list is asked from a time on."""

SETTLED: Final = timedelta(minutes=5)
"""How long after it was asked for a payout may still turn up in a list: the request may be on its way, the list behind."""

PAGE, MOST_PAGES = 100, 100

_SIGNATURE = re.compile(r"t=(\d{1,12})(?:,v\d+=[0-9a-f]+)+")
_CHARGE, _INTENT = re.compile(r"(?:ch|py)_\w+"), re.compile(r"pi_\w+")

Object = Mapping[str, Any]


class StripeAdapter:
    """Speaks to one account at Stripe."""

    voids_unknown = False

    def __init__(self, provider: Provider) -> None:
        self._live = not provider.is_play
        self._webhook_secret = provider.webhook_secret
        seconds = provider.options.get("answer_seconds", 20)
        self._stripe = wire.client(provider.base_url, provider.secret, answer_seconds=seconds)

    def submit(self, instruction: Instruction) -> Reply:
        """Ask for the payout or the refund, once."""
        asked = _asked(instruction)
        if isinstance(asked, Reply):
            return asked
        try:
            return replies.of_answer(
                self._create(instruction)(asked, {"idempotency_key": instruction.reference})
            )
        except stripe.StripeError as error:
            return replies.of_refusal(error)

    def query(self, reference: str, instruction: Instruction) -> Reply:
        """Ask what became of our reference. Stripe cannot be asked for it, so what it lists is looked through."""
        found = self._find(reference, instruction)
        return found if isinstance(found, Reply) else replies.read(found)

    def cancel(self, reference: str, instruction: Instruction) -> Reply:
        """Ask that it is not executed; where that is too late, how it stands."""
        found = self._find(reference, instruction)
        if isinstance(found, Reply):
            return found
        if found.get("object") != "payout" or found.get("status") != "pending":
            return replies.read(found)
        try:
            return replies.of_answer(self._stripe.v1.payouts.cancel(str(found["id"])))
        except stripe.InvalidRequestError:
            return self._retrieved(str(found["id"]))
        except stripe.StripeError as error:
            return replies.of_silence(error)

    def verify(self, envelope: Envelope, *, now: datetime) -> bool:
        """Whether the signature is Stripe's, over this body, and not old. The library compares with the machine's clock
        and lets what is ahead pass, so the time that it has proven is looked at here."""
        header = envelope.headers.get("stripe-signature", "")
        signed_at = _SIGNATURE.fullmatch(header)
        if signed_at is None:
            return False
        try:
            stripe.WebhookSignature.verify_header(envelope.body, header, self._webhook_secret, tolerance=None)
        except (stripe.SignatureVerificationError, UnicodeDecodeError):
            return False
        return abs(int(now.timestamp()) - int(signed_at[1])) <= TOLERANCE_SECONDS

    def name_of(self, envelope: Envelope) -> str:
        """The event's id."""
        return events.name_of(envelope)

    def parse(self, envelope: Envelope) -> Sequence[News]:
        """What the event says, nothing if its type does not concern us."""
        return events.parse(envelope, live=self._live)

    def virtual_account(self, reference: str) -> str | Reply:
        """None: charges name their wallet in their metadata."""
        return replies.never("NO_VIRTUAL_ACCOUNTS", "Stripe gives no numbers for deposits here.")

    def verify_payee(self, name: str, details: Mapping[str, str]) -> PayeeCheck | Reply:
        """Not told: what is paid to is a token of theirs."""
        return replies.never("NO_PAYEE_CHECK", "Stripe does not say whose an account is.")

    def balances(self) -> Mapping[str, Money]:
        """What can be paid out now, by currency: charges that are still pending at Stripe are not counted."""
        try:
            data, _ = replies.answered(self._stripe.v1.balance.retrieve())
            told = [from_stripe(each["amount"], each["currency"]) for each in data["available"]]
        except (stripe.StripeError, MessageUnreadable, KeyError, TypeError):
            return {}
        return {each.currency: each for each in told}

    def told_since(self, since: datetime) -> Iterable[Envelope]:
        """Every event since that concerns us, the oldest first; Stripe keeps them for thirty days."""
        return [events.listed(event) for event in reversed(self._events(since, events.NEWS))]

    def executed_since(self, since: datetime) -> Iterable[tuple[str, Reply]]:
        """Every payout and refund of ours that was made since, as it is, or that changed since, as the last event of it
        says. What others made has no reference of ours."""
        made = [*self._all("payouts", since), *self._all("refunds", since)]
        about = [kind for kind in events.NEWS if kind.startswith(("payout.", "refund."))]
        changed = [event["data"]["object"] for event in self._events(since, about)]
        latest = {str(each["id"]): each for each in [*reversed(changed), *made]}
        for each in latest.values():
            if reference := events.reference_of(each):
                yield reference, replies.told(each)

    def _find(self, reference: str, instruction: Instruction) -> Object | Reply:
        """The payout or refund that has our reference, or why it is not known."""
        what: Callable[[Any], Any]
        if _is_refund(instruction):
            what, asked = self._stripe.v1.refunds.list, _payment(instruction)
        else:
            what, asked = self._stripe.v1.payouts.list, _since(instruction.made_at)
        if isinstance(asked, Reply):
            return asked
        try:
            for found in _pages(what, asked):
                if events.reference_of(found) == reference:
                    return found
        except stripe.StripeError as error:
            return replies.of_silence(error)
        except ProviderSilent as error:
            return Reply(Outcome.UNKNOWN, code=error.code, message=error.message, transient=True)
        return _absent(instruction)

    def _create(self, instruction: Instruction) -> Callable[[Any, Any], Any]:
        if _is_refund(instruction):
            return self._stripe.v1.refunds.create
        return self._stripe.v1.payouts.create

    def _retrieved(self, payout: str) -> Reply:
        try:
            return replies.of_answer(self._stripe.v1.payouts.retrieve(payout))
        except stripe.StripeError as error:
            return replies.of_silence(error)

    def _events(self, since: datetime, kinds: Iterable[str]) -> list[Object]:
        return self._all("events", since, types=[*kinds])

    def _all(self, what: str, since: datetime, **more: Any) -> list[Object]:
        """All that Stripe lists since, the newest first; ProviderSilent if it does not say."""
        try:
            return [*_pages(getattr(self._stripe.v1, what).list, {**_since(since), **more}, most=None)]
        except stripe.StripeError as error:
            raise ProviderSilent(
                f"Stripe does not say which {what} there were: {error.user_message}"
            ) from None


def _is_refund(instruction: Instruction) -> bool:
    return instruction.kind == "refund"


def _asked(instruction: Instruction) -> dict[str, Any] | Reply:
    """What Stripe is asked for, or why it never will be."""
    try:
        amount = to_stripe(instruction.amount, payout=not _is_refund(instruction))
    except AmountUnspeakable as error:
        return replies.never(error.code, error.message)
    asked = {"amount": amount, "metadata": {"reference": instruction.reference}}
    if _is_refund(instruction):
        payment = _payment(instruction)
        return payment if isinstance(payment, Reply) else {**payment, **asked}
    if instruction.kind != "payout":
        return replies.never("unknown_kind", f"Stripe does no {instruction.kind}.")
    if not instruction.to.get("token"):
        return replies.never("bad_beneficiary", "Stripe pays only to what it has given a token for.")
    to = {"destination": instruction.to["token"], "currency": instruction.amount.currency.lower()}
    return {**asked, **to, **({"description": instruction.memo} if instruction.memo else {})}


def _payment(instruction: Instruction) -> dict[str, Any] | Reply:
    """Of a refund: the payment, as Stripe names it."""
    payment = str(instruction.to.get("payment") or "")
    if _CHARGE.fullmatch(payment):
        return {"charge": payment}
    if _INTENT.fullmatch(payment):
        return {"payment_intent": payment}
    return replies.never("unknown_payment", f"{payment[:60] or 'Nothing'} is no payment at Stripe.")


def _since(at: datetime | None) -> dict[str, Any]:
    return {"created": {"gte": int((at - MARGIN).timestamp())}} if at else {}


def _absent(instruction: Instruction) -> Reply:
    """Nothing that Stripe lists has our reference. That proves something only where all was listed, and long enough after
    it was asked for."""
    if instruction.asked_at is None or clock.now() - instruction.asked_at < SETTLED:
        message = "Stripe does not list it; it may only just have been asked for."
        return Reply(Outcome.UNKNOWN, code="NOT_LISTED_YET", message=message, transient=True)
    return Reply(Outcome.NOT_FOUND, code="NOT_FOUND", message="Stripe lists nothing with this reference.")


def _pages(
    what: Callable[[Any], Any], asked: Mapping[str, Any], *, most: int | None = MOST_PAGES
) -> Iterator[Object]:
    """All that is listed, the newest first; ProviderSilent if that is more than so many pages, or no list."""
    after: dict[str, str] = {}
    number = 0
    while most is None or number < most:
        number += 1
        data, _ = replies.answered(what({**asked, **after, "limit": PAGE}))
        if not isinstance(data, Mapping) or not isinstance(data.get("data"), list):
            raise ProviderSilent("Stripe's answer is no list.")
        yield from data["data"]
        if not data.get("has_more") or not data["data"]:
            return
        after = {"starting_after": str(data["data"][-1]["id"])}
    raise ProviderSilent(f"Stripe lists more than {MOST_PAGES * PAGE} of them.")
