"""The desk `stripe`: the part of Stripe's API by which money goes out and is given back, as Stripe speaks it."""

import asyncio
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apps.providers.sandbox import stripe_words as words
from apps.providers.sandbox.amounts import PLACES
from apps.providers.sandbox.desks import DESKS
from apps.providers.sandbox.errors import Refused
from apps.providers.sandbox.faults import split
from apps.providers.sandbox.http import Cut, Handler, Silence, answer
from apps.providers.sandbox.instants import now, span
from apps.providers.sandbox.orders import LONGEST_REFERENCE, Wanted
from apps.providers.sandbox.sandbox import Sandbox
from apps.providers.sandbox.store import Row
from apps.providers.sandbox.stripe_words import DESK

PAGE, MOST = 10, 100
KEY = "sk_test_"
"""What our key begins with here, so that it is none that Stripe takes for real money."""

Form = dict[str, Any]


class StripeRefused(Exception):
    """The request is refused as Stripe does: HTTP status, type, code, a sentence, the parameter."""

    def __init__(self, status: int, kind: str, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"type": kind, "code": code, "message": message, "param": param}

    def answer(self) -> Response:
        """The refusal as JSON."""
        error = {name: value for name, value in self.error.items() if value}
        later = {"Retry_After": "1"} if self.status == 429 else {}
        return answer({"error": error}, self.status, **later)


