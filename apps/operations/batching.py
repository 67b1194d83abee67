"""Which commands share a transaction: those that could not tell which of them was first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from apps.operations.models import ApprovalRequest
from apps.operations.registry import Target
from apps.operations.run import Outcome, Run

BATCH: Final = 500


@dataclass(slots=True)
class _Claims:
    """What runs of a batch, and those that wait for the next one, change and read."""

    changed: set[Any] = field(default_factory=set)
    read: set[Any] = field(default_factory=set)

    def take(self, run: Run) -> bool:
        """Whether nobody before this run changes what it touches, or reads what it changes; from now on its own count, too."""
        changes: set[Any] = {(run.book_id, run.request.key)}
        reads: set[Any] = set()
        for target in targets_of(run):
            (changes if target.lock else reads).add((target.model, target.id))
        free = self.changed.isdisjoint(changes | reads) and self.read.isdisjoint(changes)
        self.changed |= changes
        self.read |= reads
        return free


def batches(prepared: Sequence[Run | Outcome]) -> Iterator[list[int]]:
    """Indexes in batches: at most BATCH, of one tenant or of those who reach all, one run for each key and each locked
    target; no run overtakes one that is alone."""
    waiting = [index for index, item in enumerate(prepared) if isinstance(item, Run)]
    while waiting:
        batch, waiting = _first(prepared, waiting)
        yield batch


def _first(prepared: Sequence[Run | Outcome], waiting: Sequence[int]) -> tuple[list[int], list[int]]:
    """The next batch, and what waits after it."""
    batch: list[int] = []
    later: list[int] = []
    claims = _Claims()
    for place, index in enumerate(waiting):
        run: Run = prepared[index]  # type: ignore[assignment]
        is_last = bool(batch) and not prepared[batch[0]].command.shares_batches  # type: ignore[union-attr]
        if len(batch) == BATCH or is_last or (batch and not run.command.shares_batches):
            return batch, [*later, *waiting[place:]]
        if batch and run.tenant_book != prepared[batch[0]].tenant_book:  # type: ignore[union-attr]
            later.append(index)
            continue
        (batch if claims.take(run) else later).append(index)
    return batch, later


def targets_of(run: Run) -> list[Target]:
    """The rows that a run works on."""
    targets = list(run.command.targets(run.input)) if run.command.targets and not run.error else []
    if run.request.approval_request_id:
        targets.append(Target(ApprovalRequest, run.request.approval_request_id))
    return targets
