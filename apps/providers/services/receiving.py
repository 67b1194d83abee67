"""Storing what providers send, before anything is made of it: one statement, committed before they are answered."""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.db import connection

from apps.core import ids
from apps.providers.adapters import adapter_of
from apps.providers.models import MessageStatus, Provider
from apps.providers.protocol import Envelope, MessageUnreadable

logger = logging.getLogger(__name__)

UNVERIFIED_PER_MINUTE: Final = 60
"""Messages without proof that are kept of one provider in a minute, so that nobody can fill the disk."""

SECRET_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})
MOST_HEADERS, LONGEST_HEADER = 60, 2_000

BAD_SIGNATURE: Final = "The signature is missing, old or not this provider's."

_STORE: Final = """
INSERT INTO providers_inboundmessage AS m
       (id, provider_id, reference, body, headers, remote_address, verified, sha256, copies, status, why, subject,
        tries, lease, next_attempt_at, received_at, seen_at)
SELECT %(id)s, %(provider)s, %(reference)s, %(body)s, %(headers)s::jsonb, %(address)s, %(verified)s, %(sha256)s, 1,
       %(status)s, %(why)s, '', 0, 0, %(due)s, %(now)s, %(now)s
 WHERE %(verified)s OR %(most)s > (SELECT count(*) FROM (
         SELECT FROM providers_inboundmessage
          WHERE provider_id = %(provider)s AND NOT verified AND received_at > %(since)s LIMIT %(most)s) lately)
    ON CONFLICT (provider_id, reference) DO UPDATE
   SET copies = m.copies + 1, seen_at = excluded.seen_at WHERE m.sha256 = excluded.sha256
RETURNING m.id, m.copies
"""
_CONFLICT: Final = """
INSERT INTO providers_inboundconflict AS c
       (id, message_id, body, headers, remote_address, sha256, copies, status, why, received_at, seen_at)
SELECT %(id)s, m.id, %(body)s, %(headers)s::jsonb, %(address)s, %(sha256)s, 1, 'open', '', %(now)s, %(now)s
  FROM providers_inboundmessage m WHERE m.provider_id = %(provider)s AND m.reference = %(reference)s
    ON CONFLICT (message_id, sha256) DO UPDATE SET copies = c.copies + 1, seen_at = excluded.seen_at
RETURNING c.message_id
"""


class Receipt(StrEnum):
    """How a message stands to what is stored."""

    NEW = "new"
    AGAIN = "again"
    UNVERIFIED = "unverified"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Received:
    """What was made of a request. `message` is empty where too many without proof had come."""

    receipt: Receipt
    message: str = ""


def receive(
    provider: Provider, envelope: Envelope, *, address: str, now: datetime, fetched: bool = False
) -> Received:
    """Store a message, count it if the same bytes are there, or keep it as a conflict if other bytes are.

    What we have fetched from the provider ourselves needs no signature.
    """
    verified, name = fetched or is_verified(provider, envelope, now=now), name_of(provider, envelope)
    digest = hashlib.sha256(envelope.body).digest()
    status, why = MessageStatus.RECEIVED, ""
    if not name:
        status, why = MessageStatus.QUARANTINED, "It cannot be read far enough to tell which message it is."
    if not verified:
        status, why = MessageStatus.QUARANTINED, BAD_SIGNATURE
    values: dict[str, Any] = {
        "provider": ids.decode("pvd", str(provider.pk)),
        "reference": name if verified and name else unproven(digest, verified=verified),
        "body": envelope.body,
        "headers": json.dumps(_kept(envelope.headers)),
        "address": address[:45],
        "verified": verified,
        "sha256": digest,
        "status": status,
        "why": why,
        "due": now if status == MessageStatus.RECEIVED else None,
        "now": now,
        "since": now - timedelta(minutes=1),
        "most": UNVERIFIED_PER_MINUTE,
    }
    stored = _run(_STORE, values | {"id": ids.decode("inb", ids.new_id("inb"))})
    if not verified:
        return Received(Receipt.UNVERIFIED, ids.encode("inb", stored[0]) if stored else "")
    if stored:
        return Received(Receipt.NEW if stored[1] == 1 else Receipt.AGAIN, ids.encode("inb", stored[0]))
    other = _run(_CONFLICT, values | {"id": ids.decode("inc", ids.new_id("inc"))})
    return Received(Receipt.CONFLICT, ids.encode("inb", other[0]) if other else "")


def is_verified(provider: Provider, envelope: Envelope, *, now: datetime) -> bool:
    """Whether it is proven to be the provider's. A defect of an adapter proves nothing, and loses no message."""
    try:
        return adapter_of(provider).verify(envelope, now=now)
    except Exception:
        logger.exception("The adapter of %s cannot verify a message.", provider.name)
        return False


def name_of(provider: Provider, envelope: Envelope) -> str:
    """The provider's own name for the message; empty if it has none that can be stored."""
    try:
        name = adapter_of(provider).name_of(envelope)
    except MessageUnreadable:
        return ""
    except Exception:
        logger.exception("The adapter of %s cannot name a message.", provider.name)
        return ""
    return name if name.isprintable() else ""


def unproven(digest: bytes, *, verified: bool = False) -> str:
    """The name of a message that has no proof, or no name of its own."""
    return f"{'unreadable' if verified else 'unverified'}:{digest.hex()}"


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers, without what would let a reader act as the sender."""
    names = [name for name in headers if name not in SECRET_HEADERS][:MOST_HEADERS]
    return {
        name: headers[name][:LONGEST_HEADER].replace("\x00", "\N{REPLACEMENT CHARACTER}") for name in names
    }


def _run(statement: str, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row
