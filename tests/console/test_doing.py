"""Commands run from their pages: what is shown, what is refused, and what happens twice."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.urls import reverse

from apps.accounts.models import User
from apps.accounts.scopes import SCOPES
from apps.console.forms.form import Form
from apps.ledger.models import Freeze, JournalEntry
from apps.operations.models import ApprovalRequest, FeatureFlag, Operation
from apps.operations.registry import all_commands
from tests.console.test_forms import AWKWARD, ON_CONSOLE, examples, posted
from tests.support.door import balance, held, moved, nothing_moved, opened
from tests.support.policies import policy

pytestmark = pytest.mark.django_db(transaction=True)

REASON = "ticket T-1"


@pytest.fixture
def finance(make_user: Callable[..., User], ledger_db: Any) -> User:
    """Somebody who may correct, and reserve."""
    return make_user("finance", "operator")


@pytest.fixture
def client(finance: User) -> Client:
    """Their browser, which keeps CSRF."""
    client = Client()
    client.force_login(finance)
    return client


@pytest.fixture
def wallets(ledger_db: Any) -> None:
    """Amara has 100 euros, and a reserve."""
    opened("mint", floor=None)
    opened("amara")
    opened("reserve", names_holds=True)
    moved("mint", "amara", "100.00")


def page_of(command: str) -> str:
    """The address of a form."""
    return reverse("console:do", args=[command])


def send(client: Client, command: str, do: str = "run", key: str = "k-1", **given: Any) -> Any:
    """Press a button of a form; names of controls have __ for the dot."""
    data = {name.replace("__", "."): value for name, value in given.items()}
    data |= {"idempotency_key": key, "do": do}
    if any(isinstance(value, SimpleUploadedFile) for value in data.values()):
        return client.post(page_of(command), data)
    return client.post(
        page_of(command),
        _encoded(data),
        content_type="application/x-www-form-urlencoded",
    )


def _encoded(data: dict[str, Any]) -> str:
    from urllib.parse import urlencode

    return urlencode(data, doseq=True)


def text(answer: Any) -> str:
    """What a page says."""
    return str(answer.content.decode())


HOLD = {
    "book": "platform",
    "account": "amara",
    "held_account": "reserve",
    "amount__amount": "40.00",
    "amount__currency": "EUR",
    "reason": REASON,
}


@pytest.mark.parametrize("command", ON_CONSOLE, ids=lambda each: each.name)
def test_every_form_is_drawn_and_its_buttons_reach_the_door(
    command: Any, make_user: Callable[..., User], ledger_db: Any
) -> None:
    """Whatever the door says of the example: its input was read, and nobody is shown a page that broke."""
    client = Client()
    client.force_login(make_user("admin", "approver", "finance"))
    assert client.get(page_of(command.name)).status_code == 200
    form = Form(command)
    form.fill(examples(command))
    given = posted(form)
    for name in command.secret_fields:
        secret = examples(command)[name]
        given[name] = json.dumps(secret) if isinstance(secret, dict) else secret
    for do in ("preview", "run"):
        files = {name: SimpleUploadedFile("a.txt", b"A text.") for name in form.uploads()}
        sent = given.dict() | dict(given.lists()) | files
        answer = send(client, command.name, do=do, key=f"{command.name}:{do}", **sent)
        assert answer.status_code < 500, text(answer)
        assert "INPUT_INVALID" not in text(answer)
        assert "<script>alert" not in text(answer)
    operation = Operation.objects.get(key=f"{command.name}:run")
    assert (operation.command, operation.origin, operation.actor_kind) == (command.name, "console", "user")
    assert not Operation.objects.filter(key=f"{command.name}:preview").exists()


def test_sending_twice_does_it_once_and_says_so(client: Client, wallets: None) -> None:
    first = send(client, "ledger.place_hold", **HOLD)
    assert (first.status_code, balance("amara"), balance("reserve")) == (200, "60.00", "40.00")
    entry = JournalEntry.objects.latest("ordinal")
    for shown in (str(entry.pk), entry.reference, str(entry.operation_id), "Accepted", "60.00", "40.00"):
        assert shown in text(first)
    again = send(client, "ledger.place_hold", **HOLD)
    assert "nothing happened twice" in text(again)
    assert "nothing happened twice" not in text(first)
    assert str(entry.operation_id) in text(again)
    assert (balance("amara"), JournalEntry.objects.count()) == ("60.00", 2)


def test_the_key_is_a_new_one_after_success(client: Client, wallets: None) -> None:
    drawn = client.get(page_of("ledger.place_hold")).context["form"].key
    assert drawn != client.get(page_of("ledger.place_hold")).context["form"].key
    after = send(client, "ledger.place_hold", key=drawn, **HOLD).context["form"].key
    assert drawn.startswith("console:")
    assert after != drawn
    send(client, "ledger.place_hold", key=after, **HOLD)
    assert balance("amara") == "20.00"


def test_a_form_is_kept_by_the_browser_unless_it_is_about_somebody(client: Client, wallets: None) -> None:
    """So that who goes back sends the key again."""
    assert client.get(page_of("ledger.place_hold"))["Cache-Control"] == "private, no-cache"
    assert send(client, "ledger.place_hold", **HOLD)["Cache-Control"] == "private, no-cache"
    assert send(client, "accounts.create_user")["Cache-Control"] == "private, no-store"


def test_a_refusal_of_the_ledger_is_a_red_card_with_its_reason(client: Client, wallets: None) -> None:
    with nothing_moved():
        answer = send(client, "ledger.place_hold", **HOLD | {"amount__amount": "100.01"})
    operation = Operation.objects.get(key="k-1")
    assert answer.status_code == 409 or answer.status_code == 400 or answer.status_code == 422
    for shown in ("INSUFFICIENT_BALANCE", operation.refusal["message"], str(operation.pk), "100.01"):
        assert shown in text(answer)
    assert answer.context["form"].key != "k-1"  # the refusal sticks to its key
    again = send(client, "ledger.place_hold", **HOLD | {"amount__amount": "100.01"})
    assert "the first answer, repeated" in text(again)


def test_errors_of_the_input_stand_at_their_fields_and_the_key_stays(client: Client, wallets: None) -> None:
    with nothing_moved():
        answer = send(client, "ledger.place_hold", **HOLD | {"amount__amount": "ten", "account": "a b"})
    controls = {each.name: each for each in answer.context["controls"]}
    assert controls["account"].errors
    assert controls["amount"].parts[0].errors
    assert not controls["reason"].errors
    assert (answer.status_code, answer.context["form"].key) == (400, "k-1")
    assert send(client, "ledger.place_hold", **HOLD).status_code == 200
    assert balance("amara") == "60.00"


def test_a_refusal_that_names_a_field_stands_there(client: Client, wallets: None) -> None:
    answer = send(client, "operations.reset_key", operation=Operation.objects.latest("id").pk, reason="x")
    assert [each.name for each in answer.context["controls"] if each.errors] == ["operation"]


def test_the_same_key_with_other_values_is_refused_and_says_what_differs(
    client: Client, wallets: None
) -> None:
    send(client, "ledger.place_hold", **HOLD)
    with nothing_moved():
        answer = send(client, "ledger.place_hold", **HOLD | {"amount__amount": "1.00"})
    assert answer.status_code == 422
    assert "KEY_REUSED" in text(answer)
    assert "amount" in answer.context["refusal"]["error"].message
    assert answer.context["form"].key != "k-1"


def test_without_a_key_nothing_is_done(client: Client, wallets: None) -> None:
    with nothing_moved():
        assert "KEY_MISSING" in text(send(client, "ledger.place_hold", key="", **HOLD))


def test_a_disabled_flag_is_named(client: Client, wallets: None) -> None:
    FeatureFlag.objects.create(
        name="core_wallet_enabled",
        scope="currency",
        scope_id="EUR",
        enabled=False,
        changed_at="2026-01-01T00:00Z",
    )
    with nothing_moved():
        answer = send(client, "ledger.place_hold", **HOLD)
    assert (answer.status_code, "FLAG_DENIED" in text(answer)) == (403, True)
    assert answer.context["form"].key == "k-1"  # it stays free


def test_a_preview_shows_what_would_move_and_moves_nothing(client: Client, wallets: None) -> None:
    with nothing_moved():
        answer = send(client, "ledger.place_hold", do="preview", **HOLD)
    moves = {
        move.address: (str(move.now), str(move.change), str(move.afterwards))
        for move in answer.context["moves"]
    }
    assert {name: [figure.split()[0] for figure in each] for name, each in moves.items()} == {
        "amara": ["100.00", "-40.00", "60.00"],
        "reserve": ["0.00", "40.00", "40.00"],
    }
    assert "hold.placed" in text(answer)
    assert not Operation.objects.filter(key="k-1").exists()
    low = send(client, "ledger.place_hold", do="preview", **HOLD | {"amount__amount": "100.01"})
    assert "below its floor" in text(low)
    assert "below its floor" not in text(answer)


def test_what_waits_for_others_says_so(client: Client, wallets: None) -> None:
    policy("ledger.post_correction", people=2)
    given = {
        "book": "platform",
        "account": "amara",
        "direction": "credit",
        "amount__amount": "12.30",
        "amount__currency": "EUR",
        "reason": REASON,
        "related_type": "ticket",
        "related_id": "T-1",
    }
    preview = send(client, "ledger.post_correction", do="preview", **given)
    assert "needs 2 others" in text(preview)
    with nothing_moved():
        answer = send(client, "ledger.post_correction", **given)
    request = ApprovalRequest.objects.get()
    assert "It waits for other people" in text(answer)
    assert request.pk in text(answer)
    assert "nothing happened twice" in text(send(client, "ledger.post_correction", **given))
    assert ApprovalRequest.objects.count() == 1


def test_a_handler_runs_by_its_form(client: Client, wallets: None) -> None:
    given = {
        "book": "platform",
        "account": "amara",
        "currency": "EUR",
        "direction": "both",
        "reason": AWKWARD,
    }
    answer = send(client, "ledger.freeze_account", **given)
    freeze = Freeze.objects.get()
    assert (answer.status_code, freeze.reason) == (200, AWKWARD)
    assert freeze.pk in text(answer)
    assert AWKWARD not in text(client.get("/ops/operations/operation/"))


class TestWhoMayNot:
    @pytest.fixture
    def outsider(self, make_user: Callable[..., User]) -> Client:
        client = Client()
        client.force_login(make_user("viewer", email="viewer@example.com"))
        return client

    def test_sees_neither_link_nor_form(self, outsider: Client) -> None:
        pages = [page_of(command.name) for command in ON_CONSOLE]
        assert [page for page in pages if outsider.get(page).status_code != 403] == []
        links = text(outsider.get("/ops/do/"))
        assert [page for page in pages if page in links] == []

    def test_is_refused_by_the_door_which_keeps_it(self, outsider: Client, wallets: None) -> None:
        with nothing_moved():
            answer = send(outsider, "ledger.place_hold", **HOLD)
        assert (answer.status_code, answer.context["controls"]) == (403, [])
        assert Operation.objects.get(key="k-1").refusal["code"] == "AUTHORIZATION_FAILED"

    @pytest.mark.parametrize("do", ["preview", "find:account", "pick:account=x"])
    def test_is_shown_nothing_by_the_other_buttons(self, outsider: Client, wallets: None, do: str) -> None:
        answer = send(outsider, "ledger.place_hold", do=do, **HOLD)
        assert answer.status_code == 403
        assert "100.00" not in text(answer)

    def test_the_anonymous_are_sent_to_the_login(self, ledger_db: Any) -> None:
        for answer in (send(Client(), "ledger.place_hold", **HOLD), Client().get("/ops/do/")):
            assert answer.headers["Location"].startswith("/ops/login/")
        assert not Operation.objects.filter(key="k-1").exists()

    @pytest.mark.usefixtures("viewers_see_nothing")
    def test_a_role_without_sight_looks_nothing_up(self, make_user: Callable[..., User]) -> None:
        client = Client()
        client.force_login(make_user("viewer"))
        assert client.get("/ops/look-up/account/?q=a").status_code == 403


def test_csrf_is_kept(finance: User, wallets: None) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(finance)
    with nothing_moved():
        assert send(client, "ledger.place_hold", **HOLD).status_code == 403


@pytest.mark.parametrize(
    "name", ["nothing", "accounts.create_first_admin", "ledger.import_entry", "a/b", "%00"]
)
def test_what_has_no_form_is_not_there(client: Client, name: str) -> None:
    assert client.get(f"/ops/do/{name}/").status_code == 404
    assert client.post(f"/ops/do/{name}/", {}).status_code == 404


def test_an_alias_leads_to_the_form(client: Client) -> None:
    assert client.get(page_of("postCorrection")).headers["Location"] == page_of("ledger.post_correction")


class TestLookingUp:
    def test_by_the_start_of_a_name(self, client: Client, wallets: None) -> None:
        hold = held("amara", "reserve", "5.00")
        found = {
            "account": "amara",
            "book": "platform",
            "hld": hold,
            "gl_account": "2110",
        }
        for kind, value in found.items():
            start = {"hld": "ama", "gl_account": "211"}.get(kind, value[:3])
            answer = client.get(f"/ops/look-up/{kind}/?q={start}")
            assert f'value="{value}"' in text(answer), kind
        assert text(client.get("/ops/look-up/hld/?q=mint")) == ""
        assert hold in text(client.get(f"/ops/look-up/hld/?q={hold}"))
        assert text(client.get("/ops/look-up/account/?q=ama&book=nowhere")) == ""

    @pytest.mark.parametrize("kind", ["je", "usr", "op", "apr", "sch", "frz", "currency", "ten"])
    @pytest.mark.parametrize("q", ["", "a", "je_1", "usr_", "\0", "%", AWKWARD, "x" * 5000])
    def test_takes_any_text(self, client: Client, wallets: None, kind: str, q: str) -> None:
        answer = client.get(f"/ops/look-up/{kind}/", {"q": q})
        assert answer.status_code in {200, 404}
        assert "<script>" not in text(answer)

    def test_works_without_scripts(self, client: Client, wallets: None) -> None:
        drawn = send(client, "ledger.place_hold", do="find:account", **HOLD | {"account": "am"})
        assert 'value="pick:account=amara"' in text(drawn)
        picked = send(client, "ledger.place_hold", do="pick:account=amara", **HOLD | {"account": "am"})
        account = next(each for each in picked.context["controls"] if each.name == "account")
        assert (account.value, picked.context["form"].key) == ("amara", "k-1")
        assert not Operation.objects.filter(key="k-1").exists()


class TestBadInput:
    @pytest.mark.parametrize(
        ("given", "status"),
        [
            (b"\xff\xfe", 400),
            (b"reason=%ff%fe&idempotency_key=k-1&do=run", 400),
            (b"reason=" + b"x" * 3_000_000, 400),
            (b"&".join(b"a%d=1" % number for number in range(2000)), 400),
            (b"do=run&idempotency_key=k-1&amount.amount=1&amount=%00&items.0.0.0=1", 400),
        ],
        ids=["bytes", "escaped bytes", "huge", "many fields", "strange names"],
    )
    def test_of_a_body_is_refused(self, client: Client, wallets: None, given: bytes, status: int) -> None:
        with nothing_moved():
            answer = client.post(
                page_of("ledger.place_hold"), given, content_type="application/x-www-form-urlencoded"
            )
        assert answer.status_code == status
        assert not Operation.objects.filter(key="k-1", status="accepted").exists()

    def test_that_is_no_text_is_refused_though_all_else_is_right(self, client: Client, wallets: None) -> None:
        """Bytes that are no UTF-8 would be kept as something else than was meant."""
        names = {name.replace("__", "."): value for name, value in HOLD.items()}
        body = _encoded({**names, "reason": "ORDER", "idempotency_key": "k-1", "do": "run"})
        address, urlencoded = page_of("ledger.place_hold"), "application/x-www-form-urlencoded"
        with nothing_moved():
            broken = client.post(address, body.replace("ORDER", "%ff%fe"), content_type=urlencoded)
            in_parts = client.post(address, {**names, "idempotency_key": "k-1", "do": "run"})
        assert [broken.status_code, in_parts.status_code] == [400, 400]
        assert "TEXT_DAMAGED" in text(broken)
        assert client.post(address, body, content_type=urlencoded).status_code == 200
        assert balance("amara") == "60.00"

    @pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain"])
    def test_of_another_type_is_refused(self, client: Client, wallets: None, kind: str) -> None:
        with nothing_moved():
            assert client.post(page_of("ledger.place_hold"), b"{}", content_type=kind).status_code == 400

    @pytest.mark.parametrize(
        "change",
        [
            {"amount__amount": "1e3"},
            {"amount__amount": "NaN"},
            {"amount__amount": "9" * 5000},
            {"amount__currency": "EUX"},
            {"amount__currency": "EUR\x00"},
            {"account": AWKWARD},
            {"account": "x" * 100_000},
            {"book": "'; DROP TABLE ledger_line; --"},
            {"reason": "a\x00b"},
            {"reason": " "},
            {"reason": "two\nlines"},
        ],
    )
    def test_of_a_field_is_refused_and_shown_escaped(
        self, client: Client, wallets: None, change: Any
    ) -> None:
        with nothing_moved():
            answer = send(client, "ledger.place_hold", **HOLD | change)
        assert answer.status_code == 400
        assert "<script>alert" not in text(answer)
        assert Operation.objects.get(key="k-1").holds_key is False

    @pytest.mark.parametrize(
        "query", ["again=op_1", "again=%00", "account=<b>&book=%ff", "idempotency_key=x&do=run"]
    )
    def test_of_an_address_is_drawn_escaped(self, client: Client, ledger_db: Any, query: str) -> None:
        answer = client.get(f"{page_of('ledger.place_hold')}?{query}")
        assert answer.status_code == 200
        assert "<b>" not in text(answer)
        assert answer.context["form"].key.startswith("console:")


def test_a_lost_connection_keeps_the_key(client: Client, wallets: None) -> None:
    """The database ends the connection in the middle of the run; the same form then does it once."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp_cut() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;"
            " CREATE TRIGGER cut BEFORE INSERT ON ledger_hold FOR EACH ROW EXECUTE FUNCTION pg_temp_cut()"
        )
    try:
        answer = send(client, "ledger.place_hold", **HOLD)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER cut ON ledger_hold; DROP FUNCTION pg_temp_cut()")
    assert (answer.status_code, answer.context["form"].key) == (503, "k-1")
    assert "ANSWER_LOST" in text(answer)
    assert send(client, "ledger.place_hold", **HOLD).status_code == 200
    assert balance("amara") == "60.00"


