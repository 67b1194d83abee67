"""After a restore: files that the bank has and our books have forgotten, kept again as the bank has them."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from hashlib import sha256
from typing import Any

from django.db import transaction

from apps.core import ids
from apps.core.money import Money
from apps.providers.adapters import rail_of
from apps.providers.adapters.channel import Channel
from apps.providers.adapters.files import FileSaid
from apps.providers.adapters.http import ProviderSilent
from apps.providers.formats.texts import id_of
from apps.providers.models import FileStatus, PaymentStatus, Provider, RailFile, RailPayment
from apps.providers.services.cutting import next_sequence, put_in


def recover_files(provider: Provider, since: datetime, *, now: datetime) -> list[str]:
    """Keep every file that the bank took since and our books do not know, with its payments; their ids.

    What waits here and is in such a file waits no more. ProviderSilent where the bank does not say, or says what cannot be.
    """
    channel = Channel.of(rail_of(provider).channel)
    return [pk for told in channel.files_since(since) if (pk := _remember(provider, told, now))]


def _remember(provider: Provider, told: Mapping[str, Any], now: datetime) -> str:
    message_id, content = str(told["message_id"]), str(told["content"]).encode()
    if RailFile.objects.filter(message_id=message_id).exists():
        return ""
    if sha256(content).hexdigest() != told["sha256"] or not _is_ours(message_id):
        raise ProviderSilent(f"The bank has a file {message_id[:40]} that is not as we make them: ask it.")
    said = rail_of(provider).contents(content)
    with transaction.atomic():
        locked = Provider.objects.select_for_update(no_key=True).get(pk=provider.pk)
        rows = _rows(locked, said, now)
        file = _file(locked, message_id, content, said, now)
        put_in(file, rows, range(first := next_sequence(locked), first + len(rows)), now)
    return str(file.pk)


def _is_ours(message_id: str) -> bool:
    try:
        ids.decode("rlf", id_of(message_id))
    except ids.InvalidId:
        return False
    return True


def _rows(provider: Provider, said: FileSaid, now: datetime) -> Sequence[RailPayment]:
    """The payments in the file's order, those that were forgotten made anew."""
    due = datetime.combine(said.execute_on, time(), UTC)
    made = [
        RailPayment(
            provider=provider,
            reference=each.reference,
            scheme=said.scheme,
            amount=each.amount.minor,
            currency=each.amount.currency,
            to=json.dumps(dict(each.to)),
            memo=each.memo,
            status=PaymentStatus.WAITING,
            due_at=due,
            execute_on=said.execute_on,
            created_at=now,
            changed_at=now,
        )
        for each in said.payments
    ]
    RailPayment.objects.bulk_create(made, ignore_conflicts=True)
    references = [each.reference for each in said.payments]
    waiting = RailPayment.objects.filter(
        provider=provider, reference__in=references, status=PaymentStatus.WAITING
    )
    known = {row.reference: row for row in waiting}
    if len(known) != len(references):
        raise ProviderSilent("The bank has payments in a file that our books have elsewhere: ask it.")
    return [known[each] for each in references]


def _file(provider: Provider, message_id: str, content: bytes, said: FileSaid, now: datetime) -> RailFile:
    total = sum((each.amount for each in said.payments), Money.zero(said.payments[0].amount.currency))
    file = RailFile(
        id=id_of(message_id),
        provider=provider,
        message_id=message_id,
        format=rail_of(provider).format,
        scheme=said.scheme,
        content=content,
        sha256=sha256(content).digest(),
        size=len(content),
        count=len(said.payments),
        total=total.minor,
        currency=total.currency,
        execute_on=said.execute_on,
        made_at=now,
        status=FileStatus.TAKEN,
        taken_at=now,
    )
    file.save(force_insert=True)
    return file
