"""What people write on a bank transfer so that it finds a wallet: a creditor reference by ISO 11649, such as
`RF18A1B2C3D4E5F6`.

It is `RF`, two check digits, and the last 60 bits of the wallet's id, which are random, as twelve capital letters and
digits: nothing else passes through every bank. Banks check it themselves, and a typo in it finds no other wallet.
"""

import re
from collections.abc import Iterator
from typing import Final

from apps.core import ids

BODY: Final = 12
_DIGITS: Final = ids.CROCKFORD.upper()
_REFERENCE: Final = re.compile(rf"(?=RF([0-9]{{2}})([{_DIGITS}]{{{BODY}}}))")
_WALLET_ID: Final = re.compile(rf"(?=WAL([0-7][{_DIGITS}]{{{ids.LENGTH - 1}}}))")
_NEITHER: Final = re.compile("[^0-9A-Z]+")


def reference_of(wallet: str) -> str:
    """The reference of a wallet's id, without blanks."""
    body = wallet[-BODY:].upper()
    return f"RF{_check_digits(body)}{body}"


def tail_of(wallet: str) -> str:
    """What of the id a reference holds, as PostgreSQL shows the end of the UUID."""
    return str(ids.decode("wal", wallet))[-16:]


def tails_in(written: str) -> set[str]:
    """The tails that references in a text stand for, whatever its case and separators; those with wrong check digits stand
    for none."""
    return {
        _tail(body) for check, body in _REFERENCE.findall(_joined(written)) if check == _check_digits(body)
    }


def ids_in(written: str) -> set[str]:
    """The ids of wallets in a text, with or without the underscore, whatever its case and separators."""
    return {f"wal_{body.lower()}" for body in _WALLET_ID.findall(_joined(written))}


def grouped(reference: str) -> str:
    """A reference as people read it, in fours."""
    return " ".join(_fours(reference))


def _fours(text: str) -> Iterator[str]:
    return (text[start : start + 4] for start in range(0, len(text), 4))


def _joined(written: str) -> str:
    return _NEITHER.sub("", written.upper())


def _tail(body: str) -> str:
    bits = 0
    for digit in body:
        bits = bits << 5 | _DIGITS.index(digit)
    return f"{bits >> 48:03x}-{bits & (1 << 48) - 1:012x}"


def _check_digits(body: str) -> str:
    """Modulo 97 of ISO 7064, as for IBANs: letters count from A = 10."""
    number = int("".join(str(int(each, 36)) for each in f"{body}RF00"))
    return f"{98 - number % 97:02d}"
