"""People: made by command, with roles that say all they may do."""

from functools import partial
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import Group
from django.core.management import call_command

from apps.accounts import roles
from apps.accounts.models import CONSOLE_ROLES, User
from apps.accounts.people import SETUP, actor_of, find_actor, with_role
from apps.core.errors import DomainError
from apps.operations.models import Book, Event, Operation
from apps.operations.registry import all_commands
from tests.support.door import PASSWORD, code, done, opened, person, refused, run
from tests.support.policies import agrees
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("ledger_db")


def first_admin(email: str = "root@example.com") -> Any:
    """Ask for the first admin."""
    return run("accounts.create_first_admin", actor=SETUP, email=email, name="Root", password=PASSWORD)


def roles_of(user: str) -> set[str]:
    """The names of a user's roles."""
    return set(User.objects.get(pk=user).roles.values_list("name", flat=True))


class TestFirstAdmin:
    def test_is_made_once(self) -> None:
        assert first_admin().accepted
        assert code(first_admin("eve@example.com")) == "ADMIN_EXISTS"
        assert User.objects.count() == 1

    def test_is_made_once_by_many_at_once(self) -> None:
        outcomes = at_once(*[partial(first_admin, f"root{place}@example.com") for place in range(4)])
        assert sorted(code(outcome) or "" for outcome in outcomes) == [
            "",
            "ADMIN_EXISTS",
            "ADMIN_EXISTS",
            "ADMIN_EXISTS",
        ]
        assert len(with_role("admin")) == 1

    def test_nobody_but_the_setup_makes_it(self) -> None:
        admin = person("root@example.com", "admin")
        assert "accounts.create_first_admin" not in admin.permissions
        given = {"email": "eve@example.com", "name": "", "password": PASSWORD}
        assert refused("accounts.create_first_admin", actor=admin, **given) == "AUTHORIZATION_FAILED"

    def test_the_setup_command_makes_it_and_can_be_run_again(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        call_command("setup", "--no-demo", "--email", "root@example.com")
        call_command("setup", "--no-demo", "--email", "other@example.com")
        assert list(User.objects.values_list("email", flat=True)) == ["root@example.com"]
        assert capsys.readouterr().out.count("password") == 1
        assert not Operation.objects.filter(status="refused").exists()


class TestWhoDecides:
    """Nobody makes themselves the second person."""

    @pytest.fixture
    def root(self) -> Any:
        """An admin."""
        return person("root@example.com", "admin")

    def test_the_first_approver_is_made_by_the_admin_alone(self, root: Any) -> None:
        ines = person("ines@example.com", "viewer")
        done("accounts.set_roles", actor=root, user=ines.id, role_names=["approver"])
        assert roles_of(ines.id) == {"approver"}

    @pytest.mark.parametrize("role", sorted(roles.deciding()))
    def test_each_after_that_with_an_approver(self, root: Any, role: str) -> None:
        ines, puppet = person("ines@example.com", "approver"), person("puppet@example.com", "viewer")
        given = {"user": puppet.id, "role_names": [role]}
        request = run("accounts.set_roles", actor=root, **given).approval_request_id
        assert (request is not None, roles_of(puppet.id)) == (True, {"viewer"})
        assert code(agrees(root, request)) == "APPROVAL_BY_MAKER"
        assert (code(agrees(ines, request)), roles_of(puppet.id)) == (None, {role})

    def test_nor_does_an_admin_take_it_from_others_first(self, root: Any) -> None:
        ines, _jon = (person(f"{name}@example.com", "approver") for name in ("ines", "jon"))
        outcome = run("accounts.set_roles", actor=root, user=ines.id, role_names=["viewer"])
        assert (outcome.status, roles_of(ines.id)) == ("pending_approval", {"approver"})

    def test_what_decides_nothing_needs_nobody(self, root: Any) -> None:
        person("ines@example.com", "approver")
        ada = person("ada@example.com", "viewer")
        done("accounts.set_roles", actor=root, user=ada.id, role_names=["operator"])
        assert roles_of(ada.id) == {"operator"}

    def test_a_new_user_does_not_bring_it_along(self, root: Any) -> None:
        given = {"name": "", "password": PASSWORD}
        first = {**given, "email": "ines@example.com", "role_names": ["approver"]}
        done("accounts.create_user", actor=root, **first)
        for role in roles.deciding():
            puppet = {**given, "email": "puppet@example.com", "role_names": ["viewer", role]}
            assert refused("accounts.create_user", actor=root, **puppet) == "ROLES_NEED_ANOTHER"


class TestLastAdmin:
    def test_stays(self) -> None:
        admin = person("root@example.com", "admin")
        assert refused("accounts.set_roles", user=admin.id, role_names=["viewer"]) == "LAST_ADMIN"
        assert roles_of(admin.id) == {"admin"}

    def test_may_go_once_there_is_another(self) -> None:
        admin, other = person("root@example.com", "admin"), person("root2@example.com", "admin")
        done("accounts.set_roles", user=admin.id, role_names=["viewer"])
        assert (roles_of(admin.id), roles_of(other.id)) == ({"viewer"}, {"admin"})

    def test_stays_when_two_resign_at_once(self) -> None:
        admins = [person(f"root{place}@example.com", "admin") for place in range(3)]
        outcomes = at_once(
            *[partial(run, "accounts.set_roles", user=admin.id, role_names=[]) for admin in admins]
        )
        assert sorted(code(outcome) or "" for outcome in outcomes) == ["", "", "LAST_ADMIN"]
        assert len(with_role("admin")) == 1

    def test_one_who_was_deactivated_does_not_count(self) -> None:
        admin, gone = person("root@example.com", "admin"), person("gone@example.com", "admin")
        User.objects.filter(pk=gone.id).update(is_active=False)
        assert refused("accounts.set_roles", user=admin.id, role_names=[]) == "LAST_ADMIN"


class TestUsers:
    def test_sign_in_by_email_in_any_case(self) -> None:
        made = person("Ada@Example.com", "viewer")
        found = authenticate(None, email="ada@EXAMPLE.com", password=PASSWORD)
        assert found is not None
        assert found.pk == made.id
        assert authenticate(None, email="ada@example.com", password="wrong") is None
        User.objects.update(is_active=False)
        assert authenticate(None, email="ada@example.com", password=PASSWORD) is None

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"email": "ADA@example.com"}, "USER_EXISTS"),
            ({"email": "no address"}, "INPUT_INVALID"),
            ({"password": "short"}, "PASSWORD_TOO_WEAK"),
            ({"password": "password1234"}, "PASSWORD_TOO_WEAK"),
            ({"password": ""}, "INPUT_INVALID"),
            ({"role_names": []}, "INPUT_INVALID"),
            ({"role_names": ["root"]}, "INPUT_INVALID"),
        ],
    )
    def test_that_cannot_be_made(self, change: dict[str, Any], expected: str) -> None:
        person("ada@example.com", "viewer")
        given = {"email": "eve@example.com", "name": "", "password": PASSWORD, "role_names": ["viewer"]}
        assert refused("accounts.create_user", **{**given, **change}) == expected
        assert User.objects.count() == 1

    def test_of_one_address_are_made_once_by_many_at_once(self) -> None:
        given = {"name": "", "password": PASSWORD, "role_names": ["viewer"]}
        outcomes = at_once(
            *[partial(run, "accounts.create_user", email=f"{a}da@example.com", **given) for a in "aAaA"]
        )
        assert sorted(code(outcome) or "" for outcome in outcomes) == [
            "",
            "USER_EXISTS",
            "USER_EXISTS",
            "USER_EXISTS",
        ]

    def test_changes_of_roles_count_from_the_next_command_on(self) -> None:
        ada = person("ada@example.com", "viewer")
        done("accounts.set_roles", user=ada.id, role_names=["operator", "approver"])
        again = find_actor("user", "ADA@example.com")
        assert again.roles == {"operator", "approver"}
        assert again.can("ledger.open_account")
        assert again.can("operations.decide")
        assert Event.objects.filter(type="user.roles_changed", subject=ada.id).count() == 1

    @pytest.mark.parametrize(
        ("kind", "name"),
        [
            ("user", "nobody"),
            ("user", "usr_" + "0" * 26),
            ("user", "a@b.c"),
            ("api_key", "x"),
            ("system", "system:worker"),
        ],
    )
    def test_that_do_not_exist_act_not(self, kind: str, name: str) -> None:
        with pytest.raises(DomainError):
            find_actor(kind, name)

    def test_with_a_django_superusers_attribute_may_no_more(self) -> None:
        person("vi@example.com", "viewer")
        user = User.objects.get()
        user.is_superuser = True  # type: ignore[attr-defined]
        assert not actor_of(user).can("ledger.open_account")
        assert not user.has_perm("ledger.open_account")


