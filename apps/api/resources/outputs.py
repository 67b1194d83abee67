"""Fields of outputs that several resources share."""

from typing import Any

from rest_framework import serializers

Output = serializers.Serializer[Any]


def text(**kwargs: Any) -> serializers.CharField:
    """A text."""
    return serializers.CharField(**kwargs)


def number(**kwargs: Any) -> serializers.IntegerField:
    """A whole number."""
    return serializers.IntegerField(**kwargs)


def instant(**kwargs: Any) -> serializers.DateTimeField:
    """A moment in UTC, to the microsecond."""
    return serializers.DateTimeField(**kwargs)


def day(**kwargs: Any) -> serializers.DateField:
    """A day, in the book's time zone."""
    return serializers.DateField(**kwargs)


def yes_or_no(**kwargs: Any) -> serializers.BooleanField:
    """True or false."""
    return serializers.BooleanField(**kwargs)


def texts(**kwargs: Any) -> "serializers.ListField":
    """A list of texts."""
    return serializers.ListField(child=serializers.CharField(), **kwargs)


def notes(**kwargs: Any) -> "serializers.DictField":
    """A caller's own notes."""
    return serializers.DictField(child=serializers.CharField(allow_blank=True), **kwargs)


def anything(**kwargs: Any) -> "serializers.JSONField":
    """Any JSON."""
    return serializers.JSONField(**kwargs)
