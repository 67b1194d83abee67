"""What comes by itself: deposits on virtual accounts, and chargebacks of deposits."""

import json
import secrets
from typing import Any

from apps.providers.sandbox.amounts import NotAnAmount, exact
from apps.providers.sandbox.books import Books
from apps.providers.sandbox.errors import Refused, wrong
from apps.providers.sandbox.events import WALLETS, Events
from apps.providers.sandbox.faults import Faults
from apps.providers.sandbox.instants import iso, now
from apps.providers.sandbox.settings import Settings
from apps.providers.sandbox.store import Row, Store


class Arrivals:
    """Deposits and chargebacks; each is one change of the file."""

    def __init__(
        self, store: Store, settings: Settings, books: Books, events: Events, faults: Faults
    ) -> None:
        self._store, self._settings = store, settings
        self._books, self._events, self._faults = books, events, faults

    def virtual_account(self, desk: str, reference: str) -> str:
        """The number of the account, or the address of the wallet, of this reference, the same for ever. A new wallet is told."""
        with self._store.change():
            if known := self._account(reference):
                return known
            number = (
                f"0x{secrets.token_hex(20)}" if desk == WALLETS else f"SB{secrets.randbelow(10**16):016d}"
            )
            self._store.run("INSERT INTO virtual_accounts VALUES (?, ?)", reference, number)
            if desk == WALLETS:
                data = {"reference": reference, "number": number}
                self._events.tell(
                    "wallet.wallet_created",
                    desk=desk,
                    subject=f"{desk}/{reference}",
                    data=data,
                    faults=[],
                )
        return number

    def _account(self, reference: str) -> str:
        found = self._store.rows("SELECT account FROM virtual_accounts WHERE reference = ?", reference)
        return str(found[0]["account"]) if found else ""

    def fund(self, desk: str, currency: str, amount: object) -> None:
        """Add to our account, as an owner's own money; a negative amount takes."""
        units = self._units(amount, currency)
        with self._store.change():
            self._books.post(desk, currency, units, "fund", None)

    def deposit(self, desk: str, given: dict[str, Any]) -> dict[str, Any]:
        """Credit our account and tell it: the deposit."""
        currency = str(given.get("currency"))
        units = self._above_zero(given.get("amount"), currency)
        deposit = f"sbd_{secrets.token_hex(12)}"
        with self._store.change():
            self._store.run(
                "INSERT INTO deposits VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                *(deposit, desk, str(units), currency),
                *(_text(given.get(name)) for name in ("virtual_account", "reference", "remitter")),
                now(),
            )
            row = self._found(deposit)
            self._books.post(desk, currency, units, "deposit", deposit)
            self._tell("deposit.received", row, self.told(row))
        return self.told(row)

    def charge_back(
        self, deposit: object, amount: object | None = None, reason: object = None
    ) -> dict[str, Any]:
        """Take a deposit back, wholly or in part, and tell it: the chargeback."""
        row = self._found(str(deposit))
        taken = self._store.rows("SELECT amount FROM chargebacks WHERE deposit = ?", row["id"])
        left = int(row["amount"]) - sum(int(each["amount"]) for each in taken)
        units = left if amount is None else self._above_zero(amount, row["currency"])
        if not 0 < units <= left:
            raise wrong("bad_amount", f"Only {self._settings.told(left, row['currency'])} is left of it.")
        chargeback = f"sbc_{secrets.token_hex(12)}"
        with self._store.change():
            self._store.run(
                "INSERT INTO chargebacks VALUES (?, ?, ?, ?, ?)",
                *(chargeback, row["id"], str(units), _text(reason), now()),
            )
            [made] = self._store.rows(f"{CHARGEBACKS} WHERE c.id = ?", chargeback)
            self._books.post(row["desk"], row["currency"], -units, "chargeback", chargeback)
            self._tell("chargeback.opened", row, self.charged_back(made))
        return self.charged_back(made)

    def _found(self, deposit: str) -> Row:
        found = self._store.row("SELECT * FROM deposits WHERE id = ?", deposit)
        if found is None:
            raise Refused(404, "unknown_deposit", f"There is no deposit {deposit[:40]!r}.")
        return found

    def _units(self, amount: object, currency: str) -> int:
        try:
            return exact(amount, self._settings.digits(currency))
        except NotAnAmount as error:
            raise wrong("bad_amount", f"{error}.") from None

    def _above_zero(self, amount: object, currency: str) -> int:
        units = self._units(amount, currency)
        if units <= 0:
            raise wrong("bad_amount", "The amount is not above zero.")
        return units

    def _tell(self, kind: str, deposit: Row, data: dict[str, Any]) -> None:
        subject = {
            "reference": deposit["reference"] or deposit["id"],
            "desk": deposit["desk"],
            "kind": kind.partition(".")[0],
            "amount": data["amount"],
            "to": json.dumps(deposit["virtual_account"]),
        }
        self._events.tell(
            kind,
            desk=deposit["desk"],
            subject=deposit["id"],
            data=data,
            faults=self._faults.strike("webhook", subject) or [],
        )

    def told(self, row: Row) -> dict[str, Any]:
        """The deposit as clients see it."""
        return {
            **{name: row[name] for name in ("id", "desk", "currency")},
            "amount": self._settings.told(row["amount"], row["currency"]),
            **{name: row[name] for name in ("virtual_account", "reference", "remitter")},
            "received_at": iso(row["received_at"]),
        }

    def charged_back(self, row: Row) -> dict[str, Any]:
        """The chargeback as clients see it."""
        return {
            **{name: row[name] for name in ("id", "desk", "currency")},
            "amount": self._settings.told(row["amount"], row["currency"]),
            **{name: row[name] for name in ("deposit", "reason")},
            "opened_at": iso(row["opened_at"]),
        }


CHARGEBACKS = "SELECT c.*, d.desk, d.currency FROM chargebacks c JOIN deposits d ON d.id = c.deposit"


def _text(value: object) -> str | None:
    return None if value is None else str(value)
