"""Making files: at each cut-off, of all that waits for it, once.

One transaction makes one file: its bytes are written, stored and hashed, and its payments are in it, or nothing of it
happened. The provider's row is locked meanwhile, so whoever cuts at the same time finds nothing left to cut.
"""

import json
import logging
from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from apps.core import arrays, ids
from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.operations.executor import execute
from apps.operations.models import FeatureFlag
from apps.operations.plan import Context, EventDraft, Plan, Request
from apps.operations.registry import Done
from apps.providers.adapters import rail_of
from apps.providers.adapters.files import Carried
from apps.providers.formats.texts import reference_of
from apps.providers.models import PaymentStatus, Provider, RailFile, RailPayment
from apps.providers.models.providers import FILE_ADAPTERS
from apps.providers.queries import cut_offs, routing
from apps.providers.services.providers import find, refuse_while_catching_up

logger = logging.getLogger(__name__)

WALLET_FLAG: Final = "core_wallet_enabled"
"""The flag whose freeze of everything, of a provider or of a currency stops files, too."""

MOST_FILES: Final = 1_000
"""Files of one provider that one run makes."""

WATCH: Final = Actor.system("files", {"providers.raise_file_alarm"})
"""Who tells people of files that cannot be made or handed over."""

_PUT_IN: Final = """
UPDATE providers_railpayment p
   SET status = 'in_file', file_id = %(file)s, execute_on = %(day)s, sequence = t.sequence, changed_at = %(now)s,
       expected_at = %(expected)s
  FROM unnest(%(payments)s::uuid[], %(sequences)s::bigint[]) t (id, sequence)
 WHERE p.id = t.id AND p.status = 'waiting'
"""


class Unwritten(Exception):
    """No file can be written of what goes together by this scheme and currency; the others leave nevertheless."""

    def __init__(self, group: tuple[str, str], why: str) -> None:
        super().__init__(why)
        self.group = group


def cut_due(now: datetime) -> list[str]:
    """Make the files whose cut-off is over; their ids. What one provider cannot keeps no other from it."""
    if routing.is_catching_up():
        return []
    made: list[str] = []
    for provider in Provider.objects.filter(adapter__in=FILE_ADAPTERS, locked_because=""):
        try:
            made += cut(provider, through=now, now=now)
        except Exception as error:
            logger.exception("The files of %s cannot be made.", provider.name)
            raise_alarm(provider, f"{type(error).__name__}: {error}"[:300], now)
    return made


def cut(provider: Provider, *, through: datetime, now: datetime) -> list[str]:
    """Make files of all payments that wait for a cut-off up to an instant; the ids of the files."""
    made: list[str] = []
    unwritten: list[Unwritten] = []
    while len(made) + len(unwritten) < MOST_FILES:
        try:
            file = _cut_one(provider, through, now, [each.group for each in unwritten])
        except Unwritten as error:
            unwritten.append(error)
            continue
        if file is None:
            break
        made.append(str(file.pk))
    for each in unwritten:
        raise_alarm(provider, f"{' '.join(each.group)}: {each}"[:300], now)
    return made


def cut_file(context: Context, *, provider: str) -> Done:
    """Make files now of all that waits, before its cut-off."""
    refuse_while_catching_up()
    found = find(provider)
    rail_of(found)
    latest = (
        RailPayment.objects.filter(provider=found, status=PaymentStatus.WAITING).order_by("-due_at").first()
    )
    through = max(latest.due_at or context.now, context.now) if latest else context.now
    files = cut(found, through=through, now=context.now)
    return Done({"provider": provider, "files": files})


def raise_alarm(provider: Provider, why: str, now: datetime, file: str = "") -> None:
    """Tell people, once a day for the same thing."""
    data = {"provider": provider.name, "why": why, "file": file}
    key = f"{provider.pk}:file-alarm:{file}:{now.date()}"
    execute(Request("providers.raise_file_alarm", data, key, WATCH, origin="worker"))


def plan_raise_file_alarm(context: Context, *, provider: str, why: str, file: str) -> Plan:
    """Tell of a file that cannot be made, or not be handed over."""
    found = find(provider)
    data = {"reason": "payment file", "provider": provider, "why": why, "file": file}
    return Plan(result=data, events=[EventDraft("alert.raised", file or found.pk, data)])


def _cut_one(
    provider: Provider, through: datetime, now: datetime, passed: Sequence[tuple[str, str]]
) -> RailFile | None:
    with transaction.atomic():
        locked = Provider.objects.select_for_update(no_key=True).get(pk=provider.pk)
        if locked.locked_because or is_frozen(locked):
            return None
        currencies = [scope_id for scope, scope_id in _frozen() if scope == "currency"]
        rows = _together(locked, through, now, without=currencies, passed=passed)
        if not rows:
            return None
        try:
            return _make(locked, rows, now)
        except DomainError as error:
            raise Unwritten((rows[0].scheme, rows[0].currency), error.message) from error


