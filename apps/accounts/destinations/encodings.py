"""How chains write addresses: Base58, Base58Check, Bech32 and Bech32m (BIP 173 and 350), mixed case (EIP-55).

ValueError for what is none.
"""

from collections.abc import Iterable
from hashlib import sha256

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
BECH32_SUM, BECH32M_SUM = 1, 0x2BC830A3
CHECKED = 6
"""Characters of the check sum of Bech32."""

WORD, ROUNDS, RATE = 64, 24, 136
"""Of Keccak-256: bits of a word, rounds, bytes that one permutation takes in."""


def mixed_case(digits: str) -> str:
    """Forty hexadecimal digits in the case that is the check sum of an Ethereum address (EIP-55)."""
    lower = digits.lower()
    found = keccak256(lower.encode()).hex()
    return "".join(
        each.upper() if int(check, 16) >= 8 else each
        for each, check in zip(lower, found[: len(lower)], strict=True)
    )


def keccak256(data: bytes) -> bytes:
    """The digest as Ethereum has it: SHA-3 as it was before its padding was changed."""
    padded = bytearray(data + bytes(RATE - len(data) % RATE))
    padded[len(data)] |= 0x01
    padded[-1] |= 0x80
    lanes = [0] * 25
    for start in range(0, len(padded), RATE):
        for place in range(RATE // 8):
            at = start + place * 8
            lanes[place] ^= int.from_bytes(padded[at : at + 8], "little")
        lanes = _permuted(lanes)
    return b"".join(lane.to_bytes(8, "little") for lane in lanes[:4])


def _permuted(lanes: list[int]) -> list[int]:
    """Keccak-f[1600]; the lane of column x and row y stands at x + 5 y."""
    feedback = 1
    for _ in range(ROUNDS):
        columns = [lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] for x in range(5)]
        lanes = [
            lane ^ columns[(place + 4) % 5] ^ _turned(columns[(place + 1) % 5], 1)
            for place, lane in enumerate(lanes)
        ]
        lanes = _moved(lanes)
        lanes = [
            lane ^ (~lanes[place - place % 5 + (place + 1) % 5] & lanes[place - place % 5 + (place + 2) % 5])
            for place, lane in enumerate(lanes)
        ]
        for bit in range(7):
            feedback = (feedback << 1) ^ ((feedback >> 7) * 0x171)
            lanes[0] ^= (feedback >> 1 & 1) << ((1 << bit) - 1)
    return lanes


def _moved(lanes: list[int]) -> list[int]:
    """Each lane turned by its own number of bits, and put where the next one was."""
    found = [*lanes]
    x, y, carried = 1, 0, lanes[1]
    for step in range(24):
        x, y = y, (2 * x + 3 * y) % 5
        carried, found[x + 5 * y] = lanes[x + 5 * y], _turned(carried, (step + 1) * (step + 2) // 2)
    return found


def _turned(lane: int, bits: int) -> int:
    bits %= WORD
    return (lane << bits | lane >> (WORD - bits)) & ((1 << WORD) - 1)


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
