"""The sandbox provider's API, one desk of it (`options["desk"]`) a provider."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from apps.core import clock
from apps.core.currencies import is_known
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.providers.adapters.http import Http, ProviderSilent, Response
from apps.providers.adapters.signatures import is_signed
from apps.providers.models import Provider
from apps.providers.protocol import (
    Envelope,
    Instruction,
    MessageUnreadable,
    News,
    Outcome,
    PayeeCheck,
    PayeeResult,
    Reply,
)

OUTCOMES: Mapping[str, Outcome] = {
    "processing": Outcome.ACCEPTED,
    "completed": Outcome.COMPLETED,
    "failed": Outcome.FAILED,
    "cancelled": Outcome.CANCELLED,
    "returned": Outcome.RETURNED,
}
WALLET_CREATED = "wallet.wallet_created"
ORDERS = frozenset({"order", "on_ramp", "off_ramp", "dex", "bridge", "defi", "wallet"})
"""What the types of events about orders begin with: each sort of company has its own."""

NOT_NOW = frozenset(
    {(402, "insufficient_funds"), (429, "rate_limited"), (503, "rate_limited"), (503, "not_accepted")}
)
"""Refusals that say that nothing was accepted, and that another time may do. A bare 503 says nothing of the kind."""

NEVER = frozenset(
    {
        (400, "bad_request"),
        (409, "reference_cancelled"),
        (422, "bad_amount"),
        (422, "bad_beneficiary"),
        (422, "beneficiary_refused"),
        (422, "unknown_kind"),
        (422, "unsupported_currency"),
    }
)
"""Refusals that say that nothing was accepted and never will be."""

PAYEES: Mapping[str, tuple[PayeeResult, str, str]] = {
    "match": (PayeeResult.MATCH, "NAME_MATCHES", "The account has this name."),
    "close_match": (PayeeResult.PARTIAL, "NAME_SIMILAR", "The account has a similar name."),
    "no_match": (PayeeResult.NO_MATCH, "NAME_DIFFERS", "The account has another name."),
    "not_possible": (PayeeResult.NOT_POSSIBLE, "NOT_CHECKED_THERE", "Its bank does not tell whose it is."),
}
"""What it says of a name, in our words."""

RECALLS: Mapping[str, Outcome] = {"accepted": Outcome.ACCEPTED, "refused": Outcome.FAILED}

PAGE = 500


class SandboxAdapter:
    """Speaks to one desk of the sandbox."""

    voids_unknown = True

    def __init__(self, provider: Provider) -> None:
        self._desk = provider.options["desk"]
        self.recalls = self._desk == "bank"
        self._secret = provider.webhook_secret
        seconds = provider.options.get("answer_seconds", 20)
        self._http = Http(
            provider.base_url, {"Authorization": f"Bearer {provider.secret}"}, answer_seconds=seconds
        )

    def submit(self, instruction: Instruction) -> Reply:
        """Ask for the payment, once."""
        asked = {
            "reference": instruction.reference,
            "kind": instruction.kind,
            "amount": instruction.amount.decimal,
            "currency": instruction.amount.currency,
            "to": dict(instruction.to),
            "receive_currency": instruction.receives,
            "memo": instruction.memo,
        }
        answer = self._http.call("POST", f"/{self._desk}/orders", asked)
        if isinstance(answer, Reply):
            return answer
        said = (answer.status, str(answer.data.get("code") or ""))
        if said in NOT_NOW | NEVER:
            return _refusal(answer, transient=said in NOT_NOW)
        return _order(answer)

    def query(self, reference: str, instruction: Instruction) -> Reply:
        """Ask what became of our reference."""
        answer = self._http.call("GET", f"/{self._desk}/orders/{reference}")
        if isinstance(answer, Reply):
            return _unknown(answer)
        if answer.status == 404 and answer.data.get("code") == "unknown_reference":
            return Reply(Outcome.NOT_FOUND, code="NOT_FOUND", received=answer.received)
        return _order(answer)

    def cancel(self, reference: str, instruction: Instruction) -> Reply:
        """Ask that it is not executed; where that is too late, how it stands."""
        answer = self._http.call("POST", f"/{self._desk}/orders/{reference}/cancel")
        if isinstance(answer, Reply):
            return _unknown(answer)
        return _order(answer)

    def recall(self, name: str, reference: str, instruction: Instruction) -> Reply:
        """Ask the recipient's bank for the money of a payment back, once for each name."""
        answer = self._http.call("POST", f"/{self._desk}/orders/{reference}/recall", {"name": name})
        if isinstance(answer, Reply):
            return _unknown(answer)
        if answer.status == 404 and answer.data.get("code") == "unknown_reference":
            return Reply(Outcome.NOT_FOUND, code="NOT_FOUND", received=answer.received)
        return _recalled(answer)

    def verify(self, envelope: Envelope, *, now: datetime) -> bool:
        """Whether the signature is the sandbox's, over this body, and not old."""
        return is_signed(envelope, self._secret, now=now)

    def name_of(self, envelope: Envelope) -> str:
        """The event's id or, lacking one, what it is about, its type and its time."""
        named = envelope.headers.get("sandbox-event-id", "").strip()
        if named:
            return named[:200]
        event = _event(envelope)
        parts = [
            str(event["data"].get("reference") or event["data"].get("id") or ""),
            str(event.get("type", "")),
        ]
        parts.append(str(event.get("created_at", "")))
        if not all(parts):
            raise MessageUnreadable("The message has neither an id nor a reference, a type and a time.")
        return ":".join(parts)[:200]

    def parse(self, envelope: Envelope) -> Sequence[News]:
        """Orders are about payments; deposits and chargebacks about money that came, or was taken; wallets take deposits."""
        event = _event(envelope)
        kind, data, at = str(event.get("type", "")), event["data"], _instant(event.get("created_at"))
        about = kind.partition(".")[0]
        if kind == WALLET_CREATED:
            reply = Reply(Outcome.COMPLETED)
            return [News("virtual_account", str(data.get("reference", "")), reply, at, data)]
        if about in ORDERS:
            return [News("payment", str(data.get("reference", "")), _reply(data, {"event": event}), at, data)]
        if about in {"deposit", "chargeback"}:
            return [News(about, str(data.get("id", "")), Reply(Outcome.COMPLETED), at, data)]
        raise MessageUnreadable(f"There is no event of the type {kind[:60]!r}.")

    def virtual_account(self, reference: str) -> str | Reply:
        """A number for deposits, the same for the same reference of ours."""
        answer = self._http.call("POST", f"/{self._desk}/virtual-accounts", {"reference": reference})
        if isinstance(answer, Reply):
            return answer
        number = answer.data.get("number")
        return str(number)[:60] if answer.status == 200 and number else _refusal(answer, transient=True)

    def verify_payee(self, name: str, details: Mapping[str, str]) -> PayeeCheck | Reply:
        """Whether the account has this name."""
        answer = self._http.call("POST", f"/{self._desk}/payees", {"name": name, "account": dict(details)})
        if isinstance(answer, Reply):
            return answer
        said = PAYEES.get(str(answer.data.get("result")))
        if answer.status != 200 or said is None:
            return _refusal(answer, transient=True)
        return PayeeCheck(*said, name=str(answer.data.get("name") or "")[:140])

    def balances(self) -> Mapping[str, Money]:
        """What the desk has of ours, by currency; it may have others, which do not exist here."""
        answer = self._http.call("GET", f"/{self._desk}/accounts")
        if isinstance(answer, Reply) or answer.status != 200:
            return {}
        told = answer.data.get("balances", {}).items()
        return {code: Money.parse(amount, code) for code, amount in told if is_known(code)}

    def told_since(self, since: datetime) -> Iterable[Envelope]:
        """Every event since, page by page."""
        after = 0
        while page := self._page("events", since, str(after)):
            yield from (_envelope(event) for event in page)
            after = page[-1]["number"]

    def executed_since(self, since: datetime) -> Iterable[tuple[str, Reply]]:
        """Every order executed or changed since, page by page."""
        after = ""
        while page := self._page("orders", since, after):
            yield from ((str(order["reference"]), _reply(order, {"order": order})) for order in page)
            after = page[-1]["id"]

    def _page(self, what: str, since: datetime, after: str) -> list[Mapping[str, Any]]:
        query = urlencode({"since": clock.written(since), "after": after, "limit": PAGE})
        answer = self._http.call("GET", f"/{self._desk}/{what}?{query}")
        if isinstance(answer, Reply) or answer.status != 200 or what not in answer.data:
            raise ProviderSilent(f"The provider does not say which {what} there were; ask again later.")
        return list(answer.data[what])