def is_frozen(provider: Provider, currency: str = "") -> bool:
    """Whether a freeze stops what leaves through the provider, in this currency if one is named."""
    scopes = {("everything", ""), ("provider", provider.name), ("currency", currency)}
    return not scopes.isdisjoint(_frozen())


def _frozen() -> set[tuple[str, str]]:
    """The scopes in which a freeze stops what moves money."""
    frozen = FeatureFlag.objects.filter(name=WALLET_FLAG, enabled=False)
    return set(frozen.values_list("scope", "scope_id"))


def _together(
    provider: Provider,
    through: datetime,
    now: datetime,
    *,
    without: Sequence[str],
    passed: Sequence[tuple[str, str]],
) -> list[RailPayment]:
    """The oldest payment that waits, and those that go into the same file: scheme, currency and day are the same."""
    waiting = (
        RailPayment.objects.filter(provider=provider, status=PaymentStatus.WAITING, due_at__lte=through)
        .exclude(currency__in=without)
        .order_by("due_at", "pk")
    )
    for scheme, currency in passed:
        waiting = waiting.exclude(scheme=scheme, currency=currency)
    first = waiting.first()
    if first is None or first.execute_on is None:
        return []
    earliest = cut_offs.earliest_day(provider, now)
    alike = waiting.filter(scheme=first.scheme, currency=first.currency)
    alike = (
        alike.filter(execute_on__lte=earliest)
        if first.execute_on <= earliest
        else alike.filter(execute_on=first.execute_on)
    )
    most = int(rail_of(provider).options["most"])
    return list(alike.select_for_update(no_key=True, of=("self",))[:most])


def _make(provider: Provider, rows: Sequence[RailPayment], now: datetime) -> RailFile:
    """The file and its payments in it, written by one insert and one update."""
    rail, pk = rail_of(provider), ids.new_id("rlf")
    begins = next_sequence(provider)
    carried = [_carried(row, begins + place) for place, row in enumerate(rows)]
    largest = max(each.amount for each in carried)
    day = max(rows[0].execute_on or now.date(), cut_offs.earliest_day(provider, now, largest))
    content = rail.write(
        carried,
        scheme=rows[0].scheme,
        message_id=reference_of(pk),
        number=_files_today(provider, now) + 1,
        on=day,
        now=now,
    )
    file = _file(provider, pk, rows, carried, content, day, now)
    file.save(force_insert=True)
    put_in(file, rows, [each.sequence for each in carried], now)
    return file


def next_sequence(provider: Provider) -> int:
    """The place of the next payment among all that the provider was sent; its row is locked."""
    in_files = RailPayment.objects.filter(provider=provider, sequence__isnull=False)
    last = in_files.order_by("-sequence").values_list("sequence", flat=True).first()
    return (last or 0) + 1


def _file(
    provider: Provider,
    pk: str,
    rows: Sequence[RailPayment],
    carried: Sequence[Carried],
    content: bytes,
    day: date,
    now: datetime,
) -> RailFile:
    total = sum((each.amount for each in carried), Money.zero(rows[0].currency))
    return RailFile(
        id=pk,
        provider=provider,
        message_id=reference_of(pk),
        format=rail_of(provider).format,
        scheme=rows[0].scheme,
        content=content,
        sha256=sha256(content).digest(),
        size=len(content),
        count=len(rows),
        total=total.minor,
        currency=total.currency,
        execute_on=day,
        made_at=now,
        next_attempt_at=now if provider.base_url else None,
    )


def put_in(file: RailFile, rows: Sequence[RailPayment], sequences: Sequence[int], now: datetime) -> None:
    """Put payments that wait into a file, by one statement."""
    values: dict[str, Any] = {
        "file": ids.decode("rlf", str(file.pk)),
        "day": file.execute_on,
        "expected": cut_offs.executed_by(file.provider, file.execute_on, now),
        "payments": arrays.texts([ids.stored("rlp", str(row.pk)) for row in rows]),
        "sequences": arrays.numbers(sequences),
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PUT_IN, values)


def _carried(row: RailPayment, sequence: int) -> Carried:
    amount = Money(row.amount or 0, row.currency)
    return Carried(row.reference, amount, json.loads(row.to), row.memo, sequence)


def _files_today(provider: Provider, now: datetime) -> int:
    """How many files were made on this day, as the provider's own zone has it."""
    local = now.astimezone(ZoneInfo(provider.time_zone))
    begins = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return RailFile.objects.filter(provider=provider, made_at__gte=begins).count()
