"""Asking providers for the numbers of virtual accounts, in threads of its own, so that a slow one keeps nobody waiting."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from apps.core import clock, ids
from apps.operations.executor import execute_many
from apps.operations.plan import Request
from apps.providers.adapters import adapter_of
from apps.providers.protocol import Reply
from apps.transfers.arrivals import VirtualAccount
from apps.transfers.services.answers import LADDER
from apps.transfers.services.deposits import WORKER

CALLS: Final = 4
LEASE: Final = timedelta(minutes=2)

_TAKE = """
UPDATE transfers_virtualaccount v SET next_attempt_at = %s, tries = v.tries + 1
  FROM (SELECT id FROM transfers_virtualaccount WHERE next_attempt_at <= %s
         ORDER BY next_attempt_at LIMIT %s FOR NO KEY UPDATE SKIP LOCKED) due
 WHERE v.id = due.id
RETURNING v.id
"""


@dataclass
class Numbers:
    """A worker's calls for numbers. A number once given is given again to whoever asks for the same, so asking twice is safe."""

    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(CALLS, "numbers"))
    _open: dict[Future[str | Reply], VirtualAccount] = field(default_factory=dict)

    def turn(self) -> int:
        """Follow the answers that came, and ask for what is due."""
        now = clock.now()
        followed = self._follow(now)
        asked = _take(now, CALLS - len(self._open)) if len(self._open) < CALLS else []
        for row in asked:
            self._open[self._pool.submit(adapter_of(row.provider).virtual_account, str(row.pk))] = row
        return followed + len(asked)

    def close(self) -> None:
        """Wait for what is open, follow it, and let the threads go."""
        self._pool.shutdown(wait=True)
        self._follow(clock.now())

    def _follow(self, now: datetime) -> int:
        done = {future: self._open.pop(future) for future in [*self._open] if future.done()}
        requests = []
        for future, row in done.items():
            answer = future.result()
            if isinstance(answer, Reply):
                _put_off(row, answer, now)
                continue
            requests.append(given(row, answer))
        if requests:
            execute_many(requests)
        return len(done)


def given(row: VirtualAccount, number: str) -> Request:
    """What records the number that a provider gave."""
    data = {"virtual_account": row.pk, "number": number}
    return Request("transfers.record_virtual_account", data, f"{row.pk}:number", WORKER, origin="worker")


def _take(now: datetime, most: int) -> list[VirtualAccount]:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [now + LEASE, now, most])
        taken = [ids.encode("vac", row[0]) for row in cursor.fetchall()]
    return list(VirtualAccount.objects.filter(pk__in=taken).select_related("provider")) if taken else []


def _put_off(row: VirtualAccount, reply: Reply, now: datetime) -> None:
    """It is asked for again, less and less often."""
    later = LADDER[min(row.tries, len(LADDER)) - 1]
    waiting = VirtualAccount.objects.filter(pk=row.pk, tries=row.tries, next_attempt_at__isnull=False)
    waiting.update(next_attempt_at=now + later, failure=f"{reply.code} {reply.message}".strip()[:300])
