"""Runs programs against their `*.num.specs.json`: what they should post, given these balances and variables."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any

from apps.ledger.numscript.errors import Kind, NumscriptError
from apps.ledger.numscript.machine import BalanceOf, Posting, lookup_in
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


class SpecsUnreadable(Exception):
    """A folder or a specs file that is not as it should be, and why."""


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
    """Every case of every program of a folder, by name; SpecsUnreadable if there are no programs."""
    programs = sorted(folder.glob("*.num")) if folder.is_dir() else []
    if not programs:
        raise SpecsUnreadable(f"{folder} is no folder with *.num files.")
    for path in programs:
        yield from _cases(path)


def examples(path: Path) -> list[Example]:
    """The cases of a program that end in postings; SpecsUnreadable says what is wrong with its file."""
    specs = path.with_name(path.name + SUFFIX)
    if not specs.is_file():
        return []
    shared = _read(specs)
    cases = [_joined(shared, given) for given in shared.get("testCases", [])]
    return [
        Example(
            title=str(case.get("it", "")),
            variables=case["variables"],
            balances=list(chain.from_iterable(map(_rows, case["balances"]))),
            postings=[Posting(**posting) for posting in case["expect.postings"]],
        )
        for case in cases
        if case.get("expect.postings")
    ]


def balances_in(*given: Any) -> BalanceOf:
    """Balances from JSON, the later go before: lists of account, asset and amount, or amounts by account and asset."""
    by_account: dict[str, dict[str, int]] = {}
    for account, asset, amount in chain.from_iterable(map(_rows, given)):
        amount = amount.get("", amount) if isinstance(amount, dict) else amount  # without a colour
        if not isinstance(amount, int) or isinstance(amount, bool):
            raise SpecsUnreadable(
                f"{amount!r} is no amount: balances are whole numbers of the smallest unit."
            )
        by_account.setdefault(account, {})[asset] = amount
    return lookup_in(by_account)


def _rows(given: Any) -> Iterator[tuple[str, str, Any]]:
    try:
        if isinstance(given, list):
            yield from ((row["account"], row["asset"], row["amount"]) for row in given)
        else:
            for account, assets in given.items():
                yield from ((account, asset, amount) for asset, amount in assets.items())
    except (AttributeError, KeyError, TypeError):
        raise SpecsUnreadable(
            'Balances are {"account": {"USD/2": 100}}, or a list of objects with account, asset and amount.'
        ) from None


def metadata_in(given: Mapping[str, Mapping[str, str]], account: str, key: str) -> str | None:
    """Metadata from JSON: texts by account and key."""
    return given.get(account, {}).get(key)


def _cases(path: Path) -> Iterator[Case]:
    specs = path.with_name(path.name + SUFFIX)
    if not specs.is_file():
        yield Case(path.name, "-", Verdict.SKIPPED, f"there is no {specs.name}")
        return
    shared = _read(specs)
    if lacking := [flag for flag in shared.get("featureFlags", []) if flag not in _ALWAYS_ON]:
        yield Case(path.name, "-", Verdict.SKIPPED, f"needs {', '.join(lacking)}")
        return
    for given in shared.get("testCases", []):
        yield _case(path, _joined(shared, given))


def _joined(shared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A case with what the file says for all of its cases; its own variables, balances and metadata go before."""
    joined = {**shared, **given}
    for field in ("variables", "metadata"):
        joined[field] = {**shared.get(field, {}), **given.get(field, {})}
    joined["balances"] = [shared.get("balances") or [], given.get("balances") or []]
    return joined


def _read(specs: Path) -> dict[str, Any]:
    try:
        content = json.loads(specs.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SpecsUnreadable(f"{specs} cannot be read: {error}.") from None
    if not isinstance(content, dict) or not isinstance(content.get("testCases", []), list):
        raise SpecsUnreadable(f"{specs} should be an object with a list testCases.")
    return content


def _case(path: Path, given: Mapping[str, Any]) -> Case:
    name = str(given.get("it", "-"))
    kinds = (kind for field, kind in _EXPECTED_ERRORS.items() if given.get(field))
    wanted = next(kinds, None)
    try:
        result = _run(path, given)
    except SpecsUnreadable as error:
        return Case(path.name, name, Verdict.FAILED, str(error))
    except NumscriptError as error:
        if error.kind is Kind.UNSUPPORTED_FEATURE:
            return Case(path.name, name, Verdict.SKIPPED, str(error))
        return Case(path.name, name, *_judged("" if error.kind is wanted else str(error)))
    if wanted:
        return Case(path.name, name, Verdict.FAILED, f"{wanted} was expected, but it ran")
    return Case(path.name, name, *_judged(_difference(result, given)))


def _judged(reason: str) -> tuple[Verdict, str]:
    return (Verdict.FAILED if reason else Verdict.PASSED), reason


def _run(path: Path, given: Mapping[str, Any]) -> Result:
    metadata = given["metadata"]
    return compiled(path.read_text(encoding="utf-8")).run(
        given.get("variables") or {},
        balance_of=balances_in(*given["balances"]),
        metadata_of=lambda account, key: metadata_in(metadata, account, key),
    )


def _difference(result: Result, given: Mapping[str, Any]) -> str:
    found = {
        "expect.postings": [posting._asdict() for posting in result.postings],
        "expect.txMetadata": dict(result.metadata),
        "expect.metadata": {account: dict(kept) for account, kept in result.account_metadata.items()},
    }
    for field, value in found.items():
        if field in given and _plain(given[field]) != value:
            return f"{field} is {json.dumps(given[field])}, found {json.dumps(value)}"
    return ""


def _plain(expected: Any) -> Any:
    """Metadata may also be given with its types: `{"type": "number", "value": "3"}`."""
    if not isinstance(expected, dict):
        return expected
    if expected.keys() == {"type", "value"}:
        return expected["value"]
    return {key: _plain(value) for key, value in expected.items()}
