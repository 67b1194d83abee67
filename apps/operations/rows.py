"""Business rows as JSON, a document or two a model, which are the parameters of a prepared statement however many there are.

Django's own way composes and parses a statement of thousands of characters for every row. Most columns of a batch say the same in
every row, such as the kind of a bulk's transfers and all that is not filled in yet: those are written down and read once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
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


FEW = 8
"""Rows that are not worth a statement of their own."""


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """One field of a row: its attribute, its column with the type, and how its value is prepared if it must be."""

    attribute: str
    name: str
    type: str
    prepare: Prepare | None
    is_atom: bool
    is_secret: bool

    def of(self, row: Mapping[str, Any]) -> Any:
        """The value as it is written."""
        return row[self.attribute] if self.prepare is None else self.prepare(row[self.attribute])

    def is_shared(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Whether all rows have the same value. Equal documents need not be the same: 1 equals true; and secrets that are
        the same must not look it."""
        if self.is_secret:
            return False
        name, first = self.attribute, rows[0][self.attribute]
        kind = type(first)
        if self.is_atom:
            return all(row[name] is first or (type(row[name]) is kind and row[name] == first) for row in rows)
        return all(
            row[name] is first or (type(row[name]) is kind and not row[name] and not first) for row in rows
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """How rows of one model are written."""

    table: str
    columns: tuple[_Column, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one model on their way: a statement and its parameters."""

    statement: str
    documents: tuple[str, ...]


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
    values = [_written(row) for row in rows]
    if len(values) < FEW:
        documents = [{column.name: column.of(each) for column in shape.columns} for each in values]
        return Part(_together(shape), (_document(documents),))
    shared = {column.name: column.of(values[0]) for column in shape.columns if column.is_shared(values)}
    own = tuple(column for column in shape.columns if column.name not in shared)
    documents = [{column.name: column.of(each) for column in own} for each in values]
    return Part(_apart(shape, own), (_document(shared), _document(documents)))


def _written(row: Model) -> Mapping[str, Any]:
    """The values of a row, which from now on is in the database."""
    # What was assigned as an object may have got its key since.
    row._prepare_related_fields_for_save(operation_name="insert")  # type: ignore[attr-defined]
    row._state.adding, row._state.db = False, connection.alias
    return vars(row)


@cache
def _together(shape: _Shape) -> str:
    """The statement for rows that bring all their columns."""
    names = ", ".join(f'"{column.name}"' for column in shape.columns)
    return (
        f'INSERT INTO "{shape.table}" ({names})'
        f' SELECT {names} FROM json_populate_recordset(NULL::"{shape.table}", %s)'
    )


@lru_cache(maxsize=1_000)
def _apart(shape: _Shape, own: tuple[_Column, ...]) -> str:
    """The statement for rows that bring some columns of their own and share the others."""
    names = ", ".join(f'"{column.name}"' for column in shape.columns)
    values = ", ".join(f'{"o" if column in own else "s"}."{column.name}"' for column in shape.columns)
    typed = ", ".join(f'"{column.name}" {column.type}' for column in own)
    return (
        f'INSERT INTO "{shape.table}" ({names}) SELECT {values}'
        f' FROM json_populate_record(NULL::"{shape.table}", %s) s, json_to_recordset(%s) o({typed})'
    )


def _document(value: Any) -> str:
    return canonical.encode(value, _represent)


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
        columns.append(
            _Column(
                field.attname,
                field.column,
                field.db_type(connection),
                prepare,
                is_atom=not isinstance(kind, ArrayField | models.JSONField),
                is_secret=isinstance(kind, EncryptedTextField),
            )
        )
    return _Shape(model._meta.db_table, tuple(columns))


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