class TestRoles:
    def test_are_seeded_with_a_permission_for_each_command(self) -> None:
        assert set(Group.objects.values_list("name", flat=True)) >= CONSOLE_ROLES
        named = {
            f"{p.content_type.app_label}.{p.codename}"
            for group in Group.objects.all()
            for p in group.permissions.all()
        }
        assert named >= {command.permission for command in all_commands()} - roles.NOBODY

    @pytest.mark.parametrize("role", sorted(CONSOLE_ROLES))
    def test_give_what_the_code_says_and_sight_of_everything(self, role: str) -> None:
        may = person("ada@example.com", role).permissions
        runs = {name for name in may if not name.split(".")[1].startswith("view_")}
        assert runs == roles.permissions_of(role)
        assert {"ledger.view_balance", "operations.view_operation", "accounts.view_user"} <= may

    def test_name_only_permissions_that_commands_ask_for(self) -> None:
        asked = {command.permission for command in all_commands()}
        assert set().union(*roles.PERMISSIONS.values(), roles.NOBODY) <= asked

    def test_only_an_admin_gives_roles(self) -> None:
        for role in sorted(CONSOLE_ROLES - {"admin"}):
            assert "accounts.set_roles" not in roles.permissions_of(role)

    def test_of_those_who_make_corrections_are_not_those_who_approve(self) -> None:
        besides_papers = {"operations.add_note", "operations.assign", "operations.attach_file"}
        assert roles.permissions_of("approver") & roles.permissions_of("finance") <= besides_papers
        assert "operations.decide" not in roles.permissions_of("finance")


