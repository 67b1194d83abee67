"""A tenant can never see, name or guess into another's rows."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.test import override_settings

from apps.api import reading, urls
from apps.api.resources import all_resources
from apps.core import ids
from apps.operations import sequencer
from apps.operations.models import ApprovalRequest, Event, Operation
from tests.api.conftest import Party, joined
from tests.support.door import done

UNKNOWN = "01m7zbdysmea38g08n262ytyda"


def at_provider(party: Party, transfer: str) -> dict[str, str]:
    """What stands between a tenant and a provider: a call, a number, a deposit."""
    from apps.core import clock
    from apps.operations import books
    from apps.providers.models import Attempt, InboundMessage, Provider
    from apps.transfers.arrivals import Deposit, VirtualAccount
    from apps.transfers.inquiries import Inquiry
    from apps.transfers.reserves import RollingReserve

    now, book = clock.now(), books.id_of(party.book)
    given = {"title": "A bank", "base_url": "https://bank.example", "secret": "s"}
    done("providers.set_provider", name="bank", **given)
    provider = Provider.objects.get(name="bank")
    attempt = Attempt.objects.create(
        book_id=book,
        provider=provider,
        subject=transfer,
        action="submit",
        reference=f"{transfer}.1",
        sent={},
        started_at=now,
    )
    number = VirtualAccount.objects.create(
        book_id=book,
        wallet_id=party.wallet,
        provider=provider,
        number=transfer,
        status="active",
        requested_at=now,
        active_at=now,
    )
    message = InboundMessage.objects.create(
        provider=provider,
        reference=transfer,
        body=b"{}",
        headers={},
        verified=True,
        sha256=b"",
        status="processed",
        received_at=now,
        seen_at=now,
    )
    deposit = Deposit.objects.create(
        book_id=book,
        provider=provider,
        reference=transfer,
        message=message,
        amount=100,
        currency="EUR",
        wallet_id=party.wallet,
        status="received",
        received_at=now,
        verified_at=now,
    )
    reserve = RollingReserve.objects.create(
        book_id=book, wallet_id=party.wallet, amount=1, currency="EUR", held_at=now, release_at=now
    )
    inquiry = Inquiry.objects.create(
        book_id=book, transfer_id=transfer, kind="trace", reason="x", provider="bank", asked_at=now
    )
    return {
        "inq": str(inquiry.pk),
        "ptm": str(attempt.pk),
        "vac": str(number.pk),
        "dep": str(deposit.pk),
        "rsv": str(reserve.pk),
    }


def of_batches(own: Any, party: Party, recipient: str) -> dict[str, str]:
    """A batch and a schedule of payouts, each with a row, and a day of the schedule."""
    from apps.core import clock
    from apps.payouts.models import BatchRow, Schedule, ScheduleRow
    from apps.payouts.services.scheduling import new_run

    row = {"recipient": recipient, "amount": {"amount": "1.00", "currency": "EUR"}}
    given = {"name": "Rent", "wallet": party.wallet, "rows": [row]}
    batch = own.post("/v1/payout-batches", given).json()["batch"]
    when = {"every": "day", "at": "09:00"}
    schedule = own.post("/v1/payout-schedules", {**given, "when": when}).json()["schedule"]
    run = new_run(Schedule.objects.get(pk=schedule), clock.now().date(), "paused", clock.now())
    run.save(force_insert=True)
    return {
        "bat": batch,
        "brw": str(BatchRow.objects.get(batch=batch).pk),
        "psc": schedule,
        "psw": str(ScheduleRow.objects.get(schedule=schedule).pk),
        "psr": str(run.pk),
    }


def of_treasury(party: Party, operation: str) -> dict[str, str]:
    """A sweep rule of the tenant's book, what came of it, and what people are to move for it."""
    from apps.core import clock
    from apps.operations import books
    from apps.treasury.models import SweepExecution, SweepInstruction, SweepRule
    from tests.support.door import opened

    now, book = clock.now(), books.id_of(party.book)
    amounts = {name: {"amount": "5.00", "currency": "EUR"} for name in ("floor", "target", "minimum")}
    given = {"account": opened("bank:other", book=party.book), "counter_account": "bank:ing", **amounts}
    made = done("treasury.set_sweep_rule", book=party.book, every_minutes=5, reason="x", **given)
    rule = SweepRule.objects.get(pk=made["rule"])
    seen = dict.fromkeys(("balance", "sequence", "counter_balance", "counter_sequence", "counter_least"), 0)
    execution = SweepExecution.objects.create(
        rule=rule,
        book_id=book,
        due_at=now,
        executed_at=now,
        currency="EUR",
        asked=5,
        amount=5,
        status="instructed",
        operation_id=operation,
        **seen,
    )
    instruction = SweepInstruction.objects.create(
        execution=execution,
        rule=rule,
        book_id=book,
        account_id=rule.account_id,
        giver="bank:ing",
        taker="bank:other",
        amount=5,
        currency="EUR",
        made_at=now,
        confirm_by=now,
    )
    return {"swr": rule.pk, "swx": str(execution.pk), "swi": str(instruction.pk)}


