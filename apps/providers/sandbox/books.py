"""Our accounts with the desks: every balance is the sum of its transactions."""

from typing import Any

from apps.providers.sandbox.desks import STRATEGY
from apps.providers.sandbox.instants import iso, now
from apps.providers.sandbox.settings import Settings
from apps.providers.sandbox.store import Row, Store

PAGE = 1000


class Books:
    """The accounts of all desks; they may go below zero, for what comes back is not asked about."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings

    def balance(self, desk: str, currency: str) -> int:
        """The units on an account."""
        found = self._store.row(
            "SELECT balance FROM accounts WHERE desk = ? AND currency = ?", desk, currency
        )
        return int(found["balance"]) if found else 0

    def post(self, desk: str, currency: str, amount: int, kind: str, reference: str | None) -> None:
        """Add a signed amount to an account, within a change; nothing if it is zero."""
        if not amount:
            return
        balance = self.balance(desk, currency) + amount
        self._store.run("INSERT OR REPLACE INTO accounts VALUES (?, ?, ?)", desk, currency, str(balance))
        self._store.run(
            "INSERT INTO transactions (at, desk, currency, amount, balance, kind, reference)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(now(), desk, currency, str(amount), str(balance), kind, reference),
        )

    @property
    def begun(self) -> bool:
        """Whether anything was ever posted."""
        return bool(self._store.rows("SELECT 1 FROM accounts LIMIT 1"))

    def balances(self, desk: str) -> dict[str, Any]:
        """What is on a desk's accounts, and what works in strategies, by currency."""
        found = {
            row["currency"]: self._settings.told(row["balance"], row["currency"])
            for row in self._store.rows(
                "SELECT currency, balance FROM accounts WHERE desk = ? ORDER BY 1", desk
            )
        }
        return {
            "desk": desk,
            "balances": {name: units for name, units in found.items() if STRATEGY not in name},
            "strategies": {
                name.removesuffix(STRATEGY): units for name, units in found.items() if STRATEGY in name
            },
        }

    def transactions(
        self, desk: str | None, currency: str | None, after: int, limit: int = PAGE
    ) -> list[dict[str, Any]]:
        """A page of the ledger, oldest first, after the number of a transaction."""
        return [
            self._told(row)
            for row in self._store.rows(
                "SELECT * FROM transactions WHERE number > ?1 AND (?2 IS NULL OR desk = ?2)"
                " AND (?3 IS NULL OR currency = ?3) ORDER BY number LIMIT ?4",
                *(after, desk, currency, limit),
            )
        ]

    def _told(self, row: Row) -> dict[str, Any]:
        return {
            "id": row["number"],
            "at": iso(row["at"]),
            "desk": row["desk"],
            "currency": row["currency"],
            "amount": self._settings.told(row["amount"], row["currency"]),
            "balance": self._settings.told(row["balance"], row["currency"]),
            "kind": row["kind"],
            "reference": row["reference"],
        }
