"""Input of the door's own commands."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.core.serializer_fields import IdField, TextField
from apps.operations.models import FlagScope


class DecisionInput(serializers.Serializer[Any]):
    request = IdField("apr", help_text=_("The approval request that is decided about."))
    comment = TextField(
        max_length=500, default="", allow_blank=True, help_text=_("Why, for the maker and the auditor.")
    )


class SetFeatureFlagInput(serializers.Serializer[Any]):
    name = TextField(
        max_length=60,
        pattern=r"[A-Za-z0-9_-]+\Z",
        help_text=_("The name of the flag, such as core_wallet_enabled."),
    )
    scope = serializers.ChoiceField(FlagScope.choices, help_text=_("What it switches."))
    scope_id = TextField(
        max_length=60,
        default="",
        allow_blank=True,
        help_text=_("Which tenant, currency or provider; empty for everything."),
    )
    enabled = serializers.BooleanField(help_text=_("No refuses at the door whatever touches it."))
    reason = TextField(
        max_length=500, help_text=_("Why, in words that somebody understands a year from now.")
    )


class ResetKeyInput(serializers.Serializer[Any]):
    operation = IdField("op", help_text=_("The refused operation whose key is freed; its row stays."))
    reason = TextField(
        max_length=500, help_text=_("Why, in words that somebody understands a year from now.")
    )
