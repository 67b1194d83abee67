"""How each kind that a provider executes goes through the books, and in which words. Data: the machine is the same for all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from apps.core.money import Money
from apps.ledger.templates import Variables
from apps.transfers.models import Kind, Transfer


@dataclass(frozen=True, slots=True)
class Places:
    """The accounts of a transfer by address. `source` is where its money is taken from, `to` where what is bought goes."""

    source: str
    held: str
    to: str
    provider: str
    name: str
    """The provider's, as custody is called after it."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a provider says that it did: paid, and delivered for it."""

    paid: Money
    delivered: Money | None = None


Step = tuple[str, Variables]
"""A template and its variables."""

Settle = Callable[[Transfer, Places, Done], Step]


@dataclass(frozen=True, slots=True)
class Flow:
    """The steps of a kind in the books, and what it is called.

    `settle_part` is for a provider that paid less; without it that is for a person to look at. `delivers` says that the
    provider gives something for what it is paid, and in which way. `waiting` is what a tenant reads while the provider
    has it, `usually` how long that takes. `unfit` says what is wrong with an amount that was delivered.
    `comes_back` is what a recipient's bank may send back after it was completed.
    """

    settle: Settle
    waiting: str
    usually: timedelta
    settle_part: Settle | None = None
    delivers: bool = False
    unfit: Callable[[Transfer, Money], str] | None = None
    from_strategy: bool = False
    comes_back: bool = False
    reserve_by: str = "hold_place"
    release_by: str = "hold_release"

    def reserve(self, transfer: Transfer, places: Places) -> Step:
        """Amount and fees are put aside."""
        if self.reserve_by == "payout_reserve":
            amounts = {"amount": transfer.money, "fee": transfer.fee_money}
            return self.reserve_by, {**amounts, "wallet": places.source, "held": places.held}
        return self.reserve_by, {"amount": transfer.total, "account": places.source, "held": places.held}

    def release(self, transfer: Transfer, places: Places) -> Step:
        """All of it goes back."""
        back = "wallet" if self.release_by == "payout_release" else "account"
        return self.release_by, {"amount": transfer.total, back: places.source, "held": places.held}


def _payout(transfer: Transfer, places: Places, done: Done) -> Step:
    return "payout_settle", {
        "amount": done.paid,
        "fee": transfer.fee_money,
        "held": places.held,
        "provider": places.provider,
    }


def _part_of_payout(transfer: Transfer, places: Places, done: Done) -> Step:
    fee = transfer.fee_for(done.paid)
    return "payout_settle_part", {
        "amount": done.paid,
        "fee": fee,
        "rest": transfer.total - done.paid - fee,
        "wallet": places.source,
        "held": places.held,
        "provider": places.provider,
    }


def _refund(transfer: Transfer, places: Places, done: Done) -> Step:
    return "refund", {"amount": done.paid, "wallet": places.held, "provider": places.provider}


def _onramp(transfer: Transfer, places: Places, done: Done) -> Step:
    return "onramp", {
        "paid": transfer.total,
        "fee": transfer.fee_money,
        "received": done.delivered or Money.zero(transfer.received_currency),
        "provider": places.name,
        "custody": places.name,
        "from": places.held,
        "to": places.to,
    }


def _offramp(transfer: Transfer, places: Places, done: Done) -> Step:
    return "offramp", {
        "paid": transfer.total,
        "received": done.delivered or Money.zero(transfer.received_currency),
        "fee": Money.zero(transfer.received_currency),
        "provider": places.name,
        "custody": places.name,
        "from": places.held,
        "to": places.to,
    }


def _buy(transfer: Transfer, places: Places, done: Done) -> Step:
    return "buy", {
        "price": done.paid,
        "fee": transfer.fee_money,
        "units": done.delivered or Money.zero(transfer.received_currency),
        "provider": places.name,
        "custody": places.name,
        "from": places.held,
        "to": places.to,
    }


