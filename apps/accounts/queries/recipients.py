"""Who a recipient was when somebody was paid: the row is who it is now."""

from dataclasses import dataclass

from apps.accounts.models import Recipient
from apps.operations.models import Event


@dataclass(frozen=True, slots=True)
class Payee:
    """What may be shown of one version of a recipient: the account as people recognise it, never its details."""

    name: str
    display: str
    bank_name: str
    bic: str


def as_of_version(recipient: Recipient, version: int | None) -> Payee:
    """The recipient as that version was, by what was told of it then; as it is now, if that is the version."""
    now = Payee(recipient.name, recipient.display, recipient.bank_name, recipient.bic)
    if version is None or version == recipient.version:
        return now
    told = Event.objects.filter(
        subject=recipient.pk, type__in=["recipient.created", "recipient.updated"], data__version__lte=version
    )
    steps = list(told.select_related("operation").order_by("ordinal"))
    if not steps:
        return now
    names = [str(each.operation.input["name"]) for each in steps if each.operation.input.get("name")]
    shown = steps[-1].data
    return Payee(names[-1] if names else now.name, shown["display"], shown["bank_name"], shown["bic"])
