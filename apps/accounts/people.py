"""Users as actors: what the command door asks of this app."""

from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError

from apps.accounts import scopes
from apps.accounts.backends import RoleBackend
from apps.accounts.models import ApiKey, User
from apps.core import clock
from apps.core.actor import Actor
from apps.core.errors import DomainError

SETUP = Actor.system(
    "setup",
    {
        "accounts.create_customer",
        "accounts.create_first_admin",
        "accounts.create_recipient",
        "accounts.create_tenant",
        "accounts.create_wallet",
        "ledger.import_entry",
        "ledger.open_account",
        "ledger.post_opening_balance",
        "ledger.rebuild_coa",
        "ledger.rebuild_templates",
        "providers.set_provider",
        "providers.set_routing_rule",
        "transfers.create_payout",
        "transfers.create_transfer",
        "transfers.place_hold",
        "transfers.post_pay_in",
    },
)
"""Who sets a new installation up, makes the demo and imports histories. Never a person's stand-in."""


class UserNotFound(DomainError):
    """There is no such user, or they were deactivated."""

    code = "USER_NOT_FOUND"
    http_status = 404


def actor_of(user: User) -> Actor:
    """A user with the permissions and roles of now."""
    return Actor(
        kind="user",
        id=user.pk,
        label=user.email,
        permissions=frozenset(RoleBackend().get_all_permissions(user)),
        roles=frozenset(user.roles.values_list("name", flat=True)),
    )


def find_actor(kind: str, actor_id: str) -> Actor:
    """The user of this id or e-mail address, the API key of this id, or the setup actor."""
    if kind == "api_key":
        return _key(actor_id)
    if kind == "system" and actor_id == SETUP.id:
        return SETUP
    user = _active_user(actor_id) if kind == "user" else None
    if user is None:
        raise UserNotFound(f"There is no active user {actor_id}.")
    return actor_of(user)


def _key(key_id: str) -> Actor:
    try:
        key = ApiKey.objects.select_related("tenant").filter(pk=key_id).first()
    except ValidationError:  # no id at all
        key = None
    if key is None or not key.is_valid(clock.now()):
        raise UserNotFound(f"There is no API key {key_id} that has not ended.")
    book_id = key.tenant.book.pk if key.tenant else None
    return scopes.actor(str(key.pk), str(key), frozenset(key.scopes), book_id)


def _active_user(name: str) -> User | None:
    lookup = {"email__iexact": name} if "@" in name else {"pk": name}
    try:
        return User.objects.filter(is_active=True, **lookup).first()
    except ValidationError:  # no id at all
        return None


def behind(kind: str, actor_id: str) -> frozenset[str]:
    """The ids of the people who act as somebody: of a key those who made or rotated it, whether it has ended or not."""
    if kind == "user":
        return frozenset({actor_id})
    if kind != "api_key":
        return frozenset()
    try:
        found = ApiKey.objects.filter(pk=actor_id).values_list("people", flat=True).first()
    except ValidationError:  # no id at all
        found = None
    return frozenset(found or ())


def with_role(role: str) -> frozenset[str]:
    """The ids of all active users with a role."""
    users = User.objects.filter(is_active=True, roles__name=role)
    return frozenset(str(pk) for pk in users.values_list("pk", flat=True))


def deciders(role: str) -> frozenset[str]:
    """Of the active users with a role, those who may decide about approval requests at all."""
    may = Permission.objects.get(content_type__app_label="operations", codename="decide")
    users = User.objects.filter(pk__in=with_role(role), roles__permissions=may)
    return frozenset(str(pk) for pk in users.values_list("pk", flat=True))
