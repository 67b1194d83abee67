"""Amounts: decimal strings outside, whole numbers of 10^-18 inside. Never a float."""

import re

PLACES = 18
ONE: int = 10**PLACES
_WRITTEN = re.compile(r"(-?)([0-9]{1,30})(?:\.([0-9]{1,18}))?")


class NotAnAmount(ValueError):
    """Not a decimal string, or with more digits than are kept."""


def exact(text: object, digits: int = PLACES) -> int:
    """The units of a decimal string which has at most so many digits after the point."""
    found = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise NotAnAmount(f"{str(text)[:40]!r} is no decimal string such as '12.50'")
    sign, whole, part = found.group(1), found.group(2), (found.group(3) or "").rstrip("0")
    if len(part) > digits:
        raise NotAnAmount(f"{text} has more than {digits} digits after the point")
    units = int(whole) * ONE + int(part.ljust(PLACES, "0"))
    return -units if sign else units


def told(units: int, digits: int) -> str:
    """The decimal string, with exactly these digits unless it has more."""
    whole, part = divmod(abs(units), ONE)
    written = f"{part:0{PLACES}d}"
    written = written[:digits] + written[digits:].rstrip("0")
    return f"{'-' if units < 0 else ''}{whole}{'.' if written else ''}{written}"


def times(units: int, factor: int, digits: int) -> int:
    """The product with a factor that is written in units too, rounded down to these digits."""
    step: int = 10 ** (PLACES - digits)
    return units * factor // ONE // step * step
