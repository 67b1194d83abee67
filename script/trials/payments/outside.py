"""What happens at the bank without our asking: money comes in, payments come back, deposits are taken back."""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from script.trials.payments.sandbox import SandboxControl

LATELY = timedelta(seconds=20)


class Outside(threading.Thread):
    """Something about once a second, until it is told to stop."""

    def __init__(self, seed: int, control: SandboxControl, numbers: Sequence[str]) -> None:
        super().__init__(daemon=True)
        self._random = random.Random(f"{seed}:outside")
        self._control, self._numbers = control, numbers
        self._deposits: list[str] = []
        self.made: Counter[str] = Counter()
        self.goes_on = True

    def run(self) -> None:
        """Let things happen."""
        kinds = [self._deposit] * 6 + [self._deposit_for_nobody, self._return, self._return, self._chargeback]
        while self.goes_on:
            time.sleep(self._random.random() * 1.2)
            kind = self._random.choice(kinds)
            try:
                kind()
            except httpx.HTTPError:
                continue  # The bank is down, or what was chosen cannot come back any more.
            self.made[kind.__name__.removeprefix("_")] += 1

    def _deposit(self) -> None:
        self._arrives(virtual_account=self._random.choice(self._numbers), remitter="Ada Berg")

    def _deposit_for_nobody(self) -> None:
        self._arrives(reference="rent", remitter="Nobody Knows")

    def _arrives(self, **more: str) -> None:
        made = self._control.deposit(desk="bank", amount=self._amount(), currency="EUR", **more)
        self._deposits.append(made["id"])

    def _return(self) -> None:
        done = [each for each in self._completed() if each["kind"] in {"payout", "refund"}]
        if done:
            self._control.give_back("bank", self._random.choice(done)["reference"])

    def _completed(self) -> list[dict[str, Any]]:
        orders = self._control.orders("bank", datetime.now(UTC) - LATELY)
        return [each for each in orders if each["status"] == "completed"]

    def _chargeback(self) -> None:
        if self._deposits:
            self._control.charge_back(self._random.choice(self._deposits))

    def _amount(self) -> str:
        return f"{self._random.randint(1, 60)}.{self._random.randint(0, 99):02}"
