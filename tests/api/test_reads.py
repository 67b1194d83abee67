"""Lists, single resources, balances and statements."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Wallet
from apps.core import clock
from apps.operations import sequencer
from tests.api.conftest import Client, Party
from tests.support.door import done, moved


def walk(client: Client, path: str, **params: Any) -> list[dict[str, Any]]:
    """All pages by their links."""
    found, answer = [], client.get(path, params=params)
    while True:
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        following = answer.links.get("next")
        if not following:
            assert answer.json()["next"] is None
            return found
        answer = client.get(following["url"])


def test_a_list_goes_on_by_its_cursor_forwards_and_back(client: Client, acme: Party) -> None:
    for index in range(7):
        done("accounts.create_wallet", tenant=acme.tenant, currency="EUR", name=f"w{index}")
    ids = [wallet["id"] for wallet in walk(client, "/v1/wallets", limit=2)]
    assert len(ids) == 9
    assert ids == sorted(ids, reverse=True)
    assert [wallet["id"] for wallet in walk(client, "/v1/wallets", limit=4, order="id")] == ids[::-1]
    first = client.get("/v1/wallets", params={"limit": 3})
    second = client.get(first.links["next"]["url"])
    assert "prev" not in first.links
    back = client.get(second.links["prev"]["url"])
    assert back.json()["items"] == first.json()["items"]
    assert "prev" not in back.links
    assert client.get(back.links["next"]["url"]).json()["items"] == second.json()["items"]


def test_a_new_row_disturbs_no_page(client: Client, acme: Party) -> None:
    first = client.get("/v1/wallets", params={"limit": 1})
    done("accounts.create_wallet", tenant=acme.tenant, currency="EUR")
    second = client.get(first.links["next"]["url"])
    assert first.json()["items"] != second.json()["items"]
    assert len(second.json()["items"]) == 1


@pytest.mark.parametrize("cursor", ["x", "", "AAAA", "%00", "é", "A" * 999, "W10"])
def test_a_cursor_that_is_none_is_refused(client: Client, cursor: str) -> None:
    answer = client.get("/v1/wallets", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"] in ("CURSOR_INVALID", "PARAMETER_INVALID")) == (
        400,
        True,
    )


def test_a_cursor_is_good_for_its_own_list_and_order_alone(client: Client) -> None:
    url = client.get("/v1/wallets", params={"limit": 1}).links["next"]["url"]
    [cursor] = parse_qs(urlsplit(url).query)["cursor"]
    for path, params in (("/v1/customers", {}), ("/v1/wallets", {"order": "id"})):
        answer = client.get(path, params={"cursor": cursor, **params})
        assert answer.json()["code"] == "CURSOR_INVALID"
    turned = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    assert client.get("/v1/wallets", params={"cursor": turned}).json()["code"] == "CURSOR_INVALID"


@pytest.mark.parametrize(
    "params",
    [
        {"limit": "0"},
        {"limit": "201"},
        {"limit": "ten"},
        {"order": "name"},
        {"colour": "red"},
        {"status": "nice"},
        {"currency": "EUR", "customer": "cus_1"},
        {"tenant": "ten_01m7zbdysmea38g08n262ytyda"},
        {"status": ["open", "closed"]},
        {"external_id": "a\x00b"},
        {"created_from": "yesterday"},
        {"id__in": "1"},
    ],
)
def test_what_is_no_parameter_is_refused_by_name(client: Client, params: dict[str, Any]) -> None:
    answer = client.get("/v1/wallets", params=params)
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAMETER_INVALID")
    assert answer.json()["details"]["parameter"] in params


def test_what_is_no_choice_is_told_the_choices(client: Client) -> None:
    found = client.get("/v1/wallets", params={"status": "nice"}).json()["detail"]
    assert found == 'status: "nice" is none of: open, closed.'


def test_filters_narrow(client: Client, acme: Party) -> None:
    def found(**params: str) -> list[str]:
        return [wallet["id"] for wallet in client.get("/v1/wallets", params=params).json()["items"]]

    assert found(external_id="w-1") == [acme.wallet]
    assert found(category="investing") == [acme.other]
    assert found(customer=acme.customer) == [acme.wallet]
    assert found(currency="USD") == []
    later = clock.written(clock.now() + timedelta(hours=1))
    assert found(created_from=later) == []
    assert len(found(created_before=later)) == 2


def test_no_list_counts_or_skips(acme: Party, client: Client) -> None:
    from apps.api.resources import all_resources

    for resource in all_resources():
        text = str(resource.model._base_manager.values_list(*resource.columns)[:3].query).upper()
        assert "COUNT(" not in text
        assert "OFFSET" not in text


def test_balances_are_what_is_there(client: Client, acme: Party) -> None:
    shown = client.get(f"/v1/wallets/{acme.wallet}/balances").json()
    assert shown["available"] == shown["total"] == {"amount": "100.00", "currency": "EUR"}
    assert shown["held"]["amount"] == shown["owed"]["amount"] == "0.00"
    empty = client.get(f"/v1/wallets/{acme.other}/balances").json()
    assert empty["total"]["amount"] == "0.00"


def test_balances_as_of_a_day_and_as_known(client: Client, acme: Party) -> None:
    sequencer.sequence()
    path = f"/v1/wallets/{acme.wallet}/balances"
    today = clock.now().date()

    def available(**params: Any) -> str:
        answer = client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["available"]["amount"])

    assert available(as_of=str(today)) == "100.00"
    assert available(as_of=str(today - timedelta(days=1))) == "0.00"
    assert available(position=0) == "0.00"
    assert available(position=1) == "100.00"
    assert available(known_at=clock.written(clock.now())) == "100.00"
    assert available(known_at="2020-01-01T00:00:00Z") == "0.00"
    both = client.get(path, params={"position": 1, "known_at": "2020-01-01T00:00:00Z"})
    assert both.json()["code"] == "PARAMETER_INVALID"


def test_a_statement_is_read_page_by_page(client: Client, acme: Party) -> None:
    address = f"wallet:{acme.wallet}:available"
    for _ in range(4):
        moved("bank:ing", address, "1.00", book=acme.book)
    path = f"/v1/wallets/{acme.wallet}/statement"
    lines = walk(client, path, limit=2)
    assert [line["sequence"] for line in lines] == [5, 4, 3, 2, 1]
    assert lines[0]["balance"]["amount"] == "104.00"
    assert [line["sequence"] for line in walk(client, path, limit=2, order="sequence")] == [1, 2, 3, 4, 5]
    page = client.get(path, params={"limit": 2}).json()
    assert (page["opening"]["amount"], page["closing"]["amount"]) == ("102.00", "104.00")
    assert client.get(path, params={"part": "held"}).json()["items"] == []
    same = client.get(f"/v1/accounts/{address}/EUR/statement", params={"limit": 2}).json()
    assert same["items"] == page["items"]


def test_entries_have_lines_position_and_seal(client: Client, acme: Party) -> None:
    alone = client.get(f"/v1/entries/{acme.ids['entry']}").json()
    assert alone["position"] is None
    sequencer.sequence()
    [listed] = client.get("/v1/entries").json()["items"]
    assert listed == client.get(f"/v1/entries/{acme.ids['entry']}").json()
    assert listed["position"] == 1
    assert len(listed["seal"]) == 64
    assert [(line["direction"], line["amount"]["amount"]) for line in listed["lines"]] == [
        ("out", "100.00"),
        ("in", "100.00"),
    ]
    found = client.get("/v1/entries", params={"reference": listed["reference"]}).json()["items"]
    assert found == [listed]


def test_the_feed_misses_nothing(client: Client, acme: Party) -> None:
    for name in ("one", "two", "three"):
        client.post("/v1/customers", {"kind": "person", "name": name})
    sequencer.sequence()
    events = walk(client, "/v1/events", limit=1)
    positions = [event["position"] for event in events]
    assert positions == list(range(1, len(positions) + 1))
    assert [event["type"] for event in events][-3:] == ["customer.created"] * 3
    assert client.get(f"/v1/events/{events[0]['id']}").json() == events[0]
    for subject in {event["subject"] for event in events}:
        of_one = walk(client, "/v1/events", limit=1, subject=subject)
        assert [event["sequence"] for event in of_one] == list(range(1, len(of_one) + 1))
        assert of_one == [event for event in events if event["subject"] == subject]
    later = client.get("/v1/events", params={"after": positions[-2]}).json()["items"]
    assert [event["position"] for event in later] == [positions[-1]]


def test_accounts_are_found_by_address(client: Client, acme: Party) -> None:
    listed = walk(client, "/v1/accounts", limit=3)
    assert [account["address"] for account in listed] == sorted(account["address"] for account in listed)
    address = f"wallet:{acme.wallet}:available"
    one = client.get(f"/v1/accounts/{address}/EUR").json()
    assert one["balance"] == {"amount": "100.00", "currency": "EUR"}
    assert client.get(f"/v1/accounts/{address}/EUR/balance").json()["balance"] == one["balance"]
    under = client.get("/v1/accounts", params={"under": f"wallet:{acme.wallet}"}).json()["items"]
    assert len(under) == 3


def test_totals_by_category_and_currency(client: Client, acme: Party) -> None:
    shown = client.get("/v1/balances").json()
    assert shown["base_currency"] == "EUR"
    assert [(row["category"], row["wallets"], row["total"]["amount"]) for row in shown["items"]] == [
        ("banking", 1, "100.00"),
        ("investing", 1, "0.00"),
    ]


def test_the_caller_itself(client: Client, operator: Client, acme: Party) -> None:
    assert client.get("/v1/tenant").json()["id"] == acme.tenant
    assert operator.get("/v1/tenant").status_code == 404
    assert {key["id"] for key in client.get("/v1/api-keys").json()["items"]} == {acme.ids["api_key"]}


def test_the_team(client: Client, acme: Party) -> None:
    done("accounts.invite_member", tenant=acme.tenant, email="ada@acme.example", role="finance")
    [invited] = client.get("/v1/team/invitations").json()["items"]
    assert (invited["email"], invited["status"]) == ("ada@acme.example", "open")
    assert client.get("/v1/team/members").json()["items"] == []


def test_statistics_and_health(client: Client, operator: Client, acme: Party) -> None:
    client.post("/v1/wallets", {"currency": "?"})
    shown = operator.get("/v1/platform/statistics").json()
    assert {"command": "accounts.create_wallet", "code": "INPUT_INVALID", "count": 1} in shown["refusals"]
    assert any(row["command"] == "accounts.create_tenant" for row in shown["operations"])
    assert operator.get("/v1/platform/statistics", params={"since": "2020-01-01"}).status_code == 400
    health = operator.get("/v1/platform/health").json()
    assert health["parts"]["database"] == health["parts"]["redis"] == "ok"
    assert client.get("/v1/alive").json()["status"] == "ok"


@pytest.mark.parametrize("parameter", ["since", "through"])
@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "2200-01-02", "9999-12-31"])
def test_statistics_end_before_the_calendar_does(operator: Client, parameter: str, day: str) -> None:
    answer = operator.get("/v1/platform/statistics", params={parameter: day})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "PARAMETER_INVALID"), answer.text
    assert problem["details"]["parameter"] == parameter
    assert ("1900-01-01" if day < "2000" else "2200-01-01") in problem["detail"]


@pytest.mark.parametrize("day", ["1900-01-01", "2200-01-01"])
def test_statistics_of_the_first_and_last_day(operator: Client, day: str) -> None:
    shown = operator.get("/v1/platform/statistics", params={"since": day, "through": day})
    assert (shown.status_code, shown.json()["operations"]) == (200, []), shown.text
    assert operator.get("/v1/platform/statistics", params={"through": day}).status_code == 200


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_no_day_of_the_calendar_breaks_a_read(client: Client, acme: Party, day: str) -> None:
    wallet = f"/v1/wallets/{acme.wallet}"
    account = f"/v1/accounts/wallet:{acme.wallet}:available/EUR"
    asked = {
        f"{wallet}/balances": "as_of",
        f"{wallet}/statement": "as_of",
        f"{account}/balance": "as_of",
        f"{account}/statement": "as_of",
        "/v1/rates": "on",
    }
    for path, parameter in asked.items():
        answer = client.get(path, params={parameter: day})
        assert answer.status_code == 200, (path, answer.text)


def test_operations_are_found_by_key_status_and_code(client: Client) -> None:
    made = client.post("/v1/wallets", {"currency": "EUR"}, key="my-key").headers["Operation-Id"]
    refused = client.post("/v1/wallets", {"currency": "?"}).headers["Operation-Id"]

    def found(**params: str) -> list[str]:
        return [each["id"] for each in client.get("/v1/operations", params=params).json()["items"]]

    assert found(idempotency_key="my-key") == [made]
    assert found(code="INPUT_INVALID") == found(status="refused") == [refused]


def test_personal_input_is_readable_for_its_owner(client: Client) -> None:
    body = {"kind": "person", "name": "Bo", "email": "bo@acme.example"}
    made = client.post("/v1/customers", body).headers["Operation-Id"]
    assert client.get(f"/v1/operations/{made}").json()["input"]["email"] == "bo@acme.example"


def test_a_head_request_has_no_body(client: Client) -> None:
    answer: httpx.Response = client.ask("HEAD", "/v1/wallets")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_list_takes_few_queries(acme: Party) -> None:
    from django.test import RequestFactory

    from apps.api.read_views import routes

    view = next(view for route, view in routes() if route == "wallets").as_view()
    meta = {"HTTP_AUTHORIZATION": f"Bearer {acme.key}"}
    view(RequestFactory().get("/v1/wallets", **meta))
    with CaptureQueriesContext(connection) as queries:
        answer = view(RequestFactory().get("/v1/wallets", **meta))
    assert answer.status_code == 200
    # Beside the key's own: BEGIN and COMMIT are not among those that Django notes.
    assert len([query for query in queries if "SELECT" in query["sql"]]) == 2
    assert Wallet.objects.count() == 2


def test_an_answer_comes_in_one_piece_and_a_head_without_it(client: Client) -> None:
    whole = client.get("/v1/wallets")
    assert whole.headers["Content-Length"] == str(len(whole.content))
    assert "Transfer-Encoding" not in whole.headers
    head = client.ask("HEAD", "/v1/wallets")
    assert (head.status_code, head.content) == (200, b"")
