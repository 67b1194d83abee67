"""The approvals inbox: what waits, who may decide, and that the buttons go through the door."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.accounts.people import actor_of
from apps.console.attention import _approvals
from apps.core import clock
from apps.operations.models import ApprovalRequest
from tests.console.test_doing import send, text
from tests.support.door import balance, eur, moved, opened, run
from tests.support.policies import policy, seen

pytestmark = pytest.mark.django_db(transaction=True)

INBOX, LIST = "/ops/approvals/", "/ops/operations/approvalrequest/"


@pytest.fixture
def people(make_user: Callable[..., User], ledger_db: Any) -> dict[str, User]:
    """Who asks, two who decide, and one who may only look."""
    return {
        "maker": make_user("finance", "approver", email="tom@example.com"),
        "mira": make_user("approver", email="mira@example.com"),
        "ines": make_user("approver", email="ines@example.com"),
        "viewer": make_user("viewer", email="vera@example.com"),
    }


@pytest.fixture
def request_id(people: dict[str, User]) -> str:
    """A correction that waits for two."""
    opened("mint", floor=None)
    opened("amara")
    moved("mint", "amara", "100.00")
    policy("ledger.post_correction", people=2)
    outcome = run(
        "ledger.post_correction",
        actor=actor_of(people["maker"]),
        book="platform",
        account="amara",
        direction="credit",
        amount=eur("12.30"),
        reason="fee <b>twice</b>",
        related_type="ticket",
        related_id="T-1",
    )
    assert outcome.approval_request_id
    return outcome.approval_request_id


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def decide(user: User, request_id: str, how: str = "approve", key: str = "d-1") -> Any:
    """Press a button of the inbox."""
    name = f"operations.{how}_request"
    looked = {"seen": seen(request_id)} if how == "approve" else {}
    given = {"request": request_id, "comment": "Called back", **looked}
    return send(signed_in(user), name, key=f"{key}:{user.pk}", **given)


def test_what_waits_is_shown_whole(people: dict[str, User], request_id: str) -> None:
    page = text(signed_in(people["mira"]).get(INBOX))
    for shown in (
        "Correct an account",
        "tom@example.com",
        "0 of 2 have agreed",
        "amara",
        "100.00",
        "12.30",
        "112.30",
        "fee &lt;b&gt;twice",
        "actor_kind",
        f'value="{request_id}"',
        "Approve",
        "Reject",
    ):
        assert shown in page, shown


@pytest.mark.parametrize(
    ("who", "why"),
    [("maker", "You asked for this yourself"), ("viewer", "Only people with the role approver")],
)
def test_who_may_not_decide_is_told_why(people: dict[str, User], request_id: str, who: str, why: str) -> None:
    for address in (f"{INBOX}?whose=others", f"{LIST}{request_id}/"):
        page = text(signed_in(people[who]).get(address))
        assert why in page
        assert ">Approve<" not in page
    answer = decide(people[who], request_id)
    assert answer.status_code == 403
    assert not ApprovalRequest.objects.get().decisions.exists()


def test_two_agree_and_it_runs(people: dict[str, User], request_id: str) -> None:
    assert decide(people["mira"], request_id).status_code == 200
    assert "nothing happened twice" in text(decide(people["mira"], request_id))
    assert "have agreed" not in text(signed_in(people["mira"]).get(INBOX))
    page = text(signed_in(people["mira"]).get(f"{INBOX}?whose=others"))
    assert "You have decided about this already." in page
    assert "mira@example.com agreed: “Called back”" in " ".join(page.split())
    assert balance("amara") == "100.00"
    last = decide(people["ines"], request_id)
    assert last.status_code == 200
    assert (ApprovalRequest.objects.get().status, balance("amara")) == ("applied", "112.30")
    for whose in ("mine", "others"):
        assert "have agreed" not in text(signed_in(people["mira"]).get(f"{INBOX}?whose={whose}"))
    assert request_id in text(signed_in(people["mira"]).get(f"{INBOX}?whose=decided"))
    late = decide(people["ines"], request_id, key="d-2")
    assert "APPROVAL_NOT_PENDING" in text(late)


def test_a_yes_is_to_what_was_seen(people: dict[str, User], request_id: str) -> None:
    page = text(signed_in(people["mira"]).get(INBOX))
    seen = bytes(ApprovalRequest.objects.get().approved_hash).hex()
    assert f'name="seen" value="{seen}"' in page
    ApprovalRequest.objects.update(approved_hash=b"another plan".ljust(32))
    answer = send(
        signed_in(people["mira"]),
        "operations.approve_request",
        key="d-3",
        request=request_id,
        comment="",
        seen=seen,
    )
    assert "APPROVAL_CHANGED" in text(answer)
    assert not ApprovalRequest.objects.get().decisions.exists()


def test_one_refuses_and_it_is_over(people: dict[str, User], request_id: str) -> None:
    assert decide(people["mira"], request_id, "reject").status_code == 200
    assert (ApprovalRequest.objects.get().status, balance("amara")) == ("rejected", "100.00")


def test_the_inbox_looks_at_all_accounts_at_once(people: dict[str, User], request_id: str) -> None:
    client = signed_in(people["mira"])

    def counted() -> int:
        with CaptureQueriesContext(connection) as said:
            client.get(INBOX)
        return len(said.captured_queries)

    one = counted()
    opened("zoe", currency="USD", floor=None)
    for number in range(3):
        for account, currency in (("amara", "EUR"), ("zoe", "USD")):
            run(
                "ledger.post_correction",
                actor=actor_of(people["maker"]),
                book="platform",
                account=account,
                direction="credit",
                amount={"amount": f"{number + 1}.00", "currency": currency},
                reason="again",
                related_type="ticket",
                related_id=f"T-{number}",
            )
    inbox = [each.one for each in client.get(INBOX).context["inbox"]]
    assert [len(each.moves) for each in inbox] == [2] * 7
    assert all(move.now for each in inbox for move in each.moves if move.address in {"amara", "zoe"})
    assert counted() == one


def asks(user: User, many: int) -> list[str]:
    """So many more corrections of somebody, which wait."""
    given = {"book": "platform", "account": "amara", "direction": "credit", "amount": eur("1.00")}
    given |= {"reason": "again", "related_type": "ticket", "related_id": "T-2"}
    outcomes = [run("ledger.post_correction", actor=actor_of(user), **given) for _ in range(many)]
    return [str(each.approval_request_id) for each in outcomes]


def walked(client: Client, whose: str) -> list[list[str]]:
    """The ids on each page of a tab, by its links to the next."""
    pages, address = [], f"{INBOX}?whose={whose}"
    while address:
        answer = client.get(address)
        pages.append([each.one.row.pk for each in answer.context["inbox"]])
        found = re.search(r'href="([^"]+)" rel="next"', text(answer))
        address = INBOX + found[1].replace("&amp;", "&") if found else ""
    return pages


def test_all_that_waits_is_found_however_much_it_is(
    people: dict[str, User], request_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest of the maker's and of Mira's in turns: none is behind those that are not hers."""
    monkeypatch.setattr("apps.console.pages.approvals.LOOKED_AT", 4)
    monkeypatch.setattr("apps.console.pages.approvals.INBOX", 2)
    mira = people["mira"]
    mira.roles.add(Group.objects.get(name="finance"))
    own, hers = asks(mira, 5), [request_id]
    hers += asks(people["maker"], 3)
    client = signed_in(mira)
    mine, others = walked(client, "mine"), walked(client, "others")
    assert (mine[0], [each for page in mine for each in page]) == ([request_id], hers)
    assert [each for page in others for each in page] == own
    first = text(client.get(INBOX))
    assert (">1+<" in first, ">3+<" in first) == (True, True)
    assert "The next that wait" in first
    monkeypatch.setattr("apps.console.pages.approvals.LOOKED_AT", 40)
    assert (">4<" in text(client.get(INBOX)), ">5<" in text(client.get(INBOX))) == (True, True)
    assert text(client.get(f"{INBOX}?after=x")).count("have agreed") == 2
    assert "None of these" not in first


