"""One stretch of measured work, and the same beside its yardstick."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from script.benches.instruments.cpu import Window


def percentile(values: Sequence[float], percent: int) -> float:
    """What this many percent of the values do not exceed; 0 if there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)] if ordered else 0.0


@dataclass(frozen=True, slots=True)
class Slice:
    """What was done in one window. `latencies` are of calls, in milliseconds; a call may carry many items.

    `posted` counts the warm-up too: it is what the books must show for it.
    """

    items: int
    seconds: float
    latencies: Sequence[float]
    client: float
    window: Window
    posted: int

    @property
    def rate(self) -> float:
        """Items a second."""
        return self.items / self.seconds

    @property
    def strangers(self) -> float:
        """The share of the machine that neither the server nor the callers used."""
        return self.window.strangers(self.client)

    def percentile(self, percent: int) -> float:
        """The latency that this many percent of the calls kept within, in milliseconds."""
        return percentile(self.latencies, percent)

    def facts(self) -> dict[str, Any]:
        """The slice as plain figures."""
        return {
            "rate": round(self.rate, 1),
            "p50_ms": round(self.percentile(50), 3),
            "p95_ms": round(self.percentile(95), 3),
            "p99_ms": round(self.percentile(99), 3),
            "server_us_per_item": round(self.window.server / max(self.items, 1) * 1e6, 1),
            "client_us_per_item": round(self.client / max(self.items, 1) * 1e6, 1),
            "steal": round(self.window.steal, 4),
            "strangers": round(self.strangers, 4),
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """A slice between its two neighbouring slices of the yardstick."""

    measured: Slice
    before: Slice
    after: Slice

    @property
    def ratio(self) -> float:
        """How many times the yardstick."""
        return self.measured.rate / mean((self.before.rate, self.after.rate))


def medians(slices: Sequence[Slice]) -> dict[str, Any]:
    """The median of each figure over slices."""
    facts = [each.facts() for each in slices]
    return {name: round(median(fact[name] for fact in facts), 4) for name in facts[0]}
