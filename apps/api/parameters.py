"""Query parameters, read by declared fields; what is not declared is refused."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest, QueryDict
from rest_framework import serializers

from apps.api.errors import ParameterInvalid
from apps.core.serializer_fields import tell_choices

PAGE, LONGEST_PAGE = 50, 200

LIMIT = serializers.IntegerField(min_value=1, max_value=LONGEST_PAGE, help_text="How many at most.")
CURSOR = serializers.CharField(max_length=1_000, help_text="Where to go on: `next` or `previous` of a page.")


def read(request: HttpRequest, known: Mapping[str, serializers.Field[Any, Any, Any, Any]]) -> dict[str, Any]:
    """The given parameters as values; ParameterInvalid names one that is unknown, given twice, or wrong."""
    return read_query(request.GET, known)


def read_query(
    given: QueryDict, known: Mapping[str, serializers.Field[Any, Any, Any, Any]]
) -> dict[str, Any]:
    """The same of a query by itself."""
    found = {}
    for name in given:
        if name not in known:
            _refuse(name, f"There is no parameter {name[:80]!r} here.", known)
        values = given.getlist(name)
        if len(values) > 1:
            _refuse(name, f"{name} is given {len(values)} times; give it once.", known)
        tell_choices(known[name])
        try:
            if "\x00" in values[0]:
                raise serializers.ValidationError("No text has a NUL character.")
            found[name] = known[name].run_validation(values[0])
        except serializers.ValidationError as error:
            _refuse(name, f"{name}: {_reason(error.detail)}", known)
    return found


def _refuse(name: str, message: str, known: Iterable[str]) -> None:
    raise ParameterInvalid(message, details={"parameter": name[:80], "known": [*sorted(known)]})


def _reason(detail: Any) -> str:
    while isinstance(detail, dict | list):
        detail = next(iter(detail.values() if isinstance(detail, dict) else detail), "")
    return str(detail)
