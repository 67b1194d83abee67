"""Who gets in, and that nobody writes."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from apps.accounts.backends import RoleBackend
from apps.accounts.models import CONSOLE_ROLES, User
from apps.console import aliases
from apps.console.readonly import ReadOnlyAdmin
from apps.console.site import site
from tests.console.making import PASSWORD

PAGES = [
    "/ops/",
    "/ops/finance/",
    "/ops/finance/balance_sheet/",
    "/ops/payouts/",
    "/ops/rates/",
    "/ops/outbox/",
    "/ops/schedule/",
    "/ops/search/?s=x",
    *(f"/ops/{model._meta.app_label}/{model._meta.model_name}/" for model in site._registry),
]


def routes(resolver: URLResolver | None = None, prefix: str = "") -> list[str]:
    """Every route of the project."""
    found = []
    for each in (resolver or get_resolver()).url_patterns:
        route = prefix + str(each.pattern)
        found += [route] if isinstance(each, URLPattern) else routes(each, route)
    return found


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.django_db
def test_the_anonymous_are_sent_to_the_login(client: Client, page: str) -> None:
    answer = client.get(page)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/ops/login/")


@pytest.mark.parametrize("role", sorted(CONSOLE_ROLES))
@pytest.mark.django_db
def test_every_role_sees_everything(make_user: Callable[..., User], client: Client, role: str) -> None:
    client.force_login(make_user(role))
    assert [client.get(page).status_code for page in PAGES] == [200] * len(PAGES)


@pytest.mark.django_db
def test_without_a_role_nobody_gets_in(make_user: Callable[..., User], client: Client) -> None:
    client.force_login(make_user())
    assert client.get("/ops/").headers["Location"].startswith("/ops/login/")


@pytest.mark.django_db
def test_a_role_without_permissions_sees_nothing(make_user: Callable[..., User], client: Client) -> None:
    Group.objects.get(name="viewer").permissions.clear()
    client.force_login(make_user("viewer"))
    statuses = {page: client.get(page).status_code for page in PAGES if "search" not in page}
    assert set(statuses.values()) == {403}
    assert "Overview" not in client.get("/ops/search/?s=overview").content.decode()


@pytest.mark.django_db
def test_one_permission_opens_one_list(make_user: Callable[..., User], client: Client) -> None:
    role = Group.objects.get(name="viewer")
    role.permissions.set(Permission.objects.filter(codename="view_account", content_type__app_label="ledger"))
    client.force_login(make_user("viewer"))
    opened = [page for page in PAGES if "search" not in page and client.get(page).status_code == 200]
    assert opened == ["/ops/ledger/account/"]


@pytest.mark.parametrize("model_admin", site._registry.values(), ids=lambda each: each.opts.label)
@pytest.mark.django_db
def test_no_model_admin_can_write(
    model_admin: Any, make_user: Callable[..., User], client: Client, rf: RequestFactory
) -> None:
    assert isinstance(model_admin, ReadOnlyAdmin)
    request = rf.get("/")
    request.user = make_user("admin")
    request.user.permission_cache = {
        f"{each.content_type.app_label}.{each.codename}"
        for each in Permission.objects.select_related("content_type")
    }
    assert not model_admin.has_add_permission(request)
    assert not model_admin.has_change_permission(request)
    assert not model_admin.has_delete_permission(request)
    assert model_admin.get_actions(request) == {}

    client.force_login(request.user)
    base = f"/ops/{model_admin.opts.app_label}/{model_admin.opts.model_name}/"
    for address in (
        base,
        f"{base}add/",
        f"{base}1/",
        f"{base}1/change/",
        f"{base}1/delete/",
        f"{base}1/history/",
    ):
        for method in (client.post, client.put, client.patch, client.delete):
            assert method(address, {"action": "delete_selected"}).status_code == 403, address


@pytest.mark.django_db
def test_no_other_admin_site_is_reachable() -> None:
    leads = {str(each.pattern) for each in aliases.urls()}
    assert not [
        route for route in routes() if ("admin" in route or "password" in route) and route not in leads
    ]
    assert admin.site is not site
    writing = {"add", "delete", "history", "password", "autocomplete", "jsi18n"}
    assert not [route for route in routes() for word in writing if f"/{word}/" in route]


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@Example.COM"])
@pytest.mark.django_db
def test_sign_in_by_email_in_any_case(viewer: User, client: Client, email: str) -> None:
    answer = client.post("/ops/login/?next=/ops/", {"username": email, "password": PASSWORD, "next": "/ops/"})
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/ops/"
    assert client.get("/ops/").status_code == 200


@pytest.mark.parametrize(
    ("email", "password"),
    [("ada@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("", ""), ("ada", "")],
)
@pytest.mark.django_db
def test_sign_in_refuses_alike(viewer: User, client: Client, email: str, password: str) -> None:
    answer = client.post("/ops/login/", {"username": email, "password": password})
    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session
    if email and password:
        assert "No user of the console has this e-mail address and password." in answer.content.decode()


@pytest.mark.django_db
def test_the_deactivated_are_out_at_once(viewer: User, console: Client) -> None:
    assert console.get("/ops/").status_code == 200
    User.objects.filter(pk=viewer.pk).update(is_active=False)
    assert console.get("/ops/").status_code == 302
    assert RoleBackend().authenticate(None, username=viewer.email, password=PASSWORD) is None


@pytest.mark.django_db
def test_permissions_come_from_roles_alone(make_user: Callable[..., User]) -> None:
    user = make_user("viewer")
    assert user.has_perm("ledger.view_account")
    assert user.has_perms(["ledger.view_account", "operations.view_operation"])
    assert user.has_module_perms("ledger")
    assert not user.has_perm("ledger.change_account")
    assert not user.has_perm("ledger.view_account", obj=user)
    assert RoleBackend().get_all_permissions(AnonymousUser()) == set()
    user.is_active = False
    user.permission_cache = None
    assert not user.has_perm("ledger.view_account")
