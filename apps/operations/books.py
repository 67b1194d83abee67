"""Books by id, kept in the process: their rows hardly ever change."""

from typing import Any

from django.db.backends.signals import connection_created

from apps.operations.errors import BookUnknown
from apps.operations.models import Book

_books: dict[int, Book] = {}
_ids: dict[str, int] = {}
_of_tenants: dict[str, int] = {}


def find(book_id: int) -> Book:
    """The book of this id."""
    book = _books.get(book_id) or Book.objects.filter(pk=book_id).first()
    if book is None:
        raise BookUnknown(f"There is no book {book_id}.")
    return _books.setdefault(book_id, book)


def by_slug(slug: str) -> Book:
    """The book of this slug."""
    return find(id_of(slug))


def id_of(slug: str) -> int:
    """The id of the book of this slug."""
    found = _ids.get(slug) or Book.objects.filter(slug=slug).values_list("pk", flat=True).first()
    if found is None:
        raise BookUnknown(f"There is no book {slug!r}.")
    return _ids.setdefault(slug, found)


def id_of_tenant(tenant: str | None) -> int | None:
    """The id of a tenant's book; None without a tenant, or while it is being set up."""
    if tenant is None:
        return None
    found = (
        _of_tenants.get(tenant) or Book.objects.filter(tenant_id=tenant).values_list("pk", flat=True).first()
    )
    return _of_tenants.setdefault(tenant, found) if found else None


def platform_id() -> int:
    """The id of the platform's own book."""
    return id_of("platform")


def forget(**_: Any) -> None:
    """Drop what is kept: a new connection may lead to a restored database."""
    _books.clear()
    _ids.clear()
    _of_tenants.clear()


connection_created.connect(forget, dispatch_uid="forget-books")
