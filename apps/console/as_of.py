"""Asking a page about another time."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.ledger.queries import AsOf, position_at


class AsOfForm(forms.Form):
    """Two points in time: the effective day that counts, and the instant of what was known."""

    on = forms.DateField(
        required=False, label=_("Effective up to"), widget=forms.DateInput(attrs={"type": "date"})
    )
    at = forms.DateTimeField(
        required=False,
        label=_("As known at (UTC)"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}),
        input_formats=["%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"],
    )

    def points(self) -> dict[str, Any]:
        """The day `on` and the instant `at`; None as far as they are empty, both if one is wrong."""
        if not self.is_valid():
            return {"on": None, "at": None}
        return {name: self.cleaned_data[name] for name in ("on", "at")}

    def as_of(self, book_id: int) -> AsOf:
        """The two points for a book."""
        on, at = self.points().values()
        return AsOf(on, None if at is None else position_at(book_id, at))

    @property
    def is_now(self) -> bool:
        """Nothing else was asked for."""
        return not any(self.points().values())


class AccountAsOfForm(AsOfForm):
    """Of one account, whose book gives positions: one of them says more exactly what was known than an instant."""

    position = forms.IntegerField(required=False, min_value=0, label=_("As of position"))

    def as_of(self, book_id: int) -> AsOf:
        """With the position, if one was asked for."""
        found = super().as_of(book_id)
        position = self.cleaned_data.get("position") if self.is_valid() else None
        return found if position is None else replace(found, position=position)


POINTS = tuple(AsOfForm.base_fields)
"""The parameters of the form."""


def points_of(request: HttpRequest) -> str:
    """The two points of a request as parameters, to be carried along."""
    return urlencode({name: request.GET[name] for name in POINTS if request.GET.get(name)})
