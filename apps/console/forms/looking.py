"""Looking up what a field names: by the start of its name or by its id, along indexes, as far as the user may see it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from rest_framework.serializers import Field

from apps.accounts.models import ApiKey, Customer, Invitation, Recipient, RecipientStatus, Tenant, Wallet
from apps.console.listing import KeysetAdmin
from apps.console.site import site
from apps.core.currencies import all_currencies
from apps.core.fields import PrefixedIdField
from apps.core.money import Money
from apps.core.serializer_fields import CurrencyField, IdField
from apps.ledger.models import Account, Freeze, GlAccount, Hold
from apps.operations.models import ApprovalRequest, ApprovalStatus, Book, Operation, OperationStatus

MANY = 12

Within = Mapping[str, str]
"""The book and the tenant that a form names already."""


@dataclass(frozen=True, slots=True)
class Option:
    """Something that was found: what the field takes, and what it is."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Finder:
    """How to find rows of one kind: `rows(text, within)` for the start of a name, and an option for each.

    `of_id` narrows what an id may name, where a field takes fewer than there are.
    """

    model: type[Model]
    rows: Callable[[str, Within], QuerySet[Any]]
    option: Callable[[Any], Option]
    of_id: Q = field(default_factory=Q)


def look_up_of(field: Field[Any, Any, Any, Any]) -> str:
    """The kind of thing that a field names; nothing if it is no name."""
    if isinstance(field, CurrencyField):
        return "currency"
    if isinstance(field, IdField):
        return field.prefix if field.prefix in kinds() else ""
    return str(field.style.get("look_up", ""))


def kinds() -> set[str]:
    """Everything that can be looked up."""
    return {"currency", *_FINDERS, *_listed()}


def may_look_up(request: HttpRequest, kind: str) -> bool:
    """Whether this user sees such things at all."""
    if kind == "currency":
        return True
    finder = _finder(kind)
    opts = finder.model._meta
    return request.user.has_perm(f"{opts.app_label}.view_{opts.model_name}")


def find(kind: str, text: str, within: Within) -> list[Option]:
    """A few that begin so, in this book and of this tenant; without text the latest, or the first in order."""
    text = text.replace("\0", "").strip()[:200]
    if kind == "currency":
        return _currencies(text)
    finder = _finder(kind)
    if text.startswith(f"{kind}_"):
        return _of_id(finder, text)
    within = {name: value.replace("\0", "") for name, value in within.items()}
    return [finder.option(row) for row in finder.rows(text, within)[:MANY]]


def _finder(kind: str) -> Finder:
    known = _FINDERS.get(kind)
    return known or _of_list(_listed()[kind])


def _listed() -> dict[str, KeysetAdmin]:
    """The lists of the console, by the prefix of what is in them."""
    return {
        each.opts.pk.prefix: each
        for each in site._registry.values()
        if isinstance(each, KeysetAdmin) and isinstance(each.opts.pk, PrefixedIdField)
    }


def _of_list(admin: KeysetAdmin) -> Finder:
    """A finder that looks where the search box of a list does."""

    def rows(text: str, within: Within) -> QuerySet[Any]:
        if not text:
            return admin.rows().order_by(*admin.keyset)
        if admin.search is None:
            return admin.rows().none()
        return admin.search.narrow(admin.rows(), text).order_by(*admin.search.keyset)

    def option(row: Any) -> Option:
        told = admin.search.lookup.partition("__")[0] if admin.search else ""
        return Option(str(row.pk), str(getattr(row, told, row)))

    return Finder(admin.model, rows, option)


def _of_id(finder: Finder, text: str) -> list[Option]:
    try:
        return [finder.option(row) for row in finder.model._default_manager.filter(finder.of_id, pk=text)]
    except ValidationError:
        return []


def _currencies(text: str) -> list[Option]:
    wanted = text.lower()
    found = [
        each
        for each in all_currencies()
        if each.code.lower().startswith(wanted) or wanted in each.name.lower()
    ]
    return [Option(each.code, each.name) for each in found]


def _books(text: str, within: Within) -> QuerySet[Book]:
    return Book.objects.filter(Q(slug__startswith=text) | Q(name__istartswith=text)).order_by("id")


def _accounts(text: str, within: Within) -> QuerySet[Account]:
    # Naming every book lets the index on (book, address, …) serve a search over all of them.
    book = within.get("book")
    books = Book.objects.filter(slug=book) if book else Book.objects.all()
    rows = Account.objects.filter(
        book_id__in=list(books.values_list("id", flat=True)), address__startswith=text
    )
    return rows.select_related("book").order_by("book_id", "address", "currency")


def _gl_accounts(text: str, within: Within) -> QuerySet[GlAccount]:
    return GlAccount.objects.filter(Q(code__startswith=text) | Q(name__icontains=text)).order_by("code")


