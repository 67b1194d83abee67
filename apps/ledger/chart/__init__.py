"""The chart of accounts as plain data: read from its file, and told apart from another one."""

from apps.ledger.chart.data import Chart, ChartAccount, ChartPattern
from apps.ledger.chart.difference import Difference, Parts, difference
from apps.ledger.chart.file import FILE, ChartInvalid, read_chart

__all__ = [
    "FILE",
    "Chart",
    "ChartAccount",
    "ChartInvalid",
    "ChartPattern",
    "Difference",
    "Parts",
    "difference",
    "read_chart",
]
