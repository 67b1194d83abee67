"""Addresses on chains, by the shape and, where they have one, the check sum of each network.

An Ethereum address in one case has no check sum; in both its case is one (EIP-55). It is kept in the case that checks it.
"""

import re
from collections.abc import Callable

from apps.accounts.destinations.destination import Destination
from apps.accounts.destinations.encodings import base58, base58check, mixed_case, segwit
from apps.accounts.models import RecipientKind
from apps.core.errors import DomainError

CARRIES = {
    "BTC": ("BTC",),
    "ETH": ("ETH", "USDC", "USDT"),
    "ARBITRUM": ("ETH", "USDC", "USDT"),
    "BASE": ("ETH", "USDC"),
    "POLYGON": ("USDC", "USDT"),
    "TRON": ("USDT",),
    "SOL": ("SOL", "USDC", "USDT"),
    "SUI": ("SUI", "USDC"),
}
"""The currencies that move on each network."""

PAY_TO_KEY, PAY_TO_SCRIPT = 0, 5
"""The first bytes of Bitcoin's older addresses."""

OF_TRON = 0x41
"""The first byte of those of Tron."""


class CryptoAddressInvalid(DomainError):
    """No wallet of the network can have this address."""

    code = "INVALID_CRYPTO_ADDRESS"


def of_address(network: str, address: str) -> Destination:
    """A wallet on a network."""
    check, shape = NETWORKS[network]
    try:
        found = check(address)
    except ValueError:
        raise CryptoAddressInvalid(
            f"This is no address on {network}: {shape}. A character is mistyped or missing, or it is of another network.",
            field="/address",
        ) from None
    return Destination(
        kind=RecipientKind.CRYPTO_ADDRESS,
        details={"network": network, "address": found},
        display=f"{network} {found[:6]} … {found[-4:]}",
    )


def _bitcoin(address: str) -> str:
    if address[:3].lower() == "bc1":
        return _segwit(address)
    payload = base58check(address)
    if len(payload) != 21 or payload[0] not in {PAY_TO_KEY, PAY_TO_SCRIPT}:
        raise ValueError("Of another kind, or of a test network.")
    return address


def _segwit(address: str) -> str:
    if address not in {address.lower(), address.upper()}:
        raise ValueError("Both cases at once.")
    version, program = segwit(address.lower(), "bc")
    lengths: dict[int, set[int]] = {0: {20, 32}, 1: {32}}
    if version > 16 or len(program) not in lengths.get(version, range(2, 41)):
        raise ValueError("A program of another length.")
    return address.lower()


def _solana(address: str) -> str:
    key = base58(address)
    if len(key) != 32 or not any(key):
        raise ValueError("No key.")
    return address


def _ethereum(address: str) -> str:
    digits = _hexadecimal(address, 40)[2:]
    checked = mixed_case(digits)
    if digits not in {digits.lower(), digits.upper(), checked}:
        raise ValueError("The case is the check sum of another address.")
    return f"0x{checked}"


def _tron(address: str) -> str:
    payload = base58check(address)
    if len(payload) != 21 or payload[0] != OF_TRON:
        raise ValueError("Of another network.")
    return address


def _hexadecimal(address: str, digits: int) -> str:
    if not re.fullmatch(rf"0x[0-9a-fA-F]{{{digits}}}", address) or not address.strip("0x"):
        raise ValueError("Another shape, or nobody's.")
    return address


NETWORKS: dict[str, tuple[Callable[[str], str], str]] = {
    "BTC": (_bitcoin, "it begins with bc1, 1 or 3 and ends with a check sum"),
    **dict.fromkeys(
        ("ETH", "ARBITRUM", "BASE", "POLYGON"),
        (_ethereum, "0x and 40 hexadecimal digits, in one case or in that of their check sum"),
    ),
    "TRON": (_tron, "it begins with T and ends with a check sum"),
    "SOL": (_solana, "32 to 44 characters without 0, O, I and l"),
    "SUI": (lambda address: _hexadecimal(address.lower(), 64), "0x and 64 hexadecimal digits"),
}
"""How an address is checked, and what people are told of its shape."""
