"""The examples of the document run, and a command takes few round trips."""

import json
import re
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test import override_settings

from apps.accounts.models import Tenant
from apps.api import request_log
from apps.api.document import document
from tests.api.conftest import Client, Party, make_key
from tests.api.test_authentication import counting
from tests.support.door import done, eur

POSTS = [
    (path, methods["post"]["requestBody"]["content"]["application/json"]["examples"]["example"]["value"])
    for path, methods in document()["paths"].items()
    if "examples"
    in methods.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {})
]


@pytest.mark.parametrize(
    ("path", "example"), POSTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_an_example_runs(
    acme: Party, operator: Client, asking: Any, path: str, example: dict[str, Any]
) -> None:
    """With ids of what exists in the place of its own, nothing of it is refused as invalid."""
    test = Tenant.objects.get(test_of_id=acme.tenant)
    money = done("accounts.create_wallet", tenant=test.pk, currency="EUR")["wallet"]
    done("transfers.post_pay_in", wallet=money, amount=eur("50.00"))
    other = done("accounts.create_wallet", tenant=test.pk, currency="EUR")["wallet"]
    empty = done("accounts.create_wallet", tenant=test.pk, currency="EUR")["wallet"]
    hold = done("transfers.place_hold", wallet=money, amount=eur("20.00"), reason="card")["hold"]
    made = make_key(test.pk)
    known = {
        "wallet": empty if path.endswith("/close") else money,
        "from_wallet": money,
        "to_wallet": other,
        "customer": done("accounts.create_customer", tenant=test.pk, kind="person", name="A")["customer"],
        "tenant": test.pk,
        "api_key": make_key(test.pk)["api_key"],
        "hold": hold,
    }
    body = {
        name: known.get(name, value)
        for name, value in {**example, "slug": "another"}.items()
        if name in example
    }
    if path.startswith("/v1/operations/"):
        pytest.skip("It needs a refusal that holds its key; another test has one.")
    if path == "/v1/tenants/{tenant}/resume":
        done("accounts.suspend_tenant", tenant=test.pk, reason="Audit")
    caller = operator if "tenants" in path else asking(made["secret"])
    filled = re.sub(r"{(\w+)}", lambda found: str(known[found[1]]), path)
    answer = caller.post(filled, body)
    if (path, answer.status_code) == ("/v1/tenants/{tenant}/close", 409):
        return  # its wallets are open
    assert answer.status_code in (200, 201), answer.text


def test_a_command_takes_at_most_eight_round_trips(acme: Party) -> None:
    """BEGIN and COMMIT are two more than the statements that are counted."""
    handler, environ = WSGIHandler(), {"HTTP_AUTHORIZATION": f"Bearer {acme.key}"}
    body = {"from_wallet": acme.wallet, "to_wallet": acme.other, "amount": eur("0.01")}

    def post(key: str) -> str:
        data = json.dumps(body).encode()
        said: list[str] = []
        more = {"wsgi.input": BytesIO(data), "CONTENT_LENGTH": str(len(data)), "HTTP_IDEMPOTENCY_KEY": key}
        handler({**BASE, **environ, **more}, lambda status, _: said.append(status))  # type: ignore[arg-type]
        return said[0]

    with override_settings(API_COMBINER=False):
        assert post("warm").startswith("201")
        statements: list[str] = []
        with counting(connection, statements):
            assert post("counted").startswith("201")
    request_log.flush()
    assert len(statements) + 2 <= 8, statements


BASE: dict[str, Any] = {
    "REQUEST_METHOD": "POST",
    "PATH_INFO": "/v1/transfers",
    "QUERY_STRING": "",
    "SERVER_NAME": "testserver",
    "SERVER_PORT": "80",
    "SCRIPT_NAME": "",
    "REMOTE_ADDR": "127.0.0.1",
    "CONTENT_TYPE": "application/json",
    "wsgi.errors": BytesIO(),
    "wsgi.url_scheme": "http",
}