def of_webhooks(party: Party) -> dict[str, str]:
    """An endpoint, and all that there is of a message that was sent to it."""
    from apps.core import clock
    from apps.operations import books
    from apps.webhooks.models import Attempt, Delivery, SigningKey

    now, book = clock.now(), books.id_of(party.book)
    url = f"https://hooks.{party.book}.example/in"
    endpoint = done("webhooks.create_endpoint", tenant=party.tenant, url=url)["endpoint"]
    sent = done("webhooks.send_test", endpoint=endpoint)
    Delivery.objects.filter(pk=sent["delivery"]).update(
        status="failed", next_attempt_at=None, is_urgent=False
    )
    attempt = Attempt.objects.create(
        id=ids.new_id("wha"),
        delivery_id=sent["delivery"],
        endpoint_id=endpoint,
        book_id=book,
        number=1,
        run=0,
        began_at=now,
        url=url,
        request_headers={},
        body_sha256=b"",
        body_bytes=2,
        took_ms=1,
        answer_headers={},
        worker="w",
        ordinal=Attempt.objects.count() + 1,
    )
    sequencer.sequence()
    replay = done("webhooks.replay_range", endpoint=endpoint, after=0, reason="lost")["replay"]
    return {
        "whe": endpoint,
        "whd": sent["delivery"],
        "whm": sent["message"],
        "wha": str(attempt.pk),
        "whr": replay,
        "whk": str(SigningKey.objects.get(book_id=book).pk),
    }


def everything_of(party: Party, asking: Any) -> dict[str, str]:
    """An id of each kind that belongs to a tenant, by its prefix."""
    own = asking(party.key)
    body = {
        "items": [{"command": "accounts.create_wallet", "idempotency_key": "b", "input": {"currency": "EUR"}}]
    }
    bulk = own.post("/v1/bulk", body, headers={"Prefer": "respond-async"}).json()["id"]
    operation = own.post("/v1/wallets", {"currency": "EUR"}).headers["Operation-Id"]
    invited = done("accounts.invite_member", tenant=party.tenant, email="x@acme.example", role="viewer")
    member = joined(party, "bo")
    from apps.api import request_log
    from apps.api.models import LoggedRequest
    from apps.core import clock
    from apps.operations import books

    request_log.flush()
    approval = ApprovalRequest.objects.create(
        book_id=books.id_of(party.book),
        command="x",
        version=1,
        input={},
        facts={},
        preview={},
        approved_hash=b"",
        approvers_needed=1,
        steps=[{"role": "approver", "people": 1}],
        maker_kind="user",
        maker_id="u",
        maker_label="u",
        created_at=clock.now(),
    )
    held = own.post(
        "/v1/holds",
        {"wallet": party.wallet, "amount": {"amount": "1.00", "currency": "EUR"}, "reason": "card"},
    ).json()
    paid = {
        "from_wallet": party.wallet,
        "to_wallet": party.other,
        "amount": {"amount": "1.00", "currency": "EUR"},
    }
    transfer = own.post("/v1/transfers", paid).json()["transfer"]
    kept = {"wallet": party.wallet, "amount": {"amount": "1.00", "currency": "EUR"}}
    escrow = own.post("/v1/escrows", kept).json()["transfer"]
    part = {"amount": {"amount": "0.40", "currency": "EUR"}}
    given = own.post("/v1/escrow-releases", {"escrow": escrow, "to_wallet": party.other, **part})
    to = {
        "kind": "bank_account",
        "name": "Bo Lind",
        "currency": "EUR",
        "details": {"iban": "DE89370400440532013000"},
    }
    recipient = own.post("/v1/recipients", to).json()["recipient"]
    check = own.post(f"/v1/recipients/{recipient}/verify").json()["check"]
    found = {"result": "match", "code": "NAME_MATCHES", "why": "The account has this name."}
    done("accounts.record_payee_check", recipient=recipient, check=check, **found)
    return {
        **at_provider(party, transfer),
        **of_batches(own, party, recipient),
        **of_webhooks(party),
        "hld": held["hold"],
        "rcp": recipient,
        "rvf": check,
        "trf": transfer,
        "escrow": escrow,
        "release": given.json()["transfer"],
        "ten": party.tenant,
        "wal": party.wallet,
        **of_treasury(party, operation),
        "cus": party.customer,
        "key": party.ids["api_key"],
        "je": party.ids["entry"],
        "op": operation,
        "evt": str(Event.objects.filter(operation_id=operation).first().pk),
        "inv": invited["invitation"],
        "apr": approval.pk,
        "blk": bulk,
        "rql": str(LoggedRequest.objects.filter(tenant_id=party.tenant).first().pk),
        "mem": str(member.pk),
        "usr": str(member.user_id),
    }


