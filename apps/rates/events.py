"""What is told of exchange rates."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.operations.event_types import Declaring
from apps.rates.models import Source


class RatesLoadedEvent(serializers.Serializer[Any]):
    load = serializers.IntegerField(help_text=_("The number of this load."))
    source = serializers.ChoiceField(Source.choices, help_text=_("Who published it."))  # type: ignore[assignment]
    file = serializers.CharField(help_text=_("The SHA-256 of what was published."))
    name = serializers.CharField(help_text=_("What the file was called."))
    days = serializers.IntegerField(help_text=_("Of how many days it tells."))
    first_day = serializers.DateField(help_text=_("The first of them."))
    last_day = serializers.DateField(help_text=_("The last of them."))
    added = serializers.IntegerField(help_text=_("Rates that were not known."))
    corrected = serializers.IntegerField(help_text=_("Rates that are others now."))
    withdrawn = serializers.IntegerField(help_text=_("Rates that are none any more."))
    unchanged = serializers.IntegerField(help_text=_("Rates that were known."))
    older = serializers.IntegerField(help_text=_("Rates of which newer files say otherwise."))
    missing = serializers.IntegerField(help_text=_("Places of the table that are empty."))
    left_out = serializers.DictField(
        child=serializers.IntegerField(), help_text=_("What is not kept here, by currency: how many days.")
    )


declare = Declaring(__file__)
declare.told("rates.loaded", _("Exchange rates came in."), RatesLoadedEvent, "rates.load_ecb")
