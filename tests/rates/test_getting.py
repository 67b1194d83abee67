"""Getting files: from the shell, from a folder, from an address; what a worker does each hour."""

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urljoin

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.core import clock
from apps.operations.models import Operation
from apps.rates import fetching, services, tasks
from apps.rates.checks import check_settings
from apps.rates.ecb import FileInvalid
from apps.rates.errors import FileUnreadable, SourceUnreachable
from apps.rates.models import Load
from config.schedule import BEAT_SCHEDULE
from tests.rates.making import NOON, archive, envelope, table
from tests.support.door import person

DAYS = {"2026-02-27": {"USD": "1.1684", "CYP": "0.58"}}
LATER = {"2026-02-27": {"USD": "1.17", "CYP": "0.58"}}


@pytest.fixture(autouse=True)
def _today() -> Any:
    with clock.frozen(NOON):
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files of rates, and with others."""
    (tmp_path / "eurofxref-daily.xml").write_bytes(envelope(DAYS))
    (tmp_path / "eurofxref-hist.zip").write_bytes(archive(table({**DAYS, "2026-02-26": {"USD": "1.17"}})))
    (tmp_path / "SOURCES.md").write_text("Where they are from.")
    (tmp_path / "more.csv").mkdir()
    return tmp_path


class Bank:
    """A server on this machine that answers as told: its status, its body and how it is sent."""

    def __init__(self) -> None:
        self.status, self.body, self.asked = 200, b"", 0
        self.send: Callable[[Any, bytes], Any] = lambda out, body: out.write(body)
        self.headers: dict[str, str] = {}
        bank = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                bank.asked += 1
                self.send_response(bank.status)
                for name, value in bank.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                bank.send(self.wfile, bank.body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/stats/eurofxref-hist-90d.xml"


@pytest.fixture
def bank() -> Iterator[Bank]:
    """A bank that publishes rates."""
    made = Bank()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def load_rates(*arguments: Any) -> str:
    out = StringIO()
    call_command("load_rates", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.mark.usefixtures("ledger_db")
def test_a_folder_is_loaded_file_by_file(folder: Path) -> None:
    said = load_rates(folder)
    assert "eurofxref-daily.xml: 1 days from 2026-02-27 to 2026-02-27." in said
    assert "1 added, 0 corrected, 0 withdrawn, 0 known already, 0 not published." in said
    assert "1 added, 0 corrected, 0 withdrawn, 1 known already, 0 not published." in said
    assert "1 left out, of currencies that do not exist here: CYP." in said
    assert list(Load.objects.values_list("loaded_by", flat=True)) == ["loader", "loader"]
    again = [json.loads(line) for line in load_rates(folder, "--json").splitlines()]
    assert [(each["load"], each["added"]) for each in again] == [(None, 0), (None, 0)]


@pytest.mark.usefixtures("ledger_db")
def test_a_person_loads_what_they_may(folder: Path) -> None:
    person("fin@example.com", "finance")
    person("vera@example.com", "viewer")
    path = folder / "eurofxref-daily.xml"
    with pytest.raises(CommandError, match="AUTHORIZATION_FAILED"):
        load_rates(path, "--as", "vera@example.com")
    with pytest.raises(CommandError, match="USER_NOT_FOUND"):
        load_rates(path, "--as", "nobody@example.com")
    load_rates(path, "--as", "fin@example.com")
    assert Load.objects.get().loaded_by == "fin@example.com"


@pytest.mark.usefixtures("ledger_db")
def test_the_shell_is_told_what_is_wrong_and_where(folder: Path) -> None:
    (folder / "broken.csv").write_bytes(table(DAYS).replace(b"1.1684", b"1;1684"))
    with pytest.raises(CommandError, match=r"broken.csv: RATES_FILE_INVALID: .*\(line 2, column USD\)"):
        load_rates(folder / "broken.csv")
    with pytest.raises(CommandError, match="RATES_FILE_UNREADABLE: There is no file or folder"):
        load_rates(folder / "nowhere")
    with pytest.raises(CommandError, match="holds no file of rates"):
        load_rates(folder / "more.csv")
    assert not Load.objects.exists()


def test_a_file_that_is_too_large_or_not_there_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "LARGEST", 10)
    (tmp_path / "large.csv").write_bytes(b"1" * 11)
    with pytest.raises(FileInvalid, match="more than 10 bytes"):
        fetching.read(tmp_path / "large.csv")
    with pytest.raises(FileUnreadable, match="cannot be read"):
        fetching.read(tmp_path)


@pytest.mark.usefixtures("ledger_db")
def test_each_hour_what_is_new_is_loaded_once(bank: Bank, settings: Any) -> None:
    settings.ECB_RATES_URL, bank.body = bank.address, envelope(DAYS)
    for _ in range(3):
        tasks.load_ecb()
    assert bank.asked == 3
    assert Operation.objects.count() == 1
    load = Load.objects.get()
    assert (load.loaded_by, load.file.name) == ("loader", "eurofxref-hist-90d.xml")
    for body, loads in ((LATER, 2), (LATER, 2), (DAYS, 3), (DAYS, 3), (LATER, 4)):
        bank.body = envelope(body)
        tasks.load_ecb()
        assert Load.objects.count() == loads
    assert Operation.objects.count() == 4


@pytest.mark.usefixtures("ledger_db")
def test_a_file_that_says_nothing_new_is_answered_by_its_key(folder: Path, settings: Any) -> None:
    load_rates(folder)
    settings.ECB_RATES_FILE = str(folder / "eurofxref-daily.xml")
    for _ in range(3):
        tasks.load_ecb()
    assert Operation.objects.filter(origin="worker").count() == 1
    assert Load.objects.count() == 2


@pytest.mark.usefixtures("ledger_db")
def test_without_a_setting_nothing_is_done() -> None:
    tasks.load_ecb()
    assert not Operation.objects.exists()


@pytest.mark.usefixtures("ledger_db")
def test_a_bank_that_is_down_or_talks_nonsense_is_no_success(bank: Bank, settings: Any) -> None:
    settings.ECB_RATES_URL, bank.body = bank.address, b"<html>Maintenance</html>"
    with pytest.raises(FileInvalid):
        tasks.load_ecb()
    bank.status = 503
    with pytest.raises(SourceUnreachable, match="503"):
        tasks.load_ecb()
    bank.status, bank.body = 200, envelope(DAYS)
    tasks.load_ecb()
    assert Load.objects.count() == 1


def test_an_answer_that_ends_too_early_or_never_is_none(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    bank.body, bank.headers = b"<short/>", {"Content-Length": "100"}
    with pytest.raises(SourceUnreachable):
        fetching.fetch(bank.address)
    bank.headers = {}
    monkeypatch.setattr(fetching, "LARGEST", 7)
    with pytest.raises(FileInvalid, match="more than 7 bytes"):
        fetching.fetch(bank.address)
    monkeypatch.undo()
    monkeypatch.setattr(fetching, "PATIENCE", -1)
    with pytest.raises(SourceUnreachable, match="longer than"):
        fetching.fetch(bank.address)


def test_an_address_leads_to_a_server_and_nowhere_else(bank: Bank, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"1")
    for address in (
        f"file://{tmp_path}/x.csv",
        "ftp://127.0.0.1/x",
        "x.csv",
        "http://",
        "http://127.0.0.1:1/x",
    ):
        with pytest.raises(SourceUnreachable):
            fetching.fetch(address)
    bank.status, bank.headers = 302, {"Location": f"file://{tmp_path}/x.csv"}
    with pytest.raises(SourceUnreachable):
        fetching.fetch(bank.address)


def test_the_loader_loads_rates_and_does_nothing_else() -> None:
    assert services.LOADER.permissions == {"rates.load_ecb"}
    assert not services.LOADER.is_person


def test_it_runs_each_hour() -> None:
    assert BEAT_SCHEDULE["load-ecb-rates"] == {"task": tasks.load_ecb.name, "schedule": timedelta(hours=1)}


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        ({}, []),
        ({"ECB_RATES_URL": "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist-90d.xml"}, []),
        ({"ECB_RATES_URL": "http://127.0.0.1/x"}, []),
        ({"ECB_RATES_URL": "http://bank.example/x", "PRODUCTION": True}, ["rates.E002"]),
        ({"ECB_RATES_URL": "file:///etc/passwd"}, ["rates.E002"]),
        ({"ECB_RATES_URL": "https://bank.example/x", "ECB_RATES_FILE": "x.csv"}, ["rates.E001"]),
        ({"RATES_MAX_AGE_DAYS": 0}, ["rates.E003"]),
        ({"RATES_MAX_AGE_DAYS": 32}, ["rates.E003"]),
    ],
)
def test_settings_that_cannot_be_meant_fail_the_check(
    settings: Any, given: dict[str, Any], ids: list[str]
) -> None:
    for name, value in given.items():
        setattr(settings, name, value)
    assert [each.id for each in check_settings()] == ids


@pytest.mark.parametrize("where", ["http://127.0.0.1/x", "//127.0.0.1/x", "https://127.0.0.1/x", "x"])
def test_what_is_safe_leads_to_nothing_less_safe(where: str) -> None:
    def led(start: str) -> Any:
        request = urllib.request.Request(start)
        return fetching.StaysSafe().redirect_request(
            request, BytesIO(), 302, "Found", Message(), urljoin(start, where)
        )

    assert led("http://127.0.0.1/start").full_url == urljoin("http://127.0.0.1/start", where)
    if where.startswith("http:"):
        with pytest.raises(HTTPError, match="from https to http:"):
            led("https://127.0.0.1/start")
    else:
        assert led("https://127.0.0.1/start").full_url.startswith("https://")


def test_an_address_is_followed_where_it_leads(bank: Bank) -> None:
    bank.status, bank.headers, bank.body = 302, {"Location": bank.address}, b""
    with pytest.raises(SourceUnreachable, match="redirect"):
        fetching.fetch(bank.address)
    assert bank.asked > 1
