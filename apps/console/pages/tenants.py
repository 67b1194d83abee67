"""Tenants with their teams and keys, and the customers whom they serve."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import (
    ApiKey,
    Customer,
    Invitation,
    Membership,
    Provisioning,
    ProvisioningStatus,
    Recipient,
    Tenant,
    TenantStatus,
    Wallet,
)
from apps.accounts.queries.wallets import Total, totals
from apps.console.forms.ways import Doing, doings
from apps.console.listing import Column, Filter, KeysetAdmin, Search
from apps.console.readonly import Context
from apps.console.site import site
from apps.core import clock
from apps.operations.models import Book
from apps.rates.queries import in_base
from apps.webhooks.models import SigningKey

LATEST = 10
IN_SHORT = {
    "accounts.change_member_role": _("Change role"),
    "accounts.remove_member": _("Remove"),
    "accounts.revoke_invitation": _("Revoke"),
}


def tenant_choices() -> Iterable[tuple[str, str]]:
    """The first hundred tenants by name."""
    return [(str(pk), name) for pk, name in Tenant.objects.values_list("pk", "name")[:100]]


def tenant_name(tenant: str) -> str:
    """What a tenant is called; its id if there is none."""
    try:
        return Tenant.objects.filter(pk=tenant).values_list("name", flat=True).first() or tenant
    except ValidationError:  # no id at all
        return tenant


OF_TENANT = Filter("tenant", _("Tenant"), choices=tenant_choices, named=tenant_name)


@admin.register(Tenant, site=site)
class TenantAdmin(KeysetAdmin):
    """The businesses on the platform, each beside its test tenant."""

    columns = (
        Column(_("Tenant")),
        Column(_("Status")),
        Column(_("Base currency"), "wide"),
        Column(_("Time zone"), "wide"),
        Column(_("Since"), "wide"),
    )
    in_files = {
        "Id": "id",
        "Slug": "slug",
        "Name": "name",
        "Status": "status",
        "Base currency": "base_currency",
        "Time zone": "time_zone",
        "Test environment of": "test_of_id",
        "Since": "created_at",
    }
    also_found_by = ("name__istartswith",)
    row_template = "console/row/tenant.html"
    page_template = "console/page/tenant.html"
    tabs = "status"
    filters = (Filter("status", _("Status"), choices=lambda: TenantStatus.choices),)
    search = Search("slug__startswith", ("slug",), _("start of a slug"))

    def doings(self, request: HttpRequest, row: Tenant | None = None) -> list[Doing]:
        """Make one; what changes this one, its team, its keys, and what it gets."""
        if row is None:
            return doings(request, ("accounts.create_tenant", {}))
        given = {"tenant": row.pk}
        failed = Provisioning.objects.filter(tenant=row.live, status=ProvisioningStatus.FAILED).exists()
        names = {
            TenantStatus.PROVISIONING: ("retry_provisioning", "abandon_tenant") if failed else (),
            TenantStatus.ACTIVE: (
                "create_wallet",
                "create_customer",
                "create_recipient",
                "create_api_key",
                "invite_member",
                "update_tenant",
                "suspend_tenant",
                "close_tenant",
            ),
            TenantStatus.SUSPENDED: ("resume_tenant", "update_tenant", "close_tenant"),
        }.get(row.status, ())
        return doings(request, *((f"accounts.{name}", given) for name in names))

    def page_context(self, request: HttpRequest, row: Tenant) -> Context:
        """Profile, money by category, team, keys and the latest of the rest."""
        now = clock.now()
        team = row.live
        had = totals(row.pk)
        return {
            "book": Book.objects.filter(tenant_id=row.pk).first(),
            "sibling": row.test_of or Tenant.objects.filter(test_of=row).first(),
            "provisioning": Provisioning.objects.filter(tenant=team).first(),
            "categories": _by_category(had),
            "now": now,
            "signing_keys": SigningKey.objects.filter(book__tenant_id=row.pk)
            .defer("private")
            .order_by("-id")[:LATEST],
            "in_base": in_base([each.balances.total for each in had], row.base_currency, on=now),
            "members": _members(request, team),
            "invitations": _invitations(request, team, now),
            "keys": [
                {"key": key, "is_valid": key.is_valid(now)}
                for key in ApiKey.objects.filter(tenant=row).order_by("-id")[:LATEST]
            ],
            "wallets": Wallet.objects.filter(tenant=row).select_related("customer").order_by("-id")[:LATEST],
            "customers": Customer.objects.filter(tenant=row).order_by("-id")[:LATEST],
            "recipients": Recipient.objects.filter(tenant=row).order_by("-id")[:LATEST],
        }


def _members(request: HttpRequest, team: Tenant) -> list[dict[str, Any]]:
    """Who is in a team, each with what may be done about it."""
    found = Membership.objects.filter(tenant=team).select_related("user").order_by("joined_at")
    return [{"member": each, "doings": _about_member(request, each)} for each in found]


def _about_member(request: HttpRequest, member: Membership) -> list[Doing]:
    given = {"tenant": member.tenant_id, "user": member.user_id}
    return _in_short(
        doings(
            request,
            ("accounts.change_member_role", {**given, "role": member.role}),
            ("accounts.remove_member", given),
        )
    )


def _in_short(links: list[Doing]) -> list[Doing]:
    """The same links, in the few words that a row has room for."""
    return [Doing(each.command, IN_SHORT[each.command], each.url) for each in links]


def _invitations(request: HttpRequest, team: Tenant, now: datetime) -> list[dict[str, Any]]:
    """Who was asked into a team and has not answered, each with what may be done about it."""
    found = Invitation.objects.filter(tenant=team, accepted_at=None, revoked_at=None).order_by("created_at")
    return [
        {
            "invitation": each,
            "doings": _in_short(doings(request, ("accounts.revoke_invitation", {"invitation": each.pk}))),
        }
        for each in found
        if each.is_open(now)
    ]


def _by_category(rows: list[Total]) -> list[dict[str, Any]]:
    return [
        {"category": category, "totals": list(same)}
        for category, same in groupby(rows, key=lambda total: total.category_title)
    ]


@admin.register(Customer, site=site)
class CustomerAdmin(KeysetAdmin):
    """Whom the tenants serve."""

    related = ("tenant",)
    columns = (
        Column(_("Customer")),
        Column(_("Tenant"), "wide"),
        Column(_("External id"), "wide"),
        Column(_("Status")),
        Column(_("Since"), "wide"),
    )
    in_files = {
        "Id": "id",
        "Tenant": "tenant.slug",
        "Kind": "kind",
        "Name": "name",
        "External id": "external_id",
        "Status": "status",
        "Since": "created_at",
    }
    also_found_by = ("name__istartswith",)
    row_template = "console/row/customer.html"
    page_template = "console/page/customer.html"
    empty_template = "console/empty/customers.html"
    filters = (OF_TENANT,)
    search = Search(
        "external_id",
        ("external_id", "-id"),
        _("an external id"),
        condition={"external_id__gt": ""},
    )

    def doings(self, request: HttpRequest, row: Customer | None = None) -> list[Doing]:
        """Make one; a wallet and a recipient for this one, change and close it."""
        if row is None:
            return doings(request, ("accounts.create_customer", {"tenant": request.GET.get("tenant")}))
        given = {"customer": row.pk}
        return doings(
            request,
            ("accounts.create_wallet", given),
            ("accounts.create_recipient", {"tenant": row.tenant_id, **given}),
            ("accounts.update_customer", given),
            ("accounts.close_customer", given),
        )

    def page_context(self, request: HttpRequest, row: Customer) -> Context:
        """Their wallets, and whom they pay."""
        return {
            "wallets": Wallet.objects.filter(customer=row).order_by("-id")[:50],
            "recipients": Recipient.objects.filter(customer=row).order_by("-id")[:50],
        }


@admin.register(ApiKey, site=site)
class ApiKeyAdmin(KeysetAdmin):
    """Every API key, by its prefix: its secret is nowhere."""

    called = _("API keys")
    related = ("tenant",)
    columns = (
        Column(_("Key")),
        Column(_("Tenant"), "wide"),
        Column(_("Last used"), "wide"),
        Column(_("Ends"), "wide"),
        Column(_("Status")),
    )
    in_files = {
        "Id": "row.id",
        "Name": "row.name",
        "Prefix": "row.prefix",
        "Tenant": "row.tenant.slug",
        "Scopes": "row.scopes",
        "Last used": "row.last_used_at",
        "Ends": "row.expires_at",
        "Valid": "is_valid",
    }
    also_found_by = ("name__istartswith",)
    row_template = "console/row/api_key.html"
    page_template = "console/page/api_key.html"
    empty_template = "console/empty/api_keys.html"
    filters = (OF_TENANT,)
    search = Search("prefix__startswith", ("prefix",), _("start of a key"))

    def doings(self, request: HttpRequest, row: ApiKey | None = None) -> list[Doing]:
        """Make one; rotate and revoke this one."""
        if row is None:
            return doings(request, ("accounts.create_api_key", {}), ("accounts.create_operator_key", {}))
        given = {"api_key": row.pk}
        names = ("rotate_api_key", "revoke_api_key") if row.is_valid(clock.now()) else ()
        return doings(request, *((f"accounts.{name}", given) for name in names))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Whether each still opens anything."""
        now = clock.now()
        return [{"row": row, "is_valid": row.is_valid(now)} for row in rows]

    def page_context(self, request: HttpRequest, row: ApiKey) -> Context:
        """Whether it opens anything, and which one took its place."""
        return {
            "is_valid": row.is_valid(clock.now()),
            "successor": ApiKey.objects.filter(replaces=row).first(),
        }
