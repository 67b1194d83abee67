"""What notes, assignments and attachments may stand beside: any row, by its id, or by its kind and number where it has none."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import AutoField, Model

from apps.core.errors import DomainError
from apps.core.fields import PrefixedIdField


class SubjectNotFound(DomainError):
    """There is nothing with this id."""

    code = "SUBJECT_NOT_FOUND"
    http_status = 404


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
    """Every model whose rows have numbers alone, by its name: accounts, books, flags, roles."""
    return {
        model._meta.label_lower: model
        for model in apps.get_models()
        if isinstance(model._meta.pk, AutoField)
        and (model.__module__.startswith("apps.") or model._meta.label_lower == "auth.group")
    }


def of(row: Model) -> str:
    """What a row is called as a subject: its id, or such as `ledger.account:7`."""
    if isinstance(row._meta.pk, PrefixedIdField):
        return str(row.pk)
    return f"{row._meta.label_lower}:{row.pk}"


def known(subjects: Iterable[str]) -> dict[str, Model]:
    """Those of them that exist, by subject: one query for each kind."""
    wanted: dict[type[Model], list[Any]] = {}
    for subject in subjects:
        label, colon, number = subject.partition(":")
        model = numbered().get(label) if colon else kinds().get(subject.partition("_")[0])
        if model and (not colon or number.isdecimal()):
            wanted.setdefault(model, []).append(int(number) if colon else subject)
    rows = (row for model, some in wanted.items() for row in model._base_manager.in_bulk(some).values())
    return {of(row): row for row in rows}


def check(subject: str) -> None:
    """Raise SubjectNotFound unless there is something with this id."""
    try:
        exists = subject in known([subject])
    except ValidationError:  # no id at all
        exists = False
    if not exists:
        raise SubjectNotFound(f"There is nothing with the id {subject[:60]}.", field="/subject")
