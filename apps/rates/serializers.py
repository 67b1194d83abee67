"""Input of the commands about rates."""

from typing import Any

from rest_framework import serializers

from apps.core.serializer_fields import TextField


class LoadEcbInput(serializers.Serializer[Any]):
    """The SHA-256 of a file that was received, in hexadecimal: so the input is small, and says which rates they are."""

    file = TextField(max_length=64, pattern=r"[0-9a-f]{64}")
