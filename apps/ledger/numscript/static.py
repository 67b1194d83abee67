"""The stricter rule of business templates: their postings depend on their variables and on nothing else.

Such a program is evaluated before any lock is taken; whether an account has enough is for its floor to say.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from apps.ledger.numscript import syntax
from apps.ledger.numscript.checker import FUNCTIONS
from apps.ledger.numscript.errors import Kind, Problem
from apps.ledger.numscript.machine import WORLD


def static_problems(program: syntax.Program) -> list[Problem]:
    """What makes a program depend on more than its variables."""
    nodes = [node for part in (*program.declarations, *program.statements) for node in _within(part)]
    found = [(node, why) for node in nodes if (why := _why_not(node))]
    return sorted(
        (Problem(Kind.NOT_STATIC, why, node.place) for node, why in found), key=lambda problem: problem.place
    )


def _why_not(node: syntax.Node) -> str:
    match node:
        case syntax.Call(name=name) if name in FUNCTIONS:
            return f"A template knows no {name}(); let the caller give the value."
        case syntax.Call(name="set_account_meta"):
            return "A template keeps metadata of the transaction only: set_tx_meta()."
        case syntax.All():
            return "A template cannot send all there is; let the caller say how much."
        case syntax.Save():
            return "A template cannot save; the account's floor keeps what must stay."
        case syntax.InOrder(sources=sources) if len(sources) != 1:
            return "A template has no sources in order: which of them pays would depend on their balances."
        case syntax.Capped():
            return "A template has no capped source: what is above the cap would come from nowhere."
        case syntax.FromAccount() if node.unbounded or node.overdraft:
            return "A template sets no overdraft; the account's floor does."
        case syntax.AccountName(segments=[segment]) if segment == WORLD:
            return "A template has no @world; name the account on the other side."
    return ""


def _within(node: Any) -> Iterator[syntax.Node]:
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, syntax.Node):
            yield current
        if is_dataclass(current):
            waiting += [getattr(current, field.name) for field in fields(current)]
        elif isinstance(current, list | tuple):
            waiting += current
