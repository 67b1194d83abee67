"""Payment orders as ISO 20022 pain.001: written for SEPA and for SWIFT, and read as customers upload them."""

from apps.providers.formats.pain001.order import Address, Party, Payment, PaymentOrder
from apps.providers.formats.pain001.reader import OrderFile, OrderRow, read
from apps.providers.formats.pain001.sepa import write_sepa
from apps.providers.formats.pain001.swift import write_swift

__all__ = [
    "Address",
    "OrderFile",
    "OrderRow",
    "Party",
    "Payment",
    "PaymentOrder",
    "read",
    "write_sepa",
    "write_swift",
]
