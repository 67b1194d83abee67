"""What a policy would have held of what was asked lately: a query over the facts that operations keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from apps.core import ids
from apps.operations import approvals, condition_sql, quorum
from apps.operations.models import ApprovalPolicy, Operation
from apps.operations.registry import all_commands

DAYS: Final = 90
MOST: Final = 100_000
"""Operations that are looked at, the latest; a policy need not wait for a million."""
EXAMPLES: Final = 5

_LOOKED_AT = """
SELECT o.id, o.actor_id, o.facts -> %s AS facts FROM operations_operation o
 WHERE o.command = ANY (%s) AND o.id >= %s AND o.status <> 'refused' AND o.facts ? %s
 ORDER BY o.id DESC LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Simulation:
    """Of the operations since a moment: how many it would have held, how many of those had nobody to agree, how many passed.

    Who could agree is looked at as people are now. Without `complete` only the latest MOST were looked at.
    """

    since: datetime
    held: int
    without: int
    passed: int
    complete: bool
    examples_held: Sequence[Operation] = ()
    examples_without: Sequence[Operation] = ()

    @property
    def asked(self) -> int:
        """All that were looked at."""
        return self.held + self.without + self.passed


def simulate(policy: ApprovalPolicy, now: datetime) -> Simulation:
    """What this policy, alone and had it been active, would have done in the last DAYS."""
    since = now - timedelta(days=DAYS)
    holds, given = condition_sql.any_holds(policy.blocks, "s.facts")
    looked_at: list[Any] = [policy.command, _asking(policy.command), _first(since), policy.command, MOST]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT s.actor_id, {holds} AS held, count(*), (array_agg(s.id ORDER BY s.id DESC))[:%s]"
            f" FROM ({_LOOKED_AT}) s GROUP BY 1, 2",
            [*given, EXAMPLES, *looked_at],
        )
        groups = cursor.fetchall()
    could = _Could(policy)
    held = [group for group in groups if group[1] and could.agree(group[0])]
    without = [group for group in groups if group[1] and not could.agree(group[0])]
    passed = sum(group[2] for group in groups if not group[1])
    total = sum(group[2] for group in groups)
    return Simulation(
        since=since,
        held=sum(group[2] for group in held),
        without=sum(group[2] for group in without),
        passed=passed,
        complete=total < MOST,
        examples_held=_examples(held),
        examples_without=_examples(without),
    )


class _Could:
    """Whether anybody could agree to what somebody asks: the same for all makers who are no approvers themselves."""

    def __init__(self, policy: ApprovalPolicy) -> None:
        self.policy = policy
        self.people = approvals.eligible(policy.steps)
        self.known: dict[str, bool] = {}

    def agree(self, maker: str) -> bool:
        """Whether there are enough others."""
        who = maker if maker in self.people else ""
        if who not in self.known:
            others = {each: roles for each, roles in self.people.items() if each != who}
            self.known[who] = quorum.can_be_filled(self.policy.steps, self.policy.in_sequence, (), others)
        return self.known[who]


def _asking(command: str) -> list[str]:
    """The commands whose operations keep facts of this one: itself, and those that ask for its approval."""
    return [each.name for each in all_commands() if command in {each.name, each.asks_for}]


def _first(since: datetime) -> Any:
    return ids.decode("op", ids.first_at("op", since))


def _examples(groups: Sequence[tuple[Any, ...]]) -> list[Operation]:
    """The latest of several groups."""
    found = sorted((each for group in groups for each in group[3]), reverse=True)[:EXAMPLES]
    return list(Operation.objects.filter(pk__in=[ids.encode("op", each) for each in found]).order_by("-id"))
