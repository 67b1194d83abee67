"""The queue of tenants to be provisioned: their books, the first owner, and a bank for the test tenant.

A new tenant is provisioned right after it was created. What was missed then (a crash, a lost database) is found by the
workers, who take what is due with FOR UPDATE SKIP LOCKED, lease it, and run the same command under the same key.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction

from apps.accounts.models import Provisioning, ProvisioningStatus, TeamRole, Tenant
from apps.accounts.services import team
from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.ledger.models import Account
from apps.ledger.services.placing import new_account
from apps.operations.executor import execute
from apps.operations.models import Book
from apps.operations.plan import Context, EventDraft, Plan, Request, Update
from apps.operations.registry import Input, Target

logger = logging.getLogger(__name__)

PROVISIONER = Actor.system("provisioner", {"accounts.provision_tenant"})
LEASE = timedelta(minutes=2)
ATTEMPTS = 10
BANK_OF_TESTS = "bank:sandbox"
"""Where pay-ins of a test tenant arrive."""


def bank_of_tests(book: Book, currency: str, now: datetime) -> Account:
    """That account in a currency, still to be written."""
    return new_account(book, BANK_OF_TESTS, currency, now=now, name="Sandbox bank")


class SlugTaken(DomainError):
    """Another book has this slug."""

    code = "SLUG_TAKEN"
    http_status = 409


def request_for(provisioning: str) -> Request:
    """The command that provisions, which runs once however often it is asked for."""
    return Request(
        "accounts.provision_tenant",
        {"provisioning": provisioning},
        f"{provisioning}:provision",
        PROVISIONER,
        origin="worker",
    )


def target(data: Input) -> Iterator[Target]:
    """The wish, which is locked; its tenants are touched by nothing else while they are being provisioned."""
    yield Target(Provisioning, data["provisioning"])


def plan_provision_tenant(context: Context, *, provisioning: str) -> Plan:
    """A book for the tenant and one for its test tenant, which gets a bank too; the first owner is invited.

    All other accounts are opened by what first needs them, where the chart puts them.
    """
    wish: Provisioning = context.locked[Provisioning, provisioning]  # type: ignore[assignment]
    live = wish.tenant
    test = live.test_tenant
    taken = Book.objects.filter(slug__in=[live.slug, test.slug]).values_list("slug", flat=True).first()
    if taken:
        raise SlugTaken(f"There is a book {taken} already, which is not this tenant's.")
    books = [_book(tenant, context.now) for tenant in (live, test)]
    sandbox = bank_of_tests(books[1], test.base_currency, context.now)
    owner = (
        [team.invitation(live, wish.owner_email, TeamRole.OWNER, context.actor.label, context.now)]
        if wish.owner_email
        else []
    )
    for tenant in (live, test):
        tenant.activate()
    wish.status = ProvisioningStatus.DONE
    result = {"tenant": live.pk, "test_tenant": test.pk, "invitation": owner[0].pk if owner else None}
    return Plan(
        rows=[*books, sandbox, *owner],
        updates=[
            *(Update(tenant, ("status",), {"status": "provisioning"}) for tenant in (live, test)),
            Update(wish, ("status",), {"status": ProvisioningStatus.QUEUED}),
        ],
        result=result,
        events=[
            EventDraft("tenant.activated", live.pk, result),
            *(
                EventDraft("team.invited", live.pk, {"invitation": each.pk, "role": each.role})
                for each in owner
            ),
        ],
    )


def work_off(*, now: datetime) -> int:
    """Provision whatever is due; how many were tried."""
    tried = 0
    while wish := _take(now):
        tried += 1
        outcome = execute(request_for(wish.pk))
        if outcome.error:
            logger.error("Tenant %s is not provisioned: %s", wish.tenant_id, outcome.error)
            reason = f"{outcome.error.code}: {outcome.error.message}"
            Provisioning.objects.filter(pk=wish.pk, status=ProvisioningStatus.QUEUED).update(reason=reason)
    return tried


def _take(now: datetime) -> Provisioning | None:
    """The next that is due and that no other worker looks at, leased; one that was tried too often has failed."""
    with transaction.atomic():
        due = Provisioning.objects.select_for_update(skip_locked=True, of=["self"]).filter(
            status=ProvisioningStatus.QUEUED, next_attempt_at__lte=now
        )
        wish = due.order_by("next_attempt_at", "id").first()
        if wish is None:
            return None
        wish.attempts += 1
        wish.next_attempt_at = now + LEASE
        if wish.attempts > ATTEMPTS:
            wish.status = ProvisioningStatus.FAILED
        wish.save(update_fields=["attempts", "next_attempt_at", "status"])
    return wish if wish.status == ProvisioningStatus.QUEUED else _take(now)


def _book(tenant: Tenant, now: datetime) -> Book:
    return Book(
        slug=tenant.slug, name=tenant.name, tenant_id=tenant.pk, time_zone=tenant.time_zone, created_at=now
    )
