"""What is told of accounts, entries, holds, periods and files of the ledger."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.core.serializer_fields import CurrencyField, IdField, MoneyField
from apps.ledger.models import FreezeDirection, LatePolicy, Side
from apps.operations.event_types import Declaring
from apps.operations.events import WHY, of_reason

ADDRESS = _("The address of the account.")
BOOK = _("Whose books.")


class AccountOpenedEvent(serializers.Serializer[Any]):
    book = serializers.CharField(help_text=BOOK)
    address = serializers.CharField(help_text=ADDRESS)
    currency = CurrencyField()
    gl_code = serializers.CharField(help_text=_("Where it stands in the chart of accounts."))
    side = serializers.ChoiceField(
        [side.name.lower() for side in Side], help_text=_("On which side its balance grows.")
    )


class AccountUnfrozenEvent(serializers.Serializer[Any]):
    freeze = IdField("frz", help_text=_("The freeze."))
    account = serializers.CharField(help_text=ADDRESS)


class AccountFrozenEvent(AccountUnfrozenEvent):
    direction = serializers.ChoiceField(FreezeDirection.choices, help_text=_("What it stops."))
    reason = serializers.CharField(help_text=WHY)


class AccountClosedEvent(serializers.Serializer[Any]):
    account = serializers.CharField(help_text=ADDRESS)
    currency = CurrencyField()
    reason = serializers.CharField(help_text=WHY)


class EntryReversedEvent(serializers.Serializer[Any]):
    entry = IdField("je", help_text=_("The mirror of the entry, linked to it."))
    reverses = IdField("je", help_text=_("The entry that was taken back."))
    balances = serializers.DictField(child=MoneyField(), help_text=_("Afterwards, by account."))


class EntryImportedEvent(serializers.Serializer[Any]):
    reference = serializers.CharField(help_text=_("The reference that it had where it was kept."))


class OpeningBalanceEvent(serializers.Serializer[Any]):
    account = serializers.CharField(help_text=ADDRESS)
    amount = MoneyField(help_text=_("Without a sign."))


class CorrectionEvent(OpeningBalanceEvent):
    reason = serializers.CharField(help_text=WHY)
    related_type = serializers.CharField(allow_blank=True, help_text=_("What kind of thing it is about."))
    related_id = serializers.CharField(allow_blank=True, help_text=_("Which one."))


class HoldPlacedEvent(serializers.Serializer[Any]):
    account = serializers.CharField(help_text=_("Out of which account."))
    amount = MoneyField(help_text=_("How much is held."))
    reason = serializers.CharField(help_text=WHY)


class MovedTold(serializers.Serializer[Any]):
    to = serializers.CharField(help_text=ADDRESS)
    amount = MoneyField(help_text=_("How much went there."))


class HoldEndedEvent(serializers.Serializer[Any]):
    moved = MovedTold(many=True, help_text=_("Where what was held went."))
    reason = serializers.CharField(help_text=WHY)


class PeriodEvent(serializers.Serializer[Any]):
    book = serializers.CharField(help_text=BOOK)
    change = IdField("prd", help_text=_("This change of its periods."))
    closed_through = serializers.DateField(
        allow_null=True, help_text=_("Up to this day nothing is posted, if any.")
    )
    closing_through = serializers.DateField(
        allow_null=True, help_text=_("Up to this day only what adjusts is posted, if any.")
    )
    late_policy = serializers.ChoiceField(
        LatePolicy.choices, help_text=_("What becomes of an entry whose day is not open.")
    )
    reason = serializers.CharField(help_text=WHY)


class JournalExportedEvent(serializers.Serializer[Any]):
    book = serializers.CharField(help_text=BOOK)
    number = serializers.IntegerField(help_text=_("The first export of a book is 1."))
    from_position = serializers.IntegerField(help_text=_("Of its first entry."))
    through_position = serializers.IntegerField(help_text=_("Of its last entry."))
    entries = serializers.IntegerField(help_text=_("How many there are."))
    sha256 = serializers.CharField(help_text=_("Of the file."))


class ChangesTold(serializers.Serializer[Any]):
    added = serializers.ListField(child=serializers.CharField(), help_text=_("Those that are new."))
    changed = serializers.ListField(child=serializers.CharField(), help_text=_("Those that are others now."))
    removed = serializers.ListField(child=serializers.CharField(), help_text=_("Those that are gone."))
    unchanged = serializers.IntegerField(help_text=_("How many stay as they were."))


class ChartRebuiltEvent(serializers.Serializer[Any]):
    accounts = ChangesTold(help_text=_("The accounts of the chart."))
    patterns = ChangesTold(help_text=_("Where addresses stand in it."))


class TemplatesRebuiltEvent(serializers.Serializer[Any]):
    added = serializers.ListField(child=serializers.CharField(), help_text=_("Each with its new version."))
    unchanged = serializers.IntegerField(help_text=_("How many stay as they were."))


class ExportAlarm(serializers.Serializer[Any]):
    reason = of_reason("statement not written")
    export = IdField("exp", help_text=_("The file that was to be."))
    schedule = IdField("sch", allow_null=True, help_text=_("For which schedule, if it is for one."))
    book = serializers.CharField(help_text=BOOK)
    account = serializers.CharField(help_text=ADDRESS)
    format = serializers.CharField(help_text=_("Of the file."))
    since = serializers.DateField(help_text=_("Its first day."))
    through = serializers.DateField(help_text=_("Its last day."))
    why = serializers.CharField(help_text=_("Why it was not written."))
    message = serializers.CharField(help_text=_("The same in words, and what to do."))


declare = Declaring(__file__)
declare.told("account.opened", _("An account was opened."), AccountOpenedEvent, "ledger.open_account")
declare.told("account.frozen", _("An account stands still."), AccountFrozenEvent, "ledger.freeze_account")
declare.told(
    "account.unfrozen",
    _("A freeze was lifted; others of the account stay."),
    AccountUnfrozenEvent,
    "ledger.unfreeze_account",
)
declare.told(
    "account.closed", _("An account was closed for good."), AccountClosedEvent, "ledger.close_account"
)
declare.told(
    "entry.reversed",
    _("A journal entry was taken back by its mirror."),
    EntryReversedEvent,
    "ledger.reverse_entry",
)
declare.told(
    "entry.imported",
    _("An entry of a history kept elsewhere was posted."),
    EntryImportedEvent,
    "ledger.import_entry",
    "ledger.import_template_entry",
)
declare.told(
    "entry.opening_balance",
    _("An account has what it had elsewhere."),
    OpeningBalanceEvent,
    "ledger.post_opening_balance",
)
declare.told("entry.correction", _("A mistake was put right."), CorrectionEvent, "ledger.post_correction")
declare.told("hold.placed", _("Money is held."), HoldPlacedEvent, "ledger.place_hold", "transfers.place_hold")
declare.told(
    "hold.settled",
    _("What was held was paid out, wholly or in part."),
    HoldEndedEvent,
    "ledger.settle_hold",
    "transfers.settle_hold",
)
declare.told(
    "hold.released",
    _("What was held went back, wholly or in part."),
    HoldEndedEvent,
    "ledger.release_hold",
    "transfers.release_hold",
)
declare.told(
    "period.closing_begun",
    _("Days of a book take only what adjusts."),
    PeriodEvent,
    "ledger.begin_closing",
)
declare.told("period.closed", _("Days of a book are closed."), PeriodEvent, "ledger.close_period")
declare.told("period.reopened", _("Days of a book are open again."), PeriodEvent, "ledger.reopen_period")
declare.told(
    "period.late_policy_set",
    _("What becomes of late entries is decided."),
    PeriodEvent,
    "ledger.set_late_policy",
)
declare.told(
    "journal.exported",
    _("Entries were given to other bookkeeping."),
    JournalExportedEvent,
    "ledger.export_journal",
)
declare.told("chart.rebuilt", _("The chart of accounts is another."), ChartRebuiltEvent, "ledger.rebuild_coa")
declare.told(
    "templates.rebuilt",
    _("Posting templates have new versions."),
    TemplatesRebuiltEvent,
    "ledger.rebuild_templates",
)
declare.alarm("statement not written", ExportAlarm, "ledger.raise_export_alarm")
