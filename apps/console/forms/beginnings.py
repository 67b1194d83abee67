"""How some forms begin: with what stands, with what is to be known of it, with links to what helps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from apps.operations.registry import Command
from apps.payouts.models import BatchRow

Given = Mapping[str, str]
DETAILS = ("iban", "account_number", "bank_code", "bic", "network", "address", "token")
TEXTS = ("recipient", "recipient_external_id", "name", "country", "wallet", "reference", "description")


@dataclass(frozen=True, slots=True)
class Beginning:
    """Input that a form begins with, what is told above it, and links with their titles."""

    data: Mapping[str, Any] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    links: list[tuple[str | Promise, str]] = field(default_factory=list)


def of(command: Command, given: Given) -> Beginning | None:
    """How the form of a command begins, of which an address gives so much; None if it is as any other."""
    begin = _BEGIN.get(command.name)
    return begin(given) if begin else None


def _upload(given: Given) -> Beginning:
    return Beginning(links=[(_("An example to start from"), reverse("console:payouts_batch_example"))])


def _mend(given: Given) -> Beginning | None:
    """A row as it was given, and what is wrong with it. It is read here, since an address is no place for accounts."""
    try:
        row = BatchRow.objects.select_related("batch__wallet").get(
            batch_id=given.get("batch", ""), number=int(given.get("number", ""))
        )
    except (BatchRow.DoesNotExist, ValidationError, ValueError, OverflowError):
        return None
    told = row.told
    details = told.get("details") or _of(told, *DETAILS)
    amount = {"amount": told.get("amount", ""), "currency": told.get("currency") or _currency(row)}
    if money := row.money:
        amount = {"amount": money.decimal, "currency": money.currency}
    data = _of(told, *TEXTS) | {"details": details, "amount": amount}
    return Beginning({"row": data}, [each["message"] for each in row.problems])


def _currency(row: BatchRow) -> str:
    """That of the wallet that pays where a row names none."""
    return row.batch.wallet.currency if row.batch.wallet else ""


def _of(told: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: told[name] for name in names if told.get(name)}


_BEGIN: Mapping[str, Callable[[Given], Beginning | None]] = {
    "payouts.mend_row": _mend,
    "payouts.upload_batch": _upload,
}