def _order(answer: Response) -> Reply:
    """What an answer with an order in it says; without one, nothing."""
    if answer.data.get("status") not in OUTCOMES:
        return Reply(
            Outcome.UNKNOWN,
            code=f"HTTP_{answer.status}",
            message="The answer does not say what became of it.",
            transient=True,
            received=answer.received,
        )
    return _reply(answer.data, answer.received)


def _recalled(answer: Response) -> Reply:
    """What an answer to a recall says; one that is none of the two says nothing."""
    outcome = RECALLS.get(str(answer.data.get("recall"))) if answer.status == 200 else None
    return Reply(
        outcome or Outcome.UNKNOWN,
        code=str(answer.data.get("code") or ("" if outcome else f"HTTP_{answer.status}"))[:60],
        message=str(answer.data.get("message") or "")[:500],
        transient=outcome is None,
        received=answer.received,
    )


def _reply(order: Mapping[str, Any], received: Mapping[str, Any]) -> Reply:
    try:
        return Reply(
            OUTCOMES[order["status"]],
            provider_reference=str(order.get("id") or "")[:120],
            code=str(order.get("code") or "")[:60],
            message=str(order.get("message") or "")[:500],
            settled=_money(order.get("settled_amount"), order.get("currency")),
            delivered=_money(order.get("receive_amount"), order.get("receive_currency")),
            returned=_money(order.get("returned_amount"), order.get("currency")),
            expected_at=_instant(order.get("expected_at")),
            received=received,
        )
    except (DomainError, KeyError, ValueError) as error:
        raise MessageUnreadable(f"The order cannot be read: {error}") from None


