"""Who moves batches along by itself."""

from typing import Final

from apps.core.actor import Actor

WORKER: Final = Actor.system(
    "payouts",
    {
        "accounts.create_recipient",
        "operations.withdraw_request",
        "payouts.begin_batch",
        "payouts.cancel_batch",
        "payouts.end_batch",
        "payouts.raise_alarm",
        "payouts.reject_batch",
        "transfers.cancel_transfer",
        "transfers.open_batched",
        "transfers.reserve_batched",
    },
)
"""Who moves batches along by itself."""
