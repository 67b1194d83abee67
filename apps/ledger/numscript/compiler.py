"""From a checked tree to functions that run it: no node is looked at twice."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from apps.ledger.numscript import syntax
from apps.ledger.numscript.checker import constant_portion, sum_problem
from apps.ledger.numscript.errors import Kind, NumscriptError, Place
from apps.ledger.numscript.machine import WORLD, Machine, allotted
from apps.ledger.numscript.values import BadValue, Monetary, Value, bounded, fraction, read, written

Code = Callable[[Machine], Any]
"""Gives the value of an expression."""

Take = Callable[[Machine, int | None], int]
"""Takes so much, or all, from a source, and answers how much it was."""

Give = Callable[[Machine, int], None]
"""Hands so much of the funds to a destination."""

Split = Callable[[Machine, int], list[int]]


def statement(node: syntax.Statement) -> Callable[[Machine], None]:
    """A statement as a function."""
    match node:
        case syntax.Send():
            return _send(node)
        case syntax.Save():
            return _save(node)
        case _:
            return _action(node)


def origin(node: syntax.Expression, type_: str) -> Code:
    """Where a declared variable has its value from."""
    return _function(node, type_) if isinstance(node, syntax.Call) else expression(node)


def _function(call: syntax.Call, type_: str) -> Code:
    first, second = (expression(argument) for argument in call.arguments)
    if call.name == "meta":
        return _metadata(call.place, type_, first, second)
    wants_overdraft = call.name == "overdraft"

    def balance(machine: Machine) -> Monetary:
        account, asset = first(machine), second(machine)
        amount = _bounded(machine.balance(account, asset), call.place)
        if wants_overdraft:
            return Monetary(asset, max(-amount, 0))
        if amount < 0:
            raise NumscriptError(
                Kind.NEGATIVE_BALANCE,
                f"@{account} is at {amount} {asset}; ask for its overdraft().",
                call.place,
            )
        return Monetary(asset, amount)

    return balance


def _metadata(place: Place, type_: str, account_of: Code, key_of: Code) -> Code:
    def metadata(machine: Machine) -> Value:
        account, key = account_of(machine), key_of(machine)
        text = machine.metadata_of(account, key) if machine.metadata_of else None
        if text is None:
            raise NumscriptError(Kind.METADATA_NOT_FOUND, f"@{account} has no metadata “{key}”.", place)
        try:
            return read(type_, text)
        except BadValue as error:
            raise NumscriptError(
                Kind.INVALID_VALUE, f"The metadata “{key}” of @{account}: {error}.", place
            ) from None

    return metadata


def expression(node: syntax.Expression) -> Code:
    """An expression as a function."""
    match node:
        case syntax.Constant(value=value):
            return lambda machine: value
        case syntax.Variable(name=name):
            return lambda machine: machine.values[name]
        case syntax.AccountName():
            return _account(node)
        case syntax.Amount():
            return _amount(node)
        case syntax.Negative():
            return _negative(node)
        case syntax.Infix(operator="/"):
            return _ratio(node)
        case syntax.Infix():
            return _sum(node)
        case syntax.Call():
            return _function(node, "monetary")


def _account(node: syntax.AccountName) -> Code:
    parts = [_segment(segment) for segment in node.segments]
    if all(isinstance(segment, str) for segment in node.segments):
        name = ":".join(map(str, node.segments))
        return lambda machine: name

    def account(machine: Machine) -> str:
        name = ":".join([part if isinstance(part, str) else part(machine) for part in parts])
        try:
            return str(read("account", name))
        except BadValue as error:
            raise NumscriptError(Kind.INVALID_VALUE, f"What this becomes: {error}.", node.place) from None

    return account


def _segment(segment: str | syntax.Variable) -> str | Callable[[Machine], str]:
    if isinstance(segment, str):
        return segment
    name = segment.name
    return lambda machine: str(machine.values[name])


def _amount(node: syntax.Amount) -> Code:
    asset, amount = expression(node.asset), expression(node.amount)
    if isinstance(node.asset, syntax.Constant) and isinstance(node.amount, syntax.Constant):
        fixed = Monetary(str(node.asset.value), int(node.amount.value))
        return lambda machine: fixed
    return lambda machine: Monetary(asset(machine), amount(machine))


def _negative(node: syntax.Negative) -> Code:
    operand = expression(node.operand)

    def negative(machine: Machine) -> int | Monetary:
        value = operand(machine)
        return Monetary(value.asset, -value.amount) if isinstance(value, Monetary) else -value

    return negative


def _sum(node: syntax.Infix) -> Code:
    left, right = expression(node.left), expression(node.right)
    sign = 1 if node.operator == "+" else -1

    def total(machine: Machine) -> int | Monetary:
        one, other = left(machine), right(machine)
        if not isinstance(one, Monetary):
            return _bounded(one + sign * other, node.place)
        _same_asset(one.asset, other.asset, node.place)
        return Monetary(one.asset, _bounded(one.amount + sign * other.amount, node.place))

    return total


def _bounded(number: int, place: Place) -> int:
    try:
        return bounded(number)
    except BadValue as error:
        raise NumscriptError(Kind.INVALID_VALUE, f"This is too large: {error}.", place) from None


def _ratio(node: syntax.Infix) -> Code:
    fixed = constant_portion(node)
    if fixed is not None:
        return lambda machine: fixed
    numerator, denominator = expression(node.left), expression(node.right)

    def ratio(machine: Machine) -> Fraction:
        try:
            return fraction((numerator(machine), denominator(machine)))
        except BadValue as error:
            raise NumscriptError(Kind.INVALID_PORTION, f"This is no portion: {error}.", node.place) from None

    return ratio


def _same_asset(asset: str, other: str, place: Place) -> None:
    if asset != other:
        raise NumscriptError(Kind.ASSET_MISMATCH, f"{asset} and {other} do not mix.", place)


def _of_asset(node: syntax.Expression) -> Callable[[Machine], int]:
    """An amount that must be in the asset that is sent."""
    code = expression(node)

    def amount(machine: Machine) -> int:
        value: Monetary = code(machine)
        if value.asset != machine.asset:
            raise NumscriptError(
                Kind.ASSET_MISMATCH, f"{machine.asset} is sent, but this is in {value.asset}.", node.place
            )
        return value.amount

    return amount


def _send(node: syntax.Send) -> Callable[[Machine], None]:
    take, give = _source(node.source), _outcome(node.destination)
    if isinstance(node.sent, syntax.All):
        return _send_all(expression(node.sent.asset), take, give)
    sent, place, short = expression(node.sent), node.sent.place, node.source.place

    def send(machine: Machine) -> None:
        machine.asset, amount = sent(machine)
        if amount < 0:
            raise NumscriptError(
                Kind.NEGATIVE_AMOUNT, f"{amount} {machine.asset} cannot be sent; turn it round.", place
            )
        _take_exactly(machine, take, amount, short)
        give(machine, amount)

    return send


def _send_all(asset: Code, take: Take, give: Give) -> Callable[[Machine], None]:
    def send(machine: Machine) -> None:
        machine.asset = asset(machine)
        give(machine, take(machine, None))

    return send


def _take_exactly(machine: Machine, take: Take, amount: int, place: Place) -> None:
    taken = take(machine, amount)
    if taken != amount:
        raise NumscriptError(
            Kind.MISSING_FUNDS, f"{amount} {machine.asset} are needed here, and there are {taken}.", place
        )


def _save(node: syntax.Save) -> Callable[[Machine], None]:
    account_of = expression(node.account)
    if isinstance(node.saved, syntax.All):
        asset_of = expression(node.saved.asset)

        def save_all(machine: Machine) -> None:
            account, asset = account_of(machine), asset_of(machine)
            machine.change(account, asset, -max(machine.balance(account, asset), 0))

        return save_all
    saved, place = expression(node.saved), node.saved.place

    def save(machine: Machine) -> None:
        account, (asset, amount) = account_of(machine), saved(machine)
        if amount < 0:
            raise NumscriptError(Kind.NEGATIVE_AMOUNT, f"{amount} {asset} cannot be saved.", place)
        balance = machine.balance(account, asset)
        machine.change(account, asset, max(balance - amount, 0) - balance)

    return save


def _action(node: syntax.Call) -> Callable[[Machine], None]:
    *subject, key_of, value_of = (expression(argument) for argument in node.arguments)

    def act(machine: Machine) -> None:
        kept: dict[str, str] = machine.metadata
        if subject:
            kept = machine.account_metadata.setdefault(subject[0](machine), {})
        kept[key_of(machine)] = written(value_of(machine))

    return act


def _source(node: syntax.Source) -> Take:
    match node:
        case syntax.FromAccount():
            return _from_account(node)
        case syntax.InOrder():
            return _in_order([_source(source) for source in node.sources])
        case syntax.Capped():
            return _capped(_of_asset(node.cap), _source(node.source))
        case syntax.Allotment():
            return _from_shares(node)


def _from_account(node: syntax.FromAccount) -> Take:
    account_of = expression(node.account)
    unbounded, place = node.unbounded, node.place
    overdraft_of = _of_asset(node.overdraft) if node.overdraft else None

    def take(machine: Machine, wanted: int | None) -> int:
        account = account_of(machine)
        if unbounded or machine.balance_before is None or account == WORLD:
            if wanted is None:
                raise NumscriptError(Kind.UNBOUNDED_ALL, f"All of @{account} has no end.", place)
            machine.take(account, wanted)
            return wanted
        available = machine.balance(account, machine.asset)
        if overdraft_of:
            available += max(overdraft_of(machine), 0)
        available = max(available, 0)
        taken = available if wanted is None else min(available, wanted)
        machine.take(account, taken)
        return taken

    return take


def _in_order(sources: Sequence[Take]) -> Take:
    def take(machine: Machine, wanted: int | None) -> int:
        taken = 0
        for source in sources:
            taken += source(machine, None if wanted is None else wanted - taken)
        return taken

    return take


def _capped(cap_of: Callable[[Machine], int], source: Take) -> Take:
    def take(machine: Machine, wanted: int | None) -> int:
        cap = max(cap_of(machine), 0)
        return source(machine, cap if wanted is None else min(cap, wanted))

    return take


def _from_shares(node: syntax.Allotment[syntax.Source]) -> Take:
    split = _split(node)
    shares = [(_source(share.item), share.item.place) for share in node.shares]

    def take(machine: Machine, wanted: int | None) -> int:
        if wanted is None:
            raise NumscriptError(Kind.ALLOTMENT_OF_ALL, "All cannot be taken in portions.", node.place)
        for (source, place), part in zip(shares, split(machine, wanted), strict=True):
            _take_exactly(machine, source, part, place)
        return wanted

    return take


def _outcome(node: syntax.Outcome) -> Give:
    match node:
        case syntax.ToAccount(account=account):
            account_of = expression(account)
            return lambda machine, amount: machine.give(account_of(machine), amount)
        case syntax.Kept():
            return Machine.keep
        case syntax.Filling():
            return _filling(
                [(_of_asset(cap.cap), _outcome(cap.item)) for cap in node.caps], _outcome(node.rest)
            )
        case syntax.Allotment():
            return _to_shares(_split(node), [_outcome(share.item) for share in node.shares])


def _filling(caps: Sequence[tuple[Callable[[Machine], int], Give]], rest: Give) -> Give:
    def give(machine: Machine, amount: int) -> None:
        for cap_of, item in caps:
            if not amount:
                return
            part = min(max(cap_of(machine), 0), amount)
            if part:
                item(machine, part)
            amount -= part
        if amount:
            rest(machine, amount)

    return give


def _to_shares(split: Split, shares: Sequence[Give]) -> Give:
    def give(machine: Machine, amount: int) -> None:
        for item, part in zip(shares, split(machine, amount), strict=True):
            item(machine, part)

    return give


def _split(node: syntax.Allotment[Any]) -> Split:
    portions = [None if share.portion is None else expression(share.portion) for share in node.shares]
    fixed = [None if share.portion is None else constant_portion(share.portion) for share in node.shares]
    if all(
        share.portion is None or known is not None for share, known in zip(node.shares, fixed, strict=True)
    ):
        complete = _complete(fixed, node.place)
        return lambda machine, amount: allotted(amount, complete)

    def split(machine: Machine, amount: int) -> list[int]:
        found = [None if portion is None else portion(machine) for portion in portions]
        return allotted(amount, _complete(found, node.place))

    return split


def _complete(portions: Sequence[Fraction | None], place: Place) -> list[Fraction]:
    """The portions, with what remains in the place of the one that is not said."""
    total = sum((portion for portion in portions if portion is not None), Fraction(0))
    if problem := sum_problem(total, place, is_open=None in portions):
        raise NumscriptError.of(problem)
    return [1 - total if portion is None else portion for portion in portions]
