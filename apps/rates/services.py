"""Receiving a file of rates, and loading what it says."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import connection, transaction

from apps.core import arrays, clock
from apps.core.actor import Actor
from apps.core.currencies import all_currencies
from apps.operations.plan import Context, EventDraft, Request
from apps.operations.registry import Done
from apps.rates import ecb, worth
from apps.rates.ecb import BASE, DayOfRates
from apps.rates.errors import FileUnknown
from apps.rates.models import Load, Source, SourceFile
from apps.rates.queries import FRANKFURT

LOADER = Actor.system("loader", {"rates.load_ecb"})
"""Who loads rates while nobody is there: a worker, or a shell that names no person."""

LOCK = 7215
"""What two loads at the same time wait for; the guard of the table takes it as well."""

STRETCH = 20_000
"""Cells that are written by one statement."""

_WRITE = """
WITH judged AS (
  SELECT g.*, CASE WHEN s.load_id IS NULL THEN CASE WHEN g.rate IS NULL THEN 'missing' ELSE 'added' END
                   WHEN g.rate IS NOT DISTINCT FROM s.rate THEN 'unchanged'
                   WHEN s.last_day > %(last_day)s THEN 'older'
                   WHEN g.rate IS NULL THEN 'withdrawn' ELSE 'corrected' END verdict
    FROM unnest(%(currencies)s::text[], %(days)s::date[], %(rates)s::numeric[]) g(currency, day, rate)
    LEFT JOIN LATERAL (SELECT q.load_id, q.rate, l.last_day FROM rates_quote q JOIN rates_load l ON l.id = q.load_id
                        WHERE q.source = %(source)s AND q.base = %(base)s AND q.currency = g.currency AND q.day = g.day
                        ORDER BY q.load_id DESC LIMIT 1) s ON true
), written AS (
  INSERT INTO rates_quote (source, base, currency, day, load_id, rate)
  SELECT %(source)s, %(base)s, currency, day, %(load)s, rate FROM judged
   WHERE verdict IN ('added', 'corrected', 'withdrawn')
)
SELECT verdict, count(*) FROM judged GROUP BY verdict
"""

Cell = tuple[str, date, Decimal | None]


@dataclass(slots=True)
class Survey:
    """What a file holds, in cells: one currency on one day. `left_out` are those of currencies that do not exist here."""

    days: int = 0
    first: date = date.max
    last: date = date.min
    left_out: Counter[str] = field(default_factory=Counter)


def receive(*, name: str, content: bytes, now: datetime) -> str:
    """Keep a file as it came; its SHA-256, by which a command names it. The same content is kept once."""
    sha256 = hashlib.sha256(content).hexdigest()
    kept = SourceFile(sha256=sha256, name=name[-200:], content=content, received_at=now)
    SourceFile.objects.bulk_create([kept], ignore_conflicts=True)
    return sha256


def load_ecb(context: Context, *, file: str) -> Done:
    """Add what a received file of the ECB says and is not known: quotes, corrections and withdrawals, in seconds.

    A value that differs from one of a file that was published later is older news, and only counted.
    """
    found = SourceFile.objects.filter(pk=file).first()
    if found is None:
        raise FileUnknown(
            f"No file {file[:12]}… was received; script/manage load_rates FILE brings one in.", field="/file"
        )
    today = clock.today_in(FRANKFURT, context.now)
    content = bytes(found.content)
    survey = look_through(ecb.days_of(content, today=today))
    load_id, not_before = _begin()
    counts = _write(ecb.days_of(content, today=today), load_id, survey.last)
    result = {
        "load": None,
        "source": Source.ECB.value,
        "file": file,
        "name": found.name,
        "days": survey.days,
        "first_day": survey.first,
        "last_day": survey.last,
        **counts,
        "left_out": dict(sorted(survey.left_out.items())),
    }
    if not (counts["added"] or counts["corrected"] or counts["withdrawn"]):
        return Done(result)
    Load.objects.create(
        id=load_id,
        source=Source.ECB,
        file=found,
        first_day=survey.first,
        last_day=survey.last,
        **counts,
        left_out=result["left_out"],
        operation_id=context.operation_id,
        loaded_by=context.actor.label,
        recorded_at=max(context.now, not_before or context.now),
    )
    result["load"] = load_id
    transaction.on_commit(worth.forget)
    return Done(result, (EventDraft("rates.loaded", f"load {load_id}", result),))


def due(*, name: str, content: bytes, now: datetime) -> Request | None:
    """The command that loads a file for a worker; None if it is what was loaded last.

    Its key says what stood before, so a second worker replays it, and a file that comes back after another is loaded.
    """
    last = Load.objects.filter(source=Source.ECB).order_by("-id").first()
    if last and last.file_id == hashlib.sha256(content).hexdigest():
        return None
    file = receive(name=name, content=content, now=now)
    before = last.pk if last else 0
    return Request("rates.load_ecb", {"file": file}, f"rates:{file}:{before}", LOADER, origin="worker")


def look_through(days: Iterable[DayOfRates]) -> Survey:
    """What there is in a file, which is read to its end."""
    known = {each.code for each in all_currencies()}
    found = Survey()
    for each in days:
        found.days += 1
        found.first, found.last = min(found.first, each.day), max(found.last, each.day)
        found.left_out.update(code for code, rate in each.rates.items() if rate and code not in known)
    return found


def _begin() -> tuple[int, datetime | None]:
    """The id of a new load, and the time before which it cannot be recorded; all other loads wait from here on."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('rates_load', 'id')), max(recorded_at) FROM rates_load"
        )
        return cursor.fetchone()  # type: ignore[no-any-return]


def _write(days: Iterable[DayOfRates], load_id: int, last_day: date) -> dict[str, int]:
    """Write what is new, a stretch at a time; how many cells were what."""
    counts = dict.fromkeys(("added", "corrected", "withdrawn", "unchanged", "older", "missing"), 0)
    cells = _cells(days)
    with connection.cursor() as cursor:
        while stretch := list(islice(cells, STRETCH)):
            cursor.execute(_WRITE, _columns(stretch) | {"load": load_id, "last_day": last_day})
            for verdict, count in cursor.fetchall():
                counts[verdict] += count
    return counts


def _cells(days: Iterable[DayOfRates]) -> Iterator[Cell]:
    known = {each.code for each in all_currencies()}
    return ((code, each.day, rate) for each in days for code, rate in each.rates.items() if code in known)


def _columns(cells: list[Cell]) -> dict[str, Any]:
    return {
        "source": Source.ECB,
        "base": BASE,
        "currencies": arrays.texts([code for code, _, _ in cells]),
        "days": arrays.texts([day.isoformat() for _, day, _ in cells]),
        "rates": arrays.texts([None if rate is None else f"{rate:f}" for _, _, rate in cells]),
    }