def paths_with_ids() -> Iterator[tuple[str, str, list[str]]]:
    """Each route that names something: method, path, and its parts in braces."""
    for pattern in urls.urlpatterns:
        path = "/v1/" + re.sub(r"<str:(\w+)>", r"{\1}", str(pattern.pattern))
        view = getattr(pattern.callback, "cls", None)
        for method in getattr(view, "methods", ()):
            names = re.findall(r"{(\w+)}", path)
            if names and "rest" not in path:
                yield method, path, names


def filled(path: str, names: list[str], of: dict[str, str]) -> str | None:
    """The path with ids of somebody."""
    for name in names:
        prefix = prefix_of(path, name)
        if prefix == "address":
            value = f"wallet:{of['wal']}:available"
        elif prefix in {"currency", "number"}:
            value = {"currency": "EUR", "number": "1"}[prefix]
        else:
            value = of[prefix]
        path = path.replace(f"{{{name}}}", value)
    return path


def prefix_of(path: str, name: str) -> str:
    """What kind of id a part of a path is."""
    if name in ("address", "currency", "number"):
        return name
    known = {
        "batch": "bat",
        "delivery": "whd",
        "endpoint": "whe",
        "wallet": "wal",
        "customer": "cus",
        "tenant": "ten",
        "api_key": "key",
        "operation": "op",
        "hold": "hld",
        "recipient": "rcp",
        "transfer": "trf",
        "ptm": "ptm",
        "user": "usr",
    }
    if name in known:
        return known[name]
    resource = path.removeprefix("/v1/").split("/{")[0]
    single = {"entries": "je", "events": "evt"}
    return single.get(resource) or str(
        next(each.key_prefix for each in all_resources() if each.path == resource)
    )


def body_of(path: str) -> dict[str, Any]:
    """What the command of a path needs beside the path."""
    from apps.api.doors import commands
    from apps.api.examples import example_of

    command = next(each for each in commands() if f"/v1/{each.path}" == path)
    return {name: value for name, value in example_of(command.input()).items() if f"{{{name}}}" not in path}


def without_names(answer: Any, path: str) -> Any:
    """The answer without what differs between any two requests: their ids, and those that were asked for."""
    text = re.sub(r"\b[a-z]{2,4}_[0-9a-hjkmnp-tv-z]{26}\b|req_[0-9a-f]{32}", "·", answer.text)
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name not in ("date", "request-id", "operation-id", "ratelimit", "content-length")
    }
    return answer.status_code, text, headers


