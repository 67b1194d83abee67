"""Input of the commands about users and tenants."""

from typing import Any
from zoneinfo import available_timezones

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.accounts.models import CONSOLE_ROLES
from apps.core.serializer_fields import CurrencyField, IdField, TextField


class FirstAdminInput(serializers.Serializer[Any]):
    email = serializers.EmailField(help_text=_("What they sign in with."))
    name = TextField(max_length=120, default="", allow_blank=True, help_text=_("What people call them."))
    password = serializers.CharField(
        max_length=200, trim_whitespace=False, help_text=_("At least 12 characters, and no common one.")
    )


class CreateUserInput(FirstAdminInput):
    role_names = serializers.ListField(
        child=serializers.ChoiceField(sorted(CONSOLE_ROLES)),
        allow_empty=False,
        label=_("Roles"),
        help_text=_("At least one."),
    )


class SetRolesInput(serializers.Serializer[Any]):
    user = IdField("usr", help_text=_("Whose roles are set; the start of an e-mail address finds them."))
    role_names = serializers.ListField(
        child=serializers.ChoiceField(sorted(CONSOLE_ROLES)),
        label=_("Roles"),
        help_text=_("These and no others. None at all keeps them out."),
    )


class CreateTenantInput(serializers.Serializer[Any]):
    name = TextField(max_length=120, help_text=_("What people call the business."))
    slug = TextField(
        max_length=60,
        pattern=r"[A-Za-z0-9_-]+\Z",
        help_text=_("The short name of its book: letters, digits, _ and -."),
    )
    base_currency = CurrencyField(help_text=_("In which its figures are added up."))
    time_zone = serializers.ChoiceField(
        sorted(available_timezones()), default="UTC", help_text=_("When its days begin and end.")
    )
