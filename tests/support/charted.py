"""Where the accounts of tests stand in the chart: many have plain names such as `amara`, which no pattern knows."""

import json
from pathlib import Path
from typing import Any

from apps.ledger.chart import file
from apps.ledger.queries.chart import place_of

OUTSIDE = {1: "2130", -1: "1110"}
"""GL codes for addresses outside the patterns, by side."""


def charted(address: str, side: int | None = None) -> dict[str, Any]:
    """The GL code and side of an account: the chart's; outside its patterns credit-normal unless said otherwise."""
    place = place_of(address)
    if place:
        return {"gl_code": place.code, "side": place.side}
    return {"gl_code": OUTSIDE[side or 1], "side": side or 1}


class ChartFile:
    """A copy of the chart's file, which a test may change."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content = json.loads(file.FILE.read_text())
        self.write()

    def account(self, code: str, **changes: Any) -> None:
        """Change a GL account; a new one is added, None takes a field away."""
        self._change("accounts", "code", code, changes)

    def pattern(self, pattern: str, **changes: Any) -> None:
        """Change a pattern, or add it."""
        self._change("patterns", "pattern", pattern, changes)

    def without(self, name: str) -> None:
        """Leave a GL account or a pattern out."""
        for section in self.content:
            self.content[section] = [
                each for each in self.content[section] if name not in {each.get("code"), each.get("pattern")}
            ]
        self.write()

    def write(self) -> None:
        """Write the file."""
        self.path.write_text(json.dumps(self.content))

    def _change(self, section: str, key: str, name: str, changes: dict[str, Any]) -> None:
        entries = self.content[section]
        if not any(each[key] == name for each in entries):
            entries.append({key: name})
        entry = next(each for each in entries if each[key] == name)
        entry.update(changes)
        for field in [field for field, value in entry.items() if value is None]:
            del entry[field]
        self.write()
