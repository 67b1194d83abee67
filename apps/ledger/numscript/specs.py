"""Runs programs against their `*.num.specs.json`: what they should post, given these balances and variables."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from apps.ledger.numscript.errors import Kind, NumscriptError
from apps.ledger.numscript.inputs import (
    Amounts,
    Unreadable,
    amounts_in,
    balances_of,
    metadata_in,
    variables_in,
)
from apps.ledger.numscript.machine import Posting
from apps.ledger.numscript.program import Result, compiled

SUFFIX = ".specs.json"

_ALWAYS_ON = {
    "experimental-account-interpolation",
    "experimental-mid-script-function-call",
    "experimental-overdraft-function",
}

_EXPECTED_ERRORS = {
    "expect.error.missingFunds": Kind.MISSING_FUNDS,
    "expect.error.negativeAmount": Kind.NEGATIVE_AMOUNT,
}


class Verdict(StrEnum):
    """How a case ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Case:
    """One case of one program; `reason` says what was wrong or why it was skipped."""

    program: str
    name: str
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A case to be shown: variables as JSON gives them, balances as (account, asset, amount), what is posted."""

    title: str
    variables: Mapping[str, Any]
    balances: list[tuple[str, str, int]]
    postings: list[Posting]


def run_folder(folder: Path) -> Iterator[Case]:
    """Every case of every program of a folder, by name; Unreadable if there are no programs or their specs are none."""
    programs = sorted(folder.glob("*.num")) if folder.is_dir() else []
    if not programs:
        raise Unreadable(f"{folder} is no folder with *.num files.")
    for path in programs:
        yield from _cases(path)


def examples(path: Path) -> list[Example]:
    """The cases of a program that end in postings; Unreadable says what is wrong with its file."""
    specs = path.with_name(path.name + SUFFIX)
    if not specs.is_file():
        return []
    shared, cases, _ = _read(specs)
    return [
        Example(
            title=str(case.get("it", "")),
            variables=variables_in(_joined("variables", shared, case)),
            balances=[
                (account, asset, amount)
                for (account, asset), amount in amounts_in(
                    shared.get("balances") or [], case.get("balances") or []
                ).items()
            ],
            postings=[Posting(**posting) for posting in case["expect.postings"]],
        )
        for case in cases
        if case.get("expect.postings")
    ]


def _cases(path: Path) -> Iterator[Case]:
    specs = path.with_name(path.name + SUFFIX)
    if not specs.is_file():
        yield Case(path.name, "-", Verdict.SKIPPED, f"there is no {specs.name}")
        return
    shared, cases, flags = _read(specs)
    if lacking := [flag for flag in flags if flag not in _ALWAYS_ON]:
        yield Case(path.name, "-", Verdict.SKIPPED, f"needs {', '.join(lacking)}")
        return
    for given in cases:
        yield _case(path, str(given.get("it", "-")), shared, given)


def _read(specs: Path) -> tuple[dict[str, Any], list[dict[str, Any]], list[str]]:
    """What a file says for all of its cases, the cases, and the feature flags that it needs."""
    try:
        content = json.loads(specs.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise Unreadable(f"{specs} cannot be read: {error}.") from None
    match content:
        case {"testCases": [*cases]} if all(isinstance(case, dict) for case in cases):
            flags = content.get("featureFlags") or []
            if isinstance(flags, list) and all(isinstance(flag, str) for flag in flags):
                return content, cases, flags
    raise Unreadable(f"{specs} should be an object with testCases, a list of objects.")


def _case(path: Path, name: str, shared: Mapping[str, Any], given: Mapping[str, Any]) -> Case:
    if given.get("skip"):
        return Case(path.name, name, Verdict.SKIPPED, "it says so")
    wanted = next((kind for field, kind in _EXPECTED_ERRORS.items() if given.get(field)), None)
    try:
        before = amounts_in(shared.get("balances") or [], given.get("balances") or [])
        result = _run(path, before, _joined("variables", shared, given), _joined("metadata", shared, given))
        reason = f"{wanted} was expected, but it ran" if wanted else _difference(result, before, given)
    except Unreadable as error:
        reason = str(error)
    except NumscriptError as error:
        if error.kind is Kind.UNSUPPORTED_FEATURE:
            return Case(path.name, name, Verdict.SKIPPED, str(error))
        reason = "" if error.kind is wanted else str(error)
    return Case(path.name, name, Verdict.FAILED if reason else Verdict.PASSED, reason)


def _joined(field: str, shared: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    """What the file says for all cases and what this one says; its own goes before."""
    both = [each.get(field) or {} for each in (shared, given)]
    if not all(isinstance(each, dict) for each in both):
        raise Unreadable(f"{field} should be an object.")
    return both[0] | both[1]


def _run(path: Path, before: Amounts, variables: Any, metadata: Any) -> Result:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path} cannot be read: {error}.") from None
    return compiled(text).run(
        variables_in(variables), balance_of=balances_of(before), metadata_of=metadata_in(metadata)
    )


def _difference(result: Result, before: Amounts, given: Mapping[str, Any]) -> str:
    found: dict[str, Any] = {
        "expect.postings": [posting._asdict() for posting in result.postings],
        "expect.txMetadata": dict(result.metadata),
        "expect.metadata": {account: dict(kept) for account, kept in result.account_metadata.items()},
        "expect.endBalances": _after(before, result.postings),
        "expect.movements": _movements(result.postings),
    }
    for field, value in given.items():
        if not field.startswith("expect.") or field in _EXPECTED_ERRORS:
            continue
        if field == "expect.endBalances.include":
            if not amounts_in(value).items() <= found["expect.endBalances"].items():
                return f"{field} is {json.dumps(value)}, found {_shown(found['expect.endBalances'])}"
        elif field not in found:
            return f"{field} is unknown here"
        elif _expected(field, value) != found[field]:
            return f"{field} is {json.dumps(value)}, found {_shown(found[field])}"
    return ""


def _expected(field: str, given: Any) -> Any:
    return amounts_in(given) if field == "expect.endBalances" else _plain(given)


def _after(before: Amounts, postings: Sequence[Posting]) -> Amounts:
    after = Counter(before)
    for source, destination, amount, asset in postings:
        after[source, asset] -= amount
        after[destination, asset] += amount
    return dict(after)


def _movements(postings: Sequence[Posting]) -> dict[str, dict[str, dict[str, int]]]:
    """What was moved altogether, by source, destination and asset."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for source, destination, amount, asset in postings:
        moved = found.setdefault(source, {}).setdefault(destination, {})
        moved[asset] = moved.get(asset, 0) + amount
    return found


def _plain(expected: Any) -> Any:
    """Metadata may also be given with its types: `{"type": "number", "value": "3"}`."""
    if not isinstance(expected, dict):
        return expected
    if expected.keys() == {"type", "value"}:
        return expected["value"]
    return {key: _plain(value) for key, value in expected.items()}


def _shown(found: Any) -> str:
    if isinstance(found, dict) and all(isinstance(key, tuple) for key in found):
        found = [{"account": account, "asset": asset, "amount": n} for (account, asset), n in found.items()]
    return json.dumps(found)
