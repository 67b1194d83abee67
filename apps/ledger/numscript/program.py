"""A program: compiled once, run often."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import Any, NamedTuple

from apps.ledger.numscript import compiler
from apps.ledger.numscript.checker import check
from apps.ledger.numscript.errors import Kind, NumscriptError, Place, Problem
from apps.ledger.numscript.machine import BalanceOf, Machine, MetadataOf, Posting
from apps.ledger.numscript.parser import parse
from apps.ledger.numscript.values import BadValue, Value, read

KEPT = 1_000
"""Compiled programs that are kept."""


class Result(NamedTuple):
    """What came of a run; metadata as text."""

    postings: Sequence[Posting]
    metadata: Mapping[str, str]
    account_metadata: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A variable that the caller gives."""

    name: str
    type: str
    place: Place


class Program:
    """A checked program. `warnings` did not keep it from being compiled."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = parse(text)
        problems = check(self.tree)
        wrong = next((problem for problem in problems if not problem.is_warning), None)
        if wrong:
            raise NumscriptError.of(wrong)
        self.warnings = problems
        self.parameters = [
            Parameter(each.name, each.type, each.place)
            for each in self.tree.declarations
            if each.origin is None
        ]
        self._origins = [
            (each.name, compiler.origin(each.origin, each.type))
            for each in self.tree.declarations
            if each.origin is not None
        ]
        self._statements: list[Callable[[Machine], None]] = [
            compiler.statement(each) for each in self.tree.statements
        ]

    def run(
        self,
        variables: Mapping[str, Any],
        *,
        balance_of: BalanceOf | None = None,
        metadata_of: MetadataOf | None = None,
    ) -> Result:
        """Run it on variables as `values.read` takes them. Without balances every source has what is asked of it.

        Raises NumscriptError: a variable is missing or wrong, funds are missing, an amount is negative …
        """
        machine = Machine(self._read(variables), balance_of, metadata_of)
        for name, origin in self._origins:
            machine.values[name] = origin(machine)
        for statement in self._statements:
            statement(machine)
        return Result(machine.postings, machine.metadata, machine.account_metadata)

    def _read(self, variables: Mapping[str, Any]) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for parameter in self.parameters:
            if parameter.name not in variables:
                raise NumscriptError(
                    Kind.MISSING_VARIABLE,
                    f"${parameter.name} is missing; give it as a {parameter.type}.",
                    parameter.place,
                )
            try:
                values[parameter.name] = read(parameter.type, variables[parameter.name])
            except BadValue as error:
                raise NumscriptError(
                    Kind.INVALID_VALUE, f"${parameter.name}: {error}.", parameter.place
                ) from None
        return values


def problems_of(text: str) -> list[Problem]:
    """Everything that is wrong with a program, warnings too; empty if nothing is."""
    try:
        return check(parse(text))
    except NumscriptError as error:
        return [error.problem]


def digest(text: str) -> str:
    """The hash by which a program is known: SHA-256 of its text, in hexadecimal."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()


_kept: OrderedDict[str, Program] = OrderedDict()
_lock = Lock()


def compiled(text: str) -> Program:
    """The program of a text, compiled before or now; NumscriptError says what is wrong with it."""
    key = digest(text)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    program = Program(text)
    with _lock:
        _kept[key] = program
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return program
