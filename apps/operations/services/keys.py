"""Freeing the key of a refused operation, so that the same key may be run again."""

from django.db.models import F

from apps.core.errors import DomainError
from apps.operations.models import KeyReset, Operation, OperationStatus
from apps.operations.plan import Context, EventDraft
from apps.operations.registry import Done


class KeyNotResettable(DomainError):
    """Only a key that a refusal holds can be freed; what was done stays done."""

    code = "KEY_NOT_RESETTABLE"
    http_status = 409


def reset_key(context: Context, *, operation: str, reason: str) -> Done:
    """Free the key that a refused operation holds. Its row stays, with who freed it and why."""
    found = Operation.objects.filter(pk=operation).annotate(reset_id=F("reset")).first()
    if found is None or found.status != OperationStatus.REFUSED or not found.holds_key or found.reset_id:
        raise KeyNotResettable(f"{operation} is no refusal that holds its key.", field="/operation")
    KeyReset.objects.create(
        book_id=found.book_id,
        key=found.key,
        generation=found.generation + 1,
        operation=found,
        reason=reason,
        actor_id=context.actor.id,
        created_at=context.now,
    )
    result = {"operation": operation, "key": found.key}
    return Done(result, (EventDraft("key.reset", operation, {**result, "reason": reason}),))
