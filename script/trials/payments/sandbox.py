"""The sandbox's control, and what truly happened there."""

import json
import time
from collections import defaultdict
from datetime import datetime
from typing import Any

import httpx


class SandboxControl:
    """Tells the sandbox how to behave, and asks it for the truth."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, headers={"Authorization": "Bearer control"}, timeout=60)

    def wait(self) -> None:
        """Until it answers."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                self._client.get("/health")
            except httpx.HTTPError:
                time.sleep(0.1)
            else:
                return
        raise SystemExit("The sandbox did not start.")

    def fund(self, desk: str, currency: str, amount: str) -> None:
        """Put money on our account."""
        self._ask("POST", f"accounts/{desk}/{currency}/fund", {"amount": amount})

    def give_up_after(self, tries: int) -> None:
        """Send a message that we do not take this often."""
        self._ask("PUT", "settings", {"webhook": {"tries": tries}})

    def chaos(self, seed: int, parts: dict[str, Any]) -> None:
        """Misbehave at random, always the same for the same seed and references."""
        self._ask("PUT", "chaos", {"seed": seed, **parts})

    def calm(self) -> None:
        """Misbehave no more."""
        self._ask("DELETE", "chaos", {})
        self.up()

    def down(self, desk: str, how: str) -> None:
        """Take a desk down."""
        self._ask("PUT", "down", {"desks": [desk], "how": how})

    def up(self) -> None:
        """Bring all desks up."""
        self._ask("DELETE", "down", {})

    def execute_hanging(self) -> None:
        """Let every order that hangs be executed, so that all have an outcome."""
        for order in self.truth()["order"]:
            if order["status"] == "processing":
                reference = f"orders/{order['desk']}/{order['reference']}/execute"
                self._client.post(f"/control/{reference}", json={"outcome": "complete"})

    def deposit(self, **deposit: str) -> Any:
        """Let money arrive, and tell it: the deposit."""
        return self._ask("POST", "deposits", deposit)

    def charge_back(self, deposit: str) -> None:
        """Take all of a deposit back."""
        self._ask("POST", "chargebacks", {"deposit": deposit, "reason": "fraud"})

    def give_back(self, desk: str, reference: str) -> None:
        """Return a completed payment."""
        self._ask("POST", f"orders/{desk}/{reference}/return", {})

    def orders(self, desk: str, since: datetime) -> list[dict[str, Any]]:
        """The first orders of a desk that changed since then."""
        headers = {"Authorization": "Bearer sandbox"}
        asked = {"since": since.isoformat()}
        found = self._client.get(f"/{desk}/orders", params=asked, headers=headers)
        return list(found.raise_for_status().json()["orders"])

    def settle(self) -> bool:
        """Wait until nothing is pending there: whether that came about."""
        return bool(self._ask("POST", "settle", {"timeout": 30})["settled"])

    def truth(self) -> dict[str, list[dict[str, Any]]]:
        """Everything that happened, by kind."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for line in self._client.get("/control/truth").text.splitlines():
            fact = json.loads(line)
            found[fact.pop("what")].append(fact)
        return found

    def _ask(self, method: str, path: str, body: dict[str, Any]) -> Any:
        return self._client.request(method, f"/control/{path}", json=body).raise_for_status().json()
