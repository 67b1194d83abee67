"""Nothing in the console writes but through the door: every route of the site, by every method, as who may do all."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.admin.sites import all_sites
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from apps.accounts.models import User
from apps.console.readonly import ReadOnlyAdmin
from apps.console.site import site
from apps.ledger.models import Account
from apps.operations.models import Operation

THROUGH_THE_DOOR = {"do", "export_request"}
SESSIONS = {"login", "logout"}
STORES_NOTHING = {"ledger_templateversion_try"}


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every route below /ops/: its address with something in each gap, its name, and what answers."""
    for each in (resolver or get_resolver()).url_patterns:
        route = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from routes(each, route)
        elif route.startswith("ops/"):
            yield "/" + gaps(route), each.name or "", each.callback


def gaps(route: str) -> str:
    """A route as an address."""
    filled = re.sub(r"<(?:path|str):object_id>", "1", route)
    filled = re.sub(r"<str:name>", "ledger.freeze_account", filled)
    filled = re.sub(r"<(\w+:)?\w+>", "pay_in", filled)
    return (
        re.sub(r"\(\?P<\w+>[^)]*\)|[\^$]|\\Z", "x", filled) if "(?P" in filled else filled.replace("\\Z", "")
    )


@contextmanager
def only_reading() -> Iterator[None]:
    """Meanwhile the database refuses every write, also one within a function."""
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")


@pytest.fixture
def admin_client(make_user: Callable[..., User]) -> Client:
    """Somebody with every role, whose browser ignores CSRF, so that a refusal is the page's own."""
    client = Client(raise_request_exception=True)
    client.force_login(make_user("admin", "approver", "finance", "operator", "compliance"))
    return client


def test_every_route_was_found() -> None:
    found = list(routes())
    assert len(found) > 2 * len(site._registry)
    names = {name for _, name, _ in found}
    assert names >= THROUGH_THE_DOOR | SESSIONS | STORES_NOTHING
    for model in site._registry:
        assert f"{model._meta.app_label}_{model._meta.model_name}_changelist" in names


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.django_db(transaction=True)
def test_no_other_route_takes_anything_but_questions(admin_client: Client, method: str) -> None:
    allowed = THROUGH_THE_DOOR | SESSIONS | STORES_NOTHING
    for address, name, _ in routes():
        if name in allowed and method == "post":
            continue
        with only_reading():
            answer = getattr(admin_client, method)(
                address, {"_save": "1", "action": "delete_selected", "post": "yes"}
            )
        if name in SESSIONS or name in {"", "search"}:
            assert answer.status_code in {200, 302, 403, 404, 405}, (address, name)
        else:
            assert answer.status_code in {403, 404, 405}, (address, name, answer.status_code)


@pytest.mark.django_db(transaction=True)
def test_asking_writes_nothing(admin_client: Client) -> None:
    for address, name, _ in routes():
        if name == "logout":
            continue
        with only_reading():
            admin_client.get(
                address, {"_delete": "1", "do": "run", "idempotency_key": "k", "action": "delete_selected"}
            )


@pytest.mark.django_db(transaction=True)
def test_what_goes_through_the_door_leaves_an_operation(admin_client: Client) -> None:
    """Refused or not: there is no other way for the forms to write."""
    urlencoded = "application/x-www-form-urlencoded"
    admin_client.post("/ops/do/ledger.freeze_account/", "do=run&idempotency_key=k-1", content_type=urlencoded)
    admin_client.post("/ops/exports/request/", {"key": "k-2", "report": "none"})
    assert set(Operation.objects.values_list("key", "status", "origin")) == {
        ("k-1", "refused", "console"),
        ("k-2", "refused", "console"),
    }
    assert not Account.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_trying_a_template_stores_nothing(admin_client: Client) -> None:
    with only_reading():
        answer = admin_client.post("/ops/ledger/templateversion/pay_in/try/", {"text": "send [EUR 1] ("})
    assert answer.status_code == 200


def test_every_admin_of_the_site_only_reads() -> None:
    assert site._registry
    for model_admin in site._registry.values():
        assert isinstance(model_admin, ReadOnlyAdmin), model_admin
        own = {"add_view", "delete_view", "history_view", "changeform_view", "save_model", "delete_model"}
        routed = {getattr(each.callback, "__name__", "") for each in model_admin.get_urls()}
        assert not routed & own, model_admin


def test_no_admin_of_a_library_is_routed() -> None:
    """Whatever a library registered elsewhere has no address here."""
    reached = {callback for _, _, callback in routes()}
    for other in (each for each in all_sites if each is not site):
        for model_admin in other._registry.values():
            for each in model_admin.get_urls():
                if isinstance(each, URLPattern):
                    assert each.callback not in reached, model_admin
    assert not any(
        str(each.pattern).startswith(("admin", "accounts")) for each in get_resolver().url_patterns
    )
