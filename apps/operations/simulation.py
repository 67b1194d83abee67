"""What a policy would have held of what was asked lately: a query over the facts that operations keep."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.core import ids
from apps.operations import approvals, condition_sql, people, quorum
from apps.operations.approvals import MAKERS
from apps.operations.models import ApprovalPolicy, Operation
from apps.operations.registry import all_commands

DAYS: Final = 90
MOST: Final = 100_000
"""Operations that are looked at, the latest; a policy need not wait for a million."""
EXAMPLES: Final = 5

_LOOKED_AT = """
SELECT o.id, o.actor_kind, o.actor_id, o.facts -> %s AS facts, coalesce(o.facts -> %s, '[]') AS makers FROM operations_operation o
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
    looked_at: list[Any] = [
        policy.command,
        MAKERS,
        _asking(policy.command),
        _first(since),
        policy.command,
        MOST,
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {holds} AS held, count(*), (array_agg(s.id ORDER BY s.id DESC))[:%s],"
            f" s.actor_kind, s.actor_id, s.makers::text FROM ({_LOOKED_AT}) s GROUP BY 1, 4, 5, 6",
            [*given, EXAMPLES, *looked_at],
        )
        groups = [_Group(*row) for row in cursor.fetchall()]
    could = _Could(policy)
    held = [group for group in groups if group.held and could.agree(group)]
    without = [group for group in groups if group.held and not could.agree(group)]
    passed = sum(group.count for group in groups if not group.held)
    total = sum(group.count for group in groups)
    return Simulation(
        since=since,
        held=sum(group.count for group in held),
        without=sum(group.count for group in without),
        passed=passed,
        complete=total < MOST,
        examples_held=_examples(held),
        examples_without=_examples(without),
    )


@dataclass(frozen=True, slots=True)
class _Group:
    """Operations that the same people asked for, and whether the policy would have held them."""

    held: bool
    count: int
    ids: list[UUID]
    actor_kind: str
    actor_id: str
    makers: str
    """A JSON list: who asked for it before the actor did."""


class _Could:
    """Whether anybody could agree to what some ask: the same for all makers who are no approvers themselves."""

    def __init__(self, policy: ApprovalPolicy) -> None:
        self.policy = policy
        self.people = approvals.eligible(policy.steps)
        self.known: dict[frozenset[str], bool] = {}

    def agree(self, group: _Group) -> bool:
        """Whether there are enough others than all who asked: of a key, also whoever made or rotated it."""
        makers = {group.actor_id, *json.loads(group.makers), *people.behind(group.actor_kind, group.actor_id)}
        who = frozenset(makers & self.people.keys())
        if who not in self.known:
            others = {each: roles for each, roles in self.people.items() if each not in who}
            self.known[who] = quorum.can_be_filled(self.policy.steps, self.policy.in_sequence, (), others)
        return self.known[who]


def _asking(command: str) -> list[str]:
    """The commands whose operations keep facts of this one: itself, and those that ask for its approval."""
    return [each.name for each in all_commands() if command in {each.name, each.asks_for}]


def _first(since: datetime) -> Any:
    return ids.decode("op", ids.first_at("op", since))


def _examples(groups: Sequence[_Group]) -> list[Operation]:
    """The latest of several groups."""
    found = sorted((each for group in groups for each in group.ids), reverse=True)[:EXAMPLES]
    return list(Operation.objects.filter(pk__in=[ids.encode("op", each) for each in found]).order_by("-id"))
