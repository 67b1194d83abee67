"""Bank accounts: IBANs by their check digits, and the numbers of countries that have none."""

from typing import Final

from schwifty import BIC, IBAN
from schwifty import exceptions as wrong

from apps.accounts.destinations.destination import Destination, ending
from apps.accounts.models import RecipientKind
from apps.core.errors import DomainError

LONGEST_NAME = 140

CHECKED_WITHIN: Final = frozenset({"BE", "ES", "FR", "IT", "MC", "NO", "PT", "SM"})
"""Countries in which every account number has check digits of its own. Elsewhere some banks' have none."""


class IbanInvalid(DomainError):
    """No account can have this IBAN."""

    code = "INVALID_IBAN"


class BicInvalid(DomainError):
    """No bank can have this BIC."""

    code = "INVALID_BIC"


def of_iban(iban: str) -> Destination:
    """The account of an IBAN, with its country and, where the bank is known, its name and BIC."""
    compact = "".join(iban.split()).upper()
    try:
        found = IBAN(compact, validate_bban=compact[:2] in CHECKED_WITHIN)
    except wrong.SchwiftyException as error:
        raise IbanInvalid(_why(compact, error), field="/iban") from None
    return Destination(
        kind=RecipientKind.BANK_ACCOUNT,
        details={"iban": found.compact},
        display=f"{found.compact[:4]} … {found.compact[-4:]}",
        country=found.country_code,
        bank_name=(found.bank_name or "")[:LONGEST_NAME],
        bic=str(found.bic or ""),
    )


def of_account_number(account_number: str, bank_code: str, bic: str = "") -> Destination:
    """The account of a number at a bank, where there are no IBANs."""
    details = {"account_number": account_number, "bank_code": bank_code}
    code = _bic(bic) if bic else None
    return Destination(
        kind=RecipientKind.BANK_ACCOUNT,
        details=details | ({"bic": code.compact} if code else {}),
        display=f"{bank_code} … {ending(account_number)}",
        bank_name=(code.bank_names[0] if code and code.bank_names else "")[:LONGEST_NAME],
        bic=code.compact if code else "",
    )


def _bic(text: str) -> BIC:
    try:
        return BIC(text.upper())
    except wrong.SchwiftyException:
        raise BicInvalid(
            "A BIC has 8 or 11 characters: four letters of the bank, two of its country, two of the place,"
            " perhaps three of the branch, such as COBADEFFXXX.",
            field="/bic",
        ) from None


def _why(compact: str, error: wrong.SchwiftyException) -> str:
    """What is wrong, without the number: refusals are kept."""
    match error:
        case wrong.InvalidChecksumDigits():
            return (
                f"The check digits {compact[2:4]} do not fit the rest of this IBAN: a character is mistyped,"
                " or two have changed places. Compare it with the original."
            )
        case wrong.InvalidBBANChecksum():
            return f"The check digits that {compact[:2]} has within its account numbers do not fit; compare it with the original."
        case wrong.InvalidLength():
            return f"An IBAN of {compact[:2]} does not have {len(compact)} characters; see whether some are missing."
        case wrong.InvalidCountryCode():
            return f"{compact[:2]} has no IBANs; give account_number and bank_code instead."
    return "This is no IBAN: two letters of the country, two check digits, then the account as that country writes it."
