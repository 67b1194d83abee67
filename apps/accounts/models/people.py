"""Users: people who sign in."""

from collections.abc import Iterable
from typing import ClassVar

from django.contrib.auth import get_backends
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import Group
from django.db import models
from django.db.models.functions import Lower
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from apps.core.fields import PrefixedIdField

CONSOLE_ROLES = frozenset({"admin", "operator", "approver", "finance", "compliance", "viewer"})
"""The roles that open the console; what each may do there is its permissions."""


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        """E-mail addresses are compared without regard to case."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person who signs in with an e-mail address. What they may do follows from their roles alone."""

    id = PrefixedIdField(prefix="usr", primary_key=True)
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(max_length=120, blank=True)
    roles = models.ManyToManyField(Group, related_name="users", blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    permission_cache: set[str] | None = None

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once_in_any_case")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        """The name that the console shows."""
        return self.name

    @cached_property
    def is_staff(self) -> bool:
        """Whether they may enter the console at all: active, with a role of the console."""
        return self.is_active and self.roles.filter(name__in=CONSOLE_ROLES).exists()

    def get_all_permissions(self, obj: models.Model | None = None) -> set[str]:
        """Everything their roles allow."""
        return set().union(*(backend.get_all_permissions(self, obj) for backend in get_backends()))

    def has_perm(self, perm: str, obj: models.Model | None = None) -> bool:
        """Whether a role of theirs allows it."""
        return perm in self.get_all_permissions(obj)

    def has_perms(self, perm_list: Iterable[str], obj: models.Model | None = None) -> bool:
        """Whether their roles allow all of it."""
        return self.get_all_permissions(obj).issuperset(perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        """Whether their roles allow anything in an app."""
        return any(permission.startswith(f"{app_label}.") for permission in self.get_all_permissions())
