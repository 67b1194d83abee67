"""Who signs in, and what follows from their roles."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, Permission
from django.db.models import Model
from django.http import HttpRequest

from apps.accounts.models import User


class RoleBackend(BaseBackend):
    """E-mail and password. Permissions come from the user's roles and from nowhere else."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        email: str | None = None,
        **credentials: Any,
    ) -> User | None:
        """The active user with this e-mail address, in any case, and this password."""
        address = email or username
        if not address or password is None:
            return None
        user = User.objects.filter(email__iexact=address).first()
        if user is None:
            # Hashing for nobody takes as long as for somebody, so the answer's time names no user.
            User().set_password(password)
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: Any) -> User | None:
        """The user of a session, unless deactivated since."""
        return User.objects.filter(pk=user_id, is_active=True).first()

    def get_all_permissions(
        self, user_obj: AbstractBaseUser | AnonymousUser, obj: Model | None = None
    ) -> set[str]:
        """What the roles allow, read once for each user object; nothing for a single object alone."""
        if not isinstance(user_obj, User) or not user_obj.is_active or obj is not None:
            return set()
        if user_obj.permission_cache is None:
            rows = Permission.objects.filter(group__users=user_obj)
            user_obj.permission_cache = {
                f"{app}.{codename}"
                for app, codename in rows.values_list("content_type__app_label", "codename").order_by()
            }
        return user_obj.permission_cache
