"""Where the accounts of tests stand in the chart: many have plain names such as `amara`, which no pattern knows."""

from typing import Any

from apps.ledger.queries.chart import place_of

OUTSIDE = {1: "2130", -1: "1110"}
"""GL codes for addresses outside the patterns, by side."""


def charted(address: str, side: int | None = None) -> dict[str, Any]:
    """The GL code and side of an account: the chart's; outside its patterns credit-normal unless said otherwise."""
    place = place_of(address)
    if place:
        return {"gl_code": place.code, "side": place.side}
    return {"gl_code": OUTSIDE[side or 1], "side": side or 1}