def _holds(text: str, within: Within) -> QuerySet[Hold]:
    rows = Hold.objects.filter(remaining__gt=0).select_related("account").order_by("-id")
    return rows.filter(account__in=[each.pk for each in _accounts(text, within)[:MANY]]) if text else rows


def _freezes(text: str, within: Within) -> QuerySet[Freeze]:
    rows = Freeze.objects.filter(lifted_at=None).select_related("account").order_by("-id")
    return rows.filter(account__in=[each.pk for each in _accounts(text, within)[:MANY]]) if text else rows


def _requests(text: str, within: Within) -> QuerySet[ApprovalRequest]:
    rows: QuerySet[ApprovalRequest] = ApprovalRequest.objects.filter(
        status=ApprovalStatus.PENDING, command__startswith=text
    )
    return rows.order_by("-id")


WITH_STUCK_KEY = Q(status=OperationStatus.REFUSED, holds_key=True)
"""The operations that the one field of this kind takes: those whose key can be freed."""


def _refused(text: str, within: Within) -> QuerySet[Operation]:
    rows = Operation.objects.filter(WITH_STUCK_KEY).order_by("-id")
    return rows.filter(key=text) if text else rows


def _tenants(text: str, within: Within) -> QuerySet[Tenant]:
    rows: QuerySet[Tenant] = Tenant.objects.filter(Q(slug__startswith=text) | Q(name__istartswith=text))
    return rows.order_by("-id")


def _owned(rows: QuerySet[Any], text: str, within: Within) -> QuerySet[Any]:
    """Of a tenant by name; of all by their own name for it alone, because there are many."""
    tenant = _tenant(within)
    if tenant:
        rows = rows.filter(tenant_id=tenant)
    if text:
        named = Q(external_id=text) | Q(name__istartswith=text) if tenant else Q(external_id=text)
        rows = rows.filter(named)
    return rows.select_related("tenant").order_by("-id")


def _tenant(within: Within) -> str | None:
    try:
        found: str | None = Tenant._meta.pk.to_python(within.get("tenant") or None)
        return found
    except ValidationError:
        return None


def _customers(text: str, within: Within) -> QuerySet[Customer]:
    return _owned(Customer.objects.all(), text, within)


def _recipients(text: str, within: Within) -> QuerySet[Recipient]:
    return _owned(Recipient.objects.filter(status=RecipientStatus.ACTIVE), text, within)


def _wallets(text: str, within: Within) -> QuerySet[Wallet]:
    return _owned(Wallet.objects.all(), text, within)


def _keys(text: str, within: Within) -> QuerySet[ApiKey]:
    rows = ApiKey.objects.filter(revoked_at=None, prefix__startswith=text).select_related("tenant")
    tenant = _tenant(within)
    return (rows.filter(tenant_id=tenant) if tenant else rows).order_by("-id")


def _invitations(text: str, within: Within) -> QuerySet[Invitation]:
    rows = Invitation.objects.filter(accepted_at=None, revoked_at=None, email__startswith=text)
    return rows.select_related("tenant").order_by("-id")


_FINDERS: dict[str, Finder] = {
    "book": Finder(Book, _books, lambda row: Option(row.slug, row.name)),
    "account": Finder(
        Account, _accounts, lambda row: Option(row.address, f"{row.currency} · {row.book} · {row.name}")
    ),
    "gl_account": Finder(GlAccount, _gl_accounts, lambda row: Option(row.code, row.name)),
    "hld": Finder(
        Hold,
        _holds,
        lambda row: Option(
            row.pk, f"{Money(int(row.remaining), row.account.currency)} · {row.account.address}"
        ),
    ),
    "frz": Finder(Freeze, _freezes, lambda row: Option(row.pk, f"{row.account} · {row.reason}")),
    "apr": Finder(
        ApprovalRequest, _requests, lambda row: Option(row.pk, f"{row.command} · {row.maker_label}")
    ),
    "op": Finder(
        Operation,
        _refused,
        lambda row: Option(row.pk, f"{row.command} · {row.refusal['code']} · {row.key}"),
        of_id=WITH_STUCK_KEY,
    ),
    "ten": Finder(Tenant, _tenants, lambda row: Option(row.pk, f"{row.name} · {row.status}")),
    "cus": Finder(Customer, _customers, lambda row: Option(row.pk, f"{row.name} · {row.tenant}")),
    "rcp": Finder(
        Recipient,
        _recipients,
        lambda row: Option(row.pk, f"{row.name} · {row.display} · {row.currency} · {row.tenant}"),
    ),
    "wal": Finder(
        Wallet,
        _wallets,
        lambda row: Option(row.pk, f"{row.currency} {row.name or row.purpose} · {row.tenant}"),
    ),
    "key": Finder(ApiKey, _keys, lambda row: Option(row.pk, f"{row} · {row.tenant or row.created_by}")),
    "inv": Finder(Invitation, _invitations, lambda row: Option(row.pk, f"{row.email} · {row.tenant}")),
}
