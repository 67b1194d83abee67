"""What is read: the resources, each declared in a module named after the app that owns it."""

from apps.api.resources import (
    accounts,
    api,
    deposits,
    inquiries,
    ledger,
    operations,
    payouts,
    reserves,
    transfers,
    treasury,
    webhooks,
)
from apps.api.resources.base import Computed, Filter, Resource, all_resources, declare, find

__all__ = [
    "Computed",
    "Filter",
    "Resource",
    "accounts",
    "all_resources",
    "api",
    "declare",
    "deposits",
    "find",
    "inquiries",
    "ledger",
    "operations",
    "payouts",
    "reserves",
    "transfers",
    "treasury",
    "webhooks",
]
