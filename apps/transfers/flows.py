"""How each kind that a provider executes goes through the books, and in which words. Data: the machine is the same for all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from apps.transfers.models import Kind


@dataclass(frozen=True, slots=True)
class Flow:
    """The templates by which a kind is reserved, settled and given back, and what it is called meanwhile.

    `settle_part` is for a provider that paid less; without it that is for a person to look at. `waiting` is what a
    tenant reads while the provider has it.
    """

    reserve: str
    settle: str
    release: str
    waiting: str
    settle_part: str = ""


FLOWS: Final[Mapping[str, Flow]] = {
    Kind.PAYOUT: Flow(
        "payout_reserve",
        "payout_settle",
        "payout_release",
        "BANK_PROCESSING",
        settle_part="payout_settle_part",
    ),
}