class TestTenants:
    def test_have_a_book_of_their_own(self) -> None:
        made = done(
            "accounts.create_tenant", name="Acme", slug="acme", base_currency="EUR", time_zone="Asia/Tokyo"
        )
        book = Book.objects.get(slug="acme")
        assert (book.tenant_id, book.time_zone) == (made["tenant"], "Asia/Tokyo")
        assert opened("wallet", book="acme") == "wallet"

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"slug": "platform"}, "SLUG_TAKEN"),
            ({"slug": "a b"}, "INPUT_INVALID"),
            ({"slug": "x" * 61}, "INPUT_INVALID"),
            ({"time_zone": "Mars/Olympus"}, "INPUT_INVALID"),
            ({"base_currency": "XXX"}, "INPUT_INVALID"),
            ({"name": ""}, "INPUT_INVALID"),
        ],
    )
    def test_that_cannot_be_made(self, change: dict[str, str], expected: str) -> None:
        given = {"name": "Acme", "slug": "acme", "base_currency": "EUR", "time_zone": "UTC"}
        assert refused("accounts.create_tenant", **{**given, **change}) == expected
        assert Book.objects.count() == 1

    def test_of_one_slug_are_made_once_by_many_at_once(self) -> None:
        given = {"name": "Acme", "slug": "acme", "base_currency": "EUR"}
        outcomes = at_once(*[partial(run, "accounts.create_tenant", **given)] * 3)
        assert sorted(code(outcome) or "" for outcome in outcomes) == ["", "SLUG_TAKEN", "SLUG_TAKEN"]
