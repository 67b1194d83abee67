"""Looking up what a field names: by the start of its name or by its id, along indexes, as far as the user may see it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from rest_framework.serializers import Field

from apps.console.listing import KeysetAdmin
from apps.console.site import site
from apps.core.currencies import all_currencies
from apps.core.fields import PrefixedIdField
from apps.core.money import Money
from apps.core.serializer_fields import CurrencyField, IdField
from apps.ledger.models import Account, Freeze, GlAccount, Hold
from apps.operations.models import ApprovalRequest, ApprovalStatus, Book, Operation, OperationStatus

MANY = 12


@dataclass(frozen=True, slots=True)
class Option:
    """Something that was found: what the field takes, and what it is."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Finder:
    """How to find rows of one kind: `rows(text, book)` for the start of a name, and an option for each."""

    model: type[Model]
    rows: Callable[[str, str], QuerySet[Any]]
    option: Callable[[Any], Option]


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


def find(kind: str, text: str, book: str = "") -> list[Option]:
    """A few that begin so; without text the latest, or the first in order."""
    text = text.replace("\0", "").strip()[:200]
    if kind == "currency":
        return _currencies(text)
    finder = _finder(kind)
    if text.startswith(f"{kind}_"):
        return _of_id(finder, text)
    return [finder.option(row) for row in finder.rows(text, book)[:MANY]]


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

    def rows(text: str, book: str) -> QuerySet[Any]:
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
        return [finder.option(row) for row in finder.model._default_manager.filter(pk=text)]
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


def _books(text: str, book: str) -> QuerySet[Book]:
    return Book.objects.filter(Q(slug__startswith=text) | Q(name__istartswith=text)).order_by("id")


def _accounts(text: str, book: str) -> QuerySet[Account]:
    # Naming every book lets the index on (book, address, …) serve a search over all of them.
    books = Book.objects.filter(slug=book) if book else Book.objects.all()
    rows = Account.objects.filter(
        book_id__in=list(books.values_list("id", flat=True)), address__startswith=text
    )
    return rows.select_related("book").order_by("book_id", "address", "currency")


def _gl_accounts(text: str, book: str) -> QuerySet[GlAccount]:
    return GlAccount.objects.filter(Q(code__startswith=text) | Q(name__icontains=text)).order_by("code")


def _holds(text: str, book: str) -> QuerySet[Hold]:
    rows = Hold.objects.filter(remaining__gt=0).select_related("account").order_by("-id")
    return rows.filter(account__in=[each.pk for each in _accounts(text, book)[:MANY]]) if text else rows


def _freezes(text: str, book: str) -> QuerySet[Freeze]:
    rows = Freeze.objects.filter(lifted_at=None).select_related("account").order_by("-id")
    return rows.filter(account__in=[each.pk for each in _accounts(text, book)[:MANY]]) if text else rows


def _requests(text: str, book: str) -> QuerySet[ApprovalRequest]:
    rows: QuerySet[ApprovalRequest] = ApprovalRequest.objects.filter(
        status=ApprovalStatus.PENDING, command__startswith=text
    )
    return rows.order_by("-id")


def _refused(text: str, book: str) -> QuerySet[Operation]:
    rows = Operation.objects.filter(status=OperationStatus.REFUSED, holds_key=True).order_by("-id")
    return rows.filter(key=text) if text else rows


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
        Operation, _refused, lambda row: Option(row.pk, f"{row.command} · {row.refusal['code']} · {row.key}")
    ),
}
