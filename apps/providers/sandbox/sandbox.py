"""All parts together, over one file."""

import asyncio
from typing import Any

from apps.providers.sandbox.arrivals import Arrivals
from apps.providers.sandbox.books import Books
from apps.providers.sandbox.desks import DESKS
from apps.providers.sandbox.events import Events
from apps.providers.sandbox.execution import Execution
from apps.providers.sandbox.faults import Faults
from apps.providers.sandbox.files import Files
from apps.providers.sandbox.orders import Orders
from apps.providers.sandbox.payees import Payees
from apps.providers.sandbox.settings import Settings
from apps.providers.sandbox.store import Store
from apps.providers.sandbox.webhooks import Webhooks


class Sandbox:
    """All desks: `first` are the settings of a new file, which a reset goes back to."""

    def __init__(self, path: str, first: dict[str, Any]) -> None:
        self._first = first
        self.resets = 0
        self.store = Store(path)
        self.settings = Settings()
        self.settings.change(self.store.kept("settings") or first)
        self.faults = Faults(self.store)
        self.books = Books(self.store, self.settings)
        self.orders = Orders(self.store, self.settings)
        self.events = Events(self.store, self.settings)
        self.arrivals = Arrivals(self.store, self.settings, self.books, self.events, self.faults)
        self.payees = Payees(self.store)
        self.execution = Execution(
            self.store, self.settings, self.books, self.orders, self.events, self.faults
        )
        self.files = Files(
            self.store, self.settings, self.books, self.orders, self.execution, self.events, self.faults
        )
        self.execution.executed = self.files.flush
        self.webhooks = Webhooks(self.store, self.settings)
        self.events.written = self.webhooks.wake

    def open(self, amount: str) -> None:
        """Put so much on our account at each desk, in each currency, unless the books have begun."""
        if self.books.begun:
            return
        for desk in DESKS:
            for currency in self.settings.currencies:
                self.arrivals.fund(desk, currency, amount)

    def set(self, given: dict[str, Any]) -> None:
        """Change settings and keep them."""
        self.settings.change(given)
        with self.store.change():
            self.store.keep("settings", self.settings.as_json())
        self.webhooks.wake()

    async def reset(self) -> None:
        """Forget everything, also what is on its way; the settings are as in the beginning."""
        self.resets += 1
        with self.store.change():
            self.store.forget()
        await self.webhooks.stop()
        vars(self.settings).update(vars(Settings()))
        self.settings.change(self._first)
        self.faults.load()

    def pending(self) -> dict[str, int]:
        """What will happen by itself: orders to be executed, deliveries to be tried."""
        return {**self.execution.pending(), **self.webhooks.pending()}

    async def settle(self, timeout: int) -> dict[str, int]:
        """What is still pending after so many milliseconds, or as soon as it is nothing."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout / 1000
        while any((left := self.pending()).values()) and loop.time() < end:
            await asyncio.sleep(1 / 200)
        return left