def test_an_escrow_of_another_is_neither_released_nor_listed(acme: Party, globex: Party, asking: Any) -> None:
    theirs = everything_of(globex, asking)
    caller = asking(acme.key)
    answers = []
    for escrow, wallet in (
        (theirs["escrow"], acme.wallet),
        (f"trf_{UNKNOWN}", acme.wallet),
        (theirs["escrow"], globex.other),
        (f"trf_{UNKNOWN}", f"wal_{UNKNOWN}"),
    ):
        answer = caller.post("/v1/escrow-releases", {"escrow": escrow, "to_wallet": wallet})
        answers.append(without_names(answer, ""))
    assert answers == [answers[0]] * 4
    assert answers[0][0] == 404
    own = caller.post("/v1/escrows", {"wallet": acme.wallet, "amount": {"amount": "1.00", "currency": "EUR"}})
    mine = own.json()["transfer"]
    elsewhere = [
        caller.post("/v1/escrow-releases", {"escrow": mine, "to_wallet": wallet})
        for wallet in (globex.other, f"wal_{UNKNOWN}")
    ]
    assert [without_names(each, "") for each in elsewhere] == [without_names(elsewhere[0], "")] * 2
    assert caller.get("/v1/transfers", params={"escrow": theirs["escrow"]}).json()["items"] == []
    [listed] = asking(globex.key).get("/v1/transfers", params={"escrow": theirs["escrow"]}).json()["items"]
    assert (listed["id"], listed["escrow"]) == (theirs["release"], theirs["escrow"])
    fee = {"wallet": theirs["wal"], "amount": {"amount": "1.00", "currency": "EUR"}, "description": "x"}
    assert caller.post("/v1/fees", fee).status_code == 403
    assert asking(globex.key).post("/v1/fees", fee).status_code == 403


@override_settings(API_OPERATOR_REQUESTS_PER_MINUTE=100_000)
def test_another_tenants_ids_are_answered_like_those_that_do_not_exist(
    acme: Party, globex: Party, asking: Any
) -> None:
    theirs = everything_of(globex, asking)
    nobodys = {prefix: f"{prefix}_{UNKNOWN}" for prefix in theirs}
    sequencer.sequence()
    caller = asking(acme.key)
    walked = 0
    for method, path, names in paths_with_ids():
        answers = []
        for of in (theirs, nobodys):
            asked = filled(path, names, of)
            answers.append(caller.get(asked) if method == "GET" else caller.post(asked, body_of(path)))
        other, nobody = (without_names(answer, path) for answer in answers)
        assert other == nobody, path
        assert other[0] in (403, 404), (path, answers[0].text)
        walked += 1
    assert walked > 25


def test_the_same_ids_are_found_by_their_owner(globex: Party, asking: Any) -> None:
    """Or the walk would prove nothing."""
    mine = everything_of(globex, asking)
    sequencer.sequence()
    owner = asking(globex.key)
    for method, path, names in paths_with_ids():
        of_few = path.startswith(("/v1/tenants", "/v1/idempotency", "/v1/sweep")) or path.endswith(
            ("/compensation-report", "/proof-of-payment")
        )
        if method == "GET" and not of_few:
            answer = owner.get(filled(path, names, mine))
            assert answer.status_code == 200, (path, answer.text)


def test_no_list_shows_a_row_of_another(acme: Party, globex: Party, asking: Any) -> None:
    theirs = everything_of(globex, asking)
    sequencer.sequence()
    caller = asking(acme.key)
    for resource in all_resources():
        answer = caller.get(f"/v1/{resource.path}", params={"limit": 200})
        for value in (*theirs.values(), "globex"):
            assert value not in answer.text, resource.path


