"""What policies may ask of a transfer, and of anything else that moves money."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Recipient
from apps.accounts.queries.tenants import is_test
from apps.operations import books, facts
from apps.operations.facts import Fact
from apps.operations.plan import Context, Plan
from apps.transfers.models import Transfer

OF_MONEY = facts.OF_MONEY | {"test"}
OF_REVIEW = OF_MONEY | {"proof"}
OF_TRANSFER = OF_MONEY | {
    "recipient_kind",
    "recipient_country",
    "recipient_age_hours",
    "recipient_age_days",
    "recipient_verification",
}

facts.register(
    Fact("test", _("Play money"), "flag"),
    Fact("proof", _("Proof")),
    Fact("recipient_kind", _("Kind of recipient")),
    Fact("recipient_country", _("Country of the recipient")),
    Fact("recipient_age_hours", _("Age of the recipient's details in hours"), "whole"),
    Fact("recipient_age_days", _("Age of the recipient's details in days"), "whole"),
    Fact("recipient_verification", _("Verification of the recipient")),
)


def facts_of(context: Context, transfer: Transfer, to: Recipient | None) -> dict[str, Any]:
    """All that policies may ask of what a provider is to execute: what of any money, and who is paid."""
    age = int((context.now - to.changed_at).total_seconds()) if to else None
    return {
        **facts.of_anything(context),
        **of_transfer(context, transfer),
        "recipient_kind": to.kind if to else None,
        "recipient_country": to.country if to else None,
        "recipient_age_hours": None if age is None else age // 3_600,
        "recipient_age_days": None if age is None else age // 86_400,
        "recipient_verification": to.verification if to else None,
    }


def of_transfer(context: Context, transfer: Transfer) -> dict[str, Any]:
    """The kind of a transfer, its amount, and whose money it is; `test` says that it is play money."""
    tenant = books.find(transfer.book_id).tenant_id
    return {
        "kind": transfer.kind,
        **facts.of_money(context, transfer.money),
        "tenant": tenant,
        "test": _is_test(tenant),
    }


def of_plan(context: Context, plan: Plan, **_: Any) -> Mapping[str, Any]:
    """What policies may ask of anything that moves money, the kind being that of the transfer that it makes or moves on."""
    told = facts.of_plan(context, plan)
    instances = [*plan.rows, *(update.instance for update in plan.updates)]
    transfer = next((each for each in instances if isinstance(each, Transfer)), None)
    return {
        **told,
        "kind": transfer.kind if transfer else told["kind"],
        "test": any(map(is_test, facts.tenants_of(plan))),
    }


def _is_test(tenant: str | None) -> bool:
    return tenant is not None and is_test(tenant)
