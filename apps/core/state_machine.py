"""The base of models with a status that only transitions change."""

from typing import Any

from django.db import models
from django_fsm import ConcurrentTransitionMixin


class StateMachineModel(ConcurrentTransitionMixin, models.Model):
    """A model whose protected status is refreshed without opening the field.

    django-fsm-2 4.2.4 lifts the protection on the class, for all threads, while an instance refreshes, and leaves
    it lifted when the row is gone. Here the value leaves the instance instead, and returns if the refresh fails.
    """

    class Meta:
        abstract = True

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        protected = {
            field.attname: self.__dict__.pop(field.attname)
            for field in self.state_fields
            if field.protected and field.attname in self.__dict__
        }
        try:
            models.Model.refresh_from_db(self, *args, **kwargs)
        except BaseException:
            self.__dict__.update(protected)
            raise
        for name, value in protected.items():
            self.__dict__.setdefault(name, value)
        self._update_initial_state()
