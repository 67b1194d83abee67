"""Where the feeds of books end."""

from apps.operations.models import EventPosition


def head_of(book: int) -> int:
    """The last position of a book's feed; zero if nothing was told."""
    last = EventPosition.objects.filter(book_id=book).order_by("-position").values_list("position", flat=True)
    return last.first() or 0