def test_who_may_decide_is_asked_once_a_page(people: dict[str, User], request_id: str) -> None:
    for number, each in enumerate([request_id, *asks(people["maker"], 3)]):
        assert decide(people["ines"], each, key=f"d-{number}").status_code == 200
    client = signed_in(people["mira"])
    for address in (INBOX, f"{INBOX}?whose=others", f"{LIST}{request_id}/"):
        with CaptureQueriesContext(connection) as said:
            assert client.get(address).status_code == 200
        deciders = '"auth_group_permissions"."permission_id" = '
        assert sum(deciders in each["sql"] for each in said.captured_queries) == 1, address


def test_what_nobody_could_agree_to_is_found_from_the_overview(
    people: dict[str, User], request_id: str
) -> None:
    client = signed_in(people["mira"])
    assert not [each for each in _approvals(clock.now()) if "no eligible" in each.title]
    ApprovalRequest.objects.update(nobody_eligible=True)
    [stuck] = [each for each in _approvals(clock.now()) if "no eligible" in each.title]
    assert request_id in text(client.get(stuck.url))


def test_ticked_ones_are_decided_about_together(people: dict[str, User], request_id: str) -> None:
    more = [another(people, f"T-{number}") for number in (2, 3)]
    mira = signed_in(people["mira"])
    page = text(mira.get(INBOX))
    picked = re.findall(r'name="requests\.(\d+)" value="([^"]+)"', page)
    assert [value.partition(":")[0] for _, value in picked] == [request_id, *more]
    decide(people["mira"], more[0], "reject")
    given = {f"requests.{number}": value for number, value in picked}
    done = text(send(mira, "operations.decide_many", key="many-1", approves="true", comment="Fine", **given))
    assert (done.count("1 of 2 have agreed"), done.count("APPROVAL_NOT_PENDING")) == (2, 1)
    ines = signed_in(people["ines"])
    send(ines, "operations.decide_many", key="many-2", approves="true", comment="", **given)
    statuses = dict(ApprovalRequest.objects.values_list("pk", "status"))
    assert statuses == {request_id: "applied", more[0]: "rejected", more[1]: "applied"}


def another(people: dict[str, User], ticket: str) -> str:
    """One more correction that waits for two."""
    outcome = run(
        "ledger.post_correction",
        actor=actor_of(people["maker"]),
        book="platform",
        account="amara",
        direction="credit",
        amount=eur("1.00"),
        reason="again",
        related_type="ticket",
        related_id=ticket,
    )
    return str(outcome.approval_request_id)


def test_a_yes_is_taken_back_from_the_page_of_the_request(people: dict[str, User], request_id: str) -> None:
    decide(people["mira"], request_id)
    mira = signed_in(people["mira"])
    page = text(mira.get(f"{LIST}{request_id}/"))
    assert f"/ops/do/operations.undo_decision/?request={request_id}" in page
    send(mira, "operations.undo_decision", key="u-1", request=request_id, reason="Wrong one")
    again = text(mira.get(f"{LIST}{request_id}/"))
    assert "taken back: Wrong one" in again
    assert "undo_decision" not in again
    assert "0 of 2 have agreed" in again
