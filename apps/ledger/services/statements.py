"""The statement read model, made anew."""

from apps.operations import books
from apps.operations.plan import Context
from apps.operations.registry import Done


def rebuild_statements(context: Context, *, book: str) -> Done:
    """Forget the daily balances of a book and sum them up again from its sealed entries."""
    from apps.ledger import projections

    return Done({"book": book, "positions": projections.rebuild(books.by_slug(book))})
