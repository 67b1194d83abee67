"""Input of the ledger's commands. They look at the input alone: what must stand in the books, the plan checks."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.core.serializer_fields import CurrencyField, IdField, InstantField, MoneyField, TextField
from apps.ledger.models import Cadence, FreezeDirection, LatePolicy
from apps.ledger.renderers import FORMATS
from apps.ledger.reports import REPORTS

EFFECTIVE = _("When it takes effect, in UTC. Empty is now.")
ADDRESS = r"[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)*\Z"


class AddressField(TextField):
    """The address of an account: segments of letters, digits, `_` and `-`, joined by colons."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("style", {"look_up": "account"})
        kwargs.setdefault("help_text", _("The address of the account, such as wallet:amara:available."))
        super().__init__(max_length=200, pattern=ADDRESS, **kwargs)


class BookField(TextField):
    """The slug of a book."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("style", {"look_up": "book"})
        kwargs.setdefault("help_text", _("The short name of the book, such as platform."))
        super().__init__(max_length=60, pattern=r"[A-Za-z0-9_-]+\Z", **kwargs)


class GlCodeField(TextField):
    """The code of a GL account."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("style", {"look_up": "gl_account"})
        kwargs.setdefault("label", _("GL code"))
        super().__init__(max_length=20, pattern=r"[0-9]+\Z", **kwargs)


class KindField(TextField):
    """What an entry tells of, in one word."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("What the entry tells of, in one word such as fee."))
        super().__init__(max_length=60, pattern=r"[a-z0-9_]+\Z", **kwargs)


class ReasonField(TextField):
    """Why, in words; never empty."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("Why, in words that somebody understands a year from now."))
        super().__init__(max_length=500, **kwargs)


class FloorField(TextField):
    """The lowest balance as shown, in decimal digits such as `0` or `-500.00`; null is no floor."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault(
            "help_text", _("The lowest balance allowed, such as 0 or -500.00; empty is no floor.")
        )
        super().__init__(max_length=60, pattern=r"-?[0-9]{1,38}(\.[0-9]{1,18})?\Z", allow_null=True, **kwargs)


SIDES = [("credit", _("Credit")), ("debit", _("Debit"))]
EFFECTIVE = _("When it counts, in UTC. Empty is now.")


class OpenAccountInput(serializers.Serializer[Any]):
    book = BookField()
    address = AddressField(
        style={},
        help_text=_("Its address from now on: segments of letters, digits, _ and -, joined by colons."),
    )
    currency = CurrencyField()
    gl_code = GlCodeField(
        default=None,
        allow_null=True,
        help_text=_("Only for an address that no pattern of the chart knows; else the pattern says it."),
    )
    side = serializers.ChoiceField(
        SIDES,
        default=None,
        allow_null=True,
        help_text=_("On which side a balance counts as positive, where no pattern says it."),
    )
    name = TextField(max_length=200, default="", allow_blank=True, help_text=_("What people call it."))
    floor = FloorField(default=None)
    names_holds = serializers.BooleanField(
        default=None,
        allow_null=True,
        help_text=_("Whether it holds money in reserve, each line naming a hold, where no pattern says it."),
    )


class SetFloorInput(serializers.Serializer[Any]):
    book = BookField()
    account = AddressField()
    currency = CurrencyField()
    floor = FloorField()


class OpeningBalanceInput(serializers.Serializer[Any]):
    book = BookField()
    account = AddressField()
    amount = MoneyField(help_text=_("The balance as shown; negative if it starts below zero."))
    effective_at = InstantField(default=None, allow_null=True, help_text=EFFECTIVE)


class CorrectionInput(serializers.Serializer[Any]):
    book = BookField()
    account = AddressField()
    direction = serializers.ChoiceField(
        SIDES, help_text=_("Credit raises a credit-normal account such as a wallet, debit lowers it.")
    )
    amount = MoneyField(positive=True, help_text=_("By how much, above zero."))
    reason = ReasonField()
    related_type = TextField(max_length=60, help_text=_("What it is about: ticket, incident, transfer."))
    related_id = TextField(max_length=60, help_text=_("Which one, such as T-1."))
    effective_at = InstantField(default=None, allow_null=True, help_text=EFFECTIVE)


class ReversalInput(serializers.Serializer[Any]):
    entry = IdField("je", help_text=_("The journal entry whose postings are turned round."))
    reason = ReasonField()
    effective_at = InstantField(default=None, allow_null=True, help_text=EFFECTIVE)


class ImportedEntryInput(serializers.Serializer[Any]):
    book = BookField()
    reference = TextField(max_length=200)
    kind = KindField()
    source = AddressField()  # type: ignore[assignment]  # DRF's fields have an attribute of this name
    destination = AddressField()
    amount = MoneyField(positive=True)
    effective_at = InstantField(default=None, allow_null=True, help_text=EFFECTIVE)
    description = TextField(max_length=500, default="", allow_blank=True)
    metadata = serializers.DictField(default=dict)


class TemplateEntryInput(serializers.Serializer[Any]):
    book = BookField()
    reference = TextField(max_length=200)
    template = KindField()
    variables = serializers.DictField()
    kind = KindField(default="", allow_blank=True)
    effective_at = InstantField(default=None, allow_null=True, help_text=EFFECTIVE)
    description = TextField(max_length=500, default="", allow_blank=True)
    metadata = serializers.DictField(default=dict)


class PlaceHoldInput(serializers.Serializer[Any]):
    book = BookField()
    account = AddressField()
    held_account = AddressField(help_text=_("The account that keeps the reserve, such as wallet:amara:held."))
    amount = MoneyField(positive=True, help_text=_("How much is set aside, above zero."))
    reason = ReasonField()


class SettleHoldInput(serializers.Serializer[Any]):
    hold = IdField("hld", help_text=_("The hold that is used."))
    destination = AddressField(help_text=_("The address of the account that gets the money."))
    amount = MoneyField(
        positive=True, default=None, allow_null=True, help_text=_("Empty is all that remains.")
    )
    release_rest = serializers.BooleanField(
        default=False, help_text=_("What is not settled goes back to its account.")
    )
    reason = ReasonField()


class ReleaseHoldInput(serializers.Serializer[Any]):
    hold = IdField("hld", help_text=_("The hold that is given back."))
    amount = MoneyField(
        positive=True, default=None, allow_null=True, help_text=_("Empty is all that remains.")
    )
    reason = ReasonField()


class FreezeInput(serializers.Serializer[Any]):
    book = BookField()
    account = AddressField()
    currency = CurrencyField()
    direction = serializers.ChoiceField(
        FreezeDirection.choices, help_text=_("Whether money may come in, go out, or neither.")
    )
    reason = ReasonField()
    expires_at = InstantField(
        default=None, allow_null=True, help_text=_("In UTC. Empty is until somebody lifts it.")
    )


class UnfreezeInput(serializers.Serializer[Any]):
    freeze = IdField("frz", help_text=_("The freeze that is lifted; the account's page lists them."))
    reason = ReasonField()


class CloseAccountInput(serializers.Serializer[Any]):
    book = BookField()
    account = AddressField()
    currency = CurrencyField()
    reason = ReasonField()


class ClosePeriodInput(serializers.Serializer[Any]):
    book = BookField()
    through = serializers.DateField(help_text=_("The last day of the period, in the book's time zone."))
    reason = ReasonField()


class ReopenPeriodInput(serializers.Serializer[Any]):
    book = BookField()
    through = serializers.DateField(
        allow_null=True, help_text=_("The last day that stays closed. Empty opens every day.")
    )
    for_adjustments = serializers.BooleanField(
        default=False, help_text=_("The reopened days take only corrections and reversals.")
    )
    reason = ReasonField()


class SetLatePolicyInput(serializers.Serializer[Any]):
    book = BookField()
    policy = serializers.ChoiceField(
        LatePolicy.choices, help_text=_("What becomes of an entry whose day is closed.")
    )
    reason = ReasonField()


class ExportJournalInput(serializers.Serializer[Any]):
    book = BookField()
    through = serializers.IntegerField(
        min_value=1,
        max_value=2**63 - 1,
        default=None,
        allow_null=True,
        help_text=_("The last position to export. Empty is the last that the book has given."),
    )


class RebuildTemplatesInput(serializers.Serializer[Any]):
    """Nothing: the templates are files of this code."""


class RebuildStatementsInput(serializers.Serializer[Any]):
    book = BookField()


class RebuildCoaInput(serializers.Serializer[Any]):
    """Nothing: the chart is the file's."""


