from apps.payouts.models.batches import Batch, BatchRow, BatchStatus, RowStatus
from apps.payouts.models.uploads import BatchFile, FileMapping

__all__ = ["Batch", "BatchFile", "BatchRow", "BatchStatus", "FileMapping", "RowStatus"]
