"""Set-based writing: one statement for many rows, whatever the model."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any

import psycopg
from django.db import connection
from django.db.models import Model

from apps.core import arrays, ids
from apps.core.canonical import canonical_json
from apps.operations import books, event_types, rows
from apps.operations.errors import Conflict
from apps.operations.plan import EventDraft, Update
from apps.operations.run import Run

INSERT = """
WITH {rows} operation AS (
  INSERT INTO operations_operation
         (id, book_id, command, version, key, generation, holds_key, status, actor_kind, actor_id, actor_label,
          origin, input, input_hash, facts, result, refusal, approval_request_id, recorded_at)
  SELECT u.id, u.book, u.command, u.version, u.key, u.generation, u.holds, u.status, u.kind, u.actor, u.label,
         u.origin, u.input, u.hash, u.facts, u.result, u.refusal, u.approval, %s
    FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::smallint[], %s::text[], %s::smallint[], %s::boolean[],
                %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::bytea[], %s::jsonb[],
                %s::jsonb[], %s::jsonb[], %s::uuid[])
         u(id, book, command, version, key, generation, holds, status, kind, actor, label, origin, input, hash,
           facts, result, refusal, approval))
INSERT INTO operations_event (id, book_id, type, version, subject, data, operation_id, recorded_at, ordinal)
SELECT u.id, u.book, u.type, u.version, u.subject, u.data, u.operation, %s, nextval('operations_ordinal')
  FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::smallint[], %s::text[], %s::jsonb[], %s::uuid[])
       u(id, book, type, version, subject, data, operation)
"""

_T, _N, _F, _D = arrays.texts, arrays.numbers, arrays.flags, arrays.digests
_OPERATION_ARRAYS = (_T, _N, _T, _N, _T, _N, _F, _T, _T, _T, _T, _T, _T, _D, _T, _T, _T, _T)
_EVENT_ARRAYS = (_T, _N, _T, _N, _T, _T, _T)

OperationRow = tuple[Any, ...]
EventRow = tuple[Any, ...]


class StaleUpdate(Conflict):
    """A row is no longer as the plan read it."""


def operation_row(
    run: Run, *, status: str, holds_key: bool, result: str | None, refusal: str | None
) -> OperationRow:
    """One Operation in the order of INSERT."""
    request = run.request
    approval = run.asks.pk if run.asks else request.approval_request_id
    return (
        ids.stored("op", run.operation_id),
        run.book_id,
        run.command.name,
        run.command.version,
        request.key,
        run.generation,
        holds_key,
        status,
        request.actor.kind,
        request.actor.id,
        request.actor.label,
        request.origin,
        run.stored_input,
        run.input_hash,
        canonical_json(run.facts) if run.facts else None,
        result,
        refusal,
        ids.stored("apr", approval) if approval else None,
    )


def event_row(run: Run, event: EventDraft, data: str) -> EventRow:
    """One Event in the order of INSERT; EventTypeUnknown if no app declares its type."""
    event_types.refuse_unknown(event.type, event.version)
    operation = ids.stored("op", run.operation_id)
    return (
        ids.new_uuid().hex,
        books.platform_id() if event.ours else event.book_id or run.book_id,
        event.type,
        event.version,
        event.subject,
        data,
        operation,
    )


def insert(
    raw: psycopg.Connection[Any],
    now: datetime,
    business: Iterable[Model],
    operations: Sequence[OperationRow],
    events: Sequence[EventRow],
) -> None:
    """Business rows, Operations and their Events: one statement, but for rows that only Django can write."""
    parts = rows.parts(business)
    parameters: list[Any] = [document for part in parts for document in part.documents]
    parameters += [now, *_columns(_OPERATION_ARRAYS, operations), now, *_columns(_EVENT_ARRAYS, events)]
    statement = _insert_statement(tuple(part.statement for part in parts))
    psycopg.Cursor(raw).execute(statement, parameters, prepare=True)


@lru_cache(maxsize=256)
def _insert_statement(parts: tuple[str, ...]) -> str:
    return INSERT.format(rows="".join(f"rows_{i} AS ({part}), " for i, part in enumerate(parts)))


def _columns(kinds: Sequence[Any], records: Sequence[tuple[Any, ...]]) -> list[str]:
    columns = zip(*records, strict=True) if records else [()] * len(kinds)
    return [array(column) for array, column in zip(kinds, columns, strict=True)]


def insert_missing(same: Sequence[Model]) -> None:
    """Rows of one model, but those that are there already."""
    if same:
        type(same[0])._base_manager.bulk_create(same, ignore_conflicts=True)


def write_updates(updates: Iterable[Update]) -> None:
    """Write the fields of locked instances; StaleUpdate if a row is not as it was read."""
    by_shape = sorted(updates, key=_shape)
    for (_, fields, was), same in groupby(by_shape, key=_shape):
        _write_shape(list(same), fields, was)


def _shape(update: Update) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    return update.instance._meta.label, update.fields, tuple(sorted(update.was))


def _write_shape(updates: list[Update], fields: tuple[str, ...], was: tuple[str, ...]) -> None:
    model = type(updates[0].instance)
    key, written, guards = (
        _key(model),
        [_field(model, name) for name in fields],
        [_field(model, name) for name in was],
    )
    columns = [[_prepared(key, update.instance.pk) for update in updates]]
    columns += [
        [_prepared(field, getattr(update.instance, field.attname)) for update in updates] for field in written
    ]
    columns += [[_prepared(field, update.was[field.name]) for update in updates] for field in guards]
    with connection.cursor() as cursor:
        cursor.execute(_update_statement(model, fields, was), columns)
        if cursor.rowcount != len(updates):
            raise StaleUpdate(
                f"A {model._meta.verbose_name} was changed by somebody else; look again and repeat."
            )


@lru_cache(maxsize=256)
def _update_statement(model: type[Model], fields: tuple[str, ...], was: tuple[str, ...]) -> str:
    names = [_key(model).name, *fields, *was]
    types = ", ".join(f"%s::{_type(_field(model, name))}[]" for name in names)
    aliases = [f"c{index}" for index in range(len(names))]
    pairs = [(_field(model, name).column, alias) for name, alias in zip(names, aliases, strict=True)]
    sets = ", ".join(f'"{column}" = u.{alias}' for column, alias in pairs[1 : 1 + len(fields)])
    guards = [f'"{column}" IS NOT DISTINCT FROM u.{alias}' for column, alias in pairs[1 + len(fields) :]]
    where = " AND t.".join([f'"{_key(model).column}" = u.c0', *guards])
    table = model._meta.db_table
    return f'UPDATE "{table}" t SET {sets} FROM unnest({types}) u({", ".join(aliases)}) WHERE t.{where}'


def _key(model: type[Model]) -> Any:
    return model._meta.pk


def _field(model: type[Model], name: str) -> Any:
    return model._meta.get_field(name)


def _prepared(field: Any, value: Any) -> Any:
    return field.get_db_prep_save(value, connection)


def _type(field: Any) -> str:
    return str((field.target_field if field.is_relation else field).cast_db_type(connection)).split("(")[0]
