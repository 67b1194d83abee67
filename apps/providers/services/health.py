"""The circuit breaker of each provider: after failures in a row it is left alone, then tried, then trusted again."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from apps.core import ids
from apps.providers.protocol import Outcome, Reply
from apps.providers.services.rail_payments import DOUBTFUL

FAILURES, REST = 5, timedelta(seconds=30)
"""After how many failures in a row a provider is left alone, and for how long before it is tried."""

WELL_EVERY = timedelta(seconds=2)
"""How often it is written down that all is well."""

OF_THE_PAYMENT = frozenset({"insufficient_funds", DOUBTFUL})
"""Codes that tell of money or of one payment, however open they leave it."""

_FAILED = """
INSERT INTO providers_providerhealth AS h
       (provider_id, circuit, failures, opened_at, probe_at, last_failure_at, last_error, balances, low)
VALUES (%(provider)s, 'closed', 1, NULL, NULL, %(now)s, %(error)s, '{}', '{}')
ON CONFLICT (provider_id) DO UPDATE SET
  failures = h.failures + 1, last_failure_at = %(now)s, last_error = %(error)s,
  circuit = CASE WHEN h.failures + 1 >= %(most)s THEN 'open' ELSE h.circuit END,
  opened_at = CASE WHEN h.failures + 1 >= %(most)s AND h.circuit = 'closed' THEN %(now)s ELSE h.opened_at END,
  probe_at = CASE WHEN h.failures + 1 >= %(most)s THEN %(probe)s ELSE h.probe_at END
"""
_WELL = """
INSERT INTO providers_providerhealth AS h (provider_id, circuit, failures, last_success_at, last_error, balances, low)
VALUES (%(provider)s, 'closed', 0, %(now)s, '', '{}', '{}')
ON CONFLICT (provider_id) DO UPDATE SET
  failures = 0, circuit = 'closed', opened_at = NULL, probe_at = NULL, last_success_at = %(now)s
  WHERE h.failures > 0 OR h.circuit <> 'closed' OR h.last_success_at IS NULL OR h.last_success_at < %(before)s
"""

_PROBE = """
UPDATE providers_providerhealth SET circuit = 'half_open', probe_at = %(probe)s
 WHERE provider_id = %(provider)s AND circuit <> 'closed' AND probe_at <= %(now)s
"""


def failed(reply: Reply) -> bool:
    """Whether a call tells of the provider's trouble, not of the payment's."""
    if reply.code in OF_THE_PAYMENT:
        return False
    return reply.outcome == Outcome.UNKNOWN or (reply.outcome == Outcome.NOT_ACCEPTED and reply.transient)


def note(provider_id: str, reply: Reply, *, now: datetime) -> None:
    """Take a call into account."""
    values: dict[str, Any] = {
        "provider": ids.decode("pvd", provider_id),
        "now": now,
        "before": now - WELL_EVERY,
    }
    with connection.cursor() as cursor:
        if failed(reply):
            error = f"{reply.code} {reply.message}".strip()[:300]
            cursor.execute(_FAILED, {**values, "error": error, "most": FAILURES, "probe": now + REST})
        else:
            cursor.execute(_WELL, values)


def take_probe(provider_id: str, *, now: datetime) -> bool:
    """Whether the caller is the one who tries a provider that was left alone."""
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"provider": ids.decode("pvd", provider_id), "now": now, "probe": now + REST}
        cursor.execute(_PROBE, values)
        return bool(cursor.rowcount == 1)
