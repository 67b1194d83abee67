"""Desks that take payments in files: each message id once, each payment once, and what is told of them afterwards."""

import hashlib
import json
from typing import Any

from apps.providers.sandbox.books import Books
from apps.providers.sandbox.desks import AGAIN, DESKS, FILE_DESKS
from apps.providers.sandbox.errors import Refused
from apps.providers.sandbox.events import Events
from apps.providers.sandbox.execution import Execution
from apps.providers.sandbox.faults import Faults, split
from apps.providers.sandbox.instants import iso, now
from apps.providers.sandbox.orders import Orders, Wanted, amount_of
from apps.providers.sandbox.payment_files import PaymentRead, read
from apps.providers.sandbox.reports import returns, statement, status_report
from apps.providers.sandbox.settings import Settings
from apps.providers.sandbox.store import Row, Store

PAGE = 100


class Files:
    """The files in the file; `flush` tells what was booked or came back since it last did."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        books: Books,
        orders: Orders,
        execution: Execution,
        events: Events,
        faults: Faults,
    ) -> None:
        self._store, self._settings, self._books, self._orders = store, settings, books, orders
        self._execution, self._events, self._faults = execution, events, faults

    def find(self, desk: str, message_id: str) -> Row | None:
        """The file of a message id."""
        return self._store.row("SELECT * FROM files WHERE desk = ? AND message_id = ?", desk, message_id)

    def take(self, desk: str, message_id: str, content: bytes) -> Row:
        """Take a file and begin with its payments; Refused as `duplicate` if its message id is known."""
        known = self.find(desk, message_id)
        if known is not None:
            with self._store.change():
                self._report(desk, message_id, "RJCT", "DU01", [])
            raise Refused(409, "duplicate", f"{message_id} was taken before.", sha256=known["sha256"])
        payments = read(desk, content)
        with self._store.change():
            fault = self._faults.strike("outcome", {"desk": desk, "reference": message_id, "kind": "file"})
            name, code = split(fault or "")
            self._store.run(
                "INSERT INTO files (desk, message_id, sha256, content, taken_at) VALUES (?, ?, ?, ?, ?)",
                *(desk, message_id, hashlib.sha256(content).hexdigest(), content, now()),
            )
            if name == "fail":
                self._report(desk, message_id, "RJCT", code, [])
            else:
                self._begin(desk, message_id, payments)
        row = self.find(desk, message_id)
        assert row is not None  # noqa: S101
        return row

    def _begin(self, desk: str, message_id: str, payments: list[PaymentRead]) -> None:
        refused = [found for each in payments if (found := self._payment(desk, message_id, each))]
        if desk == "ach":
            return
        group = "ACCP" if not refused else "PART" if len(refused) < len(payments) else "RJCT"
        self._report(desk, message_id, group, "", refused)

    def _payment(self, desk: str, message_id: str, payment: PaymentRead) -> dict[str, str] | None:
        """Begin with a payment; why it is refused, if it is."""
        if self._orders.find(desk, payment.reference) is not None:
            return {"reference": payment.reference, "code": "DU04"}
        try:
            order, _ = self._execution.accept(self._wanted(desk, payment))
        except Refused as refused:
            code = "AM04" if refused.code == "insufficient_funds" else "AC01"
            return {"reference": payment.reference, "code": code}
        self._store.run(
            "UPDATE orders SET file = ?, untold = NULL WHERE number = ?", message_id, order["number"]
        )
        name, code = split(order["outcome"])
        if name != "fail" or desk == "ach":
            return None
        self._execution.order_to_execute(desk, payment.reference, order["outcome"])
        return {"reference": payment.reference, "code": code}

    def _wanted(self, desk: str, payment: PaymentRead) -> Wanted:
        return Wanted(
            desk=desk,
            reference=payment.reference,
            kind=DESKS[desk]["payout"],
            amount=amount_of(payment.amount, payment.currency, self._settings),
            currency=payment.currency,
            beneficiary=payment.to,
            receive_currency=None,
            memo=payment.memo,
        )

    def _report(self, desk: str, about: str, group: str, code: str, refused: list[Any]) -> None:
        at = now()
        message = f"STS-{at}-{self._store.number('SELECT count(*) FROM webhooks')}"
        text = status_report(message, about, iso(at), group, code.upper(), refused)
        self._tell(desk, about, "report.pain002", text)

    def _tell(self, desk: str, about: str, kind: str, content: str) -> None:
        faults = self._faults.strike("webhook", {"desk": desk, "reference": about, "kind": kind}) or []
        data = {"reference": about, "content": content}
        self._events.tell(kind, desk=desk, subject=f"{desk}/{about}", data=data, faults=list(faults))

    def flush(self) -> None:
        """Tell what was booked and what came back, of each desk and currency in one statement."""
        for desk in FILE_DESKS:
            rows = self._store.rows(
                "SELECT * FROM orders WHERE desk = ? AND untold IS NOT NULL ORDER BY changed_at, number", desk
            )
            if not rows:
                continue
            with self._store.change():
                for currency in sorted({row["currency"] for row in rows}):
                    self._state(desk, currency, [row for row in rows if row["currency"] == currency])
                self._store.run(
                    f"UPDATE orders SET untold = NULL WHERE number IN ({','.join('?' * len(rows))})",
                    *(row["number"] for row in rows),
                )

    def _state(self, desk: str, currency: str, rows: list[Row]) -> None:
        at = now()
        message = f"STM-{at}-{currency}-{self._store.number('SELECT count(*) FROM webhooks')}"
        told = [line for row in rows for line in self._lines(row)]
        if desk == "ach":
            back = [each for each in told if each["what"] != "completed"]
            if back:
                self._tell(desk, message, "report.returns", returns(iso(at)[2:10].replace("-", ""), back))
            return
        told = [each for each in told if each["what"] != "failed"]
        if told:
            balance = self._settings.told(self._books.balance(desk, currency), currency) or "0"
            told = [{**each, "entry": f"{message}-{place}"} for place, each in enumerate(told, 1)]
            text = statement(message, iso(at), currency, balance, balance, told)
            self._tell(desk, message, "report.camt053", text)

    def _lines(self, row: Row) -> list[dict[str, Any]]:
        """What is told of an order: each of the statuses that it entered since it was last told of."""
        amounts = {
            "completed": row["settled_amount"],
            AGAIN: row["settled_amount"],
            "returned": row["returned_amount"],
            "failed": row["amount"],
        }
        return [
            {
                "what": status,
                "reference": row["reference"],
                "currency": row["currency"],
                "amount": self._settings.told(amounts[status], row["currency"]),
                "code": row["code"],
            }
            for status in json.loads(row["untold"])
            if status in amounts
        ]

    def files(self, desk: str, since: int, after: int) -> list[dict[str, Any]]:
        """A page of the files that were taken since an instant, with their bytes as text."""
        rows = self._store.rows(
            f"SELECT * FROM files WHERE desk = ? AND taken_at >= ? AND number > ? ORDER BY number LIMIT {PAGE}",
            *(desk, since, after),
        )
        return [{"number": row["number"], **told(row), "content": row["content"].decode()} for row in rows]

    def reports(self, desk: str, since: int, after: int) -> list[dict[str, Any]]:
        """A page of what was told since an instant, each once."""
        rows = self._store.rows(
            "SELECT min(number) AS number, body FROM webhooks WHERE desk = ? AND type LIKE 'report.%'"
            " AND json_extract(body, '$.created_at') >= ? GROUP BY event HAVING min(number) > ?"
            f" ORDER BY 1 LIMIT {PAGE}",
            *(desk, iso(since), after),
        )
        return [
            {"number": row["number"], "content": json.loads(row["body"])["data"]["content"]} for row in rows
        ]

    def payments(self, desk: str, since: int, after: int) -> list[dict[str, Any]]:
        """A page of the payments that changed since an instant."""
        rows = self._store.rows(
            f"SELECT * FROM orders WHERE desk = ? AND changed_at >= ? AND number > ? ORDER BY number LIMIT {PAGE}",
            *(desk, since, after),
        )
        return [{"number": row["number"], "file": row["file"], **self._orders.told(row)} for row in rows]


def told(row: Row) -> dict[str, Any]:
    """A file as its client sees it; `bank` says that nothing here is real."""
    return {
        "bank": "sandbox",
        "message_id": row["message_id"],
        "sha256": row["sha256"],
        "status": "taken",
        "taken_at": iso(row["taken_at"]),
    }
