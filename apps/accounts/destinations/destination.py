"""What is known of where money can go."""

from dataclasses import dataclass

from apps.accounts.models import RecipientKind
from apps.core.errors import DomainError


class DestinationUnclear(DomainError):
    """The details are of no destination, or of several."""

    code = "DETAILS_UNCLEAR"


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination in its canonical spelling. `display` is what people recognise of it and may be shown.

    `country`, `bank_name` and `bic` are what the details themselves say.
    """

    kind: RecipientKind
    details: dict[str, str]
    display: str
    country: str = ""
    bank_name: str = ""
    bic: str = ""


def ending(text: str) -> str:
    """The last characters of a number, and of a short one still fewer."""
    return text[-4:] if len(text) >= 8 else text[-2:]
