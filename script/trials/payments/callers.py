"""Clients of the API that ask for random things and repeat under the same key until they are answered."""

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

AGAIN = frozenset({409, 429, 500, 502, 503, 504})
PATIENCE_SECONDS = 60


@dataclass
class World:
    """What callers know: a key, an operator's, wallets by currency, a recipient by currency."""

    key: str
    operators_key: str
    wallets: dict[str, list[str]]
    recipients: dict[str, str]


@dataclass
class Heard:
    """What callers were told: every transfer that they were promised, by the key under which they asked."""

    transfers: dict[str, dict[str, Any]] = field(default_factory=dict)
    holds: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    unanswered: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


Wish = tuple[str, dict[str, Any]]


class Caller(threading.Thread):
    """One client. It stops asking for new things when it is told to, and still waits for its last answer."""

    def __init__(self, number: int, seed: int, url: str, world: World, heard: Heard) -> None:
        super().__init__(daemon=True)
        self._random = random.Random(f"{seed}:{number}")
        self._client = httpx.Client(base_url=url, timeout=10)
        self._world, self._heard = world, heard
        self._mine: list[str] = []
        self._escrows: list[str] = []
        self.goes_on = True

    def run(self) -> None:
        """Ask, until it is enough."""
        wishes: list[Callable[[], Wish | None]] = [self._payout] * 6
        wishes += [self._transfer] * 3 + [self._onramp] * 2 + [self._offramp, self._refund]
        wishes += [self._buy, self._buy, self._sell, self._bridge, self._start_strategy, self._stop_strategy]
        wishes += [self._escrow, self._escrow, self._release, self._release, self._fee]
        wishes += [self._confirm, self._cancel, self._hold, self._read]
        while self.goes_on:
            wish = self._random.choice(wishes)()
            if wish:
                self._ask(*wish)
            time.sleep(self._random.random() * 0.2)

    def _ask(self, path: str, body: dict[str, Any]) -> None:
        key = uuid.UUID(int=self._random.getrandbits(128)).hex
        bearer = self._world.operators_key if path == "/v1/fees" else self._world.key
        headers = {"Authorization": f"Bearer {bearer}", "Idempotency-Key": key}
        until, last = time.monotonic() + PATIENCE_SECONDS, "nothing"
        while time.monotonic() < until:
            answer = self._once(path, body, headers)
            if answer is not None and not self._must_repeat(answer):
                return self._note(key, path, body, answer)
            last = "nothing" if answer is None else f"{answer.status_code} {answer.text[:200]}"
            time.sleep(0.1 + self._random.random() * 0.3)
        with self._heard.lock:
            self._heard.unanswered.append(f"{path} {key}, at last {last}")
        return None

    def _once(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> httpx.Response | None:
        try:
            return self._client.post(path, json=body, headers=headers)
        except httpx.HTTPError:
            return None

    def _must_repeat(self, answer: httpx.Response) -> bool:
        if answer.status_code not in AGAIN:
            return False
        try:
            code = answer.json().get("code", "")
        except ValueError:
            return True
        return answer.status_code != 409 or code in {"KEY_IN_USE", "CONFLICT"}

    def _note(self, key: str, path: str, body: dict[str, Any], answer: httpx.Response) -> None:
        told = answer.json()
        with self._heard.lock:
            self._heard.answers[f"{path.split('/')[2]} {told.get('code', answer.status_code)}"] += 1
            if path == "/v1/holds" and answer.status_code < 300:
                self._heard.holds.append(told["hold"])
            if "transfer" in told and answer.status_code < 300:
                self._heard.transfers[key] = {"id": told["transfer"], "path": path, **body}
                self._mine.append(told["transfer"])
                if path == "/v1/escrows":
                    self._escrows.append(told["transfer"])

    def _amount(self, currency: str) -> dict[str, str]:
        return {
            "amount": f"{self._random.randint(1, 40)}.{self._random.randint(0, 99):02}",
            "currency": currency,
        }

    def _wallet(self, currency: str) -> str:
        return self._random.choice(self._world.wallets[currency])

    def _payout(self) -> Wish:
        currency = self._random.choice([*self._world.recipients])
        confirm = self._random.random() < 0.9
        asked = {"wallet": self._wallet(currency), "recipient": self._world.recipients[currency]}
        return "/v1/payouts", {**asked, "amount": self._amount(currency), "confirm": confirm}

    def _transfer(self) -> Wish:
        source, destination = self._random.sample(self._world.wallets["EUR"], 2)
        asked = {"from_wallet": source, "to_wallet": destination}
        return "/v1/transfers", {**asked, "amount": self._amount("EUR")}

    def _onramp(self) -> Wish:
        asked = {"from_wallet": self._wallet("EUR"), "to_wallet": self._wallet("USDC")}
        return "/v1/onramps", {**asked, "amount": self._amount("EUR")}

    def _offramp(self) -> Wish:
        asked = {"from_wallet": self._wallet("USDC"), "to_wallet": self._wallet("EUR")}
        return "/v1/offramps", {**asked, "amount": self._amount("USDC")}

    def _buy(self) -> Wish:
        asked = {"from_wallet": self._wallet("EUR"), "to_wallet": self._wallet("BTC")}
        return "/v1/buys", {**asked, "amount": self._amount("EUR")}

    def _sell(self) -> Wish:
        asked = {"from_wallet": self._wallet("BTC"), "to_wallet": self._wallet("EUR")}
        amount = {"amount": f"0.000{self._random.randint(1, 9)}", "currency": "BTC"}
        return "/v1/sells", {**asked, "amount": amount}

    def _bridge(self) -> Wish:
        asked = {"wallet": self._wallet("USDC"), "from_network": "ETH", "to_network": "SOL"}
        return "/v1/bridges", {**asked, "amount": self._amount("USDC")}

    def _start_strategy(self) -> Wish:
        asked = {"wallet": self._wallet("USDC"), "strategy": "lending"}
        return "/v1/strategies", {**asked, "amount": self._amount("USDC")}

    def _stop_strategy(self) -> Wish:
        asked = {"wallet": self._wallet("USDC"), "strategy": "lending"}
        return "/v1/strategies/stop", {**asked, "amount": self._amount("USDC")}

    def _confirm(self) -> Wish | None:
        if not self._mine:
            return None
        return f"/v1/transfers/{self._random.choice(self._mine[-10:])}/confirm", {}

    def _refund(self) -> Wish | None:
        found = self._get("/v1/transfers", kind="pay_in", limit="20")
        pay_ins = [each["id"] for each in found["items"] if each["provider_reference"]] if found else []
        if not pay_ins:
            return None
        return f"/v1/transfers/{self._random.choice(pay_ins)}/refund", {}

    def _cancel(self) -> Wish | None:
        if not self._mine:
            return None
        return f"/v1/transfers/{self._random.choice(self._mine)}/cancel", {"reason": "changed my mind"}

    def _hold(self) -> Wish:
        return "/v1/holds", {"wallet": self._wallet("EUR"), "amount": self._amount("EUR"), "reason": "order"}

    def _escrow(self) -> Wish:
        return "/v1/escrows", {"wallet": self._wallet("EUR"), "amount": self._amount("EUR")}

    def _release(self) -> Wish | None:
        if not self._escrows:
            return None
        asked = {"escrow": self._random.choice(self._escrows), "to_wallet": self._wallet("EUR")}
        part = {"amount": self._amount("EUR")} if self._random.random() < 0.7 else {}
        return "/v1/escrow-releases", {**asked, **part}

    def _fee(self) -> Wish:
        asked = {"wallet": self._wallet("EUR"), "amount": self._amount("EUR")}
        return "/v1/fees", {**asked, "description": "paper statements"}

    def _read(self) -> None:
        self._get(f"/v1/wallets/{self._wallet('EUR')}/balances")

    def _get(self, path: str, **asked: str) -> Any:
        """What is read there, None if nothing answers."""
        headers = {"Authorization": f"Bearer {self._world.key}"}
        try:
            answer = self._client.get(path, params=asked, headers=headers)
            return answer.json() if answer.status_code == 200 else None
        except (httpx.HTTPError, ValueError):
            return None
