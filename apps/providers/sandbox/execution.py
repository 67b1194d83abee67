"""What a desk does with an order: takes the money, executes, gives back."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from apps.providers.sandbox.amounts import NotAnAmount, exact, times
from apps.providers.sandbox.books import Books
from apps.providers.sandbox.desks import AGAIN, DESKS, FILE_DESKS
from apps.providers.sandbox.errors import Refused, wrong
from apps.providers.sandbox.events import Events, type_of
from apps.providers.sandbox.faults import Faults, check, split
from apps.providers.sandbox.instants import now, span
from apps.providers.sandbox.orders import Orders, Wanted
from apps.providers.sandbox.settings import Settings
from apps.providers.sandbox.store import Row, Store

AT_ONCE = 50
TOGETHER = 2
"""Milliseconds in which due orders gather, so that a busy server looks for them less often."""


class Execution:
    """The life of orders; each verb is one change of the file."""

    def __init__(
        self, store: Store, settings: Settings, books: Books, orders: Orders, events: Events, faults: Faults
    ) -> None:
        self._store, self._settings, self._books = store, settings, books
        self._orders, self._events, self._faults = orders, events, faults
        self._due = asyncio.Event()
        self.executed: Callable[[], None] = lambda: None

    def accept(self, wanted: Wanted) -> tuple[Row, bool]:
        """The order of the reference, and True if it is new; refused if it is another one or not covered."""
        known = self._orders.find(wanted.desk, wanted.reference)
        if known is not None:
            return self._again(known, wanted), False
        source = wanted.kind.source(wanted.currency)
        if self._books.balance(wanted.desk, source) < wanted.amount:
            raise Refused(
                402, "insufficient_funds", f"{wanted.desk}/{source} does not cover {wanted.reference}."
            )
        with self._store.change():
            order = self._take(wanted, source)
            instant = self._settings.instant[wanted.desk] and order["due_at"] is not None
            if instant and split(order["outcome"])[0] != "delay":
                return self._execute(order), True
            self._tell(order)
        self._due.set()
        return order, True

    def _again(self, known: Row, wanted: Wanted) -> Row:
        if known["asked"] is None:
            raise Refused(409, "reference_cancelled", f"{wanted.reference} was cancelled before it came.")
        if known["asked"] != wanted.asked():
            raise Refused(409, "reference_reused", f"{wanted.reference} is another order.")
        return known

    def _take(self, wanted: Wanted, source: str) -> Row:
        at, subject = now(), wanted.subject(self._settings)
        outcome = self._faults.strike("outcome", subject) or "complete"
        name, rest = split(outcome)
        wait = span(rest) if name == "delay" else self._settings.delays[wanted.desk]
        self._books.post(wanted.desk, source, -wanted.amount, "order", wanted.reference)
        return self._orders.add(
            *(wanted.desk, wanted.reference, at),
            asked=wanted.asked(),
            kind=wanted.kind.name,
            currency=wanted.currency,
            amount=str(wanted.amount),
            beneficiary=json.dumps(wanted.beneficiary),
            receive_currency=wanted.receive_currency,
            memo=wanted.memo,
            status="processing",
            outcome=outcome,
            webhook_faults=json.dumps(self._faults.strike("webhook", subject) or []),
            expected_at=at + self._settings.delays[wanted.desk],
            due_at=None if name == "hang" else at + wait,
        )

    def cancel(self, desk: str, reference: str) -> Row:
        """The order, cancelled; one that never came is cancelled for good. Refused as `too_late` otherwise."""
        known = self._orders.find(desk, reference)
        if known is not None and known["status"] not in ("processing", "cancelled"):
            raise Refused(
                *(409, "too_late", f"{reference} is {known['status']}."), order=self._orders.told(known)
            )
        if known is not None and known["status"] == "cancelled":
            return known
        with self._store.change():
            if known is None:
                return self._orders.add(desk, reference, now(), status="cancelled")
            self._give_back(known, int(known["amount"]), "order_cancelled")
            cancelled = self._orders.update(known, now(), status="cancelled", due_at=None)
            self._tell(cancelled)
            return cancelled

    def recall(self, known: Row, name: str, refused: str | None) -> str | None:
        """Why the recall of this name was refused, or None: then a completed payment comes back after the desk's delay."""
        desk, at = known["desk"], now()
        asked = self._store.row("SELECT code FROM recalls WHERE desk = ? AND name = ?", desk, name)
        if asked is not None:
            return str(asked["code"]) if asked["code"] else None
        code = refused or (None if known["status"] == "completed" else f"is_{known['status']}")
        with self._store.change():
            self._store.run(
                "INSERT INTO recalls VALUES (?, ?, ?, ?, ?)", desk, name, known["reference"], code, at
            )
            if code is None and known["due_at"] is None:
                self._orders.update(known, at, due_at=at + self._settings.delays[desk])
        self._due.set()
        return code

    def order_to_execute(self, desk: str, reference: str, outcome: str) -> Row:
        """The order, executed now with this outcome whatever it waited for."""
        known = self._orders.find(desk, reference)
        if known is None or known["status"] != "processing":
            raise Refused(409, "not_processing", f"{reference} is not processing.")
        try:
            check("outcome", outcome)
        except ValueError as error:
            raise wrong("bad_fault", f"{error}.") from None
        with self._store.change():
            name, rest = split(outcome)
            if name in ("delay", "hang"):
                due = now() + span(rest) if rest else None
                order = self._orders.update(known, now(), outcome=outcome, due_at=due)
            else:
                order = self._execute(self._orders.update(known, now(), outcome=outcome))
        self._due.set()
        return order

    def give_back(self, desk: str, reference: str, amount: str | None = None, code: str | None = None) -> Row:
        """The order, returned wholly or in part after it was completed."""
        known = self._orders.find(desk, reference)
        if known is None or known["status"] != "completed" or not DESKS[desk][known["kind"]].pays:
            raise Refused(409, "not_returnable", f"{reference} is no payment that was completed.")
        settled = int(known["settled_amount"])
        try:
            units = settled if amount is None else exact(amount, self._settings.digits(known["currency"]))
        except NotAnAmount as error:
            raise wrong("bad_amount", f"{error}.") from None
        if not 0 < units <= settled:
            raise wrong("bad_amount", "What comes back is above zero and at most what was settled.")
        with self._store.change():
            return self._return(known, units, code)

    def debit_again(self, desk: str, reference: str) -> Row:
        """The order, debited a second time and told of in a statement, as a bank does by mistake."""
        known = self._orders.find(desk, reference)
        if known is None or desk != "bankfile" or known["settled_amount"] is None:
            raise Refused(409, "not_debited", f"{reference} is no payment of a file that was debited.")
        with self._store.change():
            self._give_back(known, -int(known["settled_amount"]), "order_debited_again")
            self._tell_in_statement(known, AGAIN)
        return known

    def _return(self, order: Row, units: int, code: str | None = None) -> Row:
        self._give_back(order, units, "order_returned")
        returned = self._orders.update(
            order, now(), status="returned", returned_amount=str(units), due_at=None, code=code
        )
        self._tell(returned)
        return returned

    def _execute(self, order: Row) -> Row:
        name, rest = split(order["outcome"])
        if order["status"] == "completed":
            return self._return(order, int(order["settled_amount"]))
        amount, at = int(order["amount"]), now()
        if name == "fail":
            self._give_back(order, amount, "order_failed")
            message = f"{order['desk']} could not execute it: {rest}."
            done = self._orders.update(order, at, status="failed", code=rest, message=message, due_at=None)
        else:
            settled = self._settled(order, name, rest)
            self._give_back(order, amount - settled, "order_difference")
            received = self._deliver(order, settled)
            returns = name == "return_after" and DESKS[order["desk"]][order["kind"]].pays
            again = at + span(rest) if returns else None
            values = {"settled_amount": str(settled), "receive_amount": received, "due_at": again}
            done = self._orders.update(order, at, status="completed", **values)
        self._tell(done)
        return done

    def _settled(self, order: Row, name: str, rest: str) -> int:
        if name == "partial":
            return times(int(order["amount"]), exact(rest), self._settings.digits(order["currency"]))
        return exact(rest) if name == "wrong_amount" else int(order["amount"])

    def _deliver(self, order: Row, settled: int) -> str | None:
        desk, kind, currency = order["desk"], DESKS[order["desk"]][order["kind"]], order["currency"]
        if kind.stakes:
            self._books.post(desk, kind.target(currency), settled, "order_received", order["reference"])
        if not kind.converts:
            return None
        receive = order["receive_currency"]
        rate = self._settings.rate(currency, receive) or 0
        received = times(settled, rate, self._settings.digits(receive))
        if order["beneficiary"] == "{}":
            self._books.post(desk, receive, received, "order_received", order["reference"])
        return str(received)

    def _give_back(self, order: Row, units: int, kind: str) -> None:
        source = DESKS[order["desk"]][order["kind"]].source(order["currency"])
        self._books.post(order["desk"], source, units, kind, order["reference"])

    def _tell(self, order: Row) -> None:
        if order["desk"] in FILE_DESKS:
            self._tell_in_statement(order, order["status"])
            return
        self._events.tell(
            type_of(order["desk"], order["kind"], order["status"]),
            desk=order["desk"],
            subject=f"{order['desk']}/{order['reference']}",
            data=self._orders.told(order),
            faults=json.loads(order["webhook_faults"]),
        )

    def _tell_in_statement(self, order: Row, what: str) -> None:
        told = [*json.loads(order["untold"] or "[]"), what]
        self._store.run("UPDATE orders SET untold = ? WHERE number = ?", json.dumps(told), order["number"])
        self._due.set()

    async def run(self) -> None:
        """Execute what is due, for ever."""
        while True:
            self._due.clear()
            self.executed()
            due = self._store.rows(
                f"SELECT * FROM orders WHERE due_at <= ? ORDER BY due_at LIMIT {AT_ONCE}", now()
            )
            for order in due:
                with self._store.change():
                    self._execute(order)
            if due:
                await self._store.committed()
                continue
            await self._until_next()
            await asyncio.sleep(TOGETHER / 1000)

    async def _until_next(self) -> None:
        following = self._store.row("SELECT min(due_at) AS at FROM orders WHERE due_at IS NOT NULL")
        wait = max(following["at"] - now(), 1) / 1000 if following and following["at"] else None
        try:
            await asyncio.wait_for(self._due.wait(), wait)
        except TimeoutError:
            return

    def pending(self) -> dict[str, Any]:
        """How many orders will be executed, or told of in a statement, by themselves."""
        return {
            "orders": self._store.number(
                "SELECT count(*) FROM orders WHERE due_at IS NOT NULL OR untold IS NOT NULL"
            )
        }
