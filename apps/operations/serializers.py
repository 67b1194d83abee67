"""Input of the door's own commands."""

from typing import Any

from rest_framework import serializers

from apps.core.serializer_fields import IdField, TextField
from apps.operations.models import FlagScope


class DecisionInput(serializers.Serializer[Any]):
    request = IdField("apr")
    comment = TextField(max_length=500, default="", allow_blank=True)


class SetFeatureFlagInput(serializers.Serializer[Any]):
    name = TextField(max_length=60, pattern=r"[A-Za-z0-9_-]+\Z")
    scope = serializers.ChoiceField(FlagScope.values)
    scope_id = TextField(max_length=60, default="", allow_blank=True)
    enabled = serializers.BooleanField()
    reason = TextField(max_length=500)


class ResetKeyInput(serializers.Serializer[Any]):
    operation = IdField("op")
    reason = TextField(max_length=500)
