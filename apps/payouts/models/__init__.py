from apps.payouts.models.batches import Batch, BatchRow, BatchStatus, RowStatus

__all__ = ["Batch", "BatchRow", "BatchStatus", "RowStatus"]
