"""The commands that move money. Importing this package registers them all."""

from apps.transfers.commands import (
    asking,
    booked,
    deposits,
    desk,
    escrow,
    inquiries,
    machine,
    micro_deposits,
    reserves,
    wallets,
)

__all__ = [
    "asking",
    "booked",
    "deposits",
    "desk",
    "escrow",
    "inquiries",
    "machine",
    "micro_deposits",
    "reserves",
    "wallets",
]
