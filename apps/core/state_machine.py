"""The base of models with a status that only transitions change."""

from functools import cache
from typing import Any

from django.db import models
from django_fsm import ConcurrentTransitionMixin, FSMFieldMixin


class StateMachineModel(ConcurrentTransitionMixin, models.Model):
    """A model whose protected status is refreshed without opening the field.

    django-fsm-2 4.2.4 lifts the protection on the class, for all threads, while an instance refreshes, and leaves
    it lifted when the row is gone. Here the value leaves the instance instead, and returns if the refresh fails.
    """

    class Meta:
        abstract = True

    @property
    def state_fields(self) -> tuple[FSMFieldMixin, ...]:
        """The status fields, looked for once a model: every new instance asks for them."""
        return _state_fields(type(self))

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


@cache
def _state_fields(model: type[models.Model]) -> tuple[FSMFieldMixin, ...]:
    return tuple(field for field in model._meta.fields if isinstance(field, FSMFieldMixin))
