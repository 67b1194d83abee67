"""What the desks do: the kinds of orders, and what each needs and moves."""

from dataclasses import dataclass

STRATEGY = ":strategy"
"""What the account of coins that work in a strategy ends in."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of order.

    `pays` needs a beneficiary, `converts` gives another currency at the desk's rate, `stakes` moves between the
    account and what works in a strategy.
    """

    name: str
    pays: bool = False
    converts: bool = False
    stakes: bool = False

    def source(self, currency: str) -> str:
        """The account that is debited."""
        return currency + STRATEGY if self.name == "strategy_stop" else currency

    def target(self, currency: str) -> str:
        """The account that a stake is credited to."""
        return currency if self.name == "strategy_stop" else currency + STRATEGY


def _kinds(*kinds: Kind) -> dict[str, Kind]:
    return {kind.name: kind for kind in kinds}


DESKS = {
    "bank": _kinds(Kind("payout", pays=True), Kind("refund", pays=True), Kind("pool_payout", pays=True)),
    "card": _kinds(Kind("refund", pays=True)),
    "ramp": _kinds(Kind("onramp", converts=True), Kind("offramp", converts=True)),
    "exchange": _kinds(*(Kind(name, converts=True) for name in ("buy", "sell", "bridge", "conversion"))),
    "custody": _kinds(
        Kind("payout", pays=True), Kind("strategy_start", stakes=True), Kind("strategy_stop", stakes=True)
    ),
    "stripe": _kinds(Kind("payout", pays=True), Kind("refund", pays=True)),
    "bankfile": _kinds(Kind("payout", pays=True)),
    "ach": _kinds(Kind("payout", pays=True)),
}

FILE_DESKS = ("bankfile", "ach")
AGAIN = "debited_again"
"""What a statement tells of a payment that was debited a second time; the order stays as it is."""
"""The desks that take payments in files alone."""
