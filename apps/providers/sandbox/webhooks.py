"""Delivering events: signed, in order per subject, again and again until they are taken or given up."""

import asyncio
import hashlib
import hmac
import json
import time
from contextlib import suppress
from functools import partial
from typing import Any

from apps.providers.sandbox.events import is_first
from apps.providers.sandbox.instants import now
from apps.providers.sandbox.settings import Settings
from apps.providers.sandbox.store import Row, Store
from apps.providers.sandbox.stripe_words import DESK as STRIPE
from apps.providers.sandbox.wire import Failed, Header, Poster

AT_ONCE = 64
TOGETHER = 4
"""Milliseconds in which deliveries gather, so that a busy server looks for them less often."""


class Webhooks:
    """Sends what `Events` wrote; what is pending outlives the process."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._poster = Poster()
        self._due = asyncio.Event()
        self._sending: dict[str, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """There is something new to send."""
        self._due.set()

    async def run(self) -> None:
        """Send what is due, for ever."""
        while True:
            self._due.clear()
            await self._store.committed()  # what is told has happened
            at = now()
            for row in self._next(at):
                task = asyncio.create_task(self._send(row))
                self._sending[row["subject"]] = task
                task.add_done_callback(partial(self._sent, row["subject"]))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), self._pause(at))
            await asyncio.sleep(TOGETHER / 1000)

    def _next(self, at: int) -> list[Row]:
        free = AT_ONCE - len(self._sending)
        if free <= 0:
            return []
        rows = self._store.rows(
            f"SELECT * FROM webhooks WHERE due_at <= ? ORDER BY due_at, number LIMIT {3 * AT_ONCE}", at
        )
        first: dict[str, Row] = {}
        for row in rows:
            if row["subject"] not in self._sending:
                first.setdefault(row["subject"], row)
        return list(first.values())[:free]

    def _pause(self, at: int) -> float | None:
        following = self._store.number("SELECT min(due_at) FROM webhooks WHERE due_at > ?", at)
        return max(following - now(), 1) / 1000 if following else None

    def _sent(self, subject: str, task: "asyncio.Task[None]") -> None:
        self._sending.pop(subject, None)
        self._due.set()

    async def _send(self, row: Row) -> None:
        webhook = self._settings.webhook
        url, body = (webhook.url or "").replace("{desk}", row["desk"]), content_of(row)
        began, status, error = now(), None, None
        try:
            status = await self._poster.post(url, body, self._headers(row, body), webhook.timeout)
        except Failed as failure:
            error = str(failure)
        tries = [*json.loads(row["tries"]), {"at": began, "status": status, "error": error}]
        taken = status is not None and 200 <= status < 300
        with self._store.change():
            self._tried(row, tries, taken)
        await self._store.committed()

    def _tried(self, row: Row, tries: list[dict[str, Any]], taken: bool) -> None:
        webhook = self._settings.webhook
        state, due = "delivered" if taken else "given_up", None
        if not taken and len(tries) < webhook.tries:
            state, due = "pending", now() + webhook.ladder * 2 ** (len(tries) - 1)
        self._store.run(
            "UPDATE webhooks SET state = ?, tries = ?, due_at = ? WHERE number = ?",
            *(state, json.dumps(tries), due, row["number"]),
        )
        if not is_first(row["type"]):
            self._store.run(
                "UPDATE webhooks SET state = 'pending', due_at = ? WHERE state = 'held' AND subject = ?",
                *(now(), row["subject"]),
            )

    def _headers(self, row: Row, body: bytes) -> list[Header]:
        at = int(time.time())
        secret = self._settings.webhook.secret if row["signed"] else f"not {self._settings.webhook.secret}"
        digest = hmac.new(secret.encode(), b"%d.%s" % (at, body), hashlib.sha256).hexdigest()
        signature = "Stripe-Signature" if row["desk"] == STRIPE else "Sandbox-Signature"
        media = "application/octet-stream" if _is_report(row) else "application/json"
        headers = [("Content-Type", media), (signature, f"t={at},v1={digest}")]
        if row["desk"] == STRIPE:
            return headers
        return [*headers, ("Sandbox-Event-Id", row["event"])] if row["named"] else headers

    def pending(self) -> dict[str, Any]:
        """How many deliveries will be tried."""
        return {
            "webhooks": self._store.number("SELECT count(*) FROM webhooks WHERE due_at IS NOT NULL"),
        }

    async def stop(self) -> None:
        """Cut what is on its way."""
        tasks = list(self._sending.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._poster.close()


def content_of(row: Row) -> bytes:
    """What is posted: an event as it was written, or the bank's file that it tells of."""
    body: str = json.loads(row["body"])["data"]["content"] if _is_report(row) else row["body"]
    return body.encode()


def _is_report(row: Row) -> bool:
    return str(row["type"]).startswith("report.")
