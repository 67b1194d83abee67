"""What a desk's client may ask: orders, accounts, transactions; and how these requests fail on demand."""

import asyncio
from collections import Counter
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apps.providers.sandbox.desks import DESKS, FILE_DESKS
from apps.providers.sandbox.errors import Refused, not_accepted, wrong
from apps.providers.sandbox.events import WALLETS
from apps.providers.sandbox.faults import split
from apps.providers.sandbox.http import Cut, Silence, answer, body, fields, guarded, number, refusal
from apps.providers.sandbox.instants import instant, now, span
from apps.providers.sandbox.orders import PAGE, Wanted, reference_of, wanted
from apps.providers.sandbox.payees import written
from apps.providers.sandbox.sandbox import Sandbox

GIVING = ("bank", WALLETS)
"""The desks on which deposits can be sent to numbers."""

DENIES = {"refuse", "not_accepted", "rate_limit"}
"""Faults that say that an order was not accepted: they would lie about one that was."""


class DeskApi:
    """The routes of all desks."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._seconds: Counter[tuple[str, int]] = Counter()

    def routes(self, key: str) -> list[Route]:
        """All routes, for those who hold the key."""
        return [
            Route(path, guarded(handler, key), methods=[method])
            for method, path, handler in (
                ("POST", "/{desk}/orders", self.submit),
                ("GET", "/{desk}/orders", self.changed),
                ("GET", "/{desk}/orders/{reference:path}", self.query),
                ("POST", "/{desk}/orders/{reference:path}/cancel", self.cancel),
                ("POST", "/bank/orders/{reference:path}/recall", self.recall),
                ("GET", "/{desk}/events", self.events),
                ("GET", "/{desk}/accounts", self.accounts),
                ("GET", "/{desk}/transactions", self.transactions),
                ("POST", "/{desk}/virtual-accounts", self.virtual_account),
                ("POST", "/bank/payees", self.payee),
            )
        ]

    async def submit(self, request: Request) -> Response:
        """Take an order, or fail as a fault wants it."""
        desk = desk_of(request)
        if desk in FILE_DESKS:
            raise wrong("unknown_kind", f"{desk} takes payments in files.")
        order = wanted(desk, await body(request), self._sandbox.settings)
        known = self._sandbox.orders.find(desk, order.reference) is not None
        if down := self._down(desk, known):
            return down
        fault = self._submit_fault(order, known)
        name, rest = split(fault)
        if name in BEFORE:
            return BEFORE[name]()
        if name == "slow":
            resets = self._sandbox.resets
            await asyncio.sleep(span(rest) / 1000)
            if resets != self._sandbox.resets:
                return Cut()
        self._limit(order)
        row, new = self._sandbox.execution.accept(order)
        await self._sandbox.store.committed()
        if name in AFTER:
            return AFTER[name]()
        status = (202 if row["status"] == "processing" else 201) if new else 200
        return answer(self._sandbox.orders.told(row), status)

    def _submit_fault(self, order: Wanted, known: bool) -> str:
        subject = order.subject(self._sandbox.settings)
        with self._sandbox.store.change():
            fault = self._sandbox.faults.strike("submit", subject) or ""
        return "" if known and fault in DENIES else fault

    def _limit(self, order: Wanted) -> None:
        limit = self._sandbox.settings.limits.get(order.desk)
        if limit is None or self._sandbox.orders.find(order.desk, order.reference) is not None:
            return
        if order.amount > limit.largest.get(order.currency, order.amount):
            raise wrong("bad_amount", f"{order.desk} takes no order as large in {order.currency}.")
        if limit.per_second is None:
            return
        second = (order.desk, now() // 1000)
        if second not in self._seconds:
            self._seconds.clear()
        self._seconds[second] += 1
        if self._seconds[second] > limit.per_second:
            raise _too_many()

    def _down(self, desk: str, known: bool = True) -> Response | None:
        how = self._sandbox.faults.down.get(desk)
        if how == "503":
            return refusal(
                Refused(503, "unavailable", f"{desk} is not available.") if known else not_accepted()
            )
        return (Silence() if how == "hang" else Cut()) if how else None

    async def query(self, request: Request) -> Response:
        """Show an order, or fail as a fault wants it."""
        desk, reference = desk_of(request), request.path_params["reference"]
        if down := self._down(desk):
            return down
        row = self._sandbox.orders.find(desk, reference)
        told = self._sandbox.orders.told(row) if row else {"desk": desk, "reference": reference}
        subject = {**told, "to": str(told.get("to"))}
        with self._sandbox.store.change():
            name, rest = split(self._sandbox.faults.strike("query", subject) or "")
        await self._sandbox.store.committed()
        if name == "timeout":
            return Silence()
        if name == "error":
            return _error()
        hidden = row and name == "not_found_for" and now() < row["created_at"] + span(rest)
        if row is None or hidden:
            raise Refused(404, "unknown_reference", f"{desk} has no order {reference[:40]!r}.")
        return answer(told)

    async def cancel(self, request: Request) -> Response:
        """Cancel an order that was not executed, or one that may still come."""
        desk, reference = desk_of(request), reference_of(request.path_params["reference"])
        if down := self._down(desk):
            return down
        row = self._sandbox.execution.cancel(desk, reference)
        await self._sandbox.store.committed()
        return answer(self._sandbox.orders.told(row))

    async def recall(self, request: Request) -> Response:
        """Ask for the money of a payment back, once for each name, or fail as a fault wants it."""
        reference, name = request.path_params["reference"], (await fields(request)).get("name")
        if down := self._down("bank"):
            return down
        row = self._sandbox.orders.find("bank", reference)
        if row is None or row["asked"] is None:
            raise Refused(404, "unknown_reference", f"bank has no order {reference[:40]!r}.")
        if not isinstance(name, str) or not name:
            raise wrong("bad_name", "A recall has a name.")
        told = self._sandbox.orders.told(row)
        with self._sandbox.store.change():
            struck = self._sandbox.faults.strike("recall", {**told, "to": str(told.get("to"))})
        fault, rest = split(struck or "")
        if fault in ("error", "timeout_before"):
            return _error() if fault == "error" else Silence()
        code = self._sandbox.execution.recall(row, name, rest if fault == "refuse" else None)
        await self._sandbox.store.committed()
        if fault in ("timeout_after", "garbage"):
            return AFTER[fault]()
        return answer(
            {
                "recall": "refused" if code else "accepted",
                "reference": reference,
                "code": code,
                "message": f"The payment stays where it is: {code}." if code else None,
            }
        )

    async def changed(self, request: Request) -> Response:
        """Orders that changed since an instant."""
        desk, asked = desk_of(request), request.query_params
        if down := self._down(desk):
            return down
        limit = number(request, "limit", PAGE)
        since = since_of(request)
        return answer({"orders": self._sandbox.orders.changed(desk, since, asked.get("after"), limit)})

    async def events(self, request: Request) -> Response:
        """What was told since an instant, for who may not have heard it."""
        desk = desk_of(request)
        if down := self._down(desk):
            return down
        after, limit = number(request, "after", 0), number(request, "limit", PAGE)
        return answer({"events": self._sandbox.events.since(desk, since_of(request), after, limit)})

    async def accounts(self, request: Request) -> Response:
        """Balances by currency."""
        desk = desk_of(request)
        return self._down(desk) or answer(self._sandbox.books.balances(desk))

    async def transactions(self, request: Request) -> Response:
        """The ledger of our accounts."""
        desk, currency = desk_of(request), request.query_params.get("currency")
        if down := self._down(desk):
            return down
        after = number(request, "after", 0)
        return answer({"transactions": self._sandbox.books.transactions(desk, currency, after)})

    async def virtual_account(self, request: Request) -> Response:
        """The number, or the wallet's address, on which deposits for a reference arrive."""
        desk = desk_of(request)
        if desk not in GIVING:
            raise Refused(404, "unknown_desk", f"Virtual accounts are given by {' and '.join(GIVING)}.")
        if down := self._down(desk):
            return down
        reference = reference_of((await fields(request)).get("reference"))
        account = self._sandbox.arrivals.virtual_account(desk, reference)
        await self._sandbox.store.committed()
        return answer({"number": account, "reference": reference})

    async def payee(self, request: Request) -> Response:
        """Whether an account has a name, or fail as a fault wants it."""
        if down := self._down("bank"):
            return down
        given = await fields(request)
        name, account = given.get("name"), given.get("account")
        found = self._sandbox.payees.check(name, account)
        subject = {
            "reference": str(name),
            "desk": "bank",
            "kind": "payee",
            "amount": None,
            "to": written(account),
        }
        with self._sandbox.store.change():
            fault, rest = split(self._sandbox.faults.strike("payee", subject) or "")
        await self._sandbox.store.committed()
        if fault == "slow":
            await asyncio.sleep(span(rest) / 1000)
        return _INSTEAD[fault]() if fault in _INSTEAD else answer(found)


