"""The examples of the document run, and a command takes few round trips."""

import json
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import httpx
import jsonschema
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from apps.accounts.models import Tenant
from apps.accounts.people import find_actor
from apps.api import request_log
from apps.api.document import document
from apps.core import clock, ids
from apps.operations import sequencer
from apps.operations.models import Book
from apps.payouts import worker
from apps.payouts.models import Batch
from apps.transfers.models import Transfer
from apps.webhooks.models import Delivery
from tests.api.conftest import Client, Party, joined, make_key
from tests.support.door import done, eur, run
from tests.support.statements import statements

RECIPIENT = {
    "kind": "bank_account",
    "name": "Bo Lind",
    "currency": "EUR",
    "details": {"iban": "DE89370400440532013000"},
}
PROVIDER = {
    "name": "bank",
    "title": "A bank",
    "base_url": "https://bank.example",
    "secret": "s",
    "options": {"virtual_accounts": True, "desk": "bank"},
}
DOCUMENT = document()
POSTS = [
    (path, methods["post"]["requestBody"]["content"]["application/json"]["examples"]["example"]["value"])
    for path, methods in DOCUMENT["paths"].items()
    if "examples"
    in methods.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {})
]


@pytest.mark.parametrize(
    ("path", "example"), POSTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_an_example_runs(
    acme: Party, operator: Client, asking: Any, settings: Any, path: str, example: dict[str, Any]
) -> None:
    """With ids of what exists in the place of its own, nothing of it is refused as invalid."""
    test = Tenant.objects.get(test_of_id=acme.tenant)
    known = existing(acme, test.pk) | {"slug": "another"}
    if path.endswith("wallets/{wallet}/close"):
        known["wallet"] = known["empty"]
    settings.MICRO_DEPOSIT_WALLETS = [known["wallet"]]
    if path in OF_RECIPIENT:
        done(OF_RECIPIENT[path], recipient=known["recipient"])
    known |= BESIDE.get(path, lambda _: {})(test.pk)
    if path == "/v1/tenants/{tenant}/resume":
        done("accounts.suspend_tenant", tenant=test.pk, reason="Audit")
    caller = asking(make_key(test.pk)["secret"])
    if "team" in path:
        caller = asking(acme.key)
    elif "tenants" in path or path.startswith(("/v1/operations", "/v1/fees")) or "reset-verification" in path:
        caller = operator
    filled = re.sub(r"{(\w+)}", lambda found: str(known[found[1]]), path)
    answer = caller.post(filled, {name: known.get(name, value) for name, value in example.items()})
    if (path, answer.status_code) == ("/v1/tenants/{tenant}/close", 409):
        return  # its wallets are open
    assert answer.status_code in (200, 201), answer.text
    assert told_wrongly(path, answer) == []


def in_usdc(test: str) -> str:
    """A wallet of coins with something in it."""
    done("ledger.open_account", book="acme-test", address="bank:coins", currency="USDC")
    wallet = done("accounts.create_wallet", tenant=test, currency="USDC")["wallet"]
    coins = {"amount": "50.00", "currency": "USDC"}
    done("transfers.post_pay_in", wallet=wallet, amount=coins, from_account="bank:coins")
    return str(wallet)


def refundable(test: str) -> str:
    """A pay-in that came through a provider."""
    wallet = done("accounts.create_wallet", tenant=test, currency="EUR")["wallet"]
    done("ledger.open_account", book="acme-test", address="provider:bank", currency="EUR")
    given = {"wallet": wallet, "amount": eur("50.00"), "from_account": "provider:bank"}
    return str(done("transfers.post_pay_in", provider_reference="p-7", **given)["transfer"])


def put_to_work(test: str) -> str:
    """A wallet of which something is in a strategy."""
    wallet = in_usdc(test)
    strategy = f"strategy:aave-usdc:{wallet}"
    done("ledger.open_account", book="acme-test", address=strategy, currency="USDC")
    coins = {"amount": "20.00", "currency": "USDC"}
    moved = {"book": "acme-test", "reference": "s-1", "kind": "test", "amount": coins}
    done("ledger.import_entry", source=f"wallet:{wallet}:available", destination=strategy, **moved)
    return str(wallet)


def kept(test: str) -> str:
    """A transfer that put something in escrow."""
    wallet = done("accounts.create_wallet", tenant=test, currency="EUR")["wallet"]
    done("transfers.post_pay_in", wallet=wallet, amount=eur("50.00"))
    return str(done("transfers.hold_in_escrow", wallet=wallet, amount=eur("50.00"))["transfer"])


def batch(test: str, **more: Any) -> str:
    """A batch of one payout, by somebody who may have it paid: a draft, or what else it is to be."""
    key = find_actor("api_key", make_key(test)["api_key"])
    wallet = done("accounts.create_wallet", tenant=test, currency="EUR")["wallet"]
    done("transfers.post_pay_in", wallet=wallet, amount=eur("50.00"))
    account = {"iban": "NL91ABNA0417164300"}
    row = {"amount": eur("1.00"), "name": "Ann", "details": account}
    made = done("payouts.create_batch", actor=key, name="May", wallet=wallet, rows=[row])["batch"]
    if more:
        done("payouts.submit_batch", actor=key, batch=made, by_itself=False)
        worker.work()
        Batch.objects.filter(pk=made).update(**more)
    return str(made)


def schedule(test: str, *, paused: bool = False) -> dict[str, Any]:
    """A schedule that pays somebody each day, and what another might say."""
    wallet = done("accounts.create_wallet", tenant=test, currency="EUR")["wallet"]
    to = done("accounts.create_recipient", tenant=test, **RECIPIENT)["recipient"]
    rows = [{"recipient": to, "amount": eur("1.00")}]
    key = find_actor("api_key", make_key(test)["api_key"])
    when = {"every": "day", "at": "09:00"}
    given = {"name": "Rent", "wallet": wallet, "rows": rows, "when": when}
    made = done("payouts.create_schedule", actor=key, **given)["schedule"]
    if paused:
        done("payouts.pause_schedule", actor=key, schedule=made, reason="holiday")
    return {"schedule": made, "rows": rows, "wallet": wallet}


def ended(test: str) -> str:
    """A batch that was executed."""
    now = clock.now()
    return batch(test, status="completed", executed_at=now, ended_at=now)


def paid_out(test: str) -> str:
    """A payout that was completed."""
    now = clock.now()
    given = {"kind": "payout", "status": "completed", "amount": 500, "currency": "EUR", "provider": "bank"}
    named = {"operation_id": ids.new_id("op"), "attempt_id": ids.new_id("ptm"), "attempts": 1}
    times = {"created_at": now, "changed_at": now, "ended_at": now}
    made = Transfer(id=ids.new_id("trf"), book=Book.objects.get(tenant_id=test), **given, **named, **times)
    made.save(force_insert=True)
    return str(made.pk)


def endpoint(test: str) -> str:
    """Where a tenant wants to hear."""
    url = "https://hooks.acme.example/in"
    return str(done("webhooks.create_endpoint", tenant=test, url=url)["endpoint"])


def disabled(test: str) -> str:
    """One that hears nothing now."""
    made = endpoint(test)
    done("webhooks.disable_endpoint", endpoint=made, reason="work")
    return made


def behind(test: str) -> str:
    """One for which there is news in the feed."""
    made = endpoint(test)
    sequencer.sequence()
    return made


def delivered(test: str) -> dict[str, Any]:
    """A message that was accepted."""
    made = done("webhooks.send_test", endpoint=endpoint(test))["delivery"]
    Delivery.objects.filter(pk=made).update(status="delivered", next_attempt_at=None, is_urgent=False)
    return {"delivery": made, "deliveries": [made]}


BESIDE: dict[str, Callable[[str], dict[str, Any]]] = {
    **dict.fromkeys(("/v1/onramps", "/v1/buys"), lambda test: {"to_wallet": in_usdc(test)}),
    **dict.fromkeys(("/v1/offramps", "/v1/sells"), lambda test: {"from_wallet": in_usdc(test)}),
    **dict.fromkeys(("/v1/bridges", "/v1/strategies"), lambda test: {"wallet": in_usdc(test)}),
    **dict.fromkeys(
        (
            *("/v1/payout-batches/{batch}/rows", "/v1/payout-batches/{batch}/rows/{number}"),
            *("/v1/payout-batches/{batch}/rows/{number}/drop", "/v1/payout-batches/{batch}/submit"),
            "/v1/payout-batches/{batch}/cancel",
        ),
        lambda test: {"batch": batch(test), "number": "1"},
    ),
    **dict.fromkeys(
        (
            *("/v1/payout-schedules", "/v1/payout-schedules/{schedule}/change"),
            *("/v1/payout-schedules/{schedule}/pause", "/v1/payout-schedules/{schedule}/end"),
        ),
        schedule,
    ),
    "/v1/payout-schedules/{schedule}/resume": lambda test: schedule(test, paused=True),
    "/v1/payout-batches/{batch}/execute": lambda test: {"batch": batch(test, by_itself=False)},
    "/v1/payout-batches/{batch}/compare": lambda test: {"batch": ended(test)},
    **dict.fromkeys(
        (
            *("/v1/webhook-endpoints/{endpoint}/update", "/v1/webhook-endpoints/{endpoint}/rotate-secret"),
            *("/v1/webhook-endpoints/{endpoint}/disable", "/v1/webhook-endpoints/{endpoint}/remove"),
            "/v1/webhook-endpoints/{endpoint}/test",
        ),
        lambda test: {"endpoint": endpoint(test)},
    ),
    "/v1/webhook-endpoints/{endpoint}/enable": lambda test: {"endpoint": disabled(test)},
    "/v1/webhook-endpoints/{endpoint}/replay": lambda test: {"endpoint": behind(test)},
    **dict.fromkeys(("/v1/webhook-deliveries/retry", "/v1/webhook-deliveries/{delivery}/retry"), delivered),
    "/v1/escrow-releases": lambda test: {"escrow": kept(test)},
    "/v1/strategies/stop": lambda test: {"wallet": put_to_work(test)},
    **dict.fromkeys(
        ("/v1/transfers/{transfer}/recall", "/v1/transfers/{transfer}/trace"),
        lambda test: {"transfer": paid_out(test)},
    ),
    "/v1/transfers/{transfer}/refund": lambda test: {"transfer": refundable(test)},
}
"""What an example needs beside."""


OF_RECIPIENT = {
    "/v1/recipients/{recipient}/reset-verification": "accounts.verify_recipient",
    "/v1/recipients/{recipient}/micro-deposits/prove": "transfers.send_micro_deposits",
}
"""What is done with the recipient before."""


def existing(acme: Party, test: str) -> dict[str, str]:
    """Ids by the names of the fields in which they are asked for."""
    money, other, empty = (
        done("accounts.create_wallet", tenant=test, currency="EUR")["wallet"] for _ in range(3)
    )
    done("transfers.post_pay_in", wallet=money, amount=eur("50.00"))
    too_much = run("transfers.create_transfer", from_wallet=money, to_wallet=other, amount=eur("51.00"))
    done("providers.set_provider", **PROVIDER)
    paid = done("accounts.create_recipient", tenant=test, **RECIPIENT)["recipient"]
    payout = {"wallet": money, "recipient": paid, "amount": eur("5.00"), "confirm": False}
    joined(acme, "amara")
    invited = done("accounts.invite_member", tenant=acme.tenant, email="cleo@acme.example", role="viewer")
    return {
        "wallet": money,
        "from_wallet": money,
        "to_wallet": other,
        "empty": empty,
        "customer": done("accounts.create_customer", tenant=test, kind="person", name="A")["customer"],
        "recipient": paid,
        "transfer": done("transfers.create_payout", **payout)["transfer"],
        "tenant": test,
        "api_key": make_key(test)["api_key"],
        "hold": done("transfers.place_hold", wallet=money, amount=eur("20.00"), reason="card")["hold"],
        "operation": too_much.operation_id,
        "user": str(joined(acme, "bo").user_id),
        "invitation": invited["invitation"],
    }


def told_wrongly(path: str, answer: httpx.Response) -> list[str]:
    """In what an answer is not what the document says, which promises no field that does not come, and hides none."""
    operation = DOCUMENT["paths"][path]["post"]["responses"][str(answer.status_code)]
    reference = operation["content"]["application/json"]["schema"]
    result = reference.get("anyOf", [reference])[0]["$ref"].split("/")[-1]
    schema = {**DOCUMENT["components"]["schemas"][result], "components": DOCUMENT["components"]}
    wrong = [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(answer.json())]
    return wrong + [f"{name} is hidden" for name in answer.json().keys() - schema["properties"].keys()]


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
        with statements() as asked:
            assert post("counted").startswith("201")
    request_log.flush()
    assert len(asked) + 2 <= 8, asked


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
