"""The commands about rates."""

from django.utils.translation import gettext_lazy as _

from apps.operations.registry import Command, register
from apps.rates import serializers, services

register(
    Command(
        name="rates.load_ecb",
        summary=_("Load the ECB's reference rates"),
        handler=services.load_ecb,
        input=serializers.LoadEcbInput,
        permission="rates.load_ecb",
    )
)
