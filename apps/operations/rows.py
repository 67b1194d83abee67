"""Business rows as one JSON document a model, which is one parameter of a prepared statement however many there are.

Django's own way composes and parses a statement of thousands of characters for every row.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import Model
from django.utils.functional import Promise
from django_fsm import FSMField

from apps.core import canonical, ids
from apps.core.fields import EncryptedTextField, MinorUnitsField, PrefixedIdField

Prepare = Callable[[Any], Any]

_AS_THEY_ARE = {
    models.AutoField,
    models.BigAutoField,
    models.BigIntegerField,
    models.BooleanField,
    models.CharField,
    models.DateField,
    models.DateTimeField,
    models.EmailField,
    models.IntegerField,
    models.JSONField,
    models.PositiveIntegerField,
    models.PositiveSmallIntegerField,
    models.SlugField,
    models.SmallIntegerField,
    models.TextField,
    FSMField,
    MinorUnitsField,
}
"""Fields whose values in Python are what the database reads from JSON."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """How rows of one model are written: attribute, column, and how its value is prepared if it must be."""

    columns: tuple[tuple[str, str, Prepare | None], ...]
    statement: str


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one model on their way: a statement and its one parameter."""

    statement: str
    document: str


def parts(rows: Iterable[Model]) -> list[Part]:
    """The rows in parts, a part a model, in the order in which they first name one.

    What only Django can write is written at once: others may need the keys that the database gives it.
    """
    by_model: dict[type[Model], list[Model]] = {}
    for row in rows:
        by_model.setdefault(type(row), []).append(row)
    for model, same in by_model.items():
        if _shape(model) is None:
            _create(model, same)
    return [_part(shape, same) for model, same in by_model.items() if (shape := _shape(model))]


def _create(model: type[Model], rows: Sequence[Model]) -> None:
    """Write rows by Django's own means, those that others of them refer to first."""
    own = [field for field in cast(Any, model._meta).concrete_fields if field.related_model is model]
    referred = {id(field.get_cached_value(row, None)) for field in own for row in rows}
    model._base_manager.bulk_create([row for row in rows if id(row) in referred])
    model._base_manager.bulk_create([row for row in rows if id(row) not in referred])


def _part(shape: _Shape, rows: Sequence[Model]) -> Part:
    documents = []
    for row in rows:
        # What was assigned as an object may have got its key since.
        row._prepare_related_fields_for_save(operation_name="insert")  # type: ignore[attr-defined]
        documents.append(
            {
                column: getattr(row, name) if prepare is None else prepare(getattr(row, name))
                for name, column, prepare in shape.columns
            }
        )
        row._state.adding, row._state.db = False, connection.alias
    return Part(shape.statement, canonical.encode(documents, _represent))


@cache
def _shape(model: type[Model]) -> _Shape | None:
    """None for a model that only Django can write: its keys are the database's, or a field is of an unknown kind."""
    columns = []
    for field in cast(Any, model._meta).concrete_fields:
        kind = field.target_field if field.is_relation else field
        prepare = _prepared(kind)
        by_database = field is model._meta.auto_field or field.has_db_default() or field.generated
        known = prepare is not None or _is_as_it_is(kind)
        if by_database or not known or field.model is not model:
            return None
        columns.append((field.attname, str(field.column), prepare))
    table, names = model._meta.db_table, ", ".join(f'"{column}"' for _, column, _ in columns)
    statement = (
        f'INSERT INTO "{table}" ({names}) SELECT {names} FROM json_populate_recordset(NULL::"{table}", %s)'
    )
    return _Shape(tuple(columns), statement)


def _is_as_it_is(field: Any) -> bool:
    if isinstance(field, ArrayField):
        return _is_as_it_is(field.base_field)
    special = (
        getattr(field, "encoder", None)
        or getattr(field, "auto_now", False)
        or getattr(field, "auto_now_add", False)
    )
    return type(field) in _AS_THEY_ARE and not special


def _prepared(field: Any) -> Prepare | None:
    if isinstance(field, PrefixedIdField):
        return _id_of(field.prefix)
    if isinstance(field, EncryptedTextField):
        return field.get_prep_value
    return _bytes if type(field) is models.BinaryField else None


@cache
def _id_of(prefix: str) -> Prepare:
    def prepare(value: Any) -> str | None:
        if value is None:
            return None
        return value.hex if isinstance(value, UUID) else ids.stored(prefix, value)

    return prepare


def _bytes(value: Any) -> str | None:
    return None if value is None else f"\\x{bytes(value).hex()}"


def _represent(value: Any) -> Any:
    return str(value) if isinstance(value, Promise) else canonical.represent(value)
