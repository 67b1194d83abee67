"""The stream: a real process, killed and cut off, and real clients of it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from django.db import connection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from apps.operations import sequencer
from apps.operations.models import EventPosition
from tests.api.conftest import Client, Party, make_key
from tests.support.door import done, rows
from tests.support.processes import ROOT
from tests.support.streaming import Stream, streaming


@pytest.fixture(scope="module")
def _process(django_db_setup: None) -> Iterator[Stream]:
    with streaming() as running:
        yield running


@pytest.fixture
def stream(_process: Stream, transactional_db: Any) -> Stream:
    """The process that all tests here share, unless one has ended it."""
    if not _process.process:
        _process.start()
    return _process


def wallet(party: Party) -> str:
    """Something that is told."""
    return str(done("accounts.create_wallet", tenant=party.tenant, currency="EUR")["wallet"])


def told_of(subject: str) -> Callable[[dict[str, Any]], bool]:
    return lambda message: message.get("subject") == subject


def refusal(stream: Stream, key: str | None, **query: Any) -> tuple[int, str]:
    """How an opening is refused."""
    with pytest.raises(InvalidStatus) as refused, stream.listening(key, **query):
        pass
    response = refused.value.response
    assert response.headers["Content-Type"].startswith("application/problem+json")
    assert response.headers["Request-Id"]
    return response.status_code, json.loads(response.body or b"")["code"]


def sse(stream: Stream, key: str, **headers: str) -> Any:
    """A request for server-sent events, of which the lines are read."""
    asked = {"Authorization": f"Bearer {key}", **headers}
    return httpx.stream("GET", f"{stream.url}/v1/events/stream", headers=asked, timeout=10)


class TestScope:
    def test_what_comes_is_what_the_list_shows_and_only_ones_own(
        self, stream: Stream, acme: Party, globex: Party, asking: Callable[[str], Client], operator_key: str
    ) -> None:
        with (
            stream.listening(acme.key) as ours,
            stream.listening(globex.key, after=0) as theirs,
            stream.listening(operator_key, tenant=acme.tenant) as operators,
            stream.listening(operator_key) as platforms,
        ):
            first, second = wallet(acme), wallet(acme)
            heard = ours.until(told_of(second))
            assert told_of(first)(heard[-2])
            assert operators.until(told_of(second))[-1] == heard[-1]
            listed = asking(acme.key).get(f"/v1/events?after={ours.opened['position']}").json()["items"]
            assert [each for each in heard if "stream" not in each] == listed
            last = wallet(globex)
            book = {each["subject"] for each in theirs.until(told_of(last)) if "subject" in each}
            assert {globex.wallet, last} <= book
            assert not book & {acme.wallet, first, second}
            after = ours.until(lambda each: each.get("stream") == "alive")
            assert [each for each in after if "stream" not in each] == []
            subjects = {each.get("subject") for each in platforms.until(lambda each: "stream" in each)}
            assert not subjects & {first, second, last}

    def test_it_is_opened_by_whoever_may_list_events(
        self, stream: Stream, acme: Party, globex: Party
    ) -> None:
        elsewhere = make_key(acme.tenant, networks=["10.0.0.0/8"])["secret"]
        assert refusal(stream, "ch_live_x_y") == (401, "AUTHENTICATION_REQUIRED")
        assert refusal(stream, make_key(acme.tenant, "wallets:read")["secret"]) == (
            403,
            "AUTHORIZATION_FAILED",
        )
        assert refusal(stream, elsewhere) == (403, "NETWORK_DENIED")
        assert refusal(stream, acme.key, tenant=globex.tenant) == (400, "PARAMETER_INVALID")
        assert refusal(stream, acme.key, after="-1") == (400, "PARAMETER_INVALID")
        answer = httpx.get(f"{stream.url}/v1/events/stream", headers={"Authorization": "Bearer x"})
        assert (answer.status_code, answer.json()["code"]) == (401, "AUTHENTICATION_REQUIRED")
        assert httpx.get(f"{stream.url}/v1/wallets").json()["code"] == "NOT_FOUND"

    def test_a_suspended_tenant_listens_as_it_reads(self, stream: Stream, acme: Party) -> None:
        done("accounts.suspend_tenant", tenant=acme.tenant, reason="looked into")
        with stream.listening(acme.key, after=0) as ear:
            assert told_of(acme.customer)(ear.until(told_of(acme.customer))[-1])

    def test_filters_let_pass_and_positions_go_on(self, stream: Stream, acme: Party) -> None:
        sequencer.sequence()
        with (
            stream.listening(acme.key, subject=acme.other) as of_one,
            stream.listening(acme.key, type_prefix="wallet.") as of_wallets,
        ):
            made = wallet(acme)
            heard = of_wallets.until(told_of(made))
            assert {each["type"] for each in heard if "type" in each} == {"wallet.created"}
            quiet = of_one.until(lambda each: each.get("position", 0) >= heard[-1]["position"])
            assert {each.get("stream") for each in quiet} == {"alive"}


class TestKeys:
    def test_a_revoked_key_is_cut_and_others_stay(self, stream: Stream, acme: Party) -> None:
        made = make_key(acme.tenant)
        with (
            stream.listening(made["secret"]) as cut,
            stream.listening(acme.key) as stays,
            sse(stream, made["secret"]) as lines,
        ):
            done("accounts.revoke_api_key", api_key=made["api_key"], reason="lost")
            code, reason, heard = cut.closed()
            assert (code, reason) == (4401, "AUTHENTICATION_REQUIRED")
            assert heard[-1]["problem"]["code"] == "AUTHENTICATION_REQUIRED"
            assert "event: closed" in list(lines.iter_lines())
            stays.until(told_of(wallet(acme)))
        assert refusal(stream, str(acme.key) + "x")[0] == 401

    def test_a_key_has_so_many_connections(self, stream: Stream, acme: Party, globex: Party) -> None:
        with stream.listening(acme.key), stream.listening(acme.key):
            with stream.listening(acme.key), stream.listening(globex.key):
                assert refusal(stream, acme.key) == (429, "STREAMS_OPEN")
            time.sleep(0.3)
            with stream.listening(acme.key) as let_in:
                assert let_in.opened["stream"] == "open"

    def test_a_ticket_is_good_once_and_for_what_it_says(self, stream: Stream, acme: Party) -> None:
        def ticket(**body: str) -> str:
            answer = httpx.post(
                f"{stream.url}/v1/stream/tickets", json=body, headers={"Authorization": f"Bearer {acme.key}"}
            )
            assert answer.status_code == 201, answer.text
            return str(answer.json()["ticket"])

        shown = ticket(subject=acme.wallet)
        for _ in range(2):
            with stream.listening(None, after=0) as ear:
                ear.connection.send(json.dumps({"ticket": shown}))
                heard = ear.hear()
                if heard["stream"] == "closed":
                    assert heard["problem"]["code"] == "AUTHENTICATION_REQUIRED"
                    assert ear.closed()[0] == 4401
                    break
                assert told_of(acme.wallet)(ear.events(1)[0])
                wallet(acme)
                rest = ear.until(lambda each: each.get("stream") == "alive")
                assert {each.get("subject", acme.wallet) for each in rest} == {acme.wallet}
        else:
            pytest.fail("a ticket was good twice")
        refused = httpx.post(f"{stream.url}/v1/stream/tickets", json={})
        assert (refused.status_code, refused.headers["WWW-Authenticate"][:6]) == (401, "Bearer")
        with stream.listening(None) as silent:
            silent.connection.send("hello")
            assert silent.closed()[0] == 4401


class TestGoingOn:
    def test_nothing_is_missed_or_doubled_while_everything_breaks(self, stream: Stream, acme: Party) -> None:
        heard: list[dict[str, Any]] = []
        done_making = threading.Event()
        listener = threading.Thread(
            target=_listen_through_all, args=(stream, acme.key, heard, done_making), daemon=True
        )
        listener.start()
        made = []
        for number in range(200):
            made.append(wallet(acme))
            if number == 100:
                stream.end(signal.SIGKILL)
                stream.start()
            if number in (40, 150):
                _cut_database_connections()
        done_making.set()
        listener.join(20)
        assert not listener.is_alive()
        listed = EventPosition.objects.filter(book__slug="acme").order_by("position")
        expected = list(listed.values_list("position", "event__subject"))
        assert [(each["position"], each["subject"]) for each in heard] == expected
        assert [subject for _, subject in expected][-200:] == made

    def test_its_end_is_told_and_it_is_gone_on_from_there(self, stream: Stream, acme: Party) -> None:
        with stream.listening(acme.key) as ear, sse(stream, acme.key) as lines:
            made = wallet(acme)
            heard = ear.until(told_of(made))[-1]
            stream.end()
            assert ear.closed()[:2] in [(1012, ""), (1012, "restarting")]
            last = [line for line in lines.iter_lines() if line.startswith("id: ")][-1]
        missed = wallet(acme)
        stream.start()
        with stream.listening(acme.key, after=heard["position"]) as again:
            assert told_of(missed)(again.events(1)[0])
        with sse(stream, acme.key, **{"Last-Event-ID": last.removeprefix("id: ")}) as lines:
            data = (json.loads(line[6:]) for line in lines.iter_lines() if line.startswith("data: "))
            assert next(data)["stream"] == "open"
            assert told_of(missed)(next(data))

    def test_who_does_not_read_is_cut_and_goes_on_later(self, stream: Stream, acme: Party) -> None:
        _many_events(acme, 400, size=20_000)
        heard: list[dict[str, Any]] = []
        with stream.listening(acme.key, after=0, slow=True) as slow, stream.listening(acme.key) as other:
            made = wallet(acme)
            assert told_of(made)(other.until(told_of(made))[-1])
            time.sleep(2.5)
            code, reason, heard = slow.closed()
        assert (code, reason, heard[-1]["stream"]) == (4408, "READER_TOO_SLOW", "closed")
        assert 0 < len(heard) - 1 < 400
        with stream.listening(acme.key, after=heard[-2]["position"]) as again:
            rest = [each for each in again.until(told_of(made)) if "stream" not in each]
        positions = [each["position"] for each in [*heard[:-1], *rest]]
        assert positions == list(range(1, len(positions) + 1))


class TestSamples:
    """What docs/api.md shows, as it is written there."""

    def sample(self, language: str) -> str:
        text = (ROOT / "docs" / "api.md").read_text()
        [found] = re.findall(rf"```{language}\n(.*?)```", text[text.index("## Listening") :], re.DOTALL)
        return str(found)

    def said(self, process: "subprocess.Popen[str]", until: str) -> list[str]:
        """Its lines up to one that has this word."""
        assert process.stdout is not None
        lines = []
        with process:
            timer = threading.Timer(20, process.kill)
            timer.start()
            for line in process.stdout:
                lines.append(line.strip())
                if until in line:
                    break
            timer.cancel()
            process.kill()
        assert until in lines[-1], lines
        return lines

    def test_python_goes_on_by_itself(self, stream: Stream, acme: Party, http: httpx.Client) -> None:
        code = self.sample("python").replace("print(", "print(flush=True, *(").replace("])\n", "]))\n")
        code = code.replace("http://127.0.0.1:8000", str(http.base_url)).replace("ch_test_…", acme.key)
        code = code.replace("http://127.0.0.1:8001", stream.url)
        env = {**os.environ, "PYTHONPATH": str(ROOT / "clients" / "python")}
        first, missed = wallet(acme), []

        def break_off() -> None:
            stream.end(signal.SIGKILL)
            missed.append(wallet(acme))
            stream.start()

        listening = subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True)
        lines = iter(listening.stdout or [])
        heard = [next(line for line in lines if first in line)]
        break_off()
        heard += self.said(listening, missed[0])
        positions = [int(line.split()[0]) for line in heard]
        assert positions == list(range(positions[0], positions[0] + len(positions)))

    def test_a_browser_listens_with_tickets(self, stream: Stream, acme: Party) -> None:
        node = shutil.which("node")
        if node is None:
            pytest.skip("There is no Node.")
        code = (
            self.sample("javascript")
            + """
            const headers = { Authorization: `Bearer ${process.env.KEY}` };
            const ask = () => fetch(`${process.env.STREAM}/v1/stream/tickets`, { method: "POST", headers });
            const ticket = async () => (await (await ask()).json()).ticket;
            listen(process.env.STREAM.replace("http", "ws"), ticket, (event) => console.log(event.subject), 0);
            """
        )
        env = {**os.environ, "KEY": acme.key, "STREAM": stream.url}
        argv = [node, "--experimental-websocket", "-e", code]
        listening = subprocess.Popen(
            argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        lines = iter(listening.stdout or [])
        assert acme.wallet in next(line for line in lines if acme.wallet in line)
        stream.end()
        missed = wallet(acme)
        stream.start()
        self.said(listening, missed)


def _listen_through_all(
    stream: Stream, key: str, heard: list[dict[str, Any]], done_making: threading.Event
) -> None:
    """As a client does: connect, keep the last position, connect again."""
    while True:
        try:
            with stream.listening(key, after=heard[-1]["position"] if heard else 0) as ear:
                while True:
                    message = ear.hear()
                    if "stream" not in message:
                        heard.append(message)
                    elif done_making.is_set() and _all_heard(heard):
                        return
        except (OSError, ConnectionClosed, InvalidStatus, TimeoutError, httpx.HTTPError):
            time.sleep(0.05)


def _all_heard(heard: list[dict[str, Any]]) -> bool:
    return (
        bool(heard)
        and heard[-1]["position"]
        == rows(
            "SELECT max(position) FROM operations_eventposition WHERE book_id ="
            " (SELECT id FROM operations_book WHERE slug = 'acme')"
        )[0][0]
    )


def _cut_database_connections() -> None:
    """Those of the stream, and of whoever else is there."""
    rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def _many_events(party: Party, count: int, *, size: int) -> None:
    """More than anything between two processes takes before it is read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO operations_event (id, book_id, type, version, subject, data, operation_id, recorded_at, ordinal)"
            " SELECT gen_random_uuid(), book_id, 'tests.filler', version, subject, jsonb_build_object('filler', repeat('x', %s)),"
            " operation_id, recorded_at, nextval('operations_ordinal') FROM (SELECT * FROM operations_event"
            " WHERE book_id = (SELECT id FROM operations_book WHERE slug = %s) LIMIT 1) one, generate_series(1, %s)",
            [size, party.book, count],
        )