def _refusal(answer: Response, *, transient: bool) -> Reply:
    return Reply(
        Outcome.NOT_ACCEPTED,
        code=str(answer.data.get("code") or f"HTTP_{answer.status}")[:60],
        message=str(answer.data.get("message") or "")[:500],
        transient=transient,
        retry_at=clock.now() + answer.retry_after if answer.retry_after else None,
        received=answer.received,
    )


def _unknown(reply: Reply) -> Reply:
    """A question that was not heard is not a payment that was not accepted."""
    return Reply(
        Outcome.UNKNOWN, code=reply.code, message=reply.message, transient=True, received=reply.received
    )


def _envelope(event: Mapping[str, Any]) -> Envelope:
    named = {"sandbox-event-id": str(event["id"])} if event["id"] else {}
    return Envelope(named, str(event["body"]).encode())


def _event(envelope: Envelope) -> dict[str, Any]:
    try:
        event = json.loads(envelope.body)
    except (ValueError, RecursionError):
        raise MessageUnreadable("The body is no JSON.") from None
    if not isinstance(event, dict) or not isinstance(event.get("data"), dict):
        raise MessageUnreadable("The body is no event: it has no data.")
    return event


def _money(amount: Any, currency: Any) -> Money | None:
    return Money.parse(str(amount), str(currency)) if amount is not None and currency else None


def _instant(text: Any) -> datetime | None:
    if not text:
        return None
    found = datetime.fromisoformat(str(text))
    return found if found.tzinfo else found.replace(tzinfo=UTC)
