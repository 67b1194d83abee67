"""What the bank told of payments: written on them, and stored in parts that workers follow like any message."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Value
from django.db.models.functions import Greatest

from apps.core import arrays, ids
from apps.providers.adapters.sayings import Saying, part
from apps.providers.models import FileStatus, PaymentStatus, Provider, RailFile, RailPayment
from apps.providers.protocol import Outcome
from apps.providers.queries import cut_offs
from apps.providers.services.receiving import receive

AT_ONCE: Final = 50
"""Payments of which one part speaks."""

SILENT: Final = frozenset({Outcome.ACCEPTED, Outcome.UNKNOWN})
"""Outcomes that are nothing new for a transfer that is under way: they are written on the payment alone."""

_WRITE: Final = """
UPDATE providers_railpayment p
   SET status = CASE WHEN t.doubt <> '' OR NOT may THEN p.status ELSE t.status END,
       code = CASE WHEN may OR t.doubt <> '' AND NOT again THEN t.code ELSE p.code END,
       why = CASE WHEN may OR t.doubt <> '' AND NOT again THEN t.why ELSE p.why END,
       doubt = CASE WHEN t.doubt <> '' THEN t.doubt WHEN may THEN '' ELSE p.doubt END,
       returned = CASE WHEN may AND t.status = 'returned' THEN coalesce(t.returned, p.amount) ELSE p.returned END,
       booked_as = CASE WHEN names THEN t.entry ELSE p.booked_as END,
       changed_at = %(now)s
  FROM (SELECT p.id, t.status, t.code, t.why, t.returned, t.entry,
               o.again, t.entry <> '' AND p.booked_as = '' AS names,
               CASE WHEN o.again THEN format('The bank debits it again (%%s), after %%s: ask it for one of them.',
                                             t.entry, p.booked_as) ELSE t.doubt END AS doubt,
               (p.status, t.status) IN (
                 ('in_file', 'accepted'), ('in_file', 'rejected'), ('in_file', 'booked'), ('in_file', 'returned'),
                 ('accepted', 'rejected'), ('accepted', 'booked'), ('accepted', 'returned'),
                 ('rejected', 'booked'), ('rejected', 'returned'), ('booked', 'returned')) AS may
          FROM unnest(%(references)s::text[], %(statuses)s::text[], %(codes)s::text[], %(whys)s::text[], %(doubts)s::text[],
                      %(returned)s::numeric[], %(entries)s::text[])
               t (reference, status, code, why, doubt, returned, entry)
          JOIN providers_railpayment p ON p.reference = t.reference AND p.provider_id = %(provider)s
         CROSS JOIN LATERAL (SELECT t.entry <> '' AND p.booked_as NOT IN ('', t.entry) AS again) o
         ORDER BY p.id FOR NO KEY UPDATE OF p) t
 WHERE p.id = t.id AND (t.may OR t.doubt <> '' OR t.names)
RETURNING p.reference, CASE WHEN t.again THEN p.doubt END
"""

_STATUS: Final = {
    Outcome.ACCEPTED: PaymentStatus.ACCEPTED,
    Outcome.COMPLETED: PaymentStatus.BOOKED,
    Outcome.FAILED: PaymentStatus.REJECTED,
    Outcome.RETURNED: PaymentStatus.RETURNED,
    Outcome.UNKNOWN: PaymentStatus.IN_FILE,
}


def tell(provider: Provider, sayings: Sequence[Saying], *, of: str, now: datetime) -> list[str]:
    """Write what is said on the payments, and store it in parts, some payments in each transaction.

    `of` names where it was said. Said again, it changes nothing: a part of the same payments has the same bytes. The answer
    is which payments were debited a second time, in words.
    """
    again: list[str] = []
    for some in _pieces(sayings):
        with transaction.atomic():
            again += _write(provider, some, now)
            news = [each for each in some if each.outcome not in SILENT]
            if news:
                receive(provider, part(of, news), address="", now=now, fetched=True)
    return again


def accepted(file: RailFile, now: datetime) -> None:
    """The bank has a file of a rail that reports nothing more of its payments until they come back."""
    over = cut_offs.executed_by(file.provider, max(file.execute_on, now.date()), now)
    waiting = RailPayment.objects.filter(file=file, status=PaymentStatus.IN_FILE)
    waiting.update(
        status=PaymentStatus.ACCEPTED, expected_at=Greatest("expected_at", Value(over)), changed_at=now
    )


def settle_due(now: datetime) -> int:
    """ACH tells of what came back alone: what the bank took and nobody returned in time is settled; how many."""
    open_ones = RailPayment.objects.filter(
        provider__adapter="ach",
        provider__locked_because="",
        status=PaymentStatus.ACCEPTED,
        doubt="",
        expected_at__lte=now,
        file__status__in=[FileStatus.HANDED_OVER, FileStatus.TAKEN],
    )
    rows = list(open_ones.select_related("provider", "file").order_by("file", "sequence")[: AT_ONCE * 20])
    for file, some in _by_file(rows):
        said = [Saying(each.reference, Outcome.COMPLETED, amount=each.money) for each in some]
        tell(file.provider, said, of=f"{file.pk}:settled", now=now)
    return len(rows)


def _by_file(rows: Sequence[RailPayment]) -> Iterator[tuple[RailFile, list[RailPayment]]]:
    found: dict[str, list[RailPayment]] = {}
    for row in rows:
        found.setdefault(str(row.file_id), []).append(row)
    for some in found.values():
        if some[0].file:
            yield some[0].file, some


def _pieces(sayings: Sequence[Saying]) -> Iterator[list[Saying]]:
    """Some at a time; of one payment the statement of a piece is its only one, so the next follows in another."""
    piece: list[Saying] = []
    seen: set[str] = set()
    for each in sayings:
        if each.reference in seen or len(piece) == AT_ONCE:
            yield piece
            piece, seen = [], set()
        piece.append(each)
        seen.add(each.reference)
    if piece:
        yield piece


def _write(provider: Provider, sayings: Sequence[Saying], now: datetime) -> list[str]:
    """Under the locks of the payments; those that were debited before, by another entry."""
    backs = [
        each.amount.minor if each.amount and each.outcome == Outcome.RETURNED else None for each in sayings
    ]
    values: dict[str, Any] = {
        "provider": ids.decode("pvd", str(provider.pk)),
        "references": arrays.texts([each.reference for each in sayings]),
        "statuses": arrays.texts([_STATUS[each.outcome].value for each in sayings]),
        "codes": arrays.texts([each.code for each in sayings]),
        "whys": arrays.texts([each.message for each in sayings]),
        "doubts": arrays.texts([each.doubt for each in sayings]),
        "returned": arrays.numbers(backs),
        "entries": arrays.texts([each.entry for each in sayings]),
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, values)
        return [f"{reference}: {doubt}" for reference, doubt in cursor.fetchall() if doubt]
