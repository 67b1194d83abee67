"""Makes a new installation ready: reference data, the first admin, a small demo. Safe to run again."""

import json
import os
import secrets
import uuid
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from apps.accounts import demo, sandbox
from apps.accounts.models import User
from apps.accounts.people import SETUP
from apps.core import clock
from apps.core.errors import DomainError
from apps.ledger.queries.chart import chart_drift
from apps.ledger.queries.templates import template_drift
from apps.operations import sequencer
from apps.operations.executor import execute
from apps.operations.models import ApprovalPolicy
from apps.operations.plan import Request
from apps.operations.run import Outcome

FIXTURES = ["approval_policies"]
ADMIN = "admin@countinghouse.example"
BERKA = settings.BASE_DIR.parent / "shared" / "data" / "berka"


class Command(BaseCommand):
    help = "Loads reference data and makes the first admin and the demo, unless they exist."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")
        parser.add_argument("--email", default=ADMIN, help="the first admin's address")
        parser.add_argument("--no-demo", action="store_true", help="leave the demo out")

    def handle(self, *args: Any, **options: Any) -> None:
        if not ApprovalPolicy.objects.exists():  # those of an installation are its own
            call_command("loaddata", *FIXTURES, verbosity=0)
        self._chart()
        if template_drift():
            _run("ledger.rebuild_templates", {}).or_raise()
        password = None if _admin() else self._first_admin(options["email"])
        sandbox.connect()
        if not options["no_demo"] and demo.make(clock.now()):
            sequencer.sequence()
        admin = _admin()
        answer = {
            "admin_email": admin.email if admin else options["email"],
            "admin_password": password,
            "next_steps": _next_steps(),
        }
        if options["json"]:
            self.stdout.write(json.dumps(answer))
            return
        self.stdout.write(
            f"Ready. Sign in as {answer['admin_email']}" + (f", password {password}" if password else "")
        )

    def _chart(self) -> None:
        """The chart of accounts. Looked at first, so that a start does not leave an operation without effect."""
        try:
            if chart_drift():
                _run("ledger.rebuild_coa", {}).or_raise()
        except DomainError as error:
            raise CommandError(f"{error.code}: {error.message}") from None

    def _first_admin(self, email: str) -> str | None:
        """The password of the admin made now; none if there was one."""
        password = secrets.token_urlsafe(15)
        outcome = _run(
            "accounts.create_first_admin", {"email": email, "name": "First admin", "password": password}
        )
        if outcome.error is None:
            return password
        if outcome.error.code == "ADMIN_EXISTS":
            return None
        raise CommandError(f"{outcome.error.code}: {outcome.error.message}")


def _run(command: str, data: Mapping[str, Any]) -> Outcome:
    return execute(Request(command, data, uuid.uuid4().hex, SETUP, origin="setup"))


def _admin() -> User | None:
    """Who came first. Looked up, so that a start does not leave a refused operation behind."""
    return User.objects.filter(roles__name="admin", is_active=True).order_by("created_at").first()


def _next_steps() -> list[str]:
    """What to try next; the import of a real bank only where its files are."""
    steps = [
        "script/manage op --list            every command of the product",
        "script/manage verify_ledger        re-hash and re-sum all books",
    ]
    if BERKA.is_dir():
        steps.append(f"script/manage import_berka {os.path.relpath(BERKA)}    fifteen months of a real bank")
    return steps