def _sell(transfer: Transfer, places: Places, done: Done) -> Step:
    return "sell", {
        "units": transfer.total,
        "proceeds": done.delivered or Money.zero(transfer.received_currency),
        "fee": Money.zero(transfer.received_currency),
        "provider": places.name,
        "custody": places.name,
        "from": places.held,
        "to": places.to,
    }


def _bridge(transfer: Transfer, places: Places, done: Done) -> Step:
    arrived = done.delivered or done.paid
    return "bridge", {
        "amount": arrived,
        "cost": transfer.money - arrived,
        "fee": transfer.fee_money,
        "from": f"{places.name}:{transfer.terms['from_network'].lower()}",
        "to": f"{places.name}:{transfer.terms['to_network'].lower()}",
        "held": places.held,
        "wallet": places.to,
    }


def _strategy_start(transfer: Transfer, places: Places, done: Done) -> Step:
    return "strategy_start", {
        "amount": done.paid,
        "fee": transfer.fee_money,
        "strategy": strategy(transfer).removeprefix("strategy:"),
        "wallet": places.held,
    }


def _strategy_stop(transfer: Transfer, places: Places, done: Done) -> Step:
    delivered = done.delivered or done.paid
    return "strategy_stop", {
        "amount": transfer.money,
        "earned": delivered - transfer.money,
        "custody": places.name,
        "held": places.held,
        "wallet": places.to,
    }


def _less_than_agreed(transfer: Transfer, delivered: Money) -> str:
    least = transfer.terms.get("at_least")
    agreed = Money.parse(least, transfer.received_currency) if least else delivered
    return f"{delivered} were delivered, {agreed} were asked for at least." if delivered < agreed else ""


def _more_than_left(transfer: Transfer, delivered: Money) -> str:
    return f"{delivered} arrived of {transfer.money}." if delivered > transfer.money else ""


def _less_than_was_in_it(transfer: Transfer, delivered: Money) -> str:
    return f"{delivered} came back of {transfer.money}." if delivered < transfer.money else ""


def strategy(transfer: Transfer) -> str:
    """The address of what a wallet has in a strategy: each wallet's own, so that none takes out another's."""
    wallet = (
        transfer.destination_wallet_id if transfer.kind == Kind.STRATEGY_STOP else transfer.source_wallet_id
    )
    return f"strategy:{transfer.terms['strategy']}:{wallet}"


BANK, EXCHANGE, CONTRACT = "BANK_PROCESSING", "EXCHANGE_PROCESSING", "SMART_CONTRACT_INTERACTION"

FLOWS: Final[Mapping[str, Flow]] = {
    Kind.PAYOUT: Flow(
        _payout,
        BANK,
        timedelta(days=3),
        settle_part=_part_of_payout,
        reserve_by="payout_reserve",
        release_by="payout_release",
        comes_back=True,
    ),
    Kind.REFUND: Flow(_refund, BANK, timedelta(days=3), comes_back=True),
    Kind.ONRAMP: Flow(_onramp, BANK, timedelta(days=3), delivers=True, unfit=_less_than_agreed),
    Kind.OFFRAMP: Flow(_offramp, BANK, timedelta(days=3), delivers=True, unfit=_less_than_agreed),
    Kind.BUY: Flow(_buy, EXCHANGE, timedelta(minutes=15), delivers=True, unfit=_less_than_agreed),
    Kind.SELL: Flow(_sell, EXCHANGE, timedelta(minutes=15), delivers=True, unfit=_less_than_agreed),
    Kind.BRIDGE: Flow(_bridge, CONTRACT, timedelta(minutes=30), delivers=True, unfit=_more_than_left),
    Kind.STRATEGY_START: Flow(_strategy_start, CONTRACT, timedelta(minutes=30)),
    Kind.STRATEGY_STOP: Flow(
        _strategy_stop,
        CONTRACT,
        timedelta(minutes=30),
        unfit=_less_than_was_in_it,
        from_strategy=True,
    ),
}
