"""Books by id, kept in the process: their rows hardly ever change.

What is read is kept where it was looked for: if that is dropped meanwhile, the reading goes with it.
"""

from typing import Any

from django.db.backends.signals import connection_created

from apps.operations.errors import BookUnknown
from apps.operations.models import Book

_books: dict[int, Book] = {}
_ids: dict[str, int] = {}
_of_tenants: dict[str, int] = {}


def find(book_id: int) -> Book:
    """The book of this id."""
    kept = _books
    book = kept.get(book_id) or Book.objects.filter(pk=book_id).first()
    if book is None:
        raise BookUnknown(f"There is no book {book_id}.")
    return kept.setdefault(book_id, book)


def by_slug(slug: str) -> Book:
    """The book of this slug."""
    return find(id_of(slug))


def id_of(slug: str) -> int:
    """The id of the book of this slug."""
    kept = _ids
    found = kept.get(slug) or Book.objects.filter(slug=slug).values_list("pk", flat=True).first()
    if found is None:
        raise BookUnknown(f"There is no book {slug!r}.")
    return kept.setdefault(slug, found)


def id_of_tenant(tenant: str | None) -> int | None:
    """The id of a tenant's book; None without a tenant, or while it is being set up."""
    if tenant is None:
        return None
    kept = _of_tenants
    found = kept.get(tenant) or Book.objects.filter(tenant_id=tenant).values_list("pk", flat=True).first()
    return kept.setdefault(tenant, found) if found else None


def platform_id() -> int:
    """The id of the platform's own book."""
    return id_of("platform")


def forget(**_: Any) -> None:
    """Drop what is kept: a new connection may lead to a restored database."""
    global _books, _ids, _of_tenants
    _books, _ids, _of_tenants = {}, {}, {}


connection_created.connect(forget, dispatch_uid="forget-books")
