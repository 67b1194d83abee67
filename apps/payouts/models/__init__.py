from apps.payouts.models.batches import Batch, BatchRow, BatchStatus, RowStatus
from apps.payouts.models.reminders import WeeklyReminder
from apps.payouts.models.schedules import (
    RunOutcome,
    Schedule,
    ScheduleRow,
    ScheduleRun,
    ScheduleStatus,
    WhenShort,
)
from apps.payouts.models.uploads import BatchFile, BatchSheet, FileMapping

__all__ = [
    "Batch",
    "BatchFile",
    "BatchRow",
    "BatchSheet",
    "BatchStatus",
    "FileMapping",
    "RowStatus",
    "RunOutcome",
    "Schedule",
    "ScheduleRow",
    "ScheduleRun",
    "ScheduleStatus",
    "WeeklyReminder",
    "WhenShort",
]
