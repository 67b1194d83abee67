"""What policies may ask of a batch of payouts."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.operations import books, facts, isolation
from apps.operations.facts import THRESHOLDS, Fact
from apps.operations.models import Operation
from apps.operations.plan import Context
from apps.payouts.models import Batch
from apps.transfers.facts import OF_MONEY
from apps.transfers.models import Transfer
from apps.transfers.services.asking import OPEN_SENDING

KIND: Final = "payout_batch"


class FactsMissing(DomainError):
    """What policies could see of a payout of the batch was not kept."""

    code = "BATCH_FACTS_MISSING"
    http_status = 500


OF_BATCH = OF_MONEY | {"payouts", "largest_usd", "recipient_age_hours", "recipient_age_days"}

facts.register(
    Fact("payouts", _("Payouts in the batch"), "whole"),
    Fact("largest_usd", _("Largest payout of the batch in US dollars"), "decimal"),
)


def of_batch(
    context: Context, batch: Batch, totals: Sequence[Money], told: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """All of it together: what it is worth, its largest payout and its youngest recipient. `told` are the facts of its payouts.

    What has no rate is None, which is above any threshold.
    """
    tenant = books.find(batch.book_id).tenant_id
    ages = [each["recipient_age_hours"] for each in told if each.get("recipient_age_hours") is not None]
    worth = [facts.of_money(context, total)["amount_usd"] for total in totals]
    largest = [each.get("amount_usd") for each in told]
    return {
        **facts.of_anything(context),
        "actor_kind": batch.maker_kind,
        "origin": batch.origin,
        "kind": KIND,
        "tenant": tenant,
        "currency": totals[0].currency if len(totals) == 1 else "",
        "amount": totals[0].decimal if len(totals) == 1 else "0",
        "amount_usd": _sum(worth),
        "test": bool(told) and bool(told[0].get("test")),
        "payouts": len(told),
        "largest_usd": None if None in largest else _largest(largest),
        "recipient_age_hours": min(ages, default=None),
        "recipient_age_days": min(ages) // 24 if ages else None,
    }


def of_payouts(batch: Batch, transfers: Sequence[Transfer]) -> list[dict[str, Any]]:
    """What policies could see of each payout when it was reserved, asked for by whoever submitted the batch.

    FactsMissing if of any of them that is not known: nobody agrees to what no policy could look at.
    """
    made = {each.operation_id for each in transfers}
    with isolation.as_platform():  # the worker reserved them, in the platform's book
        kept = list(Operation.objects.filter(pk__in=made).values_list("facts", flat=True))
    asked = {"actor_kind": batch.maker_kind, "origin": batch.origin}
    told = [{**found[OPEN_SENDING], **asked} for found in kept if found and OPEN_SENDING in found]
    if len(told) != len(transfers):
        raise FactsMissing(f"Of {len(transfers) - len(told)} payouts of {batch.pk} the facts are not known.")
    return told


def _sum(worth: Sequence[str | None]) -> str | None:
    total = Money.zero(THRESHOLDS)
    for each in worth:
        if each is None:
            return None
        total += Money.parse(each, THRESHOLDS)
    return total.decimal


def _largest(worth: Sequence[Any]) -> str:
    return max((Money.parse(each, THRESHOLDS) for each in worth), default=Money.zero(THRESHOLDS)).decimal
