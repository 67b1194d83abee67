"""Which accounts there are."""

from django.db.backends.signals import connection_created

from apps.ledger.models import Account

KEPT = 100_000
"""Accounts that a process remembers; one that was opened stays."""

_open: set[tuple[int, str, str]] = set()


def is_open(book_id: int, address: str, currency: str) -> bool:
    """Whether a book has an account of this address and currency."""
    wanted = (book_id, address, currency)
    if wanted in _open:
        return True
    if not Account.objects.filter(book_id=book_id, address=address, currency=currency).exists():
        return False
    if len(_open) > KEPT:
        _open.clear()
    _open.add(wanted)
    return True


def forget(**_: object) -> None:
    """Drop what is remembered: a new connection may lead to a restored database."""
    _open.clear()


connection_created.connect(forget, dispatch_uid="forget-accounts")
