"""Addresses that nobody meant: each page answers in words, whatever stands in its address, and so do pages that break."""

import json
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client, override_settings

pytestmark = pytest.mark.django_db

NUL = "a%00b"


@pytest.mark.parametrize(
    "address",
    [
        f"ledger/account/?book={NUL}",
        f"ledger/account/?under={NUL}",
        f"ledger/account/?from={NUL}",
        f"ledger/account/?gl={NUL}",
        f"ledger/account/?by=gl&book={NUL}",
        f"ledger/account/?q={NUL}",
        f"ledger/periodchange/?book={NUL}",
        f"ledger/templateversion/?q={NUL}",
        f"finance/general_ledger/?gl_code={NUL}&currency={NUL}&book={NUL}",
        f"rates/?on={NUL}",
        f"?currency={NUL}",
        f"look-up/account/?q=a&book={NUL}",
        f"look-up/wal/?q=a&tenant={NUL}",
        f"do/?q={NUL}",
        f"do/ledger.place_hold/?book={NUL}&again={NUL}",
        f"search/?s={NUL}",
    ],
)
def test_a_nul_in_a_parameter_is_left_out(world: dict[str, Any], admin: Any, address: str) -> None:
    client = Client()
    client.force_login(admin)
    assert client.get(f"/ops/{address}").status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "ledger/templateversion/a%00/",
        "ledger/templateversion/a%00/try/",
        "ledger/account/a%00/",
        "accounts/wallet/a%00/",
        "auth/group/%00/",
        "do/%00/",
        "finance/%00/",
        "exports/file/%00/",
        "attachments/%00/",
        "look-up/%00/",
    ],
)
def test_a_nul_in_a_path_leads_nowhere(console: Client, address: str) -> None:
    assert console.get(f"/ops/{address}").status_code == 404


CURSORS = [
    "[" * 100_000,
    '["\\u0000", "a", "b"]',
    '["\\ud800"]',
    "[Infinity]",
    "[NaN]",
    "[1e999]",
    json.dumps([10**30]),
    json.dumps([10**30, "a", "EUR"]),
    json.dumps(["a", "b", "c"]),
    json.dumps([{"a": 1}]),
    json.dumps([[1]]),
    json.dumps(["9999999-99-99"]),
]
LISTS = [
    "ledger/account/?q=c",
    "ledger/journalentry/",
    "ledger/hold/",
    "operations/event/",
    "operations/operation/",
    "operations/operation/?q=key-1",
    "operations/featureflag/",
    "accounts/user/?q=a",
    "auth/group/",
    "accounts/wallet/?q=x",
]


@pytest.mark.parametrize("cursor", CURSORS, ids=lambda each: each[:20])
def test_what_is_no_cursor_breaks_no_list(console: Client, world: dict[str, Any], cursor: str) -> None:
    text = quote(urlsafe_b64encode(cursor.encode()).decode())
    for address in LISTS:
        for way in ("after", "before"):
            joined = "&" if "?" in address else "?"
            answer = console.get(f"/ops/{address}{joined}{way}={text}")
            assert answer.status_code == 200, (address, way)


@override_settings(DEBUG=False)
def test_an_address_of_nothing_is_told_so_in_words(client: Client, console: Client) -> None:
    for browser, address in ((client, "/nowhere/"), (console, "/ops/attachments/nothing/")):
        page = browser.get(address)
        assert page.status_code == 404
        assert "Resolver404" not in page.content.decode()
        assert "Http404" not in page.content.decode()
    assert "There is no page at this address." in client.get("/nowhere/").content.decode()
    told = console.get("/ops/ledger/hold/hld_1/").content.decode()
    assert "There is no hold hld_1." in told


@override_settings(DEBUG=False)
def test_a_form_without_its_proof_is_refused_in_words(admin: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    page = client.post("/ops/do/ledger.place_hold/", {})
    assert page.status_code == 403
    text = page.content.decode()
    assert "reload the page and send the form again" in text
    assert "bare.css" in text
    assert "style=" not in text
    assert "<style" not in text
    assert "Content-Security-Policy" in page.headers


@override_settings(DEBUG=False)
def test_a_page_that_breaks_says_so_in_our_words(console: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    console.raise_request_exception = False

    def broken(*_: Any) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr("apps.console.pages.overview.attention.notices", broken)
    page = console.get("/ops/")
    assert page.status_code == 500
    text = page.content.decode()
    assert "Something broke" in text
    assert "bare.css" in text
    assert "<style" not in text
    assert "a secret" not in text
