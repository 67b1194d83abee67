"""Handing files over: through the bank's channel where there is one, else by a person who says so.

The bank takes a message id once. What it answered to a file, or that it did not, is asked before the same bytes are given
again, so whoever is killed on the way repeats nothing.
"""

import logging
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from apps.core import ids
from apps.core.errors import DomainError
from apps.operations.plan import Context, EventDraft, Plan
from apps.operations.registry import Done
from apps.providers.adapters import rail_of
from apps.providers.adapters.channel import Channel, Said, Standing
from apps.providers.adapters.sayings import Saying
from apps.providers.models import FileStatus, PaymentStatus, RailFile, RailPayment
from apps.providers.protocol import Outcome
from apps.providers.queries import routing
from apps.providers.services import told
from apps.providers.services.cutting import is_frozen, raise_alarm
from apps.providers.services.providers import refuse_while_catching_up

logger = logging.getLogger(__name__)

LEASE: Final = timedelta(minutes=2)
"""How long a worker may take to hand a file over before another asks what became of it."""

LADDER: Final = tuple(timedelta(seconds=seconds) for seconds in (10, 30, 60, 120, 300))
"""After how long a file is handed over again that the bank did not say it has; then always as long as the last."""

MOST: Final = 20

_TAKE: Final = """
UPDATE providers_railfile f SET next_attempt_at = %(until)s, tries = f.tries + 1
  FROM (SELECT f.id FROM providers_railfile f JOIN providers_provider p ON p.id = f.provider_id
         WHERE f.next_attempt_at <= %(now)s AND p.locked_because = ''
         ORDER BY f.next_attempt_at LIMIT 1 FOR NO KEY UPDATE OF f SKIP LOCKED) due
 WHERE f.id = due.id
RETURNING f.id
"""


class FileUnknown(DomainError):
    """There is no such file."""

    code = "PAYMENT_FILE_NOT_FOUND"
    http_status = 404


class FileIsAnother(DomainError):
    """The hash is not that of the file, so what was handed over is another one."""

    code = "PAYMENT_FILE_IS_ANOTHER"
    http_status = 409


class FileHasGone(DomainError):
    """The file was handed over before, or goes through the bank's channel by itself."""

    code = "PAYMENT_FILE_HAS_GONE"
    http_status = 409


def hand_over_due(now: datetime) -> int:
    """Hand over the files that are due, one after the other, unless somebody stops them meanwhile; how many."""
    done = 0
    while done < MOST and not routing.is_catching_up() and (file := _take(now)):
        done += 1
        if is_frozen(file.provider, file.currency):
            RailFile.objects.filter(pk=file.pk).update(next_attempt_at=now + LADDER[-1])
            continue
        _hand_over(file, now)
    return done


def _take(now: datetime) -> RailFile | None:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"now": now, "until": now + LEASE})
        taken = cursor.fetchone()
    if taken is None:
        return None
    return RailFile.objects.select_related("provider").get(pk=ids.encode("rlf", taken[0]))


def plan_download_file(context: Context, *, file: str, sha256: str) -> Plan:
    """Write down who takes the bytes of a file, which say whom we pay, before they leave."""
    found = RailFile.objects.defer("content").select_related("provider").filter(pk=file).first()
    if found is None:
        raise FileUnknown(f"There is no file {file}.", field="/file")
    if found.hash != sha256:
        raise FileIsAnother(f"{file} has another hash.", field="/sha256")
    data = {"file": file, "sha256": sha256, "name": found.name, "provider": found.provider.name}
    return Plan(result=data, events=[EventDraft("payment_file.downloaded", file, data)])


def hand_over_file(context: Context, *, file: str, sha256: str) -> Done:
    """A person has given the bank a file, and says by its hash which one."""
    refuse_while_catching_up()
    found = RailFile.objects.select_for_update(no_key=True, of=("self",)).filter(pk=file).first()
    if found is None:
        raise FileUnknown(f"There is no file {file}.", field="/file")
    if bytes(found.sha256).hex() != sha256.lower():
        raise FileIsAnother(
            f"{file} has another hash: hand over the file as it was downloaded.", field="/sha256"
        )
    if found.status != FileStatus.MADE or found.next_attempt_at:
        raise FileHasGone(f"{file} is handed over already, or goes by itself.", field="/file")
    found.status, found.handed_over_at = FileStatus.HANDED_OVER, context.now
    found.save(update_fields=["status", "handed_over_at"])
    if found.format == "nacha":
        told.accepted(found, context.now)
    return Done({"file": file, "status": found.status})


def _hand_over(file: RailFile, now: datetime) -> None:
    channel = rail_of(file.provider).channel
    if channel is None:
        _follow(file, Said(Standing.SILENT, "The provider has no address to hand it over to."), now)
        return
    _follow(file, _asked_and_given(channel, file), now)


def _asked_and_given(channel: Channel, file: RailFile) -> Said:
    """What the bank says of it; it is given the file if it has not heard of it."""
    digest = bytes(file.sha256).hex()
    said = channel.stands(file.message_id, digest)
    if said.standing != Standing.UNHEARD:
        return said
    return channel.hand_over(file.message_id, bytes(file.content), digest)


def _follow(file: RailFile, said: Said, now: datetime) -> None:
    """Write down what the bank said. Only that it refused the file for good lets its payments go back."""
    values: dict[str, Any] = {"said": said.words[:500]}
    if said.standing == Standing.TAKEN:
        values |= {"next_attempt_at": None, "handed_over_at": file.handed_over_at or now, "taken_at": now}
        values["status"] = FileStatus.TAKEN
    elif said.standing == Standing.REFUSED:
        values |= {"next_attempt_at": None, "status": FileStatus.REFUSED}
    elif said.standing == Standing.OTHER:
        values["next_attempt_at"] = None
        values["said"] = "The bank has another file under this message id: a person must ask it."
    else:
        values["next_attempt_at"] = now + LADDER[min(file.tries, len(LADDER)) - 1]
    with transaction.atomic():  # a file that is not looked at again has told of its payments
        open_ones = RailFile.objects.filter(pk=file.pk, status__in=[FileStatus.MADE, FileStatus.HANDED_OVER])
        open_ones.update(**values)
        if said.standing == Standing.TAKEN and file.format == "nacha":
            told.accepted(file, now)
        if said.standing == Standing.REFUSED:
            told.tell(file.provider, _refused(file, said.words), of=str(file.pk), now=now)
    if said.standing in {Standing.REFUSED, Standing.OTHER} or file.tries >= len(LADDER):
        raise_alarm(file.provider, values["said"] or "The bank does not answer.", now, str(file.pk))


def _refused(file: RailFile, words: str) -> list[Saying]:
    """The bank did not take the file: provably none of its payments is executed."""
    code, _, why = words.partition(": ")
    open_ones = RailPayment.objects.filter(file=file, status=PaymentStatus.IN_FILE).order_by("sequence")
    return [
        Saying(reference, Outcome.FAILED, code[:60], why[:500])
        for reference in open_ones.values_list("reference", flat=True)
    ]
