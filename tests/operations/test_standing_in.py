"""Who decides in the place of another, until when, and about what never."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group

from apps.accounts.models import User
from apps.core import clock
from apps.core.actor import Actor
from apps.operations import deciding
from apps.operations.models import Decision, Delegation
from tests.operations.decisions import asked, lent, says, status
from tests.support.door import code, done, person, run
from tests.support.policies import policy

pytestmark = pytest.mark.usefixtures("ledger_db", "amara")


class TestStandingIn:
    @pytest.fixture(autouse=True)
    def _two_approvers(self, ledger_db: Any) -> None:
        policy("ledger.post_correction", people=2)

    @pytest.fixture
    def ines(self) -> Actor:
        """Who has the role and lends it."""
        return person("ines@example.com", "approver")

    @pytest.fixture
    def carl(self) -> Actor:
        """Who may decide, but not as an approver."""
        return person("carl@example.com", "compliance")

    def test_a_delegate_has_the_role(self, maker: Actor, ines: Actor, carl: Actor) -> None:
        request = asked(maker)
        assert says(carl, request) == "AUTHORIZATION_FAILED"
        lent(ines, carl)
        assert says(carl, request) is None
        given = Decision.objects.get()
        assert (given.actor_id, given.for_id, given.for_label) == (carl.id, ines.id, "ines@example.com")

    def test_until_the_moment_and_not_at_it(self, maker: Actor, ines: Actor, carl: Actor) -> None:
        until = clock.now() + timedelta(hours=1)
        lent(ines, carl, until=until)
        assert (
            len(deciding.stands_in_for(carl.id, until - timedelta(microseconds=1), deciding.Holders())) == 1
        )
        assert deciding.stands_in_for(carl.id, until, deciding.Holders()) == ()

    def test_not_when_it_was_withdrawn(self, maker: Actor, ines: Actor, carl: Actor) -> None:
        made = lent(ines, carl)
        done("operations.withdraw_delegation", actor=ines, delegation=made, reason="back")
        assert says(carl, asked(maker)) == "AUTHORIZATION_FAILED"
        again = run("operations.withdraw_delegation", actor=ines, delegation=made, reason="back")
        assert code(again) == "DELEGATION_OVER"

    def test_not_when_who_lent_it_has_lost_it(self, maker: Actor, ines: Actor, carl: Actor) -> None:
        lent(ines, carl)
        User.objects.get(pk=ines.id).roles.set(Group.objects.filter(name="viewer"))
        assert says(carl, asked(maker)) == "AUTHORIZATION_FAILED"

    def test_never_about_what_the_delegate_asked_for(self, ines: Actor) -> None:
        fay = person("fay@example.com", "finance", "compliance")
        lent(ines, fay)
        assert says(fay, asked(fay)) == "APPROVAL_BY_MAKER"

    def test_nor_about_what_the_one_who_lent_it_asked_for(self, maker: Actor, carl: Actor) -> None:
        lent(maker, carl)
        assert says(carl, asked(maker)) == "APPROVAL_BY_MAKER"

    @pytest.mark.parametrize("first", ["ines", "carl"])
    def test_of_the_two_one_counts(self, maker: Actor, ines: Actor, carl: Actor, first: str) -> None:
        lent(ines, carl)
        request = asked(maker)
        one, other = (ines, carl) if first == "ines" else (carl, ines)
        assert [says(one, request), says(other, request)] == [None, "APPROVAL_TWICE"]
        assert status(request) == "pending"

    def test_an_approver_who_stands_in_counts_once_too(self, maker: Actor, ines: Actor) -> None:
        jon = person("jon@example.com", "approver")
        lent(ines, jon)
        request = asked(maker)
        assert [says(jon, request), says(jon, request)] == [None, "APPROVAL_TWICE"]
        assert Decision.objects.get().for_id == jon.id
        assert says(ines, request) is None
        assert status(request) == "applied"

    @pytest.mark.parametrize(
        ("giver", "taker", "until", "field"),
        [
            (["approver"], ["operator"], 1, "/delegate"),
            (["approver"], [], 1, "/delegate"),
            (["compliance"], ["approver"], 1, "/role"),
            (["approver"], ["compliance"], 91, "/until"),
            (["approver"], ["compliance"], -1, "/until"),
        ],
    )
    def test_who_lends_has_it_and_who_gets_it_may_decide(
        self, giver: list[str], taker: list[str], until: int, field: str
    ) -> None:
        one = person("one@example.com", *giver)
        other = person("other@example.com", *(taker or ["viewer"]))
        outcome = run(
            "operations.delegate",
            actor=one,
            delegate=other.id,
            role="approver",
            until=(clock.now() + timedelta(days=until)).isoformat(),
            reason="away",
        )
        assert outcome.error
        assert (outcome.error.code, outcome.error.field) == ("DELEGATION_UNFIT", field)

    def test_only_an_admin_lends_for_others(self, ines: Actor, carl: Actor) -> None:
        given = {
            "delegate": carl.id,
            "delegator": ines.id,
            "role": "approver",
            "until": (clock.now() + timedelta(days=1)).isoformat(),
            "reason": "ill",
        }
        assert code(run("operations.delegate", actor=carl, **given)) == "AUTHORIZATION_FAILED"
        root = person("root@example.com", "admin")
        done("operations.delegate", actor=root, **given)
        made = Delegation.objects.get()
        assert (made.from_id, made.made_by_id, made.made_by_label) == (ines.id, root.id, root.label)

    def test_nobody_gives_themselves_the_say_of_another(self, ines: Actor) -> None:
        root = person("root@example.com", "admin")
        assert self.lent_by(root, ines, root) == "DELEGATION_UNFIT"
        assert not Delegation.objects.exists()

    def test_an_admin_gives_nobody_a_say_about_what_they_ask_for(self, ines: Actor, carl: Actor) -> None:
        root = person("root@example.com", "admin")
        assert self.lent_by(root, ines, carl) is None
        assert says(carl, asked(root)) == "APPROVAL_BY_MAKER"
        assert says(carl, asked(person("fin@example.com", "finance"))) is None

    @staticmethod
    def lent_by(admin: Actor, giver: Actor, taker: Actor) -> str | None:
        """What an admin is answered who delegates for another."""
        given = {"delegate": taker.id, "delegator": giver.id, "role": "approver", "reason": "ill"}
        until = (clock.now() + timedelta(days=1)).isoformat()
        return code(run("operations.delegate", actor=admin, until=until, **given))
