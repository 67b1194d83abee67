"""Everything that runs by itself, and how often. The console shows this table; nothing else schedules."""

from datetime import timedelta

BEAT_SCHEDULE = {
    "sequence": {
        "task": "operations.sequence",
        "schedule": timedelta(seconds=1),
    },
    "project-daily-balances": {
        "task": "ledger.project_daily_balances",
        "schedule": timedelta(seconds=15),
    },
    "apply-approved": {
        "task": "operations.apply_approved",
        "schedule": timedelta(seconds=30),
    },
    "heartbeat": {
        "task": "operations.heartbeat",
        "schedule": timedelta(seconds=15),
    },
}
