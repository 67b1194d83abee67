"""What the door's own commands answer."""

from typing import Any

from rest_framework import serializers

from apps.core.serializer_fields import IdField


class KeyResetResult(serializers.Serializer[Any]):
    operation = IdField("op")
    key = serializers.CharField(help_text="The idempotency key, which may be used again.")
