"""The sandbox provider in a process of its own: started, killed, told what to do, asked what truly happened."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
KEY, CONTROL_KEY, SECRET = "sandbox-key", "sandbox-control", "sandbox-secret"


class Sandbox:
    """A running server. `reset` between tests makes it as new in a few milliseconds."""

    def __init__(self, data: Path, *, webhook: str | None = None) -> None:
        self.data, self.webhook, self.url = data, webhook, ""
        self._process: subprocess.Popen[str] | None = None
        self._control = httpx.Client()

    def start(self) -> None:
        """Start it on a free port, or again on the one that it had."""
        port = httpx.URL(self.url).port if self.url else 0
        arguments = {"--port": str(port), "--data": str(self.data), "--key": KEY}
        arguments |= {"--control-key": CONTROL_KEY, "--webhook-secret": SECRET}
        if self.webhook:
            arguments["--webhook"] = self.webhook
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "apps.providers.sandbox",
                *(part for pair in arguments.items() for part in pair),
            ],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, "the sandbox did not start"
        self._control.close()
        self._control = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {CONTROL_KEY}"}, timeout=60
        )

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process is None:
            return
        self._process.kill()
        self._process.communicate()
        self._process = None

    def client(self, *, timeout: float = 10) -> httpx.Client:
        """A client with the key of the desks."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {KEY}"}, timeout=timeout)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """One request to control, which must be taken; the JSON of its answer."""
        answer = self._control.request(method, f"/control/{path}", json={} if body is None else body)
        assert answer.is_success, f"{answer.status_code} {answer.text}"
        return answer.json()

    def set(self, **settings: Any) -> Any:
        """Change settings: `delays` and `instant` for all desks or by desk, `rates`, `webhook`, `limits`."""
        return self.control("PUT", "settings", settings)

    def fund(self, desk: str, currency: str, amount: str) -> Any:
        """Put money on our account."""
        return self.control("POST", f"accounts/{desk}/{currency}/fund", {"amount": amount})

    def deposit(self, desk: str, amount: str, currency: str, **more: Any) -> Any:
        """Let a deposit arrive: `virtual_account`, `reference`, `remitter`."""
        return self.control(
            "POST", "deposits", {"desk": desk, "amount": amount, "currency": currency, **more}
        )

    def charge_back(self, deposit: str, **more: Any) -> Any:
        """Take a deposit back: `amount`, `reason`."""
        return self.control("POST", "chargebacks", {"deposit": deposit, **more})

    def give_back(self, desk: str, reference: str, **more: Any) -> Any:
        """Return an order after it was completed: `amount`."""
        return self.control("POST", f"orders/{desk}/{reference}/return", more)

    def debit_again(self, desk: str, reference: str) -> Any:
        """Debit a payment of a file a second time, as a bank does by mistake."""
        return self.control("POST", f"orders/{desk}/{reference}/debit", {})

    def execute(self, desk: str, reference: str, outcome: str = "complete") -> Any:
        """Execute an order now, such as one that hangs."""
        return self.control("POST", f"orders/{desk}/{reference}/execute", {"outcome": outcome})

    def fault(self, *, times: int | None = 1, do: dict[str, Any], **match: str) -> None:
        """Script a fault: `fault(do={"submit": "timeout_after"}, reference="po_1")`; None strikes always."""
        self.control("POST", "faults", [{"match": match, "do": do, "times": times}])

    def no_faults(self) -> None:
        """End what was scripted."""
        self.control("DELETE", "faults")

    def chaos(self, seed: int, **parts: dict[str, Any]) -> None:
        """Begin seeded faults: `chaos(7, submit={"timeout_after": "0.03"})`."""
        self.control("PUT", "chaos", {"seed": seed, **parts})

    def no_chaos(self) -> None:
        """End what was seeded."""
        self.control("DELETE", "chaos")

    def down(self, *desks: str, how: str = "refuse") -> None:
        """Take desks down, all if none is named."""
        self.control("PUT", "down", {"desks": list(desks), "how": how})

    def up(self) -> None:
        """Bring all desks up."""
        self.control("DELETE", "down")

    def settle(self, timeout: float = 10) -> dict[str, Any]:
        """Wait until nothing is pending; what is left."""
        return self.control("POST", "settle", {"timeout": timeout})

    def reset(self) -> None:
        """Forget everything."""
        self.control("POST", "reset")

    def truth(self) -> dict[str, list[dict[str, Any]]]:
        """Everything that truly happened: `order`, `deposit`, `chargeback`, `transaction`, `balances`, `webhook`."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        answer = self._control.get("/control/truth")
        assert answer.is_success, answer.text
        for line in answer.text.splitlines():
            fact = json.loads(line)
            found[fact.pop("what")].append(fact)
        return found

    def assert_balanced(self) -> None:
        """Every balance is the sum of its transactions, and each transaction tells the balance after it."""
        assert unbalanced(self.truth()) == []


def unbalanced(truth: dict[str, list[dict[str, Any]]]) -> Sequence[str]:
    """What does not add up."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    wrong = []
    for each in truth["transaction"]:
        account = f"{each['desk']}/{each['currency']}"
        sums[account] += Decimal(each["amount"])
        if sums[account] != Decimal(each["balance"]):
            wrong.append(f"{account} after {each['id']}")
    told = {
        f"{desk['desk']}/{currency}{ending}": Decimal(balance)
        for desk in truth["balances"]
        for name, ending in (("balances", ""), ("strategies", ":strategy"))
        for currency, balance in desk[name].items()
    }
    return [*wrong, *(account for account in {*sums, *told} if sums[account] != told.get(account))]


@contextmanager
def sandbox(data: Path, *, webhook: str | None = None) -> Iterator[Sandbox]:
    """A server that runs as long as the block."""
    running = Sandbox(data, webhook=webhook)
    running.start()
    try:
        yield running
    finally:
        running.kill()
