"""What time it is for a worker: that of the database, for leases are judged by several workers, whose own clocks may differ."""

import time
from datetime import datetime, timedelta

from django.db import connection

from apps.core import clock


class DatabaseClock:
    """The database's clock. It is looked at from time to time; between two looks counts a clock that nobody sets."""

    def __init__(self) -> None:
        self._seen: tuple[datetime, float] | None = None

    def look(self) -> None:
        """See what it shows."""
        asked_at = time.monotonic()
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            shown = cursor.fetchone()[0]
        self._seen = shown, (asked_at + time.monotonic()) / 2

    def now(self) -> datetime:
        """The present instant; the clock was looked at before."""
        return clock.now(by=self._counted)

    def _counted(self) -> datetime:
        if self._seen is None:
            raise RuntimeError("The clock of the database was not looked at.")
        shown, seen_at = self._seen
        return shown + timedelta(seconds=time.monotonic() - seen_at)
