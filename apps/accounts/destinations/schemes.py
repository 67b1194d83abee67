"""Account numbers of countries without IBANs, by the rules of the scheme that carries them there."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from apps.accounts.destinations.destination import Destination, ending
from apps.core.errors import DomainError


class BankCodeInvalid(DomainError):
    """No bank of the country has this code."""

    code = "INVALID_BANK_CODE"


class AccountNumberInvalid(DomainError):
    """No account of the country has this number."""

    code = "INVALID_ACCOUNT_NUMBER"


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a country writes a bank's code and an account's number, without separators, and what people are told of it."""

    code: str
    code_shape: str
    account: str
    account_shape: str
    code_holds: Callable[[str], bool] = lambda _code: True
    account_holds: Callable[[str, str], bool] = lambda _code, _account: True


def is_routing_number(code: str) -> bool:
    """Whether nine digits have the check sum of an ABA routing number, and begin as one that is given out."""
    district = int(code[:2])
    given_out = district <= 12 or 21 <= district <= 32 or 61 <= district <= 72 or district == 80
    weighed = sum(
        int(digit) * weight for digit, weight in zip(code, (3, 7, 1, 3, 7, 1, 3, 7, 1), strict=True)
    )
    return given_out and int(code) > 0 and weighed % 10 == 0


def is_clabe(code: str, account: str) -> bool:
    """Whether eighteen digits are a CLABE of the bank of this code."""
    weighed = sum(int(digit) * (3, 7, 1)[place % 3] % 10 for place, digit in enumerate(account[:17]))
    return account.startswith(code) and int(account[17]) == -weighed % 10


SCHEMES: Final[Mapping[str, Scheme]] = {
    "US": Scheme(
        r"\d{9}",
        "an ABA routing number of nine digits, the last of which checks the others",
        r"[0-9A-Z]{4,17}",
        "4 to 17 characters",
        code_holds=is_routing_number,
    ),
    "GB": Scheme(r"\d{6}", "a sort code of six digits", r"\d{8}", "eight digits"),
    "CA": Scheme(
        r"0?\d{8}", "a transit number of eight digits, or nine with 0", r"\d{5,12}", "5 to 12 digits"
    ),
    "AU": Scheme(r"\d{6}", "a BSB of six digits", r"\d{5,10}", "5 to 10 digits"),
    "IN": Scheme(r"[A-Z]{4}0[A-Z0-9]{6}", "an IFSC such as SBIN0001234", r"\d{9,18}", "9 to 18 digits"),
    "MX": Scheme(
        r"\d{3}",
        "the first three digits of the CLABE",
        r"\d{18}",
        "a CLABE of 18 digits, the last of which checks the others",
        account_holds=is_clabe,
    ),
}
"""By country. Of others only the characters are known."""


def of_country(to: Destination, country: str) -> Destination:
    """The destination as its country writes it, or a DomainError at the field that no account there has."""
    scheme = SCHEMES.get(country)
    if scheme is None or "account_number" not in to.details:
        return to
    code, account = (_compact(to.details[name]) for name in ("bank_code", "account_number"))
    if not re.fullmatch(scheme.code, code, re.ASCII) or not scheme.code_holds(code):
        raise BankCodeInvalid(
            f"In {country} the bank code is {scheme.code_shape}.", field="/details/bank_code"
        )
    if not re.fullmatch(scheme.account, account, re.ASCII) or not scheme.account_holds(code, account):
        raise AccountNumberInvalid(
            f"In {country} the account number is {scheme.account_shape}.", field="/details/account_number"
        )
    details = {**to.details, "bank_code": code, "account_number": account}
    return replace(to, details=details, display=f"{code} … {ending(account)}")


def _compact(text: str) -> str:
    return text.replace("-", "").replace(" ", "").upper()
