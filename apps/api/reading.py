"""Reads as the caller: a tenant's see its own rows alone, whatever a query forgets to filter."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection
from django.db.models import Q

from apps.api.callers import Caller
from apps.api.errors import NotFound
from apps.core import ids
from apps.core.errors import DomainError
from apps.operations import books, isolation
from apps.operations.models import Book, Operation


@contextmanager
def as_caller(caller: Caller) -> Iterator[None]:
    """Under row-level security as the tenant; as the application for an operator."""
    if caller.circle is None:
        yield
        return
    with isolation.bound(caller.circle):
        yield


def rows_of(caller: Caller, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What a function of the database answers that binds itself: its last arguments are the caller's books and tenants."""
    bound = caller.circle.parameters if caller.circle else (None, None)
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    return psycopg.Cursor(raw).execute(statement, (*parameters, *bound), prepare=True).fetchall()


def book_of(caller: Caller, tenant: str | None) -> Book:
    """The caller's book; for an operator that of a tenant, or the platform's."""
    if caller.book is not None:
        return books.find(caller.book)
    if tenant is None:
        return books.find(books.platform_id())
    found = Book.objects.filter(tenant_id=tenant).values_list("pk", flat=True).first()
    if found is None:
        raise NotFound(f"There is no tenant {tenant} with a book.")
    return books.find(found)


def own_operation_exists(caller: Caller, operation: str) -> bool:
    """Whether there is an operation of this id, as far as the caller may know."""
    try:
        ids.decode("op", operation)
    except DomainError:
        return False
    with as_caller(caller):
        return bool(own(Operation, "book_id", caller).filter(pk=operation).exists())


def own(model: Any, owner: str, caller: Caller, shared_with: str | None = None) -> Any:
    """The rows of a model that are the caller's, by the column that says whose they are, or with whom they are shared."""
    rows = model._base_manager.all()
    if caller.is_operator:
        return rows
    mine = Q(**{owner: caller.tenant_id if owner.endswith("tenant_id") else caller.book})
    return rows.filter(mine | Q(**{shared_with: caller.book}) if shared_with else mine)
