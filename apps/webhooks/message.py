"""A message as it is sent: the same bytes each time, with a timestamp and signatures of each attempt."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from apps.core import clock
from apps.webhooks.signing import Key, Secret, content, signature

USER_AGENT: Final = "Countinghouse-Webhooks/1"
HIDDEN: Final = "•••"
"""What stands in the evidence in the place of a header that the tenant set, for it may be a password."""


@dataclass(frozen=True)
class Message:
    """What an endpoint is told: `id` is the same however often it is sent, and is what receivers know doubles by."""

    id: str
    body: bytes

    @cached_property
    def sha256(self) -> bytes:
        """What is kept of the body with each attempt."""
        return hashlib.sha256(self.body).digest()

    def headers(
        self, timestamp: int, signers: Sequence[Secret | Key], own: Mapping[str, str]
    ) -> dict[str, str]:
        """All headers but those of the connection; the tenant's own cannot take the place of ours."""
        return {
            **own,
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            "webhook-id": self.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(content(self.id, timestamp, self.body), signers),
        }


def of_event(
    event: str,
    position: int,
    type: str,
    version: int,
    subject: str,
    recorded_at: datetime,
    data: str,
    sequence: int,
) -> Message:
    """The event as `GET /v1/events` shows it. Its data stands in it as the database writes it, so the bytes are the same each time."""
    head = json.dumps(
        {
            "id": event,
            "type": type,
            "version": version,
            "timestamp": clock.written(recorded_at),
            "position": position,
            "subject": subject,
            "sequence": sequence,
        },
        separators=(",", ":"),
    )
    return Message(event, f'{head[:-1]},"data":{data}}}'.encode())


def as_body(told: Mapping[str, Any]) -> bytes:
    """JSON without spaces, keys in the order that they are given in."""
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def shown(headers: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Headers as they are kept: without the values that the tenant set."""
    return {name: HIDDEN if name in own else value for name, value in headers.items()}
