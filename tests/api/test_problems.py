"""One shape for every refusal, and a page for every code."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from apps.api import catalogue
from apps.api.document import as_yaml, document
from apps.core.errors import all_error_codes
from apps.transfers.serializers import PayInInput
from apps.transfers.services import pay_ins
from tests.api.conftest import Client

DOCS = Path(settings.BASE_DIR) / "docs"
NEEDED = {"type", "title", "status", "detail", "code", "transient", "request_id"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nowhere", 404),
        ("POST", "/v1/nowhere", 404),
        ("GET", "/v1/", 404),
        ("GET", "/v1/wallets/", 404),
        ("DELETE", "/v1/wallets", 405),
        ("PUT", "/v1/wallets", 405),
        ("PATCH", "/v1/wallets", 405),
        ("OPTIONS", "/v1/wallets", 405),
        ("TRACE", "/v1/wallets", 405),
        ("POST", "/v1/operations", 405),
        ("GET", "/v1/wallets/wal_x/close", 405),
        ("GET", "/v1/wallets/x%00y", 404),
        ("GET", "/v1/x%0Ay", 404),
        ("GET", "/v1/wallets/%ff%fe", 404),
        ("GET", "/v1/wallets/'%20OR%201=1", 404),
    ],
)
def test_every_refusal_has_one_shape(client: Client, method: str, path: str, status: int) -> None:
    answer = client.ask(method, path)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem.keys() >= NEEDED
    assert problem["status"] == status
    assert problem["type"].endswith(f"#{problem['code']}")
    assert answer.headers["Request-Id"] == problem["request_id"]
    if status == 405:
        assert answer.headers["Allow"]


def test_a_defect_says_nothing_of_itself(client: Client, monkeypatch: Any, caplog: Any) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the password is 1234")

    monkeypatch.setattr("apps.api.parameters.read", broken)
    answer = client.get("/v1/wallets")
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL_ERROR")
    assert "1234" not in answer.text
    assert answer.json()["request_id"] in caplog.text


def test_a_lost_database_is_said_to_be_away(client: Client, monkeypatch: Any) -> None:
    from django.db import OperationalError

    def away(*_: object) -> None:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr("apps.api.callers.authenticate", away)
    answer = client.get("/v1/wallets")
    assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) >= 1


def test_every_code_has_its_place_on_the_page(client: Client) -> None:
    page = client.http.get("/v1/docs/errors")
    assert page.status_code == 200
    named = set(re.findall(r'<section id="([A-Z0-9_]+)">', page.text))
    ours = {
        code
        for code, error in all_error_codes().items()
        if error.__module__.startswith("apps.") and ".console." not in error.__module__
    }
    assert named == ours
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


def test_every_code_says_what_it_means() -> None:
    assert [each.code for each in catalogue.codes() if len(each.meaning) < 20] == []


def test_the_catalogue_in_the_docs_is_fresh() -> None:
    assert (DOCS / "errors.md").read_text() == catalogue.as_markdown(), "run script/manage api_docs"


def test_the_document_in_the_docs_is_fresh() -> None:
    assert (DOCS / "openapi.yaml").read_text() == as_yaml(), "run script/manage api_docs"


@pytest.mark.parametrize("reference", [pay_ins.LATE, pay_ins.REFUSED])
def test_what_references_do_in_a_test_environment_is_documented(reference: str) -> None:
    assert f"| `{reference}` |" in (DOCS / "api.md").read_text()
    pay_in = document()["components"]["schemas"]["PayInBody"]["properties"]["reference"]
    assert reference in pay_in["description"]
    assert reference in str(PayInInput().fields["reference"].help_text)


def test_the_viewer_runs_under_a_strict_policy(client: Client) -> None:
    page = client.http.get("/v1/docs/")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-eval" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)", page.text)
    for source in re.findall(r'<script src="([^"]+)"', page.text):
        assert source.startswith("/")
        assert client.http.get(source).status_code == 200, source
    assert client.http.get("/v1/openapi.yaml").text.startswith("openapi: 3.1")
