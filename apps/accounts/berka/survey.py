"""A first look through the whole file: what there is to import, and how low each account goes."""

from dataclasses import dataclass, field
from pathlib import Path

from apps.accounts.berka import source
from apps.accounts.berka.source import BadLine, BankLine, CutLine


@dataclass(slots=True)
class Survey:
    """What is to be imported. `floors` has each account of it with its lowest running sum, or zero.

    The floors are those of the whole file, so that an import of its first lines can be completed later.
    """

    lines: int = 0
    bad: list[BadLine] = field(default_factory=list)
    cut: CutLine | None = None
    floors: dict[int, int] = field(default_factory=dict)


def survey(path: Path, limit: int | None) -> Survey:
    """Look through the file; only the first lines count, but every line moves the floors."""
    found = Survey()
    balances: dict[int, int] = {}
    floors: dict[int, int] = {}
    for place, line in enumerate(source.read(path), start=1):
        wanted = limit is None or place <= limit
        if isinstance(line, BankLine):
            _follow(line, balances, floors)
        if wanted:
            _count(line, found)
    found.floors = {account: floors[account] for account in found.floors}
    return found


def _follow(line: BankLine, balances: dict[int, int], floors: dict[int, int]) -> None:
    amount = line.amount.minor if line.kind.inward else -line.amount.minor
    balance = balances[line.account_id] = balances.get(line.account_id, 0) + amount
    floors[line.account_id] = min(floors.get(line.account_id, 0), balance)


def _count(line: BankLine | BadLine | CutLine, found: Survey) -> None:
    if isinstance(line, CutLine):
        found.cut = line
        return
    found.lines += 1
    if isinstance(line, BadLine):
        found.bad.append(line)
    else:
        found.floors[line.account_id] = 0
