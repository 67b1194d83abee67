"""How chains write addresses: Base58, Base58Check, Bech32 and Bech32m (BIP 173 and 350). ValueError for what is none."""

from collections.abc import Iterable
from hashlib import sha256

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
BECH32_SUM, BECH32M_SUM = 1, 0x2BC830A3
CHECKED = 6
"""Characters of the check sum of Bech32."""


def base58(text: str) -> bytes:
    """The bytes; each leading 1 is a zero byte."""
    number = 0
    for character in text:
        number = number * 58 + BASE58.index(character)
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def base58check(text: str) -> bytes:
    """The bytes before the check sum, which must be theirs."""
    found = base58(text)
    payload, check = found[:-4], found[-4:]
    if sha256(sha256(payload).digest()).digest()[:4] != check:
        raise ValueError("The check sum is of another address.")
    return payload


def segwit(text: str, prefix: str) -> tuple[int, bytes]:
    """The version and the program of a Bech32 address in lower case."""
    start, _one, rest = text.rpartition("1")
    values = [BECH32.index(character) for character in rest]
    if start != prefix or len(values) <= CHECKED:
        raise ValueError(f"An address begins with {prefix}1.")
    version = values[0]
    expanded = [*(ord(each) >> 5 for each in prefix), 0, *(ord(each) & 31 for each in prefix)]
    if _polymod([*expanded, *values]) != (BECH32M_SUM if version else BECH32_SUM):
        raise ValueError("The check sum is of another address.")
    return version, _octets(values[1:-CHECKED])


def _polymod(values: Iterable[int]) -> int:
    total = 1
    for value in values:
        top = total >> 25
        total = (total & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(GENERATORS):
            total ^= generator if top >> place & 1 else 0
    return total


def _octets(fives: list[int]) -> bytes:
    """Groups of five bits as bytes; what is left over must be fewer than five zeros."""
    number = 0
    for five in fives:
        number = number << 5 | five
    count, left = divmod(len(fives) * 5, 8)
    if left >= 5 or number & ((1 << left) - 1):
        raise ValueError("There is something after the last byte.")
    return (number >> left).to_bytes(count, "big")
