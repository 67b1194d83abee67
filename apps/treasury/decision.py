"""What a sweep rule asks for when it looks at the balances. A function of numbers, without a clock or a database."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Band:
    """Between what an account is kept, and the least that is moved for it, in minor units; `floor` is at most `target`."""

    floor: int
    target: int
    minimum: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rule asks for and what of it can be moved, in minor units: into the account, or out of it if negative.

    `why` says why not all of it: nothing is asked for (`within`), too little is asked for (`below_minimum`), or the
    counter account lacks it (`lacking`).
    """

    asked: int
    amount: int
    why: str


def decide(band: Band, *, balance: int, spare: int) -> Decision:
    """Below the floor the account is brought up to its target, above the target down to it; between them it is left alone.

    `spare` is what the counter account can give, at least zero.
    """
    if band.floor <= balance <= band.target:
        return Decision(0, 0, "within")
    asked = band.target - balance
    if abs(asked) < band.minimum:
        return Decision(asked, 0, "below_minimum")
    amount = min(asked, spare)
    if abs(amount) < band.minimum:
        return Decision(asked, 0, "lacking")
    return Decision(asked, amount, "lacking" if amount < asked else "")