class StripeApi:
    """The routes of the desk."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._busy: set[str] = set()

    def routes(self, key: str) -> list[Route]:
        """All routes, for those who hold the key."""
        return [
            Route(f"/{DESK}/v1/{path}", self._guarded(handler, key), methods=[method])
            for method, path, handler in (
                ("POST", "payouts", self.pay_out),
                ("GET", "payouts", self.payouts),
                ("GET", "payouts/{id}", self.payout),
                ("POST", "payouts/{id}/cancel", self.cancel),
                ("POST", "refunds", self.refund),
                ("GET", "refunds", self.refunds),
                ("GET", "balance", self.balance),
                ("GET", "events", self.events),
            )
        ]

    def _guarded(self, handler: Handler, key: str) -> Handler:
        async def handle(request: Request) -> Response:
            try:
                _check_key(request, key)
                found = self._down() or await handler(request)
            except StripeRefused as refused:
                found = refused.answer()
            found.headers["Request-Id"] = f"req_{secrets.token_hex(7)}"
            found.headers["Stripe-Version"] = request.headers.get("Stripe-Version", words.VERSION)
            return found

        return handle

    def _down(self) -> Response | None:
        how = self._sandbox.faults.down.get(DESK)
        if how == "503":
            return _error(503)
        return (Silence() if how == "hang" else Cut()) if how else None

    async def pay_out(self, request: Request) -> Response:
        """Pay to an external account."""
        return await self._create(request, "payout")

    async def refund(self, request: Request) -> Response:
        """Give a charge back, wholly or in part."""
        return await self._create(request, "refund")

    async def _create(self, request: Request, kind: str) -> Response:
        """What the idempotency key had before, or a new payout or refund; or fail as a fault wants it."""
        form = _form((await request.body()).decode())
        key = request.headers.get("Idempotency-Key") or f"auto_{secrets.token_hex(12)}"
        asked = json.dumps([kind, form], sort_keys=True)
        if known := self._known(key, asked):
            return known
        if key in self._busy:
            message = "There is currently another in-progress request using this idempotency key."
            raise StripeRefused(409, "idempotency_error", "idempotency_key_in_use", message)
        wanted = self._wanted(kind, key, form)
        with self._sandbox.store.change():
            fault = self._sandbox.faults.strike("submit", wanted.subject(self._sandbox.settings)) or ""
        name, rest = split(fault)
        if name in _BEFORE:
            return _BEFORE[name]()
        if name == "slow":
            await self._wait(key, span(rest))
        told = self._accept(wanted)
        status, body = (500, _API_ERROR) if name == "error_after" else (200, _object(told))
        with self._sandbox.store.change():
            self._sandbox.store.run(
                "INSERT INTO stripe_keys VALUES (?, ?, ?, ?)", key, asked, status, json.dumps(body)
            )
        await self._sandbox.store.committed()
        return _AFTER[name]() if name in _AFTER else answer(body, status)

    def _known(self, key: str, asked: str) -> Response | None:
        row = self._sandbox.store.row("SELECT * FROM stripe_keys WHERE key = ?", key)
        if row is None:
            return None
        if row["asked"] != asked:
            message = "Keys for idempotent requests can only be used with the same parameters they were first used with."
            raise StripeRefused(400, "idempotency_error", "", message)
        return answer(json.loads(row["body"]), row["status"], Idempotent_Replayed="true")

    async def _wait(self, key: str, milliseconds: int) -> None:
        self._busy.add(key)
        try:
            await asyncio.sleep(milliseconds / 1000)
        finally:
            self._busy.discard(key)

    def _accept(self, wanted: Wanted) -> dict[str, Any]:
        try:
            row, _ = self._sandbox.execution.accept(wanted)
        except Refused as refused:
            if refused.status != 402:
                raise _invalid(refused.code, refused.message) from None
            raise _invalid("balance_insufficient", "You have insufficient funds in your account.") from None
        return self._sandbox.orders.told(row)

    def _wanted(self, kind: str, key: str, form: Form) -> Wanted:
        if len(key) > LONGEST_REFERENCE:
            raise _invalid("", "Idempotency-Key is too long.")
        if kind == "payout" and not form.get("destination"):
            raise _invalid("parameter_missing", "Missing required param: destination.", "destination")
        deposit = self._deposit(form) if kind == "refund" else None
        currency = str(form.get("currency") or (deposit["currency"] if deposit else "")).upper()
        to = {name: value for name, value in form.items() if name not in {"amount", "currency"}}
        units = self._units(form, currency, deposit, payout=kind == "payout")
        if deposit:
            to["charge"] = words.renamed(deposit["id"], "ch")
            self._check_left(deposit, units)
        return Wanted(DESK, key, DESKS[DESK][kind], units, currency, to, None, form.get("description"))

    def _units(self, form: Form, currency: str, deposit: Row | None, *, payout: bool) -> int:
        if currency not in self._sandbox.settings.currencies:
            raise _invalid("", f"Invalid currency: {currency.lower()}", "currency")
        if deposit and form.get("amount") is None:
            return int(deposit["amount"])
        given = str(form.get("amount", ""))
        if not given.isascii() or not given.isdigit() or not 0 < int(given) < 10**12:
            raise _invalid("parameter_invalid_integer", f"Invalid integer: {given[:40]}", "amount")
        if int(given) % words.step(currency, payout=payout):
            raise _invalid("invalid_amount", f"Invalid amount for {currency.lower()}.", "amount")
        return int(given) * int(10 ** (PLACES - words.digits(currency)))

    def _deposit(self, form: Form) -> Row:
        named = str(form.get("charge") or form.get("payment_intent") or "")
        found = self._sandbox.store.row(
            "SELECT * FROM deposits WHERE desk = ? AND id = ?", DESK, words.renamed(named, "sbd")
        )
        if found is None:
            raise StripeRefused(
                404, "invalid_request_error", "resource_missing", f"No such charge: '{named[:60]}'", "charge"
            )
        return found

    def _check_left(self, deposit: Row, units: int) -> None:
        charge = words.renamed(deposit["id"], "ch")
        given_back = self._sandbox.store.rows(
            "SELECT amount FROM orders WHERE desk = ? AND kind = 'refund' AND status IN ('processing', 'completed')"
            " AND json_extract(beneficiary, '$.charge') = ?",
            *(DESK, charge),
        )
        if sum(int(each["amount"]) for each in given_back) + units > int(deposit["amount"]):
            raise _invalid("charge_already_refunded", f"Charge {charge} has already been refunded.")

    async def payout(self, request: Request) -> Response:
        """One payout."""
        return answer(_object(self._sandbox.orders.told(self._order(request))))

    async def cancel(self, request: Request) -> Response:
        """Cancel a payout that was not executed."""
        order = self._order(request)
        try:
            row = self._sandbox.execution.cancel(DESK, order["reference"])
        except Refused as refused:
            raise _invalid("payout_cannot_be_canceled", refused.message) from None
        await self._sandbox.store.committed()
        return answer(_object(self._sandbox.orders.told(row)))

    def _order(self, request: Request) -> Row:
        name = request.path_params["id"]
        found = self._sandbox.store.row(
            "SELECT * FROM orders WHERE desk = ? AND id = ?", DESK, words.renamed(name, "sbo")
        )
        if found is None:
            message = f"No such payout: '{name[:60]}'"
            raise StripeRefused(404, "invalid_request_error", "resource_missing", message, "payout")
        return found

    async def payouts(self, request: Request) -> Response:
        """A page of payouts, the newest first."""
        return await self._listed(request, "payout", "po")

    async def refunds(self, request: Request) -> Response:
        """A page of refunds, the newest first, of one charge if it is named."""
        return await self._listed(request, "refund", "re")

    async def _listed(self, request: Request, kind: str, prefix: str) -> Response:
        asked = _form(request.url.query)
        limit, since = _limit(asked), int(asked.get("created", {}).get("gte", 0))
        after = self._number("orders", "id", words.renamed(str(asked.get("starting_after", "")), "sbo"))
        charge = asked.get("charge") or ""
        if intent := asked.get("payment_intent"):
            charge = words.renamed(str(intent), "ch")
        rows = self._sandbox.store.rows(
            "SELECT * FROM orders WHERE desk = ?1 AND kind = ?2 AND created_at >= ?3 * 1000 AND number < ?4"
            " AND (?5 = '' OR json_extract(beneficiary, '$.charge') = ?5) ORDER BY number DESC LIMIT ?6",
            *(DESK, kind, since, after, charge, limit + 1),
        )
        subject = {"desk": DESK, "kind": kind, "reference": rows[0]["reference"] if rows else ""}
        with self._sandbox.store.change():
            name, rest = split(self._sandbox.faults.strike("query", subject) or "")
        await self._sandbox.store.committed()
        if name in _QUERY:
            return _QUERY[name]()
        if name == "not_found_for":
            rows = [row for row in rows if now() >= row["created_at"] + span(rest)]
        return _page(request, limit, [_object(self._sandbox.orders.told(row)) for row in rows])

    async def events(self, request: Request) -> Response:
        """A page of what was told, the newest first."""
        asked = _form(request.url.query)
        limit, since = _limit(asked), int(asked.get("created", {}).get("gte", 0))
        types = [*asked.get("types", {}).values()]
        after = self._number("webhooks", "event", words.renamed(str(asked.get("starting_after", "")), "sbe"))
        rows = self._sandbox.store.rows(
            "SELECT min(number) AS first, body FROM webhooks WHERE desk = ?"
            " AND json_extract(body, '$.created') >= ? AND (? OR type IN (SELECT value FROM json_each(?)))"
            " GROUP BY event HAVING first < ? ORDER BY first DESC LIMIT ?",
            *(DESK, since, not types, json.dumps(types), after, limit + 1),
        )
        return _page(request, limit, [{**json.loads(row["body"]), "pending_webhooks": 0} for row in rows])

    def _number(self, table: str, column: str, name: str) -> int:
        """Where a page begins: the number of the row of a name, or one that is after all."""
        if not name.partition("_")[2]:
            return 2**62
        return self._sandbox.store.number(f"SELECT min(number) FROM {table} WHERE {column} = ?", name)

    async def balance(self, request: Request) -> Response:
        """What is on our account."""
        available = [
            {
                "amount": int(row["balance"]) // 10 ** (PLACES - words.digits(row["currency"])),
                "currency": row["currency"].lower(),
                "source_types": {},
            }
            for row in self._sandbox.store.rows("SELECT * FROM accounts WHERE desk = ?", DESK)
        ]
        return answer({"object": "balance", "available": available, "livemode": False, "pending": []})


def _check_key(request: Request, key: str) -> None:
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {KEY}{key}".encode()):
        raise StripeRefused(401, "invalid_request_error", "", "Invalid API Key provided.")


def _form(text: str) -> Form:
    """Form fields, with `a[b]` under `a`."""
    found: Form = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        outer, bracket, inner = name.partition("[")
        if bracket:
            found.setdefault(outer, {})[inner.rstrip("]")] = value
        else:
            found[name] = value
    return found


def _limit(asked: Form) -> int:
    given = str(asked.get("limit", PAGE))
    if not given.isdigit() or not 0 < int(given) <= MOST:
        raise _invalid("parameter_invalid_integer", f"This value must be from 1 to {MOST}.", "limit")
    return int(given)


def _page(request: Request, limit: int, found: list[dict[str, Any]]) -> Response:
    path = request.url.path.removeprefix(f"/{DESK}")
    return answer({"object": "list", "data": found[:limit], "has_more": len(found) > limit, "url": path})


def _object(order: Mapping[str, Any]) -> dict[str, Any]:
    return words.refund(order) if order["kind"] == "refund" else words.payout(order)


def _invalid(code: str, message: str, param: str | None = None) -> StripeRefused:
    return StripeRefused(400, "invalid_request_error", code, message, param)


def _error(status: int = 500) -> Response:
    return answer(_API_ERROR, status)


_API_ERROR = {"error": {"type": "api_error", "message": "An unknown error occurred."}}
_DECLINED = StripeRefused(402, "card_error", "card_declined", "Your card was declined.")
_LOCKED = StripeRefused(
    429, "invalid_request_error", "lock_timeout", "This object cannot be accessed right now."
)
_TOO_MANY = StripeRefused(429, "invalid_request_error", "rate_limit", "Too many requests.")

_BEFORE: dict[str, Callable[[], Response]] = {
    "refuse": _DECLINED.answer,
    "not_accepted": _LOCKED.answer,
    "rate_limit": _TOO_MANY.answer,
    "error_before": _error,
    "timeout_before": Silence,
    "reset_before": Cut,
}
_AFTER: dict[str, Callable[[], Response]] = {
    "timeout_after": Silence,
    "reset_after": Cut,
    "garbage": lambda: Response("<html>OK</html", 200, media_type="text/html"),
}
_QUERY: dict[str, Callable[[], Response]] = {"error": _error, "timeout": Silence}
