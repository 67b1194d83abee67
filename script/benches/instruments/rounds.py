"""Shapes by turns with the yardstick, so that whatever happens to the machine happens to both."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from script.benches.instruments.slices import Comparison, Slice

MOST_STEAL = 0.15
TRIES = 4


@dataclass(frozen=True, slots=True)
class Shape:
    """A way of asking for postings. One without a goal is measured for the comparison only."""

    name: str
    goal: float | None
    says: str
    run: Callable[[int], Slice]


@dataclass(slots=True)
class Findings:
    """All comparisons by shape, every slice of the yardstick, and what was posted in all."""

    comparisons: dict[str, list[Comparison]]
    yardstick: list[Slice]
    posted: dict[str, int]
    discarded: int = 0


def interleave(shapes: Sequence[Shape], yardstick: Shape, *, rounds: int, seconds: int) -> Findings:
    """Yardstick, shape, yardstick, shape, …, yardstick, that many times over all shapes."""
    findings = Findings({shape.name: [] for shape in shapes}, [], {})
    before = _quiet_slice(yardstick, seconds, findings)
    findings.yardstick.append(before)
    for _ in range(rounds):
        for shape in shapes:
            measured = _quiet_slice(shape, seconds, findings)
            after = _quiet_slice(yardstick, seconds, findings)
            findings.comparisons[shape.name].append(Comparison(measured, before, after))
            findings.yardstick.append(after)
            before = after
            _tell(f"{'':24} = {findings.comparisons[shape.name][-1].ratio:.2f}x")
    return findings


def _quiet_slice(shape: Shape, seconds: int, findings: Findings) -> Slice:
    """A slice during which the host left us the processors; the last one, if it never does."""
    for _ in range(TRIES):
        measured = shape.run(seconds)
        findings.posted[shape.name] = findings.posted.get(shape.name, 0) + measured.posted
        disturbed = measured.window.steal > MOST_STEAL
        _tell(_line(shape, measured) + (" discarded" if disturbed else ""))
        if not disturbed:
            break
        findings.discarded += 1
    return measured


def _line(shape: Shape, measured: Slice) -> str:
    facts = measured.facts()
    return (
        f"{shape.name:24} {facts['rate']:>9,.0f}/s  p50 {facts['p50_ms']:.1f}  p99 {facts['p99_ms']:.1f} ms"
        f"  cpu {facts['server_us_per_item']:.0f}+{facts['client_us_per_item']:.0f} us"
        f"  steal {facts['steal']:.0%}  strangers {facts['strangers']:.0%}"
    )


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
