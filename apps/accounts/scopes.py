"""What an API key may be allowed to do, and what an actor may do who has it."""

from functools import cache

from django.utils.translation import gettext_lazy as _

from apps.core.actor import Actor
from apps.operations.registry import all_commands

SCOPES = {
    "tenant:read": _("The tenant's profile and settings"),
    "team:read": _("Members and invitations"),
    "team:write": _("Invite, change and remove members"),
    "keys:read": _("API keys without their secrets, and what was asked with them"),
    "keys:write": _("Make, rotate and revoke API keys"),
    "customers:read": _("Customers"),
    "customers:write": _("Create, change and close customers"),
    "recipients:read": _("Recipients, with their details masked"),
    "recipients:write": _("Create, change, verify and close recipients"),
    "wallets:read": _("Wallets, balances and statements"),
    "wallets:write": _("Open, change and close wallets"),
    "transfers:read": _("Transfers and holds"),
    "transfers:write": _("Move money, hold it or put it in escrow, settle and release that"),
    "ledger:read": _("Accounts and journal entries"),
    "operations:read": _("What was asked of us and what became of it, approval requests, events"),
    "rates:read": _("Exchange rates"),
    "webhooks:read": _("Webhook endpoints, what was sent to them, and what was not"),
    "webhooks:write": _("Create, change and remove webhook endpoints, and send messages again"),
    "platform:read": _("All tenants: statistics and health (operators' keys alone)"),
    "platform:write": _(
        "Tenants themselves, resets of verifications, fees by hand and idempotency keys (operators' keys alone)"
    ),
}
"""Each with what it opens, for people."""

OF_OPERATORS = frozenset({"platform:read", "platform:write"})


@cache
def permissions(scopes: frozenset[str]) -> frozenset[str]:
    """The permissions of all commands of the API that these scopes open."""
    return frozenset(
        command.permission
        for command in all_commands()
        if "api" in command.surfaces and command.scope in scopes
    )


def actor(key_id: str, label: str, scopes: frozenset[str], book_id: int | None) -> Actor:
    """An API key as somebody who acts."""
    return Actor(
        kind="api_key", id=key_id, label=label, permissions=permissions(scopes), book_id=book_id, roles=scopes
    )
