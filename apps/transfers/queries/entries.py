"""The journal entries of transfers."""

from django.db.models import Q

from apps.ledger.models import JournalEntry
from apps.operations import books
from apps.transfers.models import Kind, Transfer


def entries_of(transfer: Transfer) -> list[JournalEntry]:
    """Every entry that a transfer made, in both books of one that two books are part of, in the order in which it made them.

    Their references are the transfer's id, alone or with the step; a pay-in's is the provider's name for it, which it may
    share with an earlier pay-in of the same deposit that was reversed. One that was assigned comes from the platform's book.
    """
    touched = [transfer.book_id, *([transfer.counterparty_book_id] if transfer.counterparty_book_id else [])]
    named = Q(reference=transfer.pk) | Q(reference__gte=f"{transfer.pk}:", reference__lt=f"{transfer.pk};")
    if transfer.kind == Kind.PAY_IN:
        touched.append(books.platform_id())
    if transfer.kind == Kind.PAY_IN and transfer.provider_reference:
        by_provider = f"{transfer.provider}:{transfer.provider_reference}"
        named |= Q(reference=by_provider, book_id=transfer.book_id, metadata__transfer=transfer.pk)
    return list(JournalEntry.objects.filter(named, book_id__in=touched).order_by("pk"))
