"""`fixtures/chart.json`, read and checked entry by entry."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from apps.core.currencies import CurrencyUnknown, currency
from apps.core.errors import DomainError
from apps.ledger.chart.data import Chart, ChartAccount, ChartPattern
from apps.ledger.models import GlType, Side

FILE = Path(__file__).resolve().parents[3] / "fixtures" / "chart.json"

_SIDES = {"credit": Side.CREDIT, "debit": Side.DEBIT}
_CODE = re.compile(r"[0-9]{1,20}\Z")
_PATTERN = re.compile(r"([A-Za-z0-9_-]+|\*)(:([A-Za-z0-9_-]+|\*))*\Z")
_LONGEST = 200
_KEY = {"accounts": "code", "patterns": "pattern"}
_NEEDED = {"accounts": {"code", "name", "type"}, "patterns": {"pattern", "gl_code"}}
_ALLOWED: dict[str, dict[str, tuple[type, str]]] = {
    "accounts": {
        "code": (str, "text"),
        "name": (str, "text"),
        "type": (str, "text"),
        "parent": (str, "text"),
        "side": (str, "text"),
        "currencies": (list, "a list"),
    },
    "patterns": {"pattern": (str, "text"), "gl_code": (str, "text"), "names_holds": (bool, "true or false")},
}

Entry = Mapping[str, Any]
Sections = Mapping[str, Sequence[Entry]]


class ChartInvalid(DomainError):
    """The file is no chart of accounts; `details` has every fault with its entry."""

    code = "CHART_INVALID"


def read_chart(path: Path | None = None) -> Chart:
    """The chart that the file holds (`fixtures/chart.json` unless another is named), or ChartInvalid."""
    path = path or FILE
    found = _load(path)
    if faults := _faults(found, _shape):
        _refuse(path, faults)
    by_code = {entry["code"]: entry for entry in found["accounts"]}
    headings = {entry.get("parent") for entry in found["accounts"]}

    def meaning(section: str, entry: Any) -> Iterator[str]:
        if section == "accounts":
            return _account_faults(entry, by_code)
        return _pattern_faults(entry, by_code, headings)

    if faults := [*_repeated(found), *_faults(found, meaning)]:
        _refuse(path, faults)
    return Chart(
        accounts={code: _account(entry) for code, entry in by_code.items()},
        patterns={entry["pattern"]: ChartPattern(**entry) for entry in found["patterns"]},
    )


def _load(path: Path) -> Sections:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        _refuse(path, [f"line {error.lineno}, column {error.colno}: {error.msg}; it must be JSON"])
    except (OSError, UnicodeDecodeError) as error:
        _refuse(path, [f"it cannot be read: {error}"])
    if not isinstance(found, dict) or found.keys() != _KEY.keys():
        _refuse(path, ['it must be an object with "accounts" and "patterns", and nothing else'])
    for section, entries in found.items():
        if not isinstance(entries, list):
            _refuse(path, [f'"{section}" must be a list'])
    sections: Sections = found
    return sections


def _refuse(path: Path, faults: Sequence[str]) -> NoReturn:
    name = f"{path.parent.name}/{path.name}"
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    raise ChartInvalid(f"{name}: {faults[0]}{more}.", details={"file": name, "faults": list(faults)})


def _faults(found: Sections, look: Callable[[str, Any], Iterable[str]]) -> list[str]:
    return [
        f"{_place(section, index, entry)}: {fault}"
        for section, entries in found.items()
        for index, entry in enumerate(entries)
        for fault in look(section, entry)
    ]


def _place(section: str, index: int, entry: Any) -> str:
    name = entry.get(_KEY[section]) if isinstance(entry, dict) else None
    return f"{section}[{index}]" + (f" ({name})" if name else "")


def _repeated(found: Sections) -> Iterator[str]:
    """A pattern twice is the only tie there is: of two others that fit an address one is always more specific."""
    for section, entries in found.items():
        seen: set[str] = set()
        for index, entry in enumerate(entries):
            name = entry[_KEY[section]]
            if name in seen:
                yield f"{_place(section, index, entry)}: stands here twice, so neither of the two would count"
            seen.add(name)


def _shape(section: str, entry: Any) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield "must be an object"
        return
    allowed = _ALLOWED[section]
    for name in sorted(_NEEDED[section] - entry.keys()):
        yield f'"{name}" is missing'
    for name, value in entry.items():
        if name not in allowed:
            yield f'"{name}" is unknown here; {", ".join(allowed)} are known'
        elif not isinstance(value, allowed[name][0]):
            yield f'"{name}" must be {allowed[name][1]}, not {value!r}'


def _account_faults(entry: Entry, by_code: Mapping[str, Entry]) -> Iterator[str]:
    if not _CODE.match(entry["code"]):
        yield "the code must be 1 to 20 digits"
    if not entry["name"].strip() or len(entry["name"]) > _LONGEST:
        yield f"the name must have 1 to {_LONGEST} characters"
    if entry["type"] not in GlType.values:
        yield f"the type {entry['type']!r} must be one of {', '.join(GlType.values)}"
    if entry.get("side", "credit") not in _SIDES:
        yield f"the side {entry['side']!r} must be credit or debit"
    yield from _currency_faults(entry.get("currencies", []))
    if "parent" in entry:
        yield from _parent_faults(entry, by_code)


def _currency_faults(codes: Sequence[Any]) -> Iterator[str]:
    for index, code in enumerate(codes):
        try:
            currency(code)
        except CurrencyUnknown as error:
            yield error.message.rstrip(".")
        if code in codes[:index]:
            yield f"the currency {code} stands here twice"


def _parent_faults(entry: Entry, by_code: Mapping[str, Entry]) -> Iterator[str]:
    parent = by_code.get(entry["parent"])
    if parent is None:
        yield f"the parent {entry['parent']} is not in the file"
        return
    if parent["type"] != entry["type"]:
        yield f"is of type {entry['type']}, but its parent {parent['code']} is of type {parent['type']}"
    if parent["code"] >= entry["code"]:
        yield f"must sort behind its parent {parent['code']}, read as text"


def _pattern_faults(entry: Entry, by_code: Mapping[str, Entry], headings: set[Any]) -> Iterator[str]:
    code = entry["gl_code"]
    if not _PATTERN.match(entry["pattern"]) or len(entry["pattern"]) > _LONGEST:
        yield (
            "a pattern is of segments joined by colons, each * or of letters, digits, _ and -,"
            f" and has at most {_LONGEST} characters"
        )
    if code not in by_code:
        yield f"the GL account {code} is not in the file"
    if code in headings:
        yield f"{code} is a heading: it has children, so it carries no accounts"


def _account(entry: Entry) -> ChartAccount:
    side = _SIDES[entry["side"]] if "side" in entry else GlType(entry["type"]).usual_side
    return ChartAccount(
        code=entry["code"],
        name=entry["name"],
        type=entry["type"],
        side=int(side),
        currencies=tuple(sorted(entry.get("currencies", []))),
        parent=entry.get("parent"),
    )
