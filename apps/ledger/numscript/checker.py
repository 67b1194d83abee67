"""What can be known of a program before it runs: names, types, portions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

from apps.ledger.numscript import syntax
from apps.ledger.numscript.errors import Kind, NumscriptError, Place, Problem
from apps.ledger.numscript.values import LONGEST_PORTION, TYPES, BadValue, fraction, with_article, written

DEEPEST = 100
"""How deep a program may nest."""

FUNCTIONS: dict[str, tuple[str | None, ...]] = {
    "balance": ("account", "asset"),
    "overdraft": ("account", "asset"),
    "meta": ("account", "string"),
}
"""What gives a value, and the types of its arguments: a monetary, or for `meta` what its variable is declared as."""

ACTIONS: dict[str, tuple[str | None, ...]] = {
    "set_tx_meta": ("string", None),
    "set_account_meta": ("account", "string", None),
}
"""What may stand as a statement; None takes any type."""

_IN_ACCOUNTS = ("account", "string", "number")


def check(program: syntax.Program) -> list[Problem]:
    """Everything that is wrong, in the order in which it stands."""
    checker = _Checker()
    checker.program(program)
    return sorted(checker.problems, key=lambda problem: problem.place)


class _Checker:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.types: dict[str, str | None] = {}
        self.undeclared: set[str] = set()
        self.unused: dict[str, Place] = {}
        self.depth = 0

    def program(self, program: syntax.Program) -> None:
        for declaration in program.declarations:
            self._declaration(declaration)
        for statement in program.statements:
            self._statement(statement)
        for name, place in self.unused.items():
            self._say(Kind.UNUSED_VARIABLE, f"${name} is never used.", place, is_warning=True)

    def _say(self, kind: Kind, message: str, place: Place, *, is_warning: bool = False) -> None:
        self.problems.append(Problem(kind, message, place, is_warning))

    @contextmanager
    def _deeper(self, place: Place) -> Iterator[None]:
        self.depth += 1
        if self.depth > DEEPEST:
            raise NumscriptError(Kind.TOO_DEEP, f"A program nests at most {DEEPEST} deep.", place)
        yield
        self.depth -= 1

    def _declaration(self, declared: syntax.Declaration) -> None:
        type_: str | None = declared.type
        if type_ not in TYPES:
            known = ", ".join(TYPES)
            self._say(Kind.UNKNOWN_TYPE, f"There is no type {declared.type}; take {known}.", declared.place)
            type_ = None
        if declared.origin:
            self._origin(declared.origin, type_)
        if declared.name in self.types:
            self._say(Kind.DUPLICATE_VARIABLE, f"${declared.name} is declared already.", declared.place)
        self.types[declared.name] = type_
        self.unused[declared.name] = declared.place

    def _origin(self, origin: syntax.Expression, type_: str | None) -> None:
        if isinstance(origin, syntax.Call) and origin.name == "meta":
            self._arguments(origin, FUNCTIONS["meta"])
        else:
            self._expect(origin, type_)

    def _function(self, call: syntax.Call) -> str | None:
        if call.name == "meta":
            self._say(
                Kind.WRONG_TYPE, "meta() has the type of the variable that it is declared for.", call.place
            )
            return None
        if call.name not in FUNCTIONS:
            known = ", ".join(f"{name}()" for name in FUNCTIONS)
            self._say(Kind.UNKNOWN_FUNCTION, f"There is no {call.name}() here; take {known}.", call.place)
            return None
        self._arguments(call, FUNCTIONS[call.name])
        return "monetary"

    def _arguments(self, call: syntax.Call, parameters: Sequence[str | None]) -> None:
        if len(call.arguments) != len(parameters):
            self._say(
                Kind.WRONG_ARGUMENTS,
                f"{call.name}() takes {len(parameters)} arguments, not {len(call.arguments)}.",
                call.place,
            )
        for argument, type_ in zip(call.arguments, parameters, strict=False):
            self._expect(argument, type_)

    def _statement(self, statement: syntax.Statement) -> None:
        match statement:
            case syntax.Send():
                self._send(statement)
            case syntax.Save():
                self._sent(statement.saved)
                self._expect(statement.account, "account")
            case syntax.Call(name=name) if name in ACTIONS:
                self._arguments(statement, ACTIONS[name])
            case syntax.Call():
                known = ", ".join(f"{name}()" for name in ACTIONS)
                self._say(
                    Kind.UNKNOWN_FUNCTION,
                    f"There is no {statement.name}() here; take {known}.",
                    statement.place,
                )

    def _send(self, send: syntax.Send) -> None:
        self._sent(send.sent)
        if isinstance(send.sent, syntax.All):
            self._all_of(send.source)
        self._source(send.source)
        self._outcome(send.destination)

    def _sent(self, sent: syntax.Expression | syntax.All) -> None:
        if isinstance(sent, syntax.All):
            self._expect(sent.asset, "asset")
        else:
            self._expect(sent, "monetary")

    def _all_of(self, source: syntax.Source) -> None:
        """All of a source must have an end and need no total: neither unbounded nor in portions."""
        with self._deeper(source.place):
            match source:
                case syntax.Allotment():
                    self._say(
                        Kind.ALLOTMENT_OF_ALL,
                        "All cannot be taken in portions: no total is known.",
                        source.place,
                    )
                case syntax.FromAccount(unbounded=True):
                    self._say(Kind.UNBOUNDED_ALL, "All of an unbounded source has no end.", source.place)
                case syntax.FromAccount(account=syntax.AccountName(segments=["world"])):
                    self._say(Kind.UNBOUNDED_ALL, "All of @world has no end.", source.place)
                case syntax.InOrder(sources=sources):
                    for each in sources:
                        self._all_of(each)

    def _source(self, source: syntax.Source) -> None:
        with self._deeper(source.place):
            match source:
                case syntax.FromAccount():
                    self._expect(source.account, "account")
                    if source.overdraft:
                        self._expect(source.overdraft, "monetary")
                case syntax.InOrder():
                    for each in source.sources:
                        self._source(each)
                case syntax.Capped():
                    self._expect(source.cap, "monetary")
                    self._source(source.source)
                case syntax.Allotment():
                    self._allotment(source)
                    for share in source.shares:
                        self._source(share.item)

    def _outcome(self, outcome: syntax.Outcome) -> None:
        with self._deeper(outcome.place):
            match outcome:
                case syntax.ToAccount():
                    self._expect(outcome.account, "account")
                case syntax.Filling():
                    for cap in outcome.caps:
                        self._expect(cap.cap, "monetary")
                        self._outcome(cap.item)
                    self._outcome(outcome.rest)
                case syntax.Allotment():
                    self._allotment(outcome)
                    for share in outcome.shares:
                        self._outcome(share.item)

    def _allotment(self, allotment: syntax.Allotment[Any]) -> None:
        remaining = [share for share in allotment.shares if share.portion is None]
        for share in remaining[1:]:
            self._say(Kind.REMAINING_TWICE, "What remains can go to one share only.", share.place)
        portions = [share.portion for share in allotment.shares if share.portion is not None]
        for portion in portions:
            self._expect(portion, "portion")
        known = [found for portion in portions if (found := constant_portion(portion)) is not None]
        is_open = bool(remaining) or len(known) < len(portions)
        if problem := sum_problem(sum(known, Fraction(0)), allotment.place, is_open=is_open):
            self.problems.append(problem)

    def _expect(self, expression: syntax.Expression, type_: str | None) -> None:
        found = self._type(expression)
        if type_ and found and found != type_:
            self._mistyped(with_article(type_), found, expression.place)

    def _mistyped(self, wanted: str, found: str, place: Place) -> None:
        self._say(Kind.WRONG_TYPE, f"Here should be {wanted}, not {with_article(found)}.", place)

    def _type(self, expression: syntax.Expression) -> str | None:
        """The type of an expression; None where it was complained about already."""
        with self._deeper(expression.place):
            match expression:
                case syntax.Constant():
                    return expression.type
                case syntax.Variable():
                    return self._variable(expression)
                case syntax.AccountName():
                    self._account(expression)
                    return "account"
                case syntax.Amount():
                    self._expect(expression.asset, "asset")
                    self._expect(expression.amount, "number")
                    return "monetary"
                case syntax.Negative():
                    return self._one_of(expression.operand, ("number", "monetary"))
                case syntax.Infix():
                    return self._infix(expression)
                case syntax.Call():
                    return self._function(expression)

    def _variable(self, variable: syntax.Variable) -> str | None:
        self.unused.pop(variable.name, None)
        if variable.name not in self.types and variable.name not in self.undeclared:
            self.undeclared.add(variable.name)
            self._say(
                Kind.UNKNOWN_VARIABLE,
                f"${variable.name} is not declared before this; add it to vars.",
                variable.place,
            )
        return self.types.get(variable.name)

    def _account(self, account: syntax.AccountName) -> None:
        for segment in account.segments:
            if isinstance(segment, syntax.Variable):
                self._one_of(segment, _IN_ACCOUNTS)

    def _one_of(self, expression: syntax.Expression, types: Sequence[str]) -> str | None:
        found = self._type(expression)
        if found and found not in types:
            *others, last = map(with_article, types)
            self._mistyped(f"{', '.join(others)} or {last}", found, expression.place)
            return None
        return found

    def _infix(self, infix: syntax.Infix) -> str | None:
        if infix.operator == "/":
            self._expect(infix.left, "number")
            self._expect(infix.right, "number")
            self._ratio(infix)
            return "portion"
        left = self._one_of(infix.left, ("number", "monetary"))
        if left is None:
            self._type(infix.right)
            return None
        self._expect(infix.right, left)
        return left

    def _ratio(self, infix: syntax.Infix) -> None:
        try:
            _constant_ratio(infix)
        except BadValue as error:
            self._say(Kind.INVALID_PORTION, f"This is no portion: {error}.", infix.place)


def constant_portion(expression: syntax.Expression) -> Fraction | None:
    """A portion that needs no variable, if it is one."""
    if isinstance(expression, syntax.Constant) and isinstance(expression.value, Fraction):
        return expression.value
    try:
        return _constant_ratio(expression)
    except BadValue:
        return None


def _constant_ratio(expression: syntax.Expression) -> Fraction | None:
    """What two numbers make of each other; BadValue if that is no portion."""
    match expression:
        case syntax.Infix(
            operator="/",
            left=syntax.Constant(type="number", value=int(numerator)),
            right=syntax.Constant(type="number", value=int(denominator)),
        ):
            return fraction((numerator, denominator))
    return None


def sum_problem(total: Fraction, place: Place, *, is_open: bool) -> Problem | None:
    """What is wrong with the sum of an allotment's portions; an open one has a share that takes the rest."""
    if total > 1:
        return Problem(
            Kind.PORTIONS_ABOVE_ONE, f"These portions add up to {_shown(total)}, more than all.", place
        )
    if total < 1 and not is_open:
        message = f"These portions add up to {_shown(total)}; say where the remaining goes."
        return Problem(Kind.PORTIONS_BELOW_ONE, message, place)
    return None


def _shown(total: Fraction) -> str:
    """A sum as it is read: the denominators of many portions make one that nobody reads."""
    return written(total) if total.denominator < 10**LONGEST_PORTION else f"about {round(100 * total)}%"
