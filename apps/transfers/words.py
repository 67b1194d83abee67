"""What is said of transfers to tenants: fewer statuses, the four phases, and types in the words of finance."""

from collections.abc import Mapping
from typing import Final

from apps.transfers.models import Kind, Status

PUBLIC_STATUS: Final[Mapping[str, str]] = {
    Status.INITIATED: "processing",
    Status.VALIDATING: "processing",
    Status.BALANCE_RESERVED: "processing",
    Status.UNDER_REVIEW: "processing",
    Status.AWAITING_APPROVAL: "pending_approval",
    Status.SENT_TO_PROVIDER: "processing",
    Status.PROVIDER_PROCESSING: "processing",
    Status.OUTCOME_UNKNOWN: "processing",
    Status.MANUAL_REVIEW: "processing",
    Status.PROVIDER_COMPLETED: "processing",
    Status.PROVIDER_FAILED: "processing",
    Status.COMPLETED: "completed",
    Status.COMPENSATED: "failed",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
    Status.EXPIRED: "expired",
    Status.REVERSED: "reversed",
}
"""What a tenant is told: neither providers' troubles nor our reviews."""

PHASE: Final[Mapping[str, str]] = {
    Status.INITIATED: "initiation",
    Status.VALIDATING: "initiation",
    Status.BALANCE_RESERVED: "initiation",
    Status.UNDER_REVIEW: "initiation",
    Status.AWAITING_APPROVAL: "initiation",
    Status.SENT_TO_PROVIDER: "processing",
    Status.PROVIDER_PROCESSING: "processing",
    Status.OUTCOME_UNKNOWN: "processing",
    Status.MANUAL_REVIEW: "processing",
    Status.PROVIDER_COMPLETED: "completion",
    Status.COMPLETED: "completion",
    Status.REVERSED: "completion",
    Status.PROVIDER_FAILED: "error",
    Status.COMPENSATED: "error",
    Status.FAILED: "error",
    Status.CANCELLED: "error",
    Status.EXPIRED: "error",
}

TYPE: Final[Mapping[str, str]] = {
    Kind.PAY_IN: "DEPOSIT",
    Kind.INTERNAL: "TRANSFER",
    Kind.PAYOUT: "PAYOUT",
    Kind.CONVERSION: "TRANSFER",
    Kind.OTC_TRADE: "TRANSFER",
    Kind.ONRAMP: "DEPOSIT",
    Kind.OFFRAMP: "WITHDRAWAL",
    Kind.POOL_TOP_UP: "ADJUSTMENT",
    Kind.POOL_PAYOUT: "PAYOUT",
    Kind.REFUND: "REFUND",
    Kind.BUY: "WITHDRAWAL",
    Kind.SELL: "DEPOSIT",
    Kind.BRIDGE: "TRANSFER",
    Kind.STRATEGY_START: "TRANSFER",
    Kind.STRATEGY_STOP: "TRANSFER",
    Kind.ESCROW_HOLD: "ESCROW_HOLD",
    Kind.ESCROW_RELEASE: "ESCROW_RELEASE",
    Kind.FEE: "FEE",
}
