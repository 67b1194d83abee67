"""Wallets, escrows and fees behind the door against the same in plain Python, whatever is done in whatever order."""

import os
import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from apps.core.money import Money
from apps.operations.executor import execute_many
from apps.transfers.models import Transfer
from apps.transfers.queries.escrow import in_escrow, left_in
from tests.support.door import balance, code, request
from tests.support.tenants import has, world

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
SHORT, TOO_LARGE = "INSUFFICIENT_BALANCE", "RELEASE_TOO_LARGE"

pytestmark = pytest.mark.usefixtures("ledger_db")

names = st.integers(0, 2)
amounts = st.integers(1, 700)


@dataclass
class Escrow:
    """What was put there of whose, and what was given out of it to whom, by transfer."""

    of: int
    amount: int
    open: bool = True
    out: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """What is in it."""
        return self.amount - sum(amount for _, amount in self.out.values()) if self.open else 0


class Escrows(RuleBasedStateMachine):
    """Three wallets of one tenant."""

    @initialize()
    def open_wallets(self) -> None:
        """A tenant of its own, whose first wallet has ten euros."""
        self.world = world(f"t{uuid.uuid4().hex[:10]}")
        self.wallets = [self.world.funded("10.00"), self.world.wallet(), self.world.wallet()]
        self.has = [1_000, 0, 0]
        self.escrows: dict[str, Escrow] = {}
        self.fees: dict[str, tuple[int, int]] = {}
        self.earned: int | None = None
        self.put(0, 300)
        [name] = self.escrows
        self.give(name, 1, 100)

    def ask(self, command: str, expected: str | None, **given: Any) -> str | None:
        """Run a command, which must be answered so; the transfer that it made."""
        outcome = execute_many([request(f"transfers.{command}", **given)])[0]
        assert code(outcome) == expected, (command, given, outcome.error)
        return None if expected else str(outcome.result["transfer"])

    @rule(of=names, amount=amounts)
    def hold(self, of: int, amount: int) -> None:
        """Put something in escrow."""
        self.put(of, amount)

    def put(self, of: int, amount: int) -> None:
        """The same, also while wallets are opened."""
        expected = SHORT if amount > self.has[of] else None
        made = self.ask("hold_in_escrow", expected, wallet=self.wallets[of], amount=euros(amount))
        if made:
            self.has[of] -= amount
            self.escrows[made] = Escrow(of, amount)

    @precondition(lambda self: self.escrows)
    @rule(data=st.data(), to=names)
    def release(self, data: st.DataObject, to: int) -> None:
        """Give something out: a part, all that is left, or more."""
        name = data.draw(st.sampled_from(sorted(self.escrows)))
        escrow = self.escrows[name]
        parts = [None, max(escrow.left // 3, 1), escrow.left or 1, escrow.left + 1]
        self.give(name, to, data.draw(st.sampled_from(parts)))

    def give(self, name: str, to: int, amount: int | None) -> None:
        """Release an amount of an escrow, or what is left, to a wallet."""
        escrow = self.escrows[name]
        gone = "NOT_IN_ESCROW" if not escrow.open else None
        too_large = TOO_LARGE if not escrow.left or (amount or 0) > escrow.left else None
        part = {} if amount is None else {"amount": euros(amount)}
        given = {"escrow": name, "to_wallet": self.wallets[to], **part}
        made = self.ask("release_escrow", gone or too_large, **given)
        if made:
            part_of_it = amount or escrow.left
            self.has[to] += part_of_it
            escrow.out[made] = (to, part_of_it)

    @precondition(lambda self: self.escrows)
    @rule(data=st.data())
    def take_hold_back(self, data: st.DataObject) -> None:
        """Reverse a hold, which nothing may have been given out of."""
        name = data.draw(st.sampled_from(sorted(self.escrows)))
        escrow = self.escrows[name]
        gone = "NOT_REVERSIBLE" if not escrow.open else None
        released = "ESCROW_RELEASED" if escrow.out else None
        if self.ask("reverse_transfer", gone or released, transfer=name, reason="model"):
            self.has[escrow.of] += escrow.amount
            escrow.open = False

    @precondition(lambda self: any(escrow.out for escrow in self.escrows.values()))
    @rule(data=st.data())
    def take_release_back(self, data: st.DataObject) -> None:
        """Reverse a release, whose money must still be there."""
        releases = {made: escrow for escrow in self.escrows.values() for made in escrow.out}
        made = data.draw(st.sampled_from(sorted(releases)))
        to, amount = releases[made].out[made]
        spent = SHORT if amount > self.has[to] else None
        if self.ask("reverse_transfer", spent, transfer=made, reason="model"):
            self.has[to] -= amount
            del releases[made].out[made]

    @rule(source=names, to=names, amount=amounts)
    def pay(self, source: int, to: int, amount: int) -> None:
        """A transfer between two of them."""
        same = "SAME_WALLET" if source == to else None
        short = SHORT if amount > self.has[source] else None
        given = {"from_wallet": self.wallets[source], "to_wallet": self.wallets[to], "amount": euros(amount)}
        if self.ask("create_transfer", same or short, **given):
            self.has[source] -= amount
            self.has[to] += amount

    @rule(of=names, amount=amounts)
    def charge(self, of: int, amount: int) -> None:
        """A fee."""
        expected = SHORT if amount > self.has[of] else None
        given = {"wallet": self.wallets[of], "amount": euros(amount), "description": "model"}
        made = self.ask("charge_fee", expected, **given)
        self.earned = self.earned or 0  # refused or not, there is an account for fees from now on
        if made:
            self.has[of] -= amount
            self.earned += amount
            self.fees[made] = (of, amount)

    @precondition(lambda self: self.fees)
    @rule(data=st.data())
    def give_fee_back(self, data: st.DataObject) -> None:
        """Reverse a fee."""
        made = data.draw(st.sampled_from(sorted(self.fees)))
        of, amount = self.fees.pop(made)
        self.ask("reverse_transfer", None, transfer=made, reason="model")
        self.has[of] += amount
        self.earned = (self.earned or 0) - amount

    @invariant()
    def everything_is_where_it_must_be(self) -> None:
        """Every wallet, every escrow, what wallets have in escrow, and our revenue."""
        if not hasattr(self, "world"):
            return
        slug = self.world.book.slug
        assert [has(wallet).available.minor for wallet in self.wallets] == self.has
        for name, escrow in self.escrows.items():
            assert balance(f"escrow:{name}", book=slug) == Money(escrow.left, "EUR").decimal
            assert left_in(Transfer.objects.get(pk=name)) == Money(escrow.left, "EUR")
        for place, wallet in enumerate(self.wallets):
            left = sum(escrow.left for escrow in self.escrows.values() if escrow.of == place)
            assert in_escrow(wallet, "EUR") == Money(left, "EUR")
        if self.earned is not None:
            assert balance("revenue:fees", book=slug) == Money(self.earned, "EUR").decimal
        opened = self.world.book.accounts.filter(address__startswith="escrow:").count()
        assert opened == len(self.escrows)


def euros(cents: int) -> dict[str, str]:
    """Cents as input."""
    return {"amount": Money(cents, "EUR").decimal, "currency": "EUR"}


class TestEscrows(Escrows.TestCase):  # type: ignore[name-defined,misc]
    settings = settings(
        settings.get_profile("long" if LONG else "brief"),
        max_examples=200 if LONG else 5,
        phases=tuple(Phase) if LONG else (Phase.reuse, Phase.generate),
        stateful_step_count=60 if LONG else 25,
    )