def desk_of(request: Request) -> str:
    """The desk of the path, or refused."""
    desk = str(request.path_params["desk"])
    if desk not in DESKS:
        raise Refused(404, "unknown_desk", f"There are the desks {', '.join(DESKS)}.")
    return desk


def since_of(request: Request) -> int:
    """The instant of the query, or refused."""
    try:
        return instant(request.query_params["since"]) if "since" in request.query_params else 0
    except ValueError:
        raise wrong("bad_instant", "since is no ISO 8601 instant with its offset.") from None


def _too_many() -> Refused:
    return Refused(429, "rate_limited", "There were too many requests; this order was not accepted.")


def _error() -> Response:
    return refusal(Refused(500, "internal_error", "Something went wrong."))


BEFORE: dict[str, Callable[[], Response]] = {
    "refuse": lambda: refusal(wrong("beneficiary_refused", "The beneficiary is refused.")),
    "not_accepted": lambda: refusal(not_accepted()),
    "rate_limit": lambda: refusal(_too_many()),
    "error_before": _error,
    "timeout_before": Silence,
    "reset_before": Cut,
}
AFTER: dict[str, Callable[[], Response]] = {
    "error_after": _error,
    "timeout_after": Silence,
    "reset_after": Cut,
    "garbage": lambda: Response("<html>OK</html", 200, media_type="text/html"),
}
_INSTEAD: dict[str, Callable[[], Response]] = {
    "error": _error,
    "timeout": Silence,
    "reset": Cut,
    "garbage": AFTER["garbage"],
}
