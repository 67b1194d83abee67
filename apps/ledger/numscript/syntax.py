"""A program as a tree. Every node knows where it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, Literal, TypeAlias, TypeVar

from apps.ledger.numscript.errors import Place


@dataclass(frozen=True, slots=True)
class Node:
    """Anything that stands somewhere."""

    place: Place


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """An asset, a string, a number or a percentage, by its type in the language."""

    type: Literal["asset", "string", "number", "portion"]
    value: str | int | Fraction


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """A variable by its name, without the dollar."""

    name: str


@dataclass(frozen=True, slots=True)
class AccountName(Node):
    """An account, segment by segment; a variable stands for what it holds."""

    segments: Sequence[str | Variable]


@dataclass(frozen=True, slots=True)
class Amount(Node):
    """`[asset amount]`."""

    asset: "Expression"
    amount: "Expression"


@dataclass(frozen=True, slots=True)
class Negative(Node):
    """`-x`."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Infix(Node):
    """`a + b`, `a - b` or `a / b`."""

    operator: Literal["+", "-", "/"]
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function with its arguments."""

    name: str
    arguments: Sequence["Expression"]


Expression: TypeAlias = Constant | Variable | AccountName | Amount | Negative | Infix | Call


@dataclass(frozen=True, slots=True)
class All(Node):
    """`[asset *]`: whatever there is."""

    asset: Expression


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Share(Node, Generic[T]):
    """A part of an allotment; no portion is what the others leave."""

    portion: Expression | None
    item: T


@dataclass(frozen=True, slots=True)
class Allotment(Node, Generic[T]):
    """A whole, divided by portions."""

    shares: Sequence[Share[T]]


@dataclass(frozen=True, slots=True)
class FromAccount(Node):
    """An account as a source; `unbounded` may go below zero, `overdraft` says how far."""

    account: Expression
    overdraft: Expression | None = None
    unbounded: bool = False


@dataclass(frozen=True, slots=True)
class InOrder(Node):
    """Sources, one after the other."""

    sources: Sequence["Source"]


@dataclass(frozen=True, slots=True)
class Capped(Node):
    """At most so much from a source."""

    cap: Expression
    source: "Source"


Source: TypeAlias = FromAccount | InOrder | Capped | Allotment["Source"]


@dataclass(frozen=True, slots=True)
class ToAccount(Node):
    """An account as a destination."""

    account: Expression


@dataclass(frozen=True, slots=True)
class Kept(Node):
    """What stays where it is."""


@dataclass(frozen=True, slots=True)
class Cap(Node):
    """At most so much to a destination."""

    cap: Expression
    item: "Outcome"


@dataclass(frozen=True, slots=True)
class Filling(Node):
    """Destinations filled one after the other, and where the rest goes."""

    caps: Sequence[Cap]
    rest: "Outcome"


Destination: TypeAlias = ToAccount | Filling | Allotment["Outcome"]
Outcome: TypeAlias = ToAccount | Filling | Allotment["Outcome"] | Kept


@dataclass(frozen=True, slots=True)
class Send(Node):
    """Moves an amount, or all, from a source to a destination."""

    sent: Expression | All
    source: Source
    destination: Destination


@dataclass(frozen=True, slots=True)
class Save(Node):
    """Keeps an amount, or all, out of reach of the statements that follow."""

    saved: Expression | All
    account: Expression


Statement: TypeAlias = Send | Save | Call


@dataclass(frozen=True, slots=True)
class Declaration(Node):
    """A variable with its type, and where its value comes from if not from the caller."""

    type: str
    name: str
    origin: Expression | None


@dataclass(frozen=True, slots=True)
class Program:
    """Declarations, then statements."""

    declarations: Sequence[Declaration]
    statements: Sequence[Statement]
