"""Input of the commands about users and tenants."""

from typing import Any
from zoneinfo import available_timezones

from rest_framework import serializers

from apps.accounts.models import CONSOLE_ROLES
from apps.core.serializer_fields import CurrencyField, IdField, TextField


class FirstAdminInput(serializers.Serializer[Any]):
    email = serializers.EmailField()
    name = TextField(max_length=120, default="", allow_blank=True)
    password = serializers.CharField(max_length=200, trim_whitespace=False)


class CreateUserInput(FirstAdminInput):
    role_names = serializers.ListField(
        child=serializers.ChoiceField(sorted(CONSOLE_ROLES)), allow_empty=False
    )


class SetRolesInput(serializers.Serializer[Any]):
    user = IdField("usr")
    role_names = serializers.ListField(child=serializers.ChoiceField(sorted(CONSOLE_ROLES)))


class CreateTenantInput(serializers.Serializer[Any]):
    name = TextField(max_length=120)
    slug = TextField(max_length=60, pattern=r"[A-Za-z0-9_-]+\Z")
    base_currency = CurrencyField()
    time_zone = serializers.ChoiceField(sorted(available_timezones()), default="UTC")
