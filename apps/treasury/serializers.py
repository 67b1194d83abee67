"""Input of treasury's commands."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.core.serializer_fields import IdField, InstantField, MoneyField, TextField, TimeZoneField
from apps.ledger.serializers import AddressField, BookField, ReasonField
from apps.treasury.when import EVERY_DAY

INSTRUCTION = _("What is to be moved.")


class SetSweepRuleInput(serializers.Serializer[Any]):
    book = BookField(default="platform", help_text=_("Whose money it is."))
    account = AddressField(
        help_text=_("The account that is kept between floor and target, such as bank:ing.")
    )
    counter_account = AddressField(
        help_text=_("Where a surplus goes and what is lacking comes from, such as pool:gps.")
    )
    floor = MoneyField(help_text=_("Below it the account is brought up to its target."))
    target = MoneyField(help_text=_("Above it the account is brought down to it; at least the floor."))
    minimum = MoneyField(positive=True, help_text=_("Nothing smaller is moved."))
    at = serializers.TimeField(
        default=None,
        allow_null=True,
        help_text=_("Once a day at this time; else say every how many minutes."),
    )
    every_minutes = serializers.IntegerField(
        default=None,
        allow_null=True,
        min_value=5,
        max_value=1_440,
        help_text=_("Every so many minutes, counted from midnight UTC; else say at what time."),
    )
    time_zone = TimeZoneField(default="UTC", help_text=_("Of the time and the days."))
    days = TextField(
        max_length=20,
        default=EVERY_DAY,
        help_text=_(
            "every_day, or the business days of weekends (Monday to Friday), TARGET, FED, or a country such as PL."
        ),
    )
    confirm_within = serializers.IntegerField(
        default=24,
        min_value=1,
        max_value=720,
        help_text=_("Hours in which people confirm what they are to move, before somebody is alarmed."),
    )
    reason = ReasonField()


class StopSweepRuleInput(serializers.Serializer[Any]):
    rule = IdField("swr")
    reason = ReasonField()


class ExecuteSweepInput(serializers.Serializer[Any]):
    rule = IdField("swr")
    due_at = InstantField(help_text=_("For which due time."))


class ConfirmSweepInput(serializers.Serializer[Any]):
    instruction = IdField("swi", help_text=INSTRUCTION)
    bank_reference = TextField(
        max_length=120, help_text=_("The bank's or provider's name for the movement, which proves it.")
    )


class CancelSweepInput(serializers.Serializer[Any]):
    instruction = IdField("swi", help_text=INSTRUCTION)
    reason = ReasonField()


class UnconfirmedSweepInput(serializers.Serializer[Any]):
    instruction = IdField("swi", help_text=INSTRUCTION)


class SweepDifferenceInput(serializers.Serializer[Any]):
    rule = IdField("swr")
    due_at = InstantField(help_text=_("Of which due time."))
    what = TextField(max_length=20, help_text=_("What differs, in one word."))
    message = TextField(max_length=500, help_text=_("What differs, in words."))
