"""Orders: accepted once per reference, cancelled while there is time, shown as they are."""

import json
import secrets
from dataclasses import dataclass
from typing import Any

from apps.providers.sandbox.amounts import NotAnAmount, exact
from apps.providers.sandbox.desks import DESKS, Kind
from apps.providers.sandbox.errors import Refused, wrong
from apps.providers.sandbox.instants import iso
from apps.providers.sandbox.settings import Settings
from apps.providers.sandbox.store import Row, Store

LONGEST_REFERENCE = 200
PAGE = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order as it was asked for, in one form."""

    desk: str
    reference: str
    kind: Kind
    amount: int
    currency: str
    beneficiary: dict[str, Any]
    receive_currency: str | None
    memo: str | None

    def asked(self) -> str:
        """The same text for the same order, however it was written."""
        return json.dumps(
            [
                *(self.reference, self.kind.name, str(self.amount), self.currency),
                *(self.beneficiary, self.receive_currency, self.memo),
            ],
            sort_keys=True,
        )

    def subject(self, settings: Settings) -> dict[str, str | None]:
        """What faults match."""
        return {
            "reference": self.reference,
            "desk": self.desk,
            "kind": self.kind.name,
            "amount": settings.told(self.amount, self.currency),
            "to": json.dumps(self.beneficiary, ensure_ascii=False),
        }


def wanted(desk: str, given: Any, settings: Settings) -> Wanted:
    """The order of a body, or refused for what is wrong for good."""
    if not isinstance(given, dict):
        raise Refused(400, "bad_request", "The body is no JSON object.")
    kind = DESKS[desk].get(str(given.get("kind")))
    if kind is None:
        raise wrong("unknown_kind", f"{desk} takes {', '.join(DESKS[desk])}.")
    currency, receive = str(given.get("currency")), given.get("receive_currency")
    amount = amount_of(given.get("amount"), currency, settings)
    if kind.name == "bridge":
        receive = receive or currency
    if kind.converts and settings.rate(currency, str(receive)) is None:
        raise wrong("unsupported_currency", f"There is no rate for {currency}/{receive}.")
    beneficiary = given.get("to") or {}
    if not isinstance(beneficiary, dict) or (kind.pays and not beneficiary):
        raise wrong("bad_beneficiary", "to is no object that says who is paid.")
    memo = given.get("memo")
    return Wanted(
        desk=desk,
        reference=reference_of(given.get("reference")),
        kind=kind,
        amount=amount,
        currency=currency,
        beneficiary=beneficiary,
        receive_currency=str(receive) if kind.converts else None,
        memo=None if memo is None else str(memo),
    )


def reference_of(given: Any) -> str:
    """The reference, or refused."""
    if not isinstance(given, str) or not 0 < len(given) <= LONGEST_REFERENCE:
        raise Refused(400, "bad_request", f"reference is no text of at most {LONGEST_REFERENCE} characters.")
    return given


def amount_of(given: Any, currency: str, settings: Settings) -> int:
    """The units of an amount, or refused for what is wrong for good."""
    digits = settings.digits(currency)
    try:
        amount = exact(given, digits)
    except NotAnAmount as error:
        raise wrong("bad_amount", f"{error}.") from None
    if amount <= 0:
        raise wrong("bad_amount", "The amount is not above zero.")
    return amount


class Orders:
    """The orders in the file."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings

    def find(self, desk: str, reference: str) -> Row | None:
        """The order of a reference."""
        return self._store.row("SELECT * FROM orders WHERE desk = ? AND reference = ?", desk, reference)

    def add(self, desk: str, reference: str, at: int, **values: Any) -> Row:
        """A new order, within a change."""
        values = {
            **{"id": f"sbo_{secrets.token_hex(12)}", "desk": desk, "reference": reference},
            **{"created_at": at, "changed_at": at, **values},
        }
        number = self._store.run(
            f"INSERT INTO orders ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
            *values.values(),
        )
        return self._entered(number, values["status"], at)

    def update(self, order: Row, at: int, **values: Any) -> Row:
        """The order with other values, within a change; a new status is remembered as a transition."""
        values = {**values, "changed_at": at}
        self._store.run(
            f"UPDATE orders SET {', '.join(f'{name} = ?' for name in values)} WHERE number = ?",
            *values.values(),
            order["number"],
        )
        return self._entered(order["number"], values.get("status"), at)

    def _entered(self, number: int, status: str | None, at: int) -> Row:
        if status:
            self._store.run(
                "INSERT INTO transitions (order_number, status, at) VALUES (?, ?, ?)", number, status, at
            )
        found = self._store.row("SELECT * FROM orders WHERE number = ?", number)
        assert found is not None  # noqa: S101
        return found

    def changed(self, desk: str, since: int, after: str | None, limit: int) -> list[dict[str, Any]]:
        """A page of the orders that changed since an instant, in the order in which they came."""
        start = self._store.row("SELECT number FROM orders WHERE id = ?", after) if after else None
        if after and start is None:
            raise wrong("unknown_order", f"There is no order {after[:40]!r} to go on after.")
        rows = self._store.rows(
            "SELECT * FROM orders WHERE desk = ? AND changed_at >= ? AND number > ? ORDER BY number LIMIT ?",
            *(desk, since, start["number"] if start else 0, min(limit, PAGE)),
        )
        return [self.told(row) for row in rows]

    def told(self, row: Row) -> dict[str, Any]:
        """The order as clients see it."""
        amounts = {
            name: self._settings.told(row[name], row["receive_currency" if "receive" in name else "currency"])
            for name in ("amount", "receive_amount", "settled_amount", "returned_amount")
        }
        return {
            **{name: row[name] for name in ("id", "reference", "desk", "kind", "status", "currency")},
            **amounts,
            "receive_currency": row["receive_currency"],
            "to": json.loads(row["beneficiary"]),
            "memo": row["memo"],
            "created_at": iso(row["created_at"]),
            "changed_at": iso(row["changed_at"]),
            "expected_at": None if row["expected_at"] is None else iso(row["expected_at"]),
            "code": row["code"],
            "message": row["message"],
        }
