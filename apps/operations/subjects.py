"""What notes, assignments and attachments may stand beside: whatever has an id with a prefix of its own."""

from collections.abc import Iterable, Mapping
from functools import cache

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import Model

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


def known(subjects: Iterable[str]) -> dict[str, Model]:
    """Those of them that exist, by id: one query for each kind."""
    wanted: dict[type[Model], list[str]] = {}
    for subject in subjects:
        if model := kinds().get(subject.partition("_")[0]):
            wanted.setdefault(model, []).append(subject)
    found: dict[str, Model] = {}
    for model, some in wanted.items():
        found |= {str(pk): row for pk, row in model._base_manager.in_bulk(some).items()}
    return found


def check(subject: str) -> None:
    """Raise SubjectNotFound unless there is something with this id."""
    try:
        exists = subject in known([subject])
    except ValidationError:  # no id at all
        exists = False
    if not exists:
        raise SubjectNotFound(f"There is nothing with the id {subject[:60]}.", field="/subject")