def _titled(kinds: Iterable[Any]) -> list[tuple[str, str]]:
    """What there is to choose from, by name and title."""
    return [(kind.name, str(kind.title)) for kind in kinds]


class RequestExportInput(serializers.Serializer[Any]):
    report = serializers.ChoiceField(_titled(REPORTS.values()), help_text=_("What is asked."))
    format = serializers.ChoiceField(_titled(FORMATS.values()), help_text=_("The kind of file."))
    book = BookField(default=None, allow_null=True, help_text=_("Empty is every book."))
    since = serializers.DateField(
        default=None, allow_null=True, help_text=_("The first day. Empty is from the beginning.")
    )
    through = serializers.DateField(
        default=None, allow_null=True, help_text=_("The last day. Empty is today.")
    )
    position = serializers.IntegerField(
        min_value=0,
        max_value=2**63 - 1,
        default=None,
        allow_null=True,
        help_text=_("As the book stood at this position. Empty is now."),
    )
    at = InstantField(
        default=None, allow_null=True, help_text=_("As known at this moment, in UTC. Empty is now.")
    )
    account = AddressField(
        default="",
        allow_blank=True,
        help_text=_("Only this account, or a wallet: what stands before :available."),
    )
    currency = CurrencyField(default=None, allow_null=True, help_text=_("Only this currency."))
    gl_code = GlCodeField(
        default="", allow_blank=True, help_text=_("Only this GL account and those below it.")
    )
    by_account = serializers.BooleanField(
        default=False, help_text=_("A row for each account instead of one for each GL account.")
    )


class ScheduleStatementInput(serializers.Serializer[Any]):
    book = BookField()
    report = serializers.ChoiceField(
        _titled(kind for kind in REPORTS.values() if kind.of_account), help_text=_("Which statement.")
    )
    account = AddressField()
    currency = CurrencyField(default=None, allow_null=True, help_text=_("Only this currency."))
    format = serializers.ChoiceField(_titled(FORMATS.values()), help_text=_("The kind of file."))
    cadence = serializers.ChoiceField(Cadence.choices, help_text=_("How often."))
    first_day = serializers.DateField(
        default=None, allow_null=True, help_text=_("A day of its first period. Empty is the present one.")
    )


class UnscheduleStatementInput(serializers.Serializer[Any]):
    schedule = IdField("sch", help_text=_("The schedule that ends."))


class WriteExportAgainInput(serializers.Serializer[Any]):
    export = IdField("exp", help_text=_("The export that failed or expired."))
    format = serializers.ChoiceField(
        _titled(FORMATS.values()),
        default=None,
        allow_null=True,
        help_text=_("The kind of file. Empty is the same as before."),
    )


class RaiseExportAlarmInput(serializers.Serializer[Any]):
    export = IdField("exp")


class ExportStatementInput(serializers.Serializer[Any]):
    schedule = IdField("sch")
    first_day = serializers.DateField()