def test_what_an_operator_does_to_customers_and_teams_is_told_to_their_tenant_alone(
    acme: Party, globex: Party, asking: Any
) -> None:
    reason = {"reason": "tests"}
    bank = {"kind": "bank_account", "currency": "EUR", "details": {"iban": "DE89370400440532013000"}}
    to = done("accounts.create_recipient", tenant=globex.tenant, name="Bo Ek", **bank)["recipient"]
    done("accounts.update_recipient", recipient=to, name="Bo Eek")
    done("accounts.close_recipient", recipient=to, **reason)
    customer = done("accounts.create_customer", tenant=globex.tenant, kind="person", name="Bo")["customer"]
    done("accounts.update_customer", customer=customer, name="Bo Ek")
    done("accounts.close_customer", customer=customer, **reason)
    joined(globex, "ada")
    member = {"tenant": globex.tenant, "user": str(joined(globex, "bo").user_id)}
    done("accounts.change_member_role", **member, role="viewer")
    done("accounts.remove_member", **member, **reason)
    invited = done("accounts.invite_member", tenant=globex.tenant, email="c@globex.example", role="viewer")
    done("accounts.revoke_invitation", invitation=invited["invitation"], **reason)
    sequencer.sequence()
    told = asking(globex.key).get("/v1/events", params={"limit": 200}).json()["items"]
    types = [event["type"] for event in told if event["subject"] in (to, customer, globex.tenant)]
    assert types == [
        *("recipient.created", "recipient.updated", "recipient.closed"),
        *("customer.created", "customer.updated", "customer.closed"),
        *("team.invited", "team.joined") * 2,
        *("team.role_changed", "team.left", "team.invited", "team.invitation_revoked"),
    ]
    others = asking(acme.key).get("/v1/events", params={"limit": 200})
    assert others.json()["items"]
    for value in (to, customer, globex.tenant, member["user"], invited["invitation"]):
        assert value not in others.text


def test_a_filter_names_nobody_elses(acme: Party, globex: Party, asking: Any) -> None:
    caller = asking(acme.key)
    answer = caller.get("/v1/wallets", params={"customer": globex.customer})
    assert answer.json()["items"] == []
    assert caller.get("/v1/wallets", params={"tenant": globex.tenant}).status_code == 400
    assert caller.post("/v1/wallets", {"currency": "EUR", "customer": globex.customer}).status_code == 404
    assert caller.post("/v1/wallets", {"currency": "EUR", "tenant": globex.tenant}).status_code in (403, 404)


def test_a_query_that_forgets_its_filter_gets_nothing(
    monkeypatch: pytest.MonkeyPatch, acme: Party, globex: Party, asking: Any
) -> None:
    """Without our own filter, row-level security alone still keeps them apart."""
    theirs = everything_of(globex, asking)
    sequencer.sequence()
    forgetful = lambda model, owner, caller, shared=None: model._base_manager.all()  # noqa: E731
    for module in ("apps.api.reading", "apps.api.resources.base", "apps.api.money_views"):
        monkeypatch.setattr(f"{module}.own", forgetful)
    unfiltered = "SELECT * FROM api_wallet_balances(%s, %s, CASE WHEN %s::uuid IS NULL THEN NULL::uuid END, %s::bigint[], %s::uuid[])"
    monkeypatch.setattr("apps.api.money_views._NOW", unfiltered)
    caller = asking(acme.key)
    for resource in all_resources():
        if resource.owner and resource.scope != "platform:read":
            text = caller.get(f"/v1/{resource.path}", params={"limit": 200}).text
            assert not [value for value in theirs.values() if value in text], resource.path
    # Last, for the caller's own log says what the caller asked.
    assert caller.get(f"/v1/wallets/{theirs['wal']}/balances").status_code == 404
    assert caller.get(f"/v1/wallets/{acme.wallet}/balances").status_code == 200
    assert caller.get(f"/v1/wallets/{theirs['wal']}").status_code == 404
    assert caller.get(f"/v1/wallets/{theirs['wal']}/statement").status_code == 404


def test_a_tenants_transaction_sees_no_row_of_another_in_any_table(
    acme: Party, globex: Party, asking: Any
) -> None:
    from apps.api.callers import authenticate
    from apps.core import clock

    everything_of(globex, asking)
    sequencer.sequence()
    shown = {"HTTP_AUTHORIZATION": f"Bearer {acme.key}", "REMOTE_ADDR": "127.0.0.1"}
    caller = authenticate(shown, clock.now())
    with reading.as_caller(caller):
        for model in apps.get_models():
            columns = {field.attname for field in model._meta.concrete_fields}
            if not model.__module__.startswith("apps.") or not columns & {"book_id", "tenant_id"}:
                continue
            if "tenant_id" in columns:
                found = set(model._base_manager.values_list("tenant_id", flat=True))
                assert found <= {acme.tenant}, model
            else:
                assert set(model._base_manager.values_list("book_id", flat=True)) <= {caller.book}, model
        assert Operation.objects.count() < 10
