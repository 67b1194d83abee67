"""What was found, as data, as a table to read and as rows for docs/performance.md."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from script.benches.instruments.machine import words
from script.benches.instruments.rounds import Findings, Shape
from script.benches.instruments.slices import medians


def answer(
    shapes: Sequence[Shape], findings: Findings, machine: dict[str, Any], books: dict[str, Any]
) -> dict[str, Any]:
    """Everything; `ratios` has the headline of each shape that has a goal, `extra_ratios` those of the others."""
    figures = {shape.name: _figures(shape, findings) for shape in shapes}
    return {
        "ratios": {shape.name: figures[shape.name]["ratio"] for shape in shapes if shape.goal},
        "extra_ratios": {shape.name: figures[shape.name]["ratio"] for shape in shapes if not shape.goal},
        "goals": {shape.name: shape.goal for shape in shapes if shape.goal},
        "missed": [
            shape.name for shape in shapes if shape.goal and figures[shape.name]["ratio"] < shape.goal
        ],
        "shapes": figures,
        "yardstick": medians(findings.yardstick) | {"slices": [each.facts() for each in findings.yardstick]},
        "discarded_slices": findings.discarded,
        "machine": machine,
        "books": books,
    }


def _figures(shape: Shape, findings: Findings) -> dict[str, Any]:
    comparisons = findings.comparisons[shape.name]
    slices = [each.measured for each in comparisons]
    return {
        "says": shape.says,
        "goal": shape.goal,
        "ratio": round(median(each.ratio for each in comparisons), 2),
        "ratios": [round(each.ratio, 3) for each in comparisons],
        **medians(slices),
        "slices": [each.facts() for each in slices],
    }


def table(answer: dict[str, Any]) -> str:
    """For the terminal."""
    latencies = f"{'p50':>8}{'p95':>8}{'p99 ms':>8}"
    rows = [
        f"{'':26}{'goal':>6}{'ratio':>8}{'':>15}{'per second':>11}{latencies}{'server':>8}{'client us':>10}"
    ]
    rows += [_row(name, figures) for name, figures in answer["shapes"].items()]
    yardstick = answer["yardstick"] | {"goal": None, "ratio": 1.0, "ratios": [1.0]}
    rows.append(_row("tpcb-like", yardstick))
    books = answer["books"]
    rows.append(
        f"Missed: {', '.join(answer['missed']) or 'nothing'}. Discarded slices: {answer['discarded_slices']}."
    )
    rows.append(
        f"The books balance: {books['counts']}."
        if books["sound"]
        else f"THE BOOKS ARE WRONG: {books['defects']}"
    )
    return "\n".join([*rows, words(answer["machine"])])


def _row(name: str, f: dict[str, Any]) -> str:
    spread = f"{min(f['ratios']):.2f} - {max(f['ratios']):.2f}"
    goal = f"{f['goal']:.1f}" if f["goal"] else ""
    return (
        f"{name:26}{goal:>6}{f['ratio']:>7.2f}x{spread:>15}{f['rate']:>11,.0f}{f['p50_ms']:>8.1f}{f['p95_ms']:>8.1f}"
        f"{f['p99_ms']:>8.1f}{f['server_us_per_item']:>8.0f}{f['client_us_per_item']:>10.0f}"
    )


def markdown(answer: dict[str, Any]) -> str:
    """The rows of the tables of docs/performance.md."""
    shapes = answer["shapes"] | {
        "tpcb-like": answer["yardstick"] | {"goal": None, "ratio": 1.0, "says": "8 clients, scale 50"}
    }
    rows = [_markdown_row(name, figures) for name, figures in shapes.items()]
    return "\n".join([*rows, "", words(answer["machine"])])


def _markdown_row(name: str, f: dict[str, Any]) -> str:
    goal = f"≥ {f['goal']:g}x" if f["goal"] else ""
    latency = " / ".join(f"{f[p]:.1f}" for p in ("p50_ms", "p95_ms", "p99_ms"))
    cpu = f"{f['server_us_per_item']:.0f} + {f['client_us_per_item']:.0f}"
    return f"| `{name}` | {f['says']} | {goal} | {f['ratio']:.2f}x | {f['rate']:,.0f} | {latency} | {cpu} |"
