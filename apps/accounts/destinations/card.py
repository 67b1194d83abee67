"""Cards, which are known by a provider's token alone."""

from apps.accounts.destinations.destination import Destination, ending
from apps.accounts.models import RecipientKind
from apps.core.errors import DomainError


class CardNumberGiven(DomainError):
    """A card's own number stands where a token belongs."""

    code = "CARD_NUMBER_GIVEN"


def of_token(token: str) -> Destination:
    """The card behind a token. A card's own number is refused: it may not be kept here."""
    if _is_card_number(token):
        raise CardNumberGiven(
            "This is the number of a card. Give the token that the provider made of it; the number is kept nowhere here.",
            field="/token",
        )
    return Destination(RecipientKind.CARD, {"token": token}, f"… {ending(token)}")


def _is_card_number(token: str) -> bool:
    digits = token.replace("-", "")
    return digits.isdigit() and 12 <= len(digits) <= 19 and _luhn(digits) == 0


def _luhn(digits: str) -> int:
    """The check sum of ISO/IEC 7812, which is zero for a card number."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(each - 9 if each > 9 else each for each in doubled) % 10
