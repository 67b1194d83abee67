"""What notes, assignments and attachments may stand beside: any row, by its id, or by its kind and number where it has
none, and what has a name and no row of its own, by its kind and name."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import AutoField, Model
from django.utils.functional import Promise

from apps.core.errors import DomainError
from apps.core.fields import PrefixedIdField

NUMBER = "[0-9]{1,18}"
NAME = "[a-z][a-z0-9_]{0,59}"

LONGEST = 80
"""Characters of a subject."""


class SubjectNotFound(DomainError):
    """There is nothing with this id."""

    code = "SUBJECT_NOT_FOUND"
    http_status = 404


@dataclass(frozen=True, slots=True)
class Named:
    """A kind of things that have names alone, each over all its versions, which are rows.

    `existing` is given names, and says in one query which of them there are.
    """

    title: str | Promise
    versions: type[Model]
    existing: Callable[[Collection[str]], Collection[str]]


@dataclass(frozen=True, slots=True)
class Known:
    """Something that exists: its row or its name, and what its kind is called."""

    kind: str
    what: Model | str

    @property
    def title(self) -> str:
        """What it is called."""
        return str(self.what)


_named: dict[str, Named] = {}


def register(label: str, kind: Named) -> None:
    """A higher app says once, when it is ready, what else has subjects: `ledger.template` for `ledger.template:pay_in`."""
    _named[label] = kind


@cache
def kinds() -> Mapping[str, type[Model]]:
    """Every model with such ids, by their prefix."""
    return {
        model._meta.pk.prefix: model
        for model in apps.get_models()
        if isinstance(model._meta.pk, PrefixedIdField)
    }


@cache
def numbered() -> Mapping[str, type[Model]]:
    """Every model whose rows have numbers alone, by its name: accounts, books, flags, roles. Versions go by a name."""
    versions = {each.versions for each in _named.values()}
    return {
        model._meta.label_lower: model
        for model in apps.get_models()
        if isinstance(model._meta.pk, AutoField)
        and model not in versions
        and (model.__module__.startswith("apps.") or model._meta.label_lower == "auth.group")
    }


def of(row: Model) -> str:
    """What a row is called as a subject: its id, or such as `ledger.account:7`."""
    if isinstance(row._meta.pk, PrefixedIdField):
        return str(row.pk)
    return f"{row._meta.label_lower}:{row.pk}"


def labelled(label: str) -> type[Model] | None:
    """The model behind what stands before the colon of a subject: of the row with the number, or of the name's versions."""
    return _named[label].versions if label in _named else numbered().get(label)


def known(subjects: Iterable[str]) -> dict[str, Known]:
    """Those of them that exist, by subject: one query for each kind."""
    wanted: dict[type[Model], list[Any]] = {}
    names: dict[str, list[str]] = {}
    for subject in subjects:
        label, colon, key = subject.partition(":")
        model = numbered().get(label) if colon else kinds().get(subject.partition("_")[0])
        if label in _named and re.fullmatch(NAME, key):
            names.setdefault(label, []).append(key)
        elif model and (not colon or re.fullmatch(NUMBER, key)):
            wanted.setdefault(model, []).append(int(key) if colon else subject)
    rows = (row for model, some in wanted.items() for row in model._base_manager.in_bulk(some).values())
    found = {of(row): Known(str(row._meta.verbose_name), row) for row in rows}
    for label, some in names.items():
        kind = _named[label]
        found |= {f"{label}:{name}": Known(str(kind.title), name) for name in kind.existing(some)}
    return found


def check(subject: str) -> None:
    """Raise SubjectNotFound unless there is something with this id."""
    try:
        exists = subject in known([subject])
    except ValidationError:  # no id at all
        exists = False
    if not exists:
        raise SubjectNotFound(f"There is nothing with the id {subject[:LONGEST]}.", field="/subject")