def test_a_password_is_never_drawn_nor_kept(make_user: Callable[..., User], ledger_db: Any) -> None:
    client = Client()
    client.force_login(make_user("admin"))
    given = {"email": "bo@example.com", "name": "Bo", "password": "short", "role_names": ["viewer"]}
    refused = send(client, "accounts.create_user", **given | {"email": "no address"})
    assert "short" not in text(refused).replace("short name", "")
    done = send(client, "accounts.create_user", key="k-2", **given | {"password": "correct horse battery"})
    assert done.status_code == 200
    assert "correct horse" not in text(done)
    operation = Operation.objects.get(key="k-2")
    again = client.get(f"{page_of('accounts.create_user')}?again={operation.pk}")
    assert "bo@example.com" not in text(again)
    assert [each.values for each in again.context["controls"] if each.name == "role_names"] == [["viewer"]]


def test_a_secret_is_shown_once(make_user: Callable[..., User], ledger_db: Any) -> None:
    client = Client()
    client.force_login(make_user("admin"))
    given = {"name": "a program", "scopes": next(iter(sorted(SCOPES)))}
    first = send(client, "accounts.create_operator_key", **given)
    [secret] = [each.text for each in first.context["card"].facts if each.name == "secret"]
    assert (first.status_code, first["Cache-Control"]) == (200, "private, no-store")
    assert f'data-copy="{secret}"' in text(first)
    again = send(client, "accounts.create_operator_key", **given)
    assert "nothing happened twice" in text(again)
    assert secret not in text(again)


def test_a_refused_operation_runs_again_as_it_was_asked(client: Client, wallets: None) -> None:
    send(client, "ledger.place_hold", **HOLD | {"amount__amount": "100.01"})
    operation = Operation.objects.get(key="k-1")
    page = text(client.get(f"/ops/operations/operation/{operation.pk}/"))
    address = f"{page_of('ledger.place_hold')}?again={operation.pk}"
    assert address in page
    assert f"{page_of('operations.reset_key')}?operation={operation.pk}" in page
    controls = {each.name: each for each in client.get(address).context["controls"]}
    assert [each.value for each in controls["amount"].parts] == ["100.01", "EUR"]
    assert controls["account"].value == "amara"


@override_settings(DEBUG=False)
def test_the_map_groups_and_finds(make_user: Callable[..., User]) -> None:
    client = Client()
    client.force_login(make_user("admin"))
    page = text(client.get("/ops/do/"))
    missing = [
        each.name
        for each in all_commands()
        if "console" in each.surfaces and f'{page_of(each.name)}"' not in page
    ]
    assert missing == []
    found = text(client.get("/ops/do/?q=freeze"))
    assert page_of("ledger.freeze_account") in found
    assert page_of("ledger.place_hold") not in found
